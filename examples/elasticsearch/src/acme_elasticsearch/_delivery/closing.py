# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a flush is about, and what a close says: while it goes on, and afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
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
    spooled: int
    """Still pending after the close, on disk: whoever uses the spool next delivers them."""
    stats: Stats
    """The books after the close."""


@dataclass(frozen=True, slots=True)
class FlushTarget:
    """The events that a flush is about: those accepted before it."""

    accepted: int
    age: float


@dataclass(frozen=True, slots=True)
class Closing:
    """A close that was begun and not finished."""

    senders: Sequence[Sender]
    deadline: float
    """Monotonic seconds."""
    before: Stats

    def is_done(self) -> bool:
        """Whether `finish_close` has nothing to wait for any more."""
        late = time.monotonic() >= self.deadline
        return late or all(sender.done.is_set() for sender in self.senders)

    def wait(self) -> None:
        """Wait until it is done."""
        for sender in self.senders:
            sender.done.wait(max(0.0, self.deadline - time.monotonic()))


def compare(before: Stats, after: Stats, *, spools: bool) -> CloseReport:
    """Say what changed in the books; `spools`: what is pending is on disk."""
    return CloseReport(
        pending=before.pending,
        delivered=after.delivered - before.delivered,
        dead_lettered=after.dead_lettered - before.dead_lettered,
        dropped=sum(after.dropped.values()) - sum(before.dropped.values()),
        spooled=after.pending if spools else 0,
        stats=after,
    )


def words_about_losses(stats: Stats, *, dead_letters: bool) -> str:
    """Return the line for stderr; `dead_letters`: there is a file for them."""
    lost = sum(stats.dropped.values())
    reasons = ", ".join(f"{reason}: {count}" for reason, count in stats.dropped.items())
    advice = "Set dead_letter_path to keep events that cannot be delivered."
    if dead_letters:
        advice = "The dead-letter file was full or could not be written."
    return (
        f"{lost} of {stats.accepted} accepted events were lost ({reasons}); {stats.delivered} "
        f"were delivered. {advice}"
    )
