"""Every fault on the list has a test in each project it concerns, and the page is true."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.faults import PAGE, MarkedTest, items, marked_tests, missing, page
from scripts.rendering import PLATFORMS

pytestmark = pytest.mark.xdist_group("faults")


@pytest.fixture(scope="module")
def tests(rendered: Callable[[str], Path]) -> dict[str, list[MarkedTest]]:
    """Return the marked tests of each platform's project."""
    return {platform: marked_tests(rendered(platform)) for platform in PLATFORMS}


@pytest.mark.parametrize("kind", ["faults", "promises"])
def test_everything_on_the_list_is_tested(tests: dict[str, list[MarkedTest]], kind: str) -> None:
    """A number without a test, or a test with a number that is not on the list, is a mistake."""
    assert missing(kind, tests) == []


@pytest.mark.parametrize(("kind", "last"), [("faults", 34), ("promises", 25)])
def test_the_list_is_complete(kind: str, last: int) -> None:
    """The numbers are without gaps, since tests and people refer to them."""
    assert [item.number for item in items(kind)] == list(range(1, last + 1))


@pytest.mark.parametrize("kind", ["faults", "promises"])
def test_a_test_that_is_taken_away_is_missed(tests: dict[str, list[MarkedTest]], kind: str) -> None:
    """Without its tests each number that is due is reported for each of its projects."""
    due = [item for item in items(kind) if not item.elsewhere and not item.repository]
    for item in due:
        without = {
            platform: [test for test in given if item.number not in getattr(test, kind)]
            for platform, given in tests.items()
        }
        reported = [f"{kind} {item.number}: no test in {platform}" for platform in item.projects]
        assert set(reported) <= set(missing(kind, without))


def test_the_page_is_current(tests: dict[str, list[MarkedTest]]) -> None:
    """If this fails: `make reference`, and look at the difference."""
    assert PAGE.read_text(encoding="utf-8") == page(tests)
