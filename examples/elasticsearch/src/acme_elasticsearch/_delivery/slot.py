# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `retry_*` and `hold_seconds` settings.
"""What one sender still has to send, and what each answer changes about it.

A slot is a value machine: time goes in, decisions come out, nothing here sleeps or sends. The records of
a failed request stay in it, charged for, until they have an outcome: an outage cannot pile up batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from .records import Delivered, Hold, Outcome, Record, RetryLater, Split, Verdict
from .retry import RetryPolicy
from .settlement import Setback, Settlement, note_final

PROBES_BEFORE_HOLD = 8
"""Single records refused in a row, none accepted, before the configuration is blamed and not them."""


class Slot:
    """The unsettled records of one sender, in order, as groups that are sent together.

    It waits for its own records alone: those that a target took only in part, and suspects. What stopped a
    whole request is a setback of the endpoint.

    Args:
        policy: How long to wait before the rest of a request is sent again.
        deadline_seconds: Age at which a record that fails again is given up.
        hold_seconds: Time between two attempts while configuration is wrong.
        random: Returns a float in [0, 1); the source of jitter.
    """

    def __init__(
        self,
        *,
        policy: RetryPolicy,
        deadline_seconds: float,
        hold_seconds: float,
        random: Callable[[], float],
    ) -> None:
        self._policy = policy
        self._deadline_seconds = deadline_seconds
        self._hold_seconds = hold_seconds
        self._random = random
        self._groups: deque[list[Record]] = deque()
        self._evidence = False  # a record was accepted since the first unexplained refusal
        self._refused_alone = 0
        self._probing = False
        self._company = False  # the present probing has had another record to try
        self.not_before = float("-inf")
        """Monotonic time of the next attempt."""
        self.held = False
        """Waiting for a person, not for the target: ages stand still."""

    def __len__(self) -> int:
        return sum(map(len, self._groups))

    def wants_company(self, now: float) -> bool:
        """All that is here was refused alone: one more record would tell who is to blame."""
        return self._probing and (not self._company or now >= self.not_before)

    def fill(self, batch: list[Record], now: float) -> None:
        """Take a new batch when empty, or one record as company for suspects."""
        if not self._groups:
            self._evidence = self._probing = False
            self._refused_alone = 0
        if self._probing:
            self._company = True
            self.not_before = now
        self._groups.appendleft(batch)

    def next_batch(self) -> list[Record]:
        """Return the records to send next; each call must be followed by one `settle`."""
        group = self._groups[0]
        if self._probing and len(group) > 1:
            self._groups[0] = group[1:]
            self._groups.appendleft(group[:1])
        return self._groups[0]

    def settle(self, verdict: Verdict, *, now: float, age_now: float) -> Settlement:
        """Apply what the answer to `next_batch()` means.

        Args:
            verdict: One outcome per record of that batch, or `Split`.
            now: Monotonic seconds.
            age_now: Seconds on the clock that `Record.accepted_at` was taken from.
        """
        batch = self._groups.popleft()
        if isinstance(verdict, Split):
            return self._bisect(batch, verdict, now)
        result = Settlement()
        unsettled: list[tuple[Record, Hold | RetryLater]] = []
        delivered = [outcome for outcome in verdict if type(outcome) is Delivered]
        if len(delivered) == len(batch):  # the usual case, which is to be fast
            result.delivered = list(zip(batch, delivered, strict=True))
            result.slow_down = any([outcome.slow_down for outcome in delivered])
        else:
            unsettled = _sort_out(batch, verdict, result)
        if result.delivered or result.unconfirmed:
            self.confirm()
        self._keep(unsettled, result, now, age_now)
        return result

    def resend(
        self, lost: Sequence[list[Record]], failure: RetryLater, *, now: float, age_now: float
    ) -> Settlement:
        """Take back groups that turned out to be lost on the way, oldest first, each for a request."""
        result = Settlement(setback=Setback(failure.reason))
        self._evidence = False
        for records in reversed(lost):
            self._put_back(
                self._not_expired([(record, failure) for record in records], result, age_now),
                result,
            )
        self.not_before = max(now, self.not_before)
        return result

    def confirm(self) -> None:
        """Note that the target took a record: connection and configuration work."""
        self._evidence = True
        self._refused_alone = 0
        self._probing = False

    def oldest_at(self) -> float | None:
        """Return when the oldest record in here was accepted, on the age clock; None: empty."""
        return min((record.accepted_at for group in self._groups for record in group), default=None)

    def wake(self, now: float) -> None:
        """Try again now: what a hold waits for has changed."""
        if self.held:
            self.not_before = now

    def drain(self) -> list[Record]:
        """Give up all records, for the end of the delivery."""
        left = [record for group in self._groups for record in group]
        self._groups.clear()
        return left

    def _keep(
        self,
        unsettled: Sequence[tuple[Record, Hold | RetryLater]],
        result: Settlement,
        now: float,
        age_now: float,
    ) -> None:
        """Put back what has no final outcome, in its order, and decide when to go on."""
        # "At once" is believed only after progress; without any it would be a hot loop.
        progress = bool(result.delivered or result.rejected or result.unconfirmed)
        self._put_back(self._not_expired(unsettled, result, age_now, progress), result)
        holds = [outcome for _, outcome in unsettled if isinstance(outcome, Hold)]
        retries = [outcome for _, outcome in unsettled if isinstance(outcome, RetryLater)]
        blamed = [retry for retry in retries if not (progress and retry.after_seconds == 0.0)]
        after = max((retry.after_seconds or 0.0 for retry in blamed), default=0.0) or None
        self.held = False
        self.not_before = now
        result.pushed_back = bool(blamed) or result.slow_down
        if holds:
            result.alert = holds[0].reason
        if holds or blamed:  # what is true after the wait need not be what was true before
            self._evidence = False
        if unsettled and not progress:
            reason = unsettled[0][1].reason
            result.setback = Setback(result.alert or reason, after, held=bool(holds))
        elif holds:
            self.held = True
            self.not_before += self._hold_seconds
        elif result.pushed_back:
            self.not_before += self._policy.delay(1, after, self._random)

    def _not_expired(
        self,
        failed: Sequence[tuple[Record, Hold | RetryLater]],
        result: Settlement,
        age_now: float,
        progress: bool = False,
    ) -> list[Record]:
        """Separate what failed past its deadline; the rest is to be sent again."""
        again = []
        for record, outcome in failed:
            if isinstance(outcome, RetryLater):
                blameless = progress and outcome.after_seconds == 0.0
                if not blameless and age_now - record.accepted_at > self._deadline_seconds:
                    result.expired.append((record, outcome.reason))
                    continue
                result.ambiguous += outcome.ambiguous
            again.append(record)
        return again

    def _put_back(self, records: list[Record], result: Settlement) -> None:
        if records:
            self._groups.appendleft(records)
            result.retried += len(records)

    def _bisect(self, batch: list[Record], verdict: Split, now: float) -> Settlement:
        """Halve a refused request until the culprit is alone, and condemn it only with evidence."""
        result = Settlement()
        self.held = False
        self.not_before = now
        if len(batch) > 1:
            middle = verdict.first if 0 < verdict.first < len(batch) else len(batch) // 2
            self._groups.appendleft(batch[middle:])
            self._groups.appendleft(batch[:middle])
            result.retried, result.ambiguous = len(batch), verdict.ambiguous
        elif self._evidence:
            result.rejected.append((batch[0], verdict.reason))
        else:
            self._suspect(batch, verdict, now, result)
        return result

    def _suspect(self, batch: list[Record], verdict: Split, now: float, result: Settlement) -> None:
        self._groups.append(batch)  # last, so that another record is tried next
        result.retried = 1
        self._refused_alone += 1
        if self._probing or self._refused_alone >= min(PROBES_BEFORE_HOLD, len(self)):
            self._company = self._company and self._probing
            self._probing = True
            self.held = True
            self.not_before = now + self._hold_seconds
            result.alert = f"{verdict.reason}; no event is accepted, so the configuration is wrong"


def _sort_out(
    batch: Sequence[Record], verdict: Sequence[Outcome], result: Settlement
) -> list[tuple[Record, Hold | RetryLater]]:
    """Note final outcomes in `result`; returns the records without one."""
    unsettled: list[tuple[Record, Hold | RetryLater]] = []
    for record, outcome in zip(batch, verdict, strict=True):
        if isinstance(outcome, (Hold, RetryLater)):
            unsettled.append((record, outcome))
        elif not note_final(result, record, outcome):
            wrong = f"classify returned {type(outcome).__name__}, which is no outcome"
            unsettled.append((record, RetryLater(wrong, ambiguous=True)))
    return unsettled
