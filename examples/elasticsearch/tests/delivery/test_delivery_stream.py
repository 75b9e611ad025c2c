# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Unconfirmed records: pending until the stream's tail lets go of them, sent again after a reset."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from acme_elasticsearch._delivery.buffer import Offer
from acme_elasticsearch._delivery.delivery import Delivery, Exchange
from acme_elasticsearch._delivery.ledger import Stats
from acme_elasticsearch._delivery.records import FrameRequest, Record
from acme_elasticsearch._delivery.settings import DeliverySettings
from acme_elasticsearch._delivery.stream_client import StreamClient

from ..support.fake_syslog import FakeSyslogServer


def stream_delivery(server: FakeSyslogServer, *, tail_seconds: float = 60.0) -> Delivery:
    """Make a delivery that writes one line per record."""
    exchange: Exchange[Any, Any] = Exchange(
        build=lambda batch: FrameRequest([record.payload + b"\n" for record in batch]),
        classify=lambda response, batch: response.outcomes,
        endpoints={
            "receiver": lambda: StreamClient(
                server.host, server.port, tail_max_seconds=tail_seconds
            )
        },
    )
    settings = DeliverySettings(linger_seconds=0.01, retry_initial_seconds=0.01)
    return Delivery("stream", settings=settings, exchange=exchange)


def offer(target: Delivery, *payloads: bytes) -> None:
    """Offer records that have to be taken."""
    for payload in payloads:
        assert target.offer(Record(payload)) is Offer.TAKEN


def wait_for_stats(target: Delivery, condition: Callable[[Stats], bool]) -> Stats:
    """Wait until the books say so."""
    deadline = time.monotonic() + 5.0
    while not condition(stats := target.stats()):
        assert time.monotonic() < deadline, stats
        assert stats.balanced
        threading.Event().wait(0.002)
    return stats


@pytest.mark.fault(promise=14)
def test_written_is_pending_until_it_leaves_the_tail() -> None:
    """A successful write is no delivery; the age of the tail decides, and the books say unconfirmed."""
    with FakeSyslogServer() as server:
        target = stream_delivery(server, tail_seconds=0.1)
        offer(target, b"<1>one")
        server.wait_for(1)
        assert target.stats().pending == 1
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert (stats.delivered, stats.delivered_unconfirmed) == (1, 1)


def test_flush_does_not_wait_for_the_tail() -> None:
    """Flush is over when everything is written; the tail of a stream may take its time."""
    with FakeSyslogServer() as server:
        target = stream_delivery(server)
        offer(target, b"<1>one")
        assert target.flush(5.0)
        assert target.stats().pending == 1
        target.close(5.0)


@pytest.mark.fault(3, promise=4)
def test_a_reset_sends_the_tail_again_in_order() -> None:
    """What may be lost is sent again before anything newer, and counted as ambiguous."""
    with FakeSyslogServer() as server:
        target = stream_delivery(server)
        offer(target, b"<1>one")
        server.wait_for(1)
        offer(target, b"<1>two")
        server.wait_for(2)
        server.reset_connections()
        server.wait_for(4)
        offer(target, b"<1>three")
        server.wait_for(5)
        report = target.close(5.0)
        arrived = list(server.frames)
    assert arrived == [b"<1>one", b"<1>two", b"<1>one", b"<1>two", b"<1>three"]
    assert (report.stats.delivered, report.stats.ambiguous) == (3, 2)
    assert report.stats.balanced


def test_close_settles_the_tail() -> None:
    """A peer that reads to the end of an orderly stream has everything."""
    with FakeSyslogServer() as server:
        target = stream_delivery(server)
        offer(target, b"<1>one", b"<1>two")
        report = target.close(5.0)
        server.wait_for(2)
    assert (report.delivered, report.dropped, report.stats.pending) == (2, 0, 0)


@pytest.mark.fault(1, 27, promise=8)
def test_an_outage_loses_nothing() -> None:
    """Records that were in the tail when the server went away arrive when it is back."""
    with FakeSyslogServer() as server:
        target = stream_delivery(server)
        offer(target, b"<1>one")
        server.wait_for(1)
        server.stop()
        offer(target, b"<1>two")
        wait_for_stats(target, lambda s: s.retried >= 2)
        server.start()
        server.wait_for(3)
        report = target.close(5.0)
    assert set(server.frames) == {b"<1>one", b"<1>two"}
    assert report.stats.delivered == 2
