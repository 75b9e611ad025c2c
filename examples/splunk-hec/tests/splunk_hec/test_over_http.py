# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The whole way from `write()` to a collector on a real socket, and back."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acme_splunk_hec._delivery.errors import ConfigurationError
from acme_splunk_hec.splunk_hec.sink import SplunkHecSink

from ..support.fake_http import Answer, FakeHttpServer, Received

TOKEN = "s3cret-token"
SUCCESS = Answer(200, b'{"text":"Success","code":0}')


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def collector() -> Iterator[FakeHttpServer]:
    """A collector that takes everything."""
    with FakeHttpServer(SUCCESS) as server:
        yield server


def sink(collector: FakeHttpServer, **settings: Any) -> SplunkHecSink:
    """Return a sink for the collector, with short pauses."""
    given = {"url": collector.url, "token": TOKEN, "linger_seconds": 0.01}
    return SplunkHecSink(**given | {"retry_initial_seconds": 0.01} | settings)


def deliver(target: SplunkHecSink, *messages: str) -> Any:
    """Write one event per message, stop, and return the books."""

    async def run() -> None:
        for message in messages:
            assert await target.write({"message": message, "level": "INFO"})
        await target.stop()

    asyncio.run(run())
    return target.stats()


def messages(request: Received) -> list[str]:
    """Return the messages that a request carries."""
    return [json.loads(line)["event"]["message"] for line in request.body.splitlines()]


def test_events_arrive(collector: FakeHttpServer) -> None:
    """Token, agent, path, compression and order, as Splunk wants them."""
    books = deliver(sink(collector, index="main"), "one", "two")
    (got,) = collector.requests
    assert (got.method, got.path) == ("POST", "/services/collector/event")
    assert got.headers["authorization"] == f"Splunk {TOKEN}"
    assert got.headers["user-agent"] == SplunkHecSink.user_agent
    assert gzip.decompress(got.raw_body) == got.body
    assert messages(got) == ["one", "two"]
    assert json.loads(got.body.splitlines()[0])["index"] == "main"
    assert books.delivered == 2


def test_owner_adds_headers(collector: FakeHttpServer) -> None:
    """They go with every request, and the channel stays the sink's own."""
    deliver(sink(collector, extra_headers={"X-Tenant": "a"}), "one")
    assert {got.headers["x-tenant"] for got in collector.requests} == {"a"}
    with (
        pytest.warns(RuntimeWarning, match="x-splunk-request-channel is set by the sink"),
        pytest.raises(ConfigurationError),
    ):
        sink(collector, extra_headers={"X-Splunk-Request-Channel": "c"})


def test_only_the_refused_event_is_lost(collector: FakeHttpServer) -> None:
    """The head is not sent again, the bad event is given up, the tail is sent again."""
    refusal = {"text": "Invalid data format", "code": 6, "invalid-event-number": 1}
    collector.script(Answer(400, json.dumps(refusal).encode()))
    books = deliver(sink(collector), "head", "bad", "tail")
    assert [messages(got) for got in collector.requests] == [["head", "bad", "tail"], ["tail"]]
    assert (books.delivered, sum(books.dropped.values())) == (2, 1)


def test_too_large_request_is_halved(collector: FakeHttpServer) -> None:
    """A 413 costs no event as long as the parts are small enough."""
    collector.script(Answer(413, b"<html>too large</html>"))
    books = deliver(sink(collector), "a", "b", "c", "d")
    assert [len(messages(got)) for got in collector.requests] == [4, 2, 2]
    assert books.delivered == 4


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, b'{"text":"Server is busy","code":9}'),
        Answer(502, b"<html>bad gateway</html>"),
        Answer(200, b"<html>please log in</html>"),
        Answer(429, b'{"code":26}', {"Retry-After": "0"}),
        Answer(cut="before"),
        Answer(200, SUCCESS.body, cut="during"),
    ],
    ids=["busy", "gateway", "portal", "throttled", "reset", "cut"],
)
def test_passing_trouble_costs_nothing(collector: FakeHttpServer, answer: Answer) -> None:
    """The batch is sent again, the same bytes, until Splunk says that it has them."""
    collector.script(answer)
    assert deliver(sink(collector), "one").delivered == 1
    assert len({got.body for got in collector.requests}) == 1
    assert len(collector.requests) == 2


def test_unusable_tls_file_is_found_at_construction(tmp_path: Path) -> None:
    """A sender thread would have nobody to tell."""
    with pytest.warns(RuntimeWarning), pytest.raises(ConfigurationError, match="tls_ca_file"):
        SplunkHecSink(url="https://splunk:8088", token=TOKEN, tls_ca_file=tmp_path / "none.pem")


def test_unusable_proxy_is_found_at_construction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same holds for a proxy variable of the environment."""
    monkeypatch.setenv("HTTPS_PROXY", "gopher://proxy")
    with pytest.warns(RuntimeWarning), pytest.raises(ConfigurationError, match="HTTPS_PROXY"):
        SplunkHecSink(url="https://splunk:8088", token=TOKEN)


def test_wrong_configuration_does_not_show_the_token(collector: FakeHttpServer) -> None:
    """The error and the warning name the setting only."""
    with (
        pytest.warns(RuntimeWarning, match="url") as warned,
        pytest.raises(ConfigurationError) as caught,
    ):
        sink(collector, url=f"{collector.url}/?token={TOKEN}")
    assert TOKEN not in str(caught.value) + str(warned[0].message)
