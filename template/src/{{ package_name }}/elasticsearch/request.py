# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Its settings are in `config.py`.
"""Batch to one bulk request, for every version of Elasticsearch and OpenSearch."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from urllib.parse import quote

from .._delivery.records import Batch, HttpRequest
from .config import ElasticsearchConfig
from .targets import ALIAS, DATA_STREAM

FILTER_PATH = "errors,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason"
"""What the answer shall hold: a status of every item, so that positions stay."""
CONTENT_TYPE = "application/x-ndjson"
"""Accepted by all versions; the vendor types with `compatible-with` are refused by OpenSearch."""
DEMAND = "&require_data_stream=true"
"""Without a template that makes a data stream the answer is 404, not an index that guesses types.
Elasticsearch knows it from 8.13; OpenSearch and older ones refuse the request with 400."""
WITNESS = ",items.*._index"
"""More of the answer, for servers without `DEMAND`: where a document went."""

_GZIP_LEVEL = 1  # most of the gain: higher levels cost more time than they save bytes


class RequestBuilder:
    """Builds `POST /<target>/_bulk` requests.

    The target is in the path and not on the action lines, since a cluster may refuse those
    (`rest.action.multi.allow_explicit_index`); what the event or the date chose has to be there.

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
        self._path = bulk_path(config)
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


def bulk_path(config: ElasticsearchConfig) -> str:
    """Return path and query of a bulk request."""
    name = config.target_name
    path = "/_bulk" if config.is_dated else f"/{quote(name, safe='')}/_bulk"
    path += f"?filter_path={_encoded(FILTER_PATH)}"
    if config.target == ALIAS:
        return f"{path}&require_alias=true"
    if config.target != DATA_STREAM:
        return path
    return path + (_encoded(WITNESS) if config.flavour == "opensearch" else DEMAND)


def without_demand(path: str) -> str:
    """Return the path of a request for a server that cannot demand a data stream."""
    return path.replace(DEMAND, _encoded(WITNESS))


def _encoded(text: str) -> str:
    """Percent-encode all that a signature of AWS has to see encoded."""
    return quote(text, safe="")
