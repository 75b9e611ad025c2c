"""Write docs/reference/faults.md from the tests of generated projects."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.rendering import PLATFORMS, ROOT, copy_template, render

LIST = ROOT / "scripts" / "faults.yaml"
PAGE = ROOT / "docs" / "reference" / "faults.md"

TITLES = {"splunk_hec": "Splunk", "elasticsearch": "Elasticsearch", "syslog_cef": "Syslog"}

HEAD = """\
# Faults and promises

Written by `make reference`; the texts are in `scripts/faults.yaml`. The tests are in the generated
projects, below `tests/`; `pytest -m fault` runs them there. What concerns the network runs against
a scripted server on a real socket, what concerns time on a clock that is passed as a value. "All":
the projects of all platforms.
"""


@dataclass(frozen=True)
class Item:
    """One fault or one promise."""

    number: int
    text: str
    projects: tuple[str, ...]
    """Platforms whose project must have a test."""
    repository: tuple[str, ...]
    """Files of this repository that hold the test instead."""
    elsewhere: bool
    """Its tests are still to come."""


@dataclass(frozen=True)
class MarkedTest:
    """One test function that names faults or promises."""

    name: str
    """Path and function."""
    doc: str
    open: str
    """Why it is expected to fail; "" for a test that passes."""
    faults: frozenset[int]
    promises: frozenset[int]


@functools.cache
def items(kind: str) -> tuple[Item, ...]:
    """Return the list of `faults` or `promises`."""
    data = yaml.safe_load(LIST.read_text(encoding="utf-8"))
    return tuple(
        Item(
            number,
            given["text"],
            tuple(given.get("projects", PLATFORMS)),
            tuple(given.get("repository", ())),
            number in data["elsewhere"][kind],
        )
        for number, given in data[kind].items()
    )


def marked_tests(project: Path) -> list[MarkedTest]:
    """Return the tests of a rendered project that name a fault or a promise, slow ones included."""
    with tempfile.TemporaryDirectory() as scratch:
        marks = Path(scratch, "marks.json")
        subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "--collect-only", "-q", "-m", "fault"),
                *("-p", "fault_marks", "-p", "pytest_timeout", "-p", "no:cacheprovider"),
            ],
            cwd=project,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "COV_"))},
                "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": str(ROOT / "scripts"),
                "FAULT_MARKS": str(marks),
            },
            check=True,
            stdout=subprocess.DEVNULL,
        )
        found = json.loads(marks.read_text(encoding="utf-8"))
    return [
        MarkedTest(
            name,
            entry["doc"],
            entry["open"],
            frozenset(entry["faults"]),
            frozenset(entry["promises"]),
        )
        for name, entry in sorted(found.items())
    ]


def missing(kind: str, tests: Mapping[str, Iterable[MarkedTest]]) -> list[str]:
    """Say which fault or promise has no test in which project, and which numbers nobody knows."""
    known = items(kind)
    problems = []
    for platform, given in tests.items():
        given = list(given)
        named = {number for test in given for number in getattr(test, kind)}
        proven = {number for test in given for number in getattr(test, kind) if not test.open}
        problems += [
            f"{kind} {item.number}: no test in {platform}"
            for item in known
            if platform in item.projects and item.number not in proven
            if not item.elsewhere and not item.repository
        ]
        unknown = named - {item.number for item in known}
        problems += [f"{kind} {number}: not in {LIST.name}" for number in sorted(unknown)]
    return problems


def page(tests: Mapping[str, Iterable[MarkedTest]]) -> str:
    """Return the whole page."""
    parts = [HEAD, "## Faults\n"]
    parts += [_section(item, _proofs("faults", item, tests), docs=True) for item in items("faults")]
    parts.append("## Promises\n")
    parts += [
        _section(item, _proofs("promises", item, tests), docs=False) for item in items("promises")
    ]
    return "\n".join(parts)


def _proofs(
    kind: str, item: Item, tests: Mapping[str, Iterable[MarkedTest]]
) -> dict[str, dict[str, str]]:
    """Return where -> test -> its sentence."""
    found = {
        platform: {
            test.name: test.doc + (f" Open: {test.open}." if test.open else "")
            for test in given
            if item.number in getattr(test, kind)
        }
        for platform, given in tests.items()
    }
    common = set.intersection(*(set(each) for each in found.values()))
    proofs = {"All": {name: doc for name, doc in found[PLATFORMS[0]].items() if name in common}}
    for platform in PLATFORMS:
        own = {name: doc for name, doc in found[platform].items() if name not in common}
        proofs[TITLES[platform]] = own
    return proofs


def _section(item: Item, proofs: dict[str, dict[str, str]], *, docs: bool) -> str:
    lines = [f"### {item.number}. {item.text}\n"]
    lines += [f"- This repository: `{path}`" for path in item.repository]
    for where, tests in proofs.items():
        for name, doc in tests.items():
            short = name.removeprefix("tests/")
            lines.append(f"- {where}: `{short}`" + (f"  \n  {doc}" if docs else ""))
    if len(lines) == 1:
        lines.append("No test yet.")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Render the three projects, collect their tests and write the page."""
    with tempfile.TemporaryDirectory() as scratch:
        template = copy_template(Path(scratch, "template"))
        tests = {
            platform: marked_tests(render(template, Path(scratch, platform), platform=platform))
            for platform in PLATFORMS
        }
    for problem in missing("faults", tests) + missing("promises", tests):
        print(problem, file=sys.stderr)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(tests), encoding="utf-8", newline="\n")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
