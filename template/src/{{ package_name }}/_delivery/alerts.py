# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The engine's own few log lines: rate-limited, and unable to feed themselves.

The logger's name starts with `fapilog`, which fapilog's bridge from stdlib logging leaves out; through
any other bridge a line can come back as an event at most once per interval.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Callable


class Alerts:
    """Says the same thing at most once per interval, and then how often it was not said.

    Args:
        name: The sink's name; the logger is `fapilog_sink.<name>`.
        interval_seconds: Silence after a line, per key.
        clock: Monotonic seconds.
    """

    def __init__(self, name: str, *, interval_seconds: float, clock: Callable[[], float]) -> None:
        self._name = name
        self._logger = logging.getLogger(f"fapilog_sink.{name}")
        self._interval_seconds = interval_seconds
        self._clock = clock
        self._next_at: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def say(self, key: str, message: str) -> None:
        """Log a warning, unless one with this key was logged within the interval."""
        now = self._clock()
        if now < self._next_at.get(key, now):
            self._unsaid[key] = self._unsaid.get(key, 0) + 1
            return
        self._next_at[key] = now + self._interval_seconds
        unsaid = self._unsaid.pop(key, 0)
        suffix = f" (and {unsaid} times since the last such line)" if unsaid else ""
        # Handlers and filters are the application's: one that raises must not end the delivery, nor leave
        # records out of the books that are booked after this line.
        with contextlib.suppress(Exception, SystemExit):
            self._logger.warning("%s: %s%s", self._name, message, suffix)

    def last_words(self, message: str) -> None:
        """Write one line to stderr whatever logging is set to: for what was lost at the end."""
        # Without stderr (a service without a console) there is nowhere left to say it.
        with contextlib.suppress(Exception):
            sys.stderr.write(f"{self._name}: {message}\n")
