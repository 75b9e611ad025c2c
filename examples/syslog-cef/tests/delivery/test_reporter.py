# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The books are handed out on time, and nobody is harmed by what happens then."""

from __future__ import annotations

from typing import Any

import pytest

from acme_syslog_cef._delivery.accounts import Accounts
from acme_syslog_cef._delivery.alerts import Alerts
from acme_syslog_cef._delivery.buffer import MemoryBuffer
from acme_syslog_cef._delivery.reporter import Reporter
from acme_syslog_cef._delivery.settings import DeliverySettings

SETTINGS = DeliverySettings()
STATS = Accounts(SETTINGS, MemoryBuffer(SETTINGS)).snapshot()
ALERTS = Alerts("plain", interval_seconds=30.0, clock=lambda: 0.0)


def test_once_per_interval() -> None:
    """The first call is due at once; of several threads that ask, one is told."""
    reporter = Reporter(print, interval_seconds=10.0, alerts=ALERTS)
    assert [reporter.is_due(now) for now in (5.0, 5.0, 14.9, 15.0, 15.0)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert reporter.next_at == 25.0


def test_nobody_wants_to_know() -> None:
    """Without a callback nothing is ever due."""
    reporter = Reporter(None, interval_seconds=10.0, alerts=ALERTS)
    assert reporter.next_at is None
    assert not reporter.is_due(1e9)
    reporter.report(STATS)


def test_the_callback_gets_the_books() -> None:
    """All of them, in one object."""
    got: list[Any] = []
    Reporter(got.append, interval_seconds=10.0, alerts=ALERTS).report(STATS)
    assert got == [STATS]


def test_a_callback_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    """Its exception is named once, without its text, and goes no further."""

    def broken(stats: object) -> None:
        raise KeyError("s3cret")

    Reporter(broken, interval_seconds=10.0, alerts=ALERTS).report(STATS)
    assert caplog.messages == ["plain: stats_callback failed with KeyError"]
