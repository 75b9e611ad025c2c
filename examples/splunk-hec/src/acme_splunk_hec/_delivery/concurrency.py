# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `max_connections` setting.
"""How many requests at a time: additive increase, multiplicative decrease, as TCP does.

Source of the rule: Chiu and Jain, "Analysis of the increase and decrease algorithms for congestion
avoidance", 1989. Time is passed in.
"""

from __future__ import annotations


class ConcurrencyLimit:
    """Starts with one request at a time, and more only while all that are allowed are in use.

    Args:
        most: Upper bound.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = 1.0
        self._lowered_at = float("-inf")

    @property
    def now(self) -> int:
        """Requests that may be on their way together."""
        return int(self._limit)

    def succeeded(self, in_flight: int) -> None:
        """Note a request that went well; `in_flight` counts it and those beside it."""
        if in_flight >= self.now:
            self._limit = min(float(self._most), self._limit + 1.0 / self._limit)

    def pushed_back(self, began: float, now: float) -> None:
        """Note an answer that asks for less, or none: half as many from now on.

        Args:
            began: Monotonic time at which the request was sent. One that was on its way when the limit was
                lowered last says nothing new.
            now: Monotonic seconds.
        """
        if began >= self._lowered_at:
            self._limit = max(1.0, self._limit / 2.0)
            self._lowered_at = now
