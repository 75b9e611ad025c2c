# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The parts together, over real sockets: what arrives, and what every kind of answer does."""

from __future__ import annotations

import asyncio
import gzip
import pathlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from acme_elasticsearch._delivery.exchange import Exchange, attempt
from acme_elasticsearch._delivery.http_client import HttpClient
from acme_elasticsearch._delivery.records import (
    Delivered,
    Hold,
    HttpRequest,
    HttpResponse,
    Record,
    Rejected,
    RetryLater,
    Split,
    Verdict,
)
from acme_elasticsearch.elasticsearch.answers import STRAY_INDEX
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.encoder import Encoder
from acme_elasticsearch.elasticsearch.sink import ElasticsearchSink

from ..support.fake_http import Answer, FakeHttpServer, Received
from .fake_bulk import FakeBulk

KEY = "VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw"
DEADLINE_SECONDS = 10.0


class Sender:
    """Sends batches to a server the way the engine does, one attempt at a time."""

    def __init__(self, **settings: Any) -> None:
        self.config = ElasticsearchConfig.model_validate(settings)
        self.exchange: Exchange[HttpRequest, HttpResponse]
        self.exchange = ElasticsearchSink(self.config).exchange(self.config)
        (connect,) = self.exchange.endpoints.values()
        self.client = connect()
        assert isinstance(self.client, HttpClient)

    def batch(self, *messages: str) -> list[Record]:
        """Encode events with these messages."""
        return [Encoder(self.config).encode({"message": message}) for message in messages]

    def send(self, batch: list[Record]) -> Verdict:
        """Make one attempt."""
        return attempt(self.exchange, self.client, batch, DEADLINE_SECONDS)


Connect = Callable[..., Sender]


@pytest.fixture
def server() -> Iterator[FakeHttpServer]:
    """Return a server that listens."""
    with FakeHttpServer() as running:
        yield running


@pytest.fixture
def connect(server: FakeHttpServer) -> Iterator[Connect]:
    """Return a function that makes a sender to the server from settings, closed afterwards."""
    senders: list[Sender] = []

    def make(**settings: Any) -> Sender:
        senders.append(Sender(**{"url": server.url, **settings}))
        return senders[-1]

    yield make
    for sender in senders:
        sender.client.close(0.0)


def test_what_arrives(server: FakeHttpServer, connect: Connect) -> None:
    """Method, path, headers and body are as the bulk API wants them."""
    server.default = FakeBulk()
    sender = connect(url=server.url + "/es/", api_key=KEY, data_stream="logs-app-test")
    assert sender.send(sender.batch("one", "two")) == [Delivered(), Delivered()]
    received = server.requests[0]
    assert received.method == "POST"
    assert received.path.startswith("/es/logs-app-test/_bulk?filter_path=")
    assert received.headers["content-type"] == "application/x-ndjson"
    assert received.headers["content-encoding"] == "gzip"
    assert received.headers["authorization"].startswith("ApiKey ")
    assert received.body.endswith(b"}\n")
    assert received.raw_body != received.body


def test_mixed_items(server: FakeHttpServer, connect: Connect) -> None:
    """Each document gets its own verdict."""
    refusals = {"busy": (429, "rejected_execution_exception"), "bad": (400, "mapper_exception")}
    server.default = FakeBulk(lambda document: refusals.get(document["message"]))
    sender = connect()
    verdict = sender.send(sender.batch("good", "busy", "bad", "fine"))
    assert verdict == [
        Delivered(),
        RetryLater("item 429 rejected_execution_exception"),
        Rejected("item 400 mapper_exception"),
        Delivered(),
    ]


@pytest.mark.fault(4, promise=4)
def test_resend_after_a_lost_answer(server: FakeHttpServer, connect: Connect) -> None:
    """Stored, but the answer was lost: the resend is answered with 409 and nothing is doubled."""
    bulk = FakeBulk()

    def store_and_cut(received: Received) -> Answer:
        bulk(received)
        return Answer(cut="before")

    server.script(store_and_cut)
    server.default = bulk
    sender = connect()
    batch = sender.batch("one", "two")
    first = sender.send(batch)
    assert not isinstance(first, Split)
    assert [isinstance(o, RetryLater) and o.ambiguous for o in first] == [True, True]
    assert sender.send(batch) == [Delivered(), Delivered()]
    assert [document["message"] for document in bulk.stored.values()] == ["one", "two"]


def test_gzipped_answer(server: FakeHttpServer, connect: Connect) -> None:
    """A compressed answer is read like any other."""
    body = gzip.compress(b'{"items":[{"create":{"status":201}}]}')
    server.script(Answer(200, body, {"Content-Encoding": "gzip"}))
    sender = connect()
    assert sender.send(sender.batch("one")) == [Delivered()]


def test_demand_that_the_server_does_not_know_is_given_up(
    server: FakeHttpServer, connect: Connect
) -> None:
    """OpenSearch refuses the parameter: asked once per connection, and every event arrives."""
    server.default = FakeBulk(opensearch=True)
    sender = connect()
    assert sender.send(sender.batch("one")) == [Delivered()]
    assert sender.send(sender.batch("two")) == [Delivered()]
    demands = ["require_data_stream" in received.path for received in server.requests]
    assert demands == [True, False, False]


def test_demand_holds_without_a_template(server: FakeHttpServer, connect: Connect) -> None:
    """Where the server knows the parameter, nothing lands in an index that guesses types."""
    bulk = FakeBulk(streams=False)
    server.default = bulk
    sender = connect()
    (outcome,) = sender.send(sender.batch("one"))
    assert isinstance(outcome, Hold)
    assert "template" in outcome.reason
    assert bulk.stored == {}


def test_stray_index_is_told(server: FakeHttpServer, connect: Connect) -> None:
    """Where the server does not know it, a document in a plain index is a warning."""
    server.default = FakeBulk(opensearch=True, streams=False)
    sender = connect()
    assert sender.send(sender.batch("one")) == [Delivered(STRAY_INDEX)]


def test_flavour_that_is_not_the_servers(server: FakeHttpServer, connect: Connect) -> None:
    """Nothing is split to find a culprit among the events: the setting is it."""
    server.default = FakeBulk(opensearch=True)
    sender = connect(flavour="elasticsearch")
    (outcome,) = sender.send(sender.batch("one"))
    assert isinstance(outcome, Hold)
    assert "flavour" in outcome.reason
    assert len(server.requests) == 1


def test_routes_share_a_request(server: FakeHttpServer, connect: Connect) -> None:
    """Documents of several data streams go together, each to its own."""
    bulk = FakeBulk()
    server.default = bulk
    sender = connect(dataset_field="data.set")
    encode = Encoder(sender.config).encode
    batch = [encode({"message": "m", "data": {"set": name}}) for name in ("a", "b", "a")]
    batch.append(encode({"message": "m"}))
    assert sender.send(batch) == [Delivered()] * 4
    names = ["logs-a-default", "logs-b-default", "logs-a-default", "logs-fapilog-default"]
    assert list(bulk.targets.values()) == names
    assert len(server.requests) == 1


def test_documents_without_ids(server: FakeHttpServer, connect: Connect) -> None:
    """The server makes the ids: what a time-series stream wants."""
    bulk = FakeBulk()
    server.default = bulk
    sender = connect(ids=False)
    assert sender.send(sender.batch("one", "two")) == [Delivered(), Delivered()]
    assert len(bulk.stored) == 2


SECRETS = {
    "api_key": ({}, KEY, "ApiKey VnVhQ2ZHY0JDZGJrUW0tZTVhT3g6dWkybHAyYXhUTm1zeWFrdzl0dk5udw=="),
    "bearer_token": ({}, "a.b", "Bearer a.b"),
    "password": ({"username": "u"}, "hunter2", "Basic dTpodW50ZXIy"),
}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("source", ["", "_file", "_env", "_provider"])
def test_every_source_of_every_secret(
    server: FakeHttpServer,
    connect: Connect,
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    source: str,
) -> None:
    """Each of the four settings of a secret ends in the header."""
    server.default = FakeBulk()
    more, secret, header = SECRETS[name]
    (tmp_path / "secret").write_text(secret)
    monkeypatch.setenv("THE_SECRET", secret)
    given: dict[str, Any] = {
        "": secret,
        "_file": tmp_path / "secret",
        "_env": "THE_SECRET",
        "_provider": lambda: secret,
    }
    sender = connect(**more, **{name + source: given[source]})
    assert sender.send(sender.batch("one")) == [Delivered()]
    assert server.requests[0].headers["authorization"] == header


def test_token_is_read_again(
    server: FakeHttpServer, connect: Connect, tmp_path: pathlib.Path
) -> None:
    """A token that was renewed on disk is in the next request."""
    server.default = FakeBulk()
    path = tmp_path / "token"
    sender = connect(bearer_token_file=path)
    for token in ("first", "second"):
        path.write_text(token + "\n")
        sender.send(sender.batch("one"))
    sent = [received.headers["authorization"] for received in server.requests]
    assert sent == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(Answer(200, b""), RetryLater, id="200_empty"),
        pytest.param(Answer(200, b"<html>"), RetryLater, id="200_html"),
        pytest.param(Answer(301, b"", {"Location": "/elsewhere"}), Hold, id="301"),
        pytest.param(Answer(401, b'{"error":{"type":"security_exception"}}'), Hold, id="401"),
        pytest.param(
            Answer(403, b'{"message":"The request signature we calculated"}'), Hold, id="403_aws"
        ),
        pytest.param(Answer(404, b"<html>"), Hold, id="404_html"),
        pytest.param(Answer(406, b'{"error":"not supported","status":406}'), Hold, id="406"),
        pytest.param(Answer(413, b""), Split, id="413_empty"),
        pytest.param(Answer(413, b"<html>"), Split, id="413_html"),
        pytest.param(Answer(413, b'{"error":{"type":"x_exception"}}'), Split, id="413_json"),
        pytest.param(
            Answer(413, b'{"Message":"Request size exceeded 10485760 bytes"}'), Split, id="413_aws"
        ),
        pytest.param(Answer(400, b'{"error":{"type":"x_exception"}}'), Split, id="400"),
        pytest.param(Answer(502, b"<html>"), RetryLater, id="502_html"),
        pytest.param(Answer(503, b"<html>"), RetryLater, id="503_html"),
        pytest.param(Answer(200, b'{"items":[]}', cut="during"), RetryLater, id="cut"),
    ],
)
def test_answers(
    server: FakeHttpServer, connect: Connect, answer: Answer, expected: type[Any]
) -> None:
    """No answer without one readable item per document counts as delivery."""
    server.script(answer)
    sender = connect()
    verdict = sender.send(sender.batch("one"))
    got = [type(verdict)] if isinstance(verdict, Split) else [type(o) for o in verdict]
    assert got == [expected]
    assert len(server.requests) == 1


def test_retry_after(server: FakeHttpServer, connect: Connect) -> None:
    """The header reaches the outcome."""
    server.script(Answer(429, b'{"error":{"type":"x_exception"}}', {"Retry-After": "7"}))
    sender = connect()
    assert sender.send(sender.batch("one")) == [RetryLater("HTTP 429 x_exception", 7.0)]


def test_request_without_a_last_newline_is_refused(
    server: FakeHttpServer, connect: Connect
) -> None:
    """The fake server is as strict as the real ones; otherwise these tests would prove little."""
    server.default = FakeBulk()
    sender = connect(gzip=False)
    good = sender.exchange.build(sender.batch("one"))
    cut = HttpRequest(good.path, good.headers, good.body[:-1])
    assert sender.client.send(good, DEADLINE_SECONDS).status == 200
    assert sender.client.send(cut, DEADLINE_SECONDS).status == 400


@pytest.mark.fault(19, promise=5)
def test_sink_sends_only_the_failed_item_again(server: FakeHttpServer) -> None:
    """From write to the books: one busy item is resent alone, and everything arrives once."""
    answers = iter([(429, "es_rejected_execution_exception")])
    bulk = FakeBulk(lambda d: next(answers, None) if d["message"] == "busy" else None)
    server.default = bulk
    settings = {"url": server.url, "linger_seconds": 0.01, "retry_initial_seconds": 0.001}

    async def scenario() -> ElasticsearchSink:
        sink = ElasticsearchSink(settings)
        for message in ("first", "busy", "last"):
            assert await sink.write({"message": message})
        await asyncio.to_thread(server.wait_for, 2)
        await sink.stop()
        return sink

    stats = asyncio.run(scenario()).stats()
    assert bulk.attempts.count("busy") == 2
    assert (bulk.attempts.count("first"), bulk.attempts.count("last")) == (1, 1)
    assert sorted(d["message"] for d in bulk.stored.values()) == ["busy", "first", "last"]
    assert (stats.delivered, stats.pending, stats.balanced) == (3, 0, True)


def test_sink_survives_a_lost_answer(server: FakeHttpServer) -> None:
    """From write to the books: a lost answer doubles nothing, and is counted as ambiguous."""
    bulk = FakeBulk()
    lost = threading.Event()

    def answer(received: Received) -> Answer:
        stored = bulk(received)
        if lost.is_set():
            return stored
        lost.set()
        return Answer(cut="before")

    server.default = answer
    settings = {"url": server.url, "linger_seconds": 0.01, "retry_initial_seconds": 0.001}

    async def scenario() -> ElasticsearchSink:
        sink = ElasticsearchSink(settings)
        assert await sink.write({"message": "once"})
        await asyncio.to_thread(server.wait_for, 2)
        await sink.stop()
        return sink

    stats = asyncio.run(scenario()).stats()
    assert [document["message"] for document in bulk.stored.values()] == ["once"]
    assert (stats.delivered, stats.ambiguous, stats.balanced) == (1, 1, True)


def test_sink_names_itself(server: FakeHttpServer) -> None:
    """The User-Agent is that of the sink, so that the cluster's logs can tell who sends."""

    class NamedSink(ElasticsearchSink):
        user_agent = "acme-logs/1.2"

    config = ElasticsearchConfig(url=server.url)
    exchange = NamedSink(config).exchange(config)
    (connect,) = exchange.endpoints.values()
    client = connect()
    attempt(exchange, client, [Record(b"a\nd")], DEADLINE_SECONDS)
    client.close(0.0)
    assert server.requests[0].headers["user-agent"] == "acme-logs/1.2"
