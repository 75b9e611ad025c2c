# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Records that were sent and wait for a confirmation: by address, and by the token of their client."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .records import Confirmation, Delivered, Record, RetryLater


@dataclass(slots=True)
class Returned:
    """What became of some of them."""

    delivered: list[tuple[Record, Delivered]] = field(default_factory=list)
    lost: list[list[Record]] = field(default_factory=list)
    """To be sent again: a group for each request, oldest first."""
    failure: RetryLater | None = None
    """Why."""


class UnconfirmedRecords:
    """Of one sender; called under the lock."""

    def __init__(self) -> None:
        self._open: dict[tuple[str, int], list[Record]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def add(self, name: str, tokens: Mapping[int, list[Record]]) -> None:
        """Keep records until the client of that address says what became of their token."""
        for token, records in tokens.items():
            self._open.setdefault((name, token), []).extend(records)

    def settle(self, name: str, confirmations: Iterable[Confirmation]) -> Returned:
        """Take out what the client of that address has news of."""
        returned = Returned()
        for confirmation in confirmations:
            records = self._open.pop((name, confirmation.token), [])
            outcome = confirmation.outcome
            if isinstance(outcome, RetryLater):
                returned.lost.append(records)
                returned.failure = outcome
            else:
                returned.delivered += [(record, outcome) for record in records]
        return returned

    def take_all(self) -> list[Record]:
        """Take out everything, for the end."""
        left = [record for records in self._open.values() for record in records]
        self._open.clear()
        return left

    def oldest_at(self) -> float | None:
        """Return when the oldest was accepted, on the age clock; None: there is none."""
        times = (record.accepted_at for records in self._open.values() for record in records)
        return min(times, default=None)
