# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A dead-letter file that is being replayed, out of the reach of the applications that write to it.

`FILE` is renamed to `FILE.replay`; whoever dies from then on begins a new `FILE`. `FILE.replay.at` holds
the offset behind the last line that is settled, one line per offset, and is locked as long as somebody
replays. Whatever is killed in between, the next run goes on from that offset.
"""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

import orjson

from .._delivery.deadletter import FORMAT, close_locked, ends_whole, lock, open_locked
from .._delivery.records import Record

_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Letter:
    """One line of a dead-letter file."""

    line: bytes
    end: int
    """Offset behind the line."""
    record: Record | None
    """None: the line cannot be read."""
    reason: str = ""
    """Why it was given up."""


class Claim:
    """Holds a dead-letter file for one run; a context manager.

    Args:
        file: The dead-letter file.

    Raises:
        BlockingIOError: another replay of the file is running.
        OSError: a file beside it cannot be made.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.path = file.with_name(f"{file.name}.replay")
        self.settled = 0
        """Offset in `path` up to which nothing has to be done any more."""
        self._progress = file.with_name(f"{file.name}.replay.at")
        self._descriptor = -1

    def __enter__(self) -> Claim:
        self._descriptor = open_locked(self._progress, alone=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self.path.exists():
            # Windows keeps a file that is open. Left behind it does no harm: `take` empties it.
            with contextlib.suppress(PermissionError):
                self._progress.unlink(missing_ok=True)
        close_locked(self._descriptor)

    def is_interrupted(self) -> bool:
        """Whether a run before this one has left work."""
        return self.path.exists()

    def take(self) -> bool:
        """Get hold of what an interrupted run has left, or else of the file; False: there is none."""
        if self.is_interrupted():
            self.settled = last_offset(self._progress)
            if self.settled > self.path.stat().st_size:
                self.settled = 0  # somebody has put another file into its place
        else:
            # First: an old offset must never be taken for one of the new file.
            os.ftruncate(self._descriptor, 0)
            self.settled = 0
            try:
                self.file.rename(self.path)
            except FileNotFoundError:
                return False
        _wait_for_writer(self.path)
        return True

    def letters(self) -> Generator[Letter, None, None]:
        """Yield what is not settled, a line at a time."""
        return read_letters(self.path, self.settled)

    def keep(self, line: bytes) -> None:
        """Put a line back into the file as it is."""
        descriptor = open_locked(self.file)
        try:
            size = os.lseek(descriptor, 0, os.SEEK_END)
            gap = b"" if ends_whole(descriptor, size) else b"\n"
            _write_all(descriptor, gap + line.removesuffix(b"\n") + b"\n")
        finally:
            close_locked(descriptor)

    def settle(self, offset: int) -> None:
        """Remember that all up to this offset is delivered, or in the file again."""
        if self.file.exists():
            _sync(self.file)  # before: a crash of the machine must not lose what failed again
        _write_all(self._descriptor, b"%d\n" % offset)
        os.fsync(self._descriptor)
        self.settled = offset

    def finish(self) -> bool:
        """Delete what is settled as a whole; returns whether it was."""
        if self.settled < self.path.stat().st_size:
            return False
        self.path.unlink()
        return True

    def remaining(self) -> int:
        """Count the lines that are not settled."""
        return count_lines(self.path, self.settled)


def read_letters(path: Path, offset: int) -> Generator[Letter, None, None]:
    """Yield the letters of a file from an offset on; blank lines are left out."""
    with path.open("rb") as stream:
        stream.seek(offset)
        for line in stream:
            offset += len(line)
            if line.strip():
                yield _letter(line, offset)


def count_lines(path: Path, offset: int) -> int:
    """Count the lines of a file behind an offset; 0 if there is none."""
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        return 0
    count, last = 0, b"\n"
    with stream:
        stream.seek(offset)
        while chunk := stream.read(_CHUNK_BYTES):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")


def last_offset(progress: Path) -> int:
    """Return the last offset that was written whole; 0 if there is none."""
    try:
        whole = progress.read_bytes().rpartition(b"\n")[0]
    except FileNotFoundError:
        return 0
    last = whole.rpartition(b"\n")[2]
    return int(last) if last.isdigit() else 0


def _letter(line: bytes, end: int) -> Letter:
    try:
        entry = orjson.loads(line)
        if entry["format"] != FORMAT:
            return Letter(line, end, None)
        if "event_base64" in entry:
            payload = base64.b64decode(entry["event_base64"], validate=True)
        else:
            payload = entry["event"].encode()
        record = Record(payload, attempts=int(entry.get("attempts", 0)))
        return Letter(line, end, record, str(entry.get("reason", "")))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Letter(line, end, None)


def _wait_for_writer(path: Path) -> None:
    """Return when nobody writes any more who opened the file under its old name."""
    with path.open("rb") as stream:
        while not lock(stream.fileno(), 1.0):
            pass


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, data: bytes) -> None:
    while data:
        data = data[os.write(descriptor, data) :]
