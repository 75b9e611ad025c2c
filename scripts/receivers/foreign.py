"""Parsers that others wrote, in three languages: fetched, pinned, kept out of the work tree."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SOURCES = Path(__file__).parent / "foreign_readers"
PYTHON_PACKAGES = ("syslog-rfc5424-parser==0.3.2", "syslogmp==0.4", "jc==1.26.1")
TENZIR = "tenzir==6.20.0"
TENZIR_PIPELINE = "from_stdin { read_ndjson } | this = {read: line.parse_leef()} | write_ndjson"
NODE_PACKAGES = ("nsyslog-parser@0.10.1",)
FETCH_SECONDS = 300


class Unavailable(RuntimeError):
    """A parser cannot be had on this machine; the text says what is missing."""


def cache_folder() -> Path:
    """Return where fetched files are kept; `RECEIVERS_CACHE` replaces it."""
    default = Path.home() / ".cache" / "fapilog-sink-receivers"
    folder = Path(os.environ.get("RECEIVERS_CACHE", default)) / "syslog-readers"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def go_syslog(kind: str, messages: Sequence[bytes]) -> list[dict[str, Any]]:
    """Read messages of "5424" or "3164" with go-syslog, the strictest of all."""
    _need("go")
    program = cache_folder() / "go-syslog"
    if not program.exists():
        _fetch("go", "build", "-o", program, ".", cwd=SOURCES)
    return _ask([program], [f"{kind} {_encoded(message)}" for message in messages])


def python_reader(kind: str, messages: Sequence[bytes]) -> list[dict[str, Any]]:
    """Read messages with "jc", "syslogmp" or, for anything else, syslog-rfc5424-parser."""
    folder = cache_folder() / "python"
    python = folder / "bin" / "python"
    if not (folder / ".complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        _fetch(python, "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES, cwd=folder)
        (folder / ".complete").touch()
    lines = [f"{kind} {_encoded(message)}" for message in messages]
    return _ask([python, SOURCES / "readers.py"], lines)


def tenzir_leef(records: Sequence[str]) -> list[dict[str, Any]]:
    """Read LEEF records, without a header before them, with Tenzir: a program of 175 MB."""
    folder = cache_folder() / "tenzir"
    if not (folder / ".complete").exists():
        venv.create(folder, with_pip=True, clear=True)
        _fetch(folder / "bin" / "python", "-m", "pip", "install", "--quiet", TENZIR, cwd=folder)
        (folder / ".complete").touch()
    lines = [json.dumps({"line": record}) for record in records]
    return [each["read"] for each in _ask([folder / "bin" / "tenzir", TENZIR_PIPELINE], lines)]


def node_reader(messages: Sequence[bytes]) -> list[dict[str, Any]]:
    """Read messages with nsyslog-parser."""
    _need("npm")
    folder = cache_folder() / "node"
    if not (folder / ".complete").exists():
        folder.mkdir(exist_ok=True)
        _fetch("npm", "install", "--silent", "--prefix", folder, *NODE_PACKAGES, cwd=folder)
        (folder / ".complete").touch()
    shutil.copy(SOURCES / "readers.js", folder)
    return _ask(["node", folder / "readers.js"], [_encoded(message) for message in messages])


def _encoded(message: bytes) -> str:
    return base64.b64encode(message).decode()


def _need(program: str) -> None:
    if shutil.which(program) is None:
        raise Unavailable(f"{program} is not installed")


def _fetch(*command: str | Path, cwd: Path) -> None:
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, capture_output=True, text=True, timeout=FETCH_SECONDS, check=False,
    )  # fmt: skip
    if result.returncode != 0:
        raise Unavailable(f"{command[0]} could not fetch or build it: {result.stderr[-500:]}")


def _ask(command: Sequence[str | Path], lines: Sequence[str]) -> list[dict[str, Any]]:
    result = subprocess.run(
        [str(part) for part in command],
        input="\n".join(lines) + "\n",
        capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
    )  # fmt: skip
    if result.returncode != 0:
        raise RuntimeError(result.stderr[-2_000:])
    answers = [json.loads(line) for line in result.stdout.split("\n") if line]
    if len(answers) != len(lines):
        print(result.stdout[-2_000:], file=sys.stderr)
        raise RuntimeError(f"{len(answers)} answers for {len(lines)} messages")
    return answers
