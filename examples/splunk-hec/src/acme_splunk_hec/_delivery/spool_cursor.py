# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `spool_*` settings.
"""Reads a segment of the disk spool, a few records at a time, past whatever is damaged.

Damage costs the damaged record: reading goes on with the next frame that is whole.
"""

from __future__ import annotations

import os

from .frames import FRAME_BYTES, MARKER, Frame, decode_frame, frame_bytes_at
from .segments import Segment
from .spool_folder import BINARY

_READ_BYTES = 64 * 1024


class Cursor:
    """Reads the records of one segment that are not settled, one after the other.

    Raises:
        OSError: a file cannot be opened; so does `next` when one cannot be read.
    """

    def __init__(self, segment: Segment) -> None:
        self.segment = segment
        self.offset = segment.offset
        """Where the frame begins that comes next."""
        self.gaps = 0
        """Damaged stretches between whole frames."""
        self.torn = False
        """The end of the segment is no whole frame."""
        self._settled = segment.settled()
        self._buffer = b""
        self._start = 0  # where the buffer stands in the file
        self._descriptor: int | None = os.open(segment.path, os.O_RDONLY | BINARY)

    def close(self) -> None:
        """Close the file. Does nothing twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def next(self) -> Frame | None:
        """Return the next record that is not settled; None: there is none yet, or none any more."""
        while True:
            frame = self._next_whole()
            if frame is None or frame.number not in self._settled:
                return frame

    def _next_whole(self) -> Frame | None:
        """Read the frame at the offset, or after damage the next one that can be found."""
        at = self.offset
        while at < self.segment.size:
            frame = self._frame_at(at)
            if frame is not None:
                self.gaps += at > self.offset
                self.offset = at + FRAME_BYTES + len(frame.payload)
                return frame
            at = self._find_marker(at + 1)
        self.torn = self.offset < self.segment.size
        self.offset = max(self.offset, self.segment.size)
        return None

    def _frame_at(self, at: int) -> Frame | None:
        salt = self.segment.stem.salt
        self._load(at, FRAME_BYTES)
        size = frame_bytes_at(self._buffer, at - self._start, salt)
        if size is None or at + size > self.segment.size:
            return None
        self._load(at, size)
        return decode_frame(self._buffer, at - self._start, salt)

    def _find_marker(self, at: int) -> int:
        """Return where the next frame may begin, or the size of the segment."""
        overlap = len(MARKER) - 1  # a marker may stand across two reads
        while at + overlap < self.segment.size:
            self._load(at, len(MARKER))
            found = self._buffer.find(MARKER, at - self._start)
            if found >= 0:
                return self._start + found
            if len(self._buffer) <= overlap:
                break  # the file is shorter than it was
            at = self._start + len(self._buffer) - overlap
        return self.segment.size

    def _load(self, at: int, size: int) -> None:
        """Make the buffer hold these bytes, as far as the segment has them."""
        end = min(at + size, self.segment.size)
        if self._start <= at and end <= self._start + len(self._buffer):
            return
        assert self._descriptor is not None
        wanted = min(max(size, _READ_BYTES), self.segment.size - at)
        os.lseek(self._descriptor, at, os.SEEK_SET)
        self._buffer = os.read(self._descriptor, wanted)
        self._start = at
