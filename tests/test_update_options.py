"""The options of `copier update` that the guide names do what it says."""

from __future__ import annotations

from pathlib import Path

import pytest
from copier import run_update
from copier.errors import CopierAnswersInterrupt

from scripts.updating import (
    FIRST,
    append,
    commit,
    copier,
    git,
    recorded_in,
    replace_once,
    unmerged,
    update,
)
from tests.helpers import at_terminal, contents_of

pytestmark = pytest.mark.xdist_group("update")

NEXT = "v1.1.0"
README = "README.md"
PAGE = "docs/updating.md"
QUESTION = """
team:
  type: str
  help: Who is called?
  default: nobody
"""
ENTER, INTERRUPT = "\r", "\x03"
TITLE = "# acme-sink\n"


def test_conflict_rej(small_project: Path, origin: Path) -> None:
    """The file has the template's lines, `.rej` the owner's, and all can be taken back."""
    replace_once(small_project / README, TITLE, "# Ours\n")
    append(small_project / PAGE, "\nOurs.\n")
    commit(small_project, "Ours")
    replace_once(
        origin / "template" / f"{README}.jinja", "# {{ distribution_name }}\n", "# Theirs\n"
    )
    commit(origin, "Theirs", tag=NEXT)
    update(small_project, "--conflict", "rej")
    text = (small_project / README).read_text(encoding="utf-8")
    assert text.startswith("# Theirs\n")
    assert "<<<<<<<" not in text
    assert unmerged(small_project) == [f"{README}.rej"]
    rejected = (small_project / f"{README}.rej").read_text(encoding="utf-8")
    assert "\n-# acme-sink\n+# Ours\n" in rejected
    assert (small_project / PAGE).read_text(encoding="utf-8").endswith("\nOurs.\n")
    git("reset", "--hard", "--quiet", cwd=small_project)
    git("clean", "--force", "--quiet", cwd=small_project)
    assert (small_project / README).read_text(encoding="utf-8").startswith("# Ours\n")
    assert git("status", "--porcelain", cwd=small_project) == ""
    assert recorded_in(small_project)["_commit"] == FIRST


def test_skip_answered(small_project: Path, origin: Path) -> None:
    """The new question is asked and no other; with `--defaults` not even that one."""
    answers = recorded_in(small_project)
    append(origin / "copier.yml", QUESTION)
    commit(origin, "Another question", tag=NEXT)
    update(small_project, "--skip-answered")
    assert recorded_in(small_project) == {**answers, "_commit": NEXT, "team": "nobody"}
    git("reset", "--hard", "--quiet", cwd=small_project)
    asked = {"skip_answered": True, "overwrite": True, "quiet": True}
    at_terminal(f" but us{ENTER}{INTERRUPT}", run_update, small_project, **asked)
    assert recorded_in(small_project) == {**answers, "_commit": NEXT, "team": "nobody but us"}
    git("reset", "--hard", "--quiet", cwd=small_project)
    with pytest.raises(CopierAnswersInterrupt):
        at_terminal(f"{ENTER}{INTERRUPT}", run_update, small_project, overwrite=True, quiet=True)


@pytest.mark.nightly
def test_a_folder_in_the_place_of_a_file(small_project: Path, origin: Path) -> None:
    """The update breaks off halfway; the two commands of the guide take all of it back."""
    (small_project / PAGE).unlink()
    (small_project / PAGE).mkdir()
    append(small_project / PAGE / "ours.md", "Ours.\n")
    append(small_project / README, "\nOurs.\n")
    append(small_project / ".gitignore", "*.local\n")
    commit(small_project, "Ours")
    append(small_project / "ours.local", "Not in git.\n")
    append(origin / "template" / "docs" / "new.md", "New.\n")
    commit(origin, "Theirs", tag=NEXT)
    before = contents_of(small_project)
    result = copier("update", "--defaults", cwd=small_project)
    assert result.returncode == 1
    assert result.stdout.rstrip().endswith("AssertionError")
    assert contents_of(small_project) != before
    git("reset", "--hard", "--quiet", cwd=small_project)
    git("clean", "--force", "-d", "--quiet", cwd=small_project)
    assert contents_of(small_project) == before
