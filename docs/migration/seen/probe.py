"""A sink that notes what fapilog does to it, and what the programs beside it do with loggers."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import threading
import time
from typing import Any

from fapilog import get_async_logger, get_logger
from fapilog.core.settings import Settings

PATIENCE_SECONDS = 10.0


class Probe:
    """Keeps what it is given.

    Args:
        seconds: Time that each write takes.
    """

    name = "probe"

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.events: list[Any] = []
        self.started = 0
        self.stopped = 0
        self.threads: set[str] = set()
        self.together = 0
        """Most writes that were under way at a time."""
        self._now = 0

    async def start(self) -> None:
        """Count."""
        self.started += 1

    async def stop(self) -> None:
        """Count."""
        self.stopped += 1

    async def write(self, entry: Any) -> Any:
        """Keep an event."""
        self.threads.add(
            "its own" if threading.current_thread() is not threading.main_thread() else "yours"
        )
        self._now += 1
        self.together = max(self.together, self._now)
        await asyncio.sleep(self.seconds)
        self._now -= 1
        self.events.append(entry)

    async def write_serialized(self, view: Any) -> Any:
        """Keep an event that fapilog has serialized."""
        return await self.write(json.loads(bytes(view.data)))


class Stuck(Probe):
    """Does not take anything until it is released."""

    released = False
    called = False

    async def write(self, entry: Any) -> None:
        """Wait in small steps: a loop of another thread cannot be woken safely."""
        self.called = True
        while not self.released:
            await asyncio.sleep(0.005)
        await super().write(entry)


def settings_with(**core: Any) -> Settings:
    """Return fapilog's settings with these in `core`."""
    return Settings(core=core)


def logged(sink: Any, log: Any, **core: Any) -> Any:
    """Call `log` with a logger that has this sink, drain, and return fapilog's DrainResult."""
    logger = get_logger("seen", settings=settings_with(**core), sinks=[sink], reuse=False)
    log(logger)
    return asyncio.run(logger.stop_and_drain())


async def logged_in_loop(sink: Any, log: Any, **core: Any) -> Any:
    """Do the same with the asynchronous logger in the running loop."""
    settings = settings_with(**core)
    logger = await get_async_logger("seen", settings=settings, sinks=[sink], reuse=False)
    await log(logger)
    return await logger.drain()


def lines_on_stderr(action: Any) -> list[str]:
    """Return what fapilog writes to the standard error while `action` runs."""
    with contextlib.redirect_stderr(io.StringIO()) as text:
        action()
    return text.getvalue().splitlines()


def wait_for(condition: Any) -> bool:
    """Wait until it holds, and return whether it does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(condition())


def tell(answers: dict[str, Any]) -> None:
    """Print what was seen: a row of the table for each question."""
    print(json.dumps({question: str(answer) for question, answer in answers.items()}))
