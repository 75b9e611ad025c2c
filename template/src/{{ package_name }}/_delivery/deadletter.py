# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `dead_letter_*` settings instead.
"""A file for records that were given up: JSON Lines, appended, mode 0600, with a hard size cap.

One line per record: `{"format":1,"at":...,"reason":...,"attempts":...,"event":...}`, where `event` is
the wire form as text; bytes that are not UTF-8 go into `event_base64` instead.

The file may be renamed at any time, by a replay or a log rotation: who has it locked writes whole lines,
and who has locked it after renaming it knows that nobody writes to it any more.
"""

from __future__ import annotations

import base64
import contextlib
import errno
import os
import sys
import time
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

import orjson

from .records import Record

if sys.platform != "win32":  # where nobody can rename a file that another process has open
    import fcntl

FORMAT = 1

_LOCK_SECONDS = 1.0  # an append takes milliseconds; whoever locks longer must not stop deliveries
_LOCK_PAUSE_SECONDS = 0.01


class DeadLetterFile:
    """Appends records; a record that does not fit or cannot be written is the caller's to count."""

    def __init__(self, path: Path, *, max_bytes: int) -> None:
        self._path = path
        self._max_bytes = max_bytes

    def append(self, entries: Iterable[tuple[Record, str]]) -> int:
        """Write records with their reasons, in order, until one does not fit.

        Returns:
            How many were written; the rest has to be accounted for elsewhere.

        Raises:
            OSError: the file cannot be opened. Nothing was written.
        """
        descriptor = open_locked(self._path)
        try:
            return self._append(descriptor, entries)
        finally:
            close_locked(descriptor)

    def _append(self, descriptor: int, entries: Iterable[tuple[Record, str]]) -> int:
        written = 0
        size = os.lseek(descriptor, 0, os.SEEK_END)
        gap = b"" if ends_whole(descriptor, size) else b"\n"
        for record, reason in entries:
            line = gap + _line(record, reason)
            if size + len(line) > self._max_bytes or not _write(descriptor, line):
                break
            size += len(line)
            written += 1
            gap = b""
        return written


def open_locked(path: Path, *, alone: bool = False) -> int:
    """Open a file to read and append, created with mode 0600, and lock it until `close_locked`.

    Args:
        path: The file.
        alone: Do not wait, and do not go on without the lock.

    Raises:
        BlockingIOError: `alone`, and another process has it.
        OSError: it cannot be opened.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
    while True:
        descriptor = os.open(path, flags, 0o600)
        locked = lock(descriptor, 0.0 if alone else _LOCK_SECONDS)
        if alone and not locked:
            os.close(descriptor)
            raise BlockingIOError(errno.EWOULDBLOCK, "in use by another process", str(path))
        if _is_at(path, descriptor):
            return descriptor
        close_locked(descriptor)  # renamed meanwhile: what is written now belongs into a new file


def close_locked(descriptor: int) -> None:
    """Unlock and close; unlocked by name, since a forked child may hold a copy of the descriptor."""
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def lock(descriptor: int, timeout_seconds: float) -> bool:
    """Lock a file against other processes; False if another has it. A system without locks says True."""
    deadline = time.monotonic() + timeout_seconds
    while sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(_LOCK_PAUSE_SECONDS)
        except OSError:
            break
        else:
            break
    return True


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
    except OSError:  # nobody can tell: what is open is what there is
        return True


def ends_whole(descriptor: int, size: int) -> bool:
    """Whether the file ends with a whole line, which a killed process may not have left."""
    if size == 0:
        return True
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) == b"\n"


def _write(descriptor: int, line: bytes) -> bool:
    """Append one line whole; a disk that fills up half-way leaves no torn line behind."""
    try:
        written = os.write(descriptor, line)
        if written == len(line):
            return True
        # Back to where our own write began: another process may append to the same file.
        os.ftruncate(descriptor, os.lseek(descriptor, 0, os.SEEK_CUR) - written)
    except OSError:
        pass
    return False


def _line(record: Record, reason: str) -> bytes:
    entry: dict[str, object] = {
        "format": FORMAT,
        "at": datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        "reason": reason.encode("utf-8", "replace").decode(),
        "attempts": record.attempts,
    }
    try:
        entry["event"] = record.payload.decode()
    except UnicodeDecodeError:
        entry["event_base64"] = base64.b64encode(record.payload).decode()
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
