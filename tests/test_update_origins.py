"""Wherever a project came from, it can be brought to the newest release, as its guide says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from scripts.updating import (
    FIRST,
    append,
    begin,
    commit,
    copier,
    edit_record,
    generate,
    git,
    recorded_in,
    unmerged,
    update,
)

pytestmark = pytest.mark.xdist_group("update")

NEXT = "v1.1.0"
PAGE = "docs/updating.md"
OTHER_PAGE = "docs/process-ends.md"


def _release(template: Path, tag: str = NEXT) -> None:
    """Make a release that has something new."""
    append(template / "template" / PAGE, f"\nNew in {tag}.\n")
    commit(template, "New", tag=tag)


def _says(project: Path, *, exit_code: int, text: str) -> None:
    """Expect what `copier check-update` says to a person and to a script."""
    result = copier("check-update", cwd=project)
    assert result.returncode == 0, result.stdout
    assert text in result.stdout
    assert copier("check-update", "--quiet", cwd=project).returncode == exit_code


def _is_brought_to(project: Path, tag: str) -> None:
    """Expect that there is an update, that it goes through, and that it brings what is new."""
    _says(project, exit_code=2, text="New template version available.")
    update(project)
    assert unmerged(project) == []
    assert recorded_in(project)["_commit"] == tag
    assert f"New in {tag}." in (project / PAGE).read_text(encoding="utf-8")


@pytest.mark.nightly
def test_from_a_tag(small_project: Path, origin: Path) -> None:
    """The usual way: nothing to do before; without a newer release nothing happens."""
    _says(small_project, exit_code=0, text="Project is up-to-date!")
    _release(origin)
    _is_brought_to(small_project, NEXT)


@pytest.mark.nightly
def test_from_head(origin: Path, tmp_path: Path) -> None:
    """Between two releases: the second one brings it back to where the others are."""
    append(origin / "template" / OTHER_PAGE, "\nHead.\n")
    commit(origin, "After the release")
    project = begin(generate(origin, tmp_path / "acme-sink", ref="HEAD"))
    assert recorded_in(project)["_commit"].startswith(f"{FIRST}-1-g")
    _says(project, exit_code=0, text="Project is up-to-date!")
    _release(origin)
    _is_brought_to(project, NEXT)


@pytest.mark.nightly
def test_from_a_clone_without_tags(origin: Path, tmp_path: Path) -> None:
    """The record has a hash; once the clone has the tags, it is ordered like a version."""
    clone = tmp_path / "clone"
    git("clone", "--quiet", "--no-tags", origin, clone, cwd=tmp_path)
    project = begin(generate(clone, tmp_path / "acme-sink"))
    _release(origin)
    git("pull", "--quiet", "--tags", cwd=clone)
    _is_brought_to(project, NEXT)


@pytest.mark.nightly
def test_from_a_folder_without_git(origin: Path, tmp_path: Path) -> None:
    """The owner says which release it was, and where the releases are."""
    folder = shutil.copytree(origin, tmp_path / "folder", ignore=shutil.ignore_patterns(".git"))
    project = begin(generate(folder, tmp_path / "acme-sink"))
    assert "_commit" not in recorded_in(project)
    append(project / "README.md", "\nOurs.\n")
    _release(origin)
    edit_record(project, _src_path=origin, _commit=FIRST)
    _is_brought_to(project, NEXT)
    assert "Ours." in (project / "README.md").read_text(encoding="utf-8")


@pytest.mark.nightly
def test_from_changes_that_were_not_committed(origin: Path, tmp_path: Path) -> None:
    """The owner names the release before them; the changes count as the owner's."""
    append(origin / "template" / OTHER_PAGE, "\nNot committed.\n")
    project = begin(generate(origin, tmp_path / "acme-sink", ref="HEAD"))
    git("checkout", "--quiet", ".", cwd=origin)
    _release(origin)
    edit_record(project, _commit=FIRST)
    _is_brought_to(project, NEXT)
    assert "Not committed." in (project / OTHER_PAGE).read_text(encoding="utf-8")


def _fork(origin: Path, target: Path) -> Path:
    """Clone the template, change it and tag that as its guide says."""
    git("clone", "--quiet", origin, target, cwd=origin)
    append(target / "template" / OTHER_PAGE, "\nFork.\n")
    commit(target, "Ours", tag=f"{FIRST}.post1")
    return target


@pytest.mark.nightly
def test_from_a_fork(origin: Path, tmp_path: Path) -> None:
    """A fork has releases of its own, and takes those of the template by a merge."""
    fork = _fork(origin, tmp_path / "fork")
    project = begin(generate(fork, tmp_path / "acme-sink"))
    assert recorded_in(project)["_commit"] == f"{FIRST}.post1"
    _release(fork, f"{FIRST}.post2")
    _is_brought_to(project, f"{FIRST}.post2")
    commit(project, "Updated")
    _release(origin)
    git("pull", "--quiet", "--tags", "--no-rebase", "-X", "theirs", cwd=fork)
    git("tag", "--annotate", f"{NEXT}.post1", "--message", "Merged", cwd=fork)
    update(project)
    assert recorded_in(project)["_commit"] == f"{NEXT}.post1"
    assert f"New in {NEXT}." in (project / PAGE).read_text(encoding="utf-8")
    assert "Fork." in (project / OTHER_PAGE).read_text(encoding="utf-8")


@pytest.mark.nightly
def test_from_a_fork_back_to_the_template(origin: Path, tmp_path: Path) -> None:
    """The owner names the release that the fork was made from; what the fork changed stays."""
    project = begin(generate(_fork(origin, tmp_path / "fork"), tmp_path / "acme-sink"))
    _release(origin)
    edit_record(project, _src_path=origin, _commit=FIRST)
    _is_brought_to(project, NEXT)
    assert "Fork." in (project / OTHER_PAGE).read_text(encoding="utf-8")


def test_the_template_moved(small_project: Path, origin: Path, tmp_path: Path) -> None:
    """With the new address in the record an update comes from there; the old one is gone."""
    _release(origin)
    moved = origin.rename(tmp_path / "moved")
    edit_record(small_project, _src_path=moved)
    _is_brought_to(small_project, NEXT)
    assert recorded_in(small_project)["_src_path"] == str(moved)
