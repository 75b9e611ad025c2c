# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Several senders and several addresses, whatever answers come in whatever order; time is a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from acme_splunk_hec._delivery.breaker import (
    FAILURES_TO_OPEN,
    BreakerState,
)
from acme_splunk_hec._delivery.endpoints import Endpoint, Endpoints
from acme_splunk_hec._delivery.records import (
    Delivered,
    Hold,
    Record,
    Rejected,
    RetryLater,
    Split,
    Unconfirmed,
)
from acme_splunk_hec._delivery.retry import RetryPolicy
from acme_splunk_hec._delivery.settlement import Setback, Settlement
from acme_splunk_hec._delivery.slot import Slot

POLICY = RetryPolicy(initial_seconds=1.0, max_seconds=8.0, retry_after_max_seconds=60.0)
HOLD_SECONDS = 30.0
SENDERS = 4
NAMES = ("a:1", "b:1", "c:1")

OUTCOMES = st.one_of(
    st.just(Delivered()),
    st.just(Delivered(slow_down=True)),
    st.builds(RetryLater, st.just("busy"), st.sampled_from([None, 0.0, 5.0]), st.booleans()),
    st.just(RetryLater("busy", 90.0)),
    st.just(Hold("token")),
    st.just(Rejected("bad")),
    st.just(Unconfirmed(1)),
)


@dataclass
class Way:
    """One request on its way."""

    endpoint: Endpoint
    size: int
    is_probe: bool
    began: float


class Routes(RuleBasedStateMachine):
    """What senders do with their slots and the addresses, with a second account beside it."""

    @initialize(count=st.integers(1, 3), balance=st.booleans())
    def begin(self, count: int, balance: bool) -> None:
        """Make addresses that nobody has tried."""
        self.names = NAMES[:count]
        self.endpoints = Endpoints(
            self.names,
            balance=balance,
            policy=POLICY,
            hold_seconds=HOLD_SECONDS,
            random=lambda: 0.5,
        )
        self.slots = [
            Slot(policy=POLICY, deadline_seconds=1e9, hold_seconds=HOLD_SECONDS, random=lambda: 0.5)
            for _ in range(SENDERS)
        ]
        self.ways: dict[int, Way] = {}
        self.now = 0.0
        self.not_before = dict.fromkeys(self.names, 0.0)
        """What the server asked for, or what a hold costs; jitter comes on top of it."""
        self.failed = dict.fromkeys(self.names, 0)
        """Failures in a row, at least."""
        self.probed_at = dict.fromkeys(self.names, -1.0)
        """When the last probe began: the answer to an earlier request is no news after that."""
        self.answered = dict.fromkeys(self.names, 0)

    def idle(self) -> list[int]:
        """Return the senders that wait for no answer."""
        return [sender for sender in range(SENDERS) if sender not in self.ways]

    @precondition(lambda self: self.idle())
    @rule(data=st.data(), hurry=st.booleans())
    def send(self, data: st.DataObject, hurry: bool) -> None:
        """A sender has something to send."""
        self.now += 0.001
        sender = data.draw(st.sampled_from(self.idle()))
        states = {name: self.endpoints[name].breaker.state(self.now) for name in self.names}
        found = self.endpoints.pick(self.now, hurry=hurry)
        if found is None:
            assert not hurry
            assert BreakerState.HALF_OPEN not in states.values()
            assert self.endpoints.next_at(self.now) is not None or self.ways
            return
        if not hurry:
            assert states[found.name] is not BreakerState.OPEN
            assert self.now >= self.not_before[found.name]
            probes = [w for w in self.ways.values() if w.endpoint is found and w.is_probe]
            assert not (found.breaker.is_tripped and probes), "two probes at a time"
        elif states[found.name] is BreakerState.OPEN:
            assert set(states.values()) == {BreakerState.OPEN}, (
                "in a hurry past one that may be used"
            )
        slot = self.slots[sender]
        if not len(slot):
            slot.fill([Record(b"x") for _ in range(data.draw(st.integers(1, 3)))], self.now)
        is_probe = found.breaker.is_tripped
        if is_probe:
            self.probed_at[found.name] = self.now
        self.ways[sender] = Way(found, len(slot.next_batch()), is_probe, self.now)

    @precondition(lambda self: self.ways)
    @rule(data=st.data(), alike=st.booleans())
    def answer(self, data: st.DataObject, alike: bool) -> None:
        """An answer comes: an outcome per record, often the same for all."""
        sender = data.draw(st.sampled_from(sorted(self.ways)))
        size = self.ways[sender].size
        if alike:
            self.end(sender, [data.draw(OUTCOMES)] * size)
        else:
            self.end(sender, data.draw(st.lists(OUTCOMES, min_size=size, max_size=size)))

    @precondition(lambda self: self.ways)
    @rule(data=st.data())
    def refuse_whole_request(self, data: st.DataObject) -> None:
        """An answer comes that explains nothing; it says that the address is alive."""
        self.end(data.draw(st.sampled_from(sorted(self.ways))), Split("HTTP 400"))

    @rule()
    def close(self) -> None:
        """The time of a close is up before the answers come."""
        for sender, way in self.ways.items():
            way.endpoint.breaker.release()
            self.slots[sender].drain()
        self.ways.clear()

    def end(self, sender: int, verdict: Any) -> None:
        """Apply an answer as the sender does."""
        way = self.ways.pop(sender)
        endpoint, name = way.endpoint, way.endpoint.name
        settlement = self.slots[sender].settle(verdict, now=self.now, age_now=self.now)
        pausing = self.now < endpoint.breaker.not_before
        endpoint.note(settlement, self.now, self.now - way.began, self.now)
        self.answered[name] += 1
        setback = settlement.setback
        if setback is None:
            if settlement.delivered or not settlement.unconfirmed:
                self.not_before[name] = self.failed[name] = 0
        elif way.began < self.probed_at[name]:
            return  # old news
        elif setback.held:
            self.not_before[name] = self.now + HOLD_SECONDS
        else:
            self.failed[name] += not pausing
            wish = min(setback.after_seconds or 0.0, POLICY.retry_after_max_seconds)
            self.not_before[name] = max(self.not_before[name], self.now + wish)
        if setback is not None:
            assert endpoint.breaker.held == setback.held

    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        """A stream learns that earlier records arrived."""
        name = data.draw(st.sampled_from(self.names))
        self.endpoints[name].confirm(1, self.now)
        self.not_before[name] = self.failed[name] = 0

    @rule()
    def wake(self) -> None:
        """A secret has changed: addresses that hold may be tried."""
        held = [name for name in self.names if self.endpoints[name].breaker.held]
        self.endpoints.wake(self.now)
        for name in held:
            self.not_before[name] = self.now

    @rule(seconds=st.sampled_from([0.1, 1.0, 5.0, 31.0, 100.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @invariant()
    def down_is_down(self) -> None:
        """An address that failed often enough in a row counts as down, and no other does unless it holds."""
        for name in self.names:
            breaker = self.endpoints[name].breaker
            down = self.failed[name] >= FAILURES_TO_OPEN
            assert not down or breaker.is_tripped
            assert self.endpoints[name].requests == self.answered[name]

    @invariant()
    def nothing_is_left_alone_for_ever(self) -> None:
        """Every request ended in a verdict: with none on its way, each address may be tried some day."""
        if not self.ways:
            for name in self.names:
                assert self.endpoints[name].breaker.may_try(self.now + 1e9)


Routes.TestCase.settings = hypothesis_settings(
    max_examples=20, stateful_step_count=30, deadline=None, derandomize=True, database=None
)
TestRoutes = Routes.TestCase


def test_an_answer_from_before_lets_no_second_probe_through() -> None:
    """A request from the time when all was well says nothing about the probe that is on its way."""
    endpoints = Endpoints(
        ["a:1"], balance=False, policy=POLICY, hold_seconds=HOLD_SECONDS, random=lambda: 0.5
    )
    held = Settlement(setback=Setback("token", held=True))
    first, old = endpoints.pick(0.0), endpoints.pick(0.0)
    assert first is not None
    assert old is not None
    first.note(held, 1.0, 1.0, 0.0)
    old_answers_at = 1.0 + HOLD_SECONDS + 9.0
    probe = endpoints.pick(1.0 + HOLD_SECONDS)
    assert probe is not None
    old.note(held, old_answers_at, old_answers_at, 0.0)
    endpoints.wake(old_answers_at + 1.0)
    assert endpoints.pick(old_answers_at + 1.0) is None
    probe.note(held, old_answers_at + 2.0, 11.0, 0.0)
    endpoints.wake(old_answers_at + 3.0)
    assert endpoints.pick(old_answers_at + 3.0) is probe
