# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The end of the host's event loop, which is the only sign of an end that a sink ever gets.

The host calls no `stop()`; when its worker ends it cancels the tasks that are left in the loop and gives
all of them together 3 seconds. So a task that does nothing is left in every loop that writes: its
cancellation flushes, and the last one closes the delivery. The waiting is asynchronous, since the other
sinks' sentinels need the loop for theirs at the same time. The host's own loops run in threads of its own;
a loop in the main thread is the application's, and ends as slowly as its tasks do.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any

from .delivery import CloseReport, Delivery

GRACE_SECONDS = 2.5
"""The host's 3 seconds less a margin, for loops that may be the host's."""
_LOOK_SECONDS = 0.005


class Sentinels:
    """The event loops and the sinks that use one delivery, and what happens when they end."""

    def __init__(self, delivery: Delivery) -> None:
        self.delivery = delivery
        self._users: weakref.WeakSet[object] = weakref.WeakSet()
        self._start_clean()
        _all.add(self)

    def _start_clean(self) -> None:
        """Watch nothing: at construction, and in a forked child, whose parent has the loops."""
        self._tasks: dict[asyncio.AbstractEventLoop, asyncio.Task[None]] = {}
        self.era = object()
        """Another object whenever `watch` has to be called again in a loop where it was called."""

    async def watch(self, user: object) -> None:
        """Leave a sentinel in the running loop, unless there is one."""
        loop = asyncio.get_running_loop()
        self._users.add(user)
        if loop not in self._tasks:
            for ended in [other for other in self._tasks if other.is_closed()]:
                del self._tasks[ended]  # closed without cancelling its tasks, as uvicorn does
            self._tasks[loop] = loop.create_task(self._stand(loop), name="fapilog-sink-sentinel")
            # A task that is cancelled before its first step never gets to its `except`.
            await asyncio.sleep(0)

    async def stop(self, user: object, grace_seconds: float) -> CloseReport:
        """Close for one sink: end the delivery if no other sink uses it, else only flush."""
        self._users.discard(user)  # until it writes again
        self.era = object()
        if self._users:
            return await self._flush(grace_seconds)
        self._dismiss()
        return await self._close(grace_seconds)

    def _dismiss(self) -> None:
        """End the sentinels of all loops: there is nothing left for them to do."""
        tasks, self._tasks, self.era = self._tasks, {}, object()
        for loop, task in tasks.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(task.cancel)

    async def _stand(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            await loop.create_future()
        except asyncio.CancelledError:
            if self._tasks.get(loop) is not asyncio.current_task():
                raise  # dismissed
            del self._tasks[loop]
            self.era = object()
            is_main = threading.current_thread() is threading.main_thread()
            end = self._flush if self._tasks else self._close
            await end(self.delivery.grace_seconds if is_main else GRACE_SECONDS)
            raise

    async def _flush(self, grace_seconds: float) -> CloseReport:
        before = self.delivery.stats()
        target = self.delivery.begin_flush()
        await _wait_until(lambda: self.delivery.is_flushed(target), grace_seconds)
        return self.delivery.report(before)

    async def _close(self, grace_seconds: float) -> CloseReport:
        closing = self.delivery.begin_close(grace_seconds)
        await _wait_until(closing.is_done, grace_seconds)
        return self.delivery.finish_close(closing)


async def _wait_until(is_done: Callable[[], bool], timeout_seconds: float) -> None:
    """Look every few milliseconds; a second cancellation ends the wait early, not the work after it."""
    deadline = time.monotonic() + timeout_seconds
    try:
        while not is_done() and time.monotonic() < deadline:
            await asyncio.sleep(_LOOK_SECONDS)
    except asyncio.CancelledError:
        return


def postpone_cancellation() -> None:
    """Let the caller hear of its cancellation at its next await, not inside `write`.

    The event in hand must end in the books first, and fapilog up to 0.14 loses its worker, and all later
    events, to a CancelledError that leaves `write`.
    """
    task = asyncio.current_task()
    if task is not None:
        asyncio.get_running_loop().call_soon(_cancel_again, task)


def _cancel_again(task: asyncio.Task[Any]) -> None:
    if sys.version_info >= (3, 11):
        if not task.cancelling():
            return  # a time-out around `write`, which has been answered meanwhile
        task.uncancel()  # the same cancellation, not one more
    task.cancel()


def _forget_parent() -> None:
    for sentinels in list(_all):
        _of_parent.append(sentinels._tasks)
        sentinels._start_clean()


_all: weakref.WeakSet[Sentinels] = weakref.WeakSet()
_of_parent: list[object] = []  # nobody can end these tasks, and asyncio complains about freed ones

if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_forget_parent)
