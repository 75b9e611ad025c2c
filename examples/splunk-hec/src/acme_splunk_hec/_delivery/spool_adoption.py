# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `spool_*` settings.
"""Takes over what other processes have left in the spool when they ended, one segment at a time."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from .frames import FRAME_BYTES
from .segments import Segment
from .spool_cursor import Cursor
from .spool_folder import Folder, lock_folder, orphans

_FOLDERS = 16  # taken over at a time, each with an open lock file: a crash loop may leave many more


class Found(NamedTuple):
    """A segment that was looked into."""

    segment: Segment
    damaged: int
    """Stretches of it that cannot be read."""


class Adoption:
    """Finds orphaned folders, locks them and looks into their segments.

    Args:
        base: The folder that has one folder for each process.
        complain: Called with the text of a problem.
    """

    def __init__(self, base: Path, complain: Callable[[str], None]) -> None:
        self._base = base
        self._complain = complain
        self._left_alone: set[Path] = set()
        self._found: deque[Segment] = deque()
        self._folders: list[Folder] = []  # taken over, and not settled yet
        self.found_bytes = 0
        """What the segments take that were found and not looked into yet."""

    def next_segment(self, *, wall: float, now: float, claim: bool) -> Found | None:
        """Look into the next segment and count what is pending in it.

        Args:
            wall: Seconds since 1970.
            now: Seconds on the age clock.
            claim: There is room for one more folder, if need be.

        Returns:
            The segment, which still counts in `found_bytes`; None when there is no more.
        """
        while self._found or (claim and self._claim()):
            segment = self._found.popleft()
            segment.adopted_at = (wall, now)
            try:
                return Found(segment, _scan(segment))
            except OSError as error:
                self.found_bytes -= segment.disk_bytes
                self._complain(f"the spool cannot be read: {error.strerror}")
        return None

    def close(self) -> None:
        """Unlock what was taken over, for whoever comes next."""
        for folder in self._folders:
            folder.leave()

    def forget(self) -> None:
        """Close what a forked child has inherited; the locks stay with the parent."""
        for folder in self._folders:
            folder.let_go()

    def _claim(self) -> bool:
        """Take over the oldest orphan that has segments."""
        self._folders = [folder for folder in self._folders if folder.held]
        if len(self._folders) >= _FOLDERS:
            return False
        try:
            candidates = orphans(self._base)
        except OSError as error:
            self._complain(f"spool_directory cannot be read: {error.strerror}")
            return False
        for path in candidates:
            if path in self._left_alone:
                continue
            try:
                folder = lock_folder(path)
                if folder is not None and self._take_over(folder):
                    return True
            except OSError as error:
                self._complain(f"a folder cannot be taken over: {error.strerror}")
        return False

    def _take_over(self, folder: Folder) -> bool:
        """Find the segments of a folder that was just locked; False: it has none for us."""
        try:
            newer = folder.has_newer_format()
            segments = [Segment.found(folder, stem) for stem in folder.stems()]
        except OSError:
            folder.let_go()
            raise
        if newer:
            folder.let_go()
            self._left_alone.add(folder.path)
            self._complain("a folder was written by a newer version of this package: update it")
        elif segments:
            segments[-1].last = True
            folder.segments = len(segments)
            self._folders.append(folder)
            self._found.extend(segments)
            self.found_bytes += sum(segment.disk_bytes for segment in segments)
        else:
            folder.remove()
        return bool(segments) and not newer


def _scan(segment: Segment) -> int:
    """Count the records of a segment that are not settled; returns its damaged stretches.

    The end of a process tears the end of the segment that it wrote, which is no damage.
    """
    cursor = Cursor(segment)
    try:
        while (frame := cursor.next()) is not None:
            segment.waiting += 1
            segment.waiting_bytes += len(frame.payload)
    finally:
        cursor.close()
    segment.pending = segment.waiting
    segment.pending_bytes = segment.waiting_bytes + segment.waiting * FRAME_BYTES
    return cursor.gaps + (cursor.torn and not segment.last)
