"""Small things that several tests need."""

import os
import re
import subprocess
import sys
from pathlib import Path

TEXT_SUFFIXES = {
    "",
    ".cfg",
    ".conf",
    ".env",
    ".ini",
    ".json",
    ".md",
    ".py",
    ".service",
    ".toml",
    ".typed",
    ".xml",
    ".yaml",
    ".yml",
}

_TOOLS_FOLDERS = {"__pycache__", ".git", ".hypothesis", ".venv"}

# GitHub's expressions, and those of an ingest pipeline of Elasticsearch, look like Jinja's.
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}|\{\{\{_ingest\.\w+\}\}\}")


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


def leftovers_in(text: str) -> list[str]:
    """Return the lines in which Jinja was not rendered."""
    lines = _EXPRESSION.sub("", text).splitlines()
    return [line for line in lines if "{{" in line or "{%" in line or "{#" in line]


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


def run_python(*arguments: str | Path, cwd: Path, timeout: float = 120) -> str:
    """Run this interpreter in a rendered project, expect success and return what it printed."""
    result = run(sys.executable, *arguments, cwd=cwd, timeout=timeout)
    assert result.returncode == 0, result.stdout[-6_000:]
    return result.stdout


def installed(project: Path, folder: Path) -> dict[str, str]:
    """Install a rendered project into `folder`; return the environment in which Python finds it.

    Its dependencies are those of this interpreter.
    """
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    run_python("-m", "pip", "install", *options, "--target", folder, project, cwd=project.parent)
    return {"PYTHONPATH": str(folder)}


_FOREIGN = ("PYTEST_", "COV_", "COVERAGE_", "FAPILOG_", "GIT_", "COPIER_")


def _quiet_environment() -> dict[str, str]:
    """Return the environment without what this run, git and Copier would pass on to another."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)} | {
        "PYTHONDONTWRITEBYTECODE": "1"
    }
