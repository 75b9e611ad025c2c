# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `spool_*` settings.
"""The disk spool: a buffer that outlives its process, in place of the one in memory.

    offer -> frame written to the newest segment -> take reads the oldest -> release notes it in the journal

A record is in the file before `offer` returns TAKEN, whatever `spool_fsync` says: that only decides what a
power failure may cost. What a killed process has left is adopted by the next one. Not thread-safe: `Delivery`
calls it under its lock.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from .buffer import Offer
from .errors import ConfigurationError
from .frames import ENTRY_BYTES, FRAME_BYTES, HEADER_BYTES, Frame
from .records import Record
from .segments import Segment
from .spool_adoption import Adoption, Found
from .spool_backlog import Backlog
from .spool_writer import SpoolSettings, Writer


class Spool:
    """First in, first out, like `MemoryBuffer`; what is taken is read from disk into new records.

    Args:
        base: The folder of this sink in `spool_directory`; each process has one of its own in it.
        settings: Bounds, times and when to sync.
        wall: The time of day, in seconds since 1970.

    Raises:
        ConfigurationError: no folder can be made and locked in `spool_directory`.
    """

    def __init__(
        self, base: Path, settings: SpoolSettings, *, wall: Callable[[], float] = time.time
    ) -> None:
        self._settings = settings
        self._base = base
        self._wall = wall
        self.batch_max_bytes = settings.batch_max_bytes
        """Payload bytes of a batch; may be lowered at any time."""
        self.problem: str | None = None
        """The last trouble with the disk, for an alert; the caller resets it to None."""
        self._backlog = Backlog(self._complain)
        self._start_empty()
        try:
            self._writer.open()
        except OSError as error:
            raise ConfigurationError(
                "spool_directory: no folder can be made and locked in it "
                f"({error.strerror or error}): name one on a disk that this process may write to"
            ) from None

    def _start_empty(self) -> None:
        self._backlog.clear()
        self._adoption = Adoption(self._base, self._complain)
        self._writer = Writer(
            self._base, self._settings, backlog=self._backlog, complain=self._complain
        )
        self._closed = False

    @property
    def pending(self) -> int:
        """Records that are not settled, queued or taken; adopted ones from when they were found.

        After `close`, until the next use, what was left for whoever comes next.
        """
        return self._backlog.pending

    @property
    def pending_bytes(self) -> int:
        """What those take on disk, without files' headers and journals."""
        return self._backlog.pending_bytes

    @property
    def queued(self) -> int:
        """Records that wait for a batch."""
        return 0 if self._closed else self._backlog.queued

    @property
    def damaged(self) -> int:
        """Stretches that could not be read; nobody knows how many events each of them held."""
        return self._backlog.damaged

    @property
    def unreadable(self) -> int:
        """Records that were pending and are lost, since they could not be read back to be taken."""
        return self._backlog.unreadable

    def offer(self, record: Record, now: float) -> Offer:
        """Write the record if it fits; `now` is seconds on the age clock. Never raises OSError.

        A disk that does not take it is FULL, too, and leaves a text in `problem`.
        """
        if self._closed:
            self._start_empty()
        size = FRAME_BYTES + len(record.payload)
        if HEADER_BYTES + size + ENTRY_BYTES > self._settings.spool_max_bytes:
            return Offer.TOO_LARGE
        if not self._fits(size):
            self._writer.drop_settled()
            if not self._fits(size):
                return Offer.FULL
        number = self._writer.next_number
        frame = Frame(number, self._wall(), now, record.truncated, record.payload)
        if not self._writer.write(frame, size):
            return Offer.FULL
        record.accepted_at = now
        return Offer.TAKEN

    def evict_for(self, record: Record) -> int:
        """Give up the oldest segments of which nothing is in flight, until `record` fits.

        Returns:
            How many records were given up: 0, and none is, if all of those would not be enough.
        """
        if self._closed:
            return 0
        size = FRAME_BYTES + len(record.payload)
        victims: list[Segment] = []
        freed = 0
        for segment in self._backlog.segments:
            if self._fits(size, freed) and (victims or not self._writer.no_room):
                break
            if segment.pending == segment.waiting > 0:
                victims.append(segment)
                freed += segment.disk_bytes + segment.pending * ENTRY_BYTES
        if not self._fits(size, freed):
            return 0
        if victims and not victims[-1].sealed:
            self._writer.seal()
        return sum(self._backlog.give_up(segment) for segment in victims)

    def has_news(self) -> bool:
        """Whether the record taken last changes when the next batch closes."""
        return self._backlog.queued == 1 or self._is_full()

    def ready_at(self) -> float | None:
        """When the next batch closes, on the age clock; -inf: it is full already; None: empty."""
        oldest = self.oldest_at()
        if oldest is None:
            return None
        return float("-inf") if self._is_full() else oldest + self._settings.linger_seconds

    def oldest_at(self) -> float | None:
        """When the oldest record that waits was accepted, on the age clock; None: none waits."""
        oldest = None if self._closed else self._backlog.peek()
        return None if oldest is None else oldest.accepted_at

    def take(self, at_most: int | None = None) -> list[Record]:
        """Read the next batch, at least one record if any waits; it stays pending."""
        most = self._settings.batch_max_events if at_most is None else at_most
        batch: list[Record] = []
        size = 0
        while not self._closed and len(batch) < most:
            record = self._backlog.peek()
            if record is None:
                break
            size += len(record.payload)
            if batch and size > self.batch_max_bytes:
                break
            self._backlog.pop()
            batch.append(record)
        return batch

    def leave(self, taken: Sequence[Record], *, queue: bool) -> list[Record]:  # noqa: ARG002
        """Let records that were taken and are not settled wait again, before all others.

        Returns nothing: what waits at the end is not given up but kept.
        """
        self._backlog.take_back(taken)
        return []

    def release(self, records: Sequence[Record]) -> None:
        """Note that these records are settled, so that no process sends them again."""
        self._backlog.settle(records)

    def look(self, now: float) -> Found | None:
        """Look into the next segment of what processes left that are gone; may take a tenth of a second.

        The one method that is called without the lock, by one thread at a time: `admit` must follow.
        Returns None when there is nothing left to take over at the moment.
        """
        # A backlog larger than that is served in parts, or it would leave no room for anything new.
        claim = self._used() <= self._settings.spool_max_bytes // 2
        return self._adoption.next_segment(wall=self._wall(), now=now, claim=claim)

    def admit(self, found: Found) -> int:
        """Let what `look` found wait before this process's own records; returns how many those are."""
        self._adoption.found_bytes -= found.segment.disk_bytes
        self._backlog.damaged += found.damaged
        self._backlog.add(found.segment)
        return found.segment.waiting

    def adopt(self, now: float, limit: int = 1) -> int:
        """Look and admit, until `limit` segments held something; returns how many records that were."""
        if self._closed:
            self._start_empty()
        count = 0
        while limit and (found := self.look(now)):
            admitted = self.admit(found)
            limit -= bool(admitted)
            count += admitted
        return count

    def close(self) -> None:
        """Close all files and unlock the folders; what is pending stays for whoever comes next.

        Does nothing twice. A record that is offered later opens the spool again, without what was left.
        """
        if self._closed:
            return
        self._backlog.rewind()
        self._writer.close()
        self._adoption.close()
        self._closed = True

    def forget(self) -> None:
        """Begin anew in a forked child: what was inherited is the parent's, its locks included."""
        self._backlog.rewind()
        self._writer.forget()
        self._adoption.forget()
        self._backlog = Backlog(self._complain)
        self._start_empty()

    def _is_full(self) -> bool:
        return (
            self._backlog.queued >= self._settings.batch_max_events
            or self._backlog.queued_payload >= self.batch_max_bytes
        )

    def _fits(self, size: int, freed: int = 0) -> bool:
        """Whether a frame fits under the cap, and a journal in which each record stands alone."""
        journal = (self._backlog.pending + 1) * ENTRY_BYTES
        used = self._used() - freed + journal + HEADER_BYTES + size
        return used <= self._settings.spool_max_bytes

    def _used(self) -> int:
        return self._backlog.disk_bytes + self._adoption.found_bytes

    def _complain(self, problem: str) -> None:
        self.problem = problem
