# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""`check` on real sockets: each way to fail is named, with what to do about it."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest
import trustme

from acme_splunk_hec._command import check as check_module
from acme_splunk_hec._command import network
from acme_splunk_hec._command.network import Address, address_of
from acme_splunk_hec._command.probe import judge
from acme_splunk_hec._delivery import host_version
from acme_splunk_hec._delivery.records import (
    Confirmation,
    Delivered,
    Hold,
    Outcome,
    Rejected,
    RetryLater,
    Unconfirmed,
)

from ..support.fake_http import Answer, FakeHttpServer
from .program import run

CA = trustme.CA()


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """The certificate of the authority that signed the server's."""
    path = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(str(path))
    return path


class Checked:
    """What a check printed, step by step."""

    def __init__(self, code: int, printed: str) -> None:
        self.code = code
        self.printed = printed
        self.states: dict[str, list[str]] = {}
        self.texts: dict[str, str] = {}
        for line in printed.splitlines():
            state, step, text = line[:9].strip(), line[9:24].strip(), line[24:]
            if state in ("ok", "warning", "FAILED", "skipped"):
                self.states.setdefault(step, []).append(state)
                self.texts[step] = text

    def __getitem__(self, step: str) -> str:
        return " ".join(self.states[step])


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Any:
    """Return a function that runs the command."""

    def run_check(url: str, *argv: str, **settings: Any) -> Checked:
        pairs = [f"{name}={value}" for name, value in settings.items()]
        code = run("check", *argv, settings=[f"url={url}", *pairs])
        return Checked(code, capsys.readouterr().out)

    return run_check


def context(
    host: str = "127.0.0.1", *, days: float = 100, ca: trustme.CA = CA, since: float = -1
) -> ssl.SSLContext:
    """Return the context of a server whose certificate ends in some days."""
    now = datetime.now(timezone.utc)
    result = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    times = [now + timedelta(days=since), now + timedelta(days=days)]
    ca.issue_cert(host, not_before=times[0], not_after=times[1]).configure_cert(result)
    return result


@contextmanager
def silent_server() -> Iterator[int]:
    """Take connections and say nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@contextmanager
def talking_server(answer: bytes) -> Iterator[int]:
    """Take connections and say the same to each."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection, contextlib.suppress(OSError):
                    connection.settimeout(5)
                    connection.recv(65_536)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65_536):  # what is unread would make a reset of the end
                        pass

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(5)


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def install(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Say which fapilog is installed."""
    found = {"Version": version}
    monkeypatch.setattr(host_version.importlib.metadata, "metadata", lambda name: found)
    monkeypatch.setattr(host_version, "_warned", set())


@pytest.mark.parametrize(
    ("version", "allowed", "state", "configuration"),
    [
        ("0.18.1", "false", "ok", "ok"),
        ("0.19.0", "false", "warning", "ok warning"),
        ("0.0.0.dev3", "false", "warning", "ok warning"),
        ("1.0.0", "true", "warning", "ok warning"),
    ],
)
def test_the_version_of_fapilog_has_a_line(
    check: Any,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    allowed: str,
    state: str,
    configuration: str,
) -> None:
    """What is installed, what was tested, and the warning that the application gets; none is a failure."""
    install(monkeypatch, version)
    with FakeHttpServer() as server:
        found = check(server.url, allow_untested_fapilog=allowed)
    assert (found.code, found["fapilog"], found["configuration"]) == (0, state, configuration)
    assert found.texts["fapilog"] == f"{version}; tested with 0.11 to 0.18"
    assert ("allow_untested_fapilog lets it run" in found.printed) == (allowed == "true")


@pytest.mark.parametrize("version", ["0.10.2", "1.0.0"])
def test_an_unsupported_fapilog_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], version: str
) -> None:
    """The sink of the application would not be made: no step can follow."""
    install(monkeypatch, version)
    assert run("check", settings=["url=http://127.0.0.1:1"]) == 2
    printed = capsys.readouterr().err
    assert f"fapilog {version} is installed" in printed
    assert "allow_untested_fapilog" in printed


def test_all_is_well(check: Any) -> None:
    """Every step has a line, and the event is one of the sink's own."""
    with FakeHttpServer() as server:
        found = check(server.url)
        (request,) = server.requests
    assert found.code == 0
    assert [found[step] for step in ("configuration", "name", "connection")] == ["ok"] * 3
    assert (found["TLS"], found["test event"]) == ("skipped", "ok")
    assert f"http://127.0.0.1:{server.port}\n" in found.printed
    assert f"127.0.0.1:{server.port} in " in found.texts["connection"]
    assert "confirmed" in found.texts["test event"]
    event = orjson.loads(request.body)
    assert (event["message"], event["level"]) == ("test event of `plain check`", "INFO")
    assert request.path == "/plain"


def test_no_event(check: Any) -> None:
    """`--no-event` leaves no trace in the target."""
    with FakeHttpServer() as server:
        found = check(server.url, "--no-event")
        assert server.requests == []
    assert (found.code, found["test event"]) == (0, "skipped")


@pytest.mark.parametrize(
    ("status", "why"), [(403, "HTTP 403"), (503, "HTTP 503"), (400, "HTTP 400")]
)
def test_refused_event(check: Any, monkeypatch: pytest.MonkeyPatch, status: int, why: str) -> None:
    """Hold, retry and split are failures here, with the reason that the classifier gives."""
    with FakeHttpServer(Answer(status)) as server:
        # Whether the server would speak TLS does not matter here; the fake one waits for a line.
        monkeypatch.setattr(check_module, "_HANDSHAKE_SECONDS", 0.05)
        found = check(server.url)
        assert len(server.requests) >= 1
    assert (found.code, found["test event"]) == (1, "FAILED")
    assert why in found.texts["test event"]
    assert "1 step(s) failed" in found.printed


def test_refused_connection(check: Any) -> None:
    """A port on which nobody listens; what depends on it is skipped."""
    found = check(f"https://127.0.0.1:{free_port()}")
    assert (found.code, found["name"], found["connection"]) == (1, "ok", "FAILED")
    assert "nothing listens there" in found.texts["connection"]
    assert (found["TLS"], found["test event"]) == ("skipped", "skipped")


def test_every_address_is_checked(check: Any) -> None:
    """Each has its own lines, and one that fails does not keep the next from being tried."""
    with FakeHttpServer() as server:
        second = f'["{server.url}"]'
        found = check(f"http://127.0.0.1:{free_port()}", failover_urls=second)
    assert (found.code, found["connection"], found["test event"]) == (1, "FAILED ok", "skipped ok")


def test_unknown_name(check: Any) -> None:
    """A name that does not resolve; no label of a name has more than 63 characters."""
    found = check(f"http://{'x' * 64}.example:8088")
    assert (found.code, found["name"], found["connection"]) == (1, "FAILED", "skipped")
    assert "was not found" in found.texts["name"]
    assert "correct the host" in found.texts["name"]


def test_look_up_without_end(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name service that does not answer costs no more than the time allowed."""
    end = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: end.wait(20) and [])
    start = time.monotonic()
    found = check("http://splunk.example:8088", "--timeout", "0.2")
    end.set()
    assert time.monotonic() - start < 10
    assert (found.code, found["name"]) == (1, "FAILED")
    assert "did not answer in time" in found.texts["name"]


def test_answer_without_end(check: Any) -> None:
    """A target that never answers costs no more than the time allowed."""
    with FakeHttpServer(Answer(delay=threading.Event())) as server:
        start = time.monotonic()
        found = check(server.url, "--timeout", "0.5")
        assert time.monotonic() - start < 10
    assert (found.code, found["connection"], found["test event"]) == (1, "ok", "FAILED")


def test_verified_certificate(check: Any, ca_file: Path) -> None:
    """The version of TLS, and how long the certificate is good."""
    with FakeHttpServer(tls=context(days=100.5)) as server:
        found = check(server.url, tls_ca_file=ca_file)
    assert (found.code, found["TLS"], found["test event"]) == (0, "ok", "ok")
    assert found.texts["TLS"] == "TLSv1.3, certificate verified, valid for 100 more days"


def test_certificate_that_ends_soon(check: Any, ca_file: Path) -> None:
    """Two weeks are enough to act, and it is no failure yet."""
    with FakeHttpServer(tls=context(days=13.5)) as server:
        found = check(server.url, tls_ca_file=ca_file)
    assert (found.code, found["TLS"]) == (0, "ok warning")
    assert "ends in 13 days: renew it" in found.texts["TLS"]


@pytest.mark.parametrize(
    ("server", "advice"),
    [
        (context(ca=trustme.CA()), "set tls_ca_file"),
        (context("splunk.example.com"), "correct the host in the url"),
        (context(since=-20, days=-10), "renew it on the server"),
    ],
    ids=["authority", "host", "expired"],
)
def test_certificate_that_does_not_verify(
    check: Any, ca_file: Path, server: ssl.SSLContext, advice: str
) -> None:
    """Each reason has its own advice, and no event is sent."""
    with FakeHttpServer(tls=server) as target:
        found = check(target.url, tls_ca_file=ca_file)
        assert target.requests == []
    assert (found.code, found["TLS"], found["test event"]) == (1, "FAILED", "skipped")
    assert "does not verify" in found.texts["TLS"]
    assert advice in found.texts["TLS"]


def test_skipped_verification(check: Any) -> None:
    """It works, and it is said twice that it is no good idea."""
    with FakeHttpServer(tls=context("other.example.com")) as server:
        found = check(server.url, tls_skip_verification="true")
    assert (found.code, found["configuration"]) == (0, "ok warning")
    assert (found["TLS"], found["test event"]) == ("warning", "ok")
    assert "NOT verified" in found.texts["TLS"]


def test_https_on_a_port_without_tls(check: Any) -> None:
    """The answer is no TLS, so the scheme or the port is wrong."""
    with talking_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        found = check(f"https://127.0.0.1:{port}")
    assert (found.code, found["connection"], found["TLS"]) == (1, "ok", "FAILED")
    assert "answers without TLS: correct it, or use http://" in found.texts["TLS"]


def test_https_on_a_port_that_says_nothing(check: Any) -> None:
    """Nothing is known, so both reasons are named."""
    with silent_server() as port:
        found = check(f"https://127.0.0.1:{port}", "--timeout", "0.5")
    assert (found.code, found["TLS"]) == (1, "FAILED")
    assert "perhaps the port speaks no TLS" in found.texts["TLS"]


def test_https_on_a_port_that_hangs_up(check: Any) -> None:
    """A server that cannot make sense of a handshake may just end it."""
    with talking_server(b"") as port:
        found = check(f"https://127.0.0.1:{port}")
    assert (found.code, found["TLS"]) == (1, "FAILED")
    assert "perhaps the port speaks no TLS" in found.texts["TLS"]


def test_http_on_a_port_with_tls(check: Any) -> None:
    """The event fails somehow; that the port would shake hands tells why."""
    with FakeHttpServer(tls=context()) as server:
        found = check(f"http://127.0.0.1:{server.port}")
        assert server.requests == []
    assert (found.code, found["test event"]) == (1, "FAILED")
    assert "the port speaks TLS: use https://" in found.texts["test event"]


def test_port_of_another_service(check: Any) -> None:
    """Something that is no HTTP server answers."""
    with talking_server(b"SSH-2.0-OpenSSH_9.6\r\n") as port:
        found = check(f"http://127.0.0.1:{port}")
    assert (found.code, found["connection"], found["test event"]) == (1, "ok", "FAILED")
    assert "no complete answer" in found.texts["test event"]
    assert "speaks TLS" not in found.texts["test event"]


def test_proxy(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy on the way only the event can tell whether the target is reached."""
    with FakeHttpServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        found = check("http://splunk.example.com:8088")
        (request,) = proxy.requests
    assert request.path == "http://splunk.example.com:8088/plain"
    assert [found[step] for step in ("name", "connection", "TLS")] == ["skipped"] * 3
    assert (found.code, found["test event"]) == (0, "ok")


def test_no_proxy_for_this_host(check: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """`NO_PROXY` is heard, as the client hears it."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with FakeHttpServer() as server:
        assert check(server.url)["connection"] == "ok"


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://es.example.com/path", Address("https", "es.example.com", 443)),
        ("http://[::1]:8088", Address("http", "::1", 8088)),
        ("tls://siem.example.com", Address("tls", "siem.example.com", 6514)),
        ("udp://siem.example.com", Address("udp", "siem.example.com", 514)),
    ],
)
def test_address(url: str, address: Address) -> None:
    """A URL without a port has the port of its scheme."""
    assert address_of(url) == address


def test_next_address_is_tried() -> None:
    """A name can have an address that takes no connection, and one that does."""
    with silent_server() as port:
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", number))
            for number in (free_port(), port)
        ]
        with network.connect(found, 5.0) as connection:
            assert connection.getpeername()[1] == port


def test_connection_without_time() -> None:
    """No time is a time-out, and its advice speaks of firewalls."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", free_port()))]
    with pytest.raises(TimeoutError) as caught:
        network.connect(found, 0.0)
    assert "firewall" in network.explain(caught.value, Address("http", "::1", 80))
    assert "[::1]:80" in network.explain(caught.value, Address("http", "::1", 80))


@pytest.mark.parametrize(
    ("outcome", "news", "state", "words"),
    [
        (Delivered(), [], "ok", "confirmed"),
        (Delivered(warning="the queue is long"), [], "warning", "the queue is long"),
        (Delivered(confirmed=False), [], "ok", "no answer"),
        (Unconfirmed(1), [Confirmation(1, Delivered())], "ok", "no answer"),
        (Unconfirmed(1), [Confirmation(1, RetryLater("reset"))], "FAILED", "reset"),
        (Unconfirmed(1), [Confirmation(2, Delivered())], "FAILED", "nothing is known"),
        (Hold("wrong token"), [], "FAILED", "wrong token"),
        (Rejected("bad event"), [], "FAILED", "bad event"),
    ],
    ids=str,
)
def test_outcome_of_the_event(
    outcome: Outcome, news: list[Confirmation], state: str, words: str
) -> None:
    """Only an answer is called a confirmation."""
    finding = judge(outcome, news)
    assert finding.state == state
    assert words in finding.text
    assert finding.understood == (words != "reset")
