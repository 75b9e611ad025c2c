"""The weekly workflow of a project opens one issue when the template has a newer version."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.rendering import ROOT
from scripts.updating import ANSWERS, append, commit

pytestmark = pytest.mark.xdist_group("update")

FILE = ROOT / "template" / ".github" / "workflows" / "template.yml"
WORKFLOW: dict[Any, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
CHECK, TELL = WORKFLOW["jobs"]["check"], WORKFLOW["jobs"]["tell"]
TITLE = TELL["steps"][-1]["env"]["TITLE"]
GH = """#!/bin/sh
echo "$@" >> "$GH_CALLS"
case "$1 $2" in
  "issue list") exit_code="$GH_FAILS"; cat "$GH_TITLES" ;;
  *) exit_code=0 ;;
esac
exit "$exit_code"
"""


def _run(step: dict[str, Any], cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run a step as GitHub runs `shell: bash`, with nothing of this machine's but its programs."""
    assert step["shell"] == "bash"
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
    return subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)


def _path_with(folder: Path, name: str, script: str) -> str:
    """Return a PATH on which a program comes first."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(script, encoding="utf-8")
    (folder / name).chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_rights_are_the_least() -> None:
    """Nothing by default; what is installed cannot write, and what can write installs nothing."""
    assert WORKFLOW["permissions"] == {}
    assert CHECK["permissions"] == {"contents": "read"}
    assert TELL["permissions"] == {"issues": "write"}
    assert [step for step in TELL["steps"] if "uses" in step or "pip" in step["run"]] == []
    assert all("GH_TOKEN" not in step.get("env", {}) for step in CHECK["steps"])
    scripts = [step.get("run", "") for job in (CHECK, TELL) for step in job["steps"]]
    assert "${{" not in "".join(scripts)
    assert "--trust" not in FILE.read_text(encoding="utf-8")


def test_it_runs_once_a_week() -> None:
    """At one minute of one day; YAML reads the key `on` as true."""
    ((entry,),) = [WORKFLOW[True]["schedule"]]
    assert re.fullmatch(r"\d+ \d+ \* \* [0-6]", entry["cron"])
    assert "workflow_dispatch" in WORKFLOW[True]


def test_copier_is_the_one_that_is_tested() -> None:
    """The version that the workflow installs is the one that this repository is tested with."""
    (wanted,) = re.findall(r"pip install --quiet copier==(\S+)", FILE.read_text(encoding="utf-8"))
    pinned = re.findall(r"(?m)^copier==(\S+)", (ROOT / "requirements.txt").read_text("utf-8"))
    assert pinned == [wanted]


@pytest.mark.parametrize(
    ("state", "exit_code", "output"),
    [("newer", 0, "newer=true\n"), ("current", 0, "newer=false\n"), ("broken", 1, "")],
)
def test_check(
    small_project: Path, origin: Path, tmp_path: Path, state: str, exit_code: int, output: str
) -> None:
    """Copier itself says whether there is something; when it cannot tell, its message is seen."""
    if state == "newer":
        append(origin / "template" / "docs" / "updating.md", "\nNew.\n")
        commit(origin, "New", tag="v1.1.0")
    elif state == "broken":
        (small_project / ANSWERS).unlink()
    result = tmp_path / "output"
    result.touch()
    copier = f'#!/bin/sh\nexec "{sys.executable}" -m copier "$@"\n'
    path = _path_with(tmp_path / "bin", "copier", copier)
    (step,) = [step for step in CHECK["steps"] if step.get("id") == "check"]
    done = _run(step, small_project, PATH=path, HOME=str(tmp_path), GITHUB_OUTPUT=str(result))
    assert done.returncode == exit_code, done.stderr
    assert result.read_text(encoding="utf-8") == output
    assert state != "broken" or "cannot obtain old template references" in done.stderr


@pytest.mark.parametrize(
    ("titles", "fails", "exit_code", "creates"),
    [
        ([], 0, 0, True),
        ([f"Re: {TITLE}", "Another"], 0, 0, True),
        (["Another", TITLE], 0, 0, False),
        ([], 1, 1, False),
    ],
    ids=["none", "similar", "open", "gh-fails"],
)
def test_tell(tmp_path: Path, titles: list[str], fails: int, exit_code: int, creates: bool) -> None:
    """One issue, no second one while it is open, and none when nobody knows."""
    (step,) = TELL["steps"]
    calls, listed = tmp_path / "calls", tmp_path / "titles"
    listed.write_text("".join(f"{title}\n" for title in titles), encoding="utf-8")
    env = {
        **{name: value for name, value in step["env"].items() if "${{" not in value},
        "PATH": _path_with(tmp_path / "bin", "gh", GH),
        "GH_CALLS": str(calls),
        "GH_TITLES": str(listed),
        "GH_FAILS": str(fails),
    }
    done = _run(step, tmp_path, **env)
    assert done.returncode == exit_code, done.stderr
    said = calls.read_text(encoding="utf-8")
    assert said.startswith("issue list --state open ")
    assert (f"issue create --title {TITLE} --body `copier check-update` " in said) is creates
    assert said.count("issue create") == creates
