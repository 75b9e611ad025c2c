# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""How many requests at a time; on virtual time."""

from __future__ import annotations

from acme_splunk_hec._delivery.concurrency import (
    ConcurrencyLimit,
)


def test_starts_with_one_and_adds_while_all_are_in_use() -> None:
    """One more per round of successes, up to the bound."""
    limit = ConcurrencyLimit(3)
    seen = [limit.now]
    for _ in range(7):
        limit.succeeded(limit.now)
        seen.append(limit.now)
    assert seen == [1, 2, 2, 2, 3, 3, 3, 3]


def test_idle_connections_are_no_reason_for_more() -> None:
    """A target that is asked for little has not shown that it can do much."""
    limit = ConcurrencyLimit(4)
    limit.succeeded(1)
    for _ in range(50):
        limit.succeeded(1)
    assert limit.now == 2


def test_halves_when_the_target_pushes_back() -> None:
    """And never goes below one."""
    limit = ConcurrencyLimit(4)
    for _ in range(50):
        limit.succeeded(4)
    assert limit.now == 4
    seen = []
    for now in (1.0, 2.0, 3.0):
        limit.pushed_back(began=now - 0.5, now=now)
        seen.append(limit.now)
    assert seen == [2, 1, 1]


def test_one_wave_of_refusals_halves_once() -> None:
    """Requests that were on their way together say the same thing."""
    limit = ConcurrencyLimit(4)
    for _ in range(50):
        limit.succeeded(4)
    for _ in range(4):
        limit.pushed_back(began=0.5, now=1.0)
    assert limit.now == 2
