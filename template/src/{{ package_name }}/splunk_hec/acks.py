# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `ack` settings.
"""Which requests Splunk has accepted and not acknowledged yet: a pure class, time is passed in.

Source: Splunk, "About HTTP Event Collector indexer acknowledgment". The ids count per channel, and live on
one indexer. "true" means replicated and is said once; "false" can mean pending, lost, expired or asked
elsewhere.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .._delivery.records import Confirmation, Delivered, RetryLater

_tokens = itertools.count(1)  # of all clients: a client may follow one whose tokens are still open


@dataclass(frozen=True, slots=True)
class _Accepted:
    token: int
    at: float
    warning: str


class Acks:
    """What one client waits for.

    Args:
        deadline_seconds: How long to wait for "true" before the events are sent again.
        new_channel: Returns the name of a channel that was never used.
    """

    def __init__(
        self,
        *,
        deadline_seconds: float,
        new_channel: Callable[[], str] = lambda: str(uuid.uuid4()),
    ) -> None:
        self._deadline_seconds = deadline_seconds
        self._new_channel = new_channel
        self._open: dict[tuple[str, int], _Accepted] = {}
        self._latest_id = -1
        self.channel = new_channel()
        """The channel of the next request."""

    def __len__(self) -> int:
        return len(self._open)

    def renew(self) -> None:
        """Use another channel from now on; those in use are still asked about what they have."""
        self.channel = self._new_channel()
        self._latest_id = -1

    def add(
        self, channel: str, ack_id: int, *, now: float, warning: str = ""
    ) -> tuple[int, list[Confirmation]]:
        """Note an accepted request; returns its token, and what turned out to be lost.

        An id that does not grow comes from another indexer, or from one that was restarted: what waits for
        the same id can never be acknowledged.

        Args:
            channel: What the request was sent with.
            ack_id: What the answer said.
            now: Seconds, on the clock of `expire`.
            warning: To be told when it is delivered.
        """
        replaced = self._open.pop((channel, ack_id), None)
        lost = [] if replaced is None else [_lost(replaced, "the indexer was restarted")]
        token = next(_tokens)
        self._open[channel, ack_id] = _Accepted(token, now, warning)
        if channel == self.channel:
            started_again = ack_id <= self._latest_id
            self._latest_id = ack_id
            if started_again:
                self.renew()
        return token, lost

    def waiting(self) -> dict[str, list[int]]:
        """Return channel -> ids to ask for."""
        found: dict[str, list[int]] = {}
        for channel, ack_id in self._open:
            found.setdefault(channel, []).append(ack_id)
        return found

    def acknowledge(self, channel: str, ack_ids: Iterable[int]) -> list[Confirmation]:
        """Settle what Splunk said "true" to."""
        found = [self._open.pop((channel, ack_id), None) for ack_id in ack_ids]
        return [Confirmation(each.token, Delivered(warning=each.warning)) for each in found if each]

    def expire(self, now: float, problem: str = "") -> list[Confirmation]:
        """Give up waiting where the deadline has passed; what is sent again goes to a new channel.

        Args:
            now: Seconds.
            problem: Why the latest question had no answer, if so.
        """
        late = [key for key, each in self._open.items() if now - each.at >= self._deadline_seconds]
        if any(channel == self.channel for channel, _ in late):
            self.renew()
        reason = f"not acknowledged within {self._deadline_seconds:g} s" + f"; {problem}" * bool(
            problem
        )
        return [_lost(self._open.pop(key), reason) for key in late]

    def give_back(self, reason: str) -> list[Confirmation]:
        """Let everything be sent again on a new channel; any of it may be indexed."""
        lost = [_lost(each, reason) for each in self._open.values()]
        self._open.clear()
        self.renew()
        return lost

    def accept(self, warning: str) -> list[Confirmation]:
        """Take Splunk's first word for everything: accepted, with nobody to confirm it."""
        outcome = Delivered(warning=warning, confirmed=False)
        taken = [Confirmation(each.token, outcome) for each in self._open.values()]
        self._open.clear()
        return taken


def _lost(each: _Accepted, reason: str) -> Confirmation:
    return Confirmation(each.token, RetryLater(reason, ambiguous=True))
