"""Releases of the template: what is recorded, and the annotated tags that Copier finds them by.

python -m scripts.releases tags              make the recorded tags that this clone lacks
python -m scripts.releases release 1.2.3     check this state, and tag it
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.rendering import ROOT

RECORD = "releases.yaml"
# What `make reference` and `make examples` run, in their order, but the page of what was measured.
FRESH = (
    "faults", "elasticsearch_files", "site_reference", "sizing", "pictures",
    "ownership", "render_examples",
)  # fmt: skip
VERSION = re.compile(r"\d+\.\d+\.\d+")


class ReleaseError(Exception):
    """Says what is wrong and what to do."""


@dataclass(frozen=True)
class Release:
    """One recorded release."""

    version: str
    date: str
    commit: str

    @property
    def tag(self) -> str:
        """Name of its tag; Copier reads the version from it."""
        return f"v{self.version}"


def recorded(root: Path = ROOT) -> list[Release]:
    """Return the recorded releases, oldest first."""
    data = yaml.safe_load((root / RECORD).read_text(encoding="utf-8"))
    return [
        Release(**{key: str(value) for key, value in each.items()}) for each in data["releases"]
    ]


def make_tags(root: Path) -> list[str]:
    """Make the recorded tags that are missing; returns their names.

    Raises:
        ReleaseError: a tag is of another commit, is not annotated or is not alone on its commit;
            or a recorded commit is not in this clone.
    """
    made = []
    for release in recorded(root):
        if git(root, "cat-file", "-t", release.commit) != "commit":
            raise ReleaseError(
                f"{release.tag}: commit {release.commit[:10]} is not here: git fetch --unshallow"
            )
        if _has_tag(root, release):
            continue
        _tag(root, release.tag, release.commit, release.date)
        made.append(release.tag)
    return made


def _has_tag(root: Path, release: Release) -> bool:
    """Whether the tag of a release is there, as Copier needs it.

    Raises:
        ReleaseError: it is there in another way, or its commit has a second tag. Copier takes
            the name of a version from `git describe`, which looks at every tag.
    """
    again = f"git tag -d {release.tag}, then again"
    present = git(root, "rev-parse", "--verify", "--quiet", f"{release.tag}^{{commit}}")
    if present and present != release.commit:
        raise ReleaseError(
            f"{release.tag} is of {present[:10]}, recorded is {release.commit[:10]}: {again}"
        )
    if present and git(root, "cat-file", "-t", release.tag) != "tag":
        raise ReleaseError(f"{release.tag} is a lightweight tag and must be an annotated: {again}")
    others = set(git(root, "tag", "--points-at", release.commit).split()) - {release.tag}
    if others:
        names = " ".join(sorted(others))
        raise ReleaseError(
            f"the commit of {release.tag} has other tags, and Copier might record one of them:"
            f" git tag -d {names}, then again"
        )
    return bool(present)


def release(root: Path, version: str) -> str:
    """Check this state and tag it; returns the commit.

    Raises:
        ReleaseError: something is not ready.
    """
    if not VERSION.fullmatch(version):
        raise ReleaseError(f"{version!r} is no version: three numbers, e.g. 1.2.3")
    if git(root, "status", "--porcelain"):
        raise ReleaseError("the work tree is not clean: commit or stash first")
    newest = max((_numbers(each.version) for each in recorded(root)), default=(0, 0, 0))
    if _numbers(version) <= newest:
        raise ReleaseError(f"{version} is not newer than {'.'.join(map(str, newest))}")
    _check_changelog((root / "CHANGELOG.md").read_text(encoding="utf-8"), version)
    _check_fresh(root)
    head = git(root, "rev-parse", "HEAD")
    names = " ".join(git(root, "tag", "--points-at", "HEAD").split())
    if names:
        raise ReleaseError(
            f"this commit has a tag already, and Copier would be unsure of its version: {names}"
        )
    _tag(root, f"v{version}", head, git(root, "log", "-1", "--format=%cs"))
    return head


def git(root: Path, *arguments: str) -> str:
    """Return what git prints; empty when it fails."""
    command = ["git", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def _tag(root: Path, name: str, commit: str, date: str) -> None:
    """Make an annotated tag, the same object in every clone.

    Who made it and when are what the commit says of itself, and nobody signs it.
    """
    said = git(root, "log", "-1", "--format=%cn%n%ce%n%cI", commit).split("\n")
    names = ("GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE")
    command = ["git", "-C", str(root), "tag", "--annotate", "--no-sign", name, commit]
    done = subprocess.run(
        [*command, "-m", f"{name}, {date}"],
        env=os.environ | dict(zip(names, said, strict=True)),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise ReleaseError(f"git could not make the tag {name}: {done.stderr.strip()}")


def _check_changelog(text: str, version: str) -> None:
    if f"\n## {version} " not in text:
        raise ReleaseError(f"CHANGELOG.md has no section `## {version} (date)`")
    unreleased = text.partition("\n## Unreleased\n")[2].partition("\n## ")[0]
    if unreleased.strip():
        raise ReleaseError(f"CHANGELOG.md has entries under Unreleased: move them to {version}")


def _check_fresh(root: Path) -> None:
    """Render the examples and the reference anew: they must not change."""
    for module in FRESH:
        command = [sys.executable, "-m", f"scripts.{module}"]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ReleaseError(f"scripts.{module} fails:\n{done.stderr[-2_000:]}")
    changed = git(root, "status", "--porcelain")
    if changed:
        raise ReleaseError(f"these were stale and are new now, commit them:\n{changed}")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def main(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("tags")
    commands.add_parser("release").add_argument("version")
    options = parser.parse_args(arguments)
    try:
        if options.command == "tags":
            print("\n".join(make_tags(ROOT)) or "all recorded tags are here")
        else:
            commit = release(ROOT, options.version)
            print(f"v{options.version} is made. Now record it in {RECORD}, and commit that:")
            print(f"  - version: {options.version}")
            print(f"    date: {git(ROOT, 'log', '-1', '--format=%cs')}\n    commit: {commit}")
    except ReleaseError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
