# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What the callers of a delivery and its sender threads share, and the lock for it."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .accounts import Accounts
from .alerts import Alerts
from .buffer import Buffer, MemoryBuffer
from .concurrency import ConcurrencyLimit
from .deadletter import DeadLetterFile
from .endpoints import Endpoint, Endpoints
from .ledger import Stats
from .records import Batch, Record, Split, Verdict
from .reporter import Reporter
from .retry import AgeClock, retry_policy
from .settings import DeliverySettings
from .settlement import Settlement

if TYPE_CHECKING:
    from .sender import Sender

_ADOPT_SECONDS = 30.0  # between two looks for processes that died lately

News: TypeAlias = tuple[str, str]
"""Kind and text of something that a person should know."""


@dataclass(slots=True, kw_only=True)
class Shared:
    """What a delivery and its senders change, under `condition` or its `lock` alone."""

    settings: DeliverySettings
    accounts: Accounts
    alerts: Alerts
    dead_letter: DeadLetterFile | None
    endpoints: Endpoints
    limit: ConcurrencyLimit
    reporter: Reporter
    condition: threading.Condition = field(init=False)
    lock: Any = field(init=False)
    """The lock of `condition`, which is faster to take when there is nobody to notify."""
    age: AgeClock = field(default_factory=AgeClock)
    senders: list[Sender] = field(default_factory=list)
    """Those at work, and those that have ended since the last close."""
    holding: set[Sender] = field(default_factory=set)
    """Those that wait for a person."""
    burying: int = 0
    """Senders that write records to the dead-letter file that are in no list any more."""
    adopt_at: float | None = None
    """Monotonic time to look for what dead processes left in the spool; None: there is no spool."""
    flush_target: int = 0
    """Accepted events up to this number do not linger."""

    def __post_init__(self) -> None:
        self.lock = threading.RLock()
        self.condition = threading.Condition(self.lock)

    def may_send_more(self) -> bool:
        """Whether one more request may be on its way. Under lock."""
        return self._in_flight() < self.limit.now

    def oldest_at(self) -> float | None:
        """When the oldest pending record was accepted, on the age clock. Under lock."""
        ages = [sender.oldest_at() for sender in self.senders]
        ages.append(self.accounts.buffer.oldest_at())
        return min((age for age in ages if age is not None), default=None)

    def learn(
        self, endpoint: Endpoint, settlement: Settlement, *, began: float, now: float
    ) -> list[News]:
        """Draw conclusions from the answer to a request; returns what to tell a person. Under lock.

        Args:
            endpoint: Where it went.
            settlement: What the answer decided.
            began: Monotonic time at which it was sent.
            now: Monotonic seconds.
        """
        was_down = endpoint.breaker.is_tripped
        endpoint.note(settlement, now, now - began, time.time())
        if settlement.setback is None and not settlement.pushed_back:
            self.limit.succeeded(self._in_flight() + 1)
        else:
            self.limit.pushed_back(began, now)
        is_down = endpoint.breaker.is_tripped
        if settlement.setback is not None and is_down and not settlement.setback.held:
            reason = settlement.setback.reason
            return [("down", f"{endpoint.name} takes no events at the moment: {reason}")]
        return [("up", f"{endpoint.name} takes events again")] if was_down and not is_down else []

    def shrink_batches(self, verdict: Verdict, batch: Batch) -> list[News]:
        """Remember a size that the target refused; returns what to tell a person. Under lock."""
        if not isinstance(verdict, Split) or not verdict.too_large or len(batch) == 1:
            return []
        size = sum(len(record.payload) for record in batch)
        buffer = self.accounts.buffer
        if size // 2 >= buffer.batch_max_bytes:
            return []
        buffer.batch_max_bytes = size // 2
        advice = "batches are smaller from now on; lower batch_max_bytes"
        return [("size", f"{verdict.reason}: {advice}")]

    def tell(self, endpoint: Endpoint, settlement: Settlement, news: Sequence[News]) -> None:
        """Say what a person should know. Without lock."""
        for kind, line in news:
            self.alerts.say(f"{kind} {endpoint.name}", line)
        if settlement.alert:
            message = f"delivery to {endpoint.name} is on hold: {settlement.alert}"
            self.alerts.say(f"hold {endpoint.name}", message)
        given_up = settlement.expired + settlement.rejected
        if given_up:
            self.alerts.say("given up", f"events were given up: {given_up[-1][1]}")

    def wake(self) -> None:
        """Let everybody who waits for a repair try now. Without lock."""
        with self.condition:
            now = time.monotonic()
            for sender in self.senders:
                sender.slot.wake(now)
            self.endpoints.wake(now)
            self.condition.notify_all()

    def release_hold(self, sender: Sender) -> None:
        """Let the ages go on, if this was the last sender that waited for a person. Under lock."""
        self.holding.discard(sender)
        self.age.set_held(bool(self.holding), time.monotonic())

    def adopt(self) -> None:
        """Take over a piece of what dead processes left in the spool, if it is time. Without lock."""
        with self.condition:
            now = time.monotonic()
            if self.adopt_at is None or now < self.adopt_at:
                return
            self.adopt_at = float("inf")  # one thread at a time
            age_now = self.age.age(now)
        found = None
        try:
            found = self.accounts.buffer.look(age_now)
        finally:
            with self.condition:
                self.adopt_at = now + (_ADOPT_SECONDS if found is None else 0.0)
                if found is not None:
                    self._admit(found)

    def _admit(self, found: Any) -> None:
        flushing = self.accounts.taken < self.flush_target
        # What is admitted stands before what is to be flushed.
        self.flush_target += self.accounts.admit(found) * flushing

    def tell_problem(self) -> None:
        """Say what is wrong with the disk of the buffer, if anything is. Without lock."""
        buffer = self.accounts.buffer
        problem, buffer.problem = buffer.problem, None
        if problem is not None:
            # What it is, without the reason: one trouble must not keep quiet about another.
            self.alerts.say(problem.partition(":")[0], problem)

    def stats(self) -> Stats:
        """Return a snapshot of the books. Under lock."""
        now = time.monotonic()
        oldest = self.oldest_at()
        return self.accounts.snapshot(
            oldest_seconds=None if oldest is None else max(0.0, self.age.age(now) - oldest),
            endpoints=self.endpoints.snapshot(now),
            held=bool(self.holding),
            connections=self.limit.now,
        )

    def report(self) -> None:
        """Hand the books to the application, if it is time. Without lock."""
        with self.condition:
            if not self.reporter.is_due(time.monotonic()):
                return
            stats = self.stats()
        self.reporter.report(stats)

    def bury_unlocked(self, entries: Sequence[tuple[Record, str]]) -> int:
        """Call `bury` from under the lock, without it: writers must not wait for a disk."""
        if self.dead_letter is None or not entries:
            return 0
        self.burying += 1
        self.condition.release()
        try:
            return self.bury(entries)
        finally:
            self.condition.acquire()
            self.burying -= 1

    def bury(self, entries: Sequence[tuple[Record, str]]) -> int:
        """Write given-up records to the dead-letter file; returns how many it took."""
        if self.dead_letter is None or not entries:
            return 0
        try:
            buried = self.dead_letter.append(entries)
        except Exception as error:  # the records are out of the slot: they have to be booked
            problem = getattr(error, "strerror", None) or type(error).__name__
            self.alerts.say("dead_letter", f"dead_letter_path cannot be written: {problem}")
            return 0
        if buried < len(entries):
            words = "the dead-letter file or its disk is full; events are lost"
            self.alerts.say("dead_letter", words)
        return buried

    def _in_flight(self) -> int:
        return sum(1 for sender in self.senders if len(sender.slot))


def new_shared(name: str, settings: DeliverySettings, endpoints: Iterable[str]) -> Shared:
    """Return empty books for the sink `name`, and every address untried."""
    alerts = Alerts(name, interval_seconds=settings.hold_seconds, clock=time.monotonic)
    path = settings.dead_letter_path
    max_bytes = settings.dead_letter_max_bytes
    return Shared(
        settings=settings,
        accounts=Accounts(settings, _new_buffer(name, settings)),
        alerts=alerts,
        dead_letter=None if path is None else DeadLetterFile(path, max_bytes=max_bytes),
        endpoints=Endpoints(
            endpoints,
            balance=settings.endpoint_policy == "balance",
            policy=retry_policy(settings),
            hold_seconds=settings.hold_seconds,
            random=random.random,
        ),
        limit=ConcurrencyLimit(settings.max_connections),
        adopt_at=None if settings.spool_directory is None else float("-inf"),
        reporter=Reporter(
            settings.stats_callback, interval_seconds=settings.stats_interval_seconds, alerts=alerts
        ),
    )


def _new_buffer(name: str, settings: DeliverySettings) -> Buffer:
    if settings.spool_directory is None:
        return MemoryBuffer(settings)
    from .spool import Spool  # costs nobody anything who does not want it

    return Spool(settings.spool_directory / name, settings)
