"""Versions: suites pass on a diagonal of them, and fapilog does what the page says."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from scripts import environments, faked_host, host_probe, matrix, matrix_page, platforms
from scripts.environments import HOSTS, Unavailable, interpreter
from scripts.matrix import Cell, Setup
from scripts.rendering import PLATFORMS, ROOT

pytestmark = pytest.mark.xdist_group("matrix")

NOTHING = "slow and not slow"


@pytest.fixture
def projects(rendered: Callable[[str], Path]) -> dict[str, Path]:
    """Return platform -> rendered project."""
    return {platform: rendered(platform) for platform in PLATFORMS}


@pytest.mark.timeout(900)
def test_the_diagonal_is_green(projects: dict[str, Path]) -> None:
    """Each host and each Python of this machine runs the conformance suite of some platform.

    What fails runs once more, alone, as in the whole matrix: the other tests keep the machine busy.
    """
    there, missing = matrix.found_pythons()
    print("SKIPPED:", missing)
    cells = matrix.repeated(matrix.run_diagonal(projects), projects)
    assert [cell.line() for cell in cells if not cell.good and not cell.unreachable] == []
    if any(cell.unreachable for cell in cells):
        pytest.skip("the package index does not answer, and not all environments are in build/")
    assert {cell.versions["fapilog"] for cell in cells} == set(HOSTS)
    assert {cell.python.rpartition(".")[0] for cell in cells} == set(there)
    assert {cell.platform for cell in cells} == set(PLATFORMS)


@pytest.mark.nightly
@pytest.mark.timeout(7_200)
def test_the_whole_matrix_is_green(projects: dict[str, Path]) -> None:
    """So does every host on every Python, for each platform, with the lowest and the newest."""
    found = matrix.run_whole(projects, newest=True, jobs=None)
    cells = [Cell(**cell) for cell in found["cells"]]
    assert [cell.line() for cell in cells if not cell.good] == []
    assert {cell.dependencies for cell in cells} == {"pinned", "lowest", "newest"}
    recorded = matrix_page.result()["hosts"]
    assert {host: each["answers"] for host, each in found["hosts"].items()} == {
        host: each["answers"] for host, each in recorded.items()
    }


@pytest.mark.parametrize(
    ("pythons", "expected"),
    [
        (["3.10"], [("1", "3.10"), ("2", "3.10"), ("3", "3.10")]),
        (["3.10", "3.11"], [("1", "3.10"), ("2", "3.10"), ("3", "3.11")]),
        (
            ["3.10", "3.11", "3.12", "3.13"],
            [("1", "3.10"), ("1", "3.11"), ("2", "3.12"), ("3", "3.13")],
        ),
    ],
)
def test_the_diagonal_has_each_once(pythons: list[str], expected: list[tuple[str, str]]) -> None:
    """Old stands with old, new with new, and nothing is left out."""
    setups = matrix.diagonal(pythons, ["1", "2", "3"])
    assert [(setup.host, setup.python) for setup in setups] == expected


def test_no_interpreter_is_no_pass(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A Python that is missing, or that is a stand-in of pyenv, is named and not counted."""
    stand_in = tmp_path / "python3.10"
    stand_in.write_text("#!/bin/sh\nexit 127\n")
    stand_in.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    there, missing = matrix.found_pythons()
    assert there == {}
    assert set(missing) == set(environments.PYTHONS)
    with pytest.raises(Unavailable, match=r"no CPython 3\.10"):
        interpreter("3.10")


def test_the_newest_of_pyenv_is_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of two patch versions the higher one, by number and not by text."""
    for version in ("3.10.9", "3.10.13"):
        python = tmp_path / "versions" / version / "bin" / "python"
        python.parent.mkdir(parents=True)
        python.write_text(f"#!/bin/sh\necho {version} $0\n")
        python.chmod(0o755)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path))
    monkeypatch.setattr(environments.shutil, "which", lambda name: None)
    found = interpreter("3.10")
    assert found.version == "3.10.13"
    assert found.path == python


def test_what_cannot_be_installed_is_wrong(
    projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell without an environment, or without a test, is no pass."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    setup = Setup("pinned", "0.99.99", next(iter(matrix.found_pythons()[0])))
    (cell,) = matrix.run_all([setup], projects, platforms=[PLATFORMS[:1]], marked=[""])
    assert not cell.good
    assert cell.unreachable
    assert "0.99.99" in cell.line()


def test_another_host_than_the_wanted_is_wrong(rendered: Callable[[str], Path]) -> None:
    """An environment is believed only after a look at what is in it."""
    setup = Setup("pinned", "0.11.0", "3.x")
    python = Path(sys.executable)
    cell = matrix.run_suite(setup, python, rendered(PLATFORMS[0]), PLATFORMS[0], NOTHING)
    assert cell.problem == "fapilog 0.11.0 was wanted"
    assert cell.versions["fapilog"] == environments.pins()["fapilog"]


def test_a_report_is_counted(tmp_path: Path) -> None:
    """Passed, skipped with its reason, failed and broken tests of a report of pytest."""
    tests = tmp_path / "test_sample.py"
    tests.write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert False\n"
        "def test_left_out(): pytest.skip('not here')\n"
        "@pytest.fixture\n"
        "def broken(): raise ValueError\n"
        "def test_broken(broken): pass\n"
    )
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0"]
    subprocess.run(
        [*command, f"--junitxml={report}", "test_sample.py"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    cell = Cell("pinned", "3.x", PLATFORMS[0])
    matrix.count(cell, report, "")
    assert (cell.passed, cell.skipped) == (1, {"not here": 1})
    assert cell.failed == ["test_sample::test_bad", "test_sample::test_broken"]
    assert not cell.good
    nothing = Cell("pinned", "3.x", PLATFORMS[0])
    matrix.count(nothing, tmp_path / "none.xml", "pytest broke off")
    assert nothing.problem == "pytest broke off"
    assert not nothing.good
    report.write_text("<testsuites><testsuite/></testsuites>")
    matrix.count(nothing, report, "")
    assert nothing.problem == "no test ran"


def test_what_failed_is_run_again(
    projects: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only that; the first failure stays on record, and one that comes again is wrong."""
    good = Cell("pinned", "3.10.1", PLATFORMS[0], {"fapilog": HOSTS[0]}, 5)
    bad = Cell("pinned", "3.11.7", PLATFORMS[1], {"fapilog": HOSTS[0]}, 5, failed=["tests::test_x"])
    asked = []

    def run_all(setups, projects, *, platforms, marked):
        asked.append((*setups, *platforms, *marked))
        return iter([Cell("pinned", "3.11.7", PLATFORMS[1], {"fapilog": HOSTS[0]}, 6)])

    monkeypatch.setattr(matrix, "run_all", run_all)
    monkeypatch.setattr(matrix, "found_pythons", lambda: ({"3.10": Path(), "3.11": Path()}, {}))
    kept, again = matrix.repeated([good, bad], projects)
    assert asked == [(Setup("pinned", HOSTS[0], "3.11"), (PLATFORMS[1],), "not slow")]
    assert kept is good
    assert (again.passed, again.good, again.failed_first) == (6, True, ["tests::test_x"])


def test_the_pinned_host_behaves_as_recorded() -> None:
    """What the page says of the newest host is what the installed one does."""
    assert (
        matrix.behaviour(Path(sys.executable))
        == matrix_page.result()["hosts"][HOSTS[-1]]["answers"]
    )
    assert environments.pins()["fapilog"] == HOSTS[-1]


def test_the_page_is_that_of_the_result() -> None:
    """`make reference` makes it so again; untested versions are tried for it once more."""
    ((path, text),) = matrix_page.made().items()
    assert path.read_text(encoding="utf-8") == text


def test_every_question_is_on_the_page() -> None:
    """Each has a name there and a test that exists; the result answers each, for every host."""
    asked = [question.__name__ for question in host_probe.QUESTIONS]
    assert [*matrix_page.QUESTIONS] == asked
    for _, test in matrix_page.QUESTIONS.values():
        file, _, name = test.partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")
    found = matrix_page.result()
    assert [*found["hosts"]] == [*HOSTS]
    for host in found["hosts"].values():
        assert [*host["answers"]] == asked


def test_the_result_is_whole() -> None:
    """Every host and every Python, for each platform; what was left out is on the page."""
    found = matrix_page.result()
    cells = [Cell(**cell) for cell in found["cells"]]
    page = matrix_page.PAGE.read_text(encoding="utf-8")
    pythons = {cell.python for cell in cells if cell.dependencies == "pinned"}
    pinned = {
        (cell.versions["fapilog"], cell.python, cell.platform)
        for cell in cells
        if cell.dependencies == "pinned"
    }
    assert pinned == {(h, p, each) for h in HOSTS for p in pythons for each in PLATFORMS}
    for minor in environments.PYTHONS:
        assert f"Python {minor}." in page or f"Not run: Python {minor}:" in page
    lowest = {cell.versions["httpx"] for cell in cells if cell.dependencies == "lowest"}
    assert lowest == {"0.27.0"}


def test_the_page_shows_what_is_wrong() -> None:
    """A failed test, a suite that did not run and a skip with its reason."""
    cells = [
        Cell("pinned", "3.10.1", "splunk_hec", {"fapilog": HOSTS[0]}, 5, {"no unicorn": 2}),
        Cell("pinned", "3.11.1", "splunk_hec", {"fapilog": HOSTS[0]}, 4, failed=["tests::test_x"]),
        Cell("pinned", "3.12.1", "splunk_hec", {"fapilog": HOSTS[0]}, problem="not installable"),
        Cell("lowest", "3.10.1", "splunk_hec", {"fapilog": "x"}, 1, failed_first=["tests::test_y"]),
    ]
    found = matrix_page.result() | {
        "cells": [asdict(cell) for cell in cells],
        "pythons_skipped": {"3.13": "there is none"},
    }
    page = matrix_page.page(found, {})
    assert "| 5 passed, 2 skipped | 4 passed, **1 failed** | **did not run** |" in page
    assert "**2 of them wrong**" in page
    for text in (
        "- Skipped: no unicorn.",
        "`tests::test_x`",
        "`not installable`",
        "`test_y`",
    ):
        assert text in page
    assert "- Not run: Python 3.13: there is none." in page


def test_versions_of_platforms_are_those_that_are_pinned() -> None:
    """What is fetched is named with its version, and each row leads to a file."""
    rows = platforms.receivers()
    versions = {row.versions for row in rows if row.how == platforms.RUN}
    assert {"2.19.6", "8.19.21", "0.145.0"} <= versions
    assert {row.how for row in rows} == {"run here", "scripted", "documentation only"}
    assert [row.proof for row in rows if not (ROOT / row.proof).is_file()] == []


@pytest.mark.parametrize("version", ["0.10.2", "1.0.0"])
def test_an_unsupported_host_is_heard(
    rendered: Callable[[str], Path], platform: str, version: str, tmp_path: Path
) -> None:
    """On stderr and by an exception; fapilog goes on with stdout, and nothing is delivered."""
    found = faked_host.seen(rendered(platform), version, tmp_path / "refused")
    said = f"fapilog {version} is installed, and this sink was tested with 0.11 to 0.18"
    assert said in found.by_name
    assert said in found.raised
    assert found.delivered == []
    assert found.printed == ["event by name"]
    page = matrix_page.PAGE.read_text(encoding="utf-8")
    assert found.raised.replace(platform, PLATFORMS[0]) in page
    allowed = faked_host.seen(rendered(platform), version, tmp_path / "allowed", allowed=True)
    assert said in allowed.constructor
    assert (allowed.raised, allowed.delivered) == ("", ["event by instance"])


def test_a_newer_host_is_named_once(
    rendered: Callable[[str], Path], platform: str, tmp_path: Path
) -> None:
    """It delivers, and says on stderr once what nobody tested."""
    found = faked_host.seen(rendered(platform), "0.19.0", tmp_path / "newer")
    assert found.by_name.count("fapilog 0.19.0 is installed") == 1
    assert (found.constructor, found.raised) == ("", "")
    assert found.delivered == ["event by name", "event by instance"]
    assert json.dumps(found.printed) == "[]"
