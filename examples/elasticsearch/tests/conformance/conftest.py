# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Programs that log and end: started before the first test, looked at after the last.

Each takes a second to start, so they run beside the other tests.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from acme_elasticsearch import _delivery

from ..elasticsearch.target import running_target
from .program import ENDS
from .target import Target

SOURCE = Path(_delivery.__file__).parents[2]
PROGRAM = Path(__file__).with_name("program.py")
TESTS = "test_process_ends.py"

Running = tuple["subprocess.Popen[bytes]", Target]
started: dict[str, Running] = {}
cleanup = ExitStack()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that wait for programs last."""
    items.sort(key=lambda item: item.path.name == TESTS)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start one program per way to end, if any of their tests was selected."""
    if session.config.option.collectonly:
        return
    if any(item.path.name == TESTS for item in session.items):
        started.update({end: start(end) for end in ENDS if is_possible(end)})


def is_possible(end: str) -> bool:
    """Whether the operating system knows this way to end."""
    return end != "sigterm" or sys.platform != "win32"


def start(end: str) -> Running:
    """Start the program and a target for it."""
    target = cleanup.enter_context(running_target())
    process = subprocess.Popen(
        [sys.executable, str(PROGRAM), json.dumps(target.settings), end],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stderr=subprocess.PIPE,
    )
    cleanup.callback(process.communicate)
    cleanup.callback(process.kill)
    return process, target


@pytest.fixture(scope="session")
def programs() -> Iterator[dict[str, Running]]:
    """Return the running programs by the way in which they end."""
    with cleanup:
        yield started
