# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Run a program that logs and ends, with a receiver that counts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from acme_elasticsearch import _delivery

from ..elasticsearch.target import running_target
from .ends import End, expected

SOURCE = Path(_delivery.__file__).parents[2]
PROGRAM = Path(__file__).with_name("program.py")
LONGEST_SECONDS = 25.0


@dataclass(frozen=True)
class Run:
    """What became of one run of a program."""

    end: End
    exit_code: int
    messages: list[str]
    """What arrived, in the order of arrival."""
    error: str
    """What the program wrote to stderr."""

    def problem(self) -> str:
        """Return what is wrong with it; empty: it is as `ends.py` says."""
        if self.exit_code != self.end.exit_code:
            return f"exit code {self.exit_code} instead of {self.end.exit_code}"
        arrived = self.messages if self.end.ordered else sorted(self.messages)
        wanted = expected(self.end) if self.end.ordered else sorted(expected(self.end))
        if self.end.promised and arrived != wanted:
            return f"{len(arrived)} of {len(wanted)} messages arrived: {arrived}"
        if len(set(arrived)) * self.end.copies < len(arrived) or set(arrived) - set(wanted):
            return f"some messages arrived twice, or were never logged: {arrived}"
        if self.end.promised and "were lost" in self.error:
            return "the sink says that events were lost"
        return "a task was destroyed" if "Task was destroyed" in self.error else ""

    def beats_its_promise(self) -> bool:
        """Whether everything arrived where nothing is promised, as on a host that was repaired."""
        return not self.end.promised and sorted(self.messages) == sorted(expected(self.end))


def _environment() -> dict[str, str]:
    """Return ours without fapilog's settings: a test that runs meanwhile may have some in it."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("FAPILOG_")}
    return ours | {"PYTHONPATH": str(SOURCE)}


def run(end: End, python: str = sys.executable) -> Run:
    """Run the program to its end.

    Raises:
        subprocess.TimeoutExpired: it did not end, and was killed.
    """
    with running_target() as target:
        done = subprocess.run(
            [python, str(PROGRAM), json.dumps(target.settings), end.name],
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        error = done.stderr.decode(errors="replace")
        return Run(end, done.returncode, target.messages(), error)
