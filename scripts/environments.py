"""Interpreters of this machine, and virtual environments with exact packages, kept below build/."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.rendering import ROOT

PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
"""The versions of CPython that are looked for, oldest first."""
HOSTS = ("0.11.0", "0.14.0", "0.15.0", "0.16.0", "0.18.1")
"""The versions of fapilog at which something changed for a sink, oldest first."""
LIBRARIES = ("httpx", "orjson", "pydantic")
"""What a generated project runs on, beside fapilog."""
CACHE = ROOT / "build" / "matrix"
INSTALL_SECONDS = 600

_PIN = re.compile(r"(?m)^([a-z0-9._-]+)(?:\[\w+\])?==(\S+?)((?: ;[^\\\n]*)?) ?\\?$")


class Unavailable(Exception):
    """An interpreter or an environment cannot be had here; the text says why."""


class Unreachable(Unavailable):
    """The package index does not answer."""


@dataclass(frozen=True)
class Interpreter:
    """A CPython of this machine."""

    minor: str
    """`3.12`."""
    version: str
    """`3.12.1`."""
    path: Path


def interpreter(minor: str) -> Interpreter:
    """Return a CPython of that minor version: the one on the path, else pyenv's newest.

    Raises:
        Unavailable: there is none.
    """
    for candidate in _candidates(minor):
        version, _, path = _asked(candidate).partition(" ")
        if version.startswith(f"{minor}."):
            return Interpreter(minor, version, Path(path))
    raise Unavailable(f"there is no CPython {minor} on the path or in pyenv")


def pins() -> dict[str, str]:
    """Return name -> version as pinned in requirements.txt; of two for two Pythons, one."""
    return {name: version for name, version, _ in _pinned()}


def environment(
    python: Path, wanted: Iterable[str], free: Iterable[str] = (), age: str = ""
) -> Path:
    """Return the interpreter of an environment with these packages, made at its first use.

    What they need in turn is taken as pinned in requirements.txt.

    Args:
        python: Makes the environment.
        wanted: Requirements, with versions.
        free: Names of packages that are not held to their pins.
        age: Made anew when this changes, for what has no version.

    Raises:
        Unreachable: the package index does not answer.
        Unavailable: it has no such package for that Python.
    """
    wanted = sorted(wanted)
    free = {*free, *(re.split(r"[=<>]", each)[0] for each in wanted)}
    constraints = [f"{name}=={v}{marker}" for name, v, marker in _pinned() if name not in free]
    recipe = "\n".join([_asked(python), age, *wanted, *constraints])
    folder = CACHE / hashlib.sha256(recipe.encode()).hexdigest()[:16]
    made = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "ready").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        (folder / "constraints.txt").write_text("\n".join(constraints), encoding="utf-8")
        _run(python, "-m", "venv", "--without-pip", folder)
        options = ("--quiet", "--disable-pip-version-check", "--only-binary=:all:")
        held = ("--constraint", folder / "constraints.txt")
        _run(sys.executable, "-m", "pip", "--python", made, "install", *options, *held, *wanted)
        (folder / "ready").write_text(recipe, encoding="utf-8")
    return made


def _candidates(minor: str) -> Iterator[Path]:
    on_path = shutil.which(f"python{minor}")
    if on_path:
        yield Path(on_path)
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    patch = re.compile(rf"{re.escape(minor)}\.(\d+)")
    found = [
        (match, folder) for folder in versions.glob("*") if (match := patch.fullmatch(folder.name))
    ]
    for _, folder in sorted(found, key=lambda each: int(each[0][1]), reverse=True):
        yield folder / "bin" / "python"


def _asked(python: Path) -> str:
    """Return `3.12.1 /path`; empty: no CPython, or a stand-in of pyenv that does not run."""
    code = (
        "import platform as p, sys\n"
        "if sys.implementation.name == 'cpython': print(p.python_version(), sys.executable)"
    )
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def _pinned() -> list[tuple[str, str, str]]:
    """Return name, version and marker of each pin."""
    return _PIN.findall((ROOT / "requirements.txt").read_text(encoding="utf-8"))


def _run(*command: str | Path) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        timeout=INSTALL_SECONDS,
    )
    if done.returncode == 0:
        return
    said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")] or [done.stderr]
    silent = "Connection" in done.stderr or "from versions: none" in done.stderr
    raise (Unreachable if silent else Unavailable)(" ".join(said)[-500:])
