# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The same promises against a cluster of yours; skipped unless the environment names one.

    ELASTICSEARCH_TEST_SETTINGS='{"url": "https://...", "username": "...", "password_env": "..."}'

takes any settings of the sink, with the rights of an administrator.
The tests make and use data streams `logs-fapilogtest*` and indices `fapilogtest*`, and remove what they can.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acme_elasticsearch._command.steps import (
    FAILED,
    OK,
    WARNING,
)
from acme_elasticsearch._delivery.exchange import attempt
from acme_elasticsearch._delivery.records import (
    Batch,
    Delivered,
    Hold,
    Outcome,
    Rejected,
    Split,
    Verdict,
)
from acme_elasticsearch.elasticsearch.admin import (
    ELASTICSEARCH,
    Admin,
    Product,
    parsed,
)
from acme_elasticsearch.elasticsearch.answers import ID_TAKEN
from acme_elasticsearch.elasticsearch.check import platform_steps
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.encoder import Encoder
from acme_elasticsearch.elasticsearch.objects import pattern
from acme_elasticsearch.elasticsearch.setup import APPLY, REMOVE, setup_steps
from acme_elasticsearch.elasticsearch.sink import ElasticsearchSink

from .any_events import events

CLUSTER = json.loads(os.environ.get("ELASTICSEARCH_TEST_SETTINGS", "{}"))
SEEN_SECONDS = 20.0

if not CLUSTER:
    pytest.skip("ELASTICSEARCH_TEST_SETTINGS names no cluster", allow_module_level=True)

pytestmark = pytest.mark.timeout(120)


class Cluster:
    """The cluster, with targets of its own for one test."""

    def __init__(self, **more: Any) -> None:
        self.name = f"fapilogtest{secrets.token_hex(4)}"
        target = {} if more.keys() & {"alias", "index"} else {"data_stream": f"logs-{self.name}-x"}
        renamed = {
            k: v.replace("NAME", self.name) if isinstance(v, str) else v for k, v in more.items()
        }
        self.config = ElasticsearchConfig.model_validate({**CLUSTER, **target, **renamed})
        self.admin = Admin(self.config, user_agent="test")
        self._exchange = ElasticsearchSink(self.config).exchange(self.config)
        self._client = next(iter(self._exchange.endpoints.values()))()
        self.encode = Encoder(self.config).encode

    def set_up(self) -> None:
        """Make what the target needs."""
        steps = list(setup_steps(self.config, user_agent="test", action=APPLY))
        assert [step for step in steps if step.state == FAILED] == []

    def send(self, batch: Batch) -> list[Outcome]:
        """Send a batch once."""
        verdict = self.try_once(batch)
        assert not isinstance(verdict, Split), verdict
        return list(verdict)

    def try_once(self, batch: Batch) -> Verdict:
        """Send a batch once, whatever comes of it."""
        for record in batch:
            record.attempts += 1
        return attempt(self._exchange, self._client, batch, 60.0)

    def documents(self, expected: int, name: str | None = None) -> list[dict[str, Any]]:
        """Return what can be found, once there is as much as expected."""
        path = f"/{name or self.config.target_name}"
        deadline = time.monotonic() + SEEN_SECONDS
        while True:
            self.admin.request("POST", f"{path}/_refresh")
            found = parsed(self.admin.request("GET", f"{path}/_search?size=1000"))
            hits = found.get("hits", {}).get("hits", [])
            if len(hits) >= expected or time.monotonic() > deadline:
                assert len(hits) == expected
                return hits

    def clean(self) -> None:
        """Take away what was made."""
        self._client.close(0.0)
        wild = pattern(self.config)
        for path in (f"/_data_stream/{wild}", f"/{self.name}*"):
            self.admin.request("DELETE", path)
        list(setup_steps(self.config, user_agent="test", action=REMOVE))
        self.admin.close()


Make = Callable[..., Cluster]


@pytest.fixture
def make() -> Iterator[Make]:
    """Return a function that makes a target, with settings, set up or not; removed afterwards."""
    made: list[Cluster] = []

    def new(*, ready: bool = True, **more: Any) -> Cluster:
        made.append(Cluster(**more))
        if ready:
            made[-1].set_up()
        return made[-1]

    yield new
    for cluster in made:
        cluster.clean()


def product_of(cluster: Cluster) -> Product:
    """Return who answers."""
    return cluster.admin.product()


@pytest.mark.parametrize("target", [{}, {"alias": "NAME"}, {"index": "NAME-%Y.%m"}], ids=repr)
def test_setup_is_idempotent_and_check_agrees(make: Make, target: dict[str, str]) -> None:
    """Made once, unchanged the second time, and found complete by `check`."""
    cluster = make(**target)
    again = list(setup_steps(cluster.config, user_agent="test", action=APPLY))
    assert {step.text for step in again if step.state == OK} <= {
        str(product_of(cluster)),
        "is there",
        "is made with the first event",
    }
    steps = list(platform_steps(cluster.config, user_agent="test"))
    assert [step for step in steps if step.state in (FAILED, WARNING)] == []
    assert "read back" in steps[-1].name
    assert steps[-1].state == OK


def test_without_a_template(make: Make) -> None:
    """Either the server refuses to make a plain index, or it is told and counted."""
    cluster = make(ready=False, data_stream=f"nothing-x{secrets.token_hex(4)}-x")
    found = {step.name: step.state for step in platform_steps(cluster.config, user_agent="test")}
    assert found[f"data stream {cluster.config.data_stream}"] == FAILED
    (outcome,) = cluster.send([cluster.encode({"message": "m"})])
    if product_of(cluster).name == ELASTICSEARCH:
        assert isinstance(outcome, Hold)
    else:
        assert isinstance(outcome, Delivered)
        assert "plain index" in outcome.warning
        cluster.admin.request("DELETE", f"/{cluster.config.data_stream}")


@pytest.mark.parametrize("target", [{}, {"alias": "NAME"}, {"index": "NAME"}], ids=repr)
def test_resend_stores_nothing_twice(make: Make, target: dict[str, str]) -> None:
    """What is stored already counts as delivered, and is there once."""
    cluster = make(**target)
    batch = [cluster.encode({"message": f"m{number}"}) for number in range(20)]
    assert cluster.send(batch[:15]) == [Delivered()] * 15
    assert cluster.send(batch) == [Delivered()] * 20
    found = cluster.documents(20)
    assert sorted(hit["_source"]["message"] for hit in found) == sorted(
        f"m{number}" for number in range(20)
    )


def test_id_of_the_event(make: Make) -> None:
    """Long, odd and repeated ids are taken as they are."""
    cluster = make(id_field="data.id")
    ids = ["a", "b" * 512, "é" * 256, "c" * 513, "a/b?c#d", '"', "\n", "a"]
    batch = [cluster.encode({"message": "m", "data": {"id": key}}) for key in ids]
    assert cluster.send(batch) == [Delivered()] * 7 + [Delivered(ID_TAKEN)]
    found = {hit["_id"] for hit in cluster.documents(7)}
    assert found >= {"a", "b" * 512, "é" * 256, "a/b?c#d", '"', "\n"}


def test_documents_without_ids(make: Make) -> None:
    """The server makes them."""
    cluster = make(ids=False)
    assert cluster.send([cluster.encode({"message": "m"})] * 2) == [Delivered()] * 2
    cluster.documents(2)


def test_one_document_that_does_not_fit(make: Make) -> None:
    """Its neighbours arrive; the reason names the type of the error and quotes nothing."""
    cluster = make()
    batch = [cluster.encode({"message": str(number)}) for number in range(3)]
    batch[1].payload = batch[1].payload.replace(b'"@timestamp":"2', b'"@timestamp":"secret2')
    first, second, third = cluster.send(batch)
    assert (first, third) == (Delivered(), Delivered())
    assert isinstance(second, Rejected)
    assert "secret" not in second.reason
    cluster.documents(2)


def test_more_names_of_labels_than_an_index_has_fields(make: Make) -> None:
    """The template of `setup` takes any number of them: no event is refused for its labels."""
    cluster = make(label_names_max=100_000)
    batch = [
        cluster.encode({"message": "m", "data": {f"k{event}_{n}": n for n in range(300)}})
        for event in range(10)
    ]
    assert cluster.send(batch) == [Delivered()] * 10


def test_guard_of_names_with_any_template(make: Make) -> None:
    """With a field for each name it is the sink that keeps below the limit."""
    cluster = make(documents="flat", label_names_max=900)
    batch = [
        cluster.encode({"message": "m", "data": {f"k{event}_{n}": n for n in range(300)}})
        for event in range(10)
    ]
    assert cluster.send(batch) == [Delivered()] * 10


@pytest.mark.parametrize("documents", ["ecs", "flat", "raw"])
def test_longest_values(make: Make, documents: str) -> None:
    """What is cut is cut to what the servers take, in bytes and with the name."""
    cluster = make(documents=documents, document_max_bytes=10_000_000)
    for letter in ("x", "é", "😀", "\x01", '"'):
        event = {
            "message": letter * 500_000,
            "logger": letter * 40_000,
            "data": {letter * 200: letter * 40_000, "list": [letter * 40_000]},
        }
        assert cluster.send([cluster.encode(event)]) == [Delivered()]


@pytest.mark.parametrize("documents", ["ecs", "flat", "raw"])
def test_any_event_is_taken(make: Make, documents: str) -> None:
    """Whatever an event holds, the request is taken; in ECS the document is, too."""
    cluster = make(documents=documents, label_names_max=900)

    @settings(max_examples=8, suppress_health_check=list(HealthCheck), database=None)
    @given(st.lists(events, min_size=20, max_size=40))
    def send_all(given_events: list[dict[str, Any]]) -> None:
        outcomes = cluster.send([cluster.encode(event) for event in given_events])
        wrong = [outcome for outcome in outcomes if outcome != Delivered()]
        if documents == "ecs":
            assert wrong == []
        # The types of the others are a matter between the application and the mapping.
        assert all(isinstance(outcome, Rejected) for outcome in wrong)

    send_all()


@pytest.mark.parametrize(
    ("target", "path", "change"),
    [
        ({"index": "NAME"}, "/NAME/_close", None),
        ({"index": "NAME"}, "/NAME/_settings", {"index.default_pipeline": "fapilogtest-none"}),
        (
            {"alias": "NAME"},
            "/_aliases",
            {
                "actions": [
                    {"add": {"index": "NAME-000001", "alias": "NAME", "is_write_index": False}}
                ]
            },
        ),
    ],
    ids=["closed", "no_pipeline", "no_write_index"],
)
def test_target_that_takes_no_document(
    make: Make, target: dict[str, str], path: str, change: Any
) -> None:
    """The server says 400 for each document, and yet no document is to blame: none is given up."""
    cluster = make(**target)
    assert cluster.send([cluster.encode({"message": "m"})]) == [Delivered()]
    body = json.loads(json.dumps(change).replace("NAME", cluster.name))
    path = path.replace("NAME", cluster.name)
    method = "PUT" if path.endswith("_settings") else "POST"
    assert cluster.admin.request(method, path, body).status == 200
    verdict = cluster.try_once([cluster.encode({"message": "m"}) for _ in range(3)])
    assert [type(outcome) for outcome in verdict] == [Hold] * 3


def test_routes(make: Make) -> None:
    """Each to its own data stream; one that no template makes is a dead letter or a warning."""
    cluster = make(dataset_field="data.set", namespace_field="data.space")
    encode = cluster.encode
    same = {"set": cluster.name, "space": "y"}
    batch = [encode({"message": "y", "data": same}), encode({"message": "x"})]
    assert cluster.send(batch) == [Delivered()] * 2
    streams = {hit["_index"] for hit in cluster.documents(2, f"logs-{cluster.name}-*")}
    assert len(streams) == 2
    assert all(name.startswith(".ds-") for name in streams)


def test_from_write_to_the_books(make: Make, tmp_path: Path) -> None:
    """Through the engine: all events are accounted for, and each is in the cluster once."""
    cluster = make()
    path = tmp_path / "dead.jsonl"
    config = cluster.config.model_copy(
        update={"linger_seconds": 0.05, "batch_max_events": 37, "dead_letter_path": path}
    )

    async def scenario() -> Any:
        sink = ElasticsearchSink(config)
        for number in range(500):
            assert await sink.write({"message": f"m{number}", "data": {"n": number}})
        return await sink.stop()

    stats = asyncio.run(scenario()).stats
    assert (stats.delivered, stats.pending, stats.balanced) == (500, 0, True)
    found = [hit["_source"]["message"] for hit in cluster.documents(500)]
    assert sorted(found) == sorted(f"m{number}" for number in range(500))


def test_wrong_credentials_hold(make: Make) -> None:
    """No event is given up for a password that a person has to correct."""
    if not {"username", "api_key", "bearer_token"} & CLUSTER.keys():
        pytest.skip("this cluster asks for no credentials")
    secret = {"username": "nobody", "password": "wrong"}
    kept = {k: v for k, v in CLUSTER.items() if k.partition("_")[0] not in ("api", "bearer")}
    config = ElasticsearchConfig.model_validate({**kept, **secret})
    exchange = ElasticsearchSink(config).exchange(config)
    client = next(iter(exchange.endpoints.values()))()
    verdict = attempt(exchange, client, [Encoder(config).encode({"message": "m"})], 30.0)
    client.close(0.0)
    assert not isinstance(verdict, Split)
    assert [type(outcome) for outcome in verdict] == [Hold]
