# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent: `mapping.py`.
"""Text that cannot break out of a message, and times that every receiver reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson

MARK = "[...]"
"""Ends every text that was shortened."""
VALUE_MAX_CHARS = 1_023
"""A field's value is shortened to this (the limit of most texts in CEF)."""

_ISO_8601 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)
_CONTROLS = {code: " " for code in (*range(0x20), *range(0x7F, 0xA0))} | {
    0x09: "\t",
    0x0A: "\n",
    0x0D: "\n",
    0x85: "\n",
    0x2028: "\n",
    0x2029: "\n",
}


def to_text(value: Any) -> str:
    """Return a str as it is, None as nothing, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def clean(text: str) -> str:
    """Make every kind of line end a LF and every other control character but TAB a space."""
    if text.isprintable():  # the usual case: no separators and no controls
        return text
    return text.replace("\r\n", "\n").translate(_CONTROLS)


def one_line(text: str) -> str:
    """Clean the text and put it on one line."""
    return clean(text).replace("\n", " ").replace("\t", " ")


def shorten(text: str, max_chars: int) -> str:
    """Cut to `max_chars`, the mark included."""
    return text if len(text) <= max_chars else text[: max_chars - len(MARK)] + MARK


def fit(text: str, max_bytes: int, escapes: Mapping[int, str]) -> str:
    """Cut the text so that it takes at most `max_bytes` once it is escaped, the mark included.

    It is cut between characters and before escaping: never half a character, never half an escape.
    Nothing is left if not even the mark fits.
    """
    if len(text.translate(escapes).encode()) <= max_bytes:
        return text
    room = max_bytes - len(MARK)
    if room < 0:
        return ""
    end = 0
    for character in text:
        room -= len(character.translate(escapes).encode())
        if room < 0:
            break
        end += 1
    return text[:end] + MARK


def unique(name: str, max_chars: int, taken: dict[str, int]) -> str:
    """Return the name, with a number behind it if it is taken; `taken` counts the uses of each."""
    if name not in taken:
        taken[name] = 1
        return name
    while True:
        taken[name] += 1
        suffix = str(taken[name])
        candidate = name[: max_chars - len(suffix)] + suffix
        if candidate not in taken:
            taken[candidate] = 1
            return candidate


def flatten(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested mappings under dotted names, anything else under `name`."""
    if not isinstance(value, dict):
        yield name, value
        return
    for key, item in value.items():
        if isinstance(item, dict):
            for inner, leaf in flatten(item, ""):
                yield f"{key}.{inner}", leaf
        else:
            yield key, item


def parse_timestamp(value: Any) -> datetime | None:
    """Read ISO 8601 with a zone, or seconds since 1970; None if it is neither.

    Years before 1970 and after 2099 are refused: rsyslog takes the whole header for text then.
    """
    try:
        parsed = _parse_timestamp(value)
    except (ValueError, OverflowError, OSError):
        return None
    return parsed if parsed is not None and 1970 <= parsed.year < 2100 else None


def rfc3339(moment: datetime) -> str:
    """Format in UTC with 3 or 6 digits of fraction (RFC 5424 section 6.2.3 allows no more)."""
    precision = "milliseconds" if moment.microsecond % 1000 == 0 else "microseconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def _parse_timestamp(value: Any) -> datetime | None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return datetime.fromtimestamp(value, timezone.utc)
    match = _ISO_8601.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return None
    *numbers, fraction, sign, hours, minutes = match.groups()
    microsecond = int(f"{fraction or '':0<6.6}")
    year, month, day, hour, minute, second = map(int, numbers)
    moment = datetime(year, month, day, hour, minute, second, microsecond, tzinfo=timezone.utc)
    if sign is None:
        return moment
    offset = timedelta(hours=int(hours), minutes=int(minutes))
    return moment - offset if sign == "+" else moment + offset
