# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A drain cancels what sinks left in fapilog's loop, and gives all of them together 3 seconds."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from .hosting import HOST, SINK, log, make_logger
from .target import Target

MESSAGES = [f"event {number}" for number in range(10)]


class SlowToEnd:
    """Another sink, with a task in the loop that needs its time when it is cancelled."""

    name = "slow"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.cancelled = 0
        self.tasks: list[asyncio.Task[None]] = []

    async def write(self, entry: Any) -> None:
        """Leave a task in the loop; a small wait, since a task may be cancelled before it begins."""
        if not self.tasks:
            self.tasks.append(asyncio.create_task(self._stand()))
        await asyncio.sleep(0.001)

    async def _stand(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            await asyncio.sleep(self.seconds)


@pytest.mark.parametrize(
    "seconds", [0.2, pytest.param(60.0, marks=pytest.mark.slow)], ids=["slow", "never"]
)
@pytest.mark.parametrize("first", [True, False], ids=["before ours", "after ours"])
def test_a_slow_neighbour(target: Target, seconds: float, first: bool) -> None:
    """What ours had accepted and was lingering with is delivered while the other takes its time."""
    sink, slow = SINK(**target.settings, linger_seconds=30), SlowToEnd(seconds)
    sinks = [slow, sink] if first else [sink, slow]
    began = time.monotonic()
    log(make_logger("grace", *sinks), MESSAGES)
    took = time.monotonic() - began
    assert slow.cancelled == 1, f"{HOST} did not cancel what was left"
    assert target.messages() == MESSAGES, HOST
    assert (sink.stats().delivered, sink.stats().pending) == (len(MESSAGES), 0)
    assert took < 10.0, f"{HOST} waited {took:.1f} s"
