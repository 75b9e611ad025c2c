# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What an answer decided about the records it is about; the caller books it."""

from __future__ import annotations

from dataclasses import dataclass, field

from .records import Delivered, Record, Rejected, Unconfirmed


@dataclass(frozen=True, slots=True)
class Setback:
    """An attempt that got no record anywhere: the endpoint is to be left alone for a while."""

    reason: str
    after_seconds: float | None = None
    """The server's own wish."""
    held: bool = False
    """A person has to repair something; time alone will not."""


@dataclass(slots=True)
class Settlement:
    """What an answer decided; the caller books it."""

    delivered: list[tuple[Record, Delivered]] = field(default_factory=list)
    unconfirmed: dict[int, list[Record]] = field(default_factory=dict)
    rejected: list[tuple[Record, str]] = field(default_factory=list)
    expired: list[tuple[Record, str]] = field(default_factory=list)
    retried: int = 0
    ambiguous: int = 0
    alert: str = ""
    """Not empty: a person has to repair something."""
    setback: Setback | None = None
    slow_down: bool = False
    """The target took some and wants less from now on."""
    pushed_back: bool = False
    """The target wants less at a time."""


def note_final(result: Settlement, record: Record, outcome: object) -> bool:
    """Note an outcome that ends the record's time in the slot; False if it is none."""
    if isinstance(outcome, Delivered):
        result.slow_down |= outcome.slow_down
        result.delivered.append((record, outcome))
    elif isinstance(outcome, Rejected):
        result.rejected.append((record, outcome.reason))
    elif isinstance(outcome, Unconfirmed):
        result.slow_down |= outcome.slow_down
        result.unconfirmed.setdefault(outcome.token, []).append(record)
    else:
        return False
    return True
