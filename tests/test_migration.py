"""The migration guides: tables are what was seen, settings exist, old and new programs run."""

import json
import re
import sys

import pytest

from scripts import seen
from scripts.rendering import ROOT
from tests.helpers import run_python

MIGRATION = ROOT / "docs" / "migration"
QUICK = ("event_shape", "failing", "presets")
"""Programs that take about a second."""


def results() -> dict[str, seen.Answers]:
    """Return what the programs printed when `python -m scripts.seen` was last called."""
    recorded: dict[str, seen.Answers] = json.loads(seen.RESULTS.read_text(encoding="utf-8"))
    return recorded


def test_programs_are_clean() -> None:
    """What the guides show keeps to the rules of this repository."""
    run_python("-m", "ruff", "check", "--no-cache", MIGRATION, cwd=ROOT)
    run_python("-m", "ruff", "format", "--check", "--no-cache", MIGRATION, cwd=ROOT)


def test_the_tables_are_the_results() -> None:
    """Nobody edits a table by hand; each program has its table, and each version its column."""
    recorded = results()
    assert sorted(recorded) == sorted(seen.PROGRAMS)
    assert {tuple(answers) for answers in recorded.values()} == {seen.HOSTS}
    page = seen.PAGE.read_text(encoding="utf-8")
    assert seen.page(recorded) == page
    assert re.findall(r"<!-- seen: (\w+) -->", page) == list(seen.PROGRAMS)


def test_what_a_version_changes_is_marked() -> None:
    """A row whose answers differ stands in the first table, with the new answer in bold."""
    answers = {host: {"moves": "a", "stays": "b"} for host in seen.HOSTS}
    answers[seen.HOSTS[-1]]["moves"] = "c"
    assert seen.tables(answers).splitlines()[2:] == [
        "| moves | a | a | a | a | **c** |",
        "",
        "| The same in all of them | |",
        "| --- | --- |",
        "| stays | b |",
    ]


@pytest.mark.parametrize("program", QUICK)
def test_the_installed_fapilog_does_what_the_page_says(program: str) -> None:
    """The last column is what the fapilog of these tests does."""
    assert seen.seen(program, sys.executable) == results()[program][seen.HOSTS[-1]]


@pytest.mark.nightly
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("program", seen.PROGRAMS)
def test_every_fapilog_does_what_the_page_says(program: str) -> None:
    """Each program prints the same again, with each version of fapilog."""
    assert seen.seen_by_all(program) == results()[program]
