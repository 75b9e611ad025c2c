"""elasticsearch-py and opensearch-py: their bulk helpers.

Settings: gzip, as ours; the answer filtered as ours; requests of 2 000 documents. Serialized
input is given as they take it, a text per document, which they send without parsing it; dicts
with `create`, as a data stream needs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from ..events import entry_of
from ..load import Load, Meter, Sent

_INDEX = "logs-benchmark-default"
_FILTER = "errors,items.*.status,items.*.error"
_CHUNK = 2_000


def es_sync(load: Load) -> Sent:
    """`elasticsearch.helpers.streaming_bulk`."""
    from elasticsearch import Elasticsearch, helpers

    meter = Meter(load)
    with Elasticsearch(load.url, **_elastic(load)) as client, meter as sent:
        _count(sent, helpers.streaming_bulk(client, _actions(load), **_arguments(load)))
    return sent


def es_async(load: Load) -> Sent:
    """`elasticsearch.helpers.async_streaming_bulk`."""
    from elasticsearch import AsyncElasticsearch, helpers

    async def run() -> Sent:
        meter = Meter(load)
        async with AsyncElasticsearch(load.url, **_elastic(load)) as client:
            with meter as sent:
                results = helpers.async_streaming_bulk(client, _actions(load), **_arguments(load))
                _count(sent, [each async for each in results])
        return sent

    return asyncio.run(run())


def opensearch(load: Load) -> Sent:
    """`opensearchpy.helpers.streaming_bulk`."""
    from opensearchpy import OpenSearch, helpers

    meter = Meter(load)
    with OpenSearch(load.url, http_compress=True) as client, meter as sent:
        _count(sent, helpers.streaming_bulk(client, _actions(load), **_arguments(load)))
    return sent


def opensearch_async(load: Load) -> Sent:
    """`opensearchpy.helpers.async_streaming_bulk`."""
    from opensearchpy import AsyncOpenSearch, helpers

    async def run() -> Sent:
        meter = Meter(load)
        async with AsyncOpenSearch(load.url, http_compress=True) as client:
            with meter as sent:
                results = helpers.async_streaming_bulk(client, _actions(load), **_arguments(load))
                _count(sent, [each async for each in results])
        return sent

    return asyncio.run(run())


def _elastic(load: Load) -> dict[str, Any]:
    settings: dict[str, Any] = {"http_compress": load.options.get("gzip", True)}
    if load.options.get("orjson"):
        from elasticsearch.serializer import OrjsonSerializer

        settings["serializer"] = OrjsonSerializer()
    return settings


def _arguments(load: Load) -> dict[str, Any]:
    return {
        "index": _INDEX,
        "chunk_size": load.options.get("chunk", _CHUNK),
        "max_chunk_bytes": 10_000_000,
        "filter_path": _FILTER,
    }


def _actions(load: Load) -> Iterator[Any]:
    if load.serialized:
        return (entry_of(data).decode() for data in load.envelopes)
    return ({"_op_type": "create", "_source": entry} for entry in load.entries)


def _count(sent: Sent, results: Any) -> None:
    sent.more["delivered"] = sum(1 for ok, _ in results if ok)
