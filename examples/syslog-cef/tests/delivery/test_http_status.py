# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The owner's word on a status comes before the platform's."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from acme_syslog_cef._delivery.http_status import (
    with_moved_statuses,
)
from acme_syslog_cef._delivery.records import (
    Batch,
    Hold,
    HttpResponse,
    Record,
    Rejected,
    RetryLater,
    Verdict,
)
from acme_syslog_cef._delivery.settings import HttpSettings

BATCH = [Record(b"1"), Record(b"2")]
HELD = Hold("the platform's own word")


def classify(response: HttpResponse, batch: Batch) -> Verdict:
    """Hold whatever comes."""
    return [HELD] * len(batch)


def verdict(status: int, after: float | None = None, **settings: Any) -> Verdict:
    """Return what a status means under these settings."""
    moved = with_moved_statuses(classify, HttpSettings(**settings))
    return moved(HttpResponse(status, retry_after_seconds=after), BATCH)


def test_others_stay_where_they_are() -> None:
    """A list of one status moves one status."""
    assert verdict(404) == [HELD, HELD]
    assert verdict(404, retry_statuses=[403], drop_statuses=[405]) == [HELD, HELD]


def test_retry() -> None:
    """A listed status is an outage, with the server's wish."""
    later = RetryLater("listed in retry_statuses (HTTP 404)", 7.0)
    assert verdict(404, after=7.0, retry_statuses=[404]) == [later, later]
    assert verdict(404, after=0.0, retry_statuses=[404])[0] == RetryLater(later.reason)
    unclear = RetryLater("listed in retry_statuses (HTTP 502)", ambiguous=True)
    assert verdict(502, retry_statuses=[502])[0] == unclear


def test_drop() -> None:
    """A listed status gives the events up, by name."""
    gone = Rejected("listed in drop_statuses (HTTP 404)")
    assert verdict(404, drop_statuses=[404]) == [gone, gone]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"retry_statuses": [404], "drop_statuses": [404]}, "404 is in retry_statuses and in drop"),
        ({"retry_statuses": [200]}, "statuses from 300 to 599"),
        ({"drop_statuses": [600]}, "statuses from 300 to 599"),
    ],
    ids=["both", "success", "no status"],
)
def test_nonsense_is_refused(settings: dict[str, Any], said: str) -> None:
    """A success is a success, and a status means one thing."""
    with pytest.raises(ValidationError, match=said):
        HttpSettings(**settings)
