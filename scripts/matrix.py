"""Run the generated conformance suite on many hosts, Pythons and dependencies.

`python -m scripts.matrix` runs everything and writes docs/reference/compatibility.json;
`--diagonal` runs each host and each Python once and writes nothing; `--newest` adds what is newest
on the package index today, whatever that is; `--again` repeats what the file has as wrong. The exit
code says whether something failed.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from scripts.environments import (
    HOSTS,
    LIBRARIES,
    PYTHONS,
    Unavailable,
    Unreachable,
    environment,
    interpreter,
    pins,
)
from scripts.process_ends import arrivals
from scripts.rendering import PLATFORMS, ROOT, copy_template, render
from scripts.running import run

RESULT = ROOT / "docs" / "reference" / "compatibility.json"
TOOLS = ("hypothesis", "pytest", "pytest-timeout", "trustme")
"""What its tests need."""
SUITE = ("tests/conformance", "tests/delivery/test_host.py", "tests/delivery/test_host_version.py")
FREE = ("pydantic-core", "pydantic-settings", "typing-extensions", "typing-inspection")
"""Follow the version of pydantic."""
QUICK = "not slow"
CELL_SECONDS = 600
END_RUNS = 3
_LOWEST = re.compile(r'"(fapilog|httpx|orjson|pydantic)>=([0-9.]+)')


@dataclass(frozen=True)
class Setup:
    """An environment: a host and the libraries beside it, on one Python."""

    dependencies: str
    """`pinned`, `lowest` or `newest`."""
    host: str
    """A version of fapilog; empty: the newest."""
    python: str
    """`3.12`."""


@dataclass
class Cell:
    """What the suite of one platform said in one environment."""

    dependencies: str
    python: str
    platform: str
    versions: dict[str, str] = field(default_factory=dict)
    """Of fapilog and the libraries, as they were installed."""
    passed: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    """Reason -> number of tests."""
    failed: list[str] = field(default_factory=list)
    """Names of tests."""
    problem: str = ""
    """Why the suite did not run; empty: it did."""
    seconds: float = 0.0
    unreachable: bool = False
    """Whether that is because the package index does not answer."""
    failed_first: list[str] = field(default_factory=list)
    """What was wrong before it was run again, alone."""

    @property
    def good(self) -> bool:
        """Whether tests ran, and none failed."""
        return bool(self.passed and not self.failed and not self.problem)

    def line(self) -> str:
        """Return it in a line."""
        host = self.versions.get("fapilog", "?")
        counts = f"{self.passed:3} passed {sum(self.skipped.values()):2} skipped"
        wrong = " ".join(["", *self.failed, self.problem]).rstrip()
        return (
            f"fapilog {host:7} Python {self.python:7} {self.dependencies:7} {self.platform:14}"
            f"{counts} {self.seconds:5.1f} s{'' if self.good else ' WRONG:' + wrong}"
        )


def found_pythons() -> tuple[dict[str, Path], dict[str, str]]:
    """Return minor version -> interpreter, and minor version -> why there is none."""
    there, missing = {}, {}
    for minor in PYTHONS:
        try:
            there[minor] = interpreter(minor).path
        except Unavailable as problem:
            missing[minor] = str(problem)
    return there, missing


def diagonal(pythons: Sequence[str], hosts: Sequence[str] = HOSTS) -> list[Setup]:
    """Return few environments with each host and each Python: old with old, new with new."""
    steps = max(len(hosts), len(pythons))
    return [
        Setup("pinned", hosts[step * len(hosts) // steps], pythons[step * len(pythons) // steps])
        for step in range(steps)
    ]


def whole(pythons: Sequence[str]) -> list[Setup]:
    """Return every host on every Python, and the lowest dependencies with the outer hosts."""
    lowest = [Setup("lowest", host, pythons[0]) for host in (HOSTS[0], HOSTS[-1])]
    return [Setup("pinned", host, python) for host in HOSTS for python in pythons] + lowest


def requirements(setup: Setup, project: Path) -> list[str]:
    """Return what is installed for it, without the test tools."""
    if setup.dependencies == "newest":
        return ["fapilog", *LIBRARIES]
    if setup.dependencies == "lowest":
        text = (project / "pyproject.toml").read_text(encoding="utf-8")
        versions = dict(_LOWEST.findall(text))
    else:
        versions = pins()
    return [f"fapilog=={setup.host}", *(f"{name}=={versions[name]}" for name in LIBRARIES)]


def python_of(setup: Setup, interpreters: dict[str, Path], project: Path) -> Path:
    """Return the interpreter of its environment.

    Raises:
        Unavailable: it cannot be made.
    """
    pinned = pins()
    tools = [f"{name}=={pinned[name]}" for name in TOOLS]
    free = () if setup.dependencies == "pinned" else FREE
    today = datetime.date.today().isoformat() if setup.dependencies == "newest" else ""
    wanted = [*requirements(setup, project), *tools]
    return environment(interpreters[setup.python], wanted, free, today)


def run_suite(setup: Setup, python: Path, project: Path, platform: str, marked: str) -> Cell:
    """Run the suite of a rendered project in an environment."""
    cell = Cell(setup.dependencies, setup.python, platform)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.xml")
        options = ("-q", "-p", "no:cacheprovider", "-m", marked, f"--junitxml={report}")
        try:
            done = run(python, "-m", "pytest", *options, *SUITE, cwd=project, timeout=CELL_SECONDS)
            count(cell, report, done.stdout)
            _look_at_versions(cell, setup, python)
        except subprocess.TimeoutExpired:
            cell.problem = f"not ready after {CELL_SECONDS} s"
    cell.seconds = round(time.monotonic() - began, 1)
    return cell


def count(cell: Cell, report: Path, printed: str) -> None:
    """Put the numbers of pytest's report into the cell; without one, what pytest printed."""
    if not report.exists():
        cell.problem = printed[-500:]
        return
    skipped: Counter[str] = Counter()
    for test in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it
        reason = test.find("skipped")
        if test.find("failure") is not None or test.find("error") is not None:
            cell.failed.append(f"{test.get('classname')}::{test.get('name')}")
        elif reason is not None:
            skipped[reason.get("message") or "no reason"] += 1
        else:
            cell.passed += 1
    cell.skipped = dict(skipped)
    if not cell.passed and not cell.failed:
        cell.problem = "no test ran"


def _look_at_versions(cell: Cell, setup: Setup, python: Path) -> None:
    code = (
        "import importlib.metadata as m, json, platform, sys\n"
        "print(json.dumps([platform.python_version(), {n: m.version(n) for n in sys.argv[1:]}]))"
    )
    printed = run(python, "-c", code, "fapilog", *LIBRARIES, cwd=ROOT).stdout
    cell.python, cell.versions = json.loads(printed)
    if setup.host and cell.versions["fapilog"] != setup.host:
        cell.problem = f"fapilog {setup.host} was wanted"


def run_all(
    setups: Sequence[Setup],
    projects: dict[str, Path],
    *,
    platforms: Sequence[Sequence[str]],
    marked: Sequence[str],
    jobs: int | None = None,
) -> Iterator[Cell]:
    """Make each environment, run the suites of its platforms in it, and yield what they said.

    Args:
        setups: The environments.
        projects: Platform -> rendered project.
        platforms: Which suites to run, for each environment.
        marked: pytest's expression for the tests to run, for each environment; empty: all.
        jobs: How many environments are busy at a time; None: one per core.
    """
    interpreters, _ = found_pythons()

    def one(setup: Setup, chosen: Sequence[str], marked: str) -> list[Cell]:
        try:
            python = python_of(setup, interpreters, projects[chosen[0]])
        except Unavailable as problem:
            return [_not_made(setup, each, problem) for each in chosen]
        return [run_suite(setup, python, projects[each], each, marked) for each in chosen]

    with ThreadPoolExecutor(jobs or os.cpu_count()) as pool:
        for cells in pool.map(one, setups, platforms, marked):
            yield from cells


def _not_made(setup: Setup, platform: str, problem: Unavailable) -> Cell:
    return Cell(
        setup.dependencies,
        setup.python,
        platform,
        {"fapilog": setup.host or "newest"},
        problem=str(problem),
        unreachable=isinstance(problem, Unreachable),
    )


def behaviour(python: Path) -> dict[str, str]:
    """Return the answers of `host_probe.py` in an environment.

    Raises:
        subprocess.CalledProcessError: a question could not be answered.
    """
    done = subprocess.run(
        [python, ROOT / "scripts" / "host_probe.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=CELL_SECONDS,
        check=True,
    )
    answers: dict[str, str] = json.loads(done.stdout)
    return answers


def observed(setups: Sequence[Setup], project: Path) -> dict[str, Any]:
    """Return host -> what differs between hosts, seen in these environments."""
    interpreters, _ = found_pythons()
    found = {}
    for setup in setups:
        python = python_of(setup, interpreters, project)
        ends = {each["end"]: each["arrived"] for each in arrivals(project, python, END_RUNS)}
        found[setup.host] = {"python": setup.python, "answers": behaviour(python), "ends": ends}
    return found


def rendered(folder: Path) -> dict[str, Path]:
    """Render every platform below `folder`, and return platform -> project."""
    template = copy_template(folder / "template")
    return {
        platform: render(template, folder / platform, platform=platform) for platform in PLATFORMS
    }


def run_diagonal(projects: dict[str, Path], jobs: int | None = None) -> list[Cell]:
    """Run the quick tests on the diagonal, one platform after the other in turn."""
    setups = diagonal([*found_pythons()[0]])
    turns = [(PLATFORMS[number % len(PLATFORMS)],) for number in range(len(setups))]
    quick = [QUICK] * len(setups)
    return [*_said(run_all(setups, projects, platforms=turns, marked=quick, jobs=jobs))]


def repeated(cells: Sequence[Cell], projects: dict[str, Path]) -> list[Cell]:
    """Run what is wrong once more, alone, since programs miss their deadlines on a busy machine.

    What failed at first stays on record. What fails again is wrong.
    """
    found = []
    for cell in cells:
        if not cell.good:
            host = "" if cell.dependencies == "newest" else cell.versions["fapilog"]
            setup = Setup(cell.dependencies, host, ".".join(cell.python.split(".")[:2]))
            first = [*cell.failed, *filter(None, [cell.problem])]
            marked, platforms = [_marked(setup)], [(cell.platform,)]
            (cell,) = _said(run_all([setup], projects, platforms=platforms, marked=marked))
            cell.failed_first = first
        found.append(cell)
    return found


def run_whole(projects: dict[str, Path], *, newest: bool, jobs: int | None) -> dict[str, Any]:
    """Run everything, and return what goes into the result file."""
    there, missing = found_pythons()
    pythons = [*there]
    setups = whole(pythons) + [Setup("newest", "", pythons[-1])] * newest
    began = time.monotonic()
    every = [PLATFORMS] * len(setups)
    marked = [_marked(setup) for setup in setups]
    cells = [*_said(run_all(setups, projects, platforms=every, marked=marked, jobs=jobs))]
    cells = repeated(cells, projects)
    hosts = {setup.host: setup for setup in diagonal(pythons)}
    return {
        "date": datetime.date.today().isoformat(),
        "minutes": round((time.monotonic() - began) / 60, 1),
        "pythons_skipped": missing,
        "cells": [asdict(cell) for cell in cells],
        "hosts": observed([*hosts.values()], projects[PLATFORMS[0]]),
    }


def _marked(setup: Setup) -> str:
    """Leave out the slow variations, except once for each host and with other dependencies."""
    everything = setup.dependencies != "pinned" or setup in diagonal([*found_pythons()[0]])
    return "" if everything else QUICK


def _said(cells: Iterator[Cell]) -> Iterator[Cell]:
    for cell in cells:
        print(cell.line(), flush=True)
        yield cell


def main() -> int:
    """Run what was asked for; return 1 if a cell is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--diagonal", action="store_true", help="each host and each Python once")
    parser.add_argument("--newest", action="store_true", help="what is newest on the index, too")
    parser.add_argument("--again", action="store_true", help="only what the result file has wrong")
    parser.add_argument("--jobs", type=int, help="environments at a time; one per core")
    chosen = parser.parse_args()
    for minor, reason in found_pythons()[1].items():
        print(f"SKIPPED: Python {minor}: {reason}")
    with tempfile.TemporaryDirectory() as scratch:
        projects = rendered(Path(scratch))
        if chosen.diagonal:
            return int(not all(cell.good for cell in run_diagonal(projects, chosen.jobs)))
        if chosen.again:
            result = json.loads(RESULT.read_text(encoding="utf-8"))
            cells = repeated([Cell(**cell) for cell in result["cells"]], projects)
            result["cells"] = [asdict(cell) for cell in cells]
        else:
            result = run_whole(projects, newest=chosen.newest, jobs=chosen.jobs)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    wrong = [cell for cell in result["cells"] if cell["problem"] or cell["failed"]]
    print(f"{len(result['cells'])} cells, {len(wrong)} wrong, {result['minutes']} minutes")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
