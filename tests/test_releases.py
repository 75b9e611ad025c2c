"""Releases are on record, and any clone can make their tags again."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from scripts import releases
from scripts.releases import Release, ReleaseError, git, make_tags, recorded, release
from scripts.rendering import ROOT


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a clone without tags."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{role}_NAME", "Test")
        monkeypatch.setenv(f"GIT_{role}_EMAIL", "test@example.com")
    folder = tmp_path / "clone"
    command = ["git", "clone", "--quiet", "--no-tags", str(ROOT), str(folder)]
    subprocess.run(command, check=True)
    return folder


def commit(folder: Path, text: str) -> None:
    """Commit everything."""
    subprocess.run(["git", "-C", str(folder), "add", "--all"], check=True)
    subprocess.run(["git", "-C", str(folder), "commit", "--quiet", "-m", text], check=True)


def test_record_is_true() -> None:
    """Each release is an ancestor of this state, of its date, and newer than the one before."""
    known = recorded()
    assert len(known) >= 3
    numbers = [[int(part) for part in each.version.split(".")] for each in known]
    assert numbers == sorted(numbers)
    for each in known:
        assert git(ROOT, "merge-base", each.commit, "HEAD") == each.commit, each
        assert git(ROOT, "log", "-1", "--format=%cs", each.commit) == each.date, each
        assert f"## {each.version} ({each.date})" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_a_clone_makes_its_tags(clone: Path) -> None:
    """Annotated ones, one on a commit; made once."""
    known = recorded()
    assert make_tags(clone) == [each.tag for each in known]
    assert make_tags(clone) == []
    for each in known:
        assert git(clone, "cat-file", "-t", each.tag) == "tag"
        assert git(clone, "tag", "--points-at", each.commit) == each.tag


def test_copier_finds_a_release(clone: Path, tmp_path: Path) -> None:
    """The answers file has the version, and the newest is taken when none is asked for."""
    make_tags(clone)
    newest = recorded()[-1]
    for number, reference in enumerate([(), ("--vcs-ref", recorded()[0].tag)]):
        project = tmp_path / f"project{number}"
        command = [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", *reference]
        command += ["--data", "platform=splunk_hec", str(clone), str(project)]
        subprocess.run(command, check=True, capture_output=True)
        answers = yaml.safe_load((project / ".copier-answers.yml").read_text("utf-8"))
        assert answers["_commit"] == (recorded()[0].tag if reference else newest.tag)


def test_a_moved_tag_is_not_overwritten(clone: Path) -> None:
    """Somebody's tag of that name on another commit is theirs to look at."""
    first = recorded()[0]
    subprocess.run(["git", "-C", str(clone), "tag", "-am", "x", first.tag, "HEAD"], check=True)
    with pytest.raises(ReleaseError, match=f"git tag -d {first.tag}"):
        make_tags(clone)


@pytest.mark.parametrize("more", [(), ("-a", "-m", "x")], ids=["lightweight", "annotated"])
def test_a_second_tag_on_a_release_is_refused(clone: Path, more: tuple[str, ...]) -> None:
    """Copier would take whichever `git describe` finds, and no later update can order it."""
    first = recorded()[0]
    git(clone, "tag", *more, "latest", first.commit)
    with pytest.raises(ReleaseError, match="git tag -d latest, then again"):
        make_tags(clone)
    assert git(clone, "tag").split() == ["latest"]
    git(clone, "tag", "-d", "latest")
    make_tags(clone)
    git(clone, "tag", *more, "v1", first.commit)
    with pytest.raises(ReleaseError, match="git tag -d v1, then again"):
        make_tags(clone)


def test_a_lightweight_tag_of_a_release_is_refused(clone: Path) -> None:
    """It is of the right commit and has the right name, and still is not found first."""
    first = recorded()[0]
    git(clone, "tag", first.tag, first.commit)
    with pytest.raises(ReleaseError, match=f"lightweight.*git tag -d {first.tag}, then again"):
        make_tags(clone)


def test_tags_are_the_same_in_every_clone(
    clone: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody has to tell git who they are, and what they set does not get into the tags."""
    made = make_tags(clone)
    other = tmp_path / "other"
    git(clone, "clone", "--quiet", "--no-tags", str(ROOT), str(other))
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    settings = tmp_path / "gitconfig"
    settings.write_text("[user]\n\tuseConfigOnly = true\n[tag]\n\tgpgSign = true\n", "utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    assert make_tags(other) == made
    objects = [git(folder, "rev-parse", *made) for folder in (clone, other)]
    assert objects[0] == objects[1]
    assert len(objects[0].split()) == len(made)


def test_a_shallow_clone_says_what_it_lacks(clone: Path, tmp_path: Path) -> None:
    """The commits are not there."""
    shallow = tmp_path / "shallow"
    command = ["git", "clone", "--quiet", "--depth=1", clone.as_uri(), str(shallow)]
    subprocess.run(command, check=True)
    with pytest.raises(ReleaseError, match="--unshallow"):
        make_tags(shallow)


def prepared(clone: Path, version: str = "99.0.0") -> None:
    """Make the clone ready for a release."""
    changelog = clone / "CHANGELOG.md"
    text = changelog.read_text("utf-8").replace(
        "\n## Unreleased\n", f"\n## {version} (2026-11-25)\n"
    )
    changelog.write_text(
        text if version in text else f"{text}\n## {version} (2026-11-25)\n", "utf-8"
    )
    commit(clone, "Prepare")


def test_release_makes_one_annotated_tag(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And not a second one on the same commit."""
    prepared(clone)
    monkeypatch.setattr(releases, "_check_fresh", lambda root: None)
    head = release(clone, "99.0.0")
    assert git(clone, "cat-file", "-t", "v99.0.0") == "tag"
    assert git(clone, "rev-parse", "v99.0.0^{commit}") == head == git(clone, "rev-parse", "HEAD")
    (clone / "CHANGELOG.md").write_text(
        (clone / "CHANGELOG.md").read_text("utf-8") + "\n## 99.1.0 (2026-11-26)\n", "utf-8"
    )
    commit(clone, "Prepare another")
    subprocess.run(["git", "-C", str(clone), "tag", "light"], check=True)
    with pytest.raises(ReleaseError, match=r"has a tag already.*: light$"):
        release(clone, "99.1.0")
    git(clone, "tag", "-d", "light")
    git(clone, "tag", "-a", "-m", "x", "latest")
    with pytest.raises(ReleaseError, match=r"has a tag already.*: latest$"):
        release(clone, "99.1.0")


def test_release_refuses_what_is_not_ready(clone: Path) -> None:
    """Each with what to do next."""
    with pytest.raises(ReleaseError, match="three numbers"):
        release(clone, "v1")
    with pytest.raises(ReleaseError, match="not newer"):
        release(clone, "0.0.1")
    with pytest.raises(ReleaseError, match="no section"):
        release(clone, "99.0.0")
    (clone / "left").touch()
    with pytest.raises(ReleaseError, match="not clean"):
        release(clone, "99.0.0")
    (clone / "left").unlink()
    changelog = clone / "CHANGELOG.md"
    text = changelog.read_text("utf-8")
    more = "\n## Unreleased\n\n- x\n\n## 99.0.0 (2026-11-25)\n"
    changelog.write_text(more + text.replace("\n## Unreleased\n", "\n"), "utf-8")
    commit(clone, "Leave something unreleased")
    with pytest.raises(ReleaseError, match="under Unreleased"):
        release(clone, "99.0.0")


def test_release_refuses_stale_examples(clone: Path) -> None:
    """What the template makes must be what is committed."""
    prepared(clone)
    stale = clone / "examples" / "splunk-hec" / "README.md"
    stale.write_text("stale", "utf-8")
    commit(clone, "Spoil an example")
    with pytest.raises(ReleaseError, match="stale"):
        release(clone, "99.0.0")
    assert not git(clone, "tag", "--list", "v99*")


def test_tag_is_the_version() -> None:
    """With a v, as Copier's documentation has it."""
    assert Release("1.2.3", "2026-11-25", "0" * 40).tag == "v1.2.3"
