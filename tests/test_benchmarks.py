"""The benchmark's page says what was measured, and its audit notices what went wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import goals
from benchmarks.page import page, rows_of
from benchmarks.run import Row, projects_path, run_row, summary
from benchmarks.scenarios import groups
from scripts.rendering import ROOT

DOCS = ROOT / "docs" / "benchmarks"
EVENTS = 3_000  # two requests


def send(rendered: Callable[[str], Path], **script: Any) -> dict[str, Any]:
    """Send a few events with the Splunk sink of a rendered project, and return the figures."""
    project = rendered("splunk_hec")
    row = Row("smoke", "ours", "ours", "hec", EVENTS, script=script)
    return run_row(row, path=f"{ROOT}:{project / 'src'}")


def measured(rates: dict[str, float]) -> goals.Rows:
    """Return rows as a run would, for all scenarios, with the rates that are given or 100."""
    results: goals.Rows = {}
    for group in groups():
        for row in group.rows:
            figures = dict.fromkeys(
                ("cpu_us", "grown_mib", "peak_mib", "wire_bytes_per_event"), 1.0
            ) | dict.fromkeys(
                (
                    "lost",
                    "duplicated",
                    "out_of_order",
                    "unknown",
                    "poisoned",
                    "given_up",
                    "refused",
                ),
                0,
            )
            figures["events_per_second"] = rates.get(row.name, 100.0)
            more = {"write_us": {"p50": 1.0, "p99": 9.0}, "recovery_per_second": 100.0}
            results[row.name] = summary(row, [{**figures, "more": more}]) | {"buffer_mib": 64}
    return results


@pytest.mark.xdist_group("splunk_hec")
def test_all_events_arrive_once(rendered: Callable[[str], Path]) -> None:
    """A short run has figures, and the audit is content."""
    figures = send(rendered)
    assert figures["events_per_second"] > 0
    assert [figures[key] for key in ("lost", "duplicated", "out_of_order", "unknown")] == [0] * 4
    assert figures["more"]["stats"]["delivered"] == EVENTS


@pytest.mark.xdist_group("splunk_hec")
@pytest.mark.parametrize(
    ("script", "key"), [({"forget": 1}, "lost"), ({"repeat": 1}, "duplicated")]
)
def test_audit_notices(rendered: Callable[[str], Path], script: dict[str, int], key: str) -> None:
    """A receiver that forgets a body after its answer, or has it twice, does not pass."""
    assert send(rendered, **script)[key] > 0


def test_page_is_that_of_the_results() -> None:
    """Nobody edits a figure on the page; `make benchmark-page` makes it anew."""
    results = json.loads((DOCS / "results.json").read_text(encoding="utf-8"))
    assert (DOCS / "README.md").read_text(encoding="utf-8") == page(results)


def test_published_results_are_whole() -> None:
    """What is published was delivered: no event of ours lost without being told, none twice."""
    results = json.loads((DOCS / "results.json").read_text(encoding="utf-8"))
    audits = {line["text"]: line["met"] for line in goals.judged(rows_of(results))}
    assert [met for text, met in audits.items() if text.startswith("events ")] == [True, True]
    assert len(audits) >= 15


def test_every_goal_has_its_rows() -> None:
    """A goal whose row was renamed would vanish from the page."""
    assert len(goals.judged(measured({}))) == len(goals.GOALS)


def test_gate_stops_what_became_slow() -> None:
    """The gate fails below the ratio of a pair, and passes above all of them."""
    fast = {ours: 100.0 * least for ours, _, least in goals.GATE}
    for ours, _, least in goals.GATE:
        fast[ours] = max(fast[ours], 100.0 * least)
    assert goals.gate_failures(measured(fast)) == []
    for ours, peer, least in goals.GATE:
        (failure, *_) = goals.gate_failures(measured({**fast, ours: 99.0 * least * 0.1}))
        assert ours in failure
        assert peer.partition(":")[0] in failure


def test_gate_stops_what_loses() -> None:
    """A lost event fails the gate, however fast it went."""
    rows = measured({ours: 100_000.0 for ours, _, _ in goals.GATE})
    rows["HEC, serialized: ours"]["audit"]["lost"] = 1
    assert goals.gate_failures(rows) == ["1 events lost"]


def test_projects_are_found(tmp_path: Path) -> None:
    """Each rendered project's `src` is on the path of a sender."""
    (tmp_path / "elasticsearch" / "src").mkdir(parents=True)
    assert str(tmp_path / "elasticsearch" / "src") in projects_path(tmp_path)
