# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The books: every event that was offered is in exactly one place, at every moment.

    offered  == accepted + refused (by reason)
    accepted == delivered + dropped (by reason) + dead_lettered + pending

`pending` is not booked here but counted by the buffer, so that the two can disagree and a test can
see it. The ledger has no lock of its own: `Delivery` changes ledger and buffer under one lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .endpoints import EndpointStats


class RefuseReason(str, Enum):
    """Why `write` returned False: the event never entered the buffer, and the host was told so."""

    ENCODE_ERROR = "encode_error"
    """The encoder, or a hook of yours, failed on it."""
    BUFFER_FULL = "buffer_full"
    """There was no room: the target is slower than the application, or down."""
    TOO_LARGE = "too_large"
    """It alone is larger than the buffer, or than the spool takes."""
    CLOSED = "closed"
    """It came while the sink was closing, or after its end."""
    INTERNAL_ERROR = "internal_error"
    """The sink itself failed."""


class DropReason(str, Enum):
    """Why an accepted event was given up without a dead-letter file to keep it."""

    OLDEST = "drop_oldest"
    """It made room for a newer one, as `buffer_policy` says."""
    EXPIRED = "expired"
    """It could not be delivered for longer than `retry_deadline_seconds`."""
    REJECTED = "rejected"
    """The target refused this one event for good."""
    CLOSED = "closed"
    """The process ended before it could be delivered."""
    UNREADABLE = "unreadable"
    """The spool's disk did not give it back."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A snapshot of the books; all figures are events unless the name says otherwise."""

    offered: int
    accepted: int
    refused: Mapping[str, int]
    delivered: int
    delivered_unconfirmed: int
    """Part of `delivered`: sent over a protocol without an answer, so nobody confirmed it."""
    warnings: int
    """Part of `delivered`: the target took the event and complained."""
    dropped: Mapping[str, int]
    dead_lettered: int
    pending: int
    pending_bytes: int
    """Memory the pending events are charged with: payloads plus overhead."""
    retried: int
    """Records sent again, once per record and resend."""
    ambiguous: int
    """Records sent again although the target may have them: the possible duplicates."""
    truncated: int
    """Part of `accepted`: shortened by the encoder, and marked."""
    recovered: int
    """Part of `offered` and `accepted`: left in the spool by an earlier process."""
    filtered: int
    """Not part of `offered`: `event_filter` did not want them."""
    oldest_seconds: float | None
    """Age of the oldest pending event, on a clock that stands still during a hold; None: there is none."""
    held: bool
    """A person has to repair something before events go on; the log says what."""
    connections: int
    """Requests that may be on their way together at the moment."""
    endpoints: tuple[EndpointStats, ...]
    """Each address of the target, in the order of preference."""

    @property
    def balanced(self) -> bool:
        """Whether the two equations at the top of this module hold."""
        settled = self.delivered + sum(self.dropped.values()) + self.dead_lettered
        taken = self.accepted == settled + self.pending
        return taken and self.offered == self.accepted + sum(self.refused.values())


class Ledger:
    """Counters that only grow; `Delivery` guards them with its lock."""

    def __init__(self) -> None:
        self.offered = 0
        self.accepted = 0
        self.delivered = 0
        self.delivered_unconfirmed = 0
        self.warnings = 0
        self.dead_lettered = 0
        self.retried = 0
        self.ambiguous = 0
        self.truncated = 0
        self.recovered = 0
        self.filtered = 0
        self.refused: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    def accept(self, truncated: bool) -> None:
        """Book one event that entered the buffer."""
        self.offered += 1
        self.accepted += 1
        self.truncated += truncated

    def recover(self, count: int) -> None:
        """Book events that an earlier process accepted and nobody has settled."""
        self.offered += count
        self.accepted += count
        self.recovered += count

    def refuse(self, reason: RefuseReason) -> None:
        """Book one event that did not."""
        self.offered += 1
        self.refused[reason.value] += 1

    def drop(self, reason: DropReason, count: int = 1) -> None:
        """Book accepted events that were given up."""
        if count:
            self.dropped[reason.value] += count

    def snapshot(self, **other: Any) -> Stats:
        """Freeze the books together with the fields of `Stats` that others count."""
        return Stats(
            offered=self.offered,
            accepted=self.accepted,
            refused=dict(self.refused),
            delivered=self.delivered,
            delivered_unconfirmed=self.delivered_unconfirmed,
            warnings=self.warnings,
            dropped=dict(self.dropped),
            dead_lettered=self.dead_lettered,
            retried=self.retried,
            ambiguous=self.ambiguous,
            truncated=self.truncated,
            recovered=self.recovered,
            filtered=self.filtered,
            **other,
        )
