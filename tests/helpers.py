"""Small things that several tests need."""

import re
import sys
from collections.abc import Callable, Collection
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from scripts.releases import Release
from scripts.rendering import PLATFORMS
from scripts.running import contents_of, files_of, install, run
from scripts.updating import RECORDED

__all__ = [
    "FENCE",
    "TEXT_SUFFIXES",
    "at_terminal",
    "blocks_in",
    "blocks_of",
    "contents_of",
    "files_of",
    "install",
    "leftovers_in",
    "release_cases",
    "run",
    "run_python",
]

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

FENCE = re.compile(r"(?ms)^( *)(`{3,})(\w*)[^\n]*\n(.*?)^\1\2\s*$")
"""A block of code of a page: its indent, fence, language and text."""

# GitHub's expressions, and those of an ingest pipeline of Elasticsearch, look like Jinja's.
_EXPRESSION = re.compile(r"\$\{\{.*?\}\}|\{\{\{_ingest\.\w+\}\}\}")


def leftovers_in(text: str) -> list[str]:
    """Return the lines in which Jinja was not rendered."""
    lines = _EXPRESSION.sub("", text).splitlines()
    return [line for line in lines if "{{" in line or "{%" in line or "{#" in line]


def blocks_in(text: str) -> list[tuple[str, str]]:
    """Return language and text of each block of code in Markdown, without its indent."""
    found = FENCE.findall(text)
    return [(language, re.sub(rf"(?m)^{indent}", "", code)) for indent, _, language, code in found]


def blocks_of(page: Path) -> list[tuple[str, str]]:
    """Return language and text of each block of code of a page."""
    return blocks_in(page.read_text(encoding="utf-8"))


def run_python(*arguments: str | Path, cwd: Path, timeout: float = 120) -> str:
    """Run this interpreter in a rendered project, expect success and return what it printed."""
    result = run(sys.executable, *arguments, cwd=cwd, timeout=timeout)
    assert result.returncode == 0, result.stdout[-6_000:]
    return result.stdout


def at_terminal(
    keys: str, operation: Callable[..., object], *arguments: object, **options: object
) -> None:
    """Run an operation of Copier at a terminal on which somebody types `keys`."""
    with create_pipe_input() as keyboard:
        keyboard.send_text(keys)
        with create_app_session(input=keyboard, output=DummyOutput()):
            operation(*arguments, **options)


def release_cases(always: Collection[tuple[Release, str]]) -> list[object]:
    """Return each release on record with each platform; `always` are in the normal run."""
    return [
        pytest.param(
            release,
            platform,
            id=f"{release.version}-{platform}",
            marks=() if (release, platform) in always else pytest.mark.nightly,
        )
        for release in RECORDED
        for platform in PLATFORMS
    ]
