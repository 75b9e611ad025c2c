"""A project that is a folder of a larger repository: updated there as its guide says."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from scripts.updating import (
    append,
    begin,
    commit,
    copier,
    edit_record,
    git,
    recorded_in,
    replace_once,
    run,
    update,
)

pytestmark = pytest.mark.xdist_group("update")

NEXT = "v1.1.0"
FOLDER = "services/acme-sink"
PAGE = "docs/updating.md"
NEW_PAGE = "docs/new.md"
README = "README.md"
OTHERS = ("other.txt", README, "services/other.txt")


def _put_into(whole: Path, project: Path) -> Path:
    """Make a repository of other files and a project, without the project's own git."""
    inner = shutil.copytree(project, whole / FOLDER, ignore=shutil.ignore_patterns(".git"))
    for name in OTHERS:
        append(whole / name, "Theirs.\n")
    append(whole / ".gitignore", "*.rej\n.venv/\n")
    begin(whole)
    return inner


@pytest.fixture
def inner(of_small: Path, origin: Path, tmp_path: Path) -> Path:
    """Return such a project, for which there is a release with a new page and another title."""
    inner = _put_into(tmp_path / "whole", of_small)
    edit_record(inner, _src_path=origin)
    append(origin / "template" / PAGE, f"\nNew in {NEXT}.\n")
    append(origin / "template" / NEW_PAGE, "New.\n")
    title = "# {{ distribution_name }}\n"
    replace_once(origin / "template" / f"{README}.jinja", title, "# Theirs\n")
    commit(origin, "New", tag=NEXT)
    return inner


def _whole(inner: Path) -> Path:
    return inner.parents[1]


def _is_new(inner: Path) -> bool:
    at = recorded_in(inner)["_commit"] == NEXT
    return at and (inner / PAGE).read_text(encoding="utf-8").endswith(f"\nNew in {NEXT}.\n")


def _changed(inner: Path) -> list[str]:
    """Return what git says of the whole repository, with its two letters."""
    return git("status", "--porcelain", "--untracked-files=all", cwd=_whole(inner)).splitlines()


def test_update_from_the_folder_and_from_above(inner: Path) -> None:
    """It brings what is new, marks a conflict, and touches nothing outside of the folder."""
    replace_once(inner / README, "# acme-sink\n", "# Ours\n")
    commit(inner, "Ours")
    assert copier("check-update", "--quiet", cwd=inner).returncode == 2
    assert copier("check-update", "--quiet", FOLDER, cwd=_whole(inner)).returncode == 2
    update(inner)
    assert _is_new(inner)
    changed = _changed(inner)
    assert f"UU {FOLDER}/{README}" in changed
    assert [line for line in changed if FOLDER not in line] == []

    # Undone in this folder alone: what others have changed meanwhile stays.
    append(_whole(inner) / OTHERS[0], "Not committed.\n")
    git("checkout", "HEAD", "--", ".", cwd=inner)
    git("clean", "--force", "--quiet", cwd=inner)
    assert _changed(inner) == [f" M {OTHERS[0]}"]

    update(_whole(inner), FOLDER)
    assert _is_new(inner)


@pytest.mark.nightly
def test_copier_looks_at_the_folder_alone(inner: Path) -> None:
    """A change elsewhere does not stop it and stays; a deletion elsewhere does not stay."""
    append(_whole(inner) / OTHERS[0], "Not committed.\n")
    (_whole(inner) / OTHERS[2]).unlink()
    update(inner)
    assert _is_new(inner)
    assert (_whole(inner) / OTHERS[0]).read_text(encoding="utf-8") == "Theirs.\nNot committed.\n"
    assert (_whole(inner) / OTHERS[2]).exists()


@pytest.mark.nightly
def test_rejected_changes_elsewhere_do_harm(inner: Path) -> None:
    """Ignored or not: the file beside one is reset; where there is none, the update breaks off."""
    append(_whole(inner) / OTHERS[0], "Not committed.\n")
    append(_whole(inner) / f"{OTHERS[0]}.rej", "")
    update(inner)
    assert (_whole(inner) / OTHERS[0]).read_text(encoding="utf-8") == "Theirs.\n"
    git("reset", "--hard", "--quiet", cwd=inner)
    git("clean", "--force", "--quiet", cwd=inner)
    append(_whole(inner) / "alone.rej", "")
    result = copier("update", "--defaults", cwd=inner)
    assert result.returncode == 1
    assert "pathspec 'alone' did not match any file(s) known to git" in result.stdout


def test_the_check_looks_at_the_folder_alone(rendered, tmp_path: Path) -> None:
    """From wherever it is run, as a hook at the top does; what the top ignores is told."""
    whole = tmp_path / "whole"
    inner = _put_into(whole, rendered("splunk_hec"))
    append(whole / OTHERS[0], "<<<<<<< a\n=======\n>>>>>>> b\n")
    append(whole / f"{OTHERS[0]}.rej", "")
    check = (sys.executable, f"{FOLDER}/tools/ownership.py")
    done = run(*check, cwd=whole)
    assert (done.returncode, done.stdout) == (0, "")
    append(inner / README, "<<<<<<< a\n=======\n>>>>>>> b\n")
    append(whole / ".gitignore", "deploy/\n")
    git("rm", "-r", "--cached", "--quiet", f"{FOLDER}/deploy", cwd=whole)
    done = run("make", "ownership", f"PYTHON={sys.executable}", cwd=inner)
    assert done.returncode == 2
    assert "README.md: conflict markers" in done.stdout
    assert "deploy/splunk_hec/small-service.env: git does not have it" in done.stdout
