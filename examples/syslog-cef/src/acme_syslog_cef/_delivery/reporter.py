# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `stats_callback`, `stats_interval_seconds`.
"""Hands the books to a function of the application's, for its metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .alerts import Alerts
from .ledger import Stats


class Reporter:
    """Calls the function from a sender thread, at most once per interval.

    Args:
        callback: Takes a `Stats`; None: nobody wants to know.
        interval_seconds: Time between two calls.
        alerts: Where a failing callback is complained about.
    """

    def __init__(
        self, callback: Callable[..., Any] | None, *, interval_seconds: float, alerts: Alerts
    ) -> None:
        self._callback = callback
        self._interval_seconds = interval_seconds
        self._alerts = alerts
        self.next_at: float | None = None if callback is None else float("-inf")
        """Monotonic time of the next call; None: never."""

    def is_due(self, now: float) -> bool:
        """Whether the time has come, which is then over: several threads ask. Under lock."""
        if self.next_at is None or now < self.next_at:
            return False
        self.next_at = now + self._interval_seconds
        return True

    def report(self, stats: Stats) -> None:
        """Call the function; whatever it does, delivery goes on. Without lock."""
        if self._callback is None:
            return
        try:
            self._callback(stats)
        except (Exception, SystemExit) as error:
            self._alerts.say("stats", f"stats_callback failed with {type(error).__name__}")
