# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the settings and the platform's files.
"""A sender thread: take a batch, send it, book the outcome, until there is nothing left to do.

What to do and when is the agenda's decision, where the endpoints', what an answer means is the exchange's
and the slot's, what it adds up to is the accounts'. The thread waits, and takes the lock around every change.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from .agenda import Agenda
from .connections import Connections, News
from .endpoints import Endpoint
from .errors import DeliveryError
from .exchange import Exchange, attempt
from .records import Batch, Confirmation, Hold, Record, Verdict
from .settlement import Settlement
from .shared import Shared
from .slot import Slot
from .unconfirmed import UnconfirmedRecords

_RECOVERY_SECONDS = 0.5  # pause after a bug, lest it makes a hot loop
_LAST_CALL_SECONDS = 0.1  # a connection is ended in order even when the time is up


class Sender:
    """One run of a sender thread, from the first record to the end of its work.

    Args:
        shared: What all senders of a delivery have in common.
        exchange: What the platform brings.
        slot: For the records that this sender has in hand.
        recruit: Called without the lock when there is work for one more sender.
    """

    def __init__(
        self, shared: Shared, exchange: Exchange[Any, Any], slot: Slot, recruit: Callable[[], None]
    ) -> None:
        self._shared = shared
        self._exchange = exchange
        self._recruit = recruit
        self._connections = Connections(exchange, shared.alerts)
        self._agenda = Agenda(shared, slot, watches=bool(exchange.credentials))
        self._unconfirmed = UnconfirmedRecords()
        # What follows is read and written under the lock.
        self.slot = slot
        self.wants_batch = False
        """Waits for records rather than for the time of a retry."""
        self.ended = False
        """Takes no more records."""
        self.done = threading.Event()
        """Set when the thread is through."""

    @property
    def closes(self) -> bool:
        """Whether somebody waits for the end. Under lock."""
        return self._agenda.deadline is not None

    def close_by(self, deadline: float) -> None:
        """Finish what can be finished by then; an earlier deadline replaces a later one. Under lock."""
        self._agenda.close_by(deadline)

    def take_left(self) -> list[Record]:
        """Take away what this run could not settle, for good. Under lock."""
        self.ended = True
        return self._unconfirmed.take_all() + self.slot.drain()

    def oldest_at(self) -> float | None:
        """When the oldest record in hand was accepted, on the age clock. Under lock."""
        ages = (self._unconfirmed.oldest_at(), self.slot.oldest_at())
        return min((age for age in ages if age is not None), default=None)

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
                self._shared.release_hold(self)
                self.done.set()
                self._shared.condition.notify_all()
            self._connections.close(_LAST_CALL_SECONDS)

    def _step(self) -> None:
        self._look_for_new_secrets()
        self._shared.report()
        self._shared.adopt()
        self._shared.tell_problem()
        self._settle_confirmations(self._connections.poll())
        job, more, finished = None, False, False
        with self._shared.condition:
            if self.ended:  # nothing may be taken into a slot that a close has emptied
                return
            now = time.monotonic()
            finished = self._agenda.is_finished(now)
            if not finished:
                self.wants_batch = self._agenda.take_batch(now)
                job = self._agenda.next_job(now)
                more = job is not None and self._agenda.is_batch_due(now)
            if job is None and not finished:
                wait = self._agenda.wait_seconds(now, polls=bool(len(self._unconfirmed)))
                self._shared.condition.wait(wait)
        if job is not None:
            self._send(*job, more=more)
        elif finished:
            self._hang_up()

    def _recover(self, error: BaseException) -> None:
        self._shared.alerts.say("engine", f"internal error: {type(error).__name__}")
        with self._shared.condition:
            self._shared.condition.wait(_RECOVERY_SECONDS)
            self.ended = self.ended or self._agenda.is_finished(time.monotonic())

    def _look_for_new_secrets(self) -> None:
        """Probe at once when a secret has changed that a hold may wait for."""
        with self._shared.condition:
            waiting = self.slot.held or self._shared.endpoints.any_held
        if waiting and any(each.is_renewed() for each in self._exchange.credentials):
            self._shared.wake()

    def _send(self, endpoint: Endpoint, batch: list[Record], *, more: bool) -> None:
        for record in batch:
            record.attempts += 1
        shared = self._shared
        began = time.monotonic()
        try:
            if more:
                self._recruit()
            verdict = self._attempt(endpoint, batch)
        except BaseException:  # of some hook: the address must not wait for an answer for ever
            with shared.condition:
                endpoint.breaker.release()
                shared.condition.notify_all()
            raise
        now = time.monotonic()
        with shared.condition:
            if self.ended:
                endpoint.breaker.release()
                return  # too late: the close has accounted for these records
            settlement = self.slot.settle(verdict, now=now, age_now=shared.age.age(now))
            self._unconfirmed.add(endpoint.name, settlement.unconfirmed)
            news = shared.learn(endpoint, settlement, began=began, now=now)
            news += shared.shrink_batches(verdict, batch)
            self._note_hold(now, settlement)
            self._book(settlement)
        shared.tell(endpoint, settlement, news)

    def _attempt(self, endpoint: Endpoint, batch: Batch) -> Verdict:
        if endpoint.breaker.held:  # what a person repaired is in files, or known to a provider
            for credential in self._exchange.credentials:
                credential.expire()
            self._connections.renew(endpoint.name)
        try:
            client = self._connections.to(endpoint.name)
        except Exception as error:
            return [Hold(_words_of(error))] * len(batch)
        return attempt(self._exchange, client, batch, self._timeout_seconds())

    def _timeout_seconds(self) -> float:
        longest = self._shared.settings.request_timeout_seconds
        deadline = self._agenda.deadline
        if deadline is None:
            return longest
        return min(longest, max(_LAST_CALL_SECONDS, deadline - time.monotonic()))

    def _note_hold(self, now: float, settlement: Settlement) -> None:
        """Stop the ages while a person is needed. Under lock."""
        shared = self._shared
        held = bool(self.slot.held or (len(self.slot) and shared.endpoints.held))
        (shared.holding.add if held else shared.holding.discard)(self)
        shared.age.set_held(bool(shared.holding), now)
        progress = bool(settlement.delivered or settlement.rejected or settlement.unconfirmed)
        self._agenda.attempted(now, held=held, progress=progress)

    def _settle_confirmations(self, news: News) -> None:
        """Book what became of unconfirmed records; what was lost is one failure of its address."""
        for name in dict.fromkeys(name for name, _ in news):
            self._settle_those_of(name, [each for other, each in news if other == name])

    def _settle_those_of(self, name: str, confirmations: list[Confirmation]) -> None:
        now = time.monotonic()
        shared = self._shared
        endpoint = shared.endpoints[name]
        settlement = Settlement()
        with shared.condition:
            returned = self._unconfirmed.settle(name, confirmations)
            if returned.delivered:
                endpoint.confirm(len(returned.delivered), time.time())
            if returned.failure is not None:
                settlement = self.slot.resend(
                    returned.lost, returned.failure, now=now, age_now=shared.age.age(now)
                )
                endpoint.set_back(settlement, now)
            settlement.delivered = returned.delivered
            self._book(settlement)
        shared.tell(endpoint, settlement, [])

    def _book(self, settlement: Settlement) -> None:
        """Account for what a settlement decided. Under lock, unless a file has to be written first."""
        buried = self._shared.bury_unlocked(settlement.expired + settlement.rejected)
        self._shared.accounts.apply(settlement, buried=buried)
        self._shared.condition.notify_all()

    def _hang_up(self) -> None:
        """End the connections; what they turn out to have lost is sent again if there is time."""
        remaining = 0.0
        if self._agenda.deadline is not None:
            # Not to the last moment: whoever waits for the close must still see what came of it.
            remaining = 0.8 * (self._agenda.deadline - time.monotonic())
        self._settle_confirmations(self._connections.close(max(_LAST_CALL_SECONDS, remaining)))
        with self._shared.condition:
            if self._agenda.is_finished(time.monotonic()):
                self.ended = True


def _words_of(error: Exception) -> str:
    """Text for a person; only our own errors are known to hold no secret."""
    return str(error) if isinstance(error, DeliveryError) else type(error).__name__
