"""Clients that speak to Splunk's HEC, and fapilog's own HTTP sink."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterator
from typing import Any

from fapilog.core.serialization import SerializedView

from ..events import entry_of
from ..load import Load, Meter, Sent

_TOKEN = "00000000-0000-0000-0000-000000000000"  # noqa: S105 - of nobody
_QUEUE_EVENTS = 2_000


def splunk_handler(load: Load) -> Sent:
    """splunk-handler: unbounded queue; it waits a second between requests, at best."""
    from splunk_handler import SplunkHandler

    meter = Meter(load)
    handler = SplunkHandler(
        "127.0.0.1", load.port, _TOKEN, "main", protocol="http", verify=False,
        flush_interval=load.options.get("flush", 1.0), queue_size=0, source="benchmark",
    )  # fmt: skip
    with meter as sent:
        for data in load.envelopes:
            handler.emit(_record(entry_of(data).decode()))
        sent.written = time.monotonic()
        handler.wait_until_empty()
        sent.done = time.monotonic()
        handler.shutdown()
    return sent


def hass_splunk(load: Load) -> Sent:
    """hass-splunk: a queue and `send`; no gzip, no ledger. Serialized: it is given texts.

    `send` after each 2 000 events: its own example sends after each event, which is a request each.
    """
    import aiohttp
    from hass_splunk import hass_splunk as Client

    async def run() -> Sent:
        meter = Meter(load)
        async with aiohttp.ClientSession() as session:
            client = Client(session, _TOKEN, "127.0.0.1", load.port, use_ssl=False)
            with meter as sent:
                for number, envelope in enumerate(_envelopes(load), 1):
                    await client.queue(envelope, send=number % _QUEUE_EVENTS == 0)
                await client.send()
        return sent

    return asyncio.run(run())


def _envelopes(load: Load) -> Iterator[Any]:
    if load.serialized:
        for data in load.envelopes:
            yield '{"time":1795600000.000,"event":' + entry_of(data).decode() + "}"
    else:
        for entry in load.entries:
            yield {"time": 1795600000.0, "event": entry}


def fapilog_http(load: Load) -> Sent:
    """Fapilog's `http` sink: batches of 1 000 as JSON lines, one after the other, no gzip."""
    from fapilog.plugins.sinks.http_client import HttpSink

    async def run() -> Sent:
        meter = Meter(load)
        sink = HttpSink(
            endpoint=f"{load.url}/services/collector/event", batch_size=1000, batch_format="ndjson"
        )
        await sink.start()
        views = [SerializedView(data) for data in load.envelopes]
        with meter as sent:
            for view in views:
                await sink.write_serialized(view)
            await sink.stop()
        return sent

    return asyncio.run(run())


def _record(text: str) -> logging.LogRecord:
    return logging.LogRecord("shop.checkout", logging.INFO, __file__, 1, text, None, None)
