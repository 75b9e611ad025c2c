"""A sink that serves a second logger, or a logger made after a drain, is not started there.

The host marks a started sink with an attribute that it sets on the instance (`sink._started =
True`) and never takes away. A second worker loop finds the mark and does not call `start()`. What
the sink made in the first loop is dead by then: at the end of a drain the host cancels the tasks
that are left in the loop, and closes it.

Why it matters: after a reload of the configuration, or in the second of two `asyncio.run`, a sink
with a background task accepts events and delivers none.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import sys
from importlib.metadata import version
from typing import Any

from fapilog import get_logger


class QueueingSink:
    """Hands events to a task that it makes in `start()`."""

    name = "queueing"

    def __init__(self) -> None:
        self.starts = self.events = self.delivered = 0

    async def start(self) -> None:
        """Make the queue and its task in the running loop."""
        self.starts += 1
        self.queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task = asyncio.get_running_loop().create_task(self.deliver())

    async def deliver(self) -> None:
        """Deliver what comes."""
        while True:
            await self.queue.get()
            self.delivered += 1

    async def write(self, entry: dict[str, Any]) -> None:
        """Give the event to the task, and let it run."""
        self.events += 1
        self.queue.put_nowait(entry)
        await asyncio.sleep(0)
        await asyncio.sleep(0)


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    sink = QueueingSink()
    delivered = []
    for name in ("first", "second"):
        logger = get_logger(name, sinks=[sink], reuse=False)
        logger.info("an event")
        asyncio.run(logger.stop_and_drain())
        delivered.append(sink.delivered)
    print("fapilog", version("fapilog"))
    print("expected: 2 starts in 2 loops, 2 of 2 events delivered")
    print(f"seen: {sink.starts} starts, {sink.delivered} of {sink.events} events delivered")
    if (sink.events, delivered[0]) != (2, 1):
        return 2
    return 0 if sink.starts == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
