"""Run the programs of the migration guides and write their tables: `python -m scripts.migrations`.

A guide shows programs: the old ones, then that with the generated sink. Each is run, as the page
prints it, against a receiver with one fault after the other; what arrived is the guide's table.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.rendering import ROOT, copy_template, render
from scripts.running import install

FOLDER = ROOT / "docs" / "migration"
PEERS = ROOT / "build" / "benchmarks" / "venv"
"""Environment with the old libraries; `make build/benchmarks/venv/.ready` makes it."""
PORT = "PORT"
TOKEN = "the-token"  # noqa: S105 - of nobody
"""What the pages show as one; the receiver takes no other."""
EVENTS = 20
BURST = 20_000
_BLOCK = re.compile(r"(?ms)^```python\n(.*?)^```$")
_TABLE = re.compile(r"(?s)(<!-- runs -->\n).*?(<!-- end -->)")
_TIMEOUT_SECONDS = 180

FAULTS = {
    "none": "None",
    "down": "The receiver starts two seconds after the program",
    "outage": "For two seconds from the first request on, it cuts every connection",
    "restart": "It goes away for a second while the program logs on",
    "unavailable": "One 503",
    "throttled": "Two times 429, with `Retry-After: 1`",
    "too large": "413 for a request with more than five events",
    "cut": "It stores a request and cuts the connection before it answers",
    "poison": "It refuses one event",
    "busy": "It refuses half of the documents once with 429",
    "odd value": "One event holds a set, which JSON has not",
    "no drain": "The program does not drain or close anything",
    "no stop": "The program drains, and does not stop the sink",
    "burst": f"The program logs {BURST} events in a loop",
}
"""Fault -> what the tables call it."""

TIMED = ("outage", "down", "restart", "no drain")
"""Faults in which the clock decides how many are lost: the tables do not count them."""

# What the pages write, and what a receiver of ours on loopback needs.
_LOCAL = {
    "https://splunk.example.com:8088": f"http://127.0.0.1:{PORT}",
    "https://es.example.com:9200": f"http://127.0.0.1:{PORT}",
    "tcp://siem.example.com:1514": f"tcp://127.0.0.1:{PORT}",
    '("siem.example.com", 1514)': f'("127.0.0.1", {PORT})',
    'host="splunk.example.com", port="8088"': (
        f'host="127.0.0.1", port="{PORT}", protocol="http", verify=False'
    ),
}
# How a program is changed for a fault that is the program's.
_CHANGED = {
    "restart": {
        "range(20):\n": "range(20):\n    number == 10 and __import__('time').sleep(2)\n",
    },
    "odd value": {
        "order=number": "order={number} if number == 7 else number",
        '"order": number': '"order": {number} if number == 7 else number',
    },
    "no drain": {"asyncio.run(logger.stop_and_drain())": "", "asyncio.run(sink.stop())": ""},
    "no stop": {"asyncio.run(sink.stop())": ""},
    "burst": {"range(20)": f"range({BURST})"},
}


@dataclass(frozen=True)
class Guide:
    """A page, the platform of its last program, and what its programs are run against."""

    page: str
    platform: str
    receiver: str
    columns: tuple[str, ...]
    """What the programs are called, in the order of the page; the last is the generated sink."""
    faults: tuple[str, ...]
    peers: bool
    """Whether the old programs need the environment with the old libraries."""


_HTTP_FAULTS = ("none", "outage", "unavailable", "throttled", "too large", "cut", "poison")
SINK = "generated sink"
GUIDES = {
    guide.page: guide
    for guide in (
        Guide(
            "from-splunk-handler",
            "splunk_hec",
            "hec",
            ("splunk_handler", SINK),
            (*_HTTP_FAULTS, "no drain", "burst"),
            peers=True,
        ),
        Guide(
            "from-elasticsearch-py",
            "elasticsearch",
            "bulk",
            ("`streaming_bulk`", "`bulk` with retries", "`async_streaming_bulk`", SINK),
            (*_HTTP_FAULTS, "busy", "odd value", "no drain"),
            peers=True,
        ),
        Guide(
            "from-syslog-handler",
            "syslog_cef",
            "tcp",
            ("SysLogHandler, TCP", SINK),
            ("none", "down", "restart", "no drain", "burst"),
            peers=False,
        ),
        Guide(
            "from-fapilog-http",
            "splunk_hec",
            "hec",
            ("`http`", "`http`, `batch_size=100`", "`webhook`", SINK),
            (
                "none",
                "outage",
                "unavailable",
                "throttled",
                "too large",
                "cut",
                "no stop",
                "no drain",
            ),
            peers=False,
        ),
    )
}


def path_of(guide: Guide) -> Path:
    """Return the file of the page."""
    return FOLDER / f"{guide.page}.md"


def programs(guide: Guide) -> dict[str, str]:
    """Return column -> program, as the page shows it."""
    blocks = _BLOCK.findall(path_of(guide).read_text(encoding="utf-8"))
    return dict(zip(guide.columns, blocks[: len(guide.columns)], strict=True))


def prepared(program: str, fault: str) -> str:
    """Return the program with a local address, and with its own part of the fault."""
    for old, new in (_LOCAL | _CHANGED.get(fault, {})).items():
        program = program.replace(old, new)
    return program


def outcome(guide: Guide, column: str, fault: str, project: Path, installed: Path) -> str:
    """Run a program with a fault, and say what arrived.

    Raises:
        RuntimeError: the receiver failed.
    """
    old = column != SINK
    python = PEERS / "bin" / "python" if guide.peers and old else Path(sys.executable)
    with tempfile.TemporaryDirectory() as scratch:
        program = Path(scratch) / "program.py"
        program.write_text(prepared(programs(guide)[column], fault), encoding="utf-8")
        words = (guide.receiver, fault, python, program, PORT, TOKEN)
        done = subprocess.run(
            [sys.executable, "-m", "scripts.migration_receiver", *map(str, words)],
            cwd=project,
            env=_environment(project, installed),
            capture_output=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(done.stderr.decode()[-2_000:])
    return _words(json.loads(done.stdout), fault)


def _environment(project: Path, installed: Path) -> dict[str, str]:
    """Return one in which the project's fakes, the installed sink and these scripts are found."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("FAPILOG_")}
    paths = (project, ROOT, installed)
    return clean | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "PYTHONDONTWRITEBYTECODE": "1"}


def _words(found: dict[str, Any], fault: str) -> str:
    """Say it shortly: `all, 20 of them twice`."""
    events = BURST if fault == "burst" else EVENTS
    some = "not all" if fault in TIMED else f"{found['arrived']} of {events}"
    parts = ["all" if found["arrived"] == events else f"**{some}**"]
    if found["twice"]:
        parts.append("some twice" if fault in TIMED else f"{found['twice']} of them twice")
    if found["failed"]:
        parts.append("the program fails")
    return ", ".join(parts)


def table(guide: Guide, project: Path, installed: Path) -> str:
    """Return the table of a guide."""
    lines = [f"| Fault | {' | '.join(guide.columns)} |", f"| --- |{' --- |' * len(guide.columns)}"]
    for fault in guide.faults:
        cells = [outcome(guide, column, fault, project, installed) for column in guide.columns]
        lines.append(f"| {FAULTS[fault]} | {' | '.join(cells)} |")
    return "\n".join(lines)


def with_table(text: str, made: str) -> str:
    """Return a page with that table."""
    return _TABLE.sub(lambda found: f"{found[1]}\n{made}\n\n{found[2]}", text)


def main(names: list[str]) -> None:
    """Write the tables of these guides, or of all."""
    with tempfile.TemporaryDirectory() as scratch:
        template = copy_template(Path(scratch) / "template")
        for guide in [GUIDES[name] for name in names or GUIDES]:
            project = render(template, Path(scratch) / guide.page, platform=guide.platform)
            installed = install(project, Path(scratch) / f"{guide.page}-installed")
            page = path_of(guide)
            made = table(guide, project, installed)
            page.write_text(with_table(page.read_text(encoding="utf-8"), made), encoding="utf-8")
            print(made)


if __name__ == "__main__":
    main(sys.argv[1:])
