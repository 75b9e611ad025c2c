"""Print as JSON how the installed fapilog treats a sink: `python scripts/host_probe.py`.

A program on its own: it needs fapilog and nothing of this repository, so that it can be run in any
environment. Each function below answers one question, by what a sink in a real logger sees.
"""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import io
import json
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from fapilog import get_async_logger, get_logger
from fapilog.core.settings import Settings

PATIENCE_SECONDS = 10.0
APPLICATION, OWN = "the application's event loop", "a thread of fapilog"


class Recorder:
    """A sink that keeps what it gets, and where and how it was called."""

    name = "recorder"

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.serialized: list[bytes] = []
        self.threads: list[threading.Thread] = []
        self.calls: list[str] = []
        self.before: Callable[[], Any] | None = None
        """Awaited in each write."""

    async def start(self) -> None:
        """Keep that it was called."""
        self.calls.append("start")

    async def stop(self) -> None:
        """Keep that it was called."""
        self.calls.append("stop")

    async def write(self, entry: Any) -> Any:
        """Keep the entry, after what a probe wants to happen."""
        self.threads.append(threading.current_thread())
        self.entries.append(entry)
        return await self.before() if self.before else None

    async def write_serialized(self, view: Any) -> Any:
        """Keep the bytes; otherwise as `write`."""
        self.serialized.append(bytes(view.data))
        return await self.write(None)


def sync_logger(sink: Recorder, *, serialized: bool = False, **core: Any) -> Any:
    """Return a new logger with that sink and fapilog's defaults."""
    settings = Settings(core={"serialize_in_flush": serialized, **core})
    return get_logger(f"probe-{id(sink)}", settings=settings, sinks=[sink], reuse=False)


async def async_logger(sink: Recorder) -> Any:
    """Return the asynchronous one."""
    return await get_async_logger(f"probe-{id(sink)}", sinks=[sink], reuse=False)


def drained(logger: Any) -> Any:
    """Drain a logger from a script, and return fapilog's counts."""
    return asyncio.run(logger.stop_and_drain())


def logged(*, serialized: bool = False, **data: Any) -> Recorder:
    """Return a sink that got one event."""
    sink = Recorder()
    logger = sync_logger(sink, serialized=serialized)
    logger.info("probe", **data)
    drained(logger)
    return sink


def script_runs_on() -> str:
    """Return where a synchronous logger, made outside an event loop, calls its sink."""
    return _where(logged())


def sync_in_loop_runs_on() -> str:
    """Return where a synchronous logger, made in a running loop, calls its sink."""

    async def main() -> Recorder:
        sink = Recorder()
        logger = sync_logger(sink)
        logger.info("probe")
        await logger.stop_and_drain()
        return sink

    return _where(asyncio.run(main()))


def async_runs_on() -> str:
    """Return where an asynchronous logger calls its sink."""

    async def main() -> Recorder:
        sink = Recorder()
        logger = await async_logger(sink)
        await logger.info("probe")
        await logger.drain()
        return sink

    return _where(asyncio.run(main()))


def _where(sink: Recorder) -> str:
    return APPLICATION if sink.threads[0] is threading.main_thread() else OWN


def calls_on_write() -> str:
    """Return which methods fapilog calls beside `write`, up to the end of a drain."""
    return " ".join(logged().calls) or "none"


def calls_on_write_serialized() -> str:
    """Return which methods it calls beside `write_serialized`."""
    return " ".join(logged(serialized=True).calls) or "none"


def event_keys() -> str:
    """Return the keys of the mapping that `write` gets."""
    return " ".join(sorted(logged().entries[0]))


def envelope() -> str:
    """Return the outer form of the bytes that `write_serialized` gets."""
    found = json.loads(logged(serialized=True).serialized[0])
    inner = " ".join(sorted(found["log"]))
    return f"{inner} in log; schema_version {found['schema_version']}"


def correlation_id() -> str:
    """Return what `context.correlation_id` is when nobody set one."""
    context = logged().entries[0]["context"]
    value = context.get("correlation_id", "absent")
    return value if value == "absent" else "null" if value is None else "a new one"


def message_id() -> str:
    """Return whether `context.message_id` is there."""
    return _presence("message_id" in logged().entries[0]["context"])


def origin() -> str:
    """Return whether `diagnostics.origin` is there."""
    return _presence("origin" in logged().entries[0]["diagnostics"])


def _presence(there: bool) -> str:
    return "present" if there else "absent"


def more_levels() -> str:
    """Return the levels that a logger has beside debug, info, warning and error."""
    sink = Recorder()
    logger = sync_logger(sink)
    for name in ("critical", "audit", "security"):
        if hasattr(logger, name):
            getattr(logger, name)("probe")
    drained(logger)
    return " ".join(entry["level"] for entry in sink.entries) or "none"


def values_in_data() -> str:
    """Return what a date and a NaN have become when `write` gets them."""
    day = datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
    data = logged(day=day, ratio=float("nan")).entries[0]["data"]
    return f"{type(data['day']).__name__} and {json.dumps(data['ratio'])}"


def equal_errors() -> str:
    """Return how many of ten equal errors, logged at once, reach the sink."""
    sink = Recorder()
    logger = sync_logger(sink)
    for _ in range(10):
        logger.error("probe")
    drained(logger)
    return f"{len(sink.entries)} of 10"


def after_a_cancelled_write() -> str:
    """Return how many of three events reach the sink after a `write` that raised CancelledError."""
    sink = Recorder()

    async def cancelled() -> None:
        sink.before = None
        raise asyncio.CancelledError

    sink.before = cancelled
    logger = sync_logger(sink)
    logger.info("cancelled")
    _wait(lambda: sink.entries)
    for number in range(3):
        logger.info(f"after {number}")
    drained(logger)
    return f"{len(sink.entries) - 1} of 3"


def refused_event() -> str:
    """Return what fapilog does with an event for which `write` returned False."""

    async def refuse() -> bool:
        return False

    return _fate(refuse, serialized=False)


def attribute_error() -> str:
    """Return what it does with one for which `write_serialized` raised AttributeError."""

    async def fail() -> None:
        raise AttributeError("probe")

    return _fate(fail, serialized=True)


def _fate(before: Callable[[], Any], *, serialized: bool) -> str:
    sink = Recorder()
    sink.before = before
    logger = sync_logger(sink, serialized=serialized)
    with contextlib.redirect_stderr(io.StringIO()) as error:
        logger.info("probe")
        counts = drained(logger)
    printed = "printed on stderr" if '"probe"' in error.getvalue() else "lost in silence"
    return f"{printed}, counted as {'processed' if counts.processed else 'dropped'}"


def writes_at_once() -> str:
    """Return how many writes run at once in a logger of the preset `production`."""
    sink = Recorder()
    running = most = 0

    async def slow() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01)
        running -= 1

    sink.before = slow
    logger = get_logger(f"probe-{id(sink)}", preset="production", sinks=[sink], reuse=False)
    for number in range(400):  # more than a worker takes at once
        logger.info(f"event {number}")
    drained(logger)
    return str(most)


def full_queue() -> str:
    """Return how long a caller waits for each event that a full queue refuses."""
    sink = Recorder()
    gate = threading.Event()

    async def stuck() -> None:
        while not gate.is_set():
            await asyncio.sleep(0.01)

    sink.before = stuck
    logger = sync_logger(sink, max_queue_size=10, batch_max_size=1)
    logger.info("first")
    _wait(lambda: sink.entries)
    began = time.monotonic()
    for number in range(30):
        logger.info(f"event {number}")
    seconds = time.monotonic() - began
    gate.set()
    drained(logger)
    return "50 ms" if seconds > 0.5 else "not at all"


def left_task_in_a_script() -> str:
    """Return what a drain does to a task that a sink left in the loop that calls it."""
    sink = Recorder()
    heard: list[float] = []

    _leave_task(sink, heard)
    logger = sync_logger(sink)
    logger.info("probe")
    _wait(lambda: hasattr(sink, "task"))
    drained(logger)
    return _grace(heard)


def left_task_in_an_async_program() -> str:
    """Return the same for an asynchronous logger, at the end of `drain()`."""

    async def main() -> str:
        sink = Recorder()
        heard: list[float] = []

        _leave_task(sink, heard)
        logger = await async_logger(sink)
        await logger.info("probe")
        await logger.drain()
        return _grace(heard)

    return asyncio.run(main())


def _leave_task(sink: Recorder, heard: list[float]) -> None:
    """Let the first write leave a task in its loop."""

    async def leave_task() -> None:
        sink.before = None
        sink.task = asyncio.create_task(_stay(heard))  # type: ignore[attr-defined]
        await asyncio.sleep(0)

    sink.before = leave_task


async def _stay(heard: list[float]) -> None:
    """Keep when a cancellation came, and do not end at the first."""
    while len(heard) < 2:
        try:
            await asyncio.sleep(PATIENCE_SECONDS)
            return
        except asyncio.CancelledError:
            heard.append(time.monotonic())


def _grace(heard: list[float]) -> str:
    if len(heard) < 2:
        return "cancelled once" if heard else "not cancelled"
    return f"cancelled, again after {heard[1] - heard[0]:.0f} s"


def _wait(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)


QUESTIONS = (
    script_runs_on,
    sync_in_loop_runs_on,
    async_runs_on,
    calls_on_write,
    calls_on_write_serialized,
    left_task_in_a_script,
    left_task_in_an_async_program,
    writes_at_once,
    after_a_cancelled_write,
    refused_event,
    attribute_error,
    full_queue,
    equal_errors,
    event_keys,
    envelope,
    correlation_id,
    message_id,
    origin,
    more_levels,
    values_in_data,
)


def main() -> None:
    """Ask every question; an answer that cannot be had is an error of this program."""
    json.dump({question.__name__: question() for question in QUESTIONS}, sys.stdout, indent=1)


if __name__ == "__main__":
    main()
