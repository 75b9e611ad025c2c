"""`python -m benchmarks full | quick | gate | outage | page`; the Makefile has targets for them."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import replace
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from . import goals
from .ceiling import ceilings
from .page import page, rows_of
from .run import BUILD, ROOT, Row, run_group
from .scenarios import BUFFER_MIB, Group, groups, outage_row, scaled

DOCS = ROOT / "docs" / "benchmarks"
_QUICK_SCALE, _GATE_SCALE = 0.25, 0.5
_GATE_RUNS = 3
_OUTAGE_SECONDS, _AWAY = 690, (15.0, 615.0)
_PACKAGES = (
    "elasticsearch", "fapilog", "hass-splunk", "httpx", "opensearch-py", "orjson", "pydantic",
    "rfc5424-logging-handler", "splunk-handler",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    """Run what is asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("what", choices=("full", "quick", "gate", "outage", "page"))
    parser.add_argument("--only", default="", help="part of the title of the groups to run")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    if options.what == "gate":
        return _gate()
    if options.what == "page":
        publish(json.loads((DOCS / "results.json").read_text(encoding="utf-8")), DOCS)
    elif options.what == "outage":
        _outage()
    else:
        chosen = [group for group in groups() if options.only in group.title]
        folder = DOCS if options.what == "full" and not options.only else BUILD / "quick"
        if options.what == "quick":
            chosen = [scaled(group, scale=_QUICK_SCALE, runs=1) for group in chosen]
        result = measure(chosen)
        folder.mkdir(parents=True, exist_ok=True)
        publish(result, folder)
        _print_goals(result)
    print(f"{time.monotonic() - began:.0f} s", flush=True)
    return 0


def measure(chosen: list[Group]) -> dict[str, Any]:
    """Run the groups and return the result."""
    result: dict[str, Any] = {"about": about(), "ceilings": ceilings(), "groups": []}
    for group in chosen:
        rows = run_group(group.rows, group.runs)
        result["groups"].append({"title": group.title, "about": group.about, "rows": rows})
        for row, summary in zip(group.rows, rows, strict=True):
            _annotate(row, summary)
    return result


def publish(result: dict[str, Any], folder: Path) -> None:
    """Write the JSON, the page and the plots."""
    from .plots import draw

    text = json.dumps(result, indent=1, ensure_ascii=False, sort_keys=True)
    (folder / "results.json").write_text(text + "\n", encoding="utf-8")
    (folder / "README.md").write_text(page(result), encoding="utf-8")
    draw(result, folder)
    print(f"written: {folder.relative_to(ROOT)}", flush=True)


def about() -> dict[str, Any]:
    """Return where and when this runs."""
    versions = {"Python": platform.python_version()}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "missing"
    machine = f"{os.cpu_count()} cores ({_processor()}), {platform.system()} {platform.release()}"
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "machine": machine,
        "versions": versions,
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.split(": ")[1] for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _commit() -> str:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty", "--abbrev=10"],  # noqa: S607
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() or "unknown"


def _annotate(row: Row, summary: dict[str, Any]) -> None:
    """Add what the plot and the goal of an outage need to know."""
    if row.client == "outage":
        summary["buffer_mib"] = BUFFER_MIB
        summary["rate"] = row.load["options"]["rate"]
        summary["away"] = list(row.script["outage_seconds"])


def _gate() -> int:
    named = {name for ours, peer, _ in goals.GATE for name in (ours, peer)}
    rows: goals.Rows = {}
    for group in groups():
        kept = tuple(row for row in group.rows if row.name in named)
        if kept:
            chosen = scaled(replace(group, rows=kept), scale=_GATE_SCALE, runs=_GATE_RUNS)
            rows |= {each["name"]: each for each in run_group(chosen.rows, chosen.runs)}
    failures = goals.gate_failures(rows)
    for failure in failures:
        print(f"FAILED: {failure}", flush=True)
    return 1 if failures else 0


def _outage() -> None:
    """Run the outage in real time, and put its row where the short one was."""
    row = outage_row(_OUTAGE_SECONDS, _AWAY)
    (summary,) = run_group([row], 1)
    _annotate(row, summary)
    text = (DOCS / "results.json").read_text(encoding="utf-8")
    result = json.loads(text)
    for group in result["groups"]:
        group["rows"] = [summary if each["name"] == row.name else each for each in group["rows"]]
    publish(result, DOCS)
    _print_goals(result)


def _print_goals(result: dict[str, Any]) -> None:
    for line in goals.judged(rows_of(result)):
        met = "yes" if line["met"] else "NO"
        print(f"{line['text']:70} {line['goal']:>12} {line['reached']:>12}  {met}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
