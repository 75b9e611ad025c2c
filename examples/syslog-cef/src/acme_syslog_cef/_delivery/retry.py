# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `retry_*` settings instead.
"""How long to wait and how old things are: plain arithmetic, no clock and no sleeping."""

from __future__ import annotations

import email.utils
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timezone

from .settings import DeliverySettings

# 2**30 half-seconds are 17 years: beyond any sensible cap, short of overflow.
_LARGEST_EXPONENT = 30

_SECONDS = re.compile(r"-?\d{1,10}(\.\d{1,10})?", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential backoff with full jitter, and the server's Retry-After as a lower bound.

    Full jitter (uniform between zero and the exponential limit) spreads the clients of one target
    best after an outage; see "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    initial_seconds: float
    max_seconds: float
    retry_after_max_seconds: float

    def delay(
        self, failures: int, after_seconds: float | None, random: Callable[[], float]
    ) -> float:
        """Seconds to wait after `failures` failures in a row (at least one).

        Args:
            failures: 1 after the first failure.
            after_seconds: The server's Retry-After in seconds, or None.
            random: Returns a float in [0, 1).
        """
        exponent = min(failures - 1, _LARGEST_EXPONENT)
        limit = min(self.max_seconds, self.initial_seconds * 2.0**exponent)
        pause = random() * limit
        if after_seconds is None:
            return pause
        # Jitter on top of Retry-After: all clients were told the same number.
        return min(after_seconds, self.retry_after_max_seconds) + pause


def retry_after_seconds(value: str | None, now: float) -> float | None:
    """Read a Retry-After header (RFC 9110 section 10.2.3) as seconds from now, never negative.

    Args:
        value: A number of seconds or an HTTP date; anything else counts as absent.
        now: Seconds since the epoch.
    """
    text = (value or "").strip()
    if _SECONDS.fullmatch(text):
        return max(0.0, float(text))
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return max(0.0, moment.timestamp() - now)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


class AgeClock:
    """Monotonic time that stands still while delivery is on hold.

    Records take their age from it: an event must not expire because a token was wrong over a weekend.
    """

    def __init__(self) -> None:
        self._held_seconds = 0.0
        self._held_since: float | None = None

    def age(self, now: float) -> float:
        """Seconds on this clock when monotonic time is `now`."""
        reached = now if self._held_since is None else self._held_since
        return reached - self._held_seconds

    def set_held(self, held: bool, now: float) -> None:
        """Stop the clock, or let it go on; saying the same thing again changes nothing."""
        if held and self._held_since is None:
            self._held_since = now
        elif not held and self._held_since is not None:
            self._held_seconds += now - self._held_since
            self._held_since = None


def retry_policy(settings: DeliverySettings) -> RetryPolicy:
    """Return the pauses that the settings ask for."""
    return RetryPolicy(
        initial_seconds=settings.retry_initial_seconds,
        max_seconds=settings.retry_max_seconds,
        retry_after_max_seconds=settings.retry_after_max_seconds,
    )
