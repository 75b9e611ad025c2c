# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The table of answers is complete, agrees with the engine, and is what the page shows."""

from __future__ import annotations

import pytest

from acme_splunk_hec._delivery.settings import (
    HOLD,
    HTTP_STATUS_CLASSES,
    RETRY,
    http_status_class,
)
from acme_splunk_hec.splunk_hec.answers import (
    CODES,
    INDEX,
    OK,
    OTHER_STATUSES,
    POISON,
    STATUSES,
)

from .answer_table import PAGE, page_with, tables


def test_every_code_has_a_row() -> None:
    """Splunk documents the codes 0 to 27; 28 was seen on Splunk Cloud."""
    assert sorted(CODES) == list(range(29))
    assert {row.meaning for row in CODES.values()} == {OK, POISON, INDEX, HOLD, RETRY}


def test_every_status_has_a_row() -> None:
    """Those that the engine knows, and one for each first digit."""
    assert set(HTTP_STATUS_CLASSES) <= set(STATUSES)
    assert sorted(OTHER_STATUSES) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("status", range(300, 600))
def test_statuses_mean_what_they_mean_elsewhere(status: int) -> None:
    """A status without a code means the same on every platform."""
    row = STATUSES.get(status) or OTHER_STATUSES[status // 100]
    assert row.meaning == http_status_class(status)


def test_every_problem_has_an_advice() -> None:
    """Only plain success has nothing to say."""
    assert [code for code, row in CODES.items() if not row.advice] == [0]
    assert all(row.advice for row in [*STATUSES.values(), *OTHER_STATUSES.values()])


def test_page_shows_the_table() -> None:
    """Run `python -m tests.splunk_hec.answer_table` after a change."""
    text = PAGE.read_text("utf-8")
    assert page_with(text, tables()) == text


def test_page_without_marks_is_not_overwritten() -> None:
    """Somebody's page is not replaced by a table."""
    with pytest.raises(ValueError, match="marks"):
        page_with("# Mine\n", tables())
