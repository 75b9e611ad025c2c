# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Your own choices: `defaults.py` and the settings.
"""Keys of CEF and LEEF: which exist, what they take, and what becomes of a value that does not fit."""

from __future__ import annotations

import ipaddress
import math
import re
from typing import NamedTuple

from .tables import CEF_CUSTOM, CEF_IPV6_KEYS
from .text import VALUE_MAX_CHARS, clean, epoch_milliseconds, shorten

OWN_KEY_MAX_CHARS = 63

_WORDS = re.compile(r"[A-Za-z0-9]+")
_MAC = re.compile(r"[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){5}")


class Field(NamedTuple):
    """One pair; a custom field of CEF carries its label with it."""

    key: str
    value: str
    label: str = ""


def own_key(prefix: str, name: str) -> str:
    """Return `<prefix><NameInCamelCase>`: ASCII letters and digits, which every parser takes."""
    words = (word[0].upper() + word[1:] for word in _WORDS.findall(name))
    return (prefix + ("".join(words) or "Field"))[:OWN_KEY_MAX_CHARS]


def typed(key: str, value: str, label: str, kinds: dict[str, int | str]) -> Field | None:
    """Return the pair in the form that the key takes; None if it cannot take this value.

    An IPv6 address under a key for IPv4 goes to the custom field that CEF has for it.
    """
    kind = kinds.get(key, VALUE_MAX_CHARS)
    if isinstance(kind, int):
        return Field(key, value, label)
    value = value.strip()
    if kind == "time":
        moment = epoch_milliseconds(value)
        return None if moment is None else Field(key, str(moment), label)
    if kind == "ipv4" and key in CEF_IPV6_KEYS and _takes("ipv6", value):
        return Field(CEF_IPV6_KEYS[key][0], value, CEF_IPV6_KEYS[key][1])
    return Field(key, value, label) if _takes(kind, value) else None


def fitting(field: Field, kinds: dict[str, int | str]) -> tuple[str, bool]:
    """Return the value, cleaned and within the length its key allows, and whether it was cut."""
    value = clean(field.value).strip()
    limit = kinds.get(field.key, VALUE_MAX_CHARS)
    short = shorten(value, limit if isinstance(limit, int) else VALUE_MAX_CHARS)
    return short, short is not value


def needs_label(key: str) -> bool:
    """Whether a key of CEF means nothing without a label."""
    return key.rstrip("0123456789") in CEF_CUSTOM


def problem_of(
    target: str, kinds: dict[str, int | str], refused: frozenset[str], *, labels: bool
) -> str:
    """Say what is wrong with "KEY" or "KEY LABEL" from a configuration; "" if nothing is."""
    key, _, label = target.partition(" ")
    if not _WORDS.fullmatch(key) or len(key) > OWN_KEY_MAX_CHARS:
        return "no key: letters and digits only"
    if key in refused or key.endswith("Label"):
        return f"{key} must not be sent by hand"
    if label and not (labels and needs_label(key) and label.isascii()):
        return f"{key} takes no label"
    if labels and key in kinds and needs_label(key) and not label.isalnum():
        return f"{key} needs a label of letters and digits behind it, as in 'cs1 orderId'"
    return ""


def _takes(kind: str, value: str) -> bool:
    try:
        if kind in ("ip", "ipv4", "ipv6"):
            return kind in ("ip", f"ipv{ipaddress.ip_address(value).version}") and "%" not in value
        if kind == "mac":
            return _MAC.fullmatch(value) is not None
        if kind == "double":
            return value.isascii() and "_" not in value and math.isfinite(float(value))
        number = int(value) if re.fullmatch(r"-?[0-9]{1,19}", value) else 2**63
        return 0 <= number <= 65_535 if kind == "port" else -(2**63) <= number < 2**63
    except ValueError:
        return False
