"""Updates over recorded releases keep what the owner did and bring everything else."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.rendering import PLATFORMS
from tests.helpers import contents_of, run_python
from tests.updating import (
    ANSWERS,
    RECORDED,
    WORKING_TREE,
    Release,
    begin,
    clone_with_releases,
    commit,
    config_of,
    generate,
    mapping_of,
    unmerged,
    update,
)

SEEDED = "CHANGELOG.md"
DELETED = "docs/process-ends.md"
ADDED = "src/acme_sink/ours.py"
NEXT = "v9.1.0"
ALWAYS = {(RECORDED[0], "splunk_hec"), (RECORDED[-1], "syslog_cef")}
SETTING = '    team: str = "ours"\n    """Who is called at night."""\n'


def _cases() -> list[object]:
    """Return each recorded release with each platform; two of them belong to the normal run."""
    return [
        pytest.param(
            release,
            platform,
            id=f"{release.version}-{platform}",
            marks=() if (release, platform) in ALWAYS else pytest.mark.nightly,
        )
        for release in RECORDED
        for platform in PLATFORMS
    ]


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


def _content(project: Path, *without: str) -> dict[str, bytes]:
    """Return the files of a project, but those named, the seeded one and Copier's record."""
    found = contents_of(project)
    return {name: found[name] for name in found if name not in {ANSWERS, SEEDED, *without}}


def _own(project: Path, platform: str) -> dict[str, str]:
    """Edit, add and delete as an owner does; return file -> text that has to stay in it."""
    config = config_of(project, platform)
    text = config.read_text(encoding="utf-8")
    head = re.search(r"(?m)^class \w+Config\([^)]*\):\n    \"\"\"[^\"]*\"\"\"\n\n", text)
    assert head is not None
    text = text[: head.end()] + SETTING + text[head.end() :]
    config.write_text(text, encoding="utf-8")
    mapping = mapping_of(project, platform)
    ours = "\n\ndef ours(event: Event) -> Any:\n    return event\n"
    mapping.write_text(mapping.read_text(encoding="utf-8") + ours, encoding="utf-8")
    readme, changes = project / "README.md", project / SEEDED
    for page in (readme, changes):
        page.write_text(page.read_text(encoding="utf-8") + "\nOurs.\n", encoding="utf-8")
    (project / DELETED).unlink(missing_ok=True)
    (project / ADDED).write_text("OURS = 1\n", encoding="utf-8")
    commit(project, "Ours")
    return {
        config.relative_to(project).as_posix(): SETTING,
        mapping.relative_to(project).as_posix(): ours,
        "README.md": "\nOurs.\n",
        SEEDED: "\nOurs.\n",
        ADDED: "OURS = 1\n",
    }


@pytest.mark.parametrize(("release", "platform"), _cases())
def test_owner_keeps_edits_and_gets_the_rest(
    releases: Path, fresh, take, release: Release, platform: str
) -> None:
    """No conflict; edits, deletion and added file stay; all else is as in a new project."""
    project = take(platform, release.tag)
    had = (project / DELETED).exists()
    kept = _own(project, platform)
    update(project)
    assert unmerged(project) == []
    for name, text in kept.items():
        assert text in (project / name).read_text(encoding="utf-8"), name
    deleted = [DELETED] if had else []
    assert not had or not (project / DELETED).exists()
    assert _content(project, *kept) == _content(fresh(platform), *kept, *deleted)
    assert f"_commit: {WORKING_TREE}" in (project / ANSWERS).read_text(encoding="utf-8")


@pytest.mark.nightly
@pytest.mark.parametrize(("release", "platform"), _cases())
def test_updated_project_is_green(take, release: Release, platform: str) -> None:
    """After an update the project passes its layout test and those of its platform."""
    project = take(platform, release.tag)
    update(project)
    quiet = ("-q", "-p", "no:cacheprovider", "-x")
    run_python("-m", "pytest", *quiet, "tests/test_layout.py", f"tests/{platform}", cwd=project)
