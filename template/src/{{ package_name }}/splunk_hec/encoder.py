# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Change what goes where in `mapping.py`.
"""From an event to one HEC envelope, which Splunk takes whatever the event holds.

Source: Splunk, "Format events for HTTP Event Collector". Splunk indexes nothing, often silently,
when an envelope has an unknown key, a null, an empty event, a nested field or a time with an
exponent. So every rule is kept here and not left to the mapping. Pure: no clock, no I/O.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import orjson

from .._delivery.records import Record
from . import mapping
from .config import SplunkHecConfig

TIME_MAX_SECONDS = 2_147_483_647
"""Splunk keeps times as 32 bits ("Configure timestamp recognition"): 2038-01-19."""
EVENT_TIME = "event_time"
"""Indexed field with the original time, when it cannot be Splunk's `time`."""
EVENT_TRUNCATED = "event_truncated"
"""Indexed field that says "true" when the event was cut."""
EVENT_BYTES = "event_bytes"
"""Indexed field with the size of the envelope before it was cut."""
TRUNCATION_MARK = "...[truncated]"
"""End of every text that was cut."""
EMPTY_EVENT = "(empty event)"
"""Sent instead of an event without content, which Splunk would refuse."""
RESERVED_FIELDS = frozenset(
    # Metadata and names that Splunk's pipeline owns ("Use default fields"), then our own three.
    "host source sourcetype index event time timestamp punct linecount splunk_server eventtype"
    " metric_name date_hour date_mday date_minute date_month date_second date_wday date_year"
    " date_zone"
    f" {EVENT_TIME} {EVENT_TRUNCATED} {EVENT_BYTES}".split()
)
FIELD_PREFIX = "field_"
"""Put before the name of a field that would shadow one of `RESERVED_FIELDS`."""

_METADATA = ("host", "source", "sourcetype", "index")
_METADATA_MAX_CHARACTERS = 255
_ORIGINAL_TIME_MAX_BYTES = 200
_SMALLEST_CUT_BYTES = 64
_NUL = b"\\u0000"
_BACKSLASH = ord("\\")
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?([Zz]|[+-]\d\d:?\d\d)?", re.ASCII
)


class Encoder:
    """Turns events into envelopes of at most `event_max_bytes` bytes."""

    def __init__(self, config: SplunkHecConfig) -> None:
        self._config = config
        self._as_is = config.events == "as_is"

    def encode(self, event: dict[str, Any]) -> Record:
        """Return the envelope of one event, made of plain JSON types."""
        original, body, metadata, fields = self._parts(event)
        time, ours = None, {}
        if self._config.auto_extract_timestamp:
            body = _with_time(original, body)
        else:
            time = epoch_seconds(original)
            if time is None and _text(original).strip():
                ours[EVENT_TIME] = clip(_text(original), _ORIGINAL_TIME_MAX_BYTES)
        envelope = {**metadata, "event": _content(body)}
        payload = _payload(time, envelope, ours | indexed_fields(fields))
        if len(payload) <= self._config.event_max_bytes:
            return Record(payload)
        ours |= {EVENT_TRUNCATED: "true", EVENT_BYTES: str(len(payload))}
        return Record(self._shortened(fields, time, envelope, ours), truncated=True)

    def encode_raw(self, event: dict[str, Any]) -> Record:
        """Return one line for the raw endpoint, which would take a line end for the next event."""
        content = _content(mapping.raw(event))
        limit = self._config.event_max_bytes
        whole = payload = _line(content)
        for cut in _cuts(limit):
            if len(payload) <= limit:
                return Record(payload, truncated=payload is not whole)
            payload = _line(_clip_all(content, cut))
        return Record(clip(payload.decode(), limit).encode(), truncated=True)

    def _parts(self, event: dict[str, Any]) -> tuple[Any, Any, dict[str, Any], Any]:
        """Return time, body, metadata and indexed fields."""
        if self._as_is:
            return event.get("timestamp"), event, static_metadata(self._config), {}
        metadata = _metadata(mapping.metadata(event, self._config))
        return mapping.time(event), mapping.body(event), metadata, mapping.fields(event)

    def _shortened(
        self,
        fields: dict[str, Any],
        time: str | None,
        envelope: dict[str, Any],
        ours: dict[str, str],
    ) -> bytes:
        """Cut the long texts, harder each time; at last send the beginning of the JSON as text."""
        limit = self._config.event_max_bytes
        for cut in _cuts(limit):
            shorter = {**envelope, "event": _clip_all(envelope["event"], cut)}
            payload = _payload(time, shorter, ours | indexed_fields(_clip_all(fields, cut)))
            if len(payload) <= limit:
                return payload
        text = orjson.dumps(envelope["event"]).decode()
        # Halved, since every quote in the text takes two bytes on the wire.
        room = (limit - len(_payload(time, {**envelope, "event": ""}, ours))) // 2
        return _payload(time, {**envelope, "event": clip(text, room)}, ours)


def epoch_seconds(value: Any) -> str | None:
    """Return a time as decimal epoch seconds, e.g. "1732374352.967"; None if Splunk cannot take it.

    Args:
        value: ISO 8601 text (without an offset: UTC) or seconds since the epoch.
    """
    if isinstance(value, str):
        return _from_iso(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    if not 0 <= value < TIME_MAX_SECONDS + 1:
        return None
    seconds, micros = divmod(int(Decimal(str(value)) * 1_000_000), 1_000_000)
    return f"{seconds}.{micros:06d}"


def indexed_fields(tree: Any) -> dict[str, str | list[str]]:
    """Return fields as Splunk takes them: flat, texts or lists of texts, no blanks, no clashes."""
    found: dict[str, str | list[str]] = {}
    for name, value in _leaves(tree, "") if isinstance(tree, dict) else ():
        texts = map(_text, value if isinstance(value, list) else [value])
        kept = [text for text in texts if text.strip()]
        if kept:
            found[_free_name(name, found)] = kept if isinstance(value, list) else kept[0]
    return found


def clip(text: str, max_bytes: int) -> str:
    """Cut a text to at most `max_bytes` of UTF-8, between characters, and mark it."""
    encoded = text.encode()
    if len(encoded) <= max_bytes:
        return text
    kept = encoded[: max(0, max_bytes - len(TRUNCATION_MARK))]
    return kept.decode(errors="ignore") + TRUNCATION_MARK


def static_metadata(config: SplunkHecConfig) -> dict[str, Any]:
    """Return the metadata that stand in the settings, whatever the event."""
    return _metadata(mapping.metadata({}, config))


def has_nul(json: bytes) -> bool:
    """Whether there is a NUL character in a text: what Splunk does with one is not documented."""
    # `in` finds a number in bytes ten times as fast as bytes, and most events have no backslash.
    return _BACKSLASH in json and _NUL in json


def _from_iso(text: str) -> str | None:
    """Convert by integer arithmetic: a float would round, or come out as 1e-05."""
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    *parts, fraction, offset = match.groups()
    seconds = _seconds(*parts, offset)
    return None if seconds is None else f"{seconds}.{(fraction or '')[:6]:0<3}"


@functools.lru_cache(maxsize=64)  # events come in the order of time
def _seconds(*parts: str | None) -> int | None:
    """Convert year to second, and the offset, to seconds since the epoch."""
    *numbers, offset = parts
    try:
        moment = datetime(*map(int, numbers), tzinfo=_zone(offset))  # type: ignore[arg-type,misc]
        seconds = (moment - _EPOCH) // timedelta(seconds=1)
    except (ValueError, OverflowError):
        return None
    return seconds if 0 <= seconds <= TIME_MAX_SECONDS else None


def _zone(offset: str | None) -> timezone:
    if offset is None or offset in "Zz":
        return timezone.utc
    minutes = int(offset[1:3]) * 60 + int(offset[-2:])
    return timezone(timedelta(minutes=-minutes if offset[0] == "-" else minutes))


def _payload(time: str | None, envelope: dict[str, Any], fields: dict[str, Any]) -> bytes:
    whole = {**envelope, "fields": fields} if fields else envelope
    payload = orjson.dumps(whole)
    if has_nul(payload):
        payload = orjson.dumps(_map_text(whole, lambda text: text.replace("\0", "\ufffd")))
    # Written by hand: a JSON library may write a float with an exponent, which Splunk refuses.
    return payload if time is None else b'{"time":' + time.encode() + b"," + payload[1:]


def _line(content: Any) -> bytes:
    text = _text(content).replace("\0", "\ufffd")
    return text.replace("\r", "\\r").replace("\n", "\\n").encode()


def _with_time(original: Any, body: Any) -> Any:
    """Put the time where Splunk looks for it: at the beginning of the text."""
    if isinstance(body, dict):
        return {"timestamp": original, **body}
    return f"{_text(original)} {_text(body)}".strip()


def _metadata(values: dict[str, Any]) -> dict[str, Any]:
    texts = {name: _text(values.get(name)).strip() for name in _METADATA}
    return {name: text[:_METADATA_MAX_CHARACTERS] for name, text in texts.items() if text}


def _content(body: Any) -> Any:
    if body is None or body == {} or body == [] or (isinstance(body, str) and not body.strip()):
        return EMPTY_EVENT
    return body


def _leaves(tree: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _free_name(name: str, taken: dict[str, Any]) -> str:
    while not name.strip() or name.startswith("_") or name in RESERVED_FIELDS or name in taken:
        name = FIELD_PREFIX + name
    return name


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def _clip_all(value: Any, max_bytes: int) -> Any:
    return _map_text(value, lambda text: clip(text, max_bytes))


def _map_text(value: Any, change: Callable[[str], str]) -> Any:
    """Apply a change to every text in a JSON value, names included."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_text(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): _map_text(item, change) for key, item in value.items()}
    return value


def _cuts(limit: int) -> Iterator[int]:
    """Yield ever smaller text lengths: few, since each costs a pass over a huge event."""
    for divisor in (2, 32, 512):
        yield max(_SMALLEST_CUT_BYTES, limit // divisor)
