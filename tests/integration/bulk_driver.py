"""Run in a rendered project: write events through its sink, or replay them; tell the books.

Reads one JSON object from standard input and writes one to standard output.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any


async def write(job: dict[str, Any]) -> Any:
    """Write `count` numbered events as fast as the sink takes them; some do not fit the mapping."""
    sink = sink_for(job)
    for number in range(job["count"]):
        poison = number % job["poison_every"] == 0
        event = {
            "timestamp": "2026-11-23T15:05:52.967Z",
            "level": "INFO",
            "message": f"event {number}",
            "context": {"trace_id": "not a number" if poison else str(number)},
            "data": {"number": number, "text": "x" * 80},
        }
        while not await sink.write(event):
            await asyncio.sleep(0.005)
    return await sink.stop()


def replay(job: dict[str, Any]) -> Any:
    """Offer the events of a dead-letter file to a delivery, as they are."""
    package = job["package"]
    sink = sink_for(job)
    delivery_module = importlib.import_module(f"{package}._delivery.delivery")
    records = importlib.import_module(f"{package}._delivery.records")
    delivery = delivery_module.Delivery(
        "replay", settings=sink.config, exchange=sink.exchange(sink.config)
    )
    for line in Path(job["dead_letters"]).read_text().splitlines():
        offer = delivery.offer(records.Record(json.loads(line)["event"].encode()))
        assert offer.name == "TAKEN"
    return delivery.close(sink.config.close_timeout_seconds)


def check(job: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what the platform's part of `check` says."""
    sink = sink_for(job)
    steps = importlib.import_module(f"{job['package']}.elasticsearch.check").platform_steps
    return [(s.state, s.name, s.text) for s in steps(sink.config, user_agent="integration")]


def sink_for(job: dict[str, Any]) -> Any:
    """Return the project's sink with the job's settings."""
    plugin = importlib.import_module(f"{job['package']}.plugin")
    sink_class = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])
    return sink_class(job["settings"])


def main() -> None:
    """Do the job."""
    job = json.load(sys.stdin)
    if job["mode"] == "check":
        json.dump(check(job), sys.stdout)
        return
    report = asyncio.run(write(job)) if job["mode"] == "write" else replay(job)
    stats = report.stats
    names = ("offered", "accepted", "delivered", "dead_lettered", "pending", "retried", "ambiguous")
    books = {name: getattr(stats, name) for name in names}
    books |= {"dropped": dict(stats.dropped), "balanced": stats.balanced}
    books |= {"warnings": stats.warnings}
    json.dump(books, sys.stdout)


if __name__ == "__main__":
    main()
