# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The ways in which a process ends, with the real host in a process of its own."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from . import program
from .ends import ENDS, EVENTS, End, expected
from .programs import LONGEST_SECONDS, Run, run

PAGE = Path(__file__).parents[2] / "docs" / "process-ends.md"
ALL = ENDS[0]


@pytest.mark.fault(30, promise=11)
@pytest.mark.parametrize(
    "end",
    [pytest.param(end, id=end.name, marks=[pytest.mark.slow] * end.slow) for end in ENDS],
)
def test_what_is_promised_arrives(runs: dict[str, Future[Run]], end: End) -> None:
    """Every event once, although the linger time is far from over; or nothing is promised."""
    if not end.possible:
        pytest.skip("this operating system does not know it")
    ended = runs[end.name].result(LONGEST_SECONDS)
    if len(ended.messages) < len(expected(end)) and "were lost" in ended.error:
        # It ran beside other tests, one of which may have kept the receiver, a thread of this process,
        # from answering within the seconds that an end has.
        ended = run(end)
    assert ended.problem() == "", ended.error


@pytest.mark.parametrize(
    ("code", "messages", "error"),
    [
        (1, expected(ALL), ""),
        (0, expected(ALL)[1:], ""),
        (0, expected(ALL)[::-1], ""),
        (0, expected(ALL) + expected(ALL)[:1], ""),
        (0, expected(ALL), "20 of 20 accepted events were lost"),
        (0, expected(ALL), "Task was destroyed but it is pending!"),
    ],
)
def test_the_judge_is_strict(code: int, messages: list[str], error: str) -> None:
    """A wrong end, a missing, misplaced or doubled event and a complaint are all problems."""
    assert Run(ALL, 0, expected(ALL), "").problem() == ""
    assert Run(ALL, code, messages, error).problem() != ""


def test_a_better_host_is_noticed() -> None:
    """Everything where nothing is promised is news; one event, or what is promised anyway, is not."""
    unpromised = next(end for end in ENDS if not end.promised)
    assert Run(unpromised, 0, expected(unpromised), "").beats_its_promise()
    assert not Run(unpromised, 0, expected(unpromised)[:1], "").beats_its_promise()
    assert not Run(ALL, 0, expected(ALL), "").beats_its_promise()


def test_the_list_is_complete() -> None:
    """Each end has a program, and each program an end."""
    assert list(program.PROGRAMS) == [end.name for end in ENDS]
    assert len(program.EVENTS) == EVENTS


def test_the_documentation_says_the_same() -> None:
    """The table for owners has the rows of the list that is tested, and no others."""
    first_part = PAGE.read_text(encoding="utf-8").partition("\n## ")[0]
    table = [line for line in first_part.splitlines() if line.startswith("| ")]
    assert table[2:] == [end.row() for end in ENDS]
