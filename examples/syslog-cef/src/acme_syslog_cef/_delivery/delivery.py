# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the settings and the platform's files.
"""From `offer` to a settled record: one lock, one sender thread, one way to close.

    offer -> MemoryBuffer -> [Sender: Slot -> build -> Client.send -> classify] -> Ledger

Why a thread and a synchronous client: the host may call from any loop or thread, never says goodbye,
and an asyncio loop can no longer resolve host names while the interpreter exits. Everything that decides
something (accounts, slot) is a plain object; this module and `sender.py` only take turns on them.
"""

from __future__ import annotations

import random
import threading
import time
from typing import Any

from . import registry
from .accounts import Accounts
from .alerts import Alerts
from .buffer import Offer
from .closing import CloseReport, Closing
from .deadletter import DeadLetterFile
from .exchange import Exchange
from .ledger import DropReason, RefuseReason, Stats
from .records import Record
from .retry import RetryPolicy
from .sender import Sender
from .settings import DeliverySettings
from .shared import Shared
from .slot import Slot

__all__ = ["CloseReport", "Closing", "Delivery", "Exchange"]

_BURY_SECONDS = 1.0  # longest wait of a report for a dead-letter file that is being written


class Delivery:
    """Buffers records, delivers them in a thread of its own and accounts for each.

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
        self.start_clean()
        registry.add(self)

    def start_clean(self) -> None:
        """Begin with empty books: at construction, and in a forked child (the parent has its own)."""
        settings = self._settings
        dead_letter = None
        if settings.dead_letter_path is not None:
            dead_letter = DeadLetterFile(
                settings.dead_letter_path, max_bytes=settings.dead_letter_max_bytes
            )
        self._shared = Shared(
            settings=settings,
            accounts=Accounts(settings),
            alerts=Alerts(self._name, interval_seconds=settings.hold_seconds, clock=time.monotonic),
            dead_letter=dead_letter,
        )
        self._sender: Sender | None = None
        self._lost_reported = 0

    @property
    def grace_seconds(self) -> float:
        """How long the end of the interpreter waits for what is pending."""
        return self._settings.close_timeout_seconds

    def offer(self, record: Record) -> Offer:
        """Take a record, and start the sender thread if none runs; never blocks on I/O.

        Whoever gets anything but `Offer.TAKEN` has to offer again or call `refuse`.
        """
        shared = self._shared
        with shared.condition:
            if (self._sender is None or self._sender.ended) and not self._open():
                return Offer.CLOSED
            result = shared.accounts.offer(record, shared.age.age(time.monotonic()))
            if result is Offer.TAKEN and self._wakes_sender():
                shared.condition.notify_all()
            return result

    def refuse(self, reason: RefuseReason) -> None:
        """Book an event whose caller was told that it is not accepted."""
        with self._shared.condition:
            self._shared.accounts.refuse(reason)

    def stats(self) -> Stats:
        """Return a snapshot of the books."""
        with self._shared.condition:
            return self._shared.accounts.snapshot()

    def flush(self, timeout_seconds: float) -> bool:
        """Send what is buffered without lingering, and wait for the outcome.

        Does not wait for confirmations, which a stream has none of until its tail is old.

        Returns:
            Whether all events accepted before the call are settled, or sent and unconfirmed.
        """
        target = self.begin_flush()
        shared = self._shared
        with shared.condition:
            return shared.condition.wait_for(
                lambda: shared.accounts.sent >= target, timeout_seconds
            )

    def begin_flush(self) -> int:
        """Stop lingering for what is buffered; returns the target for `is_flushed`."""
        shared = self._shared
        with shared.condition:
            shared.flush_target = shared.accounts.ledger.accepted
            shared.condition.notify_all()
            return shared.flush_target

    def is_flushed(self, target: int) -> bool:
        """Whether all events accepted before that `begin_flush` are settled or unconfirmed."""
        with self._shared.condition:
            return self._shared.accounts.sent >= target

    def close(self, grace_seconds: float) -> CloseReport:
        """Deliver what can be delivered within the grace, account for the rest, end the thread.

        Safe to call again, and from several threads at once. A record offered later opens the
        delivery again.
        """
        closing = self.begin_close(grace_seconds)
        if closing.sender is not None:
            closing.sender.done.wait(max(0.0, grace_seconds))
        return self.finish_close(closing)

    def begin_close(self, grace_seconds: float) -> Closing:
        """Ask the sender to finish by then, without waiting: for callers in an event loop."""
        shared = self._shared
        with shared.condition:
            deadline = time.monotonic() + grace_seconds
            if self._sender is not None:
                self._sender.close_by(deadline)
                shared.condition.notify_all()
            return Closing(self._sender, deadline, shared.accounts.snapshot())

    def finish_close(self, closing: Closing) -> CloseReport:
        """Account for whatever the sender could not settle in time, and report."""
        shared, sender = self._shared, closing.sender
        left: list[Record] = []
        with shared.condition:
            shared.condition.wait_for(lambda: not shared.burying, _BURY_SECONDS)
            if sender is not None:
                left = sender.take_left()
            if sender is not None and sender is self._sender:
                left += shared.accounts.buffer.take_all()
                shared.age.set_held(False, time.monotonic())
                self._sender = None
        buried = shared.bury([(record, DropReason.CLOSED.value) for record in left])
        with shared.condition:
            shared.accounts.give_up(left, DropReason.CLOSED, buried=buried)
            shared.condition.notify_all()
        report = self.report(closing.before)
        self._say_what_was_lost(report.stats)
        return report

    def report(self, before: Stats) -> CloseReport:
        """Compare the books with what they were."""
        after = self.stats()
        return CloseReport(
            pending=before.pending,
            delivered=after.delivered - before.delivered,
            dead_lettered=after.dead_lettered - before.dead_lettered,
            dropped=sum(after.dropped.values()) - sum(before.dropped.values()),
            stats=after,
        )

    def _say_what_was_lost(self, stats: Stats) -> None:
        lost = sum(stats.dropped.values())
        if lost <= self._lost_reported:
            return
        self._lost_reported = lost
        reasons = ", ".join(f"{reason}: {count}" for reason, count in stats.dropped.items())
        advice = "Set dead_letter_path to keep events that cannot be delivered."
        if self._shared.dead_letter is not None:
            advice = "The dead-letter file was full or could not be written."
        self._shared.alerts.last_words(
            f"{lost} of {stats.accepted} accepted events were lost ({reasons}); {stats.delivered} "
            f"were delivered. {advice}"
        )

    def _open(self) -> bool:
        """Start a sender, unless the interpreter is exiting and would end it before its work."""
        if registry.is_exiting():
            return False
        sender = Sender(self._shared, self._exchange, self._new_slot())
        name = f"{self._name}-sender"
        try:
            threading.Thread(target=self._work, args=(sender,), name=name, daemon=True).start()
        except RuntimeError:
            return False
        self._sender = sender
        return True

    def _work(self, sender: Sender) -> None:
        """Run the sender. As a method it keeps this object alive, for the exit, while there is work."""
        sender.run()

    def _new_slot(self) -> Slot:
        settings = self._settings
        return Slot(
            policy=RetryPolicy(
                initial_seconds=settings.retry_initial_seconds,
                max_seconds=settings.retry_max_seconds,
                retry_after_max_seconds=settings.retry_after_max_seconds,
            ),
            deadline_seconds=settings.retry_deadline_seconds,
            hold_seconds=settings.hold_seconds,
            random=random.random,
        )

    def _wakes_sender(self) -> bool:
        """Whether the record just taken changes what the sender waits for."""
        if self._sender is None or not self._sender.wants_batch:
            return False
        buffer = self._shared.accounts.buffer
        return buffer.queued == 1 or buffer.ready_at() == float("-inf")
