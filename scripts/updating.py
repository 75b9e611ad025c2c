"""Temporary releases of the template, projects made from them, and the `copier` that people run.

Nothing here needs trust or a network: a release is a tag in a temporary clone of this repository.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from scripts import running
from scripts.releases import RECORD, make_tags, recorded
from scripts.rendering import ROOT, TEMPLATE_PARTS, copy_template

WORKING_TREE = "v9.0.0"
PACKAGE = "acme_sink"
ANSWERS = ".copier-answers.yml"
RECORDED = tuple(recorded())


def run(*command: str | Path, cwd: Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    """Run a command away from this machine's configuration; its output is all in `stdout`."""
    who = {f"GIT_{role}_{part}": value for role in ("AUTHOR", "COMMITTER") for part, value in _WHO}
    return running.run(*command, cwd=cwd, env=who | _ALONE, timeout=timeout)


_WHO = (("NAME", "Test"), ("EMAIL", "test@example.com"))
# Git refuses every transport but files; the settings that Copier reads trust nobody.
_ALONE = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_ALLOW_PROTOCOL": "file",
    "COPIER_SETTINGS_PATH": str(ROOT / "tests" / "no_trust.yml"),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def _output(result: subprocess.CompletedProcess[str]) -> str:
    if result.returncode != 0:
        raise RuntimeError(f"{result.args}: exit code {result.returncode}\n{result.stdout}")
    return result.stdout


def git(*arguments: str | Path, cwd: Path) -> str:
    """Run git, expect success and return what it printed."""
    return _output(run("git", *arguments, cwd=cwd))


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
    shutil.copy(ROOT / RECORD, target)
    make_tags(target)
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
    options = ("--defaults", "--quiet", "--vcs-ref", ref)
    _output(copier("copy", *options, *data, template, target, cwd=target.parent))
    return target


def begin(project: Path) -> Path:
    """Put a project under git and return it."""
    git("init", "--quiet", "--initial-branch=main", cwd=project)
    commit(project, "From the template")
    return project


def update(project: Path, *options: str) -> str:
    """Update as the documentation says, expect exit code 0 and return what was printed."""
    return _output(copier("update", "--defaults", *options, cwd=project))


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
    if text.count(old) != 1:
        raise ValueError(f"{old!r} stands {text.count(old)} times in {path.name}")
    path.write_text(text.replace(old, new), encoding="utf-8")
