# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The engine's own log lines: not too many, and never a danger to what they report on."""

import io
import logging
import sys

import pytest

from acme_syslog_cef._delivery.alerts import Alerts


class Clock:
    """Monotonic seconds that only a test lets pass."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands."""
    return Clock()


@pytest.fixture
def alerts(clock: Clock) -> Alerts:
    """Return alerts of a sink "plain", 30 seconds apart."""
    return Alerts("plain", interval_seconds=30.0, clock=clock)


def test_first_line(alerts: Alerts, caplog: pytest.LogCaptureFixture) -> None:
    """A line is a warning of a logger that fapilog's bridge leaves out: its name begins like that."""
    alerts.say("hold", "the token is wrong")
    assert caplog.record_tuples == [
        ("fapilog_sink.plain", logging.WARNING, "plain: the token is wrong")
    ]


def test_rate(alerts: Alerts, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    """The same thing is said once per interval, and then how often it was not said."""
    for _ in range(1_000):
        alerts.say("hold", "no")
    clock.now += 29.9
    alerts.say("hold", "no")
    assert caplog.messages == ["plain: no"]
    clock.now += 0.1
    alerts.say("hold", "no")
    assert caplog.messages[1:] == ["plain: no (and 1000 times since the last such line)"]
    clock.now += 30.0
    alerts.say("hold", "no")
    assert caplog.messages[2:] == ["plain: no"]


def test_keys_are_independent(alerts: Alerts, caplog: pytest.LogCaptureFixture) -> None:
    """One thing that is said often does not hide another one."""
    for key in ("hold", "lost", "hold", "lost"):
        alerts.say(key, key)
    assert caplog.messages == ["plain: hold", "plain: lost"]


def test_percent_signs_are_text(alerts: Alerts, caplog: pytest.LogCaptureFixture) -> None:
    """A message is no format string."""
    alerts.say("lost", "100 %s %d")
    assert caplog.messages == ["plain: 100 %s %d"]


def test_filter_that_raises(alerts: Alerts) -> None:
    """Filters are the application's, and may expect a request around each line."""

    class NeedsRequest(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("outside of a request")

    broken = NeedsRequest()
    logger = logging.getLogger("fapilog_sink.plain")
    logger.addFilter(broken)
    try:
        alerts.say("hold", "no")
    finally:
        logger.removeFilter(broken)


def test_last_words(alerts: Alerts, capsys: pytest.CaptureFixture[str]) -> None:
    """What was lost at the end goes to stderr each time, whatever logging is set to."""
    logging.disable()
    try:
        alerts.last_words("2 events were lost")
        alerts.last_words("2 events were lost")
    finally:
        logging.disable(logging.NOTSET)
    assert capsys.readouterr().err == 2 * "plain: 2 events were lost\n"


def test_last_words_without_stderr(alerts: Alerts, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without a console, or with a closed one, ends all the same."""
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed, object()):
        monkeypatch.setattr(sys, "stderr", stream)
        alerts.last_words("2 events were lost")
