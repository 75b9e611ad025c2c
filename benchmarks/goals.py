"""What is promised, as ratios between rows of one run, and what the nightly gate asks for.

A goal compares with the peer as its users call it. Where a peer can be called in a faster way
(finished texts, an optional serializer, a record made before) the same goal stands a second time,
marked "stricter".
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Rows = dict[str, dict[str, Any]]

_BULK = "bulk, serialized: "
_HEC = "HEC, serialized: "
_MIB_BESIDE_THE_BUFFER = 20.0
_MOST_OF_THE_BUFFER = 1.5


@dataclass(frozen=True)
class Goal:
    """One line of the table of goals."""

    text: str
    value: Callable[[Rows], float]
    bound: float | Callable[[Rows], float]
    at_least: bool = True
    unit: str = "\u00d7"

    def judge(self, rows: Rows) -> dict[str, Any] | None:
        """Return goal, reached and whether it is met; None where a row is missing."""
        try:
            value = self.value(rows)
            bound = self.bound(rows) if callable(self.bound) else self.bound
        except KeyError:
            return None
        compare = operator.ge if self.at_least else operator.le
        return {
            "text": self.text,
            "goal": f"{'≥' if self.at_least else '≤'} {bound:g} {self.unit}".strip(),
            "reached": f"{value:.3g} {self.unit}".strip(),
            "met": compare(value, bound),
        }


def judged(rows: Rows) -> list[dict[str, Any]]:
    """Return every goal whose rows were measured."""
    return [line for goal in GOALS if (line := goal.judge(rows)) is not None]


def rate(rows: Rows, name: str) -> float:
    """Return a row's median of events a second."""
    return float(rows[name]["median"]["events_per_second"])


def ratio(ours: str, peer: str) -> Callable[[Rows], float]:
    """Return a function for the ratio of two rows."""
    return lambda rows: rate(rows, ours) / rate(rows, peer)


def worst(*values: Callable[[Rows], float]) -> Callable[[Rows], float]:
    """Return a function for the smallest of several ratios."""
    return lambda rows: min(value(rows) for value in values)


def _hosted(config: str) -> Callable[[Rows], float]:
    name = f"host, {config}: "
    return worst(*(ratio(name + path, name + "no-op") for path in ("HEC", "bulk", "syslog")))


def _written(percentile: str) -> Callable[[Rows], float]:
    return lambda rows: max(
        rows[f"write: {path}, no pace"]["more"]["write_us"][percentile]
        for path in ("HEC", "bulk", "syslog")
    )


def _outage_bound(rows: Rows) -> float:
    cap = float(rows["faults: outage"]["buffer_mib"])
    return _MOST_OF_THE_BUFFER * cap + _MIB_BESIDE_THE_BUFFER


def _recovery(rows: Rows) -> float:
    recovered = float(rows["faults: outage"]["more"]["recovery_per_second"])
    return recovered / rate(rows, _BULK + "ours")


def _audit(*keys: str) -> Callable[[Rows], float]:
    """Count in all rows of ours; a receiver that never answers makes no row of its own."""
    ours = ("ours", "host", "latency", "outage", "shutdown", "startup")
    return lambda rows: float(
        sum(row["audit"][key] for row in rows.values() for key in keys if row["client"] in ours)
    )


GOALS = (
    Goal(
        "bulk, serialized / elasticsearch-py `async_streaming_bulk`",
        ratio(_BULK + "ours", _BULK + "es async, dict"),
        3.5,
    ),
    Goal(
        "the same, stricter: the peer gets finished texts",
        ratio(_BULK + "ours", _BULK + "es async, text"),
        3.5,
    ),
    Goal(
        "bulk, serialized / opensearch-py `streaming_bulk`",
        ratio(_BULK + "ours", _BULK + "opensearch-py, dict"),
        3.2,
    ),
    Goal(
        "the same, stricter: the peer gets finished texts",
        ratio(_BULK + "ours", _BULK + "opensearch-py, text"),
        3.2,
    ),
    Goal("bulk, serialized / bare loop", ratio(_BULK + "ours", _BULK + "bare loop"), 0.65),
    Goal("HEC, serialized / splunk-handler", ratio(_HEC + "ours", _HEC + "splunk-handler"), 100),
    Goal(
        "the same, stricter: the peer flushes every 0.05 s",
        ratio(_HEC + "ours", _HEC + "splunk-handler, flush 0.05 s"),
        100,
    ),
    Goal(
        "HEC, serialized / hass-splunk: a queue, no gzip, no ledger",
        ratio(_HEC + "ours", _HEC + "hass-splunk, dict"),
        1,
    ),
    Goal(
        "the same, stricter: the peer gets finished texts",
        ratio(_HEC + "ours", _HEC + "hass-splunk, text"),
        1,
    ),
    Goal("HEC, serialized / bare loop", ratio(_HEC + "ours", _HEC + "bare loop"), 0.65),
    Goal(
        "bulk with ECS and HEC, dicts / elasticsearch-py",
        worst(
            ratio("dict: bulk ECS, ours", "dict: es async"),
            ratio("dict: HEC, ours", "dict: es async"),
        ),
        1.8,
    ),
    Goal(
        "the same, stricter: the peer with orjson",
        worst(
            ratio("dict: bulk ECS, ours", "dict: es async, orjson"),
            ratio("dict: HEC, ours", "dict: es async, orjson"),
        ),
        1.8,
    ),
    Goal(
        "syslog RFC 5424 over TCP / SysLogHandler",
        ratio("syslog: RFC 5424, ours", "syslog: SysLogHandler"),
        4,
    ),
    Goal(
        "syslog CEF over TCP / SysLogHandler",
        ratio("syslog: CEF, ours", "syslog: SysLogHandler"),
        3,
    ),
    Goal("through the host, bare / no-op sink", _hosted("bare"), 0.85),
    Goal("through the host, default / no-op sink", _hosted("default"), 0.95),
    Goal("`write` in the caller's thread, median", _written("p50"), 3.5, False, "µs"),
    Goal("`write` in the caller's thread, 99 %", _written("p99"), 50, False, "µs"),
    Goal(
        "outage: memory grown",
        lambda rows: rows["faults: outage"]["median"]["grown_mib"],
        _outage_bound,
        False,
        "MiB",
    ),
    Goal("outage: recovery / steady", _recovery, 0.8),
    Goal("spool `interval` / memory", ratio("spool: interval", "spool: memory"), 0.5),
    Goal("events lost without being told, all rows", _audit("lost"), 0, False, ""),
    Goal("events duplicated or unknown, all rows", _audit("duplicated", "unknown"), 0, False, ""),
)

GATE: tuple[tuple[str, str, float], ...] = (
    # Ours, whom it is compared with, the least ratio: wide, for a noisy machine.
    ("bulk, serialized: ours", "bulk, serialized: es async, dict", 1.7),
    ("bulk, serialized: ours", "bulk, serialized: bare loop", 0.3),
    ("dict: bulk ECS, ours", "dict: es async", 0.8),
    ("dict: HEC, ours", "dict: es async", 0.8),
    ("HEC, serialized: ours", "HEC, serialized: splunk-handler", 50),
    ("HEC, serialized: ours", "HEC, serialized: bare loop", 0.3),
    ("syslog: RFC 5424, ours", "syslog: SysLogHandler", 0.3),
    ("syslog: CEF, ours", "syslog: SysLogHandler", 0.15),
    ("host, bare: HEC", "host, bare: no-op", 0.4),
    ("host, default: HEC", "host, default: no-op", 0.6),
    ("spool: interval", "spool: memory", 0.25),
)


def gate_failures(rows: Rows) -> list[str]:
    """Return what is slower than the gate allows, or did not arrive once."""
    failures = []
    for ours, peer, least in GATE:
        reached = ratio(ours, peer)(rows)
        if reached < least:
            failures.append(f"{ours}: {reached:.2f} times {peer}, at least {least} is asked for")
    for key in ("lost", "duplicated", "unknown"):
        count = _audit(key)(rows)
        if count:
            failures.append(f"{count:.0f} events {key}")
    return failures
