# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. It is in use with `events = "as_is"`.
"""The envelope around JSON that fapilog wrote already: for services that log very much.

Nothing is parsed and nothing in the event is changed. What could need a change is left to the encoder.
"""

from __future__ import annotations

import orjson

from .._delivery.event import SerializedEvent
from .._delivery.records import Record
from .config import SplunkHecConfig
from .encoder import epoch_seconds, static_metadata

_NUL = b"\\u0000"


class Splicer:
    """Puts an event as it is between time and metadata."""

    def __init__(self, config: SplunkHecConfig) -> None:
        self._max_bytes = config.event_max_bytes
        metadata = orjson.dumps(static_metadata(config))[1:-1]
        self._head = b"," + metadata + (b"," if metadata else b"") + b'"event":'
        self._latest: tuple[bytes, bytes | None] = (b"", None)

    def splice(self, event: SerializedEvent) -> Record | None:
        """Return the envelope; None when the encoder has to look at the event."""
        json, second, fraction = event
        known, epoch = self._latest  # one tuple, since several threads may write
        if second != known:
            epoch = _epoch(second)
            self._latest = (second, epoch)
        if epoch is None or _NUL in json:
            return None
        fraction = fraction[:6].ljust(3, b"0")
        payload = b'{"time":%b.%b%b%b}' % (epoch, fraction, self._head, json)
        return Record(payload) if len(payload) <= self._max_bytes else None


def _epoch(second: bytes) -> bytes | None:
    """Return whole seconds since the epoch; None when it is no date that Splunk takes."""
    time = epoch_seconds(second.decode() + "Z")
    return None if time is None else time.partition(".")[0].encode()
