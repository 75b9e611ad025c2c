# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `spool_*` settings.
"""Writes this process's own segments: the newest one grows until it is large enough, or fails."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, Protocol

from .frames import Frame
from .segments import Segment
from .spool_backlog import Backlog
from .spool_folder import Folder, make_folder
from .spool_sync import Syncer

_SEGMENT_BYTES = 8 * 1024 * 1024
_SEGMENTS = 8  # at least this many make up the cap, so that settled events soon give room
_NO_ROOM = {errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)}


class SpoolSettings(Protocol):
    """What the spool reads of the settings."""

    @property
    def spool_max_bytes(self) -> int: ...
    @property
    def spool_fsync(self) -> Literal["always", "interval", "never"]: ...
    @property
    def spool_fsync_seconds(self) -> float: ...
    @property
    def batch_max_bytes(self) -> int: ...
    @property
    def batch_max_events(self) -> int: ...
    @property
    def linger_seconds(self) -> float: ...


class Writer:
    """Appends frames to the backlog, in a folder of this process that is made when it is needed.

    Args:
        base: The folder that has one folder for each process.
        settings: How large, and when to sync.
        backlog: Has all segments.
        complain: Called with the text of a problem.
    """

    def __init__(
        self,
        base: Path,
        settings: SpoolSettings,
        *,
        backlog: Backlog,
        complain: Callable[[str], None],
    ) -> None:
        self._base = base
        self._backlog = backlog
        self._complain = complain
        self._segment_bytes = min(_SEGMENT_BYTES, settings.spool_max_bytes // _SEGMENTS)
        self._always = settings.spool_fsync == "always"
        self._syncer: Syncer | None = None
        if settings.spool_fsync == "interval":
            self._syncer = Syncer(settings.spool_fsync_seconds, complain)
        self._last_segment = 0
        self._folder: Folder | None = None
        self._active: Segment | None = None
        self._written = 0
        self.no_room = False
        """The disk did not take the last record because it is full."""

    @property
    def next_number(self) -> int:
        """The id of the record to be written next."""
        return self._written + 1

    def open(self) -> None:
        """Make the folder.

        Raises:
            OSError: it cannot be made or locked.
        """
        if self._folder is None:
            self._folder = make_folder(self._base)

    def write(self, frame: Frame, size: int) -> bool:
        """Write a frame of this size; returns whether the disk took it."""
        try:
            segment = self._segment_for(size)
            self._backlog.append(segment, frame, sync=self._always)
        except OSError as error:
            self.no_room = error.errno in _NO_ROOM
            self._complain(f"spool_directory cannot be written: {error.strerror}")
            if self._active is not None and not self._active.empty:
                self.seal()  # it could never go if no other record was ever written to it
            if isinstance(error, FileNotFoundError):
                self._folder = None  # somebody deleted it: make another one, for the next record
            return False
        if self._syncer is not None:
            self._syncer.mark(segment)
        self._written += 1
        self.no_room = False
        return True

    def seal(self) -> None:
        """Write no more to the newest segment; it goes as soon as all in it is settled."""
        active, self._active = self._active, None
        if active is not None:
            if self._syncer is not None and os.name == "nt":
                self._syncer.sync()  # it has the file open, and there no open file can be deleted
            active.seal()
            self._backlog.drop_if_settled(active)

    def drop_settled(self) -> None:
        """Let the newest segment go if all in it is settled: somebody needs the room."""
        if self._active is not None and not self._active.pending:
            self.seal()

    def close(self) -> None:
        """Sync, close the files, and unlock the folder; without segments it is deleted."""
        self.seal()
        if self._syncer is not None:
            self._syncer.close()
        if self._folder is not None:
            self._folder.leave()

    def forget(self) -> None:
        """Close what a forked child has inherited, and leave the files and their lock to the parent."""
        if self._active is not None:
            self._active.seal()
        if self._syncer is not None:
            self._syncer.forget()
        if self._folder is not None:
            self._folder.let_go()

    def _segment_for(self, size: int) -> Segment:
        """Return the segment to write the next frame to, a new one if need be."""
        active = self._active
        if active is not None and not active.empty:
            full = active.size + size > self._segment_bytes
            if full or active.kept:
                self.seal()
        if self._active is None:
            self.open()
            assert self._folder is not None
            self._last_segment += 1
            self._active = Segment.create(self._folder, self._last_segment)
            self._folder.segments += 1
            self._backlog.add(self._active)
        return self._active
