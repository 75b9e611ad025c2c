"""The events that are sent: of a wanted size, each with a number that the audit finds again.

The size is that of the event as compact JSON, as fapilog's schema has it: `{"timestamp": ...,
"level": ...}`. The text varies, since a text that repeats itself compresses to nothing and would
flatter everybody.
"""

from __future__ import annotations

import random
from typing import Any

import orjson

SIZES = {"small": 100, "usual": 265, "large": 2048}
_WORDS = {
    "ascii": "order payment accepted for customer retry upstream timeout shipped cache miss user"
    " login refused session expired queue depth latency region checkout inventory updated batch",
    "other": "заказ принят оплата 注文を受け付けました 支払い Größe überschritten naïve façade"
    " ошибка соединения 再試行 ポート Zürich señal кэш 顧客 💥 Łódź",
}
_VARIANTS = 1009  # more than gzip looks back; one for each event would take longer than sending it
_PRIME = 11400714819323198485


def mark(number: int) -> str:
    """Return how event `number` is marked; `audit.MARK` finds it in any wire form."""
    return f"Q{number:09d}Z"


def events(count: int, *, size: str = "usual", text: str = "ascii") -> list[dict[str, Any]]:
    """Return `count` events in the shape that fapilog gives to `write`."""
    fills = _fills(SIZES[size], text)
    small = size == "small"  # no room for a logger or a context
    made: list[dict[str, Any]] = []
    for number in range(count):
        seconds = number // 1000
        event: dict[str, Any] = {
            "timestamp": f"2026-11-25T{seconds // 3600 % 24:02d}:{seconds // 60 % 60:02d}"
            f":{seconds % 60:02d}.{number % 1000:03d}Z",
            "level": "INFO",
            "message": fills[number % _VARIANTS],
            "data": {"seq": mark(number)},
        }
        if not small:
            event["logger"] = "shop.checkout"
            event["context"] = {"correlation_id": f"{number * _PRIME % 2**64:016x}"}
        made.append(event)
    return made


def envelope(event: dict[str, Any]) -> bytes:
    """Return the bytes that fapilog gives to `write_serialized` for an event."""
    return orjson.dumps({"log": event, "schema_version": "1.1"}, option=orjson.OPT_SORT_KEYS)


def entry_of(data: bytes) -> bytes:
    """Return the event inside of an envelope, without parsing it."""
    return data[len(b'{"log":') : -len(b',"schema_version":"1.1"}')]


class Endless:
    """Envelopes by number, made when asked for: a long run would not fit in memory."""

    def __init__(self) -> None:
        whole = [envelope(event) for event in events(_VARIANTS)]
        self._parts = [data.split(mark(number).encode()) for number, data in enumerate(whole)]

    def envelope(self, number: int) -> bytes:
        """Return the envelope of event `number`."""
        return mark(number).encode().join(self._parts[number % _VARIANTS])


def _fills(size: int, text: str) -> list[str]:
    source = random.Random(7)  # noqa: S311 - the same texts in each run
    words = _WORDS[text].split()
    fills = []
    for _ in range(_VARIANTS):
        fill = ""
        while len(fill.encode()) < size:
            fill += f"{source.choice(words)} {source.randrange(100_000)} "
        fills.append(_cut(fill, _room(size)))
    return fills


def _room(size: int) -> int:
    fixed = {
        "timestamp": "2026-11-25T00:00:00.000Z",
        "level": "INFO",
        "message": "",
        "data": {"seq": mark(0)},
    }
    if size > SIZES["small"]:
        fixed |= {"logger": "shop.checkout", "context": {"correlation_id": "0" * 16}}
    return max(1, size - len(orjson.dumps(fixed)))


def _cut(text: str, room: int) -> str:
    return text.encode()[:room].decode(errors="ignore")
