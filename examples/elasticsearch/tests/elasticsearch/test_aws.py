# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Requests to Amazon OpenSearch are signed; the server's side is written from the specification."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from acme_elasticsearch._command.steps import FAILED
from acme_elasticsearch._delivery.errors import ConfigurationError
from acme_elasticsearch._delivery.exchange import Exchange, attempt
from acme_elasticsearch._delivery.records import Delivered, Hold
from acme_elasticsearch.elasticsearch.check import platform_steps
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.encoder import Encoder
from acme_elasticsearch.elasticsearch.sink import ElasticsearchSink

from ..support.fake_http import Answer, FakeHttpServer, Received
from .fake_bulk import FakeBulk
from .sigv4 import is_signed

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
REFUSED = b'{"message":"The request signature we calculated does not match"}'


@pytest.fixture
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let botocore find credentials in the environment, as on a machine of AWS."""
    pytest.importorskip("botocore", reason="the extra `aws` is not installed")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def gate(bulk: FakeBulk, service: str) -> Any:
    """Return an answer for requests that are signed rightly, and 403 for all others."""

    def answer(received: Received) -> Answer:
        if is_signed(received, secret=SECRET, region="eu-west-1", service=service):
            return bulk(received)
        return Answer(403, REFUSED)

    return answer


@pytest.mark.usefixtures("_credentials")
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"gzip": False},
        {"data_stream": "logs-ä-default"},
        {"flavour": "opensearch"},
        {"aws_service": "aoss", "index": "app"},
        {"extra_headers": {"X-Team": "a"}},
    ],
    ids=repr,
)
def test_requests_are_signed(settings: dict[str, Any]) -> None:
    """Path, query, headers and the compressed body are signed as they are sent."""
    bulk = FakeBulk(opensearch=True)
    with FakeHttpServer(gate(bulk, settings.get("aws_service", "es"))) as server:
        config = ElasticsearchConfig.model_validate(
            {"url": server.url, "aws_region": "eu-west-1", **settings}
        )
        verdict = send(config)
        received = server.requests[0]
    assert verdict == [Delivered()]
    assert received.headers["x-amz-security-token"] == "session"
    assert ("x-team" in received.headers) == ("extra_headers" in settings)
    assert SECRET not in str(received.headers)


@pytest.mark.parametrize(
    "name", ["X-Amz-Date", "X-Amz-Security-Token", "X-Amz-Content-SHA256", "Authorization"]
)
def test_headers_of_the_signature_are_its_own(name: str) -> None:
    """Another value in one of them would spoil it, or pass for it."""
    with pytest.raises(ValueError, match="is set by the sink"):
        ElasticsearchConfig(url="http://localhost", extra_headers={name: "x"})


@pytest.mark.usefixtures("_credentials")
def test_signature_that_is_refused_holds() -> None:
    """Another region, a wrong clock or a wrong key is repaired by a person; no event is to blame."""
    with FakeHttpServer(gate(FakeBulk(), "es")) as server:
        verdict = send(ElasticsearchConfig(url=server.url, aws_region="us-east-1"))
    assert [type(outcome) for outcome in verdict] == [Hold]


@pytest.mark.usefixtures("_credentials")
def test_no_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """What is missing shows at construction."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with (
        pytest.warns(RuntimeWarning, match="no AWS credentials"),
        pytest.raises(ConfigurationError, match="no AWS credentials"),
    ):
        ElasticsearchSink({"url": "http://localhost", "aws_region": "eu-west-1"})


SOURCES = {
    "profile": ("", {"AWS_PROFILE": "nobody"}),
    "partial": ("[default]\naws_access_key_id = A\n", {}),
    "garbage": ("[default\n", {}),
    "process": (f"[default]\ncredential_process = sh -c 'echo {SECRET} >&2; exit 1'\n", {}),
}


@pytest.mark.usefixtures("_credentials")
@pytest.mark.parametrize("source", SOURCES)
def test_credentials_that_botocore_cannot_read(
    source: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Its own errors become ours, without what a credential process printed."""
    text, environment = SOURCES[source]
    config = files_only(monkeypatch, tmp_path, text)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with (
        pytest.warns(RuntimeWarning, match="no AWS credentials"),
        pytest.raises(ConfigurationError, match="no AWS credentials") as caught,
    ):
        ElasticsearchSink(config)
    assert SECRET not in str(caught.value)
    (step,) = platform_steps(config, user_agent="test")
    assert step.state == FAILED


@pytest.mark.usefixtures("_credentials")
def test_credentials_that_cannot_be_renewed_hold(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing was sent and no event is to blame: they wait, and leave when there are some again."""
    ends = datetime.now(timezone.utc) + timedelta(seconds=30)
    answer = tmp_path / "answer"
    answer.write_text(
        json.dumps(
            {
                "Version": 1,
                "AccessKeyId": "AKIDEXAMPLE",
                "SecretAccessKey": SECRET,
                "SessionToken": "session",
                "Expiration": ends.isoformat(),
            }
        )
    )
    config = files_only(
        monkeypatch, tmp_path, f"[default]\ncredential_process = cat {answer.as_posix()}\n"
    )
    with FakeHttpServer(gate(FakeBulk(), "es")) as server:
        config = config.model_copy(update={"url": server.url})
        exchange = ElasticsearchSink(config).exchange(config)
        kept = answer.read_text()
        answer.unlink()  # what botocore has is too old to sign with
        assert [type(outcome) for outcome in send(config, exchange)] == [Hold]
        assert server.requests == []
        later = (ends + timedelta(hours=1)).isoformat()
        answer.write_text(kept.replace(ends.isoformat(), later))
        assert send(config, exchange) == [Delivered()]


def files_only(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> ElasticsearchConfig:
    """Let botocore find nothing but a file of this text."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    path = folder / "config"
    path.write_text(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(folder / "none"))
    return ElasticsearchConfig(url="http://localhost", aws_region="eu-west-1")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "botocore", None)
    monkeypatch.setitem(sys.modules, "botocore.auth", None)
    with (
        pytest.warns(RuntimeWarning, match="extra `aws`"),
        pytest.raises(ConfigurationError, match="extra `aws`"),
    ):
        ElasticsearchSink({"url": "http://localhost", "aws_region": "eu-west-1"})


def send(config: ElasticsearchConfig, exchange: Exchange[Any, Any] | None = None) -> list[Any]:
    """Send one event as the engine does."""
    exchange = exchange or ElasticsearchSink(config).exchange(config)
    (connect,) = exchange.endpoints.values()
    client = connect()
    try:
        return list(attempt(exchange, client, [Encoder(config).encode({"message": "m"})], 10.0))
    finally:
        client.close(0.0)
