"""An update that is refused says what the page quotes, and leaves every file as it was."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.rendering import ROOT
from scripts.updating import (
    ANSWERS,
    append,
    commit,
    copier,
    edit_record,
    generate,
    git,
)
from tests.helpers import contents_of

pytestmark = pytest.mark.xdist_group("update")

PAGE = ROOT / "template" / "docs" / "update-troubleshooting.md"
CHANGED = "template/docs/updating.md"


def documented() -> dict[str, str]:
    """Return what happened -> what Copier says, from the page that owners read."""
    rows = re.findall(r"(?m)^\| (\S[^|]*?) +\| `([^|]+)` +\| ", PAGE.read_text(encoding="utf-8"))
    return {happened: said.replace("``", "`") for happened, said in rows}


def _without_hashes(text: str) -> str:
    """Let every hash of a commit that is part of a version be the same."""
    return re.sub(r"(dev0\+|-g)[0-9a-f]{7,}", r"\g<1>0000000", text)


def _again(project: Path, origin: Path, *options: str) -> None:
    """Make the project anew, from what the template is now."""
    shutil.rmtree(project)
    git("init", "--quiet", project, cwd=origin)
    made = generate(origin, project.with_name("made"), **dict(each.split("=") for each in options))
    shutil.copytree(made, project, dirs_exist_ok=True)
    commit(project, "First")


def _dirty(project: Path, _: Path) -> None:
    (project / "README.md").write_text("Ours.\n", encoding="utf-8")


def _without_git(project: Path, _: Path) -> None:
    shutil.rmtree(project / ".git")


def _without_record(project: Path, _: Path) -> None:
    (project / ANSWERS).unlink()
    commit(project, "No record")


def _unknown_version(project: Path, _: Path) -> None:
    edit_record(project, _commit="v0.0.0.1")


def _shallow(project: Path, origin: Path) -> None:
    commit(origin, "Second", tag="v1.1.0")
    clone = project.with_name("shallow")
    git("clone", "-q", "--depth=1", origin.as_uri(), clone, cwd=project)
    edit_record(project, _src_path=clone)


def _from_folder(project: Path, origin: Path) -> None:
    shutil.rmtree(origin / ".git")
    _again(project, origin)


def _from_head(project: Path, origin: Path) -> None:
    append(origin / CHANGED, "\nHead.\n")
    commit(origin, "After the release")
    _again(project, origin, "ref=HEAD")


def _from_uncommitted(project: Path, origin: Path) -> None:
    append(origin / CHANGED, "\nNot committed.\n")
    _again(project, origin, "ref=HEAD")


def _gone(_: Path, origin: Path) -> None:
    shutil.rmtree(origin)


def _nothing(project: Path, _: Path) -> None:
    pass


CHECK, UPDATE = ("check-update",), ("update", "--defaults")
TROUBLES: dict[str, tuple[Callable[[Path, Path], None], tuple[str, ...]]] = {
    "Files are changed and not committed": (_dirty, UPDATE),
    "The project is not under git": (_without_git, UPDATE),
    "`.copier-answers.yml` is gone: `copier check-update`": (_without_record, CHECK),
    "`.copier-answers.yml` is gone: `copier update`": (_without_record, UPDATE),
    "`_commit` names a version that does not exist": (_unknown_version, UPDATE),
    "The template is a shallow clone": (_shallow, UPDATE),
    "The template is not there any more: `copier check-update`": (_gone, CHECK),
    "The template is not there any more: `copier update`": (_gone, UPDATE),
    "The project was made from a folder without git: `copier check-update`": (_from_folder, CHECK),
    "The project was made from a folder without git: `copier update`": (_from_folder, UPDATE),
    "The project was made from HEAD, and there is no release after it": (_from_head, UPDATE),
    "The project was made from changes that were not committed": (_from_uncommitted, UPDATE),
    "Another platform is asked for": (_nothing, (*UPDATE, "-d", "platform=elasticsearch")),
}


def test_each_trouble_is_documented() -> None:
    """The page has these rows and no other."""
    assert list(documented()) == list(TROUBLES)


def _cases() -> list[object]:
    """Return the troubles; for those that need another project there is time at night."""
    return [
        pytest.param(name, marks=pytest.mark.nightly if "was made from" in name else ())
        for name in TROUBLES
    ]


@pytest.mark.parametrize("happened", _cases())
def test_refusal_is_as_documented(small_project: Path, origin: Path, happened: str) -> None:
    """Copier says what the page quotes, fails, and leaves every file as it was."""
    cause, command = TROUBLES[happened]
    cause(small_project, origin)
    before = contents_of(small_project)
    result = copier(*command, cwd=small_project)
    assert result.returncode == 1
    assert _without_hashes(documented()[happened]) in _without_hashes(result.stdout)
    assert contents_of(small_project) == before
