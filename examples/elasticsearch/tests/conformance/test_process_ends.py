# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The ways in which a process ends, with the real host in a process of its own."""

from __future__ import annotations

import subprocess

import pytest

from .program import ENDS, EVENTS
from .target import Target


@pytest.mark.parametrize("end", ENDS)
def test_everything_written_is_delivered(
    programs: dict[str, tuple[subprocess.Popen[bytes], Target]], end: str
) -> None:
    """What fapilog handed to the sink arrives, although the linger time is far from over."""
    if end not in programs:
        pytest.skip("SIGTERM: only where the operating system has it")
    process, target = programs[end]
    _, error = process.communicate(timeout=20)
    assert target.messages() == [f"event {number}" for number in range(EVENTS)], error.decode()
    assert b"were lost" not in error
    assert b"Task was destroyed" not in error
