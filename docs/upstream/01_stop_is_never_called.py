"""A drain never calls the `stop()` of a sink.

The sink protocol has `start()` and `stop()`, and the documentation asks a sink to release its
connections and flush its batches in `stop()`. Neither `SyncLoggerFacade.stop_and_drain()` nor
`AsyncLoggerFacade.drain()` calls it. Enrichers, redactors, filters and processors are stopped;
sinks are not.

Why it matters: a sink that batches loses its last batch at every shutdown, and `DrainResult`
reports those events as processed. The built-in sinks with `batch_size` above 1 are concerned as
well.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import sys
from importlib.metadata import version
from typing import Any

from fapilog import get_async_logger, get_logger


class CountingSink:
    """Counts what it is asked to do."""

    name = "counting"

    def __init__(self) -> None:
        self.events = self.stops = 0

    async def start(self) -> None:
        """Start nothing."""

    async def stop(self) -> None:
        """Count the call."""
        self.stops += 1

    async def write(self, entry: dict[str, Any]) -> None:
        """Count the event."""
        self.events += 1


async def drain_async_logger(sink: CountingSink) -> None:
    """Log one event with the asynchronous facade and drain it."""
    logger = await get_async_logger("async", sinks=[sink], reuse=False)
    await logger.info("an event")
    await logger.drain()


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    sink = CountingSink()
    logger = get_logger("sync", sinks=[sink], reuse=False)
    logger.info("an event")
    asyncio.run(logger.stop_and_drain())
    asyncio.run(drain_async_logger(sink))
    print("fapilog", version("fapilog"))
    print("expected: 2 events written, stop() called by each of 2 drains")
    print(f"seen: {sink.events} events written, stop() called {sink.stops} times")
    if sink.events != 2:
        return 2
    return 0 if sink.stops == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
