"""Temporary releases of the template, projects made from them, and the `copier` that people run.

Nothing here needs trust or a network: a release is a tag in a temporary clone of this repository.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from scripts import running
from scripts.releases import RECORD, make_tags, recorded
from scripts.rendering import ROOT, TEMPLATE_PARTS, copy_template

WORKING_TREE = "v9.0.0"
PACKAGE = "acme_sink"
PACKAGE_FOLDER = "src/{{ package_name }}"
ANSWERS = ".copier-answers.yml"
FIRST = "v1.0.0"
SEEDED = "CHANGELOG.md"
DELETED = "docs/process-ends.md"
ADDED = f"src/{PACKAGE}/ours.py"
SETTING = '    team: str = "ours"\n    """Who is called at night."""\n'
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


def copier(
    *arguments: str | Path, cwd: Path, python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run the command `copier` as people do; that of another `python` may be another version."""
    return run(python, "-m", "copier", *arguments, cwd=cwd)


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


_LARGE = (
    "benchmarks",
    "deploy",
    "tests",
    "tools",
    f"{PACKAGE_FOLDER}/_command",
    f"{PACKAGE_FOLDER}/_delivery",
)


def small_template(target: Path) -> Path:
    """Make a repository of the working tree as release v1.0.0, with few files, and return it.

    A few files are enough to see what Copier does to them, and render in a fraction of the time.
    """
    copy_template(target)
    for name in _LARGE:
        shutil.rmtree(target / "template" / name)
    shutil.copy(ROOT / ".gitattributes", target)
    begin(target)
    git("tag", "--annotate", FIRST, "--message", FIRST, cwd=target)
    return target


def generate(
    template: Path, target: Path, *, platform: str = "splunk_hec", ref: str = "", **more: str
) -> Path:
    """Make a project from one release of the template, the newest if none is named, without git."""
    answers = {"platform": platform, "distribution_name": PACKAGE.replace("_", "-"), **more}
    data = [f"--data={name}={value}" for name, value in answers.items()]
    options = ["--defaults", "--quiet", *([f"--vcs-ref={ref}"] if ref else [])]
    _output(copier("copy", *options, *data, template, target, cwd=target.parent))
    return target


def begin(project: Path) -> Path:
    """Put a folder under git and return it."""
    git("init", "--quiet", "--initial-branch=main", cwd=project)
    commit(project, "First")
    return project


def update(project: Path, *options: str) -> str:
    """Update as the documentation says, expect exit code 0 and return what was printed."""
    return _output(copier("update", "--defaults", *options, cwd=project))


def edit_record(project: Path, **values: object) -> None:
    """Change lines of Copier's record as an owner does in an editor, and commit it."""
    record = project / ANSWERS
    text = record.read_text(encoding="utf-8")
    for name, value in values.items():
        text = re.sub(rf"(?m)^{name}: .*\n", "", text) + f"{name}: {value}\n"
    record.write_text(text, encoding="utf-8")
    commit(project, f"Another {', '.join(values)}")


def recorded_in(project: Path) -> dict[str, Any]:
    """Return Copier's record of a project."""
    return yaml.safe_load((project / ANSWERS).read_text(encoding="utf-8"))


def append(path: Path, text: str) -> None:
    """Add lines at the end of a file, or make it."""
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    path.write_text(before + text, encoding="utf-8")


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


def content_of(project: Path, *without: str) -> dict[str, bytes]:
    """Return the files of a project, but those named, the seeded one and Copier's record."""
    found = running.contents_of(project)
    return {name: found[name] for name in found if name not in {ANSWERS, SEEDED, *without}}


def edit_as_owner(project: Path, platform: str) -> dict[str, str]:
    """Edit, add and delete as an owner does; return file -> text that has to stay in it."""
    config, mapping = config_of(project, platform), mapping_of(project, platform)
    text = config.read_text(encoding="utf-8")
    head = re.search(r"(?m)^class \w+Config\([^)]*\):\n    \"\"\"[^\"]*\"\"\"\n\n", text)
    if head is None:
        raise ValueError(f"{config.name} has no class of settings")
    text = text[: head.end()] + SETTING + text[head.end() :]
    config.write_text(text, encoding="utf-8")
    ours = "\n\ndef ours(event: Event) -> Any:\n    return event\n"
    append(mapping, ours)
    for page in ("README.md", SEEDED):
        append(project / page, "\nOurs.\n")
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
