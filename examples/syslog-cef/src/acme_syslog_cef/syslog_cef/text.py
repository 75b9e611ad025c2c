# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent: `mapping.py`.
"""Text that cannot break out of a message, and times that every receiver reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import orjson

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


def mark(text: str) -> str:
    """Return what ends a text that was shortened: `[...N]`, N its length in characters before."""
    return f"[...{len(text)}]"


def shorten(text: str, max_chars: int) -> str:
    """Cut to `max_chars`, the mark included."""
    return text if len(text) <= max_chars else text[: max_chars - len(mark(text))] + mark(text)


def fit(text: str, max_bytes: int, escapes: Mapping[int, str]) -> str:
    """Cut the text so that it takes at most `max_bytes` once it is escaped, the mark included.

    It is cut between characters and before escaping: never half a character, never half an escape.
    Nothing is left if not even the mark fits.
    """
    # The first look spares a megabyte the second one.
    if len(text) <= max_bytes and len(text.translate(escapes).encode()) <= max_bytes:
        return text
    room = max_bytes - len(mark(text))
    if room < 0:
        return ""
    end = 0
    for character in text:
        room -= len(character.translate(escapes).encode())
        if room < 0:
            break
        end += 1
    return text[:end] + mark(text)


def pack(
    pairs: Sequence[tuple[str, str]], separator: str, room: int, escapes: Mapping[int, str]
) -> tuple[str, bool]:
    """Join `key=` and value of each pair within `room` bytes; say whether something had to give way.

    The last value is the free text that is cut to what is left, and keeps half of the room if it needs
    it; any other pair that does not fit is left out. An empty value is read differently everywhere: such
    a pair is left out, too.
    """
    escaped = [(key, value.translate(escapes)) for key, value in pairs]
    sizes = [len(f"{key}{value}".encode()) + len(separator) for key, value in escaped]
    reserved = min(sizes[-1], room // 2)
    room -= reserved
    parts: list[str] = []
    shortened = False
    for (key, value), size in zip(escaped[:-1], sizes, strict=False):
        if value and size <= room:
            parts.append(key + value)
            room -= size
        elif value:
            shortened = True
    last, text = pairs[-1]
    fitting = fit(text, room + reserved - len(last), escapes)
    if fitting:
        parts.append(last + fitting.translate(escapes))
    return separator.join(parts), shortened or fitting is not text


def pick(event: dict[str, Any], path: str) -> Any:
    """Return the value under a dotted path; None if there is none."""
    value: Any = event
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


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


def epoch_milliseconds(value: Any) -> int | None:
    """Return milliseconds since 1970 of anything `parse_timestamp` reads, or of such a number as text."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) == 13:
        return int(value)
    moment = parse_timestamp(value)
    return None if moment is None else round(moment.timestamp() * 1000)


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
