# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What each answer changes about what is still to be sent; on virtual time, without threads."""

from __future__ import annotations

from typing import Any

import pytest

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
from acme_splunk_hec._delivery.settlement import (
    Setback,
    Settlement,
)
from acme_splunk_hec._delivery.slot import (
    PROBES_BEFORE_HOLD,
    Slot,
)

POLICY = RetryPolicy(initial_seconds=1.0, max_seconds=8.0, retry_after_max_seconds=60.0)


def make_slot(count: int = 0, **changes: Any) -> tuple[Slot, list[Record]]:
    """Make a slot that holds `count` records, all accepted at age 0."""
    given: dict[str, Any] = {
        "policy": POLICY,
        "deadline_seconds": 600.0,
        "hold_seconds": 30.0,
        "random": lambda: 1.0,
    }
    slot = Slot(**(given | changes))
    records = [Record(b"%d" % number) for number in range(count)]
    if records:
        slot.fill(list(records), 0.0)
    return slot, records


def answer(slot: Slot, verdict: Any, now: float = 0.0, age: float = 0.0) -> Settlement:
    """Send what is due and apply the verdict, which may be one outcome for the whole batch."""
    batch = slot.next_batch()
    if not isinstance(verdict, (list, Split)):
        verdict = [verdict] * len(batch)
    return slot.settle(verdict, now=now, age_now=age)


def test_delivered_leaves() -> None:
    """A delivered record leaves the slot, with the outcome it got."""
    slot, records = make_slot(2)
    result = answer(slot, [Delivered(), Delivered("slow down")])
    assert [record for record, _ in result.delivered] == records
    assert result.delivered[1][1].warning == "slow down"
    assert len(slot) == 0


def test_only_the_failed_are_sent_again() -> None:
    """Outcomes count per record: what was delivered is not sent a second time."""
    slot, records = make_slot(3)
    result = answer(slot, [Delivered(), RetryLater("busy"), Rejected("bad")])
    assert slot.next_batch() == [records[1]]
    assert result.rejected == [(records[2], "bad")]
    assert result.retried == 1


def test_what_stops_everything_is_a_setback() -> None:
    """Without progress the address is to blame: it pauses, the records could go elsewhere at once."""
    slot, _ = make_slot(2)
    result = answer(slot, [RetryLater("busy", 3.0), RetryLater("busy", 20.0)], now=5.0)
    assert result.setback == Setback("busy", 20.0)
    assert (slot.not_before, slot.held, result.pushed_back) == (5.0, False, True)


def test_a_part_that_failed_waits_by_itself() -> None:
    """When some records got through the address is well, and the rest pauses."""
    slot, _ = make_slot(2)
    result = answer(slot, [Delivered(), RetryLater("busy")], now=5.0)
    assert (result.setback, result.pushed_back) == (None, True)
    assert slot.not_before == 6.0


def test_retry_after_is_a_lower_bound() -> None:
    """The server's wish for some records is kept, with jitter on top."""
    slot, _ = make_slot(3, random=lambda: 0.0)
    verdict = [Delivered(), RetryLater("busy", after_seconds=20.0), RetryLater("busy")]
    answer(slot, verdict, now=100.0)
    assert slot.not_before == 120.0


def test_a_target_that_asks_for_less_gets_less() -> None:
    """A success can come with the wish to slow down, which the next batch heeds."""
    slot, _ = make_slot(2)
    result = answer(slot, [Delivered(), Delivered("queue is filling", slow_down=True)], now=5.0)
    assert (result.setback, result.pushed_back, slot.not_before) == (None, True, 6.0)
    slot.fill([Record(b"next")], 5.5)
    assert slot.not_before == 6.0


def test_a_wish_for_less_can_come_before_the_confirmation() -> None:
    """What is accepted but unconfirmed may ask to slow down, too."""
    slot, _ = make_slot(1)
    result = answer(slot, Unconfirmed(1, slow_down=True), now=5.0)
    assert (result.setback, result.pushed_back, slot.not_before) == (None, True, 6.0)


def test_a_blameless_record_goes_at_once() -> None:
    """after_seconds=0.0 says that another record was the problem: no pause, and no expiry."""
    slot, records = make_slot(2)
    result = answer(slot, [Rejected("bad"), RetryLater("resend", 0.0)], now=5.0, age=9_999.0)
    assert slot.not_before == 5.0
    assert result.expired == []
    assert slot.next_batch() == [records[1]]


@pytest.mark.fault(promise=8)
@pytest.mark.parametrize(("age", "expired"), [(600.0, 0), (600.1, 1)], ids=["at", "past"])
def test_deadline_is_by_age(age: float, expired: int) -> None:
    """A record that fails again is given up when it is older than the deadline, not earlier."""
    slot, _ = make_slot(1)
    result = answer(slot, RetryLater("busy"), age=age)
    assert len(result.expired) == expired
    assert len(slot) == 1 - expired


@pytest.mark.fault(promise=8)
def test_attempts_do_not_expire_a_record() -> None:
    """A thousand failures within the deadline lose nothing."""
    slot, _ = make_slot(1)
    for _ in range(1_000):
        assert answer(slot, RetryLater("busy")).expired == []
    assert len(slot) == 1


def test_hold_keeps_everything_and_alerts() -> None:
    """Wrong configuration costs time, not data, however old the records are."""
    slot, records = make_slot(2)
    result = answer(slot, Hold("token refused"), now=10.0, age=9_999.0)
    assert (result.expired, result.rejected) == ([], [])
    assert result.alert == "token refused"
    assert result.setback == Setback("token refused", held=True)
    assert slot.next_batch() == records


def test_a_part_on_hold_waits_by_itself() -> None:
    """Records that a target refuses for our configuration, others not, hold this slot."""
    slot, _ = make_slot(2)
    result = answer(slot, [Delivered(), Hold("no right")], now=10.0)
    assert (result.alert, result.setback) == ("no right", None)
    assert slot.held
    assert slot.not_before == 40.0
    slot.wake(12.0)
    assert slot.not_before == 12.0
    answer(slot, Delivered())
    assert not slot.held


def test_only_a_hold_can_be_woken() -> None:
    """A new secret does not cut the pause of a busy target short."""
    slot, _ = make_slot(2)
    answer(slot, [Delivered(), RetryLater("busy")], now=5.0)
    slot.wake(5.0)
    assert slot.not_before == 6.0


def test_the_oldest() -> None:
    """The age of what is in hand is that of its oldest record, wherever it stands."""
    slot, records = make_slot(3)
    for record, age in zip(records, (5.0, 3.0, 4.0), strict=True):
        record.accepted_at = age
    assert slot.oldest_at() == 3.0
    slot.drain()
    assert slot.oldest_at() is None


def test_unconfirmed_is_handed_over() -> None:
    """Unconfirmed records are the caller's to keep, by token."""
    slot, records = make_slot(2)
    result = answer(slot, Unconfirmed(7))
    assert result.unconfirmed == {7: records}
    assert len(slot) == 0


def test_lost_records_come_first_and_are_a_setback() -> None:
    """What a stream lost is sent before anything newer, each group for a request, oldest first."""
    slot, records = make_slot(2)
    answer(slot, Unconfirmed(7))
    slot.fill([Record(b"later")], 0.0)
    lost = RetryLater("reset", ambiguous=True)
    result = slot.resend([[records[0]], [records[1]]], lost, now=3.0, age_now=0.0)
    assert result.setback == Setback("reset")
    assert slot.next_batch() == records[:1]
    assert (len(slot), result.retried, result.ambiguous) == (3, 2, 2)


def test_a_loss_does_not_cut_a_pause_short() -> None:
    """A slot that waits already goes on waiting."""
    slot, _records = make_slot(2)
    answer(slot, [Delivered(), RetryLater("busy")], now=5.0)
    slot.resend([[Record(b"1")]], RetryLater("reset"), now=5.5, age_now=0.0)
    assert slot.not_before == 6.0


def test_a_lost_record_can_expire() -> None:
    """A connection that is lost for ever does not keep a record for ever."""
    slot, _ = make_slot()
    record = Record(b"old")
    result = slot.resend([[record]], RetryLater("reset"), now=0.0, age_now=601.0)
    assert result.expired == [(record, "reset")]
    assert len(slot) == 0


def test_what_is_no_outcome_is_a_failure() -> None:
    """A classifier with a bug loses nothing."""
    slot, records = make_slot(2)
    answer(slot, [None, Delivered()])
    assert slot.next_batch() == [records[0]]


def drive(slot: Slot, bad: set[bytes], limit: int = 100) -> tuple[list[bytes], list[bytes], int]:
    """Answer 400 to every request that carries a bad record; return what became of the rest."""
    delivered: list[bytes] = []
    rejected: list[bytes] = []
    requests = 0
    while len(slot) and not slot.held and requests < limit:
        requests += 1
        poisoned = any(record.payload in bad for record in slot.next_batch())
        result = answer(slot, Split("HTTP 400") if poisoned else Delivered())
        delivered += [record.payload for record, _ in result.delivered]
        rejected += [record.payload for record, _ in result.rejected]
    return delivered, rejected, requests


@pytest.mark.fault(13, promise=5)
@pytest.mark.parametrize("position", [0, 3, 15], ids=["first", "middle", "last"])
def test_split_finds_the_one_bad_record(position: int) -> None:
    """Halving rejects the culprit alone and delivers all others, once each."""
    slot, records = make_slot(16)
    culprit = records[position].payload
    delivered, rejected, requests = drive(slot, {culprit})
    assert rejected == [culprit]
    assert sorted(delivered) == sorted(r.payload for r in records if r.payload != culprit)
    assert requests <= 16


def test_split_can_know_where_to_cut() -> None:
    """When the culprit is among the first records they are tried alone, and the rest in one request."""
    slot, records = make_slot(16)
    answer(slot, Split("HTTP 400", first=1))
    assert slot.next_batch() == records[:1]
    answer(slot, Split("HTTP 400", first=1))
    assert slot.next_batch() == records[1:]
    answer(slot, Delivered())
    assert answer(slot, Split("HTTP 400", first=1)).rejected == [(records[0], "HTTP 400")]


def test_split_counts_what_may_be_there_already() -> None:
    """A target that reads as it goes may have taken what came before the culprit."""
    slot, _ = make_slot(4)
    result = answer(slot, Split("HTTP 400", ambiguous=3))
    assert (result.retried, result.ambiguous) == (4, 3)


@pytest.mark.parametrize("first", [-1, 0, 4, 9])
def test_split_without_a_sensible_cut_halves(first: int) -> None:
    """A cut before the first or behind the last record would change nothing."""
    slot, records = make_slot(4)
    answer(slot, Split("HTTP 400", first=first))
    assert slot.next_batch() == records[:2]


def test_what_is_accepted_but_unconfirmed_is_evidence() -> None:
    """The target took another record under the same configuration: the suspect is to blame."""
    slot, records = make_slot(2)
    answer(slot, Split("HTTP 400"))
    answer(slot, Split("HTTP 400"))
    answer(slot, Unconfirmed(1))
    assert answer(slot, Split("HTTP 400")).rejected == [(records[0], "HTTP 400")]


@pytest.mark.fault(12, promise=9)
def test_split_blames_the_configuration_when_nothing_passes() -> None:
    """400 to everything is a wrong setting: hold after a few probes, condemn nobody."""
    slot, records = make_slot(64)
    delivered, rejected, requests = drive(slot, {record.payload for record in records})
    assert (delivered, rejected) == ([], [])
    assert slot.held
    assert len(slot) == 64
    assert requests <= 2 * PROBES_BEFORE_HOLD + 6


def test_a_hold_after_split_probes_with_single_records() -> None:
    """While the configuration is suspected, one record is sent per interval."""
    slot, records = make_slot(64)
    drive(slot, {record.payload for record in records})
    seen = set()
    for _ in range(3):
        batch = slot.next_batch()
        assert len(batch) == 1
        seen.add(batch[0].payload)
        slot.settle(Split("HTTP 400"), now=0.0, age_now=0.0)
    assert len(seen) == 3


def test_a_repaired_configuration_delivers_everything() -> None:
    """Records that were suspected get a second chance as soon as one is accepted."""
    slot, records = make_slot(64)
    drive(slot, {record.payload for record in records})
    slot.held = False
    delivered, rejected, _ = drive(slot, set())
    assert sorted(delivered) == sorted(record.payload for record in records)
    assert rejected == []


def test_a_lone_suspect_waits_for_company() -> None:
    """One record alone cannot be told from a wrong setting; the next batch decides."""
    slot, (suspect,) = make_slot(1)
    answer(slot, Split("HTTP 400"))
    assert slot.held
    assert slot.wants_company(0.0)
    good = Record(b"good")
    slot.fill([good], 3.0)
    assert slot.not_before == 3.0
    assert [record for record, _ in answer(slot, Delivered()).delivered] == [good]
    result = answer(slot, Split("HTTP 400"))
    assert result.rejected == [(suspect, "HTTP 400")]


def test_refused_company_is_one_per_interval() -> None:
    """Under a wrong configuration new records are not tried at the rate at which they come."""
    slot, _ = make_slot(1)
    answer(slot, Split("HTTP 400"))
    slot.fill([Record(b"also bad")], 3.0)
    answer(slot, Split("HTTP 400"), now=3.0)
    assert not slot.wants_company(32.9)
    assert slot.wants_company(33.0)


def test_two_bad_records_alone_do_not_block_for_ever() -> None:
    """However many were refused alone, the next good record condemns them."""
    slot, bad = make_slot(2)
    for _ in range(3):
        answer(slot, Split("HTTP 400"))
    assert slot.wants_company(0.0)
    slot.fill([Record(b"good")], 0.0)
    answer(slot, Delivered())
    rejected = [answer(slot, Split("HTTP 400")).rejected for _ in bad]
    assert sorted(record.payload for ((record, _),) in rejected) == [b"0", b"1"]
    assert len(slot) == 0


def test_retry_after_zero_without_progress_is_a_failure() -> None:
    """A server that says "at once" and never delivers is not hammered, and its records expire."""
    slot, _ = make_slot(1)
    result = answer(slot, RetryLater("busy", after_seconds=0.0))
    assert result.setback == Setback("busy")
    assert len(answer(slot, RetryLater("busy", after_seconds=0.0), age=601.0).expired) == 1


def test_the_order_is_kept() -> None:
    """What is sent again is sent in its order, whatever kept it back."""
    slot, records = make_slot(3)
    answer(slot, [RetryLater("busy"), Hold("token"), RetryLater("resend", 0.0)])
    assert slot.next_batch() == records


def test_evidence_does_not_outlive_a_wait() -> None:
    """What was taken before the target asked for patience proves nothing about what is refused after."""
    slot, records = make_slot(3)
    answer(slot, [Delivered(), RetryLater("busy"), RetryLater("busy")])
    answer(slot, Split("HTTP 400"))
    assert answer(slot, Split("HTTP 400")).rejected == []
    assert len(slot) == len(records) - 1


def test_evidence_does_not_outlive_what_was_lost() -> None:
    """What was taken and then lost says nothing about a refusal after it."""
    slot, records = make_slot(1)
    answer(slot, Unconfirmed(1))
    slot.resend([records], RetryLater("lost"), now=0.0, age_now=0.0)
    assert answer(slot, Split("HTTP 400")).rejected == []
    assert slot.held


def test_evidence_does_not_outlive_the_batch() -> None:
    """An old success proves nothing about today's configuration."""
    slot, _ = make_slot(1)
    answer(slot, Delivered())
    slot.fill([Record(b"later")], 0.0)
    result = answer(slot, Split("HTTP 400"))
    assert result.rejected == []
    assert slot.held


def test_drain_gives_everything_back() -> None:
    """At the end nothing is forgotten in a group."""
    slot, records = make_slot(4)
    answer(slot, Split("HTTP 413"))
    assert sorted(r.payload for r in slot.drain()) == sorted(r.payload for r in records)
    assert len(slot) == 0
