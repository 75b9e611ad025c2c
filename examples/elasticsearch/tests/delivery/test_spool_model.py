# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The spool against a list in memory: whatever is done in whatever order, crashes included."""

import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from acme_elasticsearch._delivery.buffer import Offer
from acme_elasticsearch._delivery.frames import FRAME_BYTES
from acme_elasticsearch._delivery.records import Record

from .spooling import (
    NAME,
    Settings,
    Spool,
    adopt_all,
    disk_bytes,
    payloads_of,
    take_all,
)

CAP = 8_000  # of which a segment takes an eighth
SIZES = st.integers(0, 150) | st.integers(0, 1_500)


class SpoolAndModel(RuleBasedStateMachine):
    """Offers, takes, settles and takes back records, and loses the process now and then."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = Path(tempfile.mkdtemp())
        self.count = 0
        self.now = 0.0

    @initialize(batch_max_events=st.integers(1, 5), batch_max_bytes=st.integers(1, 300))
    def start(self, batch_max_events: int, batch_max_bytes: int) -> None:
        """Make a spool with small bounds."""
        self.settings = Settings(
            spool_max_bytes=CAP,
            batch_max_events=batch_max_events,
            batch_max_bytes=batch_max_bytes,
        )
        self.waiting: list[bytes] = []
        self.taken: list[Record] = []
        self.left: list[bytes] = []
        """What earlier processes left and this one has no room for yet."""
        self.spool = self.make()

    def make(self) -> Spool:
        """Make a spool whose age clock is the time of day."""
        return Spool(self.directory / NAME, self.settings, wall=lambda: self.now)

    @rule(size=SIZES)
    def offer(self, size: int) -> None:
        """A record is taken, or it is refused because of the cap."""
        self.count += 1
        self.now += 1.0
        payload = b"%d:" % self.count + bytes(size)
        if self.spool.offer(Record(payload), self.now) is Offer.TAKEN:
            self.waiting.append(payload)
        else:
            assert disk_bytes(self.directory) + len(payload) > CAP // 2

    @rule(size=SIZES)
    def offer_and_evict(self, size: int) -> None:
        """With the policy `drop_oldest` what is given up are the oldest that can make room."""
        self.count += 1
        record = Record(b"%d:" % self.count + bytes(size))
        if self.spool.offer(record, self.now) is not Offer.TAKEN:
            before = self.spool.queued
            given_up = self.spool.evict_for(record)
            assert self.spool.queued == before - given_up
            if not given_up or self.spool.offer(record, self.now) is not Offer.TAKEN:
                assert not given_up, "a record was given up and did not help"
                return
            # Which ones went depends on the files: learn it, but each was there.
            left = payloads_of(self.all_that_waits())
            assert set(left) - {record.payload} <= set(self.waiting)
            assert len(left) == len(self.waiting) - given_up + 1
            self.waiting = left
            return
        self.waiting.append(record.payload)

    def all_that_waits(self) -> list[Record]:
        """Look at all that waits."""
        records = take_all(self.spool)
        self.spool.leave(records, queue=False)
        return records

    @rule(at_most=st.none() | st.integers(1, 3))
    def take(self, at_most: int | None) -> None:
        """A batch is the oldest that wait, within its bounds."""
        batch = self.spool.take(at_most)
        assert payloads_of(batch) == self.waiting[: len(batch)]
        assert bool(batch) == bool(self.waiting)
        assert len(batch) <= (at_most or self.settings.batch_max_events)
        size = sum(map(len, payloads_of(batch)))
        assert len(batch) == 1 or size <= self.settings.batch_max_bytes
        del self.waiting[: len(batch)]
        self.taken += batch

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        """Some that were taken are settled, in any order."""
        chosen = data.draw(st.lists(st.sampled_from(self.taken), unique_by=id))
        self.spool.release(chosen)
        self.taken = [record for record in self.taken if record not in chosen]

    @rule()
    def take_back(self) -> None:
        """All that was taken waits again, first."""
        self.spool.leave(self.taken, queue=False)
        self.waiting = payloads_of(self.taken) + self.waiting
        self.taken = []

    @rule(crash=st.booleans())
    def reopen(self, crash: bool) -> None:
        """Another process finds each record that is not settled, once."""
        if crash:
            self.spool.forget()
        else:
            self.spool.close()
        self.left += self.waiting + payloads_of(self.taken)
        self.waiting = []
        self.taken = []
        self.spool = self.make()
        self.adopt()

    @rule()
    def adopt(self) -> None:
        """What is found was left by others, each record once; only the cap keeps some back."""
        found = adopt_all(self.spool)
        records = self.all_that_waits()
        payloads = payloads_of(records)
        assert len(set(payloads)) == len(payloads) == len(self.waiting) + found
        new = set(payloads) - set(self.waiting)
        assert len(new) == found
        assert new <= set(self.left)
        assert all(record.accepted_at <= self.now for record in records)
        self.waiting = payloads
        self.left = [payload for payload in self.left if payload not in new]
        assert not self.left or self.spool.pending_bytes > CAP // 4

    @invariant()
    def sums_are_right(self) -> None:
        """What the spool counts is what the model has, and the cap holds."""
        if not hasattr(self, "spool"):
            return
        pending = self.waiting + payloads_of(self.taken)
        assert (self.spool.queued, self.spool.pending) == (len(self.waiting), len(pending))
        assert self.spool.pending_bytes == sum(len(each) + FRAME_BYTES for each in pending)
        assert (self.spool.oldest_at() is None) == (not self.waiting)
        assert self.left or disk_bytes(self.directory) <= CAP
        assert (self.spool.problem, self.spool.damaged, self.spool.unreadable) == (None, 0, 0)

    def teardown(self) -> None:
        """Serve what is left; then no file is."""
        if hasattr(self, "spool"):
            self.spool.leave(self.taken, queue=False)
            served = []
            while records := take_all(self.spool):
                served += payloads_of(records)
                self.spool.release(records)
                adopt_all(self.spool)
            assert sorted(served) == sorted(self.waiting + payloads_of(self.taken) + self.left)
            self.spool.close()
            assert list((self.directory / NAME).iterdir()) == []
        shutil.rmtree(self.directory)


TestSpoolAndModel = SpoolAndModel.TestCase
TestSpoolAndModel.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
