# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a user sees who names the sink in the settings of a fapilog that it was not tested with.

fapilog swallows the exception of a sink and logs to stdout instead, so stderr is the only place.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from .hosting import HOST, SINK, own_entry_points, put_distribution
from .programs import SOURCE
from .target import Target

PROGRAM = """
import asyncio
from fapilog import get_logger
logger = get_logger("app")
logger.info("the event")
asyncio.run(logger.stop_and_drain())
"""


def run_with(folder: Path, target: Target, version: str, **settings: str) -> list[str]:
    """Run the program, configured by its environment alone; returns what it wrote to stderr."""
    put_distribution(folder, "fapilog", version)
    put_distribution(folder, "the-sink", "1.0", own_entry_points())
    environment = {
        "PYTHONPATH": os.pathsep.join([str(folder), str(SOURCE)]),
        "FAPILOG_CORE__SINKS": json.dumps([SINK.name]),
        "FAPILOG_PLUGINS__ALLOW_EXTERNAL": "true",
        "FAPILOG_SINK_CONFIG__EXTRA": json.dumps({SINK.name: target.settings | settings}),
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "the event" in done.stdout, HOST  # a logger without settings writes there in any case
    return done.stderr.splitlines()


@pytest.mark.parametrize(
    ("version", "settings", "said"),
    [
        ("1.0.0", {}, "is not configured: fapilog 1.0.0 is installed"),
        ("1.0.0", {"allow_untested_fapilog": "true"}, "allow_untested_fapilog lets it run"),
        ("0.0.0", {}, "fapilog 0.0.0 is installed, and this sink was tested with"),
    ],
    ids=["refused", "allowed", "without tags"],
)
def test_one_clear_line(
    tmp_path: Path, target: Target, version: str, settings: dict[str, str], said: str
) -> None:
    """One line names the sink, the version and the way out; what is refused logs to stdout."""
    lines = run_with(tmp_path, target, version, **settings)
    if lines and not any("RuntimeWarning" in line for line in lines):
        pytest.skip(f"{HOST} compares versions itself, and says: {lines[0]}")
    (line,) = (line for line in lines if "RuntimeWarning" in line)  # the host may add its own
    assert line.startswith(f"<__main__>:4: RuntimeWarning: sink '{SINK.name}'"), HOST
    assert said in line
    assert target.messages() == ([] if "not configured" in said else ["the event"]), HOST
