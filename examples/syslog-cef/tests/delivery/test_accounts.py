# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The books are right at every moment, whatever answers come in whatever order."""

from collections import deque
from itertools import chain
from typing import Any

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from acme_syslog_cef._delivery.accounts import Accounts
from acme_syslog_cef._delivery.buffer import (
    RECORD_OVERHEAD_BYTES,
    MemoryBuffer,
    Offer,
)
from acme_syslog_cef._delivery.ledger import (
    DropReason,
    RefuseReason,
)
from acme_syslog_cef._delivery.records import (
    Delivered,
    Hold,
    Record,
    Rejected,
    RetryLater,
    Split,
    Unconfirmed,
)
from acme_syslog_cef._delivery.retry import (
    AgeClock,
    RetryPolicy,
)
from acme_syslog_cef._delivery.settings import DeliverySettings
from acme_syslog_cef._delivery.settlement import Settlement
from acme_syslog_cef._delivery.slot import Slot

POLICY = RetryPolicy(initial_seconds=1.0, max_seconds=8.0, retry_after_max_seconds=60.0)
REFUSALS = {Offer.FULL: RefuseReason.BUFFER_FULL, Offer.TOO_LARGE: RefuseReason.TOO_LARGE}


def new_accounts(**settings: Any) -> Accounts:
    """Make accounts that have accepted nothing."""
    given = DeliverySettings(**settings)
    return Accounts(given, MemoryBuffer(given))


def make_accounts(*payloads: bytes, **settings: Any) -> tuple[Accounts, list[Record]]:
    """Make accounts that accepted these payloads, all of them taken for sending."""
    accounts = new_accounts(**settings)
    records = [Record(payload) for payload in payloads]
    for record in records:
        assert accounts.offer(record, 0.0) is Offer.TAKEN
    accounts.buffer.take()
    return accounts, records


@pytest.mark.fault(promise=1)
def test_delivered() -> None:
    """Warnings and deliveries that nobody confirmed are parts of what is delivered."""
    accounts, (a, b, c) = make_accounts(b"a", b"b", b"c")
    delivered = [(a, Delivered()), (b, Delivered("slow")), (c, Delivered(confirmed=False))]
    accounts.apply(Settlement(delivered=delivered), buried=0)
    stats = accounts.snapshot()
    assert (stats.delivered, stats.warnings, stats.delivered_unconfirmed) == (3, 1, 1)
    assert (stats.pending, stats.pending_bytes, stats.balanced) == (0, 0, True)


@pytest.mark.fault(promise=1)
@pytest.mark.parametrize(
    ("buried", "dropped"),
    [
        (0, {"expired": 2, "rejected": 2}),
        (1, {"expired": 1, "rejected": 2}),
        (2, {"rejected": 2}),
        (3, {"rejected": 1}),
        (4, {}),
    ],
)
def test_given_up(buried: int, dropped: dict[str, int]) -> None:
    """What the dead-letter file took, in its order, is dead-lettered; the rest is dropped by reason."""
    accounts, (a, b, c, d) = make_accounts(b"a", b"b", b"c", b"d")
    settlement = Settlement(expired=[(a, "old"), (b, "old")], rejected=[(c, "bad"), (d, "bad")])
    accounts.apply(settlement, buried=buried)
    stats = accounts.snapshot()
    assert (stats.dead_lettered, stats.dropped) == (buried, dropped)
    assert (stats.pending, stats.pending_bytes, stats.balanced) == (0, 0, True)


@pytest.mark.fault(promise=1)
def test_refused() -> None:
    """A refused event was offered and never accepted."""
    accounts, _ = make_accounts()
    accounts.refuse(RefuseReason.ENCODE_ERROR)
    accounts.refuse(RefuseReason.ENCODE_ERROR)
    accounts.refuse(RefuseReason.CLOSED)
    stats = accounts.snapshot()
    assert (stats.offered, stats.accepted) == (3, 0)
    assert stats.refused == {"encode_error": 2, "closed": 1}
    assert stats.balanced


def test_full_without_eviction() -> None:
    """An offer that is not taken is booked by nobody: it may be repeated."""
    accounts, _ = make_accounts(b"a", buffer_max_events=1)
    assert accounts.offer(Record(b"b"), 0.0) is Offer.FULL
    assert accounts.snapshot().offered == 1


def test_drop_oldest() -> None:
    """The oldest one that waits gives way and is counted; what is in flight stays."""
    accounts, _ = make_accounts(b"a", buffer_max_events=2, buffer_policy="drop_oldest")
    assert accounts.offer(Record(b"b"), 0.0) is Offer.TAKEN
    assert accounts.offer(Record(b"c"), 0.0) is Offer.TAKEN
    assert [record.payload for record in accounts.buffer.leave([], queue=True)] == [b"c"]
    stats = accounts.snapshot()
    assert (stats.accepted, stats.dropped, stats.pending) == (3, {"drop_oldest": 1}, 2)
    assert stats.balanced
    assert accounts.offer(Record(b"d"), 0.0) is Offer.FULL


@pytest.mark.fault(promise=23)
def test_counts_beside_the_equations() -> None:
    """Truncated, sent again and possibly duplicated records are counted where they happen."""
    accounts, _ = make_accounts()
    accounts.offer(Record(b"a", truncated=True), 0.0)
    accounts.offer(Record(b"b"), 0.0)
    accounts.apply(Settlement(retried=2, ambiguous=1), buried=0)
    stats = accounts.snapshot()
    assert (stats.truncated, stats.retried, stats.ambiguous) == (1, 2, 1)


def test_progress() -> None:
    """What left the queue is taken, whether it is settled or not."""
    accounts, _ = make_accounts(b"a", b"b")
    accounts.offer(Record(b"c"), 0.0)
    assert accounts.taken == 2
    accounts.buffer.take()
    assert accounts.taken == 3


def test_snapshot_is_frozen() -> None:
    """Statistics that were handed out do not change later."""
    accounts, (a,) = make_accounts(b"a")
    stats = accounts.snapshot()
    accounts.give_up([a], DropReason.CLOSED, buried=0)
    accounts.refuse(RefuseReason.CLOSED)
    assert (stats.pending, stats.dropped, stats.refused) == (1, {}, {})


OUTCOMES = st.one_of(
    st.just(Delivered()),
    st.builds(RetryLater, st.just("busy"), st.sampled_from([None, 0.0, 5.0]), st.booleans()),
    st.just(Hold("token")),
    st.just(Rejected("bad")),
    st.builds(Unconfirmed, st.integers(1, 3)),
)


class Books(RuleBasedStateMachine):
    """What a sender does with a slot and the accounts, with each record's whereabouts beside it."""

    @initialize(drops_oldest=st.booleans())
    def begin(self, drops_oldest: bool) -> None:
        """Make a small delivery, so that its bounds are met often."""
        self.accounts = new_accounts(
            buffer_max_events=8,
            buffer_max_bytes=10_000,
            batch_max_events=4,
            batch_max_bytes=2_000,
            buffer_policy="drop_oldest" if drops_oldest else "drop_newest",
        )
        self.slot = Slot(
            policy=POLICY, deadline_seconds=60.0, hold_seconds=30.0, random=lambda: 0.5
        )
        self.clock = AgeClock()
        self.now = 0.0
        self.queue: deque[Record] = deque()
        self.sent: list[Record] = []
        self.unconfirmed: dict[int, list[Record]] = {}
        self.ended: dict[str, list[Record]] = {}

    def end(self, where: str, records: list[Record]) -> None:
        """Note where records ended."""
        self.ended.setdefault(where, []).extend(records)
        self.sent = [record for record in self.sent if record not in records]

    @rule(size=st.sampled_from([0, 10, 900, 3_000, 20_000]))
    def offer(self, size: int) -> None:
        """Somebody logs an event."""
        record = Record(bytes(size))
        result = self.accounts.offer(record, self.clock.age(self.now))
        if result is not Offer.TAKEN:
            self.accounts.refuse(REFUSALS[result])
            return
        self.queue.append(record)
        evicted = len(self.queue) - self.accounts.buffer.queued
        self.end("dropped", [self.queue.popleft() for _ in range(evicted)])

    @rule(company=st.booleans())
    def take(self, company: bool) -> None:
        """The sender takes a batch, or one record to try beside suspects."""
        if len(self.slot) and not company:
            return
        batch = self.accounts.buffer.take(at_most=1 if len(self.slot) else None)
        assert batch == [self.queue.popleft() for _ in batch]
        if batch:
            self.slot.fill(batch, self.now)
            self.sent += batch

    @precondition(lambda self: len(self.slot))
    @rule(data=st.data())
    def answer(self, data: st.DataObject) -> None:
        """An answer comes: an outcome per record."""
        batch = self.slot.next_batch()
        size = len(batch)
        verdict = data.draw(
            st.lists(OUTCOMES, min_size=size, max_size=size)
            | OUTCOMES.map(lambda outcome: [outcome] * size)
        )
        self.settle(verdict, data)

    @precondition(lambda self: len(self.slot))
    @rule(data=st.data())
    def refuse_whole_request(self, data: st.DataObject) -> None:
        """An answer comes that explains nothing."""
        self.slot.next_batch()
        self.settle(Split("HTTP 400"), data)

    def settle(self, verdict: Any, data: st.DataObject) -> None:
        """Apply an answer as the sender does."""
        age_now = self.clock.age(self.now)
        settlement = self.slot.settle(verdict, now=self.now, age_now=age_now)
        for token, records in settlement.unconfirmed.items():
            self.unconfirmed.setdefault(token, []).extend(records)
            self.sent = [record for record in self.sent if record not in records]
        self.book(settlement, data)

    def book(self, settlement: Settlement, data: st.DataObject) -> None:
        """Book a settlement; the dead-letter file takes as many as it likes."""
        given_up = [record for record, _ in settlement.expired + settlement.rejected]
        buried = data.draw(st.integers(0, len(given_up)))
        self.clock.set_held(self.slot.held, self.now)
        self.accounts.apply(settlement, buried=buried)
        self.end("delivered", [record for record, _ in settlement.delivered])
        self.end("dead_lettered", given_up[:buried])
        self.end("dropped", given_up[buried:])

    @precondition(lambda self: self.unconfirmed)
    @rule(data=st.data())
    def confirm(self, data: st.DataObject) -> None:
        """The client learns that a token arrived."""
        records = self.unconfirmed.pop(data.draw(st.sampled_from(sorted(self.unconfirmed))))
        self.slot.confirm()
        delivered = [(record, Delivered(confirmed=False)) for record in records]
        self.book(Settlement(delivered=delivered), data)

    @precondition(lambda self: self.unconfirmed)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """The connection is lost with all that was not confirmed."""
        lost = [records for _, records in sorted(self.unconfirmed.items())]
        self.unconfirmed.clear()
        self.sent += [record for records in lost for record in records]
        age_now = self.clock.age(self.now)
        failure = RetryLater("reset", ambiguous=True)
        self.book(self.slot.resend(lost, failure, now=self.now, age_now=age_now), data)

    @rule(seconds=st.sampled_from([0.5, 20.0, 100.0]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        """The time of a close is up: everything that is left is given up."""
        left = [record for records in self.unconfirmed.values() for record in records]
        left = self.accounts.buffer.leave(left + self.slot.drain(), queue=True)
        buried = data.draw(st.integers(0, len(left)))
        self.accounts.give_up(left, DropReason.CLOSED, buried=buried)
        self.unconfirmed.clear()
        self.queue.clear()
        self.end("dead_lettered", left[:buried])
        self.end("dropped", left[buried:])
        assert self.accounts.snapshot().pending == 0

    @invariant()
    def balanced(self) -> None:
        """The equations hold, and each number is the number of records that are there."""
        stats = self.accounts.snapshot()
        assert stats.balanced
        ended = {where: len(records) for where, records in self.ended.items()}
        assert stats.delivered == ended.get("delivered", 0)
        assert stats.dead_lettered == ended.get("dead_lettered", 0)
        assert sum(stats.dropped.values()) == ended.get("dropped", 0)
        assert len(self.slot) == len(self.sent)

    @invariant()
    def nothing_is_in_two_places(self) -> None:
        """A record ends once, and is charged for until then and no longer."""
        held = [*self.queue, *self.sent, *chain(*self.unconfirmed.values())]
        ended = [*chain(*self.ended.values())]
        assert len({id(record) for record in held + ended}) == len(held) + len(ended)
        stats = self.accounts.snapshot()
        assert stats.pending == len(held)
        charge = sum(len(record.payload) + RECORD_OVERHEAD_BYTES for record in held)
        assert stats.pending_bytes == charge


Books.TestCase.settings = hypothesis_settings(
    max_examples=20, stateful_step_count=30, deadline=None, derandomize=True, database=None
)
TestBooks = Books.TestCase
