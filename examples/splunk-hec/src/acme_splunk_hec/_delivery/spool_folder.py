# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `spool_*` settings.
"""Folders of the disk spool: one for each process that writes, locked for as long as it lives.

    <spool_directory>/<sink>/<pid>-<8 hex digits>/lock, *.spool, *.done

The lock decides who may touch a folder, not the process id, which another process may have by now. It
is gone with the process, however that ends, and a folder that can be locked is an orphan to adopt.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import sys
from pathlib import Path

from .frames import FORMAT, HEADER_BYTES, Stem, format_of

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

BINARY = getattr(os, "O_BINARY", 0)
_LOCK = "lock"
_NAME = re.compile(r"\d+-[0-9a-f]{8}")
_TRIES = 8  # to make a folder that nobody takes for an orphan before it is locked


class Folder:
    """A folder that this process holds the lock of."""

    def __init__(self, path: Path, lock: int, *, adopted: bool) -> None:
        self.path = path
        self.adopted = adopted
        """Another process has written it."""
        self._lock: int | None = lock
        self.born = os.fstat(lock).st_mtime
        """When the folder was made, in seconds since 1970: its lock file is never written to."""
        self.segments = 0
        """How many segments are in it."""

    @property
    def held(self) -> bool:
        """Whether its files may still be changed by this process."""
        return self._lock is not None

    def stems(self) -> list[Stem]:
        """Return the names of its segments, oldest first."""
        found = (Stem.parse(path.stem) for path in self.path.glob("*.spool"))
        return sorted(stem for stem in found if stem is not None)

    def has_newer_format(self) -> bool:
        """Whether a later version of this package wrote it, whose files must be left alone."""
        for stem in self.stems():
            with (self.path / f"{stem}.spool").open("rb") as file:
                found = format_of(file.read(HEADER_BYTES))
            if found is not None and found > FORMAT:
                return True
        return False

    def drop_segment(self) -> None:
        """Count one segment less; a folder whose process is gone goes with its last one."""
        self.segments -= 1
        if self.adopted and not self.segments:
            self.remove()

    def sync(self) -> None:
        """Write the names of its files, and its own, to the medium; Windows does so by itself.

        Raises:
            OSError: the medium failed.
        """
        if os.name == "nt":
            return
        for path in (self.path, *self.path.parents[:2]):
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def let_go(self) -> None:
        """Close the lock: the last process that has it open gives it up. Does nothing twice.

        Never unlocks by name: after a fork that would take the lock from the parent.
        """
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def leave(self) -> None:
        """Unlock a folder that has segments for whoever comes next, or remove it."""
        if self.segments:
            self.let_go()
        else:
            self.remove()

    def remove(self) -> None:
        """Delete a folder without segments, and let it go; what else is in it stays."""
        for path in self.path.glob("*.done"):
            _delete(path)  # the process died between the two deletions
        if os.name == "nt":
            self.let_go()  # an open file cannot be deleted there
        _delete(self.path / _LOCK)
        with contextlib.suppress(OSError):
            self.path.rmdir()
        self.let_go()


def make_folder(base: Path) -> Folder:
    """Make a folder below `base` for this process, mode 0700, and lock it.

    Raises:
        OSError: it cannot be made.
    """
    base.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    base.mkdir(mode=0o700, exist_ok=True)
    for _ in range(_TRIES):
        path = base / f"{os.getpid()}-{secrets.token_hex(4)}"
        path.mkdir(mode=0o700)
        folder = lock_folder(path, adopted=False)
        if folder is not None:
            return folder
    raise BlockingIOError("the folder's lock is always taken")


def orphans(base: Path) -> list[Path]:
    """Return the folders below `base` that may have lost their process, oldest first.

    Raises:
        OSError: `base` cannot be read.
    """
    return sorted((path for path in base.iterdir() if _NAME.fullmatch(path.name)), key=_born)


def lock_folder(path: Path, *, adopted: bool = True) -> Folder | None:
    """Lock a folder; None: a living process has it, or it went away meanwhile.

    Raises:
        OSError: its lock file cannot be made or locked for another reason.
    """
    try:
        lock = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | BINARY, 0o600)
    except FileNotFoundError:
        return None
    folder = None
    try:
        # Who had the lock may have deleted the file: a lock on a file without a name protects nothing.
        if _locked(lock) and _is_named(lock, path / _LOCK):
            folder = Folder(path, lock, adopted=adopted)
    finally:
        if folder is None:
            os.close(lock)
    return folder


def _locked(descriptor: int) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True


def _is_named(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _born(path: Path) -> float:
    try:
        return (path / _LOCK).stat().st_mtime
    except OSError:
        return 0.0


def _delete(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
