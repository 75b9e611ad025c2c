# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""When an address may be tried; on virtual time."""

from __future__ import annotations

from typing import Any

import pytest

from acme_syslog_cef._delivery.breaker import (
    FAILURES_TO_OPEN,
    BreakerState,
    CircuitBreaker,
)
from acme_syslog_cef._delivery.retry import RetryPolicy

POLICY = RetryPolicy(initial_seconds=1.0, max_seconds=8.0, retry_after_max_seconds=60.0)


def make_breaker(**changes: Any) -> CircuitBreaker:
    """Make a breaker whose pauses are the longest possible."""
    given: dict[str, Any] = {"policy": POLICY, "hold_seconds": 30.0, "random": lambda: 1.0}
    return CircuitBreaker(**(given | changes))


def fail(breaker: CircuitBreaker, times: int = 1, after: float | None = None) -> None:
    """Let requests fail, each as soon as it may be sent; `not_before` is the time that passes."""
    for _ in range(times):
        now = max(0.0, breaker.not_before)
        breaker.begin()
        breaker.fail(now, after)


def test_a_new_one_is_closed() -> None:
    """An address is trusted until it fails."""
    breaker = make_breaker()
    assert breaker.state(0.0) is BreakerState.CLOSED
    assert breaker.may_try(0.0)


def test_pauses_grow_and_are_capped() -> None:
    """Each failure in a row doubles the limit of the pause up to the cap."""
    breaker = make_breaker()
    pauses = []
    for _ in range(6):
        before = max(0.0, breaker.not_before)
        fail(breaker)
        pauses.append(breaker.not_before - before)
    assert pauses == [1.0, 2.0, 4.0, 8.0, 8.0, 8.0]


def test_a_single_failure_pauses_and_does_not_open() -> None:
    """One 503 is no outage; but the address is not hammered either."""
    breaker = make_breaker()
    fail(breaker)
    assert breaker.state(0.5) is BreakerState.CLOSED
    assert not breaker.may_try(0.9)
    assert breaker.may_try(1.0)


def test_opens_after_failures_in_a_row() -> None:
    """Then nothing is sent until the pause is over, and one probe after that."""
    breaker = make_breaker()
    fail(breaker, FAILURES_TO_OPEN)
    until = breaker.not_before
    assert breaker.state(until - 0.1) is BreakerState.OPEN
    assert not breaker.may_try(until - 0.1)
    assert breaker.state(until) is BreakerState.HALF_OPEN
    breaker.begin()
    assert breaker.state(until) is BreakerState.OPEN
    assert not breaker.may_try(until)


def test_a_probe_that_succeeds_closes() -> None:
    """Everything is as it was at the beginning."""
    breaker = make_breaker()
    fail(breaker, 5)
    breaker.begin()
    breaker.succeed()
    assert breaker.state(0.0) is BreakerState.CLOSED
    assert breaker.may_try(0.0)
    fail(breaker)
    assert breaker.not_before == 1.0


def test_a_probe_without_news_lets_another_go() -> None:
    """A request whose answer came too late for anybody must not block the address for ever."""
    breaker = make_breaker()
    fail(breaker, FAILURES_TO_OPEN)
    breaker.begin()
    breaker.release()
    assert breaker.may_try(breaker.not_before)


def test_failures_during_a_pause_are_one() -> None:
    """Four requests that were on their way when the target went down are not four outages."""
    breaker = make_breaker()
    for _ in range(4):
        breaker.begin()
    for _ in range(4):
        breaker.fail(0.0, None)
    assert breaker.failures == 1
    assert breaker.not_before == 1.0


def test_retry_after_lengthens_a_pause() -> None:
    """The server's wish counts whichever of the answers brings it."""
    breaker = make_breaker(random=lambda: 0.0)
    breaker.begin()
    breaker.fail(0.0, 5.0)
    breaker.fail(1.0, 20.0)
    assert (breaker.not_before, breaker.failures) == (21.0, 1)


def test_a_hold_probes_once_per_interval() -> None:
    """A refused token is not tried at the rate of a busy server."""
    breaker = make_breaker()
    breaker.begin()
    breaker.hold(5.0)
    assert breaker.held
    assert breaker.state(34.9) is BreakerState.OPEN
    assert breaker.state(35.0) is BreakerState.HALF_OPEN
    breaker.begin()
    assert not breaker.may_try(35.0)
    breaker.succeed()
    assert not breaker.held


def test_a_failure_ends_a_hold() -> None:
    """What does not answer any more refuses no token either: ages go on, pauses are those of an outage."""
    breaker = make_breaker()
    breaker.hold(0.0)
    breaker.begin()
    breaker.fail(30.0, None)
    assert not breaker.held
    assert breaker.not_before == 31.0


def test_waking_is_for_holds() -> None:
    """A new secret cuts a hold short, and not the pause of a server that is down."""
    held, down = make_breaker(), make_breaker()
    held.hold(0.0)
    fail(down, FAILURES_TO_OPEN)
    until = down.not_before
    held.wake(2.0)
    down.wake(2.0)
    assert held.may_try(2.0)
    assert down.not_before == until


@pytest.mark.parametrize("ending", ["succeed", "release"])
def test_state_is_a_word(ending: str) -> None:
    """States go into metrics as text."""
    breaker = make_breaker()
    breaker.begin()
    getattr(breaker, ending)()
    assert breaker.state(0.0).value == "closed"
