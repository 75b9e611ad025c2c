# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `buffer_*` and `batch_*` settings.
"""Memory for events that are not settled yet, bounded in bytes and in events.

A record is charged when it is accepted and released when it is settled: what is being sent, waits for
a retry or for a confirmation still counts. That is what bounds memory in an outage. Not thread-safe:
`Delivery` calls it under its lock.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from typing import Any, Protocol

from .records import Record
from .settings import DeliverySettings

RECORD_OVERHEAD_BYTES = 160
"""Memory of a record besides its payload: object, bytes header, time, place in the queue.

Measured with tracemalloc on CPython 3.10 to 3.13: 137 to 139 bytes, to which the allocator adds up to 23
that tracemalloc does not see, since it rounds blocks up to 16. A test keeps the figure honest.
"""


class Offer(Enum):
    """What became of an offered record."""

    TAKEN = auto()
    FULL = auto()
    TOO_LARGE = auto()
    CLOSED = auto()
    """No sender could be started: the interpreter is exiting."""


TAKEN = Offer.TAKEN
"""For what runs once per event: to look up a member of an Enum takes as long as a call."""


class Buffer(Protocol):
    """What keeps accepted events until they are settled: `MemoryBuffer`, or the spool on disk."""

    batch_max_bytes: int
    """A batch closes when its payloads reach this many bytes; the engine lowers it after a 413."""
    problem: str | None
    """Trouble with a disk that a person should hear of; whoever tells it sets it to None."""

    @property
    def pending(self) -> int:
        """Events accepted and not released: queued and taken."""
        ...

    @property
    def pending_bytes(self) -> int:
        """What those are charged with."""
        ...

    @property
    def queued(self) -> int:
        """Events that wait for a batch."""
        ...

    @property
    def unreadable(self) -> int:
        """Accepted events that a disk did not give back; they are not pending any more."""
        ...

    def offer(self, record: Record, now: float) -> Offer:
        """Take the record if it fits; `now` is seconds on the age clock."""
        ...

    def evict_for(self, record: Record) -> int:
        """Give up the oldest waiting records until `record` fits; returns how many."""
        ...

    def has_news(self) -> bool:
        """Whether the record taken last changes when the next batch closes."""
        ...

    def ready_at(self) -> float | None:
        """When the next batch closes, on the age clock; -inf: it is full already; None: empty."""
        ...

    def oldest_at(self) -> float | None:
        """When the oldest waiting record was accepted, on the age clock; None: empty."""
        ...

    def take(self, at_most: int | None = None) -> list[Record]:
        """Remove the next batch from the queue; it stays charged."""
        ...

    def leave(self, taken: Sequence[Record], *, queue: bool) -> list[Record]:
        """Part with records that were taken and are not settled, and with all that wait if `queue`.

        Returns what has to be given up; it is charged until it is released.
        """
        ...

    def look(self, now: float) -> Any | None:
        """Look for what processes left that are gone; `now` is seconds on the age clock. May take a while.

        The one method that is called without the lock, by one thread at a time. None: nothing at the moment.
        """
        ...

    def admit(self, found: Any) -> int:
        """Let what `look` found wait, before everything else; returns how many events that are."""
        ...

    def forget(self) -> None:
        """Let go, in a forked child, of what the parent goes on using."""
        ...

    def close(self) -> None:
        """Let go of what is kept outside of this process's memory."""
        ...

    def release(self, records: Sequence[Record]) -> None:
        """Stop charging for records that are settled."""
        ...


class MemoryBuffer:
    """First in, first out; a batch closes on bytes, events or age, whichever comes first."""

    def __init__(self, settings: DeliverySettings) -> None:
        self._max_bytes = settings.buffer_max_bytes
        self._max_events = settings.buffer_max_events
        self._batch_max_events = settings.batch_max_events
        self._linger_seconds = settings.linger_seconds
        self._queue: deque[Record] = deque()
        self._queued_payload = 0
        self.batch_max_bytes = settings.batch_max_bytes
        self.problem: str | None = None
        self.unreadable = 0
        self.pending = 0
        self.pending_bytes = 0

    @property
    def queued(self) -> int:
        """Events that wait for a batch."""
        return len(self._queue)

    def offer(self, record: Record, now: float) -> Offer:
        """Take the record if it fits; `now` is seconds on the age clock."""
        size = len(record.payload)
        charge = size + RECORD_OVERHEAD_BYTES
        if not self._fits(charge):
            return Offer.TOO_LARGE if charge > self._max_bytes else Offer.FULL
        record.accepted_at = now
        self._queue.append(record)
        self._queued_payload += size
        self.pending += 1
        self.pending_bytes += charge
        return TAKEN

    def evict_for(self, record: Record) -> int:
        """Give up the oldest waiting records until `record` fits; what is in flight stays.

        Returns how many; 0 when all that waits would not be enough: then nothing is given up.
        """
        charge = len(record.payload) + RECORD_OVERHEAD_BYTES
        waiting = self._queued_payload + len(self._queue) * RECORD_OVERHEAD_BYTES
        if self.pending_bytes - waiting + charge > self._max_bytes:
            return 0
        evicted = 0
        while self._queue and not self._fits(charge):
            oldest = self._queue.popleft()
            self._queued_payload -= len(oldest.payload)
            self.release([oldest])
            evicted += 1
        return evicted

    def has_news(self) -> bool:
        """Whether the record taken last changes when the next batch closes."""
        return len(self._queue) == 1 or self._is_full()

    def ready_at(self) -> float | None:
        """When the next batch closes, on the age clock; -inf: it is full already; None: empty."""
        if not self._queue:
            return None
        if self._is_full():
            return float("-inf")
        return self._queue[0].accepted_at + self._linger_seconds

    def oldest_at(self) -> float | None:
        """When the oldest waiting record was accepted, on the age clock; None: empty."""
        return self._queue[0].accepted_at if self._queue else None

    def take(self, at_most: int | None = None) -> list[Record]:
        """Remove the next batch from the queue, at least one record if any waits; still charged."""
        most = self._batch_max_events if at_most is None else at_most
        batch: list[Record] = []
        size = 0
        for record in itertools.islice(self._queue, most):
            larger = size + len(record.payload)
            if batch and larger > self.batch_max_bytes:
                break
            size = larger
            batch.append(record)
        for _ in batch:
            self._queue.popleft()
        self._queued_payload -= size
        return batch

    def leave(self, taken: Sequence[Record], *, queue: bool) -> list[Record]:
        """Give them up: memory ends with the process."""
        if not queue:
            return list(taken)
        left = [*taken, *self._queue]
        self._queue.clear()
        self._queued_payload = 0
        return left

    def look(self, now: float) -> None:  # noqa: ARG002
        """Find nothing: memory ends with the process."""
        return

    def admit(self, found: Any) -> int:  # noqa: ARG002
        """Take nothing over."""
        return 0

    def forget(self) -> None:
        """Do nothing: memory is not shared."""

    def close(self) -> None:
        """Do nothing: it goes with the object."""

    def release(self, records: Sequence[Record]) -> None:
        """Stop charging for records that are settled."""
        self.pending -= len(records)
        payloads = sum([len(record.payload) for record in records])
        self.pending_bytes -= payloads + len(records) * RECORD_OVERHEAD_BYTES

    def _is_full(self) -> bool:
        return (
            len(self._queue) >= self._batch_max_events
            or self._queued_payload >= self.batch_max_bytes
        )

    def _fits(self, charge: int) -> bool:
        return self.pending < self._max_events and self.pending_bytes + charge <= self._max_bytes
