"""Running commands away from this machine's settings, and reading what a project consists of."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_TOOLS_FOLDERS = {"__pycache__", ".git", ".hypothesis", ".venv"}


def files_of(folder: Path) -> list[Path]:
    """Return all files below a folder, without what tools leave there."""
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file()
        and not any(
            part in _TOOLS_FOLDERS or re.fullmatch(r"\..*_cache", part)
            for part in path.relative_to(folder).parts
        )
    )


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return relative path -> bytes for all files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}


def run(
    *command: str | Path, cwd: Path, env: dict[str, str] | None = None, timeout: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run a command; what it printed is in `stdout`, errors included."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**_quiet_environment(), **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=timeout,
        check=False,
    )


def install(project: Path, target: Path) -> Path:
    """Install a rendered project below `target`, and return that; for PYTHONPATH.

    Its dependencies are those of this interpreter.

    Raises:
        RuntimeError: pip failed; what it printed.
    """
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    command = (sys.executable, "-m", "pip", "install", *options, "--target", target, project)
    result = run(*command, cwd=project.parent)
    if result.returncode:
        raise RuntimeError(result.stdout)
    return target


_FOREIGN = ("PYTEST_", "COV_", "COVERAGE_", "FAPILOG_", "GIT_", "COPIER_")


def _quiet_environment() -> dict[str, str]:
    """Return the environment without what this run, git and Copier would pass on to another."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)} | {
        "PYTHONDONTWRITEBYTECODE": "1"
    }
