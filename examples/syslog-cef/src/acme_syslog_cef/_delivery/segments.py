# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `spool_*` settings.
"""Files of the disk spool: segments that only grow, and beside each a journal of what is settled.

What a segment knows in memory does not grow with its records: how many wait, how many are pending, and where
to read next.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Sequence

from .frames import (
    ENTRY_BYTES,
    FRAME_BYTES,
    HEADER_BYTES,
    Frame,
    Settled,
    Stem,
    encode_frame,
    encode_header,
    encode_settled,
)
from .spool_folder import BINARY, Folder

_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT | BINARY


class Segment:
    """One segment and its journal, in a folder that is locked."""

    def __init__(self, folder: Folder, stem: Stem) -> None:
        self.folder = folder
        self.stem = stem
        self.path = folder.path / f"{stem}.spool"
        self._journal = folder.path / f"{stem}.done"
        self._writer: int | None = None
        self.size = 0
        """Bytes of the segment that may be read."""
        self.journal_size = 0
        self.offset = HEADER_BYTES
        """Where the first record that waits is to be looked for."""
        self.waiting = 0
        """Records that nobody has taken yet."""
        self.waiting_bytes = 0
        """Their payloads."""
        self.pending = 0
        """Records that are not settled: those that wait, and those that were taken."""
        self.pending_bytes = 0
        """Their frames."""
        self.adopted_at: tuple[float, float] | None = None
        """Wall time and age time when it was taken over; None: this process writes it."""
        self.last = False
        """The end of its process may have torn it."""
        self._name_synced = False
        self.kept = False
        """It could not be read: left for another time, even if nothing in it is pending."""

    @property
    def disk_bytes(self) -> int:
        """What both files take."""
        return self.size + self.journal_size

    @classmethod
    def create(cls, folder: Folder, number: int) -> Segment:
        """Start a new segment, mode 0600.

        Raises:
            OSError: it cannot be written; nothing is left of it.
        """
        segment = cls(folder, Stem.new(number))
        segment._writer = os.open(segment.path, _APPEND | os.O_EXCL, 0o600)
        try:
            segment._write(encode_header(), sync=False)
        except OSError:
            segment.delete()
            raise
        return segment

    @classmethod
    def found(cls, folder: Folder, stem: Stem) -> Segment:
        """Return a segment that another process has left, not looked into yet."""
        segment = cls(folder, stem)
        segment.size = segment.path.stat().st_size
        with contextlib.suppress(FileNotFoundError):
            whole_entries = segment._journal.stat().st_size // ENTRY_BYTES
            segment.journal_size = whole_entries * ENTRY_BYTES
        return segment

    @property
    def sealed(self) -> bool:
        """Whether nothing is written to it any more, so that it may go once all is settled."""
        return self._writer is None

    @property
    def empty(self) -> bool:
        """Whether no record was ever written to it."""
        return self.size <= HEADER_BYTES

    def append(self, frame: Frame, *, sync: bool) -> int:
        """Write one frame whole, and to the medium if `sync`; returns its bytes.

        Raises:
            OSError: the disk did not take it. The segment is as it was.
        """
        data = encode_frame(frame, self.stem.salt)
        self._write(data, sync=sync)
        self.waiting += 1
        self.pending += 1
        self.waiting_bytes += len(frame.payload)
        self.pending_bytes += len(data)
        return len(data)

    def _write(self, data: bytes, *, sync: bool) -> None:
        assert self._writer is not None
        try:
            if os.write(self._writer, data) < len(data):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if sync:
                os.fsync(self._writer)
                self.sync_name()
        except OSError:
            os.ftruncate(self._writer, self.size)
            raise
        self.size += len(data)

    def sync_name(self) -> None:
        """Make sure, once, that the medium knows the file itself and not only what is in it.

        Raises:
            OSError: the medium failed.
        """
        if not self._name_synced:
            self.folder.sync()
            self._name_synced = True

    def duplicate(self) -> int:
        """Return a descriptor of its own for the thread that syncs; the caller closes it."""
        assert self._writer is not None
        return os.dup(self._writer)

    def seal(self) -> None:
        """Write no more to it. Does nothing twice."""
        writer, self._writer = self._writer, None  # in this order: a fork may happen in between
        if writer is not None:
            os.close(writer)

    def take(self, payload_bytes: int, offset: int) -> None:
        """Count one record as taken; the next one begins at `offset`."""
        self.waiting -= 1
        self.waiting_bytes -= payload_bytes
        self.offset = offset

    def settle(self, frame_bytes: int) -> None:
        """Count one record that was taken as settled."""
        self.pending -= 1
        self.pending_bytes -= frame_bytes

    def give_up(self) -> tuple[int, int]:
        """Count all that waits as settled; returns how many records and payload bytes that were."""
        given_up = (self.waiting, self.waiting_bytes)
        self.pending -= self.waiting
        self.pending_bytes -= self.waiting_bytes + self.waiting * FRAME_BYTES
        self.waiting = self.waiting_bytes = 0
        self.offset = self.size
        return given_up

    def age_of(self, frame: Frame) -> float:
        """Return when a record was accepted, on the age clock of this process."""
        if self.adopted_at is None:
            return frame.age
        wall, now = self.adopted_at
        return now - max(0.0, wall - frame.wall)  # the time of day may have been set back

    def note(self, numbers: Sequence[int]) -> int:
        """Note in the journal that these ids need not be sent again; returns the bytes that takes.

        Raises:
            OSError: it was not noted; a process that takes over would send them again.
        """
        entries = encode_settled(numbers, self.stem.salt)
        descriptor = os.open(self._journal, _APPEND, 0o600)
        try:
            os.ftruncate(descriptor, self.journal_size)  # nothing torn may stand in between
            if os.write(descriptor, entries) < len(entries):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            self.journal_size += len(entries)
        finally:
            os.close(descriptor)
        return len(entries)

    def settled(self) -> Settled:
        """Read the journal back."""
        try:
            return Settled(self._journal.read_bytes(), self.stem.salt)
        except FileNotFoundError:
            return Settled(b"", self.stem.salt)

    def delete(self) -> None:
        """Remove both files; the journal last, since without it all would be sent again."""
        self.seal()
        self.path.unlink(missing_ok=True)
        self._journal.unlink(missing_ok=True)
