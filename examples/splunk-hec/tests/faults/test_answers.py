# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Answers that say no: not now, not so much, not like this."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path

import orjson
import pytest

from acme_splunk_hec._delivery.breaker import (
    FAILURES_TO_OPEN,
    BreakerState,
    CircuitBreaker,
)
from acme_splunk_hec._delivery.endpoints import Endpoint
from acme_splunk_hec._delivery.exchange import attempt
from acme_splunk_hec._delivery.records import Hold, Record, RetryLater
from acme_splunk_hec._delivery.retry import AgeClock, RetryPolicy
from acme_splunk_hec._delivery.slot import Slot

from ..delivery import plain
from ..support.fake_http import Answer, FakeHttpServer, Received
from .books import (
    SLOW,
    account,
    offer,
    payloads,
    quick_delivery,
    settled,
    together,
    wait_for,
)

POLICY = RetryPolicy(initial_seconds=1.0, max_seconds=8.0, retry_after_max_seconds=300.0)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def breaker() -> CircuitBreaker:
    """Return a breaker whose random part is always zero."""
    return CircuitBreaker(policy=POLICY, hold_seconds=30.0, random=lambda: 0.0)


def retry_after(value: str | int) -> str:
    """Return a text as it is, a number as the date in so many seconds from now.

    A test calls it: a date made when pytest collects is old when a slow machine gets to the test.
    """
    if isinstance(value, str):
        return value
    moment = datetime.now(timezone.utc) + timedelta(seconds=value)
    return format_datetime(moment, usegmt=True)


@pytest.mark.fault(9, promise=7)
@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7.0, 7.0),
        (7_000, 300.0, 300.0),
        (200, 100.0, 200.0),
        ("in a while", 0.0, 0.0),
        ("86400", 300.0, 300.0),
    ],
    ids=["seconds", "far_date", "date", "garbage", "capped"],
)
def test_retry_after_decides_when_an_address_is_tried_again(
    value: str | int, least: float, most: float
) -> None:
    """From the header to the next attempt, on a clock that starts at zero."""
    header = retry_after(value)
    with FakeHttpServer(Answer(429, headers={"Retry-After": header})) as server:
        exchange = plain.exchange(plain.PlainConfig(url=server.url))
        ((name, connect),) = exchange.endpoints.items()
        client = connect()
        slot = Slot(policy=POLICY, deadline_seconds=600, hold_seconds=30, random=lambda: 0.0)
        slot.fill([Record(b"1")], 0.0)
        verdict = attempt(exchange, client, slot.next_batch(), 5.0)
        client.close(0.0)
    endpoint = Endpoint(name, breaker())
    endpoint.note(slot.settle(verdict, now=0.0, age_now=0.0), now=0.0, seconds=0.0, wall=0.0)
    assert least <= endpoint.breaker.not_before <= most
    assert endpoint.breaker.may_try(most)
    assert len(slot) == 1


@pytest.mark.fault(9, promise=7)
@pytest.mark.parametrize("value", ["0", 9, "soon", "86400"], ids=["zero", "date", "garbage", "day"])
def test_told_to_wait_it_waits_no_longer_than_the_cap(value: str | int) -> None:
    """Whatever the server asks for, `retry_after_max_seconds` is the most; nothing is lost."""
    with FakeHttpServer() as server:
        server.script(Answer(429, headers={"Retry-After": retry_after(value)}))
        target = quick_delivery(server.url, **together(2))
        offer(target, b"1", b"2")
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert payloads(server) == [b"1", b"2"] * 2
    assert (account(stats), stats.retried, stats.ambiguous) == ({"delivered": 2}, 2, 0)


@pytest.mark.fault(1, 10, promise=7)
def test_a_failing_address_gets_one_probe_at_a_time() -> None:
    """After failures in a row nothing is sent but a single probe when the pause is over."""
    one = breaker()
    now = 0.0
    for _ in range(FAILURES_TO_OPEN):
        assert one.may_try(now)
        one.begin()
        one.fail(now, after_seconds=5.0)
        assert not one.may_try(now + 4.9)
        now += 5.0
    assert (one.state(now - 0.1), one.state(now)) == (BreakerState.OPEN, BreakerState.HALF_OPEN)
    one.begin()
    assert not one.may_try(now + SLOW)
    one.succeed()
    assert (one.state(now), one.may_try(now)) == (BreakerState.CLOSED, True)


@pytest.mark.fault(10, promise=(1, 8))
@pytest.mark.parametrize("status", [500, 502, 503, 504])
@pytest.mark.parametrize("body", [b"", b"<html>try later</html>"], ids=["empty", "html"])
def test_a_server_error_is_retried(status: int, body: bytes) -> None:
    """With and without a body the events are sent again until they are taken, in order."""
    with FakeHttpServer() as server:
        server.script(*[Answer(status, body)] * 4)
        target = quick_delivery(server.url)
        offer(target, b"1")
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert payloads(server) == [b"1"] * 5
    assert (account(stats), stats.retried) == ({"delivered": 1}, 4)


@pytest.mark.fault(10, promise=(1, 8))
def test_attempts_do_not_end_an_event_but_its_age_does(tmp_path: Path) -> None:
    """Past the deadline it goes to the dead letters with the reason, and nowhere else."""
    path = tmp_path / "dead.jsonl"
    with FakeHttpServer(Answer(503)) as server:
        target = quick_delivery(server.url, retry_deadline_seconds=0.05, dead_letter_path=path)
        offer(target, b"1")
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    (entry,) = map(orjson.loads, path.read_bytes().splitlines())
    assert (entry["event"], entry["reason"]) == ("1", "HTTP 503")
    assert entry["attempts"] == len(server.requests)
    assert account(stats) == {"dead_lettered": 1}


@pytest.mark.fault(11, promise=(5, 16))
def test_too_large_a_request_is_halved_and_the_size_remembered(tmp_path: Path) -> None:
    """An HTML 413 costs only the event that is too large by itself; later batches are smaller."""

    def limited(received: Received) -> Answer:
        too_large = len(received.body) > 2_500
        return Answer(413, b"<html>Request Entity Too Large</html>") if too_large else Answer()

    path = tmp_path / "dead.jsonl"
    with FakeHttpServer(limited) as server:
        target = quick_delivery(server.url, linger_seconds=SLOW, dead_letter_path=path)
        offer(target, *[b"%d" % number * 1_000 for number in range(4)], b"x" * 3_000)
        assert target.flush(5.0)
        before = len(server.requests)
        offer(target, *[b"%d" % number * 1_000 for number in range(5, 9)])
        assert target.flush(5.0)
        report = target.close(1.0)
    assert all(len(request.body) <= 2_500 for request in server.requests[before:])
    (entry,) = map(orjson.loads, path.read_bytes().splitlines())
    assert (entry["event"], entry["reason"]) == ("x" * 3_000, "HTTP 413")
    assert account(report.stats) == {"delivered": 8, "dead_lettered": 1}


@pytest.mark.fault(12, promise=(1, 9))
@pytest.mark.parametrize("status", [301, 404, 405, 415, 501])
def test_a_page_of_a_wrong_server_holds_the_events(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A balancer with a wrong route costs time and not data, past any deadline; somebody is told."""
    with FakeHttpServer(Answer(status, b"<html>not here</html>")) as server:
        target = quick_delivery(server.url, retry_deadline_seconds=0.001)
        offer(target, b"1")
        stats = wait_for(target.stats, lambda s: s.held and s.retried >= 2)
        assert account(stats) == {"pending": 1}
        server.default = Answer()
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert account(stats) == {"delivered": 1}
    assert f"on hold: HTTP {status}" in caplog.text


@pytest.mark.fault(17, promise=(1, 9))
@pytest.mark.parametrize("status", [401, 403])
def test_a_right_that_is_taken_away_and_given_back_costs_nothing(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """In the middle of the traffic: the events are held past their deadline, then all arrive."""
    with FakeHttpServer() as server:
        target = quick_delivery(server.url, retry_deadline_seconds=0.001)
        offer(target, b"1")
        wait_for(target.stats, settled)
        server.default = Answer(status)
        offer(target, b"2", b"3")
        wait_for(target.stats, lambda s: s.held and s.retried >= 4)
        server.default = Answer()
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert set(payloads(server)) == {b"1", b"2", b"3"}
    assert (account(stats), stats.held) == ({"delivered": 3}, False)
    assert f"on hold: HTTP {status}" in caplog.text


@pytest.mark.fault(17, promise=(8, 9))
def test_a_hold_over_a_weekend_expires_nothing() -> None:
    """The age of an event stands still meanwhile: one more failure afterwards is no reason to give up."""
    clock, weekend = AgeClock(), 200_000.0
    slot = Slot(policy=POLICY, deadline_seconds=600, hold_seconds=30, random=lambda: 0.0)
    slot.fill([Record(b"1", accepted_at=clock.age(0.0))], 0.0)
    slot.next_batch()
    slot.settle([Hold("HTTP 401")], now=0.0, age_now=clock.age(0.0))
    clock.set_held(True, 0.0)
    slot.next_batch()
    again = slot.settle([RetryLater("HTTP 503")], now=weekend, age_now=clock.age(weekend))
    clock.set_held(False, weekend)
    assert (len(slot), again.expired) == (1, [])
    late = weekend + 601.0
    slot.next_batch()
    assert slot.settle([RetryLater("HTTP 503")], now=late, age_now=clock.age(late)).expired
    assert len(slot) == 0


@pytest.mark.fault(12, promise=6)
def test_the_owner_can_move_a_status_between_classes() -> None:
    """`retry_statuses` and `drop_statuses` win over what a status means otherwise."""
    with FakeHttpServer() as server:
        server.script(Answer(404), Answer(503))
        target = quick_delivery(server.url, retry_statuses={404}, drop_statuses={503})
        offer(target, b"1")
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert len(server.requests) == 2
    assert (account(stats), stats.held) == ({"rejected": 1}, False)


@pytest.mark.fault(13, promise=5)
def test_one_poison_event_is_found_by_halving(tmp_path: Path) -> None:
    """A 400 without a hint: the others are delivered once, the one is kept with its reason."""
    path = tmp_path / "dead.jsonl"
    with FakeHttpServer(lambda r: Answer(400 if b"bad" in r.body else 200)) as server:
        target = quick_delivery(server.url, linger_seconds=SLOW, dead_letter_path=path)
        offer(target, *[b"%d" % number for number in range(7)], b"bad")
        assert target.flush(5.0)
        report = target.close(1.0)
    taken = [line for got in server.requests if b"bad" not in got.body for line in got.body.split()]
    assert sorted(taken) == [b"%d" % number for number in range(7)]
    assert [orjson.loads(line)["event"] for line in path.read_bytes().splitlines()] == ["bad"]
    assert account(report.stats) == {"delivered": 7, "dead_lettered": 1}
