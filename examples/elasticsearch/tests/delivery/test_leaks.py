# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Opening and closing again and again leaves nothing behind: no thread, socket, file or object."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from acme_elasticsearch._delivery.buffer import Offer
from acme_elasticsearch._delivery.records import Record

from ..support.fake_http import FakeHttpServer
from .plain import PlainSink, delivery

pytestmark = pytest.mark.fault(31)

DESCRIPTORS = Path("/proc/self/fd")
STATUS = Path("/proc/self/status")
PACKAGE = Record.__module__.partition(".")[0]
LIBRARIES = ("httpx", "httpcore", "ssl", "socket", "asyncio", "_asyncio")
WARM_UP = 5  # cycles in which caches fill
GROWTH_MAX_BYTES = 8 * 1024 * 1024

Cycle = Callable[[str], None]


@dataclass(frozen=True)
class Possessions:
    """What this process has."""

    threads: int
    descriptors: int
    objects: Counter[str]
    """Living objects of the package's classes, and of those of the libraries below it, by class."""


def possessions() -> Possessions:
    """Count, after what is unreachable is gone."""
    gc.collect()
    kinds = Counter(f"{type(o).__module__}.{type(o).__qualname__}" for o in gc.get_objects())
    wanted = (PACKAGE, *LIBRARIES)
    objects = Counter({k: n for k, n in kinds.items() if k.partition(".")[0] in wanted})
    descriptors = len(list(DESCRIPTORS.iterdir())) if DESCRIPTORS.exists() else 0
    return Possessions(threading.active_count(), descriptors, objects)


def growth(before: Possessions, after: Possessions) -> dict[str, int]:
    """Return what there is more of than before."""
    more = dict(after.objects - before.objects)
    more["threads"] = after.threads - before.threads
    more["descriptors"] = after.descriptors - before.descriptors
    return {name: count for name, count in more.items() if count > 0}


def wait_for_threads(most: int) -> None:
    """Wait for the server, whose threads notice a moment later that a client is gone."""
    deadline = time.monotonic() + 5.0
    while threading.active_count() > most and time.monotonic() < deadline:
        threading.Event().wait(0.002)


def resident() -> int:
    """Return the memory of this process in bytes; 0 where nobody says."""
    if not STATUS.exists():
        return 0
    lines = STATUS.read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS:"))) * 1024


def new_delivery(url: str) -> None:
    """Make a delivery, use it, close it, forget it."""
    target = delivery(url)
    assert target.offer(Record(b"x")) is Offer.TAKEN
    assert target.close(10.0).delivered == 1


def reopened_delivery(url: str) -> None:
    """Close a delivery that an offer opens again, some times."""
    target = delivery(url)
    for _ in range(3):
        assert target.offer(Record(b"x")) is Offer.TAKEN
        assert target.close(10.0).delivered == 1


def new_sink(url: str) -> None:
    """Make a sink, write on both paths, stop it."""
    sink = PlainSink(url=url)

    async def run() -> None:
        await sink.start()
        assert await sink.write({"message": "a"})
        assert await sink.write_serialized(b'{"message": "b"}')
        assert (await sink.stop()).stats.pending == 0

    asyncio.run(run())
    assert sink.stats().delivered == 2


def sink_without_stop(url: str) -> None:
    """Make a sink, write, and let the event loop end, as the host does."""
    sink = PlainSink(url=url)

    async def run() -> None:
        assert await sink.write({"message": "a"})

    asyncio.run(run())
    assert sink.stats().delivered == 1


def failing_delivery(url: str) -> None:
    """Make a delivery whose target is not there, and close it without success."""
    target = delivery("http://127.0.0.1:1", retry_initial_seconds=0.001, retry_max_seconds=0.001)
    assert target.offer(Record(b"x")) is Offer.TAKEN
    assert target.close(0.01).dropped == 1


CYCLES = [new_delivery, reopened_delivery, failing_delivery, new_sink, sink_without_stop]


def check_cycles(cycle: Cycle, count: int) -> int:
    """Repeat a cycle, compare what there is before and after, and return the growth of memory."""
    with FakeHttpServer() as server:
        threads = threading.active_count()
        for _ in range(WARM_UP):
            cycle(server.url)
        wait_for_threads(threads)
        before, memory = possessions(), resident()
        for _ in range(count):
            cycle(server.url)
        wait_for_threads(threads)
        assert growth(before, possessions()) == {}
        return resident() - memory


@pytest.mark.parametrize("cycle", [new_delivery, new_sink], ids=lambda cycle: cycle.__name__)
def test_cycles_leave_nothing_behind(cycle: Cycle) -> None:
    """What was made, used and ended is gone."""
    check_cycles(cycle, 50)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("cycle", CYCLES, ids=lambda cycle: cycle.__name__)
def test_a_thousand_cycles_leave_nothing_behind(cycle: Cycle) -> None:
    """The same a thousand times, memory included."""
    assert check_cycles(cycle, 1_000) <= GROWTH_MAX_BYTES
