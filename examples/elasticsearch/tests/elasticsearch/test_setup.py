# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""`setup` shows, makes and removes what a cluster needs, and touches nothing of anybody else's."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acme_elasticsearch._command.steps import (
    FAILED,
    OK,
    SKIPPED,
    WARNING,
    Step,
)
from acme_elasticsearch.elasticsearch.admin import (
    Product,
)
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.mapping import (
    CONTEXT_FIELDS,
    DIAGNOSTICS_FIELDS,
    ERROR_FIELDS,
    EVENT_FIELDS,
)
from acme_elasticsearch.elasticsearch.objects import (
    MARK,
    api_key,
    role,
    things,
)
from acme_elasticsearch.elasticsearch.setup import (
    APPLY,
    REMOVE,
    SHOW,
    setup_steps,
)

from ..support.fake_http import Answer, FakeHttpServer
from .fake_cluster import FakeCluster

PRODUCTS = ("elasticsearch", "opensearch")
ALL = [
    "lifecycle policy logs-fapilog",
    "ingest pipeline logs-fapilog",
    "component template of mappings logs-fapilog-mappings",
    "component template of settings logs-fapilog-settings",
    "index template logs-fapilog",
    "logs-fapilog-default",
]


def run(cluster: Any, action: str, **settings: Any) -> list[Step]:
    """Run `setup` against a cluster, and return what it said after the product."""
    with FakeHttpServer(cluster) as server:
        config = ElasticsearchConfig.model_validate({"url": server.url, **settings})
        return list(setup_steps(config, user_agent="test/1", action=action))[1:]


def states(steps: list[Step]) -> dict[str, str]:
    """Return what -> state."""
    return {step.name: step.state for step in steps}


@pytest.mark.parametrize("product", PRODUCTS)
def test_show_changes_nothing(product: str) -> None:
    """Nothing is made before somebody has seen what would be."""
    cluster = FakeCluster(product)
    steps = run(cluster, SHOW)
    assert states(steps) == dict.fromkeys(ALL, WARNING)
    assert {step.text for step in steps} == {"would be created"}
    assert cluster.changes == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_apply_makes_all_and_again_nothing(product: str) -> None:
    """In an order in which nothing refers to what is not there, and twice is as good as once."""
    cluster = FakeCluster(product)
    assert states(run(cluster, APPLY)) == dict.fromkeys(ALL, OK)
    assert [change.rpartition("/")[2] for change in cluster.changes] == [
        "logs-fapilog",
        "logs-fapilog",
        "logs-fapilog-mappings",
        "logs-fapilog-settings",
        "logs-fapilog",
        "logs-fapilog-default",
    ]
    cluster.changes.clear()
    again = run(cluster, APPLY)
    assert {step.text for step in again} == {"is there"}
    assert states(run(cluster, SHOW)) == dict.fromkeys(ALL, OK)
    assert cluster.changes == []


@pytest.mark.parametrize("product", PRODUCTS)
def test_older_content_is_replaced(product: str) -> None:
    """What an older version of this package has made is brought up to date, and only that."""
    cluster = FakeCluster(product)
    run(cluster, APPLY)
    cluster.changes.clear()
    for path, body in cluster.objects.items():
        cluster.objects[path] = json.loads(json.dumps(body).replace("content ", "content 0"))
    steps = run(cluster, APPLY)
    assert [step.text for step in steps] == ["changed"] * 5 + ["is there"]
    assert len(cluster.changes) == 5


@pytest.mark.parametrize("product", PRODUCTS)
@pytest.mark.parametrize("position", range(5))
def test_foreign_objects_are_left_alone(product: str, position: int) -> None:
    """Neither `apply` nor `remove` touches what somebody else has made under one of our names."""
    cluster = FakeCluster(product)
    run(cluster, APPLY)
    path = list(cluster.objects)[position]
    cluster.objects[path] = json.loads(json.dumps(cluster.objects[path]).replace(MARK, "mine"))
    foreign = cluster.objects[path]
    steps = run(cluster, APPLY)
    assert [step.state for step in steps[position:]] == [FAILED, SKIPPED]
    assert "somebody else" in steps[position].text
    assert states(run(cluster, REMOVE))[ALL[position]] == WARNING
    assert cluster.objects == {path: foreign}


@pytest.mark.parametrize("product", PRODUCTS)
def test_remove_takes_away_what_was_made(product: str) -> None:
    """Objects go; documents stay."""
    cluster = FakeCluster(product)
    run(cluster, APPLY)
    steps = run(cluster, REMOVE)
    assert cluster.objects == {}
    assert cluster.streams == {"logs-fapilog-default"}
    assert {step.state for step in steps} == {OK}
    assert {step.text for step in run(cluster, REMOVE)[:-1]} == {"is not there"}


def test_templates_in_use_stay() -> None:
    """A data stream keeps its template; that is no failure."""
    cluster = FakeCluster()
    run(cluster, APPLY)
    cluster.in_use = True
    found = states(run(cluster, REMOVE))
    assert [found[name] for name in ALL[:5]] == [OK, OK, WARNING, WARNING, WARNING]


@pytest.mark.parametrize("product", PRODUCTS)
def test_what_the_server_lacks_is_done_without(product: str) -> None:
    """No template may name a policy or a pipeline that does not exist: no document would be taken."""
    cluster = FakeCluster(product, lacks=("lifecycle", "processors", "streams"))
    found = states(run(cluster, APPLY))
    assert [found[name] for name in ALL] == [SKIPPED, SKIPPED, OK, OK, OK, SKIPPED]
    settings = cluster.objects["/_component_template/logs-fapilog-settings"]["template"]["settings"]
    assert settings == {"index.mapping.total_fields.limit": 1_000}
    cluster.changes.clear()
    run(cluster, APPLY)
    assert cluster.changes == []


def test_plain_index_in_the_way() -> None:
    """An index that was made without a template has to go first."""
    cluster = FakeCluster()
    cluster.indices.add("logs-fapilog-default")
    assert states(run(cluster, APPLY))["logs-fapilog-default"] == FAILED


def test_alias_gets_its_first_index() -> None:
    """A write alias needs an index to begin with, and the policy has to know the alias."""
    cluster = FakeCluster()
    steps = run(cluster, APPLY, alias="app-logs")
    assert {step.state for step in steps} == {OK}
    assert (cluster.aliases, cluster.indices) == ({"app-logs"}, {"app-logs-000001"})
    settings = cluster.objects["/_component_template/app-logs-settings"]["template"]["settings"]
    assert settings["index.lifecycle.rollover_alias"] == "app-logs"
    template = cluster.objects["/_index_template/app-logs"]
    assert template["index_patterns"] == ["app-logs-*"]
    assert "data_stream" not in template


def test_index_with_a_date() -> None:
    """All days have one template."""
    cluster = FakeCluster()
    run(cluster, APPLY, index="app-%Y.%m.%d")
    assert cluster.objects["/_index_template/app"]["index_patterns"] == ["app-*"]


def test_chosen_data_streams_are_not_forgotten() -> None:
    """The template for one data stream does not fit those that events choose."""
    steps = run(FakeCluster(), APPLY, dataset_field="data.x")
    assert steps[-1].state == WARNING


@pytest.mark.parametrize(
    ("product", "version", "labels"),
    [
        ("elasticsearch", (8, 19, 0), "flattened"),
        ("elasticsearch", (), "flattened"),
        ("opensearch", (2, 19, 6), "flat_object"),
        ("opensearch", (2, 7, 0), "flat_object"),
        ("opensearch", (2, 6, 0), "object"),
        ("opensearch", (1, 3, 0), "object"),
    ],
)
def test_labels_are_one_field(product: str, version: tuple[int, ...], labels: str) -> None:
    """No number of names of labels can then reach the limit of fields, where the server has it."""
    config = ElasticsearchConfig(url="http://localhost")
    mappings = things(config, Product(product, version))[2].body["template"]["mappings"]
    assert mappings["properties"]["labels"]["type"] == labels
    assert mappings["date_detection"] is False


def test_every_field_has_a_mapping() -> None:
    """A field without one would get the type of its first value."""
    config = ElasticsearchConfig(url="http://localhost")
    body = things(config, Product("elasticsearch"))[2].body
    tables = (EVENT_FIELDS, CONTEXT_FIELDS, DIAGNOSTICS_FIELDS, ERROR_FIELDS)
    fields = {field for table in tables for field in table.values()}
    for field in fields | {"@timestamp", "message", "ecs.version", "process.pid"}:
        holder = body["template"]["mappings"]
        for part in field.split("."):
            holder = holder["properties"][part]
        assert holder["type"] in ("keyword", "text", "date", "long"), field


def test_least_rights() -> None:
    """The sink may create documents, and neither read nor delete any."""
    config = ElasticsearchConfig(url="http://localhost", alias="app")
    rights = role(config, Product("elasticsearch"))
    assert rights["cluster"] == []
    assert rights["indices"] == [
        {"names": ["app-*", "app"], "privileges": ["create_doc", "auto_configure"]}
    ]
    key = api_key(config, Product("elasticsearch"))
    assert key == {"name": "app", "role_descriptors": {"sink": rights}}
    shown = json.dumps(role(config, Product("opensearch")))
    assert "read" not in shown
    assert "delete" not in shown


@pytest.mark.parametrize("status", [401, 403, 500])
def test_refusal_is_told(status: int) -> None:
    """Whoever runs it learns what stopped it; no text of the server is quoted."""
    error = {"error": {"type": "security_exception", "reason": "hunter2"}}
    cluster = FakeCluster()

    def answer(received: Any) -> Answer:
        if received.path == "/":
            return cluster(received)
        return Answer(status, json.dumps(error).encode())

    (step,) = run(answer, APPLY)
    assert step.state == FAILED
    assert f"HTTP {status} security_exception" in step.text
    assert "hunter2" not in step.text


def test_nobody_there() -> None:
    """No traceback, but a line."""
    with FakeHttpServer() as server:
        url = server.url
    (step,) = setup_steps(ElasticsearchConfig(url=url), user_agent="test/1")
    assert step.state == FAILED


def test_product_that_does_not_tell() -> None:
    """A proxy may hide it; then the settings have to say."""
    answer = Answer(405, b"")
    with FakeHttpServer(answer) as server:
        (step,) = setup_steps(ElasticsearchConfig(url=server.url), user_agent="test/1")
    assert step.state == FAILED
    assert "flavour" in step.text
