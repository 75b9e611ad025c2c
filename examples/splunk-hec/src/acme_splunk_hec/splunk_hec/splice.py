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
from .encoder import epoch_seconds, has_nul, static_metadata


class Splicer:
    """Puts an event as it is between time and metadata."""

    def __init__(self, config: SplunkHecConfig) -> None:
        self._max_bytes = config.event_max_bytes
        metadata = orjson.dumps(static_metadata(config))[1:-1]
        self._metadata = b"," + metadata + (b"," if metadata else b"") + b'"event":'
        self._latest: tuple[bytes, bytes | None] = (b"", None)

    def splice(self, event: SerializedEvent) -> Record | None:
        """Return the envelope; None when the encoder has to look at the event."""
        json, second, fraction = event
        known, time = self._latest  # one tuple, since several threads may write
        if second != known:
            time = _time(second)
            self._latest = (second, time)
        if time is None or has_nul(json):
            return None
        if len(fraction) != 6:
            fraction = fraction[:6].ljust(3, b"0")
        # The cheapest way to put bytes together: this line runs for each event.
        payload = b"".join((time, fraction, self._metadata, json, b"}"))
        return Record(payload) if len(payload) <= self._max_bytes else None


def _time(second: bytes) -> bytes | None:
    """Return the envelope up to the fraction of its time; None when it is no date that Splunk takes."""
    time = epoch_seconds(second.decode() + "Z")
    return None if time is None else b'{"time":%b.' % time.partition(".")[0].encode()
