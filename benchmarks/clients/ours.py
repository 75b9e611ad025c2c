"""The sinks of the generated projects, called as the host calls them."""

from __future__ import annotations

import asyncio
import threading
import time
from importlib import import_module
from typing import Any

from fapilog.core.serialization import SerializedView

from ..load import Load, Meter, Sent, percentiles

CLASSES = {
    "bulk": ("acme_elasticsearch", "AcmeElasticsearchSink"),
    "hec": ("acme_splunk_hec", "AcmeSplunkHecSink"),
    "syslog": ("acme_syslog_cef", "AcmeSyslogCefSink"),
    "cef": ("acme_syslog_cef", "AcmeSyslogCefSink"),
}
GENERAL = {
    # Room for a whole run: the sender is measured, not the pause of a refused write.
    "buffer_max_bytes": 512 * 1024 * 1024,
    "buffer_max_events": 2_000_000,
    "close_timeout_seconds": 120.0,
}
SETTINGS: dict[str, dict[str, Any]] = {
    "bulk": {"documents": "raw", "batch_max_events": 2_000},
    "hec": {"token": "00000000-0000-0000-0000-000000000000", "batch_max_events": 2_000},
    "syslog": {"batch_max_events": 2_000},
    "cef": {"format": "cef", "batch_max_events": 2_000},
}


def make_sink(load: Load) -> Any:
    """Return the sink of a path with the settings of the benchmark."""
    module, name = CLASSES[load.path]
    settings = {**GENERAL, **SETTINGS[load.path], **load.settings}
    return getattr(import_module(module), name)(url=load.url, **settings)


def inputs(load: Load, sink: Any) -> tuple[Any, list[Any]]:
    """Return the method to call and what to call it with."""
    if load.serialized:
        return sink.write_serialized, [SerializedView(data) for data in load.envelopes]
    return sink.write, load.entries


def ours(load: Load) -> Sent:
    """Write as fast as possible, then stop."""
    sinks = [make_sink(load) for _ in range(load.options.get("sinks", 1))]
    meter = Meter(load)
    return asyncio.run(_run(load, sinks, meter))


async def _run(load: Load, sinks: list[Any], meter: Meter) -> Sent:
    write, items = inputs(load, sinks[0])
    writes = [inputs(load, sink)[0] for sink in sinks] if len(sinks) > 1 else []
    with meter as sent:
        if writes:
            for number, item in enumerate(items):
                await _offered(writes[number % len(writes)], item, sent)
        else:
            for item in items:
                if not await write(item):
                    await _offered(write, item, sent)
        sent.written = time.monotonic()
        for sink in sinks:
            await sink.stop()
        sent.done = time.monotonic()
    sent.more["stats"] = books(sinks)
    return sent


async def _offered(write: Any, item: Any, sent: Sent) -> None:
    while not await write(item):
        sent.refused += 1
        await asyncio.sleep(0.001)


def books(sinks: list[Any]) -> dict[str, Any]:
    """Return what the books of distinct deliveries add up to."""
    every = [sink.stats() for sink in sinks]
    return {
        "balanced": all(stats.balanced for stats in every),
        "delivered": sum(stats.delivered for stats in every),
        "dead_lettered": sum(stats.dead_lettered for stats in every),
        "dropped": sum(sum(stats.dropped.values()) for stats in every),
        "pending": sum(stats.pending for stats in every),
        "retried": sum(stats.retried for stats in every),
    }
