# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What the tests of faults have in common: quick settings, waiting for the books, and the account."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from acme_syslog_cef._delivery.buffer import Offer
from acme_syslog_cef._delivery.delivery import Delivery
from acme_syslog_cef._delivery.ledger import Stats
from acme_syslog_cef._delivery.records import Record

from ..delivery.plain import delivery
from ..support.fake_http import FakeHttpServer
from ..support.forking import succeeds_in_child as succeeds_in_child

SLOW = 60.0  # seconds that no test waits for
QUICK: dict[str, Any] = {
    "linger_seconds": 0.001,
    "retry_initial_seconds": 0.001,
    "retry_max_seconds": 0.005,
    "retry_after_max_seconds": 0.005,
    "hold_seconds": 0.005,
}
"""Pauses that are over before anybody notices."""


def together(count: int) -> dict[str, Any]:
    """Return settings that send so many events in one request, however slow the machine is."""
    return {"linger_seconds": SLOW, "batch_max_events": count}


def quick_delivery(url: str, **settings: Any) -> Delivery:
    """Make a delivery to a plain server, with short pauses."""
    return delivery(url, **(QUICK | settings))


def offer(target: Delivery, *payloads: bytes) -> None:
    """Offer records that have to be taken."""
    for payload in payloads:
        assert target.offer(Record(payload)) is Offer.TAKEN


def payloads(server: FakeHttpServer) -> list[bytes]:
    """Return the payloads of all complete requests, in order of arrival."""
    return [line for request in server.requests for line in request.body.split(b"\n")]


def wait_for(books: Callable[[], Stats], condition: Callable[[Stats], bool]) -> Stats:
    """Wait until the books say so; they balance at every look.

    Raises:
        AssertionError: they did not within ten seconds.
    """
    deadline = time.monotonic() + 10.0
    while True:
        stats = books()
        assert stats.balanced
        if condition(stats):
            return stats
        assert time.monotonic() < deadline, stats
        threading.Event().wait(0.001)


def settled(stats: Stats) -> bool:
    """Whether nothing is pending."""
    return stats.pending == 0


def account(stats: Stats) -> dict[str, int]:
    """Return where the accepted events are, without the places that are empty.

    Raises:
        AssertionError: the figures do not add up.
    """
    assert stats.balanced
    places = {
        "delivered": stats.delivered,
        "dead_lettered": stats.dead_lettered,
        "pending": stats.pending,
        **stats.dropped,
    }
    return {place: count for place, count in places.items() if count}
