# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `linger_seconds` and `hold_seconds` settings.
"""When a sender has to do what: linger, pause, look again, come to an end. Time is passed in.

Called under the lock of `Shared`; waits for nothing itself.
"""

from __future__ import annotations

from .endpoints import Endpoint
from .records import Record
from .shared import Shared
from .slot import Slot

_POLL_SECONDS = 0.1  # how often a client is asked about unconfirmed records
_LONGEST_WAIT_SECONDS = 3_600.0  # Python refuses to wait for ever in seconds
_WATCH_SECONDS = 0.5  # how often a secret is looked at while delivery is on hold
_CLOSING_PAUSE_SECONDS = 0.5  # longest pause between attempts while somebody waits for the close


class Agenda:
    """What one sender does next.

    Args:
        shared: What all senders of the delivery have in common.
        slot: The records that this sender has in hand.
        watches: Secrets may change while delivery is on hold.
    """

    def __init__(self, shared: Shared, slot: Slot, *, watches: bool) -> None:
        self._shared = shared
        self._slot = slot
        self._watches = watches
        self._may_try_at = float("-inf")
        self._held_some = False
        self.deadline: float | None = None
        """Monotonic time at which somebody stops waiting for the close; None: nobody closes."""
        self.hopeless = False
        """Nothing more can be delivered before the close."""

    def close_by(self, deadline: float) -> None:
        """Finish what can be finished by then; an earlier deadline replaces a later one."""
        if self.deadline is None or deadline < self.deadline:
            self.deadline = deadline
        self._may_try_at = float("-inf")

    def attempted(self, now: float, *, held: bool, progress: bool) -> None:
        """Note an attempt, whether it ended in a hold, and whether it got some record somewhere."""
        self._may_try_at = now + _CLOSING_PAUSE_SECONDS
        self._held_some = bool(len(self._slot)) and (self._held_some or (held and progress))
        # A repair by hand will not come within the seconds of a close; hammering would not help.
        self.hopeless = held and not progress and self.deadline is not None

    def take_batch(self, now: float) -> bool:
        """Put records into an empty slot that are due; returns whether the sender wants some."""
        slot, shared = self._slot, self._shared
        company = slot.wants_company(now)
        if company and shared.accounts.buffer.queued:
            slot.fill(shared.accounts.buffer.take(at_most=1), now)
        elif not len(slot) and shared.may_send_more() and self.is_batch_due(now):
            slot.fill(shared.accounts.buffer.take(), now)
        elif self._held_some and self.deadline is not None and shared.accounts.buffer.queued:
            # Only some records are refused: the others go first, since the end is near.
            slot.wake(now)
            slot.fill(shared.accounts.buffer.take(), now)
        return company or not len(slot)

    def next_job(self, now: float) -> tuple[Endpoint, list[Record]] | None:
        """Return where to send what now; each must be followed by one `settle` of the slot."""
        due = self._due_at(now)
        if not len(self._slot) or due is None or due > now:
            return None
        hurry = self.deadline is not None and self._may_try_at <= now
        endpoint = self._shared.endpoints.pick(now, hurry=hurry)
        return None if endpoint is None else (endpoint, self._slot.next_batch())

    def wait_seconds(self, now: float, *, polls: bool) -> float | None:
        """Return how long to wait for something to happen, if there is no job; None: for ever.

        Args:
            now: Monotonic seconds.
            polls: Clients have to be asked about unconfirmed records.
        """
        due = self._due_at(now)
        if due is not None and due <= now:
            due = self._next_try_at(now)
        moments = [] if due is None else [due - now]
        if polls:
            moments.append(_POLL_SECONDS)
        if self._watches and (self._slot.held or self._shared.endpoints.any_held):
            moments.append(_WATCH_SECONDS)
        for moment in (self._shared.reporter.next_at, self._shared.adopt_at):
            if moment is not None:
                moments.append(moment - now)
        return max(0.0, min(*moments, _LONGEST_WAIT_SECONDS)) if moments else None

    def is_batch_due(self, now: float) -> bool:
        """Whether the buffer has a batch that need not wait for more."""
        accounts = self._shared.accounts
        ready = accounts.buffer.ready_at()
        if ready is None:
            return False
        hurry = self.deadline is not None or accounts.taken < self._shared.flush_target
        return hurry or ready <= self._shared.age.age(now)

    def is_finished(self, now: float) -> bool:
        """Whether a close was asked for and nothing more can be done for it."""
        if self.deadline is None:
            return False
        if self.hopeless or now >= self.deadline:
            return True
        return not len(self._slot) and not self._shared.accounts.buffer.queued

    def _due_at(self, now: float) -> float | None:
        """When there is something to do, on the monotonic clock; None: when somebody wakes us."""
        if len(self._slot):
            if self.deadline is None:
                return self._slot.not_before
            return min(max(self._may_try_at, now), self._slot.not_before, self.deadline)
        if not self._shared.may_send_more():
            return None
        ready = self._shared.accounts.buffer.ready_at()
        return None if ready is None else now + max(0.0, ready - self._shared.age.age(now))

    def _next_try_at(self, now: float) -> float | None:
        """When an address may be tried, if none may be now."""
        due = self._shared.endpoints.next_at(now)
        if self.deadline is None:
            return due
        return min(self._may_try_at, self.deadline, self.deadline if due is None else due)
