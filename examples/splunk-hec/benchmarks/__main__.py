# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""`python -m benchmarks [--events N] [--runs N]`: events a second, processor time, memory, and the audit.

The sink writes to a receiver in another process on this machine, once with events as dicts and once as the
host's bytes. It exits with 1 if an event got lost or came twice. Compare with a run before your change on the
same machine: the figures of different machines say nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from acme_splunk_hec import (
    AcmeSplunkHecSink as Sink,
)

from .receiver import mark

PLATFORM = "splunk_hec"
KIND = "stream" if PLATFORM == "syslog_cef" else "http"
SCHEME = "tcp" if KIND == "stream" else "http"
SETTINGS: dict[str, Any] = {
    # Room for a whole run: what is measured is the sink and not the pause of a refused write.
    "buffer_max_bytes": 1024 * 1024 * 1024,
    "buffer_max_events": 10_000_000,
    "close_timeout_seconds": 120.0,
}
if PLATFORM == "splunk_hec":
    SETTINGS |= {"token": "00000000-0000-0000-0000-000000000000"}


def main(arguments: list[str]) -> int:
    """Run the benchmark; returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, help="events of one run")
    parser.add_argument("--runs", type=int, default=3, help="runs; the median is printed")
    options = parser.parse_args(arguments)
    whole = True
    for method in ("write", "write_serialized"):
        results = [run(method, options.events) for _ in range(options.runs)]
        middle = {key: statistics.median(each[key] for each in results) for key in results[0]}
        lost, twice = (sum(each[key] for each in results) for key in ("lost", "twice"))
        whole = whole and not lost and not twice
        print(
            f"{method:17} {middle['per_second']:>9,.0f} events/s  write {middle['write_us']:.1f} us"
            f"  processor {middle['cpu_us']:.1f} us/event  lost {lost:.0f}  twice {twice:.0f}"
            f"  out of order {middle['out_of_order']:.0f}"
        )
    return 0 if whole else 1


def run(method: str, count: int) -> dict[str, float]:
    """Send `count` events by a method of the sink and return the figures and the audit."""
    events: list[Any] = [event(number) for number in range(count)]
    if method == "write_serialized":
        events = [
            json.dumps(
                {"log": each, "schema_version": "1.1"}, separators=(",", ":"), sort_keys=True
            ).encode()
            for each in events
        ]
    receiver = subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "benchmarks.receiver", KIND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[1],
    )
    with receiver:
        assert receiver.stdin is not None
        assert receiver.stdout is not None
        url = f"{SCHEME}://127.0.0.1:{int(receiver.stdout.readline())}"
        figures = asyncio.run(_send(method, events, url))
        receiver.stdin.write(f"report {count}\n")
        receiver.stdin.flush()
        found = json.loads(receiver.stdout.readline())
    seconds = (found["last_at"] if KIND == "stream" else figures.pop("done")) - figures["began"]
    return {**figures, **found, "per_second": count / max(1e-9, seconds)}


def event(number: int) -> dict[str, Any]:
    """Return an event in the host's shape, of about 265 bytes as JSON."""
    return {
        "timestamp": f"2026-11-25T12:{number // 60_000 % 60:02d}:{number // 1000 % 60:02d}"
        f".{number % 1000:03d}Z",
        "level": "INFO",
        "message": f"order {number * 7919 % 1_000_003} accepted, payment captured, shipment from"
        f" warehouse {number * 104_729 % 997} scheduled",
        "logger": "shop.checkout",
        "context": {"correlation_id": f"{number * 11_400_714_819_323_198_485 % 2**64:016x}"},
        "data": {"seq": mark(number)},
    }


async def _send(method: str, events: list[Any], url: str) -> dict[str, float]:
    sink = Sink(url=url, **SETTINGS)
    write = getattr(sink, method)
    cpu = time.process_time()
    began = time.monotonic()
    for each in events:
        while not await write(each):
            await asyncio.sleep(0.001)
    written = time.monotonic()
    await sink.stop()
    return {
        "began": began,
        "done": time.monotonic(),
        "write_us": (written - began) / len(events) * 1e6,
        "cpu_us": (time.process_time() - cpu) / len(events) * 1e6,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
