# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""How long to wait after failures, and a clock that stands still on hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_elasticsearch._delivery.retry import (
    AgeClock,
    RetryPolicy,
)

POLICY = RetryPolicy(initial_seconds=0.5, max_seconds=30.0, retry_after_max_seconds=300.0)
ALMOST_ONE = 1.0 - 2**-53
PROPERTY = settings(max_examples=40, deadline=None, derandomize=True, database=None)


@pytest.mark.parametrize(
    ("failures", "limit"),
    [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 30.0), (8, 30.0), (10_000, 30.0)],
)
def test_limit_doubles_up_to_the_cap(failures: int, limit: float) -> None:
    """The upper end of the pause doubles with each failure and never exceeds the cap."""
    assert POLICY.delay(failures, None, lambda: 1.0) == limit
    assert POLICY.delay(failures, None, lambda: 0.5) == limit / 2
    assert POLICY.delay(failures, None, lambda: 0.0) == 0.0


@pytest.mark.fault(promise=7)
@PROPERTY
@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_full_jitter(failures: int, chance: float) -> None:
    """Any pause between zero and the limit may come out, so that clients spread."""
    limit = min(30.0, 0.5 * 2.0 ** min(failures - 1, 20))
    assert POLICY.delay(failures, None, lambda: chance) == chance * limit


@pytest.mark.fault(9, promise=7)
@pytest.mark.parametrize(
    ("after_seconds", "least"), [(0.0, 0.0), (7.5, 7.5), (300.0, 300.0), (86_400.0, 300.0)]
)
def test_retry_after_is_the_least(after_seconds: float, least: float) -> None:
    """The server's wish is honoured up to its cap, and jitter only adds to it."""
    assert POLICY.delay(1, after_seconds, lambda: 0.0) == least
    assert POLICY.delay(1, after_seconds, lambda: ALMOST_ONE) == pytest.approx(least + 0.5)
    assert POLICY.delay(99, after_seconds, lambda: ALMOST_ONE) == pytest.approx(least + 30.0)


def test_largest_settings_do_not_overflow() -> None:
    """A year of failures is a long pause, not an exception."""
    policy = RetryPolicy(initial_seconds=60, max_seconds=3_600, retry_after_max_seconds=86_400)
    assert policy.delay(10_000_000, 1e300, lambda: 1.0) == 86_400 + 3_600


def test_age_runs_with_the_clock() -> None:
    """Without a hold the age clock is the monotonic clock."""
    clock = AgeClock()
    assert clock.age(5.0) == 5.0
    clock.set_held(False, 7.0)
    assert clock.age(9.0) == 9.0


@pytest.mark.fault(17, promise=(8, 9))
def test_age_stands_still_on_hold() -> None:
    """A hold costs no age, however often it is repeated; several holds add up."""
    clock = AgeClock()
    clock.set_held(True, 10.0)
    clock.set_held(True, 15.0)
    assert clock.age(20.0) == 10.0
    clock.set_held(False, 30.0)
    clock.set_held(False, 35.0)
    assert clock.age(40.0) == 20.0
    clock.set_held(True, 50.0)
    clock.set_held(False, 55.0)
    assert clock.age(60.0) == 35.0


@PROPERTY
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1_000)), max_size=10))
def test_age_never_runs_back_nor_faster(steps: list[tuple[bool, float]]) -> None:
    """Age grows by what passed without a hold, and by nothing else."""
    clock, now, age, held = AgeClock(), 0.0, 0.0, False
    for hold, seconds in steps:
        now += seconds
        age += 0.0 if held else seconds
        assert clock.age(now) == pytest.approx(age)
        clock.set_held(hold, now)
        held = hold
