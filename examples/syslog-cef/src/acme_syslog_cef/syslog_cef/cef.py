# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Which value gets which key: `mapping.py`.
"""Records of the Common Event Format (CEF:0); pure formatters over any text.

Source of limits and escapes: ArcSight "CEF Implementation Standard", document version 27.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from .text import VALUE_MAX_CHARS, clean, fit, one_line, shorten

CLASS_ID_MAX_CHARS = 1_023
NAME_MAX_CHARS = 512
OWN_KEY_MAX_CHARS = 63

KEY_MAX_CHARS = {
    # Longest text per key of the producer's dictionary; a key that is not listed: VALUE_MAX_CHARS.
    "act": 63, "app": 31, "cs1": 4000, "cs2": 4000, "cs3": 4000, "cs4": 4000, "cs5": 4000,
    "cs6": 4000, "destinationDnsDomain": 255, "sourceDnsDomain": 255, "deviceDnsDomain": 255,
    "deviceExternalId": 255, "deviceInboundInterface": 128, "deviceOutboundInterface": 128,
    "devicePayloadId": 128, "deviceNtDomain": 255, "dntdom": 255, "sntdom": 255, "dtz": 255,
    "dvchost": 100, "externalId": 40, "fileHash": 255, "oldFileHash": 255, "flexString1Label": 128,
    "flexString2Label": 128, "flexDate1Label": 128, "outcome": 63, "proto": 31,
    "requestContext": 2048,
}  # fmt: skip

_HEADER_ESCAPES = str.maketrans({"\\": "\\\\", "|": "\\|"})
_VALUE_ESCAPES = str.maketrans({"\\": "\\\\", "=": "\\=", "\n": "\\n", "\t": " "})
_WORDS = re.compile(r"[A-Za-z0-9]+")


class Field(NamedTuple):
    """One pair of the extension; a custom field carries its label with it."""

    key: str
    value: str
    label: str = ""


def own_key(prefix: str, name: str) -> str:
    """Return `<prefix><NameInCamelCase>`: ASCII letters and digits, which every parser takes."""
    words = (word[0].upper() + word[1:] for word in _WORDS.findall(name))
    return (prefix + ("".join(words) or "Field"))[:OWN_KEY_MAX_CHARS]


def device(vendor: str, product: str, version: str) -> str:
    """Return the record up to the class id, which is the same for all records."""
    names = (_header(text, 63, 252) for text in (vendor, product, version))
    return f"CEF:0|{'|'.join(names)}|"


def record(
    head: str,
    class_id: str,
    name: str,
    severity: int,
    fields: Iterable[Field],
    *,
    max_bytes: int,
) -> tuple[bytes, bool]:
    """Put a record together and say whether its extension had to be shortened.

    `head` is ASCII: what stands before the record, and its `device`. Class id and name get at most
    a quarter of the room each. The last field is the free text that is cut to what is left; any
    other field that does not fit is left out.
    """
    room = max_bytes - len(head)
    class_id_text = _header(class_id, CLASS_ID_MAX_CHARS, room // 4)
    name_text = _header(name, NAME_MAX_CHARS, room // 4)
    head = f"{head}{class_id_text}|{name_text}|{severity}|"
    extension, shortened = _extension(list(fields), max_bytes - len(head.encode()))
    return f"{head}{extension}".encode(), shortened


def _header(text: str, max_chars: int, max_bytes: int) -> str:
    short = fit(shorten(one_line(text).strip(), max_chars), max_bytes, _HEADER_ESCAPES)
    return short.translate(_HEADER_ESCAPES) or "unknown"  # several parsers break on an empty field


def _extension(fields: list[Field], room: int) -> tuple[str, bool]:
    values = [_value(field) for field in fields]
    shortened = any(is_short for _, is_short in values)
    parts: list[str] = []
    last, text = fields[-1], values[-1][0]
    reserved = min(len(_pair(last, text).encode()), room // 2)
    room -= reserved
    for field, (value, _) in zip(fields[:-1], values, strict=False):
        pair = _pair(field, value)
        size = len(pair.encode()) + 1
        if size > room:
            shortened = True
        elif pair:
            parts.append(pair)
            room -= size
    fitting = fit(text, room + reserved - len(last.key) - 1, _VALUE_ESCAPES)
    if fitting:
        parts.append(_pair(last, fitting))
    return " ".join(parts), shortened or fitting is not text


def _pair(field: Field, value: str) -> str:
    """Return `key=value` escaped, or nothing: an empty value is read differently everywhere."""
    if not value:
        return ""
    pair = f"{field.key}={value.translate(_VALUE_ESCAPES)}"
    return f"{field.key}Label={field.label} {pair}" if field.label else pair


def _value(field: Field) -> tuple[str, bool]:
    value = clean(field.value).strip()
    short = shorten(value, KEY_MAX_CHARS.get(field.key, VALUE_MAX_CHARS))
    return short, short is not value
