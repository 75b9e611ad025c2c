# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `spool_fsync` and `spool_fsync_seconds`.
"""Writes segments to the medium every few seconds, in a thread, so that no caller waits for the disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

from .segments import Segment


class Syncer:
    """Syncs what was marked, each segment at most once in an interval.

    Args:
        seconds: How long a record may wait for its sync.
        complain: Called with the text of a problem, from the thread.
    """

    def __init__(self, seconds: float, complain: Callable[[str], None]) -> None:
        self._seconds = seconds
        self._complain = complain
        self._lock = threading.Lock()
        self._marked: dict[Segment, int] = {}
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def mark(self, segment: Segment) -> None:
        """Have the segment synced in time; before it is sealed, since its file is needed open."""
        if segment in self._marked:  # the common case, without the lock: see sync
            return
        try:
            descriptor = segment.duplicate()  # the segment may be sealed and deleted meanwhile
        except OSError as error:
            self._complain(f"fsync failed: {error.strerror}")
            return
        with self._lock:
            self._marked[segment] = descriptor
        if self._thread is None and not self._start():
            self.sync()
        self._wake.set()

    def _start(self) -> bool:
        """Start the thread; no interpreter that exits can."""
        thread = threading.Thread(target=self._run, name="spool-fsync", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        return True

    def close(self) -> None:
        """Sync what is left, in the caller's thread, and end the thread."""
        self._stop.set()
        self._wake.set()
        self.sync()

    def forget(self) -> None:
        """Close what a forked child has inherited; the thread has stayed behind, the lock may be held."""
        marked, self._marked = self._marked, {}
        for descriptor in marked.values():
            os.close(descriptor)

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.wait()
            self._wake.clear()
            self._stop.wait(self._seconds)
            self.sync()

    def sync(self) -> None:
        """Sync what is marked, in the caller's thread."""
        with self._lock:
            # Taken out before the sync: what is written from now on marks the segment anew.
            marked, self._marked = self._marked, {}
        for segment, descriptor in marked.items():
            try:
                os.fsync(descriptor)
                segment.sync_name()
            except FileNotFoundError:
                pass  # all of it is settled, and its folder is gone
            except OSError as error:
                self._complain(f"fsync failed: {error.strerror}")
            finally:
                os.close(descriptor)
