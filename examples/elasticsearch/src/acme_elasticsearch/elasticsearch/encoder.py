# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Change what is sent in `mapping.py`.
"""Event to the two lines of a bulk `create`: the action with the id, and the document."""

from __future__ import annotations

import bisect
import hashlib
import itertools
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from .._delivery.records import Record
from .config import ElasticsearchConfig
from .mapping import LONG_TEXT_FIELDS, to_document
from .shapes import as_is_document, flat_document, raw_document
from .targets import Router
from .values import as_text, look_up

TRUNCATED = "…[truncated]"
"""Ends every text that was shortened."""
KEYWORD_MAX_CHARS = 8_000
"""What a keyword can hold: Lucene refuses a term of more than 32 766 bytes, and a `flattened` field
counts the name in; a character takes up to 4 bytes."""
FIELDS_MAX = 500
"""Labels of one document, or fields of a `flat` or `raw` one."""
ID_MAX_BYTES = 512
"""A longer id is refused, together with the whole request."""

_SHAPES = {
    "ecs": to_document,
    "flat": flat_document,
    "raw": raw_document,
    "as_is": as_is_document,
}
_UNLIMITED = ("raw", "as_is")  # names are not flat: the mapping of the index decides
_ALWAYS = frozenset({"@timestamp", "message"})
_DROPPED = "labels_dropped"
_OTHERS = "labels_other"
_UNROUTED = "unrouted"


class Encoder:
    """Turns events into records of two lines, action and document, without the last newline.

    The id is made here, once per event, before the first attempt: a resend after an answer that got
    lost meets its own document and is answered with 409 instead of being stored twice. The target
    stands on the action line if the event or the date chose it, so that dead letters keep it.

    Args:
        config: Targets, ids, and the shape and size of documents.
        clock: Seconds since the epoch, for ids, dates and for events without a usable time.
    """

    def __init__(
        self, config: ElasticsearchConfig, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._max_bytes = config.document_max_bytes
        self._shape = _SHAPES[config.documents]
        self._labelled = config.documents == "ecs"
        self._names = (
            None if config.documents in _UNLIMITED else LimitedNames(config.label_names_max)
        )
        self._ids = config.ids
        self._id_field = config.id_field
        self._router = Router(config)
        self._clock = clock

    def encode(self, event: dict[str, Any]) -> Record:
        """Return the record for an event of plain JSON types; the event is used up."""
        now = self._clock()
        place = self._router.place(event, now)
        metadata = {} if place.index is None else {"_index": place.index}
        if self._ids:
            metadata["_id"] = self._id(event, now)
        document = self._shape(event, now)
        # The object whose names are the application's.
        holder = document.get("labels", {}) if self._labelled else document
        if place.refused is not None:
            holder[_UNROUTED] = place.refused
            document = {**document, "labels": holder} if self._labelled else document
        if self._names is not None:
            self._names.limit(holder)
        line = orjson.dumps(document)
        truncated = False
        if len(line) > KEYWORD_MAX_CHARS or len(holder) > FIELDS_MAX:
            truncated = shorten(document, holder, self._max_bytes)
            line = orjson.dumps(document)
        action = orjson.dumps({"create": metadata})
        return Record(action + b"\n" + line, truncated=truncated)

    def _id(self, event: dict[str, Any], now: float) -> str:
        given = None if self._id_field is None else look_up(event, self._id_field)
        if given is None or given == "" or isinstance(given, (dict, list)):
            return make_id(now)
        key = as_text(given)
        if len(key.encode()) <= ID_MAX_BYTES:
            return key
        return hashlib.sha256(key.encode()).hexdigest()  # two that begin alike stay two


class LimitedNames:
    """The names of labels that this process has used; one too many becomes part of one text.

    An index takes 1 000 fields by default, and refuses documents that would need one more.
    """

    def __init__(self, most: int) -> None:
        self._known = set(_ALWAYS)
        self._most = most + len(_ALWAYS)

    def limit(self, holder: dict[str, Any]) -> None:
        """Move values with a name too many to one JSON text under one name."""
        if holder.keys() <= self._known:
            return
        unknown = holder.keys() - self._known
        room = max(0, self._most - len(self._known))
        if len(unknown) <= room:
            self._known |= unknown
            return
        new = [name for name in holder if name in unknown]
        self._known.update(new[:room])
        moved = {*new[room:], _OTHERS}
        others = {name: holder.pop(name) for name in list(holder) if name in moved}
        holder[_OTHERS] = orjson.dumps(others).decode()


def make_id(now: float) -> str:
    """Return a UUID of version 7 (RFC 9562 section 5.7) for a time in seconds since the epoch.

    It starts with the time, which keeps the id index of the server small and fast. Behind it stand a
    counter of 32 bits and 42 bits that each process draws (section 6.2, method 1): within a process no id
    comes again, also when the clock is set back.
    """
    global _latest
    millis = int(now * 1000) & 0xFFFF_FFFF_FFFF
    number = next(_numbers) & 0xFFFF_FFFF
    known_millis, known_high, head = _latest  # one tuple, since several threads may write
    if millis != known_millis or number >> 6 != known_high:
        head = (
            f"{millis >> 16:08x}-{millis & 0xFFFF:04x}-7{number >> 20:03x}"
            f"-{0x8000 | (number >> 6) & 0x3FFF:04x}-"
        )
        _latest = millis, number >> 6, head
    return head + _ends[number & 0x3F]


_latest = (-1, -1, "")  # millis, the upper bits of the number, and what an id begins with
_ends: list[str] = []  # what an id ends with: the lower 6 bits of the number, and the drawn bits
_numbers = itertools.count()


def _draw() -> None:
    """Draw the bits of this process; a forked child must not go on with its parent's."""
    global _ends, _numbers
    drawn = int.from_bytes(os.urandom(6), "big") >> 6
    _ends = [f"{low << 42 | drawn:012x}" for low in range(64)]
    _numbers = itertools.count(int.from_bytes(os.urandom(4), "big"))


_draw()
if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_draw)


def shorten(document: dict[str, Any], holder: dict[str, Any], max_bytes: int) -> bool:
    """Shorten texts in place until no field is too long and the JSON takes `max_bytes` at most.

    Longest texts first, each marked with `TRUNCATED`. Returns whether anything was shortened.

    Args:
        document: What is sent.
        holder: The object in it, or itself, whose names are the application's: half of `max_bytes`
            is for its values, and those that do not fit go.
        max_bytes: Size of the JSON.
    """
    changed = _shorten_keywords(document, min(KEYWORD_MAX_CHARS, max_bytes // 8))
    changed |= _drop_fields(holder, max_bytes // 2)
    excess = len(orjson.dumps(document)) - max_bytes
    if excess <= 0:
        return changed
    texts = [(_json_size(holder[key]), holder, key) for holder, key, _ in _texts(document, "")]
    texts.sort(key=lambda text: text[0], reverse=True)
    for size, holder, key in texts:
        if excess <= 0 or size <= _json_size(TRUNCATED):
            break
        holder[key] = _cut(holder[key], size - excess - _json_size(TRUNCATED))
        excess -= size - _json_size(holder[key])
    return True


def _shorten_keywords(document: dict[str, Any], max_chars: int) -> bool:
    changed = False
    for holder, key, field in _texts(document, ""):
        if field not in LONG_TEXT_FIELDS and len(holder[key]) > max_chars:
            holder[key] = holder[key][: max_chars - len(TRUNCATED)] + TRUNCATED
            changed = True
    return changed


def _drop_fields(holder: dict[str, Any], max_bytes: int) -> bool:
    """Keep the first values that fit, and say how many went."""
    kept, dropped = 0, []
    for name, value in holder.items():
        if name in _ALWAYS:
            continue
        size = len(orjson.dumps({name: value}))
        if size > max_bytes or kept == FIELDS_MAX:
            dropped.append(name)
        else:
            max_bytes -= size
            kept += 1
    for name in dropped:
        del holder[name]
    if dropped:
        holder[_DROPPED] = str(len(dropped))
    return bool(dropped)


def _texts(holder: dict[str, Any], prefix: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Yield (holder, key, dotted field) of every text in nested objects, except the time."""
    for key, value in holder.items():
        if isinstance(value, dict):
            yield from _texts(value, f"{prefix}{key}.")
        elif isinstance(value, str) and prefix + key != "@timestamp":
            yield holder, key, prefix + key


def _cut(text: str, max_bytes: int) -> str:
    """Return the longest start of `text` that takes `max_bytes` as JSON, marked.

    Whole characters only, so that the bytes end where a UTF-8 character does.
    """
    sizes = range(min(len(text), max(max_bytes, 0)) + 1)
    fits = bisect.bisect_right(sizes, max_bytes, key=lambda chars: _json_size(text[:chars]))
    return text[: max(fits - 1, 0)] + TRUNCATED


def _json_size(text: str) -> int:
    return len(orjson.dumps(text)) - len('""')
