# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Sinks that share a loop with a slow one, and loops and processes that come and go."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from acme_elasticsearch import (
    AcmeElasticsearchSink,
)
from acme_elasticsearch._delivery.ledger import Stats

from ..conformance.target import Target
from ..elasticsearch.target import running_target
from .books import QUICK, account, succeeds_in_child


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """Start a server of the platform's kind."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_target() as running:
        yield running


@pytest.mark.fault(34, promise=(2, 3, 22))
def test_a_target_that_never_answers_does_not_slow_its_neighbour(target: Target) -> None:
    """On one loop, with the buffer of the slow sink full: the other delivers all, and no write hangs."""
    scheme = urlsplit(target.settings["url"]).scheme
    with socket.create_server(("127.0.0.1", 0)) as silent:
        given = {"url": f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", "buffer_max_events": 5}
        given |= {"close_timeout_seconds": 0.0, "block_timeout_seconds": 0.01}
        slow = AcmeElasticsearchSink(**target.settings | QUICK | given)
        healthy = AcmeElasticsearchSink(**target.settings | QUICK)

        async def run() -> tuple[float, Stats]:
            began = time.monotonic()
            for number in range(50):
                await slow.write({"message": f"slow {number}"})
                assert await healthy.write({"message": f"event {number}"})
            seconds = time.monotonic() - began
            await healthy.stop()
            before = slow.stats()
            await slow.stop()
            return seconds, before

        seconds, before = asyncio.run(run())
    assert target.messages() == [f"event {number}" for number in range(50)]
    assert account(healthy.stats()) == {"delivered": 50}
    assert account(before) == {"pending": 5}
    assert before.refused == {"buffer_full": 45}
    assert slow.stats().pending == 0
    assert sum(account(slow.stats()).values()) == 5
    assert seconds < 5.0  # a hundred writes; it takes a twentieth, one request time-out takes 30


@pytest.mark.fault(33, promise=(1, 2))
def test_a_sink_outlives_the_loops_that_write_to_it(target: Target) -> None:
    """One loop after the other, and two at once in threads: everything arrives, once."""
    sink = AcmeElasticsearchSink(**target.settings | QUICK)

    async def write(name: str) -> None:
        for number in range(5):
            assert await sink.write({"message": f"{name} {number}"})

    asyncio.run(write("first"))
    asyncio.run(write("second"))
    threads = [threading.Thread(target=lambda n=n: asyncio.run(write(n))) for n in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    asyncio.run(sink.stop())
    expected = [f"{name} {number}" for name in ("a", "b", "first", "second") for number in range(5)]
    assert sorted(target.messages()) == expected
    assert account(sink.stats()) == {"delivered": 20}


@pytest.mark.fault(33, promise=(1, 4))
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns: forking with threads
def test_a_forked_child_sends_its_own_events_only(target: Target) -> None:
    """What the parent has pending is not sent twice, and the child has clean books."""
    sink = AcmeElasticsearchSink(**target.settings | {"linger_seconds": 60})

    async def write(*messages: str) -> None:
        for message in messages:
            assert await sink.write({"message": message})

    async def write_and_stop(message: str) -> None:
        await write(message)
        await sink.stop()

    loop = asyncio.new_event_loop()  # its end would deliver what is pending
    loop.run_until_complete(write("parent 1"))

    def delivers_its_own() -> bool:
        asyncio.run(write_and_stop("child"))
        return account(sink.stats()) == {"delivered": 1}

    assert succeeds_in_child(delivers_its_own)
    loop.run_until_complete(write_and_stop("parent 2"))
    loop.close()
    assert target.messages() == ["child", "parent 1", "parent 2"]
    assert account(sink.stats()) == {"delivered": 2}
