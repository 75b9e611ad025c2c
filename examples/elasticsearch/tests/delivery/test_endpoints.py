# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Which address the next request goes to; on virtual time."""

from __future__ import annotations

from acme_elasticsearch._delivery.breaker import FAILURES_TO_OPEN
from acme_elasticsearch._delivery.endpoints import Endpoint, Endpoints
from acme_elasticsearch._delivery.records import Delivered, Record
from acme_elasticsearch._delivery.retry import RetryPolicy
from acme_elasticsearch._delivery.settlement import (
    Setback,
    Settlement,
)

POLICY = RetryPolicy(initial_seconds=1.0, max_seconds=8.0, retry_after_max_seconds=60.0)
DOWN = Settlement(setback=Setback("refused"))
WRONG = Settlement(setback=Setback("token", held=True))


def make(*names: str, balance: bool = False) -> Endpoints:
    """Make endpoints whose pauses are the longest possible."""
    return Endpoints(names, balance=balance, policy=POLICY, hold_seconds=30.0, random=lambda: 1.0)


def good() -> Settlement:
    """Return what an answer decides that delivers a record."""
    return Settlement(delivered=[(Record(b"x"), Delivered())])


def request(endpoints: Endpoints, settlement: Settlement, now: float = 0.0) -> str:
    """Send a request wherever it may go, and return where it went."""
    endpoint = endpoints.pick(now)
    assert endpoint is not None
    endpoint.note(settlement, now, 0.25, 1_000.0 + now)
    return endpoint.name


def take_down(endpoints: Endpoints, name: str) -> Endpoint:
    """Let one address fail until it counts as down."""
    endpoint = endpoints[name]
    for _ in range(FAILURES_TO_OPEN):
        endpoint.breaker.begin()
        endpoint.note(DOWN, max(0.0, endpoint.breaker.not_before), 0.25, 0.0)
    return endpoint


def test_the_first_is_preferred() -> None:
    """As long as it works, nobody else is asked."""
    endpoints = make("a", "b")
    assert [request(endpoints, good()) for _ in range(3)] == ["a", "a", "a"]


def test_a_failure_goes_to_the_next_at_once() -> None:
    """The request that failed need not wait for the address that failed it."""
    endpoints = make("a", "b", "c")
    assert request(endpoints, DOWN) == "a"
    assert request(endpoints, DOWN) == "b"
    assert request(endpoints, good()) == "c"


def test_nobody_is_left() -> None:
    """When all pause there is nothing to do, until the first pause ends."""
    endpoints = make("a", "b")
    request(endpoints, DOWN)
    request(endpoints, DOWN, 0.5)
    assert endpoints.pick(0.9) is None
    assert endpoints.next_at(0.9) == 1.0
    assert request(endpoints, good(), 1.0) == "a"


def test_returns_to_the_first() -> None:
    """A preferred address is probed when its pause is over, by one request; then it is used again."""
    endpoints = make("a", "b")
    first = take_down(endpoints, "a")
    until = first.breaker.not_before
    assert request(endpoints, good(), until - 0.1) == "b"
    probe = endpoints.pick(until)
    assert probe is first
    assert request(endpoints, good(), until) == "b"
    first.note(good(), until, 0.1, 0.0)
    assert request(endpoints, good(), until) == "a"


def test_a_probe_on_its_way_is_waited_for() -> None:
    """There is no time to name when the only pause that is left is that of an answer."""
    endpoints = make("a")
    first = take_down(endpoints, "a")
    until = first.breaker.not_before
    assert endpoints.pick(until) is first
    assert endpoints.pick(until) is None
    assert endpoints.next_at(until) is None


def test_balance_takes_turns() -> None:
    """Each gets its share; one that is down is left out."""
    endpoints = make("a", "b", "c", balance=True)
    assert [request(endpoints, good()) for _ in range(4)] == ["a", "b", "c", "a"]
    take_down(endpoints, "b")
    assert [request(endpoints, good()) for _ in range(3)] == ["c", "a", "c"]


def test_hurry_ignores_pauses() -> None:
    """At a close there is no later; what is down is still better than what refuses us."""
    endpoints = make("a", "b")
    request(endpoints, WRONG)
    request(endpoints, DOWN)
    assert endpoints.pick(0.0) is None
    hurried = endpoints.pick(0.0, hurry=True)
    assert hurried is endpoints["b"]


def test_held_means_all() -> None:
    """As long as one address takes events nobody has to repair anything at once."""
    endpoints = make("a", "b")
    assert request(endpoints, WRONG) == "a"
    assert (endpoints.held, endpoints.any_held) == (False, True)
    assert request(endpoints, WRONG) == "b"
    assert endpoints.held
    endpoints.wake(3.0)
    assert request(endpoints, good(), 3.0) == "a"
    assert not endpoints.held


def test_an_unconfirmed_write_is_no_success() -> None:
    """A stream that takes everything and is reset again and again gets longer and longer pauses."""
    endpoints = make("a")
    endpoint = endpoints["a"]
    for _ in range(2):
        now = max(0.0, endpoint.breaker.not_before)
        request(endpoints, Settlement(unconfirmed={1: [Record(b"x")]}), now)
        endpoint.set_back(DOWN, now)
    assert endpoint.breaker.failures == 2
    endpoint.confirm(1, 5.0)
    assert endpoint.breaker.failures == 0


def test_an_unconfirmed_write_ends_a_hold() -> None:
    """Who takes what we send does not refuse us; its connection is kept."""
    endpoints = make("a")
    request(endpoints, WRONG)
    request(endpoints, Settlement(unconfirmed={1: [Record(b"x")]}), 30.0)
    assert not endpoints.held


def test_a_refused_request_is_an_answer() -> None:
    """Who says 400 is there."""
    endpoints = make("a")
    request(endpoints, DOWN)
    request(endpoints, Settlement(retried=2), 1.0)
    assert endpoints["a"].breaker.failures == 0


def test_figures() -> None:
    """Requests, failures, events, time and the last success are counted per address."""
    endpoints = make("a", "b")
    request(endpoints, good(), 0.0)
    request(endpoints, DOWN, 1.0)
    endpoints["a"].confirm(0, 99.0)
    a, b = endpoints.snapshot(1.5)
    assert (a.name, a.requests, a.failures, a.delivered) == ("a", 2, 1, 1)
    assert (a.request_seconds, a.latency_seconds, a.last_success_at) == (0.5, 0.25, 1_000.0)
    assert (a.state, a.held) == ("closed", False)
    assert (b.requests, b.latency_seconds, b.last_success_at) == (0, None, None)
    take_down(endpoints, "b")
    assert endpoints.snapshot(0.0)[1].state == "open"
    request(endpoints, WRONG, 100.0)
    assert endpoints.snapshot(200.0)[0].held
    assert endpoints.snapshot(200.0)[0].state == "half_open"
