# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Connections that are refused, cut, or go elsewhere."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from ..support.fake_http import Answer, FakeHttpServer
from .books import account, offer, payloads, quick_delivery, settled, together, wait_for


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.mark.fault(1, promise=(1, 8))
def test_a_refused_connection_costs_time_and_no_event() -> None:
    """Nobody listens, then somebody does: every event arrives once, in order, and none is in doubt."""
    with FakeHttpServer() as server:
        server.stop()
        target = quick_delivery(server.url)
        offer(target, b"1", b"2", b"3")
        stats = wait_for(target.stats, lambda s: s.retried >= 3)
        assert account(stats) == {"pending": 3}
        server.start()
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert payloads(server) == [b"1", b"2", b"3"]
    assert (account(stats), stats.ambiguous) == ({"delivered": 3}, 0)


@pytest.mark.fault(1, promise=(7, 22))
def test_a_dead_address_does_not_keep_events_from_a_healthy_one() -> None:
    """The first address refuses: what it did not take goes to the second at once, and the figures say so."""
    with FakeHttpServer() as dead, FakeHttpServer() as healthy:
        dead.stop()
        target = quick_delivery(dead.url, failover_urls=(healthy.url,), retry_initial_seconds=60)
        offer(target, b"1")
        wait_for(target.stats, settled)
        offer(target, b"2")
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert payloads(healthy) == [b"1", b"2"]
    assert account(stats) == {"delivered": 2}
    assert [(each.delivered, each.failures > 0) for each in stats.endpoints] == [
        (0, True),
        (2, False),
    ]


@pytest.mark.fault(2, promise=8)
def test_a_name_that_moves_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is not found for a while, then leads to another machine: everything arrives there."""
    now: dict[str, int | None] = {}
    asked: list[int | None] = []

    def look_up(host: str, *rest: Any, **options: Any) -> list[Any]:
        assert host == "logs.example"
        asked.append(now["port"])
        if now["port"] is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", now["port"]))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with FakeHttpServer() as old, FakeHttpServer() as new:
        now["port"] = old.port
        target = quick_delivery("http://logs.example:8088")
        offer(target, b"1")
        wait_for(target.stats, settled)
        now["port"] = None
        old.stop()
        offer(target, b"2")
        stats = wait_for(target.stats, lambda s: None in asked and s.retried > 0)
        assert (account(stats), stats.held) == ({"delivered": 1, "pending": 1}, False)
        now["port"] = new.port
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert (payloads(old), payloads(new)) == ([b"1"], [b"2"])
    assert account(stats) == {"delivered": 2}


@pytest.mark.fault(3, promise=(1, 4))
@pytest.mark.parametrize("after_bytes", [0, 50_000], ids=["before", "during"])
def test_a_connection_cut_in_the_request_is_made_again(after_bytes: int) -> None:
    """A reset before the first byte, or in the middle of the body: the whole request is sent again."""
    with FakeHttpServer() as server:
        server.cut_uploads(after_bytes)
        target = quick_delivery(server.url)
        offer(target, b"x" * 150_000)
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert payloads(server) == [b"x" * 150_000]
    assert server.connections == 2
    assert (account(stats), stats.retried) == ({"delivered": 1}, 1)


@pytest.mark.fault(3, 4, promise=4)
@pytest.mark.parametrize("cut", ["before", "during"])
def test_a_request_whose_answer_is_cut_is_sent_again_and_counted(cut: Any) -> None:
    """The target may have stored it: the same bytes go out again, and the doubt is counted."""
    with FakeHttpServer() as server:
        server.script(Answer(200, b"0123456789", cut=cut))
        target = quick_delivery(server.url, **together(2))
        offer(target, b"1", b"2")
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    (first, second) = server.requests
    assert (first.body, second.body) == (b"1\n2", b"1\n2")
    assert (account(stats), stats.ambiguous) == ({"delivered": 2}, 2)


@pytest.mark.fault(3, promise=4)
def test_a_cut_after_the_answer_changes_nothing() -> None:
    """What was answered is delivered, and the next event gets a connection of its own."""
    with FakeHttpServer() as server:
        server.script(Answer(200, cut="after"))
        target = quick_delivery(server.url)
        offer(target, b"1")
        wait_for(target.stats, settled)
        offer(target, b"2")
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert set(payloads(server)) == {b"1", b"2"}
    assert account(stats) == {"delivered": 2}


@pytest.mark.fault(5, promise=(1, 8))
def test_an_answer_that_drips_and_stalls_is_given_up_in_time() -> None:
    """One byte at a time, then silence: the time limit ends it, and the events are sent again."""
    with FakeHttpServer() as server:
        server.script(Answer(200, chunks=[b"x"] * 5, drip=True, unfinished=True))
        target = quick_delivery(server.url, request_timeout_seconds=0.1)
        offer(target, b"1")
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert len(payloads(server)) == stats.retried + 1 >= 2
    assert (account(stats), stats.ambiguous) == ({"delivered": 1}, stats.retried)
