"""Updates over recorded releases keep what the owner did and bring everything else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.releases import Release
from scripts.updating import (
    ADDED,
    ANSWERS,
    DELETED,
    RECORDED,
    SEEDED,
    WORKING_TREE,
    begin,
    clone_with_releases,
    commit,
    content_of,
    copier,
    edit_as_owner,
    generate,
    git,
    mapping_of,
    replace_once,
    unmerged,
    update,
)
from tests.helpers import release_cases, run_python

NEXT = "v9.1.0"
ALWAYS = {(RECORDED[0], "splunk_hec"), (RECORDED[-1], "syslog_cef")}


pytestmark = pytest.mark.xdist_group("update")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a clone in which the recorded releases and the working tree are tagged."""
    return clone_with_releases(tmp_path_factory.mktemp("releases") / "template")


@pytest.fixture(scope="module")
def fresh(releases: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Return a function that gives a project of a release, in git; not to be changed."""
    made: dict[tuple[str, str], Path] = {}

    def project(platform: str, ref: str = WORKING_TREE) -> Path:
        if (platform, ref) not in made:
            target = tmp_path_factory.mktemp("fresh") / "acme-sink"
            made[platform, ref] = begin(generate(releases, target, platform=platform, ref=ref))
        return made[platform, ref]

    return project


@pytest.fixture
def take(fresh: Callable[[str, str], Path], tmp_path: Path) -> Callable[[str, str], Path]:
    """Return a function that gives a project of a release, to be changed."""

    def project(platform: str, ref: str) -> Path:
        return shutil.copytree(fresh(platform, ref), tmp_path / "acme-sink")

    return project


@pytest.mark.parametrize(("release", "platform"), release_cases(ALWAYS))
def test_owner_keeps_edits_and_gets_the_rest(
    releases: Path, fresh, take, release: Release, platform: str
) -> None:
    """No conflict; edits, deletion and added file stay; all else is as in a new project."""
    project = take(platform, release.tag)
    had = (project / DELETED).exists()
    kept = edit_as_owner(project, platform)
    update(project, f"--vcs-ref={WORKING_TREE}")
    assert unmerged(project) == []
    for name, text in kept.items():
        assert text in (project / name).read_text(encoding="utf-8"), name
    deleted = [DELETED] if had else []
    assert not had or not (project / DELETED).exists()
    assert content_of(project, *kept) == content_of(fresh(platform), *kept, *deleted)
    assert f"_commit: {WORKING_TREE}" in (project / ANSWERS).read_text(encoding="utf-8")
    assert run_python("tools/ownership.py", cwd=project) == ""


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("release", "platform"), release_cases(ALWAYS))
def test_updated_project_is_green(take, release: Release, platform: str) -> None:
    """After an update the project passes its layout test and those of its platform."""
    project = take(platform, release.tag)
    update(project, f"--vcs-ref={WORKING_TREE}")
    quiet = ("-q", "-p", "no:cacheprovider", "-x")
    tests = ("tests/test_layout.py", f"tests/{platform}")
    run_python("-m", "pytest", *quiet, *tests, cwd=project, timeout=600)


@pytest.fixture(scope="module")
def following(releases: Path) -> str:
    """Release the working tree once more, with other lines in files that owners edit."""
    tree = releases / "template"
    readme = tree / "README.md.jinja"
    text = readme.read_text(encoding="utf-8")
    readme.write_text(f"# A new first line\n{text}", encoding="utf-8")
    mapping = tree / "src" / "{{ package_name }}" / "splunk_hec" / "mapping.py"
    replace_once(mapping, "Event = dict[str, Any]\n", "Event = dict[str, Any]\nNEW = True\n")
    commit(releases, "Other lines", tag=NEXT)
    return NEXT


def test_conflict_where_both_changed_a_line(take, following: str) -> None:
    """Markers in the one file, both sides readable, and exit code 0, as documented."""
    project = take("splunk_hec", WORKING_TREE)
    readme, mapping = project / "README.md", mapping_of(project, "splunk_hec")
    readme.write_text(f"# Ours\n{readme.read_text(encoding='utf-8')}", encoding="utf-8")
    ours = "    return at(event, 'data', 'when') or event.get(\"timestamp\")\n"
    replace_once(mapping, '    return event.get("timestamp")\n', ours)
    commit(project, "Ours")
    update(project)
    assert unmerged(project) == ["README.md"]
    text = readme.read_text(encoding="utf-8")
    assert "# Ours\n" in text
    assert "# A new first line" in text
    merged = mapping.read_text(encoding="utf-8")
    assert ours in merged
    assert "NEW = True\n" in merged


def test_update_of_an_update_is_a_new_project(fresh, take, following: str) -> None:
    """Two steps end where one step begins, a third changes nothing, and `check-update` says so."""
    project = take("splunk_hec", RECORDED[-1].tag)
    for ref in (WORKING_TREE, following):
        assert copier("check-update", "--quiet", cwd=project).returncode == 2
        update(project, f"--vcs-ref={ref}")
        commit(project, ref)
    assert content_of(project) == content_of(fresh("splunk_hec", following))
    assert copier("check-update", "--quiet", cwd=project).returncode == 0
    update(project)
    assert git("status", "--porcelain", cwd=project) == ""


def test_recopy_drops_edits_and_brings_back_the_deleted(fresh, take, following: str) -> None:
    """`copier recopy` renders anew: edits are gone, deleted files are back, added files stay."""
    project = take("splunk_hec", WORKING_TREE)
    edit_as_owner(project, "splunk_hec")
    result = copier("recopy", "--defaults", "--overwrite", cwd=project)
    assert result.returncode == 0, result.stdout
    assert content_of(project, ADDED) == content_of(fresh("splunk_hec", following))
    assert (project / ADDED).exists()
    assert "Ours." not in (project / SEEDED).read_text(encoding="utf-8")


NEW_QUESTION = """
team:
  type: str
  help: Who is called?
  default: "{{ user_name }}"
"""


def test_new_and_renamed_questions(tmp_path: Path) -> None:
    """A new question takes its default, and a renamed one the answer given to its old name."""
    template = clone_with_releases(tmp_path / "template")
    project = tmp_path / "acme-sink"
    begin(generate(template, project, platform="splunk_hec", ref=WORKING_TREE, user_name="Ann"))
    questions = template / "copier.yml"
    text = questions.read_text(encoding="utf-8")
    renamed = text.replace("\nuser_name:\n", "\nauthor_name:\n").replace(
        'default: "The {{ distribution_name }} developers"',
        "default: \"{{ _external_data.recorded.user_name | default('Nobody') }}\"",
    )
    renamed = renamed.replace("sentence(user_name, 80)", "sentence(author_name, 80)")
    new = NEW_QUESTION.replace("user_name", "author_name")
    questions.write_text(renamed + new, encoding="utf-8")
    for path in (template / "template").glob("*.jinja"):
        body = path.read_text(encoding="utf-8").replace("user_name", "author_name")
        path.write_text(body, encoding="utf-8")
    for path in (template / "includes").rglob("*"):
        if path.is_file():
            body = path.read_text(encoding="utf-8").replace("user_name", "author_name")
            path.write_text(body, encoding="utf-8")
    commit(template, "Another name", tag=NEXT)
    update(project)
    record = (project / ANSWERS).read_text(encoding="utf-8")
    assert "author_name: Ann\n" in record
    assert "team: Ann\n" in record
    assert "user_name:" not in record
    assert "Ann" in (project / "LICENSE").read_text(encoding="utf-8")
