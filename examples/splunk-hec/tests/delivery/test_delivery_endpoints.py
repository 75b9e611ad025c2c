# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Several addresses, several requests at a time, and secrets that change, on real sockets."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from acme_splunk_hec._delivery.credentials import Credential
from acme_splunk_hec._delivery.delivery import Delivery
from acme_splunk_hec._delivery.errors import ConfigurationError
from acme_splunk_hec._delivery.ledger import Stats
from acme_splunk_hec._delivery.records import (
    Batch,
    Delivered,
    Hold,
    HttpRequest,
)

from ..support.fake_http import Answer, FakeHttpServer, Received
from . import plain
from .plain import delivery
from .test_delivery import SLOW, offer, received, wait_for_stats


@pytest.fixture
def pair() -> Iterator[tuple[FakeHttpServer, FakeHttpServer]]:
    """Two servers that take everything."""
    with FakeHttpServer() as first, FakeHttpServer() as second:
        yield first, second


Pair = tuple[FakeHttpServer, FakeHttpServer]


def to_both(pair: Pair, **settings: Any) -> Delivery:
    """Make a delivery that prefers the first."""
    first, second = pair
    return delivery(first.url, failover_urls=(second.url,), **settings)


def test_fails_over_and_returns(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """The second address takes over at once; the first is used again when it is back."""
    first, second = pair
    target = to_both(pair, retry_max_seconds=0.05)
    offer(target, b"1")
    assert target.flush(5.0)
    first.stop()
    for number in range(2, 200):
        offer(target, b"%d" % number)
        assert target.flush(5.0)
        if target.stats().endpoints[0].state != "closed":
            break
    assert target.stats().endpoints[1].delivered == number - 1
    first.start()
    for later in range(number + 1, number + 1_000):
        offer(target, b"%d" % later)
        assert target.flush(5.0)
        if len(first.requests) > 1:
            break
    report = target.close(5.0)
    assert sorted(map(int, received(first) + received(second))) == list(range(1, later + 1))
    assert (report.stats.delivered, report.stats.dropped) == (later, {})
    assert "takes no events at the moment" in caplog.text
    assert "takes events again" in caplog.text


def test_a_hanging_address_costs_one_time_out(pair: Pair) -> None:
    """What was sent there goes to the other address when the time is up, counted as ambiguous."""
    first, second = pair
    gate = threading.Event()
    first.default = Answer(200, delay=gate)
    target = to_both(pair, request_timeout_seconds=0.05, retry_initial_seconds=60.0)
    offer(target, b"1")
    second.wait_for(1)
    offer(target, b"2")
    second.wait_for(2)
    stats = wait_for_stats(target, lambda s: s.delivered == 2)
    gate.set()
    target.close(1.0)
    assert (stats.ambiguous, len(first.requests)) == (1, 1)


def test_a_refused_token_on_one_address_is_no_hold(
    pair: Pair, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody is told which address refuses it; the events go to the other one."""
    first, second = pair
    first.default = Answer(401)
    target = to_both(pair, linger_seconds=SLOW)
    offer(target, b"1")
    assert target.flush(5.0)
    stats = target.stats()
    target.close(1.0)
    assert received(second) == [b"1"]
    assert not stats.held
    assert [each.held for each in stats.endpoints] == [True, False]
    assert f"delivery to {stats.endpoints[0].name} is on hold: HTTP 401" in caplog.text


def test_balance_uses_both(pair: Pair) -> None:
    """With endpoint_policy "balance" batches take turns."""
    target = to_both(pair, endpoint_policy="balance", batch_max_events=1)
    offer(target, b"1", b"2", b"3", b"4")
    target.close(5.0)
    assert [received(server) for server in pair] == [[b"1", b"3"], [b"2", b"4"]]


class Crowd:
    """Lets requests wait until a number of them is there at the same time."""

    def __init__(self, size: int) -> None:
        self.seen = 0
        self.most = 0
        self.inside = 0
        self.changed = threading.Condition()
        self.size = size

    def __call__(self, request: Received) -> Answer:
        """Answer when the crowd is complete, or cannot become so."""
        with self.changed:
            self.seen += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.changed.notify_all()
            self.changed.wait_for(lambda: self.most >= self.size, 0.1)
            self.inside -= 1
        return Answer()


@pytest.mark.parametrize("connections", [1, 3])
def test_as_many_requests_at_a_time_as_allowed(connections: int) -> None:
    """A slow target gets more connections, up to the bound; each event arrives once."""
    crowd = Crowd(connections)
    with FakeHttpServer(crowd) as server:
        target = delivery(server.url, batch_max_events=1, max_connections=connections)
        payloads = [b"%d" % number for number in range(12)]
        offer(target, *payloads)
        assert target.flush(10.0)
        report = target.close(10.0)
        assert sorted(received(server)) == sorted(payloads)
    assert crowd.most == connections
    assert report.stats.delivered == 12


def test_a_retry_keeps_its_place() -> None:
    """In an outage there are never more batches in hand than connections: the rest waits in the buffer."""
    with FakeHttpServer(Answer(503)) as server:
        target = delivery(server.url, batch_max_events=1, max_connections=2)
        offer(target, *[b"%d" % number for number in range(50)])
        wait_for_stats(target, lambda s: s.retried >= 4)
        taken = target._shared.accounts.taken
        target.close(0.0)
    assert taken <= 2
    assert target.stats().connections == 1


def test_flush_waits_for_the_oldest() -> None:
    """Newer events that overtook an older one do not make a flush complete."""
    gate = threading.Event()
    with FakeHttpServer() as server:
        target = delivery(server.url, batch_max_events=1, max_connections=2)
        offer(target, b"1")  # a first success allows a second connection
        assert target.flush(5.0)
        server.script(Answer(200, delay=gate))
        offer(target, b"slow")
        server.wait_for(2)
        flushing = target.begin_flush()
        offer(target, b"3", b"4")
        wait_for_stats(target, lambda s: s.delivered == 3)
        assert not target.is_flushed(flushing)
        gate.set()
        wait_for_stats(target, lambda s: s.delivered == 4)
        assert target.is_flushed(flushing)
        target.close(1.0)


def needs(token: str) -> Callable[[Received], Answer]:
    """Refuse every other token."""
    return lambda request: Answer(200 if request.headers["authorization"] == token else 403)


def with_token(url: str, credential: Credential, **settings: Any) -> Delivery:
    """Make a delivery that sends a token."""
    config = plain.PlainConfig(url=url, **settings)

    def build(batch: Batch) -> HttpRequest:
        headers = {"Authorization": credential.value()}
        return replace(plain.build(batch), headers=headers)

    exchange = replace(plain.exchange(config), build=build, credentials=(credential,))
    return Delivery("plain", settings=config, exchange=exchange)


def test_a_new_token_in_its_file_is_used_within_a_second(tmp_path: Path) -> None:
    """A hold of a minute ends when the secret changes, and with it the standing still of ages."""
    path = tmp_path / "token"
    path.write_text("old")
    with FakeHttpServer(needs("new")) as server:
        credential = Credential("token_file", read=path.read_text)
        target = with_token(server.url, credential, hold_seconds=SLOW)
        offer(target, b"1")
        stats = wait_for_stats(target, lambda s: s.held)
        assert stats.endpoints[0].held
        asked = len(server.requests)
        (tmp_path / "new").write_text("new")
        (tmp_path / "new").replace(path)
        began = time.monotonic()
        stats = wait_for_stats(target, lambda s: s.delivered == 1)
        assert time.monotonic() - began < 1.0
        target.close(1.0)
    assert (len(server.requests), stats.held) == (asked + 1, False)


def test_a_token_that_is_replaced_in_time_causes_no_hold(tmp_path: Path) -> None:
    """Each request uses what the file holds then."""
    path = tmp_path / "token"
    path.write_text("old")
    with FakeHttpServer(needs("old")) as server:
        target = with_token(server.url, Credential("token_file", read=path.read_text))
        offer(target, b"1")
        assert target.flush(5.0)
        server.default = needs("new")
        path.write_text("new")
        offer(target, b"2")
        assert target.flush(5.0)
        assert len(server.requests) == 2
        target.close(1.0)


def test_a_provider_is_asked_at_each_probe() -> None:
    """A function cannot be watched: it is asked when the interval of the hold is over."""
    answers = iter(["old", "also old", "new"])
    with FakeHttpServer(needs("new")) as server:
        credential = Credential("token_provider", read=lambda: next(answers), watched=False)
        target = with_token(server.url, credential, hold_seconds=0.05)
        offer(target, b"1")
        wait_for_stats(target, lambda s: s.delivered == 1)
        offer(target, b"2")
        assert target.flush(5.0)
        target.close(1.0)
    assert [r.headers["authorization"] for r in server.requests] == [
        "old",
        "also old",
        "new",
        "new",
    ]


def test_a_secret_that_is_missing_holds(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    """No request goes out without it; it is used when it appears."""
    path = tmp_path / "token"
    with FakeHttpServer(needs("new")) as server:
        credential = Credential("token_file", read=path.read_text)
        target = with_token(server.url, credential, hold_seconds=SLOW)
        offer(target, b"1")
        wait_for_stats(target, lambda s: s.held)
        path.write_text("new")
        wait_for_stats(target, lambda s: s.delivered == 1)
        target.close(1.0)
    assert len(server.requests) == 1
    assert "token_file cannot be read (No such file or directory)" in caplog.text


def test_a_refused_size_is_remembered(caplog: pytest.LogCaptureFixture) -> None:
    """After a 413 batches are smaller: no later request is refused for its size."""

    def answer(request: Received) -> Answer:
        return Answer(413 if len(request.body) > 300 else 200)

    with FakeHttpServer(answer) as server:
        target = delivery(server.url, linger_seconds=SLOW, batch_max_events=10)
        offer(target, *[b"x" * 100] * 10)
        assert target.flush(5.0)
        learnt = len(server.requests)
        offer(target, *[b"x" * 100] * 40)
        report = target.close(5.0)
    assert [
        len(request.body) for request in server.requests[learnt:] if len(request.body) > 300
    ] == []
    assert report.stats.delivered == 50
    assert "lower batch_max_bytes" in caplog.text


def test_moved_statuses_reach_the_engine() -> None:
    """A 404 that is a matter of a restart, and a 422 that is final."""
    with FakeHttpServer() as server:
        server.script(Answer(404), Answer(200), Answer(422))
        target = delivery(server.url, retry_statuses=[404], drop_statuses=[422])
        offer(target, b"1")
        assert target.flush(5.0)
        offer(target, b"2")
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert (stats.delivered, stats.retried, stats.dropped) == (1, 1, {"rejected": 1})


def test_the_books_are_handed_out() -> None:
    """stats_callback hears of a running delivery, and of its end."""
    heard: list[Stats] = []
    called = threading.Event()

    def callback(stats: Stats) -> None:
        heard.append(stats)
        called.set()

    with FakeHttpServer() as server:
        target = delivery(server.url, stats_callback=callback, stats_interval_seconds=0.01)
        offer(target, b"1")
        assert called.wait(5.0)
        target.close(1.0)
    assert all(stats.balanced for stats in heard)
    assert heard[-1].delivered == 1


def test_stats_tell_ages_and_addresses() -> None:
    """How long the oldest waits, and what each address did."""
    gate = threading.Event()
    with FakeHttpServer() as server:
        server.script(Answer(200, delay=gate))
        target = delivery(server.url)
        assert target.stats().oldest_seconds is None
        offer(target, b"1")
        server.wait_for(1)
        age = target.stats().oldest_seconds or 0.0
        wait_for_stats(target, lambda s: (s.oldest_seconds or 0.0) > age + 0.02)
        gate.set()
        stats = wait_for_stats(target, lambda s: s.delivered == 1)
        target.close(1.0)
    (endpoint,) = stats.endpoints
    assert stats.oldest_seconds is None
    assert (endpoint.name, endpoint.requests) == (server.url.removeprefix("http://"), 1)
    assert endpoint.latency_seconds is not None
    assert endpoint.latency_seconds >= 0.01
    assert abs((endpoint.last_success_at or 0.0) - time.time()) < 60.0


def test_a_sender_that_was_closed_takes_nothing_more() -> None:
    """A batch in the slot of a thread that has been given up would be pending for ever."""
    with FakeHttpServer() as server:
        target = delivery(server.url, batch_max_events=1)
        offer(target, b"1")
        (sender,) = target._shared.senders
        target.close(SLOW)
        with target._shared.condition:
            offer(target, b"2")
            sender._step()
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert stats.delivered == 2


def test_a_record_that_comes_while_connections_end_is_sent() -> None:
    """The end of a sender is decided when nothing is left, not when it began to end."""
    late = [b"late"]
    with FakeHttpServer() as server:
        config = plain.PlainConfig(url=server.url, linger_seconds=SLOW)
        working = plain.exchange(config)
        (make,) = working.endpoints.values()

        class Client:
            def __init__(self) -> None:
                self._inner = make()
                self.send = self._inner.send
                self.poll = self._inner.poll

            def close(self, timeout_seconds: float) -> Any:
                while late:
                    offer(target, late.pop())
                return self._inner.close(timeout_seconds)

        exchange = replace(working, endpoints={"plain": Client})
        target = Delivery("plain", settings=config, exchange=exchange)
        offer(target, b"1")
        report = target.close(5.0)
    assert received(server) == [b"1", b"late"]
    assert (report.stats.delivered, report.stats.dropped) == (2, {})


def test_a_hold_for_a_file_is_no_hot_loop(tmp_path: Path) -> None:
    """While a certificate is missing an unchanged token is no reason to try again at once."""
    tries: list[int] = []

    def connect() -> Any:
        tries.append(1)
        raise ConfigurationError("tls_ca_file cannot be read")

    config = plain.PlainConfig(url="http://127.0.0.1:1", hold_seconds=SLOW)
    token = Credential("token", read=lambda: "same")
    exchange = replace(plain.exchange(config), endpoints={"plain": connect}, credentials=(token,))
    target = Delivery("plain", settings=config, exchange=exchange)
    offer(target, b"1")
    wait_for_stats(target, lambda s: s.held)
    (sender,) = target._shared.senders
    for _ in range(20):
        sender._look_for_new_secrets()
        with target._shared.condition:
            target._shared.condition.wait(0.001)
    target.close(0.0)
    assert len(tries) <= 3


def test_a_hook_that_raises_anything_blocks_no_address() -> None:
    """A provider may be cancelled, or exit, exactly when it is asked for a new secret."""
    answers: list[Any] = ["old", SystemExit(1), "new", "new"]

    def ask() -> str:
        answer = answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return str(answer)

    with FakeHttpServer(needs("new")) as server:
        credential = Credential("token_provider", read=ask, watched=False)
        target = with_token(server.url, credential, hold_seconds=0.02)
        offer(target, b"1")
        assert wait_for_stats(target, lambda s: s.delivered == 1).balanced
        target.close(1.0)


def test_a_delivery_that_is_reopened_in_a_hold_goes_on() -> None:
    """Ages do not stand still for somebody who is gone: what lingers is sent in its time."""
    with FakeHttpServer(Answer(401)) as server:
        target = delivery(server.url, hold_seconds=SLOW)
        offer(target, b"1")
        wait_for_stats(target, lambda s: s.held)
        closing = target.begin_close(SLOW)
        closing.wait()
        server.default = Answer()
        offer(target, b"2")  # opens it before the close has been finished
        target.finish_close(closing)
        with target._shared.condition:
            target._shared.endpoints.wake(time.monotonic())
            target._shared.condition.notify_all()
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert (stats.delivered, stats.dropped) == (1, {"closed": 1})


def test_a_close_sends_what_is_not_held() -> None:
    """When the target refuses some events until a repair, the others still arrive before the end."""

    def classify(response: Any, batch: Batch) -> Any:
        return [Hold("index") if record.payload == b"bad" else Delivered() for record in batch]

    with FakeHttpServer() as server:
        config = plain.PlainConfig(url=server.url, linger_seconds=SLOW, batch_max_events=5)
        exchange = replace(plain.exchange(config), classify=classify)
        target = Delivery("plain", settings=config, exchange=exchange)
        offer(target, b"bad", *[b"%d" % number for number in range(40)])
        report = target.close(5.0)
    assert (report.delivered, report.stats.dropped) == (40, {"closed": 1})
