# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What is wrong between here and a collector is told apart, with the fix and without the token."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme

from acme_splunk_hec._command.steps import FAILED, OK, WARNING
from acme_splunk_hec._delivery.exchange import attempt
from acme_splunk_hec._delivery.records import Split
from acme_splunk_hec.splunk_hec.check import (
    address_hint,
    platform_steps,
)
from acme_splunk_hec.splunk_hec.config import SplunkHecConfig
from acme_splunk_hec.splunk_hec.sink import SplunkHecSink

from ..support.fake_http import Answer, FakeHttpServer
from .fake_hec import TOKEN, FakeHec, Token, running_hec


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def hec() -> FakeHec:
    """A collector."""
    return FakeHec()


@pytest.fixture
def server(hec: FakeHec) -> Iterator[FakeHttpServer]:
    """Its server."""
    with running_hec(hec) as running:
        yield running


def check(url: str, **settings: Any) -> dict[str, tuple[str, str]]:
    """Return step -> result and text; fails when the token is shown."""
    config = SplunkHecConfig(**{"url": url, "token": TOKEN} | settings)
    steps = list(platform_steps(config, user_agent="test/1"))
    assert TOKEN not in repr(steps)
    return {step.name.partition(" ")[2]: (step.state, step.text) for step in steps}


def results(found: dict[str, tuple[str, str]]) -> dict[str, str]:
    """Return step -> result."""
    return {name: result for name, (result, _) in found.items()}


def test_all_is_well(server: FakeHttpServer, hec: FakeHec) -> None:
    """Each step passes, and nothing is stored."""
    passed = {"health": OK, "token": OK, "acknowledgement": OK}
    assert results(check(server.url)) == passed
    assert hec.stored == []
    assert {got.headers["user-agent"] for got in server.requests} == {"test/1"}


@pytest.mark.parametrize(
    ("token", "advice"),
    [(None, "the token is unknown"), (Token(enabled=False), "enable it in Splunk")],
    ids=["wrong", "disabled"],
)
def test_tokens_are_told_apart(
    server: FakeHttpServer, hec: FakeHec, token: Token | None, advice: str
) -> None:
    """A wrong token is repaired here, a disabled one in Splunk; nothing is tried behind it."""
    hec.tokens = {} if token is None else {TOKEN: token}
    found = check(server.url)
    assert results(found) == {"health": OK, "token": FAILED}
    assert advice in found["token"][1]


@pytest.mark.parametrize("endpoint", ["event", "raw"])
def test_index_that_is_not_allowed(server: FakeHttpServer, hec: FakeHec, endpoint: str) -> None:
    """Only an event shows it: the answer to one event names the index as the problem."""
    sink = SplunkHecSink(url=server.url, token=TOKEN, endpoint=endpoint, index="secret")
    exchange, encode = sink.exchange(sink.config), sink.encoder(sink.config)
    (connect,) = exchange.endpoints.values()
    client = connect()
    verdict = attempt(exchange, client, [encode({"message": "test"})], 5.0)
    client.close(0.0)
    assert isinstance(verdict, Split)
    assert "the index does not exist or is not allowed" in verdict.reason


@pytest.mark.parametrize(
    ("ack", "has_it", "step", "result", "words"),
    [
        ("on", True, "acknowledgement", OK, "on"),
        ("auto", True, "acknowledgement", OK, "on"),
        ("auto", False, "acknowledgement", OK, "off for the token"),
        ("on", False, "acknowledgement", FAILED, "set ack to off"),
        ("off", True, "token", FAILED, "set ack to auto or on"),
    ],
)
def test_acknowledgment_of_token_and_setting_fit(
    server: FakeHttpServer, hec: FakeHec, ack: str, has_it: bool, step: str, result: str, words: str
) -> None:
    """Required but off, and off but required, are two mistakes with two fixes."""
    hec.tokens[TOKEN].ack = has_it
    found = check(server.url, ack=ack)
    assert found[step][0] == result
    assert words in found[step][1]


def test_missing_channel(server: FakeHttpServer) -> None:
    """A proxy that removes the header is named, with the header."""
    health = Answer(200, b'{"text":"HEC is healthy","code":17}')
    server.script(health, Answer(400, b'{"text":"Data channel is missing","code":10}'))
    found = check(server.url)
    assert found["token"][0] == FAILED
    assert "X-Splunk-Request-Channel" in found["token"][1]


def test_full_queues_are_a_warning(server: FakeHttpServer, hec: FakeHec) -> None:
    """Events will wait; that is no mistake of the configuration."""
    hec.health = 18
    found = check(server.url)
    assert (found["health"][0], found["token"][0]) == (WARNING, OK)
    assert "queues are full" in found["health"][1]


def test_health_may_want_a_token(server: FakeHttpServer) -> None:
    """Splunk's health page takes any token, and some collectors none that is wrong: the next step tells."""
    server.script(Answer(400, b'{"text":"Invalid token","code":21}'))
    assert results(check(server.url))["health"] == OK
    server.script(Answer(401, b"scheme or token does not match"), Answer(401, b"does not match"))
    assert results(check(server.url)) == {"health": WARNING, "token": FAILED}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(303, b"", {"Location": "/en-US/"}),
        Answer(401, b"<response><messages/></response>"),
        Answer(404, b"<html>nginx</html>"),
        Answer(200, b"<html>welcome</html>"),
    ],
    ids=["web", "management", "proxy", "site"],
)
def test_wrong_port(answer: Answer) -> None:
    """Something answers that is no collector."""
    with FakeHttpServer(answer) as other:
        found = check(other.url)
    assert results(found) == {"health": FAILED}
    assert f"HTTP {answer.status}" in found["health"][1]
    assert "8088" in found["health"][1]


def test_nobody_listens() -> None:
    """A closed port is not a certificate problem."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found = check(f"https://127.0.0.1:{port}")
    assert results(found) == {"connection": FAILED}
    assert "refused" in found["connection"][1]


def test_http_to_a_tls_port(tmp_path: Path) -> None:
    """A TLS port hangs up on plain text, or a proxy says so: the advice is https://."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with FakeHttpServer(tls=context) as collector:
        found = check(collector.url.replace("https", "http"))
    assert "https://" in found["connection"][1]
    body = b"<html>The plain HTTP request was sent to HTTPS port</html>"
    with FakeHttpServer(Answer(400, body)) as proxy:
        assert "the port wants https://" in check(proxy.url)["health"][1]


def test_tls_to_a_plain_port() -> None:
    """A server that reads a request where a handshake came answers in plain text."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        found = check(f"https://127.0.0.1:{listener.getsockname()[1]}")
        thread.join()
    assert results(found) == {"connection": FAILED}
    assert "plain http://" in found["connection"][1]


def test_certificate_that_does_not_verify() -> None:
    """The setting for one's own authority is named."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    with FakeHttpServer(tls=context) as collector:
        found = check(collector.url)
    assert results(found) == {"connection": FAILED}
    assert "tls_ca_file" in found["connection"][1]


def test_client_certificate_that_is_wanted(tmp_path: Path) -> None:
    """The server ends the connection after the handshake; the setting for it is named, and no other port."""
    authority, ca_file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    with FakeHttpServer(tls=context) as collector:
        found = check(collector.url, tls_ca_file=ca_file)
    assert results(found) == {"connection": FAILED}
    assert "tls_client_cert_file" in found["connection"][1]
    assert "http://" not in found["connection"][1]


def test_missing_token_file(server: FakeHttpServer, tmp_path: Path) -> None:
    """What the sink would hold for is found before anything is sent."""
    found = check(server.url, token=None, token_file=tmp_path / "none")
    assert found["connection"][0] == FAILED
    assert "token_file" in found["connection"][1]


def test_every_address_is_tried(server: FakeHttpServer, hec: FakeHec) -> None:
    """One that is dead does not hide the others."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = SplunkHecConfig(url=dead, failover_urls=[server.url], token=TOKEN)
    steps = list(platform_steps(config, user_agent="test/1"))
    assert [step.state for step in steps] == [FAILED] + [OK] * 3
    assert [step.name.partition(" ")[0] in dead for step in steps] == [True] + [False] * 3


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://http-inputs-acme.splunkcloud.com", ""),
        ("https://http-inputs-acme.splunkcloud.com:443", ""),
        ("https://http-inputs.acme.splunkcloud.com", ""),
        ("https://http-inputs.acme.splunkcloudgc.com", ""),
        ("https://acme.splunkcloud.com:8088", ""),
        ("https://splunk.example.com:8088", ""),
        ("http://localhost:8088", ""),
        ("https://acme.splunkcloud.com", "http-inputs-STACK"),
        ("https://http-inputs-acme.splunkcloud.com:8088", "port 443"),
        ("http://http-inputs-acme.splunkcloud.com", "https://http-inputs"),
        ("https://splunk.example.com:8089", "8088"),
        ("http://splunk.example.com:8000", "8088"),
    ],
)
def test_addresses_have_a_form(url: str, words: str) -> None:
    """Splunk Cloud has three forms; other ports of Splunk's are no collector."""
    hint = address_hint(url)
    assert words in hint
    assert bool(words) == bool(hint)


def test_strange_address_is_a_warning() -> None:
    """A form is a hint: the address is tried all the same."""
    config = SplunkHecConfig(
        url="https://acme.splunkcloud.com:1", token=TOKEN, connect_timeout_seconds=0.001
    )
    steps = list(platform_steps(config, user_agent="test/1"))
    assert [step.state for step in steps] == [WARNING, FAILED]
