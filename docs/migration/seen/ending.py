"""What a drain waits for, and what a full queue does to whoever logs."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fapilog import get_async_logger, get_logger
from probe import Probe, Stuck, logged, logged_in_loop, settings_with, tell, wait_for

SLOW_SECONDS = 0.2
CALLS = 40


class Leaving(Probe):
    """Leaves a task in the loop, as a sink with a background task does."""

    cancelled = False
    task: asyncio.Task[None] | None = None

    async def write(self, entry: Any) -> None:
        """Start the task with the first event."""
        await super().write(entry)
        if self.task is None:
            self.task = asyncio.ensure_future(self._until_cancelled())
            await asyncio.sleep(0)

    async def _until_cancelled(self) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.cancelled = True
            raise


class Cancelling(Probe):
    """Lets the cancellation of its second write out."""

    calls = 0

    async def write(self, entry: Any) -> None:
        """Fail once."""
        self.calls += 1
        if self.calls == 2:
            raise asyncio.CancelledError
        await super().write(entry)


def five(logger: Any) -> None:
    """Log five events."""
    for number in range(5):
        logger.info(f"event {number}")


def yes(seen: bool) -> str:
    """Write it for the table."""
    return "yes" if seen else "no"


async def one(logger: Any) -> None:
    """Log an event with the asynchronous logger."""
    await logger.info("event")


async def cancelled_by_drain() -> str:
    """Return whether a drain inside a loop cancels what a sink left there."""
    sink = Leaving()
    await logged_in_loop(sink, one)
    seen = sink.cancelled
    if sink.task is not None and not seen:
        sink.task.cancel()
    return yes(seen)


def slow_drain() -> str:
    """Return whether a drain gives up after `shutdown_timeout_seconds`."""
    sink = Probe(SLOW_SECONDS)
    logged(sink, five, shutdown_timeout_seconds=0.1)
    return f"{len(sink.events)} of 5"


async def flush_seconds() -> float:
    """Return how long `flush()` takes in a loop that does nothing else."""
    logger = await get_async_logger("seen", sinks=[Probe()], reuse=False)
    await logger.info("event")
    began = time.monotonic()
    await logger.flush()
    taken = time.monotonic() - began
    await logger.drain()
    return taken


def full_queue() -> tuple[str, str]:
    """Return whether a call waits while the queue is full, and whether the loss is counted."""
    sink = Stuck()
    settings = settings_with(max_queue_size=1, batch_max_size=1, drop_on_full=True)
    logger = get_logger("seen", settings=settings, sinks=[sink], reuse=False)
    logger.info("first")
    assert wait_for(lambda: sink.called)
    began = time.monotonic()
    for number in range(CALLS):
        logger.info(f"event {number}")
    each = (time.monotonic() - began) / CALLS
    sink.released = True
    result = asyncio.run(logger.stop_and_drain())
    missing = CALLS + 1 - len(sink.events)
    return (
        "about 50 ms a call" if each > 0.045 else "no",
        "yes" if result.dropped == missing else f"{result.dropped} of {missing}",
    )


def main() -> None:
    """Drain loggers with each of these sinks."""
    leaving, cancelling = Leaving(), Cancelling()
    logged(leaving, five)
    logged(cancelling, five, batch_max_size=1)
    waits, counted = full_queue()
    tell(
        {
            "drain with `shutdown_timeout_seconds=0.1` and a sink that takes 1 s": slow_drain(),
            "a task that the sink left is cancelled at drain, in a script": yes(leaving.cancelled),
            "a task that the sink left is cancelled at drain, `get_async_logger`": asyncio.run(
                cancelled_by_drain()
            ),
            "five events, `CancelledError` out of the second write": (
                f"{len(cancelling.events)} arrive"
            ),
            "`await logger.flush()` in an idle loop": (
                "at once" if asyncio.run(flush_seconds()) < 4 else "5 s"
            ),
            "full queue: the caller waits": waits,
            "full queue: what is missing is in `dropped`": counted,
        }
    )


if __name__ == "__main__":
    main()
