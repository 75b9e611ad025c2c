# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `spool_*` settings.
"""What the spool has on disk, oldest first, and its sums: which records wait, and which were taken.

Records are read back from the oldest segment, a few at a time. A segment goes when nothing in it is pending.
"""

from __future__ import annotations

from bisect import insort
from collections import defaultdict, deque
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .frames import FRAME_BYTES, Frame
from .records import Record
from .segments import Segment
from .spool_cursor import Cursor


class Place(NamedTuple):
    """Where a record that was taken is kept."""

    segment: Segment
    number: int


class Backlog:
    """Segments and their sums. What is read or written here is locked by this process.

    Args:
        complain: Called with the text of a problem.
    """

    def __init__(self, complain: Callable[[str], None]) -> None:
        self._complain = complain
        self.damaged = 0
        """Stretches that could not be read; nobody knows how many events each of them held."""
        self.unreadable = 0
        """Pending records that turned out to be lost when they were to be taken."""
        self.clear()

    def clear(self) -> None:
        """Know of no segment any more."""
        self.segments: list[Segment] = []
        """Those with something pending, and the one that is written to; oldest first."""
        self.pending = 0
        self.pending_bytes = 0
        self.queued = 0
        self.queued_payload = 0
        self.disk_bytes = 0
        self._cursor: Cursor | None = None
        self._next: Record | None = None  # read ahead: the oldest that waits
        self._returned: deque[Record] = deque()

    def add(self, segment: Segment) -> None:
        """Put a segment into its place: by the age of its folder, this process's own ones last."""
        self.rewind()
        insort(self.segments, segment, key=_order)
        self.disk_bytes += segment.disk_bytes
        self.pending += segment.pending
        self.pending_bytes += segment.pending_bytes
        self.queued += segment.waiting
        self.queued_payload += segment.waiting_bytes
        self.drop_if_settled(segment)

    def append(self, segment: Segment, frame: Frame, *, sync: bool) -> None:
        """Write one more record to a segment.

        Raises:
            OSError: the disk did not take it.
        """
        size = segment.append(frame, sync=sync)
        self.disk_bytes += size
        self.pending += 1
        self.pending_bytes += size
        self.queued += 1
        self.queued_payload += len(frame.payload)

    def peek(self) -> Record | None:
        """Return the oldest record that waits and leave it there; None: none waits."""
        if self._returned:
            return self._returned[0]
        while self._next is None:
            segment = next((each for each in self.segments if each.waiting), None)
            if segment is None:
                return None
            self._next = self._read(segment)
        return self._next

    def pop(self) -> None:
        """Take the record that `peek` returned; it stays pending."""
        record = self.peek()
        assert record is not None
        if self._returned:
            self._returned.popleft()
        else:
            assert self._cursor is not None
            self._next = None
            self._cursor.segment.take(len(record.payload), self._cursor.offset)
        self.queued -= 1
        self.queued_payload -= len(record.payload)

    def take_back(self, records: Sequence[Record]) -> None:
        """Let records that were taken wait again, before all others."""
        mine = [record for record in records if self._place_of(record) is not None]
        self._returned.extendleft(reversed(mine))
        self.queued += len(mine)
        self.queued_payload += sum(len(record.payload) for record in mine)

    def settle(self, records: Sequence[Record]) -> None:
        """Note that these records are done with; a segment without any other is deleted."""
        settled: defaultdict[Segment, list[int]] = defaultdict(list)
        for record in records:
            place = self._place_of(record)
            if place is None:
                continue
            record.place = None
            size = FRAME_BYTES + len(record.payload)
            self.pending -= 1
            self.pending_bytes -= size
            place.segment.settle(size)
            settled[place.segment].append(place.number)
        for segment, numbers in settled.items():
            if not self.drop_if_settled(segment):
                self._note(segment, numbers)

    def give_up(self, segment: Segment) -> int:
        """Let what waits in a segment be settled, unread; returns how many records that were."""
        if self._cursor is not None and self._cursor.segment is segment:
            self.rewind()
        count, payload = segment.give_up()
        self.queued -= count
        self.queued_payload -= payload
        self.pending -= count
        self.pending_bytes -= payload + count * FRAME_BYTES
        self.drop_if_settled(segment)
        return count

    def drop_if_settled(self, segment: Segment) -> bool:
        """Delete a segment that is neither pending nor written to; returns whether its files are gone."""
        if segment.pending or not segment.sealed:
            return False
        if self._cursor is not None and self._cursor.segment is segment:
            self.rewind()
        self.segments.remove(segment)
        if segment.kept:
            return False
        try:
            segment.delete()
        except OSError as error:
            self._complain(f"a settled file cannot be deleted: {error.strerror}")
            return False
        self.disk_bytes -= segment.disk_bytes
        segment.folder.drop_segment()
        return True

    def rewind(self) -> None:
        """Forget what was read ahead, since another record may be the oldest now. Closes the file."""
        self._next = None
        cursor, self._cursor = self._cursor, None
        if cursor is not None:
            cursor.close()

    def _read(self, segment: Segment) -> Record | None:
        """Read the oldest record that waits in a segment; None: it has none that can be read."""
        try:
            if self._cursor is None or self._cursor.segment is not segment:
                self.rewind()
                self._cursor = Cursor(segment)
            frame = self._cursor.next()
        except OSError as error:
            self._complain(f"the spool cannot be read: {error.strerror}")
            segment.kept = True  # the medium may be well again for the next process
            frame = None
        if frame is None:
            self.damaged += 1
            self.unreadable += self.give_up(segment)
            return None
        record = Record(frame.payload, truncated=frame.truncated)
        record.accepted_at = segment.age_of(frame)
        record.place = Place(segment, frame.number)
        return record

    def _note(self, segment: Segment, numbers: Sequence[int]) -> None:
        try:
            self.disk_bytes += segment.note(numbers)
        except OSError as error:
            self._complain(f"what is delivered cannot be noted: {error.strerror}")

    def _place_of(self, record: Record) -> Place | None:
        """Return where the record is kept; None when that is none of our business any more."""
        place = record.place
        return place if isinstance(place, Place) and place.segment.folder.held else None


def _order(segment: Segment) -> tuple[bool, float, str, int]:
    folder = segment.folder
    return (segment.adopted_at is None, folder.born, folder.path.name, segment.stem.number)
