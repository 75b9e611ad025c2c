# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Thirty-two threads offer, flush, look and close at the same time, with switches at every turn."""

from __future__ import annotations

import itertools
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from acme_syslog_cef._delivery.buffer import Offer
from acme_syslog_cef._delivery.delivery import Delivery
from acme_syslog_cef._delivery.ledger import RefuseReason, Stats
from acme_syslog_cef._delivery.records import Record

from ..support.fake_http import Answer, FakeHttpServer, Received, Script
from .plain import delivery

pytestmark = pytest.mark.fault(31)

THREADS = 32
GRACE_SECONDS = 60.0  # that no close needs
FAULTS: list[Script] = [
    *[Answer(status) for status in (503, 429, 500)],
    *[Answer(cut="before"), Answer(cut="during"), Answer(cut="after")],
]


@pytest.fixture(autouse=True)
def restless() -> Iterator[None]:
    """Let threads be switched every ten microseconds instead of every five milliseconds."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(usual)


class Faults:
    """Answers every few requests with a failure, the kinds in turn."""

    def __init__(self, kinds: list[Script], every: int = 5) -> None:
        self._kinds = itertools.cycle(kinds) if kinds else None
        self._every = every
        self._count = itertools.count(1)

    def __call__(self, received: Received) -> Answer:
        """Answer one request."""
        if self._kinds is None or next(self._count) % self._every:
            return Answer(200)
        answer = next(self._kinds)
        return answer(received) if callable(answer) else answer


class Crowd:
    """Threads that use one delivery, and what they saw."""

    def __init__(self, target: Delivery, each: int) -> None:
        self.target = target
        self.each = each
        self.taken: list[bytes] = []
        self.refused = 0
        self.looks: list[Stats] = []
        self.errors: list[BaseException] = []
        self._lock = threading.Lock()
        self._start = threading.Barrier(THREADS)

    def run(self) -> None:
        """Let all begin at once, and wait for the last."""
        threads = [threading.Thread(target=self._work, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert self.errors == []

    def _work(self, number: int) -> None:
        choose = random.Random(number)
        act: dict[str, Callable[[], Any]] = {
            "look": lambda: self.looks.append(self.target.stats()),
            "flush": lambda: self.target.flush(0.0),
            "close": lambda: self.target.close(GRACE_SECONDS),
        }
        try:
            self._start.wait()
            for step in range(self.each):
                self._offer(b"%d-%d" % (number, step))
                (kind,) = choose.choices(["", "look", "flush", "close"], [60, 25, 10, 5])
                if kind:
                    act[kind]()
        except BaseException as error:
            self.errors.append(error)

    def _offer(self, payload: bytes) -> None:
        offer = self.target.offer(Record(payload))
        if offer is Offer.FULL:
            self.target.flush(0.05)
            offer = self.target.offer(Record(payload))
        if offer is Offer.TAKEN:
            with self._lock:
                self.taken.append(payload)
        else:
            self.target.refuse(RefuseReason.BUFFER_FULL)
            with self._lock:
                self.refused += 1


def check_crowd(
    kinds: list[Script], *, connections: int, each: int
) -> tuple[Crowd, Counter[bytes]]:
    """Run a crowd, close, and compare its account with the books; returns how often what arrived."""
    with FakeHttpServer(Faults(kinds)) as server:
        target = delivery(
            server.url,
            max_connections=connections,
            batch_max_events=7,
            buffer_max_events=40,
            linger_seconds=0.0,
            retry_initial_seconds=0.001,
            retry_max_seconds=0.001,
        )
        crowd = Crowd(target, each)
        crowd.run()
        report = target.close(GRACE_SECONDS)
        arrived = Counter(line for r in server.requests for line in r.body.split(b"\n"))
    stats = report.stats
    assert [look for look in crowd.looks if not look.balanced] == []
    assert crowd.looks
    assert (stats.offered, stats.accepted) == (THREADS * each, len(crowd.taken))
    assert stats.refused == ({"buffer_full": crowd.refused} if crowd.refused else {})
    assert (stats.delivered, stats.pending, stats.dropped) == (stats.accepted, 0, {})
    assert stats.balanced
    assert arrived.keys() == set(crowd.taken)
    assert len(arrived) > THREADS * each / 4
    assert target._shared.senders == []
    assert not [thread for thread in threading.enumerate() if thread.name == "plain-sender"]
    return crowd, arrived


def check_exactly_once(*, connections: int, each: int) -> None:
    """Whatever the threads do: nothing lost, nothing sent twice."""
    crowd, arrived = check_crowd([], connections=connections, each=each)
    assert set(arrived.values()) == {1}
    assert crowd.target.stats().retried == 0


def check_at_least_once(*, connections: int, each: int) -> None:
    """Answers that fail or get lost cost duplicates, as many as the books admit, and no event."""
    crowd, arrived = check_crowd(FAULTS, connections=connections, each=each)
    retried = crowd.target.stats().retried
    assert 0 < sum(arrived.values()) - len(arrived) <= retried


def test_every_event_once() -> None:
    """Without faults each accepted event arrives exactly once, in spite of closes and reopenings."""
    check_exactly_once(connections=4, each=12)


def test_every_event_at_least_once() -> None:
    """With failures and cut connections each accepted event still arrives, and the books hold."""
    check_at_least_once(connections=1, each=12)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("check", [check_exactly_once, check_at_least_once])
def test_a_large_crowd(check: Callable[..., None], connections: int) -> None:
    """The same for minutes, with one connection and with four."""
    check(connections=connections, each=1_000)
