# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A receiver for each test, and programs that log and end.

The programs take a second each, so they are started before the first test, run beside the others, a few
at a time, and are looked at after the last.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib.metadata import version

import pytest

from ..splunk_hec.target import running_target
from .programs import Run, run
from .target import Target

TESTS = "test_process_ends.py"
AT_A_TIME = 3

pool = ThreadPoolExecutor(AT_A_TIME, thread_name_prefix="programs")
runs_by_name: dict[str, Future[Run]] = {}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that wait for programs last."""
    items.sort(key=lambda item: item.path.name == TESTS)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Start the programs whose tests were selected."""
    if session.config.option.collectonly:
        return
    for item in session.items:
        end = item.callspec.params.get("end") if hasattr(item, "callspec") else None
        if item.path.name == TESTS and end is not None and end.possible:
            runs_by_name[end.name] = pool.submit(run, end)


@pytest.fixture
def target() -> Iterator[Target]:
    """Start a server of the platform's kind."""
    with running_target() as running:
        yield running


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where fapilog does better than the documentation promises: news, and no failure."""
    done = [future for future in runs_by_name.values() if future.done() and not future.cancelled()]
    for each in [future.result() for future in done if future.exception() is None]:
        if each.beats_its_promise():
            terminalreporter.write_line(
                f"notice: fapilog {version('fapilog')} delivers every event of: {each.end.how}."
                " docs/process-ends.md promises nothing there yet."
            )


@pytest.fixture(scope="session")
def runs() -> Iterator[dict[str, Future[Run]]]:
    """Return what becomes of the programs, by the name of their end."""
    yield runs_by_name
    pool.shutdown(cancel_futures=True)
