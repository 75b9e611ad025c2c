# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A program that logs 20 events and ends; run as `program.py SETTINGS END` by `programs.py`."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from fapilog import get_async_logger, get_logger
from fapilog.core.settings import Settings

from acme_elasticsearch import (
    AcmeElasticsearchSink as Sink,
)

EVENTS = range(20)
FIRST, SECOND = EVENTS[:10], EVENTS[10:]
LONG_SECONDS = 30.0  # nobody waits for it


def make_sink(linger_seconds: float = LONG_SECONDS) -> Sink:
    """Return a sink that sends nothing before its end, since it lingers."""
    return Sink(**json.loads(sys.argv[1]), linger_seconds=linger_seconds)


def make_settings(serialized: bool) -> Settings:
    """Return fapilog's defaults, with the other write path if asked for."""
    settings = Settings()
    settings.core.serialize_in_flush = serialized
    return settings


def log(*sinks: Any, events: range = EVENTS, serialized: bool = False) -> Any:
    """Log events with a new synchronous logger, and return it."""
    settings = make_settings(serialized)
    name = f"{os.getpid()}-{events[0]}"
    logger = get_logger(name, settings=settings, sinks=list(sinks), reuse=False)
    for number in events:
        logger.info(f"event {number}")
    return logger


async def alog(sink: Any, *, events: range = EVENTS, serialized: bool = False) -> Any:
    """Do the same with an asynchronous logger."""
    settings = make_settings(serialized)
    name = f"async-{events[0]}"
    logger = await get_async_logger(name, settings=settings, sinks=[sink], reuse=False)
    for number in events:
        await logger.info(f"event {number}")
    return logger


def drain(logger: Any) -> None:
    """Do what fapilog asks a script to do."""
    asyncio.run(logger.stop_and_drain())


def wait_until_handed_over(sink: Any, count: int = len(EVENTS)) -> None:
    """Wait until fapilog, which takes 0.25 s, has given the events to the sink."""
    deadline = time.monotonic() + LONG_SECONDS
    while sink.stats().accepted < count and time.monotonic() < deadline:
        time.sleep(0.01)


async def until_handed_over(sink: Any) -> None:
    """Do the same in an event loop."""
    deadline = time.monotonic() + LONG_SECONDS
    while sink.stats().accepted < len(EVENTS) and time.monotonic() < deadline:
        await asyncio.sleep(0.01)


def end_with_drain(serialized: bool = False) -> None:
    """Drain, as a script should."""
    drain(log(make_sink(), serialized=serialized))


def end_at_once() -> None:
    """Just end."""
    log(make_sink())


def end_later() -> None:
    """Just end, as most scripts do, some time after the last event."""
    sink = make_sink()
    log(sink)
    wait_until_handed_over(sink)


def end_with_exception() -> None:
    """Die of a bug."""
    end_later()
    raise SystemError("uncaught on purpose")


def end_in_a_thread() -> None:
    """Call `sys.exit()` where it ends a thread only."""
    sink = make_sink()

    def work() -> None:
        log(sink)
        sys.exit(3)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    wait_until_handed_over(sink)


def end_by_signal(number: int) -> None:
    """Be stopped by a service manager or by a key."""
    log(make_sink())
    os.kill(os.getpid(), number)
    time.sleep(LONG_SECONDS)


def end_by_signal_in_loop() -> None:
    """Be stopped while a loop runs, with a logger that is older than the loop."""
    logger = get_logger("before", settings=Settings(), sinks=[make_sink()], reuse=False)

    async def main() -> None:
        for number in EVENTS:
            logger.info(f"event {number}")
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(LONG_SECONDS)

    asyncio.run(main())


async def end_loop_with_drain(serialized: bool = False) -> None:
    """Drain, as an asynchronous program should."""
    logger = await alog(make_sink(), serialized=serialized)
    await logger.drain()


async def end_loop_at_once() -> None:
    """Just return."""
    await alog(make_sink())


async def end_loop_later() -> None:
    """Just return, some time after the last event."""
    sink = make_sink()
    await alog(sink)
    await until_handed_over(sink)


async def end_loop_by_signal(number: int) -> None:
    """Be stopped while the loop runs."""
    await end_loop_later()
    os.kill(os.getpid(), number)
    await asyncio.sleep(LONG_SECONDS)


async def end_loop_by_handled_signal() -> None:
    """Be stopped, notice it and drain."""
    logger = await alog(make_sink())
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    os.kill(os.getpid(), signal.SIGTERM)
    try:
        await asyncio.sleep(LONG_SECONDS)
    except asyncio.CancelledError:
        pass
    finally:
        await logger.drain()


def end_without_python(end: Callable[[], None]) -> None:
    """End so that the interpreter cannot do anything."""
    end_later()
    end()


def end_with_fork() -> None:
    """Fork with events in the buffer; each process logs a part and drains."""
    sink = make_sink()
    logger = log(sink, events=FIRST)
    wait_until_handed_over(sink, len(FIRST))
    child = os.fork()
    if child == 0:
        drain(log(make_sink(), events=SECOND))
        sys.exit()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    drain(logger)


def work_in_child() -> None:
    """Log in a child of multiprocessing, and return."""
    sink = make_sink()
    log(sink, events=SECOND)
    wait_until_handed_over(sink, len(SECOND))


def end_with_child(method: str) -> None:
    """Start a child with events in the buffer; it ends first, and neither drains."""
    sink = make_sink()
    log(sink, events=FIRST)
    wait_until_handed_over(sink, len(FIRST))
    child = multiprocessing.get_context(method).Process(target=work_in_child)
    child.start()
    child.join()
    assert child.exitcode == 0


def end_with_two_sinks() -> None:
    """Drain a logger with two sinks that cannot share a delivery."""
    drain(log(make_sink(), make_sink(LONG_SECONDS + 1)))


def end_after_two_loops() -> None:
    """Use one sink in two event loops, one after the other."""
    sink = make_sink()

    async def part(events: range) -> None:
        logger = await alog(sink, events=events)
        await logger.drain()

    asyncio.run(part(FIRST))
    asyncio.run(part(SECOND))


async def end_after_concurrent_writes() -> None:
    """Write from 16 tasks, as fapilog does with 2 workers and a concurrency of 8."""
    sink = make_sink()
    numbers = iter(EVENTS)

    async def worker() -> None:
        for number in numbers:
            assert await sink.write({"level": "INFO", "message": f"event {number}"})

    await asyncio.gather(*[worker() for _ in range(16)])


PROGRAMS: dict[str, Callable[[], object]] = {
    "drain": end_with_drain,
    "drain-serialized": lambda: end_with_drain(serialized=True),
    "at-once": end_at_once,
    "later": end_later,
    "exception": end_with_exception,
    "thread-exit": end_in_a_thread,
    "sigterm": lambda: end_by_signal(signal.SIGTERM),
    "sigint": lambda: end_by_signal(signal.SIGINT),
    "sigterm-in-loop": end_by_signal_in_loop,
    "asyncio-drain": lambda: asyncio.run(end_loop_with_drain()),
    "asyncio-drain-serialized": lambda: asyncio.run(end_loop_with_drain(serialized=True)),
    "asyncio-later": lambda: asyncio.run(end_loop_later()),
    "asyncio-at-once": lambda: asyncio.run(end_loop_at_once()),
    "asyncio-sigint": lambda: asyncio.run(end_loop_by_signal(signal.SIGINT)),
    "asyncio-sigterm": lambda: asyncio.run(end_loop_by_signal(signal.SIGTERM)),
    "asyncio-sigterm-handled": lambda: asyncio.run(end_loop_by_handled_signal()),
    "os-exit": lambda: end_without_python(lambda: os._exit(0)),
    "sigkill": lambda: end_without_python(lambda: os.kill(os.getpid(), 9)),
    "fork": end_with_fork,
    "multiprocessing-fork": lambda: end_with_child("fork"),
    "multiprocessing-spawn": lambda: end_with_child("spawn"),
    "two-sinks": end_with_two_sinks,
    "two-loops": end_after_two_loops,
    "concurrent-writes": lambda: asyncio.run(end_after_concurrent_writes()),
}

if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    PROGRAMS[sys.argv[2]]()
