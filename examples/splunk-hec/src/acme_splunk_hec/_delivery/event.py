# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent: the platform's `mapping.py`.
"""What the host hands over, made into plain JSON types that nobody else holds.

The host shares one entry between all sinks and with the application, and may put any object into it.
So an event is copied at once, and whatever JSON cannot carry is made readable rather than lost.
"""

from __future__ import annotations

import base64
import json
import math
import operator
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import orjson

Event = dict[str, Any]
"""str without lone surrogates, int within 64 bit, finite float, bool, None, list, dict with str keys."""

SerializedEvent: TypeAlias = tuple[bytes, bytes, bytes]
"""An event as fapilog's own serializer wrote it, on one line; its time up to the second, of the form
2026-11-25T01:02:03, which need not be a date; the digits behind the second, at most 9. The zone is UTC."""

_ENVELOPE_HEAD = b'{"log":{'
_ENVELOPE_TAIL = b',"schema_version":"1.1"}'
_ENVELOPE_END = re.compile(
    rb'[,{]"timestamp":"([-0-9T:]{19})\.([0-9]{1,9})Z"}' + re.escape(_ENVELOPE_TAIL) + rb"\Z"
)
_ENVELOPE_END_BYTES = 80
_USUAL_END = b'Z"}' + _ENVELOPE_TAIL
_USUAL_FRACTION = slice(-len(_USUAL_END) - 6, -len(_USUAL_END))
_USUAL_SECOND = slice(_USUAL_FRACTION.start - 34, _USUAL_FRACTION.start)
_NEWLINE = ord("\n")  # `in` finds a number in bytes ten times as fast as bytes
_latest = (b"", b"")  # what stood at `_USUAL_SECOND` in an event, and its second

MAX_DEPTH = 32
"""Deeper containers become text; Elasticsearch maps 20 levels, orjson stops at 254."""


def from_entry(entry: object) -> Event:
    """Copy the mapping that `write` was called with. Never raises."""
    try:
        if isinstance(entry, Mapping):
            data = orjson.dumps(entry if type(entry) is dict else dict(entry))
            event: Event = orjson.loads(data)
            if not _too_deep(data, event):
                return event
    except Exception:  # noqa: S110 - any object may be inside: the slow path takes it apart
        pass
    plain = _plain(entry, 0, ())
    return plain if isinstance(plain, dict) else {"message": plain}


def from_serialized(view: object) -> Event:
    """Parse what `write_serialized` was called with: envelope, bare entry or any bytes. Never raises."""
    data = _bytes_of(view)
    try:
        value = orjson.loads(data)
        if _too_deep(data, value):
            value = _plain(value, 0, ())
    except ValueError:
        value = _lenient(data)
    if isinstance(value, dict):
        inner = value.get("log")
        if isinstance(inner, dict) and value.keys() == {"log", "schema_version"}:
            return inner
        return value
    return {"message": value if isinstance(value, str) else _text(data)}


def serialized_event(view: object) -> SerializedEvent | None:
    """Take the event out of fapilog's envelope without parsing it; None if that is not safe. Never raises.

    fapilog sorts the keys at every level, so the time stands last, and a quote in a text is escaped: what
    looks like the key of the last value of the outermost object is one.
    """
    global _latest
    try:
        data = view.data  # type: ignore[attr-defined]
        if type(data) is memoryview:
            data = bytes(data)
    except Exception:  # no view, or one that cannot be read
        data = None
    if type(data) is not bytes:
        data = _bytes_of(view)
    if not data.startswith(_ENVELOPE_HEAD) or _NEWLINE in data:
        return None
    known, second = _latest  # one tuple, since several threads may write
    fraction = data[_USUAL_FRACTION]
    # Nearly every event has the second of the one before it: a comparison instead of a search.
    if data[_USUAL_SECOND] != known or not fraction.isdigit() or not data.endswith(_USUAL_END):
        end = _ENVELOPE_END.search(data, max(0, len(data) - _ENVELOPE_END_BYTES))
        if end is None:
            return None
        second, fraction = end.groups()
        _latest = b',"timestamp":"%b.' % second, second
    return data[len(_ENVELOPE_HEAD) - 1 : -len(_ENVELOPE_TAIL)], second, fraction


def _bytes_of(view: object) -> bytes:
    try:
        data = getattr(view, "data", view)
        if isinstance(data, (bytes, bytearray, memoryview)):
            return bytes(data)
    except Exception:  # noqa: S110 - a released memoryview, for one
        pass
    return _unprintable(view).encode()


def _too_deep(data: bytes, value: object) -> bool:
    """Whether `value`, parsed from `data`, is nested deeper than `MAX_DEPTH`."""
    if data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return False  # the usual case, without a walk through the value
    return _deeper_than(MAX_DEPTH, value)


def _deeper_than(levels: int, value: object) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_deeper_than(levels - 1, item) for item in value.values())
    if isinstance(value, list):
        return levels == 0 or any(_deeper_than(levels - 1, item) for item in value)
    return False


def _lenient(data: bytes) -> object:
    """Read JSON that orjson refuses (lone surrogates, NaN), else keep the bytes in readable form."""
    try:
        return _plain(json.loads(data), 0, ())
    except (ValueError, RecursionError):
        pass
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {
            "message": "event was not UTF-8 text",
            "data": {"base64": base64.b64encode(data).decode()},
        }


def _text(data: bytes) -> str:
    return data.decode(errors="backslashreplace")


def _plain(value: object, depth: int, parents: tuple[int, ...]) -> Any:
    """Convert one value. What fails when it is looked at costs itself, not its neighbours."""
    try:
        return _converted(value, depth, parents)
    except Exception:  # a lazy mapping, a proxy without its object
        return _unprintable(value)


def _converted(value: object, depth: int, parents: tuple[int, ...]) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        return _plain_str(value)
    if type(value) is int or isinstance(value, float):
        return _plain_number(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return _text(bytes(value))
    if isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _plain_container(value, depth, parents)
    return _plain_object(value, depth, parents)


def _plain_str(value: str) -> str:
    return str.encode(value, "utf-8", "surrogatepass").decode("utf-8", "replace")


def _plain_number(value: int | float) -> int | float | str | None:
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value if -(2**63) <= value < 2**64 else _unprintable(value)


def _plain_container(value: Any, depth: int, parents: tuple[int, ...]) -> Any:
    if id(value) in parents:
        return "<cycle>"
    if depth >= MAX_DEPTH:
        return _unprintable(value)
    if isinstance(value, Mapping):
        return _plain_mapping(value.items(), depth + 1, (*parents, id(value)))
    return [_plain(item, depth + 1, (*parents, id(value))) for item in value]


def _plain_mapping(
    items: Iterable[tuple[object, object]], depth: int, parents: tuple[int, ...]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in items:
        name = _plain_str(key if isinstance(key, str) else _unprintable(key))
        number = 2
        unique = name
        while unique in result:  # 1 and "1" are two keys here and one key in JSON
            unique = f"{name}_{number}"
            number += 1
        result[unique] = _plain(value, depth, parents)
    return result


def _plain_object(value: Any, depth: int, parents: tuple[int, ...]) -> Any:
    try:
        known = orjson.loads(orjson.dumps(value))  # datetime, UUID, Enum, dataclass
    except Exception:
        return _plain_number(operator.index(value))  # numpy's integers
    return _plain(known, depth, parents)  # a dataclass can hold deep containers


def _unprintable(value: object) -> str:
    try:
        return _plain_str(str(value))
    except Exception:
        return f"<{type(value).__name__} that cannot be printed>"
