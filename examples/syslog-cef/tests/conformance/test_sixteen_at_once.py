# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Sixteen calls at once, as a production preset of fapilog makes them: the books are exact."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest
from fapilog.core.settings import Settings

from .hosting import HOST, SINK, log, make_logger, since
from .target import Target

AT_ONCE = 16
ROUNDS = 4


def assert_exact(sink: Any, target: Target, messages: list[str]) -> None:
    """Check that each event is in the books once, and at the receiver once."""
    stats = sink.stats()
    assert (stats.offered, stats.accepted, stats.delivered) == (len(messages),) * 3
    assert (stats.pending, stats.refused, stats.dropped) == (0, {}, {})
    assert sorted(target.messages()) == sorted(messages)


def test_from_one_loop(target: Target) -> None:
    """Without fapilog between: sixteen tasks that write at the same time, again and again."""
    sink = SINK(**target.settings)
    messages = [f"event {number}" for number in range(AT_ONCE * ROUNDS)]

    async def run() -> None:
        for first in range(0, len(messages), AT_ONCE):
            part = messages[first : first + AT_ONCE]
            assert all(await asyncio.gather(*(sink.write({"message": text}) for text in part)))
        await sink.stop()

    asyncio.run(run())
    assert_exact(sink, target, messages)


def test_from_threads(target: Target) -> None:
    """Sixteen threads with a loop each, which end one after the other."""
    sink = SINK(**target.settings)
    messages = [f"event {number}" for number in range(AT_ONCE * ROUNDS)]
    together = threading.Barrier(AT_ONCE, timeout=10)

    async def write(part: list[str]) -> None:
        together.wait()
        for text in part:
            assert await sink.write({"message": text})

    threads = [
        threading.Thread(target=asyncio.run, args=[write(messages[first::AT_ONCE])])
        for first in range(AT_ONCE)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert_exact(sink, target, messages)


class Gathering(SINK):  # type: ignore[misc]
    """The sink, which holds its calls until a number of them are there at once."""

    wanted = 0
    inside = 0
    most = 0

    async def write(self, entry: Any) -> bool:
        """Wait for the others, then write."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        deadline = time.monotonic() + 1.0  # the other worker may have a small batch this time
        while self.most < self.wanted and time.monotonic() < deadline:
            await asyncio.sleep(0.001)
        self.inside -= 1
        return bool(await super().write(entry))

    def wait(self) -> None:
        """Wait for the number: a drain would give all that is left to one worker."""
        deadline = time.monotonic() + 10.0
        while self.most < self.wanted and time.monotonic() < deadline:
            time.sleep(0.001)


def test_from_the_host(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two workers with eight calls each since fapilog 0.15; before that, a worker makes one at a time."""
    # From 0.15 to 0.17 fapilog ignores it in `Settings(core=...)`.
    monkeypatch.setenv("FAPILOG_CORE__SINK_CONCURRENCY", "8")
    sink = Gathering(**target.settings)
    sink.wanted = AT_ONCE if since(0, 15) else 2
    settings = Settings()
    settings.core.worker_count = 2
    settings.core.batch_max_size = 8
    settings.core.batch_timeout_seconds = 5.0
    messages = [f"event {number}" for number in range(AT_ONCE * ROUNDS)]
    logger = make_logger("sixteen", sink, settings=settings)
    for message in messages:
        logger.info(message)
    sink.wait()
    log(logger, [])
    assert sink.most == sink.wanted, f"{HOST}: {sink.most} calls at once"
    assert_exact(sink, target, messages)
