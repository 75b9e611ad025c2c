"""Run docs/migration/seen/ with each fapilog and write the page's tables: `python -m scripts.seen`.

Each program there prints what it saw as JSON, question -> answer. The answers are kept in
`seen/results.json`, so that the page can be checked without an environment for each version.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import tempfile
from pathlib import Path

from scripts.environments import HOSTS
from scripts.process_ends import python_with
from scripts.rendering import ROOT

FOLDER = ROOT / "docs" / "migration" / "seen"
PAGE = ROOT / "docs" / "migration" / "fapilog-versions.md"
RESULTS = FOLDER / "results.json"
PROGRAMS = ("event_shape", "calls", "ending", "failing", "presets", "pressure")
_TABLE = re.compile(r"(?s)(<!-- seen: (\w+) -->\n).*?(<!-- end -->)")
_TIMEOUT_SECONDS = 180

Answers = dict[str, dict[str, str]]
"""Version of fapilog -> question -> answer."""


def seen(program: str, python: str | Path) -> dict[str, str]:
    """Run a program with that interpreter, and return what it saw.

    Raises:
        subprocess.CalledProcessError: it failed; what it wrote is on our standard error.
    """
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FAPILOG_")}
    with tempfile.TemporaryDirectory() as scratch:
        done = subprocess.run(
            [str(python), "-B", str(FOLDER / f"{program}.py")],
            cwd=scratch,  # a preset's file sink would leave a folder here
            env=clean,
            stdout=subprocess.PIPE,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=True,
        )
    answers: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return answers


def seen_by_all(program: str) -> Answers:
    """Run a program with every version."""
    return {host: seen(program, python_with(host)) for host in HOSTS}


def tables(answers: Answers) -> str:
    """Return a table of what differs between versions, then one of what does not."""
    rows = [
        (question, [answers[host][question] for host in HOSTS]) for question in answers[HOSTS[-1]]
    ]
    changed = [
        f"| {question} | {' | '.join(_marked(values))} |"
        for question, values in rows
        if len(set(values)) > 1
    ]
    same = [f"| {question} | {values[0]} |" for question, values in rows if len(set(values)) == 1]
    parts = []
    if changed:
        head = f"| Changed | {' | '.join(HOSTS)} |\n| --- |{' --- |' * len(HOSTS)}"
        parts.append("\n".join([head, *changed]))
    if same:
        parts.append("\n".join(["| The same in all of them | |\n| --- | --- |", *same]))
    return "\n\n".join(parts)


def _marked(values: list[str]) -> list[str]:
    """Write what is new in a version in bold."""
    before = [values[0], *values]
    return [new if new == old else f"**{new}**" for old, new in zip(before, values, strict=False)]


def page(results: dict[str, Answers]) -> str:
    """Return the page with the tables of these results, program -> answers."""

    def table(found: re.Match[str]) -> str:
        return f"{found[1]}\n{tables(results[found[2]])}\n\n{found[3]}"

    return _TABLE.sub(table, PAGE.read_text(encoding="utf-8"))


def main() -> None:
    """Run everything, and write the results and the page."""
    results = {program: seen_by_all(program) for program in PROGRAMS}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(results), encoding="utf-8")


if __name__ == "__main__":
    main()
