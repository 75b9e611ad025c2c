# SPDX-License-Identifier: MIT-0
"""What a receiver remembers: on disk before it answers, so that a SIGKILL cannot change a count."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from pathlib import Path

RECEIVED = "received.txt"
ANSWERS = "answers.txt"
COMPLAINTS = "complaints.txt"
MODE = "mode.txt"


class Journal:
    """Three append-only files in one folder, and the file that tells the receiver to misbehave.

    `received.txt` holds a line per event taken: its number, and for `_bulk` its id. A single
    unbuffered write takes all events of a request; a line that a kill has torn was never answered,
    so it is removed at the next start.
    """

    def __init__(self, folder: Path) -> None:
        self._lock = threading.Lock()
        self._mode_file = folder / MODE
        self._received_file = folder / RECEIVED
        _remove_torn_line(self._received_file)
        self._received = self._received_file.open("ab", buffering=0)
        self._answers = (folder / ANSWERS).open("ab", buffering=0)
        self._complaints = (folder / COMPLAINTS).open("ab", buffering=0)

    def take(self, lines: Iterable[str]) -> None:
        """Remember events: one line each."""
        data = "".join(f"{line}\n" for line in lines).encode()
        with self._lock:
            while data:
                data = data[self._received.write(data) or 0 :]

    def taken(self) -> list[str]:
        """Return the lines remembered so far, those of earlier lives of this receiver included."""
        return self._received_file.read_text(encoding="utf-8").splitlines()

    def answered(self, what: str) -> None:
        """Remember an answer, e.g. "429"."""
        self._answers.write(f"{what}\n".encode())

    def complain(self, about: str) -> None:
        """Remember that the sender broke a rule of the protocol: the demo then fails."""
        self._complaints.write(f"{about!r}\n".encode())

    def mode(self) -> str:
        """Say how to behave now: "ok", "429", "503", "reset", or "hang" until killed."""
        try:
            return self._mode_file.read_text(encoding="utf-8").strip() or "ok"
        except OSError:  # not written yet, or being replaced at this moment (Windows)
            return "ok"


def _remove_torn_line(path: Path) -> None:
    if not path.exists():
        return
    with path.open("r+b") as file:
        content = file.read()
        file.seek(content.rfind(b"\n") + 1, os.SEEK_SET)
        file.truncate()
