# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The buffer: bounds that hold until a record is settled, and batches that close in time."""

import tracemalloc
from typing import Any

import pytest

from acme_elasticsearch._delivery.buffer import (
    RECORD_OVERHEAD_BYTES,
    MemoryBuffer,
    Offer,
)
from acme_elasticsearch._delivery.records import Record
from acme_elasticsearch._delivery.settings import DeliverySettings

FULL = float("-inf")
CHARGE = 1_000 + RECORD_OVERHEAD_BYTES


def make_buffer(*payload_bytes: int, **settings: Any) -> tuple[MemoryBuffer, list[Record]]:
    """Make a buffer that took records of these sizes, at the ages 0, 1, 2, ..."""
    buffer = MemoryBuffer(DeliverySettings(**settings))
    records = [Record(bytes(size)) for size in payload_bytes]
    for age, record in enumerate(records):
        assert buffer.offer(record, float(age)) is Offer.TAKEN
    return buffer, records


def test_record_is_charged_until_it_is_released() -> None:
    """Taking a batch frees nothing: what is in flight or waits for a retry is still in memory."""
    buffer, records = make_buffer(1_000, 500)
    charged = 1_500 + 2 * RECORD_OVERHEAD_BYTES
    assert (buffer.pending, buffer.pending_bytes, buffer.queued) == (2, charged, 2)
    assert buffer.take() == records
    assert (buffer.pending, buffer.pending_bytes, buffer.queued) == (2, charged, 0)
    buffer.release(records[:1])
    assert (buffer.pending, buffer.pending_bytes) == (1, 500 + RECORD_OVERHEAD_BYTES)
    buffer.release(records[1:])
    assert (buffer.pending, buffer.pending_bytes) == (0, 0)


def test_age_is_noted() -> None:
    """A record knows when it was accepted, on the clock that the caller uses."""
    _, records = make_buffer(1, 1)
    assert [record.accepted_at for record in records] == [0.0, 1.0]


@pytest.mark.fault(promise=3)
def test_bound_in_bytes() -> None:
    """The bound counts payload and overhead, and its last byte can be used."""
    buffer, _ = make_buffer(*9 * [1_000], buffer_max_bytes=10 * CHARGE)
    assert buffer.offer(Record(bytes(1_001)), 0.0) is Offer.FULL
    assert buffer.offer(Record(bytes(1_000)), 0.0) is Offer.TAKEN
    assert buffer.offer(Record(b""), 0.0) is Offer.FULL
    assert buffer.pending_bytes == 10 * CHARGE


def test_bound_in_events() -> None:
    """Many small events are bound by their number, in flight or not."""
    buffer, _ = make_buffer(1, 1, buffer_max_events=2)
    assert buffer.offer(Record(b"x"), 0.0) is Offer.FULL
    batch = buffer.take()
    assert buffer.offer(Record(b"x"), 0.0) is Offer.FULL
    buffer.release(batch[:1])
    assert buffer.offer(Record(b"x"), 0.0) is Offer.TAKEN


def test_record_that_can_never_fit() -> None:
    """A record larger than the whole buffer is told apart from one that comes too early."""
    buffer, _ = make_buffer(buffer_max_bytes=10_000)
    largest = 10_000 - RECORD_OVERHEAD_BYTES
    assert buffer.offer(Record(bytes(largest + 1)), 0.0) is Offer.TOO_LARGE
    assert (buffer.pending, buffer.pending_bytes, buffer.queued) == (0, 0, 0)
    assert buffer.offer(Record(bytes(largest)), 0.0) is Offer.TAKEN


def test_nothing_waits() -> None:
    """An empty buffer is never due and gives an empty batch."""
    buffer, _ = make_buffer()
    assert buffer.ready_at() is None
    assert buffer.take() == []


@pytest.mark.fault(promise=16)
def test_batch_closes_by_age() -> None:
    """The oldest record decides how long the others may wait for company."""
    buffer, _ = make_buffer(1, 1, linger_seconds=2.5)
    assert buffer.ready_at() == 2.5
    buffer.take(at_most=1)
    assert buffer.ready_at() == 3.5


@pytest.mark.fault(promise=16)
def test_batch_closes_by_events() -> None:
    """A batch is due at its number of events and takes no more than that."""
    buffer, records = make_buffer(1, 1, batch_max_events=3)
    assert buffer.ready_at() != FULL
    for _ in range(2):
        records.append(Record(b"x"))
        buffer.offer(records[-1], 2.0)
    assert buffer.ready_at() == FULL
    assert buffer.take() == records[:3]
    assert buffer.take() == records[3:]


@pytest.mark.fault(promise=16)
def test_batch_closes_by_bytes() -> None:
    """A batch is due at its payload bytes and never exceeds them with a record that can wait."""
    buffer, records = make_buffer(1_000, 1_000, 999, batch_max_bytes=3_000)
    assert buffer.ready_at() != FULL
    records.append(Record(b"x"))
    buffer.offer(records[-1], 3.0)
    assert buffer.ready_at() == FULL
    records.append(Record(b"y"))
    buffer.offer(records[-1], 4.0)
    assert buffer.take() == records[:4]
    assert buffer.take() == records[4:]


def test_record_larger_than_a_batch_goes_alone() -> None:
    """A batch holds at least one record, however large, and nothing with it."""
    buffer, records = make_buffer(1, 5_000, 1, batch_max_bytes=1_000)
    assert [buffer.take(), buffer.take(), buffer.take()] == [[record] for record in records]


def test_bytes_of_taken_records_do_not_close_the_next_batch() -> None:
    """What was taken counts for the bound of the buffer, not for the next batch."""
    buffer, _ = make_buffer(1_000, 1, 1, batch_max_bytes=1_000, linger_seconds=5.0)
    buffer.take()
    assert buffer.ready_at() == 6.0


def test_take_at_most() -> None:
    """A caller may want fewer records than a batch holds, and still gets the oldest."""
    buffer, records = make_buffer(1, 1, 1)
    assert buffer.take(at_most=1) == records[:1]
    assert buffer.take(at_most=9) == records[1:]


def test_leave_without_the_queue() -> None:
    """When others go on sending, what waits is theirs."""
    buffer, records = make_buffer(*5 * [1_000], batch_max_events=2)
    in_flight = buffer.take()
    assert buffer.leave(in_flight, queue=False) == records[:2]
    assert (buffer.queued, buffer.pending) == (3, 5)


def test_leave() -> None:
    """The end of a delivery takes everything at once; it stays charged until it is released."""
    buffer, records = make_buffer(*5 * [1_000], batch_max_events=2, batch_max_bytes=1_000)
    in_flight = buffer.take()
    assert buffer.leave(in_flight, queue=True) == records
    assert (buffer.queued, buffer.ready_at(), buffer.leave([], queue=True)) == (0, None, [])
    assert (buffer.pending, buffer.pending_bytes) == (5, 5 * CHARGE)
    buffer.release(records)
    assert buffer.pending_bytes == 0
    assert buffer.offer(Record(bytes(999)), 9.0) is Offer.TAKEN
    assert buffer.ready_at() == 10.0


def test_evict_the_oldest_that_wait() -> None:
    """Just as many of the oldest are given up as make room; those in flight are not touched."""
    buffer, records = make_buffer(*9 * [1_000], buffer_max_bytes=9 * CHARGE, batch_max_events=2)
    in_flight = buffer.take()
    new = Record(bytes(CHARGE + 1_000))
    assert buffer.evict_for(new) == 2
    assert buffer.offer(new, 9.0) is Offer.TAKEN
    assert buffer.pending_bytes == 9 * CHARGE
    assert buffer.leave(in_flight, queue=True) == [*records[:2], *records[4:], new]


def test_evict_one_for_one() -> None:
    """The bound in events evicts, too."""
    buffer, _ = make_buffer(1, 1, 1, buffer_max_events=3)
    assert buffer.evict_for(Record(b"x")) == 1
    assert (buffer.pending, buffer.queued) == (2, 2)
    assert buffer.evict_for(Record(b"x")) == 0


def test_evict_nothing_in_vain() -> None:
    """If all that waits would not make room, it is kept: a loss must help somebody."""
    buffer, _ = make_buffer(*10 * [1_000], buffer_max_bytes=10 * CHARGE, batch_max_events=8)
    buffer.take()
    assert buffer.evict_for(Record(bytes(3 * CHARGE))) == 0
    assert (buffer.pending, buffer.queued) == (10, 2)
    full_of_flight, _ = make_buffer(1, 1, buffer_max_events=2)
    full_of_flight.take()
    assert full_of_flight.evict_for(Record(b"x")) == 0


def test_overhead_is_measured() -> None:
    """The charge covers what a record takes in memory, and exceeds it by 32 bytes at most."""
    buffer, _ = make_buffer(buffer_max_bytes=10_000_000)
    count, payload_bytes = 2_000, 100
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for number in range(count):
            buffer.offer(Record(bytes(payload_bytes)), number + 0.5)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    measured = (after - before) / count - payload_bytes
    assert measured <= RECORD_OVERHEAD_BYTES <= measured + 32
