"""Count what arrives at every end of a process: `python -m scripts.process_ends [RUNS]`.

Each way to end of a project's `tests/conformance/ends.py` is run with the oldest and the newest
supported fapilog, for each platform, and what arrived is printed as a table. The virtual
environments are kept in `build/matrix/`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.environments import HOSTS, LIBRARIES, environment, pins
from scripts.rendering import PLATFORMS, ROOT, copy_template, render

RUNS = 20


@dataclass(frozen=True)
class Count:
    """What became of all runs of one way to end, with one host and on one platform."""

    host: str
    platform: str
    end: str
    promised: bool
    arrived: dict[str, int]
    """Number of messages that arrived -> number of runs."""
    problems: list[str]
    """What the project's judge found wrong; empty: all is as its documentation says."""


def hosts() -> tuple[str, str]:
    """Return the oldest supported version of fapilog, and the pinned one."""
    return HOSTS[0], pins()["fapilog"]


def count_all(runs: int, folder: Path) -> list[Count]:
    """Render every platform below `folder`, and run each way to end `runs` times with each host.

    Raises:
        Unavailable: an environment could not be made.
        subprocess.CalledProcessError: a count failed.
    """
    template = copy_template(folder / "template")
    found = []
    for platform in PLATFORMS:
        project = render(template, folder / platform, platform=platform)
        for host in hosts():
            counts = arrivals(project, python_with(host), runs)
            found += [Count(host, platform, **each) for each in counts]
    return found


def table(counts: Iterable[Count]) -> str:
    """Return a table in Markdown: how many messages arrived, in how many runs of all platforms."""
    cells: dict[tuple[str, str], Counter[int]] = {}
    for count in counts:
        cell = cells.setdefault((count.end, count.host), Counter())
        cell.update({int(arrived): times for arrived, times in count.arrived.items()})
    lines = [f"| End | {' | '.join(hosts())} |", f"| --- |{' --- |' * len(hosts())}"]
    for end in dict.fromkeys(end for end, _ in cells):
        row = [_words(cells[end, host]) for host in hosts()]
        lines.append(f"| {end} | {' | '.join(row)} |")
    return "\n".join(lines)


def _words(cell: Counter[int]) -> str:
    """Say it shortly: `20 in 60 runs`."""
    return ", ".join(f"{arrived} in {times} runs" for arrived, times in sorted(cell.items()))


def arrivals(project: Path, python: Path, runs: int) -> Any:
    """Run each way to end of a rendered project with that interpreter, and return what arrived.

    Raises:
        subprocess.CalledProcessError: the count failed.
    """
    paths = (project, project / "src", ROOT)  # the project's `tests`, not ours
    done = subprocess.run(
        (sys.executable, "-m", "scripts.count_arrivals", str(python), str(runs)),
        cwd=project,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths))},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def python_with(host: str) -> Path:
    """Return the interpreter of an environment with that fapilog."""
    versions = {name: pins()[name] for name in LIBRARIES} | {"fapilog": host}
    wanted = [f"{name}=={version}" for name, version in versions.items()]
    return environment(Path(sys.executable), wanted)


def main() -> None:
    """Print the table, and what is wrong; the exit code says whether something is."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else RUNS
    with tempfile.TemporaryDirectory() as scratch:
        counts = count_all(runs, Path(scratch))
    print(table(counts))
    wrong = [count for count in counts if count.problems]
    for count in wrong:
        print(f"{count.platform}, fapilog {count.host}, {count.end}: {count.problems}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
