# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""`check` finds out what is wrong with a cluster before the first event does."""

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
from acme_elasticsearch.elasticsearch.check import platform_steps
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.setup import APPLY, setup_steps

from ..support.fake_http import Answer, FakeHttpServer, Received
from .fake_cluster import FakeCluster

BOTH = ("create_doc", "auto_configure")
SECRET = "hunter2"


def run(cluster: Any, *, ready: bool = True, event: bool = True, **settings: Any) -> list[Step]:
    """Run `check` against a cluster, after `setup` if it is to be ready."""
    with FakeHttpServer(cluster) as server:
        config = ElasticsearchConfig.model_validate({"url": server.url, **settings})
        if ready:
            assert list(setup_steps(config, user_agent="test/1", action=APPLY))
        return list(platform_steps(config, user_agent="test/1", event=event))


def states(steps: list[Step]) -> list[str]:
    """Return the states in order."""
    return [step.state for step in steps]


@pytest.mark.parametrize(
    "settings", [{}, {"alias": "app"}, {"index": "app"}, {"ids": False}], ids=repr
)
def test_all_is_well(settings: dict[str, Any]) -> None:
    """Product, rights, target, a document that arrives and is read back."""
    steps = run(FakeCluster(rights=BOTH), **settings)
    assert states(steps) == [OK, OK, OK, OK, OK]


def test_all_is_well_with_opensearch() -> None:
    """Its rights are seen by the test document alone."""
    steps = run(FakeCluster("opensearch", version="2.19.6"))
    assert states(steps) == [OK, SKIPPED, OK, OK, OK]
    assert steps[0].text == "opensearch 2.19.6"


def test_without_an_event() -> None:
    """Nothing is written."""
    cluster = FakeCluster(rights=BOTH)
    assert states(run(cluster, event=False)) == [OK, OK, OK]
    assert cluster.bulk.stored == {}


@pytest.mark.parametrize("product", ["elasticsearch", "opensearch"])
def test_no_template(product: str) -> None:
    """Said before a document makes an index that guesses types."""
    cluster = FakeCluster(product)
    steps = run(cluster, ready=False)
    assert states(steps)[2:] == [FAILED, SKIPPED]
    assert "run setup" in steps[2].text
    assert cluster.bulk.stored == {}


def test_template_that_makes_no_data_stream() -> None:
    """One with a higher priority may be in the way."""
    cluster = FakeCluster()
    cluster.objects["/_index_template/x"] = {"index_patterns": ["logs-*"], "priority": 900}
    cluster.objects["/_index_template/y"] = {"index_patterns": ["logs-*"], "data_stream": {}}
    assert run(cluster, ready=False)[2].state == FAILED
    cluster.objects["/_index_template/y"]["priority"] = 901
    step = run(cluster, ready=False)[2]
    assert step.state == OK
    assert "template y" in step.text


@pytest.mark.parametrize("settings", [{}, {"alias": "app"}], ids=repr)
def test_plain_index_in_the_way(settings: dict[str, Any]) -> None:
    """What an earlier run without a template has left."""
    cluster = FakeCluster()
    cluster.indices |= {"logs-fapilog-default", "app"}
    step = run(cluster, ready=False, **settings)[2]
    assert step.state == FAILED
    assert "plain index" in step.text


@pytest.mark.parametrize(
    ("rights", "state", "detail"),
    [
        (BOTH, OK, "create_doc and auto_configure"),
        (("create_doc",), WARNING, "auto_configure is missing"),
        (("auto_configure",), FAILED, "grant create_doc"),
        ((), FAILED, "grant create_doc and auto_configure"),
        (None, SKIPPED, "security is off"),
    ],
)
def test_rights(rights: tuple[str, ...] | None, state: str, detail: str) -> None:
    """Which right is missing."""
    step = run(FakeCluster(rights=rights))[1]
    assert step.state == state
    assert detail in step.text


def test_least_rights_are_enough() -> None:
    """Credentials that may only write cannot be told more, and that is no failure."""
    steps = run(FakeCluster(rights=BOTH, reads=False), ready=False)
    assert states(steps) == [OK, OK, SKIPPED, OK, SKIPPED]


@pytest.mark.parametrize(
    ("product", "version", "state"),
    [
        ("elasticsearch", "7.17.0", OK),
        ("elasticsearch", "9.1.0", OK),
        ("elasticsearch", "7.16.3", WARNING),
        ("opensearch", "1.0.0", OK),
        ("opensearch", "3.1.0", OK),
    ],
)
def test_version(product: str, version: str, state: str) -> None:
    """What is older than the sink was made for may differ."""
    step = run(FakeCluster(product, version=version), event=False)[0]
    assert (step.state, step.text.split()[:2]) == (state, [product, version])


def test_flavour_that_is_not_the_servers() -> None:
    """The setting would make requests that the server refuses."""
    (step,) = run(FakeCluster("opensearch"), flavour="elasticsearch", ready=False)
    assert step.state == FAILED
    assert "flavour" in step.text


def test_product_that_does_not_tell() -> None:
    """A proxy may hide it: the documents may arrive all the same."""
    cluster = FakeCluster()

    def answer(received: Received) -> Answer:
        return Answer(403, b"") if received.path == "/" else cluster(received)

    cluster.streams.add("logs-fapilog-default")
    assert states(run(answer, ready=False)) == [WARNING, SKIPPED, OK, OK, OK]


@pytest.mark.parametrize(
    ("status", "state"), [(401, FAILED), (403, FAILED), (413, FAILED), (503, FAILED)]
)
def test_refusal_is_told_without_the_servers_text(status: int, state: str) -> None:
    """What stops documents is told; a server that echoes a secret is not quoted."""
    cluster = FakeCluster()
    cluster.streams.add("logs-fapilog-default")

    def answer(received: Received) -> Answer:
        if status == 401 or "_bulk" in received.path:
            return Answer(status, json.dumps({"error": {"type": SECRET}}).encode())
        return cluster(received)

    steps = run(answer, ready=False, username="u", password=SECRET)
    assert steps[-1].state == state
    assert str(status) in steps[-1].text
    assert SECRET not in str(steps)


def test_nobody_there() -> None:
    """No traceback, but a line."""
    with FakeHttpServer() as server:
        url = server.url
    (step,) = platform_steps(ElasticsearchConfig(url=url), user_agent="test/1")
    assert step.state == FAILED


def test_document_that_is_not_there() -> None:
    """A server that says "created" and has nothing is found out."""
    cluster = FakeCluster()
    cluster.streams.add("logs-fapilog-default")

    def answer(received: Received) -> Answer:
        answered = cluster(received)
        cluster.bulk.stored.clear()
        return answered

    assert states(run(answer, ready=False))[-1] == FAILED
