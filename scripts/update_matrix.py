"""Update from each release, on each platform, in each scenario: is it right, and how long it takes.

`make update-matrix` prints a line for each case, and writes docs/reference/updates.md if all of
them are right.
Needs git and the history of this repository, no network and no trust.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from scripts.rendering import PLATFORMS, ROOT
from scripts.updating import (
    ADDED,
    DELETED,
    RECORDED,
    begin,
    clone_with_releases,
    commit,
    content_of,
    copier,
    edit_as_owner,
    generate,
    git,
    unmerged,
    update,
)

PAGE = ROOT / "docs" / "reference" / "updates.md"
NEWEST = "v9.1.0"
HEAD = """\
# Updates from each release

<!-- Written by `make update-matrix`. -->

Each recorded release of the template, on each platform, updated to the state that this page is of.
The time is that of the processor, in seconds: what it takes on a machine that does nothing else.

| Scenario | What has to come out |
| --- | --- |
"""


@dataclass(frozen=True)
class Case:
    """One update to be made."""

    project: Path
    fresh: Path
    platform: str


@dataclass(frozen=True)
class Outcome:
    """What came out of a scenario."""

    right: bool
    files: int
    seconds: float


def _untouched(case: Case) -> bool:
    """A project as it was made ends as a new project, byte for byte."""
    update(case.project)
    return not unmerged(case.project) and content_of(case.project) == content_of(case.fresh)


def _owned(case: Case) -> bool:
    """Edits, a deletion, an added file stay, with no conflict; all else is as in a new project."""
    had = (case.project / DELETED).exists()
    kept = edit_as_owner(case.project, case.platform)
    update(case.project)
    gone = [DELETED] if had else []
    return (
        not unmerged(case.project)
        and all(text in (case.project / name).read_text("utf-8") for name, text in kept.items())
        and (case.project / ADDED).exists()
        and (case.project / DELETED).exists() is not had
        and content_of(case.project, *kept) == content_of(case.fresh, *kept, *gone)
    )


def _conflict(case: Case) -> bool:
    """Where both have changed a line there is a conflict, in that file alone, with both texts."""
    readme = case.project / "README.md"
    readme.write_text(f"# Ours\n{readme.read_text(encoding='utf-8')}", encoding="utf-8")
    commit(case.project, "Ours")
    update(case.project)
    text = readme.read_text(encoding="utf-8")
    return unmerged(case.project) == ["README.md"] and "# Ours\n" in text and "# New" in text


def _newer(case: Case) -> bool:
    """`copier check-update --quiet` exits with 2."""
    return copier("check-update", "--quiet", cwd=case.project).returncode == 2


def _again(case: Case) -> bool:
    """A second update changes nothing, and `copier check-update --quiet` exits with 0."""
    commit(case.project, "Updated")
    update(case.project)
    current = copier("check-update", "--quiet", cwd=case.project).returncode == 0
    return current and git("status", "--porcelain", cwd=case.project) == ""


SCENARIOS: dict[str, Callable[[Case], bool]] = {
    "check-update": _newer,
    "update": _untouched,
    "again": _again,
    "with edits": _owned,
    "conflict": _conflict,
}
ON_THE_SAME = {"update", "again"}
"""Scenarios that go on with the project of the one before them."""


def _releases(folder: Path) -> Path:
    """Return a clone with the recorded releases, and a newest with a new line in the README."""
    template = clone_with_releases(folder / "template")
    readme = template / "template" / "README.md.jinja"
    readme.write_text(f"# New\n{readme.read_text(encoding='utf-8')}", encoding="utf-8")
    commit(template, "Another first line", tag=NEWEST)
    return template


def _processor_seconds() -> float:
    """Return how long the commands of this process have worked so far."""
    times = os.times()
    return times.children_user + times.children_system


def _outcomes(folder: Path, made: Path, fresh: Path, platform: str) -> dict[str, Outcome]:
    """Return scenario -> outcome, for a project of one release."""
    found = {}
    for scenario, right in SCENARIOS.items():
        project = folder / "acme-sink"
        if scenario not in ON_THE_SAME:
            shutil.rmtree(project, ignore_errors=True)
            shutil.copytree(made, project)
        began = _processor_seconds()
        good = right(Case(project, fresh, platform))
        seconds = _processor_seconds() - began
        found[scenario] = Outcome(good, len(content_of(project)), seconds)
    shutil.rmtree(project)
    return found


def _rows(outcomes: dict[tuple[str, str], dict[str, Outcome]]) -> str:
    """Return the tables: what the scenarios are, and what came out of each case."""
    meaning = "".join(f"| {name} | {run.__doc__} |\n" for name, run in SCENARIOS.items())
    lines = [f"| Release | Platform | Files | {' | '.join(SCENARIOS)} |"]
    lines.append(f"| --- | --- | --- |{' --- |' * len(SCENARIOS)}")
    for (release, platform), found in outcomes.items():
        cells = [f"{each.seconds:.1f}" if each.right else "WRONG" for each in found.values()]
        lines.append(f"| {release} | {platform} | {found['update'].files} | {' | '.join(cells)} |")
    every = [each for found in outcomes.values() for each in found.values()]
    median = statistics.median(found["update"].seconds for found in outcomes.values())
    right = sum(each.right for each in every)
    said = f"{right} of {len(every)} are right. An update takes {median:.1f} s (median)."
    return meaning + "\n" + "\n".join(lines) + f"\n\n{said}\n"


def main() -> int:
    """Run all cases, print and write them; return 1 if one of them is wrong."""
    outcomes = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = _releases(folder)
        for platform in PLATFORMS:
            fresh = generate(template, folder / platform, platform=platform, ref=NEWEST)
            for release in RECORDED:
                target = folder / f"{release.version}-{platform}"
                made = begin(generate(template, target, platform=platform, ref=release.tag))
                found = _outcomes(folder, made, fresh, platform)
                outcomes[release.version, platform] = found
                for scenario, each in found.items():
                    state = "ok" if each.right else "WRONG"
                    case = f"{release.version:8} {platform:14} {scenario:13}"
                    print(f"{case} {state:6} {each.seconds:5.1f} s", flush=True)
    rows = _rows(outcomes)
    print(rows)
    wrong = any(not each.right for found in outcomes.values() for each in found.values())
    if not wrong:
        PAGE.write_text(HEAD + rows, encoding="utf-8")
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
