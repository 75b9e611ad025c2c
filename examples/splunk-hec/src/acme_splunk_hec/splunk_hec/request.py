# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Change the settings in `config.py`.
"""From a batch of events to one POST.

Source: Splunk, "HTTP Event Collector REST API endpoints": the body of the event endpoint is JSON objects
one after the other, no array, no commas; that of the raw endpoint is lines, whose metadata stand in the
query. Pure: no I/O.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from urllib.parse import urlencode

from .._delivery.records import Batch, HttpRequest
from . import mapping
from .config import SplunkHecConfig

EVENT_PATH = "/services/collector/event"
RAW_PATH = "/services/collector/raw"
ACK_PATH = "/services/collector/ack"
HEALTH_PATH = "/services/collector/health"
CHANNEL_HEADER = "X-Splunk-Request-Channel"
GZIP_LEVEL = 3
"""Measured on 1 000 envelopes of 590 bytes: level 1 shrinks them 5.0 times at 262 MB/s, 3 5.5 times at
221 MB/s, 4 5.7 times at 49 MB/s, 6 6.1 times at 33 MB/s, 9 6.2 times at 20 MB/s."""


class RequestBuilder:
    """Builds the request of a batch; the client adds the User-Agent and the channel.

    Args:
        config: Endpoint, compression, and the metadata of raw lines.
        token: Returns the HEC token as it is now.
    """

    def __init__(self, config: SplunkHecConfig, token: Callable[[], str]) -> None:
        self._token = token
        self._gzip = config.gzip
        self._raw = config.endpoint == "raw"
        self._path = _path(config)

    def build(self, batch: Batch) -> HttpRequest:
        """Return the POST that carries the batch, records in order."""
        body = b"\n".join(record.payload for record in batch)
        headers = authorized(self._token())
        if self._raw:
            headers["Content-Type"] = "text/plain; charset=utf-8"
            body += b"\n"
        if self._gzip:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        return HttpRequest(self._path, headers, body)


def authorized(token: str) -> dict[str, str]:
    """Return the headers of every request: the token stands here and never in a query."""
    return {"Authorization": f"Splunk {token}", "Content-Type": "application/json"}


def _path(config: SplunkHecConfig) -> str:
    if config.endpoint == "event":
        return EVENT_PATH + (
            "?auto_extract_timestamp=true" if config.auto_extract_timestamp else ""
        )
    given = {name: value for name, value in mapping.metadata({}, config).items() if value}
    return RAW_PATH + (f"?{urlencode(given)}" if given else "")
