# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Buffer and ledger, changed together so that the books are right at every moment.

Not thread-safe: `Delivery` calls it under its lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .buffer import TAKEN, Buffer, Offer
from .endpoints import EndpointStats
from .ledger import DropReason, Ledger, RefuseReason, Stats
from .records import Record
from .settings import DeliverySettings
from .settlement import Settlement


class Accounts:
    """Takes records in, and books what became of them.

    Args:
        settings: Says whether the oldest gives way when the buffer is full.
        buffer: Empty.
    """

    def __init__(self, settings: DeliverySettings, buffer: Buffer) -> None:
        self._drops_oldest = settings.buffer_policy == "drop_oldest"
        self.buffer = buffer
        self.ledger = Ledger()

    @property
    def taken(self) -> int:
        """Accepted events that no longer wait for a batch."""
        return self.ledger.accepted - self.buffer.queued

    def offer(self, record: Record, age_now: float) -> Offer:
        """Accept the record if it fits; what is not taken has to be offered again or refused."""
        result = self.buffer.offer(record, age_now)
        if self._drops_oldest and result is Offer.FULL:
            self.ledger.drop(DropReason.OLDEST, self.buffer.evict_for(record))
            result = self.buffer.offer(record, age_now)
        if result is TAKEN:
            self.ledger.accept(record.truncated)
        return result

    def admit(self, found: Any) -> int:
        """Book what an earlier process accepted and `look` of the buffer found; returns how much it is."""
        count = self.buffer.admit(found)
        self.ledger.recover(count)
        return count

    def refuse(self, reason: RefuseReason) -> None:
        """Book an event that was not accepted."""
        self.ledger.refuse(reason)

    def apply(self, settlement: Settlement, *, buried: int) -> None:
        """Book what an answer decided.

        Args:
            settlement: Decisions about records that were taken from the buffer.
            buried: How many of `expired` and then `rejected`, in that order, the dead-letter file took.
        """
        ledger = self.ledger
        ledger.retried += settlement.retried
        ledger.ambiguous += settlement.ambiguous
        outcomes = [outcome for _, outcome in settlement.delivered]
        ledger.delivered += len(outcomes)
        ledger.warnings += sum([bool(outcome.warning) for outcome in outcomes])
        ledger.delivered_unconfirmed += sum([not outcome.confirmed for outcome in outcomes])
        self.buffer.release([record for record, _ in settlement.delivered])
        kept_expired = min(buried, len(settlement.expired))
        self.give_up(
            [record for record, _ in settlement.expired], DropReason.EXPIRED, buried=kept_expired
        )
        self.give_up(
            [record for record, _ in settlement.rejected],
            DropReason.REJECTED,
            buried=buried - kept_expired,
        )

    def give_up(self, records: Sequence[Record], reason: DropReason, *, buried: int) -> None:
        """Book records that will not be delivered, `buried` of them in the dead-letter file."""
        self.ledger.dead_lettered += buried
        self.ledger.drop(reason, len(records) - buried)
        self.buffer.release(records)

    def snapshot(
        self,
        *,
        oldest_seconds: float | None = None,
        endpoints: Sequence[EndpointStats] = (),
        held: bool = False,
        connections: int = 1,
    ) -> Stats:
        """Freeze the books, with what only the delivery knows: see `Stats`."""
        unreadable = DropReason.UNREADABLE
        # The buffer finds out whenever it reads, so it counts them; they are booked here.
        self.ledger.drop(unreadable, self.buffer.unreadable - self.ledger.dropped[unreadable.value])
        return self.ledger.snapshot(
            pending=self.buffer.pending,
            pending_bytes=self.buffer.pending_bytes,
            oldest_seconds=oldest_seconds,
            endpoints=tuple(endpoints),
            held=held,
            connections=connections,
        )
