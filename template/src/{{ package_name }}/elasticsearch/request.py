# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Its settings are in `config.py`.
"""Batch to one bulk request, for every version of Elasticsearch and OpenSearch."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from urllib.parse import quote

from .._delivery.records import Batch, HttpRequest
from .config import ElasticsearchConfig

FILTER_PATH = "errors,took,items.*.status,items.*.error.type,items.*.failure_store"
"""What the answer shall hold: a status of every item, so that positions stay, and no `reason`."""
CONTENT_TYPE = "application/x-ndjson"
"""Accepted by all versions; the vendor types with `compatible-with` are refused by OpenSearch."""

_GZIP_LEVEL = 1  # most of the gain: higher levels cost more time than they save bytes


class RequestBuilder:
    """Builds `POST /<data stream>/_bulk` requests.

    The target is in the path and not on the action lines, since a cluster may refuse those
    (`rest.action.multi.allow_explicit_index`).

    Args:
        config: The target, and whether to compress.
        user_agent: Value of the User-Agent header.
        authorization: Returns the value of the Authorization header as it is now, a secret; None: there
            are no credentials.
    """

    def __init__(
        self,
        config: ElasticsearchConfig,
        *,
        user_agent: str,
        authorization: Callable[[], str] | None = None,
    ) -> None:
        self._authorization = authorization
        self._gzip = config.gzip
        self._path = f"/{quote(config.data_stream, safe='')}/_bulk?filter_path={FILTER_PATH}"
        self._headers = {
            "Content-Type": CONTENT_TYPE,
            "Accept": "application/json",
            "User-Agent": user_agent,
        }
        if config.gzip:
            self._headers["Content-Encoding"] = "gzip"

    def build(self, batch: Batch) -> HttpRequest:
        """Return the request for a batch; each line ends in a newline, the last one too."""
        body = b"".join([record.payload + b"\n" for record in batch])
        if self._gzip:
            body = gzip.compress(body, compresslevel=_GZIP_LEVEL, mtime=0)
        headers = self._headers
        if self._authorization is not None:
            headers = {**headers, "Authorization": self._authorization()}
        return HttpRequest(path=self._path, headers=headers, body=body)
