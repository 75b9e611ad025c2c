# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the settings and the platform's files.
"""The sender thread: take a batch, send it, book the outcome, until there is nothing left to do.

What to send and when is the slot's decision, what it means is the exchange's, what it adds up to is the
accounts'. The thread waits, and takes the lock around every change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from .errors import DeliveryError
from .exchange import Exchange, attempt
from .records import Client, Confirmation, Delivered, Record, RetryLater
from .shared import Shared
from .slot import Settlement, Slot

_POLL_SECONDS = 0.1  # how often a client is asked about unconfirmed records
_CLOSING_PAUSE_SECONDS = 0.5  # longest pause between attempts while somebody waits for the close
_LAST_CALL_SECONDS = 0.1  # a connection is ended in order even when the time is up


class Sender:
    """One run of the sender thread, from the first record to the end of its work."""

    def __init__(self, shared: Shared, exchange: Exchange[Any, Any], slot: Slot) -> None:
        self._shared = shared
        self._exchange = exchange
        self._slot = slot
        self._client: Client[Any, Any] | None = None
        self.wants_batch = False
        """Waits for records rather than for the time of a retry; read and written under the lock."""
        self._unconfirmed: dict[int, list[Record]] = {}
        self._deadline: float | None = None
        self._may_try_at = float("-inf")
        self._hopeless = False
        self.ended = False  # takes no more records; read and written under the lock
        self.done = threading.Event()  # set when the thread is through

    def close_by(self, deadline: float) -> None:
        """Finish what can be finished by then; an earlier deadline replaces a later one. Under lock."""
        if self._deadline is None or deadline < self._deadline:
            self._deadline = deadline
        self._may_try_at = float("-inf")

    def take_left(self) -> list[Record]:
        """Take away what this run could not settle, for good. Under lock."""
        self.ended = True
        left = [record for records in self._unconfirmed.values() for record in records]
        self._unconfirmed.clear()
        self._shared.accounts.unconfirmed -= len(left)
        return left + self._slot.drain()

    def run(self) -> None:
        """Work until closed; the body of the thread."""
        try:
            while not self.ended:
                try:
                    self._step()
                except BaseException as error:
                    # Neither a bug nor a SystemExit from some logging hook of the application may end
                    # delivery for the rest of the process.
                    self._recover(error)
        finally:
            with self._shared.condition:
                self.ended = True  # whatever ended this thread: the next offer starts another
                self.done.set()
                self._shared.condition.notify_all()
            self._disconnect(_LAST_CALL_SECONDS)

    def _step(self) -> None:
        client = self._connected()
        if client is None:
            return
        self._settle_confirmations(client.poll(time.monotonic()))
        with self._shared.condition:
            batch = self._next_batch()
            finished = batch is None and self._is_finished()
        if batch is not None:
            self._send(client, batch)
        elif finished:
            self._hang_up()

    def _connected(self) -> Client[Any, Any] | None:
        """Make the client when there is none; in this thread, since it may read certificate files."""
        if self._client is None:
            try:
                self._client = self._exchange.connect()
            except Exception as error:
                self._shared.alerts.say("hold", f"delivery is on hold: {_words_of(error)}")
                with self._shared.condition:
                    # Nobody repairs it within the seconds of a close: then this is the end.
                    self.ended = self._shared.condition.wait_for(
                        lambda: self._deadline is not None, self._shared.settings.hold_seconds
                    )
        return self._client

    def _recover(self, error: BaseException) -> None:
        self._shared.alerts.say("engine", f"internal error: {type(error).__name__}")
        with self._shared.condition:
            self._shared.condition.wait(_CLOSING_PAUSE_SECONDS)
            self.ended = self.ended or self._is_finished()

    def _disconnect(self, timeout_seconds: float) -> Sequence[Confirmation]:
        client, self._client = self._client, None
        try:
            return () if client is None else client.close(timeout_seconds)
        except Exception as error:
            self._shared.alerts.say("engine", f"closing failed with {type(error).__name__}")
            return ()

    def _next_batch(self) -> list[Record] | None:
        """Return what is due now, else wait for a reason to look again. Under lock."""
        now = time.monotonic()
        slot, shared = self._slot, self._shared
        company = slot.wants_company(now)
        self.wants_batch = company or not len(slot)
        if company and shared.accounts.buffer.queued:
            slot.fill(shared.accounts.buffer.take(at_most=1), now)
        elif not len(slot) and self._is_batch_due(now):
            slot.fill(shared.accounts.buffer.take(), now)
        if self.ended or self._is_finished():
            return None
        due = self._due_at(now)
        if due is not None and due <= now:
            return slot.next_batch()
        wait = None if due is None else due - now
        if self._unconfirmed:
            wait = min(_POLL_SECONDS, wait if wait is not None else _POLL_SECONDS)
        shared.condition.wait(wait)
        return None

    def _due_at(self, now: float) -> float | None:
        """When this thread has to do something, on the monotonic clock; None: when it is woken."""
        if len(self._slot):
            if self._deadline is None:
                return self._slot.not_before
            return min(max(self._may_try_at, now), self._slot.not_before, self._deadline)
        ready = self._shared.accounts.buffer.ready_at()
        return None if ready is None else now + max(0.0, ready - self._shared.age.age(now))

    def _is_batch_due(self, now: float) -> bool:
        accounts = self._shared.accounts
        ready = accounts.buffer.ready_at()
        if ready is None:
            return False
        hurry = self._deadline is not None or accounts.taken < self._shared.flush_target
        return hurry or ready <= self._shared.age.age(now)

    def _is_finished(self) -> bool:
        """Whether a close was asked for and nothing more can be done for it. Under lock."""
        if self._deadline is None:
            return False
        if self._hopeless or time.monotonic() >= self._deadline:
            return True
        return not len(self._slot) and not self._shared.accounts.buffer.queued

    def _send(self, client: Client[Any, Any], batch: list[Record]) -> None:
        for record in batch:
            record.attempts += 1
        verdict = attempt(self._exchange, client, batch, self._timeout_seconds())
        now = time.monotonic()
        with self._shared.condition:
            if self.ended:
                return  # too late: the close has accounted for these records
            settlement = self._slot.settle(verdict, now=now, age_now=self._shared.age.age(now))
            for token, records in settlement.unconfirmed.items():
                self._unconfirmed.setdefault(token, []).extend(records)
                self._shared.accounts.unconfirmed += len(records)
            self._shared.age.set_held(self._slot.held, now)
            # A repair by hand will not come within the seconds of a close; hammering would not help.
            self._hopeless = self._slot.held and self._deadline is not None
            self._may_try_at = now + _CLOSING_PAUSE_SECONDS
            self._book(settlement)
        self._tell(settlement)

    def _timeout_seconds(self) -> float:
        longest = self._shared.settings.request_timeout_seconds
        if self._deadline is None:
            return longest
        return min(longest, max(_LAST_CALL_SECONDS, self._deadline - time.monotonic()))

    def _settle_confirmations(self, confirmations: Sequence[Confirmation]) -> None:
        """Book what became of unconfirmed records; what was lost is one failure, oldest first."""
        if not confirmations:
            return
        now = time.monotonic()
        delivered: list[tuple[Record, Delivered]] = []
        lost: list[list[Record]] = []
        failure = RetryLater("the connection was lost", ambiguous=True)
        with self._shared.condition:
            for confirmation in confirmations:
                records = self._unconfirmed.pop(confirmation.token, [])
                self._shared.accounts.unconfirmed -= len(records)
                outcome = confirmation.outcome
                if isinstance(outcome, RetryLater):
                    lost.append(records)
                    failure = RetryLater(outcome.reason, ambiguous=outcome.ambiguous)
                else:
                    self._slot.confirm()
                    delivered += [(record, outcome) for record in records]
            settlement = Settlement()
            if lost:
                age_now = self._shared.age.age(now)
                settlement = self._slot.resend(lost, failure, now=now, age_now=age_now)
                self._shared.age.set_held(self._slot.held, now)
            settlement.delivered = delivered
            self._book(settlement)
        self._tell(settlement)

    def _book(self, settlement: Settlement) -> None:
        """Account for what a settlement decided. Under lock, unless a file has to be written first."""
        buried = self._shared.bury_unlocked(settlement.expired + settlement.rejected)
        self._shared.accounts.apply(settlement, buried=buried)
        self._shared.condition.notify_all()

    def _tell(self, settlement: Settlement) -> None:
        given_up = settlement.expired + settlement.rejected
        if settlement.alert:
            self._shared.alerts.say("hold", f"delivery is on hold: {settlement.alert}")
        if given_up:
            self._shared.alerts.say("given up", f"events were given up: {given_up[-1][1]}")

    def _hang_up(self) -> None:
        """End the connection; what it turns out to have lost is sent again if there is time."""
        remaining = 0.0
        if self._deadline is not None:
            # Not to the last moment: whoever waits for the close must still see what came of it.
            remaining = 0.8 * (self._deadline - time.monotonic())
        self._settle_confirmations(self._disconnect(max(_LAST_CALL_SECONDS, remaining)))
        with self._shared.condition:
            if self._is_finished():
                self.ended = True


def _words_of(error: Exception) -> str:
    """Text for a person; only our own errors are known to hold no secret."""
    return str(error) if isinstance(error, DeliveryError) else type(error).__name__
