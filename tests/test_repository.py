"""The repository itself: clean, free of foreign words, and consistent with what it renders."""

import re
import shlex
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.environments import PYTHONS
from scripts.render_examples import EXAMPLES, answers_of, render_example
from scripts.rendering import PLATFORMS, ROOT
from tests.helpers import contents_of, files_of, run, run_python

PYTHON_FOLDERS = [
    name
    for name in ("benchmarks", "demo", "docs/upstream", "scripts", "tests")
    if (ROOT / name).is_dir()
]

# Written so that this file does not hold them itself.
FOREIGN = re.compile(
    "|".join(
        [
            r"/wor" r"k/",
            r"/tm" r"p/(brief|dev)",
            r"shared/re" r"ference",
            r"\bMISS" r"ION\.md",
            r"\bARCHI" r"TECTURE\.md",
            r"\bissue [A-Z]" r"\b",
            r"\b(?i:cla" r"ude|cop" r"ilot|chat" r"gpt|anth" r"ropic|open" r"ai)\b",
            r"files\.python" r"hosted\.org",
            r"pypi\.org/sim" r"ple",
            r"/opt/wh" r"eels",
        ]
    )
)


def tracked() -> list[Path]:
    """Return the files that are in git or would be; all files where there is no git."""
    result = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if result.returncode != 0:
        return files_of(ROOT)
    names = result.stdout.decode("utf-8").split("\0")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_no_foreign_words() -> None:
    """Nothing speaks of the place where this was made, nor records where packages came from."""
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", errors="replace")
        found += [f"{path}: {match[0]}" for match in FOREIGN.finditer(text)]
    assert found == []


def test_files_are_small() -> None:
    """Nobody commits a build result by accident."""
    assert [path for path in tracked() if path.stat().st_size > 300_000] == []


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_python_is_clean(command: tuple[str, ...]) -> None:
    """What is not shipped keeps to the same rules."""
    run_python("-m", "ruff", *command, "--no-cache", *PYTHON_FOLDERS, cwd=ROOT)


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_is_current(template: Path, tmp_path: Path, name: str) -> None:
    """A committed example is what its answers render to; `make examples` makes it so again."""
    expected = contents_of(render_example(name, template, tmp_path / name))
    actual = contents_of(ROOT / "examples" / name)
    assert sorted(actual) == sorted(expected)
    assert [path for path in expected if expected[path] != actual[path]] == []
    assert answers_of(name)["copyright_year"] == 2026


def pins(text: str) -> dict[str, set[str]]:
    """Return package -> versions, of lines that pin one."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r'(?m)^[ "]*([a-z0-9._-]+)==([^\s";]+)', text):
        found.setdefault(name, set()).add(version)
    return found


def test_pins_agree(rendered: Callable[[str], Path]) -> None:
    """The tools a project pins are those with which the template was tested."""
    pyproject = (rendered(PLATFORMS[0]) / "pyproject.toml").read_text(encoding="utf-8")
    ours = pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    theirs = pins(pyproject)
    assert len(theirs) >= 8
    assert {name: ours.get(name) for name in theirs} == theirs


def test_requirements_have_hashes_only() -> None:
    """Every requirement is pinned by hash, and no line says where to download from."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    blocks = re.split(r"(?m)^(?=[a-z0-9])", text)[1:]
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text


def test_hooks_use_the_same_ruff(rendered: Callable[[str], Path]) -> None:
    """The pre-commit hook runs the ruff that `make check` runs."""
    project = rendered(PLATFORMS[0])
    hooks = (project / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    (version,) = pins((project / "pyproject.toml").read_text(encoding="utf-8"))["ruff"]
    assert f"rev: v{version}\n" in hooks


def test_actions_are_pinned() -> None:
    """A workflow uses actions by the hash of a commit, which nobody can move."""
    workflows = [path for path in tracked() if ".github/workflows" in path.as_posix()]
    uses = [line for path in workflows for line in re.findall(r"uses: (.*)", path.read_text())]
    assert uses
    assert [
        line for line in uses if not re.fullmatch(r"[\w./-]+@[0-9a-f]{40} # v[\d.]+", line)
    ] == []


def workflow(name: str) -> dict[str, Any]:
    """Return a workflow of this repository."""
    text = (ROOT / ".github" / "workflows" / name).read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def test_nightly_workflow() -> None:
    """Each night the long tests and the matrix run, with no more rights than to read."""
    nightly = workflow("nightly.yml")
    assert nightly[True]["schedule"]  # YAML 1.1 reads `on` as a truth value
    assert nightly["permissions"] == {"contents": "read"}
    jobs = {name: job["steps"] for name, job in nightly["jobs"].items()}
    made = {name: steps[-1]["run"] for name, steps in jobs.items()}
    assert made == {"nightly": "make nightly", "matrix": "make matrix"}
    pythons = jobs["matrix"][1]["with"]["python-version"].split()
    assert sorted(pythons) == sorted(PYTHONS)


@pytest.mark.parametrize("name", ["ci.yml", "nightly.yml"])
def test_workflows_make_what_can_be_made(name: str) -> None:
    """A target that a workflow names exists, here or in the folder of its job."""
    commands = [
        (job.get("defaults", {}).get("run", {}).get("working-directory", "."), step["run"])
        for job in workflow(name)["jobs"].values()
        for step in job["steps"]
        if step.get("run", "").startswith("make ")
    ]
    for folder, command in commands:
        place = ROOT / folder.replace("${{ matrix.example }}", next(iter(EXAMPLES)))
        result = run(*shlex.split(command), "--dry-run", cwd=place)
        assert result.returncode == 0, result.stdout
    assert commands
