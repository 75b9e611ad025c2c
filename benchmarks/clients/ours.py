"""The sinks of the generated projects, called as the host calls them."""

from __future__ import annotations

import asyncio
import threading
import time
from importlib import import_module
from typing import Any

from ..events import Endless
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
    "bulk": {"documents": "as_is", "batch_max_events": 2_000},
    "hec": {
        "token": "00000000-0000-0000-0000-000000000000",
        "events": "as_is",
        "batch_max_events": 2_000,
    },
    "syslog": {"batch_max_events": 2_000},
    "cef": {"format": "cef", "batch_max_events": 2_000},
}
_SAMPLED = 20  # each so many-th event is watched until its acknowledgement
_LOOK_SECONDS = 0.002
_TICK_SECONDS = 0.02
_RECOVERY_SECONDS = 0.25


def make_sink(load: Load) -> Any:
    """Return the sink of a path with the settings of the benchmark."""
    module, name = CLASSES[load.path]
    settings = {**GENERAL, **SETTINGS[load.path], **load.settings}
    return getattr(import_module(module), name)(url=load.url, **settings)


def view_of(data: bytes) -> Any:
    """Return an envelope as the host hands it over."""
    from fapilog.core.serialization import SerializedView  # here, since `startup` times the import

    return SerializedView(data)


def inputs(load: Load, sink: Any) -> tuple[Any, list[Any]]:
    """Return the method to call and what to call it with."""
    if load.serialized:
        return sink.write_serialized, [view_of(data) for data in load.envelopes]
    return sink.write, load.entries


def ours(load: Load) -> Sent:
    """Write as fast as possible, then stop."""
    sinks = []
    for number in range(load.options.get("sinks", 1)):
        load.settings["hold_seconds"] = 30.0 + number  # those with equal settings would share
        sinks.append(make_sink(load))
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


def latency(load: Load) -> Sent:
    """How long `write` takes in the caller's thread, and how long until an event is acknowledged.

    Without a `rate`, as fast as possible: senders are busy all the time. A thread looks at the
    books each few milliseconds to see when an event was acknowledged.
    """
    sink = make_sink(load)
    meter = Meter(load)
    return asyncio.run(_timed(load, sink, meter))


async def _timed(load: Load, sink: Any, meter: Meter) -> Sent:
    write, items = inputs(load, sink)
    rate = load.options.get("rate", 0)
    taken: list[float] = []
    acknowledged = _Acknowledged(sink)
    clock = time.perf_counter
    with meter as sent:
        if rate:
            acknowledged.start()
        for number, item in enumerate(items):
            began = clock()
            while not await write(item):
                sent.refused += 1
            taken.append((clock() - began) * 1e6)
            if rate:
                if number % _SAMPLED == 0:
                    acknowledged.wrote(number)
                await _until(sent.began + number / rate)
        sent.written = time.monotonic()
        await sink.stop()
        sent.done = time.monotonic()
    sent.more["write_us"] = percentiles(taken)
    if rate:
        sent.more["acknowledged_ms"] = percentiles(acknowledged.finish())
    sent.more["stats"] = books([sink])
    return sent


class _Acknowledged(threading.Thread):
    """Looks when sampled events, which are delivered in order, are in the books as delivered."""

    def __init__(self, sink: Any) -> None:
        super().__init__(daemon=True)
        self._sink = sink
        self._written: list[tuple[int, float]] = []
        self._ended = threading.Event()
        self._milliseconds: list[float] = []

    def wrote(self, number: int) -> None:
        """Note that event `number` was just written."""
        self._written.append((number, time.monotonic()))

    def run(self) -> None:
        """Look until told to end, and once more."""
        place = 0
        last = False
        while not last:
            last = self._ended.wait(_LOOK_SECONDS)
            delivered = self._sink.stats().delivered
            now = time.monotonic()
            while place < len(self._written) and self._written[place][0] < delivered:
                self._milliseconds.append((now - self._written[place][1]) * 1e3)
                place += 1

    def finish(self) -> list[float]:
        """End, and return milliseconds from the write to the acknowledgement."""
        self._ended.set()
        self.join()
        return self._milliseconds


async def _until(due: float) -> None:
    ahead = due - time.monotonic()
    if ahead > 0:
        await asyncio.sleep(ahead)


def outage(load: Load) -> Sent:
    """Write at a pace while the receiver goes away and comes back.

    An event that finds the buffer full is given up, as the host would do: it is `refused`, and
    the audit counts it as never sent.
    """
    sink = make_sink(load)
    load.events = 0  # made as time goes on
    meter = Meter(load)
    sent = asyncio.run(_through_outage(load, sink, meter))
    sent.more["curve"] = [[round(at, 1), round(mib, 1)] for at, mib in _thinned(meter.curve)]
    return sent


async def _through_outage(load: Load, sink: Any, meter: Meter) -> Sent:
    rate = load.options["rate"]
    until = load.options["seconds"]
    source = Endless()
    backlog: list[tuple[float, int]] = []
    with meter as sent:
        number = 0
        while (now := time.monotonic() - sent.began) < until:
            for _ in range(int(now * rate) - number):
                if not await sink.write_serialized(view_of(source.envelope(number))):
                    sent.refused += 1
                number += 1
            backlog.append((now, sink.stats().delivered))
            await asyncio.sleep(_TICK_SECONDS)
        sent.written = time.monotonic()
        await sink.stop()
        sent.done = time.monotonic()
    sent.more["offered"] = number
    sent.more["recovery_per_second"] = _best_rate(backlog)
    sent.more["stats"] = books([sink])
    return sent


def _best_rate(progress: list[tuple[float, int]]) -> float:
    """Return the events per second of the fastest quarter of a second."""
    best, start = 0.0, 0
    for at, delivered in progress:
        while at - progress[start][0] > _RECOVERY_SECONDS:
            best = max(best, (delivered - progress[start][1]) / (at - progress[start][0]))
            start += 1
    return best


def _thinned(curve: list[tuple[float, float]], most: int = 240) -> list[tuple[float, float]]:
    step = max(1, len(curve) // most)
    return curve[::step]


def shutdown(load: Load) -> Sent:
    """How long `stop` takes with a full buffer; the receiver takes nothing until then."""
    sink = make_sink(load)
    meter = Meter(load)
    return asyncio.run(_filled(load, sink, meter))


async def _filled(load: Load, sink: Any, meter: Meter) -> Sent:
    write, items = inputs(load, sink)
    with meter as sent:
        for item in items:
            if not await write(item):
                sent.refused += 1
        await _until(sent.began + load.options["wait"])
        sent.more["pending"] = sink.stats().pending
        sent.written = time.monotonic()
        await sink.stop()
        sent.done = time.monotonic()
    sent.more["stop_seconds"] = sent.done - sent.written
    sent.more["stats"] = books([sink])
    return sent


def startup(load: Load) -> Sent:
    """What it costs to have the sink: import, construction, the first event."""
    steps = {}
    at = time.perf_counter()
    import_module("fapilog")
    steps["import_fapilog_ms"], at = _since(at)
    import_module(CLASSES[load.path][0])
    steps["import_sink_ms"], at = _since(at)
    sink = make_sink(load)
    steps["construct_ms"], _ = _since(at)
    meter = Meter(load)
    sent = asyncio.run(_run(load, [sink], meter))
    steps["first_event_ms"] = (sent.done - sent.began) * 1e3
    sent.more |= steps
    return sent


def _since(began: float) -> tuple[float, float]:
    now = time.perf_counter()
    return (now - began) * 1e3, now
