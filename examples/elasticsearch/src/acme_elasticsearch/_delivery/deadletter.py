# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `dead_letter_*` settings instead.
"""A file for records that were given up: JSON Lines, appended, mode 0600, with a hard size cap.

One line per record: `{"format":1,"at":...,"reason":...,"attempts":...,"event":...}`, where `event` is
the wire form as text; bytes that are not UTF-8 go into `event_base64` instead.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path

import orjson

from .records import Record

FORMAT = 1


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
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_BINARY", 0)
        descriptor = os.open(self._path, flags, 0o600)
        try:
            return self._append(descriptor, entries)
        finally:
            os.close(descriptor)

    def _append(self, descriptor: int, entries: Iterable[tuple[Record, str]]) -> int:
        written = 0
        size = os.lseek(descriptor, 0, os.SEEK_END)
        gap = b"" if _ends_whole(descriptor, size) else b"\n"
        for record, reason in entries:
            line = gap + _line(record, reason)
            if size + len(line) > self._max_bytes or not _write(descriptor, line):
                break
            size += len(line)
            written += 1
            gap = b""
        return written


def _ends_whole(descriptor: int, size: int) -> bool:
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
