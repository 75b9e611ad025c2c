# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `retry_*` and `hold_seconds` settings.
"""When an endpoint may be tried: a circuit breaker, a value machine without a clock."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from .retry import RetryPolicy

FAILURES_TO_OPEN = 3
"""Failures in a row after which an endpoint counts as down and gets one probe at a time."""


class BreakerState(str, Enum):
    """What a breaker lets through."""

    CLOSED = "closed"
    """Requests; after a single failure only when its pause is over."""
    OPEN = "open"
    """Nothing."""
    HALF_OPEN = "half_open"
    """One probe."""


class CircuitBreaker:
    """Counts the failures of one endpoint and says when it may be tried again.

    Args:
        policy: How long to wait after failures in a row.
        hold_seconds: Time between two probes while a person has to repair something.
        random: Returns a float in [0, 1); the source of jitter.
    """

    def __init__(
        self, *, policy: RetryPolicy, hold_seconds: float, random: Callable[[], float]
    ) -> None:
        self._policy = policy
        self._hold_seconds = hold_seconds
        self._random = random
        self._probing = False
        self.failures = 0
        """Failures in a row."""
        self.held = False
        """It refuses what we are configured to send, e.g. the token."""
        self.not_before = float("-inf")
        """Monotonic time of the next attempt."""

    def state(self, now: float) -> BreakerState:
        """Return the state at a monotonic time."""
        if not self.is_tripped:
            return BreakerState.CLOSED
        waiting = self._probing or now < self.not_before
        return BreakerState.OPEN if waiting else BreakerState.HALF_OPEN

    @property
    def is_tripped(self) -> bool:
        """Whether the endpoint counts as down, or holds."""
        return self.held or self.failures >= FAILURES_TO_OPEN

    def may_try(self, now: float) -> bool:
        """Whether a request may be sent now."""
        return now >= self.not_before and not (self.is_tripped and self._probing)

    def begin(self) -> None:
        """Note a request; each must end in one of `succeed`, `fail`, `hold` and `release`."""
        self._probing = self.is_tripped

    def succeed(self) -> None:
        """Note that the endpoint works."""
        self._probing = self.held = False
        self.failures = 0
        self.not_before = float("-inf")

    def fail(self, now: float, after_seconds: float | None) -> None:
        """Note a failure; those that come in while it pauses already are one and the same.

        Args:
            now: Monotonic seconds.
            after_seconds: The server's Retry-After in seconds, or None.
        """
        news = self._probing or now >= self.not_before
        self._probing = self.held = False
        if news:
            self.failures += 1
        if news or after_seconds is not None:
            pause = self._policy.delay(self.failures, after_seconds, self._random)
            self.not_before = max(self.not_before, now + pause)

    def hold(self, now: float) -> None:
        """Note that a person has to repair something."""
        self._probing = False
        self.held = True
        self.not_before = now + self._hold_seconds

    def release(self) -> None:
        """Note that a request ended without news."""
        self._probing = False

    def take(self) -> None:
        """Note that a stream took something: it refuses us no more, but nothing has arrived for sure."""
        self._probing = self.held = False

    def wake(self, now: float) -> None:
        """Allow the next probe now: what a hold waits for has changed."""
        if self.held:
            self.not_before = now
