# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Change what is sent in `mapping.py`.
"""Event to the two lines of a bulk `create`: the action with the id, and the document."""

from __future__ import annotations

import bisect
import os
import time
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from .._delivery.records import Record
from .config import ElasticsearchConfig
from .mapping import LONG_TEXT_FIELDS, to_document

TRUNCATED = "…[truncated]"
"""Ends every text that was shortened."""
KEYWORD_MAX_CHARS = 8_000
"""What a keyword can hold: Lucene refuses a term of more than 32 766 bytes, and a `flattened` field
counts the name in; a character takes up to 4 bytes."""
LABELS_MAX = 500
"""Labels of one document; a mapping holds 1 000 fields by default (`total_fields.limit`)."""

_LABELS_DROPPED = "labels_dropped"
_ID_MASK = ~((0xF << 76) | (0x3 << 62))
_ID_VERSION_7 = (0x7 << 76) | (0x2 << 62)


class Encoder:
    """Turns events into records of two lines, action and document, without the last newline.

    The id is made here, once per event, before the first attempt: a resend after an answer that got
    lost meets its own document and is answered with 409 instead of being stored twice.

    Args:
        config: `document_max_bytes` is read.
        clock: Seconds since the epoch, for ids and for events without a usable time.
    """

    def __init__(
        self, config: ElasticsearchConfig, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._max_bytes = config.document_max_bytes
        self._clock = clock

    def encode(self, event: dict[str, Any]) -> Record:
        """Return the record for an event of plain JSON types; the event is used up."""
        now = self._clock()
        document = to_document(event, now)
        line = orjson.dumps(document)
        truncated = False
        if len(line) > KEYWORD_MAX_CHARS or len(document.get("labels", ())) > LABELS_MAX:
            truncated = shorten(document, self._max_bytes)
            line = orjson.dumps(document)
        action = b'{"create":{"_id":"' + make_id(now).encode() + b'"}}\n'
        return Record(action + line, truncated=truncated)


def make_id(now: float) -> str:
    """Return a UUID of version 7 (RFC 9562 section 5.7) for a time in seconds since the epoch.

    It starts with the time, which keeps the id index of the server small and fast. The 74 random
    bits come from the system each time, so that forked processes do not share a sequence.
    """
    bits = (int(now * 1000) & 0xFFFF_FFFF_FFFF) << 80 | int.from_bytes(os.urandom(10), "big")
    text = f"{(bits & _ID_MASK) | _ID_VERSION_7:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def shorten(document: dict[str, Any], max_bytes: int) -> bool:
    """Shorten texts in place until no field is too long and the JSON takes `max_bytes` at most.

    Longest texts first, each marked with `TRUNCATED`. Returns whether anything was shortened.
    """
    changed = _shorten_keywords(document, min(KEYWORD_MAX_CHARS, max_bytes // 8))
    changed |= _drop_labels(document, max_bytes // 2)
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


def _drop_labels(document: dict[str, Any], max_bytes: int) -> bool:
    """Keep the first labels that fit, and say how many went."""
    labels = document.get("labels")
    if not isinstance(labels, dict):
        return False
    kept: dict[str, Any] = {}
    for name, value in labels.items():
        max_bytes -= len(orjson.dumps({name: value}))
        if max_bytes < 0 or len(kept) == LABELS_MAX:
            break
        kept[name] = value
    if len(kept) == len(labels):
        return False
    kept[_LABELS_DROPPED] = str(len(labels) - len(kept))
    document["labels"] = kept
    return True


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
