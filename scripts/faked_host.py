"""What a user sees of a fapilog that the sink was not tested with: a real program, a faked version.

The program runs with the real fapilog. A folder before it on the path holds metadata of another
version, and the entry point of the rendered project, so that fapilog loads the sink by name.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

VERSIONS = ("0.10.2", "0.19.0", "1.0.0")
"""Too old, newer than tested, and of a new major version."""
SECONDS = 60

_PROGRAM = """
import asyncio, json, sys
from fapilog import get_logger
from fapilog.core.settings import Settings
from tests.{platform}.target import running_target
import {package} as package

def log(way, logger):
    logger.info("event by " + way)
    asyncio.run(logger.stop_and_drain())

raised = ""
with running_target() as target:
    config = dict(sink_config=dict(extra={{"{sink}": target.settings}}))
    settings = Settings(core=dict(sinks=["{sink}"]), plugins=dict(allow_external=True), **config)
    print("--- name", file=sys.stderr, flush=True)
    log("name", get_logger("by-name", settings=settings, reuse=False))
    print("--- constructor", file=sys.stderr, flush=True)
    allowed = dict(allow_untested_fapilog=True) if {allowed} else dict()
    try:
        sink = package.{sink_class}(**target.settings, **allowed)
    except Exception as error:
        raised = f"{{type(error).__name__}}: {{error}}"
    else:
        log("instance", get_logger("instance", sinks=[sink], reuse=False))
    delivered = target.messages()
print()
print(json.dumps(dict(raised=raised, delivered=delivered)))
"""
_PLACE = re.compile(r"(?m)^\S+:\d+: (?=RuntimeWarning: )")
"""Where a warning was given, which differs between machines."""


@dataclass(frozen=True)
class Seen:
    """What one run of the program showed."""

    by_name: str
    """stderr when fapilog loads the sink by its name in the settings."""
    constructor: str
    """stderr when the application makes the sink itself, afterwards."""
    raised: str
    """The exception of that; empty: none."""
    delivered: list[str]
    """Messages that arrived at the receiver."""
    printed: list[str]
    """Messages on stdout, which fapilog takes for a sink that it cannot make."""


def seen(project: Path, version: str, folder: Path, *, allowed: bool = False) -> Seen:
    """Run the program in a rendered project with a faked version of fapilog.

    Args:
        project: The rendered project.
        version: What fapilog's metadata shall say.
        folder: For the metadata; a new one for each run.
        allowed: Whether the instance has the setting `allow_untested_fapilog`.
    """
    entry = re.search(
        r'entry-points\."fapilog\.sinks"\]\n(\w+) = "(\w+)\.plugin:(\w+)"',
        (project / "pyproject.toml").read_text(encoding="utf-8"),
    )
    assert entry is not None
    sink, package, sink_class = entry.groups()
    platform = _platform(project)
    _metadata(folder, "fapilog", version)
    _metadata(folder, package, "0")
    (folder / f"{package}-0.dist-info" / "entry_points.txt").write_text(
        f"[fapilog.sinks]\n{sink} = {package}.plugin:{sink_class}\n", encoding="utf-8"
    )
    code = _PROGRAM.format(
        platform=platform, package=package, sink=sink, sink_class=sink_class, allowed=allowed
    )
    path = os.pathsep.join([str(folder), str(project / "src"), str(project)])
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project,
        env=os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *events, last = [json.loads(line) for line in done.stdout.splitlines() if line]
    sections = re.split(r"(?m)^--- (\w+)\n", done.stderr)
    said = dict(zip(sections[1::2], map(_clean, sections[2::2]), strict=True))
    return Seen(
        by_name=said["name"],
        constructor=said["constructor"],
        printed=[event["log"]["message"] for event in events],
        **last,
    )


def _platform(project: Path) -> str:
    answers = (project / ".copier-answers.yml").read_text(encoding="utf-8")
    found = re.search(r"(?m)^platform: (\w+)$", answers)
    assert found is not None
    return found[1]


def _metadata(folder: Path, name: str, version: str) -> None:
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n", encoding="utf-8"
    )


def _clean(said: str) -> str:
    """Leave out the place of a warning, and the line of code that Python shows below it."""
    return re.sub(r"(?m)^  \S.*\n", "", _PLACE.sub("", said))
