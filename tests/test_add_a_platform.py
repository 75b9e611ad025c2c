"""The page about adding a platform works: done to a copy, its steps make a green project."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.rendering import ROOT, copy_template, render
from tests.helpers import contents_of, run_python

PAGE = ROOT / "docs" / "contributing" / "add-a-platform.md"
BLOCK = re.compile(r"(?m)^(`{3,4})(\w+)\n(.*?)^\1$", re.S)
FILE = re.compile(r"`((?:template|includes)/[^`]+)`[^`]*\Z")

# What knows the platform; the engine's own tests are the same in every project.
SUITES = (
    "tests/loki",
    "tests/conformance/test_fapilog.py",
    "tests/conformance/test_identity.py",
    "tests/command",
    "tests/faults/test_events.py",
    "tests/faults/test_neighbours.py",
    "tests/test_extending.py",
    "tests/test_layout.py",
    "tests/test_metrics.py",
    "tests/test_situations.py",
)


def steps() -> Iterator[tuple[str, str, str]]:
    """Yield the path that stands before a block ("" if none does), its language and its text."""
    text = PAGE.read_text(encoding="utf-8")
    end = 0
    for block in BLOCK.finditer(text):
        named = FILE.search(text[end : block.start()])
        yield named[1] if named else "", block[2], block[3]
        end = block.end()


@pytest.fixture(scope="module")
def extended(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the template to which the page's steps were done, in their order."""
    copy = copy_template(tmp_path_factory.mktemp("extended") / "template")
    (copy / "scripts").mkdir()
    shutil.copy(ROOT / "scripts" / "rendering.py", copy / "scripts")
    for path, language, text in steps():
        if language == "diff":
            done = subprocess.run(
                ["git", "apply", "--recount", "--unidiff-zero", "-"],
                cwd=copy,
                input=text,
                text=True,
                encoding="utf-8",
                capture_output=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr + text
        else:
            assert path, text
            file = copy / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
    return copy


@pytest.fixture(scope="module")
def project(extended: Path) -> Path:
    """Return a project of the new platform."""
    return render(extended, extended.parent / "project", platform="loki")


pytestmark = pytest.mark.xdist_group("add-a-platform")


def test_nothing_of_the_engine_changes(extended: Path) -> None:
    """New files, and a few lines in three old ones."""
    before, after = contents_of(ROOT / "template"), contents_of(extended / "template")
    assert {name: after[name] for name in before} == before
    assert {name for name in after.keys() - before.keys() if "/loki" not in name} == set()
    changed = [
        name
        for name in ("copier.yml", "includes/platforms.jinja", "scripts/rendering.py")
        if (ROOT / name).read_bytes() != (extended / name).read_bytes()
    ]
    assert len(changed) == 3


def test_other_projects_have_nothing_of_it(extended: Path, tmp_path: Path) -> None:
    """A project of an old platform is what it was."""
    project = render(extended, tmp_path / "project", platform="syslog_cef")
    assert [name for name in contents_of(project) if "loki" in name] == []


@pytest.mark.parametrize("command", [("check",), ("format", "--check")], ids=" ".join)
def test_new_project_is_clean(project: Path, command: tuple[str, ...]) -> None:
    """Ruff has no complaint."""
    run_python("-m", "ruff", *command, "--no-cache", cwd=project)


def test_new_project_types(project: Path) -> None:
    """Neither has mypy in strict mode."""
    cache = ROOT / ".mypy_cache" / "generated" / "loki"
    run_python("-m", "mypy", "--cache-dir", cache, cwd=project, timeout=240)


def test_new_project_is_green(project: Path) -> None:
    """Its own tests pass, and those that every platform has to pass."""
    arguments = ("-q", "-p", "no:cacheprovider", *SUITES)
    printed = run_python("-m", "pytest", *arguments, cwd=project, timeout=240)
    assert int(re.findall(r"(\d+) passed", printed)[-1]) > 100
