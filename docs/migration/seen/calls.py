"""Which methods of a sink are called, in which thread, and how many at a time."""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
from typing import Any

from fapilog import get_logger
from probe import Probe, logged, logged_in_loop, tell

EVENTS = 400  # more than two batches of any preset, so that each worker has one
SECONDS = 0.005


def some(logger: Any) -> None:
    """Log a few events."""
    for number in range(3):
        logger.info(f"event {number}")


def many(logger: Any) -> None:
    """Log enough events for every worker."""
    for number in range(EVENTS):
        logger.info(f"event {number}")


async def one(logger: Any) -> None:
    """Log an event with the asynchronous logger."""
    await logger.info("event")


async def thread_inside_a_loop() -> str:
    """Return where a sink runs whose logger was made inside a running loop."""
    sink = Probe()
    logger = get_logger("seen", sinks=[sink], reuse=False)
    logger.info("event")
    await logger.stop_and_drain()
    return " ".join(sink.threads)


def together_with_preset(name: str) -> int:
    """Return how many writes a preset makes at a time."""
    sink = Probe(SECONDS)
    logger = get_logger("seen", preset=name, sinks=[sink], reuse=False)
    many(logger)
    asyncio.run(logger.stop_and_drain())
    return sink.together


def together_with_variable() -> int:
    """Return how many writes a variable of the environment makes at a time."""
    os.environ["FAPILOG_CORE__SINK_CONCURRENCY"] = "8"
    sink = Probe(SECONDS)
    logger = get_logger("seen", sinks=[sink], reuse=False)
    del os.environ["FAPILOG_CORE__SINK_CONCURRENCY"]
    many(logger)
    asyncio.run(logger.stop_and_drain())
    return sink.together


def levels() -> str:
    """Return the methods that a logger has beside those for the four usual levels."""
    logger = get_logger("seen", sinks=[Probe()], reuse=False)
    names = ("critical", "audit", "security")
    found = [f"`{name}`" for name in names if callable(getattr(logger, name, None))]
    asyncio.run(logger.stop_and_drain())
    return ", ".join(found) or "-"


def equal_errors(logger: Any) -> None:
    """Log the same error ten times."""
    for _ in range(10):
        logger.error("the same")


def main() -> None:
    """Make loggers of each kind and look at what the sink saw."""
    plain, serialized, script, asynchronous = Probe(), Probe(), Probe(), Probe()
    wide, default, errors = Probe(SECONDS), Probe(SECONDS), Probe()
    logged(plain, some)
    logged(serialized, some, serialize_in_flush=True)
    logged(script, some)
    asyncio.run(logged_in_loop(asynchronous, one))
    logged(wide, many, sink_concurrency=8)
    logged(default, many)
    with contextlib.redirect_stderr(io.StringIO()):
        logged(errors, equal_errors)
    tell(
        {
            "`start()` before `write`": plain.started,
            "`start()` before `write_serialized`": serialized.started,
            "`stop()` at a drain": plain.stopped,
            "thread of `write`, in a script": " ".join(script.threads),
            "thread of `write`, `get_logger` inside a loop": asyncio.run(thread_inside_a_loop()),
            "thread of `write`, `get_async_logger`": " ".join(asynchronous.threads),
            "writes at a time": default.together,
            "writes at a time, `core.sink_concurrency=8`": wide.together,
            "writes at a time, `FAPILOG_CORE__SINK_CONCURRENCY=8`": together_with_variable(),
            "writes at a time, preset `production`": together_with_preset("production"),
            "events of ten equal `error()`": len(errors.events),
            "levels beside debug, info, warning, error": levels(),
        }
    )


if __name__ == "__main__":
    main()
