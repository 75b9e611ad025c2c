"""What one update does to every kind of edit, deletion and addition; docs/updating.md tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.updating import (
    append,
    begin,
    commit,
    generate,
    git,
    mapping_of,
    replace_once,
    small_template,
    unmerged,
    update,
)

pytestmark = pytest.mark.xdist_group("update")

MAPPING = "src/{{ package_name }}/splunk_hec/mapping.py"
README = "README.md"
CRLF = "docs/settings.md"
DELETED = "docs/deployment.md"
DELETED_AND_CHANGED = "docs/process-ends.md"
ADDED = "docs/ours.md"
ADDED_BY_BOTH = "docs/both.md"
GONE = "docs/gone.md"
LINES = "".join(f"line {number}\n" for number in range(1, 21))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a template with two releases that differ in every way that matters here."""
    root = small_template(tmp_path_factory.mktemp("edits") / "template")
    tree = root / "template"
    (tree / GONE).write_text("It will go.\n", encoding="utf-8")
    (tree / "docs" / "lines.md").write_text(LINES, encoding="utf-8")
    commit(root, "Before", tag="v1.1.0")
    (tree / GONE).unlink()
    (tree / ADDED_BY_BOTH).write_text("The template's.\n", encoding="utf-8")
    replace_once(tree / "docs" / "lines.md", "line 10\n", "line 10, new\n")
    for name in (CRLF, DELETED_AND_CHANGED):
        append(tree / name, "\nNew.\n")
    commit(root, "After", tag="v1.2.0")
    return root


@pytest.fixture(scope="module")
def updated(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project that its owner changed in every way, after the update."""
    target = tmp_path_factory.mktemp("edited") / "acme-sink"
    project = begin(generate(template, target, ref="v1.1.0"))
    lines = project / "docs" / "lines.md"
    replace_once(lines, "line 7\n", "line 7, ours\n")
    replace_once(lines, "line 12\n", "line 12, ours\n")
    git("config", "core.autocrlf", "true", cwd=project)
    page = project / CRLF
    page.write_bytes(b"Ours.\r\n" + page.read_bytes().replace(b"\n", b"\r\n"))
    append(project / GONE, "Ours.\n")
    append(mapping_of(project, "splunk_hec"), "\n\nOURS = 1\n")
    (project / DELETED).unlink()
    (project / DELETED_AND_CHANGED).unlink()
    (project / ADDED).write_text("Ours.\n", encoding="utf-8")
    (project / ADDED_BY_BOTH).write_text("Ours.\n", encoding="utf-8")
    commit(project, "Ours")
    update(project)
    return project


def test_edits_near_a_changed_line(updated: Path) -> None:
    """Two and three lines away, they stay, without a conflict."""
    text = (updated / "docs" / "lines.md").read_text(encoding="utf-8")
    assert "line 7, ours\n" in text
    assert "line 10, new\n" in text
    assert "line 12, ours\n" in text
    assert "docs/lines.md" not in unmerged(updated)


def test_line_ends_of_windows(updated: Path) -> None:
    """An editor that saves CRLF makes no conflict: git has LF, and so has the file afterwards."""
    data = (updated / CRLF).read_bytes()
    assert b"\r" not in data
    assert data.startswith(b"Ours.\n")
    assert data.endswith(b"\nNew.\n")
    assert CRLF not in unmerged(updated)


def test_deleted_files_stay_deleted(updated: Path) -> None:
    """Whether the template has changed them or not."""
    assert not (updated / DELETED).exists()
    assert not (updated / DELETED_AND_CHANGED).exists()


def test_an_added_file_stays(updated: Path) -> None:
    """The template knows nothing of it."""
    assert (updated / ADDED).read_text(encoding="utf-8") == "Ours.\n"


def test_a_file_that_both_added_conflicts(updated: Path) -> None:
    """Both texts are in it, between markers; nothing else is in conflict."""
    assert unmerged(updated) == [ADDED_BY_BOTH]
    text = (updated / ADDED_BY_BOTH).read_text(encoding="utf-8")
    assert "Ours.\n" in text
    assert "The template's.\n" in text


def test_a_file_that_the_template_drops_goes(updated: Path) -> None:
    """With the owner's edits, which the last commit has: git shows it as deleted."""
    assert not (updated / GONE).exists()
    assert f" D {GONE}\n" in git("status", "--porcelain", cwd=updated)
    assert git("show", f"HEAD:{GONE}", cwd=updated).endswith("Ours.\n")
