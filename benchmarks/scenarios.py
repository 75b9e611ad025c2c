"""What is measured, as data: groups of rows that run in turn.

The numbers of events are such that a run takes one to two seconds of sending; `scale` makes all
smaller. The labels are the keys of the goals in `goals.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from .clients.relay import is_installed
from .run import Row

OUTAGE = "outage"
BUFFER_MIB = 64
_BUFFER = {"buffer_max_bytes": BUFFER_MIB * 1024 * 1024, "buffer_max_events": 500_000}
_ECS = {"settings": {"documents": "ecs"}}
_MAPPED = {"settings": {"events": "mapped"}}
_TEXT = {"serialized": True}
_DICT = {"serialized": False}


@dataclass(frozen=True)
class Group:
    """Rows that are compared with each other."""

    title: str
    about: str
    rows: tuple[Row, ...]
    runs: int = 5


def groups() -> list[Group]:
    """Return everything that the default run measures."""
    return [
        *_steady(),
        *_sizes(),
        *_through_host(),
        *_misbehaving(),
        *_durable(),
        *_life(),
    ]


def scaled(group: Group, *, scale: float, runs: int) -> Group:
    """Return a group with fewer events and runs; what takes its time by the clock keeps it."""
    rows = tuple(replace(row, events=max(1, int(row.events * scale))) for row in group.rows)
    return replace(group, rows=rows, runs=min(group.runs, runs))


def _steady() -> Iterator[Group]:
    yield Group(
        "bulk, serialized",
        "Events that the host has serialized already. `text`: the peer gets texts, which it does"
        " not parse; `dict`: it gets dicts, as its users give them.",
        (
            Row("bulk, serialized", "ours", "ours", "bulk", 200_000, _TEXT),
            Row("bulk, serialized", "ours, ECS", "ours", "bulk", 100_000, _TEXT | _ECS),
            Row("bulk, serialized", "bare loop", "bare_bulk", "bulk", 300_000, _TEXT),
            Row("bulk, serialized", "es async, dict", "es_async", "bulk", 80_000, _DICT),
            Row("bulk, serialized", "es async, text", "es_async", "bulk", 80_000, _TEXT),
            Row("bulk, serialized", "es sync, text", "es_sync", "bulk", 80_000, _TEXT),
            Row("bulk, serialized", "opensearch-py, dict", "opensearch", "bulk", 80_000, _DICT),
            Row("bulk, serialized", "opensearch-py, text", "opensearch", "bulk", 100_000, _TEXT),
            Row(
                "bulk, serialized",
                "opensearch-py async, text",
                "opensearch_async",
                "bulk",
                80_000,
                _TEXT,
            ),
        ),
    )
    yield Group(
        "dicts",
        "Events as dicts; `orjson`: the peer with its optional serializer.",
        (
            Row("dict", "bulk ECS, ours", "ours", "bulk", 100_000, _DICT | _ECS),
            Row("dict", "bulk as it is, ours", "ours", "bulk", 100_000, _DICT),
            Row("dict", "HEC, ours", "ours", "hec", 100_000, _DICT),
            Row("dict", "HEC mapped, ours", "ours", "hec", 100_000, _DICT | _MAPPED),
            Row("dict", "syslog, ours", "ours", "syslog", 80_000, _DICT),
            Row("dict", "es async", "es_async", "bulk", 80_000, _DICT),
            Row(
                "dict",
                "es async, orjson",
                "es_async",
                "bulk",
                80_000,
                _DICT | {"options": {"orjson": True}},
            ),
            Row("dict", "es sync", "es_sync", "bulk", 80_000, _DICT),
        ),
    )
    yield Group(
        "HEC, serialized",
        "hass-splunk has a queue, neither gzip nor a ledger; as `text` it gets finished envelopes.",
        (
            Row("HEC, serialized", "ours", "ours", "hec", 200_000, _TEXT),
            Row("HEC, serialized", "ours, mapped", "ours", "hec", 100_000, _TEXT | _MAPPED),
            Row("HEC, serialized", "bare loop", "bare_hec", "hec", 300_000, _TEXT),
            Row("HEC, serialized", "hass-splunk, dict", "hass_splunk", "hec", 100_000, _DICT),
            Row("HEC, serialized", "hass-splunk, text", "hass_splunk", "hec", 300_000, _TEXT),
            Row("HEC, serialized", "splunk-handler", "splunk_handler", "hec", 5_000, _TEXT),
            Row(
                "HEC, serialized",
                "splunk-handler, flush 0.05 s",
                "splunk_handler",
                "hec",
                20_000,
                {"options": {"flush": 0.05}},
            ),
            Row("HEC, serialized", "fapilog http", "fapilog_http", "hec", 80_000, _TEXT),
        ),
    )
    yield Group(
        "syslog over TCP",
        "The handlers stand behind a stdlib logger, as they are used, and get the event as JSON"
        " text; `emit`: called with a record that is made already.",
        (
            Row("syslog", "RFC 5424, ours", "ours", "syslog", 100_000, _TEXT),
            Row("syslog", "CEF, ours", "ours", "cef", 60_000, _TEXT),
            Row("syslog", "SysLogHandler", "sysloghandler", "syslog", 100_000, _TEXT),
            Row("syslog", "SysLogHandler, emit", "sysloghandler_emit", "syslog", 200_000, _TEXT),
            Row("syslog", "rfc5424 handler", "rfc5424_handler", "syslog", 80_000, _TEXT),
            *(
                [Row("syslog", "rsyslog, for context", "rsyslog", "syslog", 300_000, _TEXT)]
                if is_installed()
                else []
            ),
        ),
    )


def _sizes() -> Iterator[Group]:
    for size, text, bytes_ in (
        ("small", "ascii", 100),
        ("large", "ascii", 2048),
        ("usual", "other", 265),
    ):
        name = f"{bytes_} bytes" + ("" if text == "ascii" else ", not ASCII")
        load = {"size": size, "text": text}
        count = 40_000 if size == "large" else 100_000
        yield Group(
            name,
            "The same with other events.",
            (
                Row(name, "bulk, ours", "ours", "bulk", count, load),
                Row(name, "bulk, es async, text", "es_async", "bulk", count // 2, load),
                Row(name, "HEC, ours", "ours", "hec", count, load),
                Row(name, "syslog, ours", "ours", "syslog", count, load),
                Row(name, "syslog, SysLogHandler", "sysloghandler", "syslog", count, load),
            ),
            runs=3,
        )


def _through_host() -> Iterator[Group]:
    for config, count, rate in (
        ("default", 12_000, 0),
        ("bare", 60_000, 0),
        ("production", 3_000, 1_000),
    ):
        name = f"host, {config}"
        options = {"config": config, "rate": rate}
        empty = Row(
            name,
            "no-op",
            "host",
            "hec",
            count,
            {"options": {**options, "noop": True}},
        )
        yield Group(
            name,
            "`logger.info` until all is delivered"
            + (f", {rate} events a second" if rate else ", as fast as possible"),
            (
                empty,
                Row(name, "HEC", "host", "hec", count, {"options": options}),
                Row(name, "bulk", "host", "bulk", count, {"options": options, **_ECS}),
                Row(name, "syslog", "host", "syslog", count, {"options": options}),
            ),
            runs=3 if rate else 5,
        )


def _misbehaving() -> Iterator[Group]:
    for milliseconds, count in ((50, 100_000), (500, 20_000)):
        name = f"slow receiver, {milliseconds} ms"
        script = {"delay_seconds": milliseconds / 1000}
        four = {"settings": {"max_connections": 4}}
        yield Group(
            name,
            "Each answer comes late; four connections give up the order of events.",
            (
                Row(name, "bulk, ours", "ours", "bulk", count, {}, script),
                Row(name, "bulk, ours, 4 connections", "ours", "bulk", count, four, script),
                Row(name, "bulk, es async, text", "es_async", "bulk", count, _TEXT, script),
            ),
            runs=2,
        )
    retry = {"settings": {"retry_initial_seconds": 0.1, "retry_max_seconds": 1.0}}
    yield Group(
        "faults",
        "1 % of the documents refused for good; 429 with `Retry-After: 1` to all for 3 s; the"
        " receiver away for a while under a steady load, with a buffer of 64 MiB, which fills.",
        (
            Row("faults", "1 % poison", "ours", "bulk", 100_000, {}, {"poison_every": 100}),
            Row("faults", "429 storm", "ours", "bulk", 100_000, retry, {"storm_seconds": 3.0}),
            outage_row(18, (4.0, 13.0), rate=20_000),
        ),
        runs=2,
    )


def outage_row(seconds: int, away: tuple[float, float], *, rate: int = 10_000) -> Row:
    """Return the row of an outage under `rate` events a second, with the default buffer."""
    settings = {**_BUFFER, "retry_max_seconds": 5.0, "block_timeout_seconds": 0}
    options = {"rate": rate, "seconds": seconds}
    load = {"settings": settings, "options": options}
    script = {"outage_seconds": away}
    return Row("faults", OUTAGE, "outage", "bulk", rate * seconds, load, script, sends_all=False)


def _durable() -> Iterator[Group]:
    yield Group(
        "spool",
        "Events on disk before `write` returns; HEC.",
        (
            Row("spool", "memory", "ours", "hec", 100_000),
            *(
                Row(
                    "spool",
                    mode,
                    "ours",
                    "hec",
                    2_000 if mode == "always" else 100_000,
                    {"settings": {"spool_fsync": mode}},
                    spool=True,
                )
                for mode in ("never", "interval", "always")
            ),
        ),
        runs=3,
    )


def _life() -> Iterator[Group]:
    yield Group(
        "write",
        "Time of `write_serialized` in the caller's thread; without a pace the sender is busy"
        " throughout. Paced: also until the acknowledgement, with `linger_seconds` 0.05 and 1.",
        (
            Row("write", "HEC, no pace", "latency", "hec", 200_000),
            Row("write", "bulk, no pace", "latency", "bulk", 200_000),
            Row("write", "syslog, no pace", "latency", "syslog", 100_000),
            *(
                Row(
                    "write",
                    f"HEC, 10 000/s, linger {linger}",
                    "latency",
                    "hec",
                    30_000,
                    {"settings": {"linger_seconds": linger}, "options": {"rate": 10_000}},
                )
                for linger in (0.05, 1.0)
            ),
        ),
        runs=3,
    )
    yield Group(
        "start and stop",
        "Import, construction, first event; `stop` with 64 MiB pending, the target well or away"
        " (`close_timeout_seconds` 5).",
        (
            Row("start", "HEC", "startup", "hec", 1),
            Row("start", "bulk", "startup", "bulk", 1),
            Row("start", "syslog", "startup", "syslog", 1),
            Row(
                "stop",
                "full buffer, target well",
                "shutdown",
                "hec",
                150_000,
                {"settings": {**_BUFFER, "block_timeout_seconds": 0}, "options": {"wait": 6.0}},
                {"storm_seconds": 5.5},
                sends_all=False,
            ),
            Row(
                "stop",
                "full buffer, target away",
                "shutdown",
                "hec",
                150_000,
                {
                    "settings": {
                        **_BUFFER,
                        "block_timeout_seconds": 0,
                        "close_timeout_seconds": 5.0,
                    },
                    "options": {"wait": 6.0},
                },
                {"storm_seconds": 600.0},
                sends_all=False,
            ),
        ),
        runs=1,
    )
    yield Group(
        "scaling",
        "As the number of events, of sinks (each with its own delivery) and of loggers grows.",
        (
            *(
                Row("scaling", f"{n:,} events", "ours", "hec", n)
                for n in (10_000, 100_000, 400_000)
            ),
            *(
                Row("scaling", f"{n} sinks", "ours", "hec", 100_000, {"options": {"sinks": n}})
                for n in (2, 4)
            ),
            *(
                Row(
                    "scaling",
                    f"{n} loggers, bare host",
                    "host",
                    "hec",
                    30_000,
                    {"options": {"config": "bare", "loggers": n}},
                )
                for n in (1, 4, 16)
            ),
        ),
        runs=2,
    )
