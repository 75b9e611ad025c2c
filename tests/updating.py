"""Temporary releases of the template, projects made from them, and the `copier` that people run.

Nothing here needs trust or a network: a release is a tag in a temporary clone of this repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from scripts.rendering import ROOT, TEMPLATE_PARTS, copy_template
from tests import helpers

_RELEASES = ROOT / "releases.yaml"

# Complete states of the template, oldest first; used until releases are on record.
_STATES = (
    ("0.0.1", "41363ee3ff5e7993dbda766fa6b794e8cac0379e"),
    ("0.0.2", "fcf7b62f4e9d2ef4c9e608a9aac6959eaf9f3783"),
    ("0.0.3", "ffd383388b44d69996e2ad1b46aa308c803abf83"),
    ("0.0.4", "4a4ec313c64b58c4bdf5c0c5f1284726f3de6aea"),
)
WORKING_TREE = "v9.0.0"
PACKAGE = "acme_sink"
ANSWERS = ".copier-answers.yml"


@dataclass(frozen=True)
class Release:
    """A version and the commit that it is of."""

    version: str
    commit: str

    @property
    def tag(self) -> str:
        """Its name in git."""
        return f"v{self.version}"


def _recorded() -> tuple[Release, ...]:
    """Return the releases on record, oldest first."""
    if not _RELEASES.exists():
        return tuple(Release(version, commit) for version, commit in _STATES)
    found = yaml.safe_load(_RELEASES.read_text(encoding="utf-8"))
    entries = found["releases"] if isinstance(found, dict) else found
    releases = [Release(str(entry["version"]), entry["commit"]) for entry in entries]
    return tuple(sorted(releases, key=lambda each: [int(n) for n in each.version.split(".")]))


RECORDED = _recorded()


def run(*command: str | Path, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command away from this machine's configuration; its output is all in `stdout`."""
    who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in _WHO}
    return helpers.run(*command, cwd=cwd, env=who | _ALONE, timeout=timeout)


_WHO = (("NAME", "Test"), ("EMAIL", "test@example.com"))
# Git refuses every transport but files; the settings that Copier reads trust nobody.
_ALONE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file",
    "COPIER_SETTINGS_PATH": str(ROOT / "tests" / "no_trust.yml"),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def git(*arguments: str | Path, cwd: Path) -> str:
    """Run git, expect success and return what it printed."""
    result = run("git", *arguments, cwd=cwd)
    assert result.returncode == 0, result.stdout
    return result.stdout


def copier(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command `copier` as people do."""
    return run(sys.executable, "-m", "copier", *arguments, cwd=cwd)


def commit(folder: Path, message: str, tag: str = "") -> None:
    """Commit all there is, with an annotated tag if one is named."""
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--allow-empty", "--message", message, cwd=folder)
    if tag:
        git("tag", "--annotate", tag, "--message", message, cwd=folder)


def clone_with_releases(target: Path) -> Path:
    """Clone this repository to `target`, tag recorded releases, and release the working tree."""
    git("clone", "--quiet", "--no-tags", ROOT, target, cwd=ROOT)
    for release in RECORDED:
        git("tag", "--annotate", release.tag, release.commit, "-m", release.tag, cwd=target)
    current = copy_template(target.with_name(f"{target.name}-current"))
    for part in TEMPLATE_PARTS:
        shutil.rmtree(target / part)
        shutil.move(current / part, target / part)
    shutil.copy(current / "copier.yml", target)
    shutil.rmtree(current)
    commit(target, "The working tree", tag=WORKING_TREE)
    return target


def generate(template: Path, target: Path, *, platform: str, ref: str, **more: str) -> Path:
    """Make a project of `platform` from one release of the template, without git."""
    answers = {"platform": platform, "distribution_name": PACKAGE.replace("_", "-"), **more}
    data = [f"--data={name}={value}" for name, value in answers.items()]
    result = copier(
        "copy", "--defaults", "--quiet", "--vcs-ref", ref, *data, template, target, cwd=template
    )
    assert result.returncode == 0, result.stdout
    return target


def begin(project: Path) -> Path:
    """Put a project under git and return it."""
    git("init", "--quiet", "--initial-branch=main", cwd=project)
    commit(project, "From the template")
    return project


def update(project: Path, *options: str) -> str:
    """Update as the documentation says, expect exit code 0 and return what was printed."""
    result = copier("update", "--defaults", *options, cwd=project)
    assert result.returncode == 0, result.stdout
    return result.stdout


def unmerged(project: Path) -> list[str]:
    """Return the files that git lists as conflicting, or that hold what a conflict leaves."""
    listed = git("diff", "--name-only", "--diff-filter=U", cwd=project).split()
    marked = run("git", "grep", "--untracked", "-lE", "^(<<<<<<<|>>>>>>>) ", cwd=project)
    rejects = [path.relative_to(project).as_posix() for path in project.rglob("*.rej")]
    return sorted({*listed, *marked.stdout.split(), *rejects})


def config_of(project: Path, platform: str) -> Path:
    """Return the owner's settings."""
    return project / "src" / PACKAGE / platform / "config.py"


def mapping_of(project: Path, platform: str) -> Path:
    """Return the owner's mapping."""
    return project / "src" / PACKAGE / platform / "mapping.py"


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace a text that stands exactly once in a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")
