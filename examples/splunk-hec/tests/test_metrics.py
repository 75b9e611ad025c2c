# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""What docs/metrics.md says is so: the fields, and the recipes, which run as they stand there."""

from __future__ import annotations

import ast
import asyncio
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from acme_splunk_hec import plugin
from acme_splunk_hec._delivery import endpoints, ledger
from acme_splunk_hec._delivery.endpoints import EndpointStats
from acme_splunk_hec._delivery.ledger import (
    DropReason,
    RefuseReason,
    Stats,
)

from .splunk_hec.target import running_target

PROJECT = Path(__file__).parents[1]
PAGE = (PROJECT / "docs" / "metrics.md").read_text(encoding="utf-8")
ALERTS = (PROJECT / "deploy" / "alerts.yaml").read_text(encoding="utf-8")
SINK = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])


def section(heading: str) -> str:
    """Return the text under a heading."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def block(heading: str, language: str) -> str:
    """Return the one block of code under a heading."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", section(heading), re.DOTALL)
    return str(found)


def attribute_docstrings(module: ModuleType, name: str) -> dict[str, str]:
    """Return attribute -> the text that stands under it in the source."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    (found,) = (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == name)
    texts = {}
    for attribute, below in zip(found.body, found.body[1:], strict=False):
        targets = getattr(attribute, "targets", [getattr(attribute, "target", None)])
        if isinstance(targets[0], ast.Name):
            value = below.value if isinstance(below, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                texts[targets[0].id] = " ".join(value.value.split())
    return texts


@pytest.mark.parametrize(
    ("kind", "module"),
    [(Stats, ledger), (EndpointStats, endpoints)],
    ids=["Stats", "EndpointStats"],
)
def test_fields_are_documented(kind: Any, module: ModuleType) -> None:
    """Each field has a row, in its order, with the words of the source where the source has any."""
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section(kind.__name__), re.MULTILINE))
    assert list(rows) == [field.name for field in fields(kind)]
    texts = attribute_docstrings(module, kind.__name__)
    assert len(texts) >= 5
    assert {name: rows[name] for name in texts} == texts


@pytest.mark.parametrize("kind", [RefuseReason, DropReason])
def test_reasons_are_documented(kind: Any) -> None:
    """Each reason has a row, in its order, with the words of the source."""
    title = {RefuseReason: "Of `refused`", DropReason: "Of `dropped`"}[kind]
    table = section("Reasons").partition(title)[2].partition("Of `")[0]
    texts = attribute_docstrings(ledger, kind.__name__)
    rows = re.findall(r"^\| `(\w+)` \| (.+) \|$", table, re.MULTILINE)
    assert rows == [(each.value, texts[each.name]) for each in kind]


@pytest.fixture
def sink() -> Iterator[Any]:
    """Return a sink that has delivered two events and refused one, and a twin that shares its books."""
    with running_target() as target:
        sink, twin = SINK(**target.settings), SINK(**target.settings)

        async def write() -> None:
            for text in ("a", "b"):
                assert await sink.write({"message": text})
            await sink.stop()

        asyncio.run(write())
        sink._delivery.refuse(RefuseReason.ENCODE_ERROR)
        assert twin.stats() == sink.stats()
        yield sink


@pytest.fixture
def families(sink: Any) -> list[Any]:
    """Return what Prometheus would read: of that sink, and of others that are still there."""
    client = pytest.importorskip("prometheus_client")
    parser = pytest.importorskip("prometheus_client.parser")
    space: dict[str, Any] = {}
    exec(compile(block("Prometheus", "python"), "metrics.md", "exec"), space)
    try:
        text = client.generate_latest(client.REGISTRY).decode()
    finally:
        registered = list(client.REGISTRY._collector_to_names)
        for each in [each for each in registered if type(each) is space["SinkCollector"]]:
            client.REGISTRY.unregister(each)
    return [
        family
        for family in parser.text_string_to_metric_families(text)
        if family.name.startswith("fapilog_sink_")
    ]


@pytest.fixture
def samples(sink: Any, families: list[Any]) -> list[Any]:
    """Return the samples of that sink."""
    own = {"sink": sink.name, "target": sink.stats().endpoints[0].name}
    found = [sample for family in families for sample in family.samples]
    return [sample for sample in found if own.items() <= sample.labels.items()]


@pytest.fixture
def scraped(samples: list[Any]) -> dict[str, dict[str, float]]:
    """Return the same by name and by reason or address."""
    found: dict[str, dict[str, float]] = {}
    for sample in samples:
        label = sample.labels.get("reason") or sample.labels.get("endpoint") or ""
        assert label not in found.setdefault(sample.name, {}), "a series was exported twice"
        found[sample.name][label] = sample.value
    return found


def test_prometheus_reads_the_books(sink: Any, scraped: dict[str, dict[str, float]]) -> None:
    """Each figure arrives under its name, once for two sinks that share it, and with all reasons."""
    stats = sink.stats()
    assert stats.delivered == 2
    for name in ("offered", "accepted", "delivered", "retried", "dead_lettered", "truncated"):
        assert scraped[f"fapilog_sink_events_{name}_total"] == {"": getattr(stats, name)}
    refused = scraped["fapilog_sink_events_refused_total"]
    assert refused == {each.value: 0.0 for each in RefuseReason} | {"encode_error": 1.0}
    assert set(scraped["fapilog_sink_events_dropped_total"]) == {each.value for each in DropReason}
    (endpoint,) = stats.endpoints
    assert scraped["fapilog_sink_endpoint_up"] == {endpoint.name: 1.0}
    assert scraped["fapilog_sink_endpoint_events_total"] == {endpoint.name: 2.0}
    assert scraped["fapilog_sink_endpoint_request_seconds_total"] == {
        endpoint.name: endpoint.request_seconds
    }
    assert scraped["fapilog_sink_buffer_max_bytes"] == {"": sink.config.buffer_max_bytes}


def test_names_are_documented(families: list[Any]) -> None:
    """Each metric has a row with its kind, its own label and its help, and no row is left over."""
    exported = set()
    for family in families:
        (name,) = {sample.name for sample in family.samples}
        labels = {name for sample in family.samples for name in sample.labels}
        label = ", ".join(f"`{each}`" for each in sorted(labels - {"sink", "target"}))
        exported.add((name, family.type, label, family.documentation))
    cells = r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.+) \|$"
    assert set(re.findall(cells, section("Prometheus"), re.MULTILINE)) == exported


def test_names_in_alerts_and_queries_exist(scraped: dict[str, dict[str, float]]) -> None:
    """An alert on a metric that nobody exports would never fire."""
    named = set(re.findall(r"fapilog_sink_\w+", ALERTS + section("Alerts")))
    assert len(named) >= 8
    assert named - set(scraped) == set()


def test_prometheus_names_follow_its_conventions(scraped: dict[str, dict[str, float]]) -> None:
    """Lower case, one prefix, base units."""
    assert [
        name for name in scraped if not re.fullmatch(r"fapilog_sink_[a-z]+(_[a-z]+)*", name)
    ] == []
    parts = {part for name in scraped for part in name.split("_")}
    assert (
        parts & {"ms", "millis", "milliseconds", "minutes", "kb", "mb", "kilobytes", "count"}
        == set()
    )


def test_alerts_are_rules() -> None:
    """The file is of the form that Prometheus reads, and the page has advice for every rule."""
    yaml = pytest.importorskip("yaml")
    (group,) = yaml.safe_load(ALERTS)["groups"]
    assert len(group["rules"]) >= 5
    for rule in group["rules"]:
        assert set(rule) - {"for"} == {"alert", "expr", "annotations"}
        assert rule["annotations"]["summary"]
    rows = re.findall(r"^\| `(\w+)` \|", section("Alerts"), re.MULTILINE)
    assert rows == [rule["alert"] for rule in group["rules"]]


def test_opentelemetry_reads_the_books(sink: Any) -> None:
    """Each instrument gives the figure of the books, once for two sinks that share it."""
    sdk = pytest.importorskip("opentelemetry.sdk.metrics")
    reader = sdk.export.InMemoryMetricReader()
    provider = sdk.MeterProvider(metric_readers=[reader], shutdown_on_exit=False)
    space: dict[str, Any] = {}
    exec(compile(block("OpenTelemetry", "python"), "metrics.md", "exec"), space)
    space["instrument"](provider.get_meter("metrics.md"))
    data = reader.get_metrics_data()
    provider.shutdown()
    target = sink.stats().endpoints[0].name
    found: dict[str, list[Any]] = {}
    for metric in data.resource_metrics[0].scope_metrics[0].metrics:
        for point in metric.data.data_points:
            if point.attributes["target"] == target:
                found.setdefault(metric.name, []).append(point)
    assert all(
        point.attributes["sink"] == sink.name for points in found.values() for point in points
    )
    values = {name: [point.value for point in points] for name, points in found.items()}
    stats = sink.stats()
    for name in space["EVENTS"]:
        assert values[f"fapilog.sink.events.{name}"] == [getattr(stats, name)]
    assert values["fapilog.sink.events.refused"] == [1]
    assert values["fapilog.sink.endpoint.events"] == [2]
    assert values["fapilog.sink.endpoint.up"] == [1]
    assert values["fapilog.sink.pending.age"] == [0.0]
    (refused,) = found["fapilog.sink.events.refused"]
    assert refused.attributes["reason"] == "encode_error"
