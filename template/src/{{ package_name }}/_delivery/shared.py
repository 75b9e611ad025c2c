# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What the callers of a delivery and its sender thread share, and the lock for it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from .accounts import Accounts
from .alerts import Alerts
from .deadletter import DeadLetterFile
from .records import Record
from .retry import AgeClock
from .settings import DeliverySettings


@dataclass(slots=True)
class Shared:
    """What a delivery and its sender change, under `condition` alone."""

    settings: DeliverySettings
    accounts: Accounts
    alerts: Alerts
    dead_letter: DeadLetterFile | None
    condition: threading.Condition = field(default_factory=threading.Condition)
    age: AgeClock = field(default_factory=AgeClock)
    burying: bool = False
    """The sender writes records to the dead-letter file that are in no list any more."""
    flush_target: int = 0
    """Accepted events up to this number do not linger."""

    def bury_unlocked(self, entries: Sequence[tuple[Record, str]]) -> int:
        """Call `bury` from under the lock, without it: writers must not wait for a disk."""
        if self.dead_letter is None or not entries:
            return 0
        self.burying = True
        self.condition.release()
        try:
            return self.bury(entries)
        finally:
            self.condition.acquire()
            self.burying = False

    def bury(self, entries: Sequence[tuple[Record, str]]) -> int:
        """Write given-up records to the dead-letter file; returns how many it took."""
        if self.dead_letter is None or not entries:
            return 0
        try:
            buried = self.dead_letter.append(entries)
        except Exception as error:  # the records are out of the slot: they have to be booked
            problem = getattr(error, "strerror", None) or type(error).__name__
            self.alerts.say("dead_letter", f"dead_letter_path cannot be written: {problem}")
            return 0
        if buried < len(entries):
            self.alerts.say(
                "dead_letter", "the dead-letter file or its disk is full; events are lost"
            )
        return buried
