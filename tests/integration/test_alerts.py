"""Prometheus itself tries the alert rules of a project: `make integration-alerts`.

`promtool` evaluates `deploy/alerts.yaml` over made-up series: a sink that does its work calls
nobody, and each alert fires on the series that it is for, with its labels, not before its time.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.receivers.hec import Unavailable, built
from scripts.rendering import ROOT
from tests.helpers import run

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_200)]

MODULE = ROOT / "scripts" / "receivers" / "promtool_module"
OWN = {"sink": "s", "target": "t"}

GOOD: dict[tuple[str, str], str] = {
    # Metric, label and value of its own -> one value a minute; `5x60`: the same 61 times.
    ("events_dropped_total", 'reason="expired"'): "0x60",
    ("events_refused_total", 'reason="buffer_full"'): "5x60",
    ("events_dead_lettered_total", ""): "7x60",
    ("held", ""): "0x60",
    ("oldest_pending_seconds", ""): "119x60",
    ("pending_bytes", ""): "79x60",
    ("buffer_max_bytes", ""): "100x60",
    ("endpoint_up", 'endpoint="a:1"'): "1x60",
}
BAD: dict[str, tuple[tuple[str, str], str, str, str]] = {
    # Alert -> the series that calls for it, its values, when it is still silent, when it fires.
    "LogEventsLost": (("events_dropped_total", 'reason="expired"'), "0x9 3x50", "9m", "12m"),
    "LogEventsRefused": (
        ("events_refused_total", 'reason="buffer_full"'),
        "5x9 6x50",
        "9m",
        "12m",
    ),
    "LogEventsDeadLettered": (("events_dead_lettered_total", ""), "7x9 8x50", "9m", "12m"),
    "LogDeliveryOnHold": (("held", ""), "0x9 1x50", "11m", "13m"),
    "LogDeliveryLate": (("oldest_pending_seconds", ""), "0x9 121x50", "14m", "16m"),
    "LogBufferFills": (("pending_bytes", ""), "10x9 81x50", "10m", "12m"),
    "LogEndpointDown": (("endpoint_up", 'endpoint="a:1"'), "1x9 0x50", "19m", "21m"),
}


@pytest.fixture(scope="module")
def promtool() -> Path:
    """Return the program."""
    try:
        return built(MODULE, "promtool", "github.com/prometheus/prometheus/cmd/promtool")
    except Unavailable as problem:
        print(f"\nNOT RUN: the alert rules: {problem}")
        pytest.skip(str(problem))


def series(values: dict[tuple[str, str], str]) -> list[dict[str, str]]:
    """Return series as promtool reads them."""
    return [
        {"series": f'fapilog_sink_{name}{{sink="s",target="t",{label}}}', "values": each}
        for (name, label), each in values.items()
    ]


def fired(alert: str, summary: str, label: str) -> dict[str, Any]:
    """Return what must be known of an alert that fires."""
    name, _, value = label.partition("=")
    labels = OWN | ({name: value.strip('"')} if name else {})
    return {"exp_labels": labels, "exp_annotations": {"summary": summary}}


def unit_test(rules: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the file for `promtool test rules`."""
    summaries = {rule["alert"]: rule["annotations"]["summary"] for rule in rules}
    quiet = [{"eval_time": "50m", "alertname": name} for name in summaries]
    tests = [{"interval": "1m", "input_series": series(GOOD), "alert_rule_test": quiet}]
    for alert, (which, values, before, after) in BAD.items():
        expected = [fired(alert, summaries[alert], which[1])]
        asked = [
            {"eval_time": before, "alertname": alert},
            {"eval_time": after, "alertname": alert, "exp_alerts": expected},
        ]
        changed = series(GOOD | {which: values})
        others = [each for each in quiet if each["alertname"] != alert]
        tests.append({"interval": "1m", "input_series": changed, "alert_rule_test": asked + others})
    return {"rule_files": ["alerts.yaml"], "evaluation_interval": "1m", "tests": tests}


def test_each_alert_fires_and_is_silent(
    rendered: Callable[[str], Path], promtool: Path, tmp_path: Path
) -> None:
    """Every alert of the file on its series, and only it; none on a sink that does its work."""
    text = (rendered("splunk_hec") / "deploy" / "alerts.yaml").read_text(encoding="utf-8")
    (group,) = yaml.safe_load(text)["groups"]
    assert {rule["alert"] for rule in group["rules"]} == BAD.keys()
    (tmp_path / "alerts.yaml").write_text(text, encoding="utf-8")
    test = tmp_path / "test.yaml"
    test.write_text(yaml.safe_dump(unit_test(group["rules"])), encoding="utf-8")
    checked = run(promtool, "check", "rules", "alerts.yaml", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    tried = run(promtool, "test", "rules", "test.yaml", cwd=tmp_path)
    print(checked.stdout, tried.stdout)
    assert tried.returncode == 0, tried.stdout
