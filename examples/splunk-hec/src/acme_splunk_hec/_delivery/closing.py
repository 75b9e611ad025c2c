# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a close says: while it goes on, and afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass

from .ledger import Stats
from .sender import Sender


@dataclass(frozen=True, slots=True)
class CloseReport:
    """What became of the events that were pending when the close began."""

    pending: int
    delivered: int
    dead_lettered: int
    dropped: int
    """Lost; `stats.dropped` has the reasons."""
    stats: Stats
    """The books after the close."""


@dataclass(frozen=True, slots=True)
class Closing:
    """A close that was begun and not finished."""

    sender: Sender | None
    deadline: float
    """Monotonic seconds."""
    before: Stats

    def is_done(self) -> bool:
        """Whether `finish_close` has nothing to wait for any more."""
        late = time.monotonic() >= self.deadline
        return late or self.sender is None or self.sender.done.is_set()
