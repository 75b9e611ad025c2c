# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The HTTP client on real sockets: what goes out, what comes back, and every way to fail."""

from __future__ import annotations

import gzip
import logging
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from acme_elasticsearch._delivery.errors import (
    ConfigurationError,
    TransportError,
)
from acme_elasticsearch._delivery.http_client import (
    ANSWER_MAX_BYTES,
    HttpClient,
    transport_error,
)
from acme_elasticsearch._delivery.records import (
    HttpRequest,
    HttpResponse,
)
from acme_elasticsearch._delivery.retry import retry_after_seconds
from acme_elasticsearch._delivery.settings import (
    DeliverySettings,
    HttpSettings,
    TlsSettings,
)

from ..support.fake_http import Answer, FakeHttpServer

SECRET = "Splunk s3cret-token"
REQUEST = HttpRequest("/in?x=1", {"Authorization": SECRET, "X-Kind": "log"}, b"payload")


class _Settings(HttpSettings, TlsSettings, DeliverySettings):
    """Settings as a platform composes them."""


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def server() -> Iterator[FakeHttpServer]:
    """A server that answers 200 with an empty body."""
    with FakeHttpServer() as running:
        yield running


def client(url: str, **settings: Any) -> HttpClient:
    """Return a client for the base URL under these settings."""
    given = _Settings(**settings)
    return HttpClient(url, settings=given, user_agent="acme/1.0")


def send(url: str, timeout: float = 5.0, request: HttpRequest = REQUEST) -> HttpResponse:
    """Send one request with a client of its own."""
    one = client(url)
    try:
        return one.send(request, timeout)
    finally:
        one.close(1.0)


def failure(url: str, timeout: float = 5.0) -> TransportError:
    """Return the error of a request that must fail."""
    with pytest.raises(TransportError) as caught:
        send(url, timeout)
    return caught.value


def test_request_arrives_as_built(server: FakeHttpServer) -> None:
    """Path, query, headers and body go out unchanged; the client adds only who it is."""
    send(server.url + "/base/")
    (got,) = server.requests
    assert (got.method, got.path, got.body) == ("POST", "/base/in?x=1", b"payload")
    assert got.headers["authorization"] == SECRET
    assert got.headers["x-kind"] == "log"
    assert got.headers["user-agent"] == "acme/1.0"
    assert got.headers["content-length"] == "7"
    assert "transfer-encoding" not in got.headers


def test_a_question_can_be_a_get(server: FakeHttpServer) -> None:
    """Health pages want a GET, and no body."""
    send(server.url, request=HttpRequest("/health", {}, b"", "GET"))
    (got,) = server.requests
    assert (got.method, got.path, got.raw_body) == ("GET", "/health", b"")


def test_long_body_arrives_whole(server: FakeHttpServer) -> None:
    """A body is sent in slices, which must add up."""
    body = bytes(range(256)) * 1_500
    send(server.url, request=HttpRequest("/", {}, body))
    assert server.requests[0].raw_body == body


def test_answer_is_returned_whatever_its_status(server: FakeHttpServer) -> None:
    """The client judges nothing: a 503 is an answer."""
    server.script(Answer(503, b"busy", {"X-Queue": "Full", "Retry-After": "7"}))
    got = send(server.url)
    assert (got.status, got.body, got.retry_after_seconds) == (503, b"busy", 7.0)
    assert got.headers["x-queue"] == "Full"


def test_compressed_answer_is_unpacked(server: FakeHttpServer) -> None:
    """`HttpResponse.body` is what the server meant."""
    server.script(Answer(200, gzip.compress(b"plain"), {"Content-Encoding": "gzip"}))
    assert send(server.url).body == b"plain"


def test_chunked_answer_is_joined(server: FakeHttpServer) -> None:
    """Some servers stream their answers."""
    server.script(Answer(chunks=[b"one", b"two"]))
    assert send(server.url).body == b"onetwo"


def test_connection_is_reused(server: FakeHttpServer) -> None:
    """A TLS handshake per batch would cost more than the batch."""
    one = client(server.url)
    for _ in range(3):
        one.send(REQUEST, 5.0)
    one.close(1.0)
    assert [got.connection for got in server.requests] == [1, 1, 1]


def test_connection_closed_while_idle_is_replaced(server: FakeHttpServer) -> None:
    """A server may end an idle connection; the next request must not pay for it."""
    server.script(Answer(cut="after", reset=False), Answer(204))
    one = client(server.url)
    one.send(REQUEST, 5.0)
    server.stop()
    server.start()
    assert one.send(REQUEST, 5.0).status == 204
    one.close(1.0)


def test_close_ends_connections_and_settles_nothing(server: FakeHttpServer) -> None:
    """HTTP answers settle at once, so that neither `poll` nor `close` has news."""
    one = client(server.url)
    one.send(REQUEST, 5.0)
    assert (one.poll(0.0), one.close(1.0)) == ((), ())
    with pytest.raises(RuntimeError, match="closed"):
        one.send(REQUEST, 5.0)


@pytest.mark.fault(12, promise=10)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(server: FakeHttpServer, status: int) -> None:
    """The credentials must not travel to a host that nobody configured."""
    with FakeHttpServer() as elsewhere:
        server.script(Answer(status, headers={"Location": elsewhere.url}))
        assert send(server.url).status == status
        assert elsewhere.requests == []


def test_cookies_are_not_kept(server: FakeHttpServer) -> None:
    """A balancer's cookie would pin all traffic to one node."""
    server.script(Answer(headers={"Set-Cookie": "node=1; Path=/"}))
    one = client(server.url)
    one.send(REQUEST, 5.0)
    one.send(REQUEST, 5.0)
    one.close(1.0)
    assert "cookie" not in server.requests[1].headers


@pytest.mark.fault(3, 4, promise=4)
@pytest.mark.parametrize("cut", ["before", "during"])
@pytest.mark.parametrize("reset", [True, False], ids=["rst", "fin"])
@pytest.mark.parametrize("body", [b"", b"0123456789"], ids=["head", "body"])
def test_cut_answer_is_ambiguous(
    server: FakeHttpServer, cut: Any, reset: bool, body: bytes
) -> None:
    """The request was complete, so that the target may have stored it."""
    server.script(Answer(200, body, cut=cut, reset=reset))
    error = failure(server.url)
    assert (error.ambiguous, error.configuration) == (True, False)


@pytest.mark.fault(8, promise=4)
def test_unreadable_answer_is_ambiguous(server: FakeHttpServer) -> None:
    """Broken compression is no answer, but the request arrived."""
    server.script(Answer(200, b"not gzip", {"Content-Encoding": "gzip"}))
    assert failure(server.url).ambiguous


def test_endless_answer_is_ambiguous(server: FakeHttpServer) -> None:
    """An answer may not fill the memory, neither as sent nor as unpacked."""
    bomb = gzip.compress(b"0" * (ANSWER_MAX_BYTES + 1))
    server.script(Answer(200, bomb, {"Content-Encoding": "gzip"}))
    error = failure(server.url)
    assert (error.ambiguous, "AnswerTooLong" in error.reason) == (True, True)


@pytest.mark.fault(1, promise=4)
def test_refused_connection_is_not_ambiguous(server: FakeHttpServer) -> None:
    """Nothing was sent, so that a resend cannot be a duplicate."""
    server.stop()
    error = failure(server.url)
    assert (error.ambiguous, error.configuration) == (False, False)


def test_outage_ends(server: FakeHttpServer) -> None:
    """The same client works again when the server is back."""
    one = client(server.url)
    one.send(REQUEST, 5.0)
    server.stop()
    with pytest.raises(TransportError):
        one.send(REQUEST, 5.0)
    server.start()
    assert one.send(REQUEST, 5.0).status == 200
    one.close(1.0)


@pytest.mark.fault(2, promise=4)
def test_unknown_host_is_not_ambiguous(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that does not resolve today may resolve tomorrow."""

    def resolve(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    error = failure("http://splunk.invalid")
    assert (error.ambiguous, error.configuration) == (False, False)
    assert "splunk.invalid" in error.reason


def test_late_answer_is_ambiguous(server: FakeHttpServer) -> None:
    """A timeout after the request was sent says nothing about its fate."""
    server.script(Answer(delay=threading.Event()))
    assert failure(server.url, timeout=0.05).ambiguous


@pytest.mark.fault(5, promise=8)
def test_dripping_answer_meets_the_deadline(server: FakeHttpServer) -> None:
    """The time limit is for the whole call, not for each byte."""
    server.script(Answer(chunks=[b"x"] * 500, chunk_pause_seconds=0.01))
    begin = time.monotonic()
    assert failure(server.url, timeout=0.1).ambiguous
    assert time.monotonic() - begin < 2.0


def test_request_timeout_setting_bounds_the_call(server: FakeHttpServer) -> None:
    """`request_timeout_seconds` holds even when the caller would wait longer."""
    server.script(Answer(delay=threading.Event()))
    one = client(server.url, request_timeout_seconds=0.05)
    begin = time.monotonic()
    with pytest.raises(TransportError):
        one.send(REQUEST, 4.0)
    assert time.monotonic() - begin < 3.0
    one.close(1.0)


def test_connect_timeout_setting_bounds_the_connection() -> None:
    """`connect_timeout_seconds` ends a handshake that nobody answers; nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        one = client(url, connect_timeout_seconds=0.05)
        begin = time.monotonic()
        with pytest.raises(TransportError) as caught:
            one.send(REQUEST, 4.0)
        assert time.monotonic() - begin < 3.0
        one.close(1.0)
    assert not caught.value.ambiguous


def test_unread_request_meets_the_deadline() -> None:
    """A peer that takes the connection and reads nothing cannot hold the sender."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = client(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(TransportError) as caught:
            one.send(HttpRequest("/", {}, bytes(20_000_000)), 0.1)
        one.close(1.0)
    assert caught.value.ambiguous


@pytest.mark.parametrize("timeout", [0.0, -1.0])
def test_no_time_left_sends_nothing(server: FakeHttpServer, timeout: float) -> None:
    """A deadline that has passed is no reason to start."""
    assert not failure(server.url, timeout).ambiguous
    assert server.connections == 0


@pytest.mark.fault(promise=10)
@pytest.mark.parametrize(
    "value", ["Splunk s3cret\ntoken", "Splunk s3cr\u00e9t"], ids=["newline", "accent"]
)
def test_illegal_header_is_not_quoted(server: FakeHttpServer, value: str) -> None:
    """The text, the traceback and the chain of an error must not show a credential."""
    with pytest.raises(TransportError) as caught:
        send(server.url, request=HttpRequest("/", {"Authorization": value}, b""))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert "s3cr" not in shown
    assert caught.value.__context__ is None
    assert caught.value.configuration


@pytest.mark.fault(promise=10)
def test_no_failure_chains_an_exception(server: FakeHttpServer) -> None:
    """The exceptions of httpx know their request, and that knows the credentials."""
    server.script(Answer(cut="before"))
    error = failure(server.url)
    assert (error.__cause__, error.__context__) == (None, None)


def _exceptions(base: type[Exception]) -> list[type[Exception]]:
    return [base] + [found for sub in base.__subclasses__() for found in _exceptions(sub)]


@pytest.mark.parametrize(
    "kind",
    [k for k in _exceptions(httpx.TransportError) if k.__module__ == "httpx"],
    ids=lambda k: k.__name__,
)
def test_every_failure_of_httpx_is_mapped(kind: type[Exception]) -> None:
    """Only what happens before the first byte is free of doubt; its text is not passed on."""
    error = transport_error(kind("s3cret"), "splunk:8088")
    before = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}
    unfit = {"UnsupportedProtocol", "LocalProtocolError"}
    assert error.ambiguous == (kind.__name__ not in before | unfit)
    assert error.configuration == (kind.__name__ in unfit)
    assert "s3cret" not in error.reason


def test_refusal_of_the_proxy_is_configuration() -> None:
    """A proxy that wants credentials will want them in a minute, too."""
    assert transport_error(httpx.ProxyError("407 Auth"), "splunk:8088").configuration


def test_proxy_of_the_environment_is_used(
    server: FakeHttpServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many networks have no other way out."""
    monkeypatch.setenv("HTTP_PROXY", server.url)
    send("http://splunk.invalid:8088")
    assert server.requests[0].path == "http://splunk.invalid:8088/in?x=1"


def test_unusable_proxy_is_a_configuration_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names the variables and keeps the password to itself."""
    monkeypatch.setenv("HTTPS_PROXY", "gopher://user:s3cret@proxy")
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        client("https://splunk.invalid")
    assert "s3cret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.fault(9, promise=7)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("0", 0.0),
        (" 120 ", 120.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("soon", None),
        ("1e9", None),
        ("inf", None),
        ("nan", None),
        ("5, 10", None),
        ("\u0665", None),
        ("99999999999999999999", None),
        ("Mon, 23 Nov 2026 15:05:52 GMT", 52.0),
        ("Mon, 23 Nov 2026 15:05:52 -0000", 52.0),
        ("Monday, 23-Nov-26 15:05:52 GMT", 52.0),
        ("Mon, 23 Nov 2026 15:04:00 GMT", 0.0),
        ("Mon, 99 Nov 2026 15:05:52 GMT", None),
        ("Mon, 23 Nov 99999 15:05:52 GMT", None),
    ],
)
def test_retry_after_is_seconds_from_now(value: str | None, expected: float | None) -> None:
    """Seconds or a date (RFC 9110 section 10.2.3); garbage counts as absent, the past as now."""
    assert retry_after_seconds(value, now=1795446300.0) == expected


def test_own_requests_are_not_logged(
    server: FakeHttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """What httpx logs about us would come back to us as new events, for ever."""
    caplog.set_level(logging.DEBUG)
    server.script(Answer(200), Answer(cut="before"))
    send(server.url)
    failure(server.url)
    assert caplog.records == []


def test_requests_of_the_application_are_logged(
    server: FakeHttpServer, caplog: pytest.LogCaptureFixture
) -> None:
    """The application's own use of httpx keeps its log, before, after and beside ours."""
    caplog.set_level(logging.DEBUG)
    send(server.url)
    httpx.get(server.url)
    assert "httpx" in {record.name for record in caplog.records}
    assert "httpcore.http11" in {record.name for record in caplog.records}


def test_every_logger_of_httpx_is_covered(server: FakeHttpServer) -> None:
    """A filter does not reach child loggers, so none may be forgotten."""
    send(server.url)
    names = [n for n in logging.root.manager.loggerDict if n.startswith(("httpx", "httpcore."))]
    assert len(names) >= 3
    assert [name for name in names if not logging.getLogger(name).filters] == []
