"""The transcript of an update is true: each command is run, and prints what the page says."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest

from scripts.releases import recorded
from scripts.rendering import ROOT
from scripts.updating import git, run
from tests.helpers import blocks_of

PAGE = ROOT / "docs" / "how-to" / "update-a-project.md"
RELEASES = ("0.3.0", "0.4.0")
CLONE = "copier-fapilog-sink"
MINIMUM_COMMANDS = 20
COMMAND = re.compile(r"(?m)^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)")
FAILS = ("git diff --check", True)  # git fails when it has something to say
ELISION = r"\[\.\.\.\]"


def _template(folder: Path) -> None:
    """Clone this repository, with the tags of two releases."""
    git("clone", "--quiet", "--no-tags", ROOT, folder / CLONE, cwd=folder)
    for release in recorded():
        if release.version in RELEASES:
            tag = ("tag", "--annotate", release.tag, release.commit, "-m", release.tag)
            git(*tag, cwd=folder / CLONE)


def _shell(command: str, cwd: Path, before: int) -> tuple[str, Path, int]:
    """Run a line where the last one left off; returns what it printed, its folder and `$?`."""
    script = f"(exit {before})\n{command}\ncode=$?; echo; pwd; exit $code"
    result = run("bash", "-c", script, cwd=cwd, timeout=300)
    printed, _, folder = result.stdout.rstrip("\n").rpartition("\n")
    return printed.removesuffix("\n"), Path(folder), result.returncode


def _matches(expected: str, printed: str) -> bool:
    """Whether it was printed; `[...]` stands for anything, and empty lines at the end for none."""
    pattern = ".*".join(map(re.escape, re.split(ELISION, expected.rstrip("\n"))))
    return re.fullmatch(pattern, printed.rstrip("\n"), re.DOTALL) is not None


@pytest.mark.nightly
def test_every_command_does_what_the_page_says(tmp_path: Path, monkeypatch) -> None:
    """In this order, from an empty folder that has the template."""
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    monkeypatch.setenv("PATH", programs)
    _template(tmp_path)
    folder, code, commands = tmp_path, 0, 0
    for language, block in blocks_of(PAGE):
        if language == "diff":
            (tmp_path / "team.diff").write_text(block, encoding="utf-8")
            continue
        found = COMMAND.findall(block)
        assert "".join(f"$ {line}\n{printed}" for line, printed in found) == block
        for line, expected in found:
            printed, folder, code = _shell(line, folder, code)
            assert _matches(expected, printed), f"$ {line}\n{printed}\nand not\n{expected}"
            assert code == 0 or (line, printed != "") == FAILS, f"$ {line}\n{printed}"
            commands += 1
    assert commands >= MINIMUM_COMMANDS


def test_a_difference_is_noticed() -> None:
    """The comparison is not so lenient that anything passes."""
    assert _matches("a\n[...] passed in [...]\n", "a\n...\n5 passed in 1 s")
    assert not _matches("", "an error")
    assert not _matches("UU config.py\n", "M  config.py")
    assert not _matches("[...] passed\n", "1 failed")
