"""Run a row: a receiver, a sender, the audit; and the rows of a group in turn."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BUILD = ROOT / "build" / "benchmarks"
_TIMEOUT_SECONDS = 900
AUDIT = ("lost", "duplicated", "out_of_order", "unknown", "poisoned", "given_up", "refused")


@dataclass(frozen=True)
class Row:
    """One line of the result: what is sent by whom to what."""

    scenario: str
    label: str
    client: str
    path: str
    events: int
    load: dict[str, Any] = field(default_factory=dict)
    """More fields of `Load`."""
    script: dict[str, Any] = field(default_factory=dict)
    """Fields of the receiver's `Script`."""
    spool: bool = False
    """A new folder is given as `spool_directory`."""
    sends_all: bool = True
    """False: an event that found the buffer full is given up, and not offered again."""

    @property
    def name(self) -> str:
        """The key of the row in the result."""
        return f"{self.scenario}: {self.label}"

    @property
    def is_stream(self) -> bool:
        """Whether the receiver reads a stream, which has no acknowledgement."""
        return self.path in ("syslog", "cef")


class Failed(Exception):
    """A sender or receiver ended with an error."""


def projects_path(projects: Path = BUILD / "projects") -> str:
    """Return PYTHONPATH with this repository and the rendered projects."""
    sources = sorted(str(path) for path in projects.glob("*/src"))
    return os.pathsep.join([str(ROOT), *sources])


def sender_environment(path: str | None = None) -> dict[str, str]:
    """Return the environment of senders and receivers; `path` is PYTHONPATH."""
    return {**os.environ, "PYTHONPATH": path or projects_path()}


def report(receiver: subprocess.Popen[str], expected: int) -> dict[str, Any]:
    """Ask a receiver for its audit against `expected` events."""
    assert receiver.stdin is not None
    receiver.stdin.write(f"report {expected}\n")
    receiver.stdin.flush()
    arrived: dict[str, Any] = json.loads(first_line(receiver))
    return arrived


def run_row(row: Row, *, path: str | None = None) -> dict[str, Any]:
    """Run a row once; returns its figures.

    Raises:
        Failed: the sender or the receiver did not get to its end.
    """
    environment = sender_environment(path)
    script = {"stream": row.is_stream, **row.script}
    with tempfile.TemporaryDirectory(prefix="spool-") as folder:
        receiver = start("receiver", script, environment)
        try:
            port = json.loads(first_line(receiver))["port"]
            load = {**row.load, "client": row.client, "path": row.path, "events": row.events}
            load["settings"] = dict(load.get("settings", {}))
            if row.spool:
                load["settings"]["spool_directory"] = str(Path(folder, "spool"))
            sender = start("sender", {**load, "port": port}, environment)
            try:
                sent = json.loads(first_line(sender))
            finally:
                end(sender)
            expected = sent["more"].get("offered", row.events)
            arrived = report(receiver, expected)
        finally:
            end(receiver)
    return _figures(row, sent, arrived, expected)


def run_group(rows: Sequence[Row], runs: int) -> list[dict[str, Any]]:
    """Run each row `runs` times, in turn; returns one summary per row."""
    results: dict[str, list[dict[str, Any]]] = {row.name: [] for row in rows}
    for _ in range(runs):
        for row in rows:
            began = time.monotonic()
            figures = run_row(row)
            results[row.name].append(figures)
            rate = figures["events_per_second"]
            print(f"{row.name:60} {rate:>10,.0f}/s {time.monotonic() - began:6.1f} s", flush=True)
    return [summary(row, results[row.name]) for row in rows]


def summary(row: Row, results: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the medians over the runs of a row, the spread, and the sums of the audit."""
    rates = [result["events_per_second"] for result in results]
    figures = {
        key: round(statistics.median(result[key] for result in results), 4)
        for key in ("events_per_second", "cpu_us", "grown_mib", "peak_mib", "wire_bytes_per_event")
    }
    audit = {key: sum(result[key] for result in results) for key in AUDIT}
    return {
        "name": row.name,
        "scenario": row.scenario,
        "label": row.label,
        "client": row.client,
        "path": row.path,
        "events": row.events,
        "runs": [round(rate) for rate in rates],
        "median": figures,
        "audit": audit,
        "more": _medians([result["more"] for result in results]),
    }


def _figures(
    row: Row, sent: dict[str, Any], arrived: dict[str, Any], expected: int
) -> dict[str, Any]:
    books = sent["more"].get("stats", {})
    given_up = books.get("dropped", 0) + books.get("dead_lettered", 0)
    if not row.sends_all:
        given_up += sent["refused"]
    missing = arrived["lost"]
    if row.client == "host" and "handed_over" in sent["more"]:  # to the sink that does nothing
        missing = expected - sent["more"]["handed_over"]
    count = expected - missing
    end = arrived["last_at"] if row.is_stream else sent["done"]
    return {
        "events_per_second": count / max(1e-9, end - sent["began"]),
        "cpu_us": sent["cpu_seconds"] / max(1, count) * 1e6,
        "grown_mib": sent["grown_mib"],
        "peak_mib": sent["peak_mib"],
        "wire_bytes_per_event": arrived["wire_bytes"] / max(1, count),
        **{key: arrived[key] for key in ("duplicated", "out_of_order", "unknown", "poisoned")},
        "lost": missing - given_up,
        "given_up": given_up,
        "refused": sent["refused"],
        "more": sent["more"],
    }


def _medians(every: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of each figure; of anything else, what the last run said."""
    result: dict[str, Any] = {}
    for key, value in every[-1].items():
        values = [each[key] for each in every]
        if isinstance(value, dict):
            result[key] = _medians(values)
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            result[key] = round(statistics.median(values), 4)
        else:
            result[key] = value
    return result


def start(module: str, task: dict[str, Any], environment: dict[str, str]) -> subprocess.Popen[str]:
    """Start a module of this package with its task; it ends when its standard input does."""
    command = [sys.executable, "-m", f"benchmarks.{module}", json.dumps(task)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=ROOT,
    )
    watchdog = threading.Timer(_TIMEOUT_SECONDS, process.kill)
    watchdog.daemon = True
    watchdog.start()
    return process


def first_line(process: subprocess.Popen[str]) -> str:
    """Return the next line of JSON that a process prints."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("{"):  # some clients print
            return line
    raise Failed(f"{process.args!r} said nothing; exit code {process.wait()}")


def end(process: subprocess.Popen[str]) -> None:
    """Close its pipes, and see that it ends."""
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
