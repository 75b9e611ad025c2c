# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `failover_urls` and `endpoint_policy`.
"""The addresses of one target: which to use now, and how each is doing. Time is passed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .breaker import CircuitBreaker
from .retry import RetryPolicy
from .settlement import Settlement


@dataclass(frozen=True, slots=True)
class EndpointStats:
    """A snapshot of one address."""

    name: str
    """Host and port."""
    state: str
    """`closed` (in use), `open` (left alone) or `half_open` (the next request is a probe)."""
    held: bool
    """It refuses our credentials or configuration: a person has to repair something."""
    requests: int
    failures: int
    """Requests that got no record anywhere."""
    delivered: int
    """Events."""
    request_seconds: float
    """Time that all requests took together; divided by `requests` it is the mean latency."""
    latency_seconds: float | None
    """Time that the latest request took; None before the first."""
    last_success_at: float | None
    """Seconds since the epoch when it last took an event; None: never."""


@dataclass(slots=True)
class Endpoint:
    """One address."""

    name: str
    breaker: CircuitBreaker
    requests: int = 0
    failures: int = 0
    delivered: int = 0
    request_seconds: float = 0.0
    latency_seconds: float | None = None
    last_success_at: float | None = None
    probed_at: float = float("-inf")
    """Monotonic time of the latest probe: a failure of an earlier request is no news."""

    def note(self, settlement: Settlement, now: float, seconds: float, wall: float) -> None:
        """Learn from the answer to a request.

        Args:
            settlement: What the answer decided.
            now: Monotonic seconds.
            seconds: How long the request took.
            wall: Seconds since the epoch.
        """
        self.requests += 1
        self.request_seconds += seconds
        self.latency_seconds = seconds
        if settlement.setback is not None and now - seconds < self.probed_at:
            self.failures += 1
        elif settlement.setback is not None:
            self.set_back(settlement, now)
        elif settlement.unconfirmed and not settlement.delivered:
            self.breaker.take()  # a stream says nothing; its confirmations do, later
        else:
            self.breaker.succeed()
        self._deliver(len(settlement.delivered), wall)

    def set_back(self, settlement: Settlement, now: float) -> None:
        """Leave the address alone for a while, if the settlement says so."""
        setback = settlement.setback
        if setback is None:
            return
        self.failures += 1
        if setback.held:
            self.breaker.hold(now)
        else:
            self.breaker.fail(now, setback.after_seconds)

    def confirm(self, count: int, wall: float) -> None:
        """Count events that a stream turned out to have delivered."""
        self.breaker.succeed()
        self._deliver(count, wall)

    def _deliver(self, count: int, wall: float) -> None:
        if count:
            self.delivered += count
            self.last_success_at = wall

    def snapshot(self, now: float) -> EndpointStats:
        """Freeze the figures."""
        return EndpointStats(
            name=self.name,
            state=self.breaker.state(now).value,
            held=self.breaker.held,
            requests=self.requests,
            failures=self.failures,
            delivered=self.delivered,
            request_seconds=self.request_seconds,
            latency_seconds=self.latency_seconds,
            last_success_at=self.last_success_at,
        )


class Endpoints:
    """All addresses, in the order of preference.

    Args:
        names: Host and port of each; at least one.
        balance: Take turns instead of preferring the first.
        policy: How long to wait after failures in a row.
        hold_seconds: Time between two probes while a person has to repair something.
        random: Returns a float in [0, 1); the source of jitter.
    """

    def __init__(
        self,
        names: Iterable[str],
        *,
        balance: bool,
        policy: RetryPolicy,
        hold_seconds: float,
        random: Callable[[], float],
    ) -> None:
        self._all = [
            Endpoint(name, CircuitBreaker(policy=policy, hold_seconds=hold_seconds, random=random))
            for name in names
        ]
        self._balance = balance
        self._turn = 0

    def __getitem__(self, name: str) -> Endpoint:
        return next(each for each in self._all if each.name == name)

    def pick(self, now: float, *, hurry: bool = False) -> Endpoint | None:
        """Return the address for the next request, which must be noted; None: leave all alone.

        A preferred address whose pause is over is probed with that request; should it fail, the request
        goes to the next address at once.

        Args:
            now: Monotonic seconds.
            hurry: Ignore the pauses if need be: there is no later.
        """
        order = self._all[self._turn :] + self._all[: self._turn]
        found = next((each for each in order if each.breaker.may_try(now)), None)
        if found is None and hurry:
            found = min(order, key=lambda each: (each.breaker.held, each.breaker.not_before))
        if found is None:
            return None
        if self._balance:
            self._turn = (self._all.index(found) + 1) % len(self._all)
        found.breaker.begin()
        if found.breaker.is_tripped:
            found.probed_at = now
        return found

    def next_at(self, now: float) -> float | None:
        """Return when the next pause ends; None: what all wait for is the answer to a probe."""
        pauses = [each.breaker.not_before for each in self._all]
        return min((pause for pause in pauses if pause > now), default=None)

    @property
    def held(self) -> bool:
        """Whether nothing can be delivered until somebody repairs something."""
        return all(each.breaker.held for each in self._all)

    @property
    def any_held(self) -> bool:
        """Whether some address waits for a repair."""
        return any(each.breaker.held for each in self._all)

    def wake(self, now: float) -> None:
        """Probe those that wait for a repair now."""
        for each in self._all:
            each.breaker.wake(now)

    def snapshot(self, now: float) -> tuple[EndpointStats, ...]:
        """Freeze the figures of all; `now` is monotonic seconds."""
        return tuple(each.snapshot(now) for each in self._all)
