# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the settings and the platform's files.
"""From `offer` to a settled record: one lock, a few sender threads, one way to close.

    offer -> Buffer -> [Sender: Slot -> build -> Client.send -> classify] -> Ledger

Why threads and a synchronous client: the host may call from any loop or thread, never says goodbye,
and an asyncio loop can no longer resolve host names while the interpreter exits. Everything that decides
something (accounts, slot, agenda, endpoints) is a plain object; this module and `sender.py` only take turns
on them.
"""

from __future__ import annotations

import random
import threading
import time
import weakref
from typing import Any

from . import registry
from .buffer import TAKEN, Offer
from .closing import CloseReport, Closing, FlushTarget, compare, words_about_losses
from .exchange import Exchange
from .ledger import DropReason, RefuseReason, Stats
from .records import Record
from .retry import retry_policy
from .sender import Sender
from .settings import DeliverySettings
from .shared import new_shared
from .slot import Slot

__all__ = ["CloseReport", "Closing", "Delivery", "Exchange"]

_BURY_SECONDS = 1.0  # longest wait of a report for a dead-letter file that is being written


class Delivery:
    """Buffers records, delivers them in threads of its own and accounts for each.

    Safe to call from any thread and any event loop; no method needs one.

    Args:
        name: The sink's name, for messages.
        settings: Bounds, times and policies.
        exchange: What the platform brings.
    """

    def __init__(
        self, name: str, *, settings: DeliverySettings, exchange: Exchange[Any, Any]
    ) -> None:
        self._name = name
        self._settings = settings
        self._exchange = exchange
        self._begin()
        registry.add(self)
        if settings.spool_directory is not None:
            with self._shared.condition:
                self._open()  # there may be something to send before anybody logs

    def start_clean(self) -> None:
        """Begin with empty books in a forked child: the parent has its own."""
        self._at_end.detach()
        self._shared.accounts.buffer.forget()
        self._begin()

    def _begin(self) -> None:
        self._shared = new_shared(self._name, self._settings, self._exchange.endpoints)
        self._lost_reported = 0
        # Whoever uses the spool next, also in this process, must find what this delivery left.
        self._at_end = weakref.finalize(self, self._shared.accounts.buffer.close)
        self._at_end.atexit = False  # the exit hook may still have to deliver

    @property
    def grace_seconds(self) -> float:
        """How long the end of the interpreter waits for what is pending."""
        return self._settings.close_timeout_seconds

    def offer(self, record: Record) -> Offer:
        """Take a record, and start a sender thread if none runs; never waits for the network.

        Whoever gets anything but `Offer.TAKEN` has to offer again or call `refuse`.
        """
        shared = self._shared
        with shared.lock:
            # Seldom more than a look at the first: this line runs for each event.
            senders = shared.senders
            if (not senders or senders[0].ended) and not self._is_open() and not self._open():
                return Offer.CLOSED
            result = shared.accounts.offer(record, shared.age.age(time.monotonic()))
            if result is TAKEN:
                self._find_sender()
        if result is not TAKEN:
            shared.tell_problem()
        return result

    def refuse(self, reason: RefuseReason) -> None:
        """Book an event whose caller was told that it is not accepted."""
        with self._shared.condition:
            self._shared.accounts.refuse(reason)

    def filter_out(self) -> None:
        """Book an event that `event_filter` does not want."""
        with self._shared.condition:
            self._shared.accounts.ledger.filtered += 1

    def stats(self) -> Stats:
        """Return a snapshot of the books."""
        with self._shared.condition:
            return self._shared.stats()

    def flush(self, timeout_seconds: float) -> bool:
        """Send what is buffered without lingering, and wait for the outcome.

        Does not wait for confirmations, which a stream has none of until its tail is old.

        Returns:
            Whether all events accepted before the call are settled, or sent and unconfirmed.
        """
        target = self.begin_flush()
        with self._shared.condition:
            return self._shared.condition.wait_for(lambda: self._has_sent(target), timeout_seconds)

    def begin_flush(self) -> FlushTarget:
        """Stop lingering for what is buffered; returns the target for `is_flushed`."""
        shared = self._shared
        with shared.condition:
            shared.flush_target = shared.accounts.ledger.accepted
            shared.condition.notify_all()
            return FlushTarget(shared.flush_target, shared.age.age(time.monotonic()))

    def is_flushed(self, target: FlushTarget) -> bool:
        """Whether all events accepted before that `begin_flush` are settled or unconfirmed."""
        with self._shared.condition:
            return self._has_sent(target)

    def close(self, grace_seconds: float) -> CloseReport:
        """Deliver what can be delivered within the grace, account for the rest, end the threads.

        Safe to call again, and from several threads at once. A record offered later opens the
        delivery again.
        """
        closing = self.begin_close(grace_seconds)
        closing.wait()
        return self.finish_close(closing)

    def begin_close(self, grace_seconds: float) -> Closing:
        """Ask the senders to finish by then, without waiting: for callers in an event loop."""
        shared = self._shared
        with shared.condition:
            deadline = time.monotonic() + max(0.0, grace_seconds)
            for sender in shared.senders:
                sender.close_by(deadline)
            shared.condition.notify_all()
            return Closing(tuple(shared.senders), deadline, shared.stats())

    def finish_close(self, closing: Closing) -> CloseReport:
        """Account for whatever the senders could not settle in time, and report."""
        shared = self._shared
        left: list[Record] = []
        with shared.condition:
            shared.condition.wait_for(lambda: not shared.burying, _BURY_SECONDS)
            for sender in closing.senders:
                left += sender.take_left()
                if sender in shared.senders:
                    shared.senders.remove(sender)
                shared.release_hold(sender)
            is_last = bool(closing.senders) and not shared.senders
            left = shared.accounts.buffer.leave(left, queue=is_last)
        buried = shared.bury([(record, DropReason.CLOSED.value) for record in left])
        with shared.condition:
            shared.accounts.give_up(left, DropReason.CLOSED, buried=buried)
            shared.condition.notify_all()
        report = self.report(closing.before)
        shared.reporter.report(report.stats)
        self._say_what_was_lost(report.stats)
        return report

    def report(self, before: Stats) -> CloseReport:
        """Compare the books with what they were."""
        spools = self._settings.spool_directory is not None
        return compare(before, self.stats(), spools=spools)

    def _say_what_was_lost(self, stats: Stats) -> None:
        lost = sum(stats.dropped.values())
        if lost > self._lost_reported:
            self._lost_reported = lost
            has_file = self._shared.dead_letter is not None
            self._shared.alerts.last_words(words_about_losses(stats, dead_letters=has_file))

    def _has_sent(self, target: FlushTarget) -> bool:
        shared = self._shared
        if shared.accounts.taken < target.accepted or shared.burying:
            return False
        ages = [sender.slot.oldest_at() for sender in shared.senders]
        ages.append(shared.accounts.buffer.oldest_at())  # what was adopted goes first
        return all(age is None or age > target.age for age in ages)

    def _is_open(self) -> bool:
        return any(not sender.ended for sender in self._shared.senders)

    def _open(self) -> bool:
        """Start a sender, unless the interpreter is exiting and would end it before its work."""
        if registry.is_exiting():
            return False
        slot = Slot(
            policy=retry_policy(self._settings),
            deadline_seconds=self._settings.deadline_seconds,
            hold_seconds=self._settings.hold_seconds,
            random=random.random,
        )
        sender = Sender(self._shared, self._exchange, slot, self._recruit)
        name = f"{self._name}-sender"
        try:
            threading.Thread(target=self._work, args=(sender,), name=name, daemon=True).start()
        except RuntimeError:
            return False
        self._shared.senders.append(sender)
        return True

    def _work(self, sender: Sender) -> None:
        """Run the sender. As a method it keeps this object alive, for the exit, while there is work."""
        sender.run()

    def _recruit(self) -> None:
        """Start one more sender, if there is work that no other can do at the moment."""
        with self._shared.condition:
            if not any(sender.wants_batch for sender in self._shared.senders):
                self._add_sender()

    def _find_sender(self) -> None:
        """See that somebody knows of the record just taken. Under lock."""
        senders = self._shared.senders
        for sender in senders:
            if sender.wants_batch:
                if self._shared.accounts.buffer.has_news():
                    self._shared.condition.notify_all()
                return
        if len(senders) < self._settings.max_connections:
            self._add_sender()

    def _add_sender(self) -> None:
        closes = any(sender.closes for sender in self._shared.senders)
        if not closes and self._shared.may_send_more():
            self._open()
