# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Change the settings in `config.py`.
"""From a batch of envelopes to one POST.

Source: Splunk, "HTTP Event Collector REST API endpoints": the body is JSON objects one after the
other, no array, no commas. Pure: no I/O.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

from .._delivery.records import Batch, HttpRequest
from .config import SplunkHecConfig

PATH = "/services/collector/event"
GZIP_LEVEL = 4
"""Logs shrink about tenfold; higher levels cost far more time than they save bytes."""


class RequestBuilder:
    """Builds the request of a batch; the client adds the User-Agent.

    Args:
        config: Whether to compress.
        token: Returns the HEC token as it is now.
    """

    def __init__(self, config: SplunkHecConfig, token: Callable[[], str]) -> None:
        self._token = token
        self._gzip = config.gzip

    def build(self, batch: Batch) -> HttpRequest:
        """Return the POST that carries the batch, records in order."""
        body = b"\n".join(record.payload for record in batch)
        headers = {
            "Authorization": f"Splunk {self._token()}",
            "Content-Type": "application/json",
        }
        if self._gzip:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, GZIP_LEVEL, mtime=0)
        return HttpRequest(PATH, headers, body)
