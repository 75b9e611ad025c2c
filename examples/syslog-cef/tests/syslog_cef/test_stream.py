# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Local sockets, certificates that end soon, and what a broken write means message by message."""

import datetime
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from acme_syslog_cef._delivery.errors import (
    TransportError,
)
from acme_syslog_cef._delivery.records import (
    Confirmation,
    Delivered,
    FrameRequest,
    RetryLater,
    Unconfirmed,
)
from acme_syslog_cef.syslog_cef.datagram import (
    DatagramClient,
)
from acme_syslog_cef.syslog_cef.stream import (
    SyslogStreamClient,
    TailPolicy,
    days_left,
)

from ..support.fake_syslog import FakeSyslogServer, poll_until

AGED = Delivered(confirmed=False)
HELLO = FrameRequest([b"5 <9>hi"])
BIG = FrameRequest([b"100000 " + b"x" * 100_000] * 20)


needs_unix = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")


def stream_client(host: str, port: int, **options: Any) -> SyslogStreamClient:
    """Make a client that warns nobody."""
    return SyslogStreamClient(host, port, **{"warn": lambda key, text: None, **options})


def stalled_write(server: FakeSyslogServer, *, resend: bool) -> tuple[TailPolicy, list[Any]]:
    """Write more than a stalled receiver takes, and return the client and the outcomes."""
    client = TailPolicy(
        stream_client(server.host, server.port, tail_max_bytes=65_536), resend=resend
    )
    client.send(HELLO, 5.0)
    server.wait_for(1)
    server.stall()
    return client, list(client.send(BIG, 0.2).outcomes)


def test_only_what_was_written_may_be_a_duplicate() -> None:
    """After a write that broke off, messages behind the break are resent without being ambiguous."""
    with FakeSyslogServer() as server:
        client, outcomes = stalled_write(server, resend=True)
        ambiguous = [outcome.ambiguous for outcome in outcomes]
        written = ambiguous.count(True)

        assert all(isinstance(outcome, RetryLater) for outcome in outcomes)
        assert ambiguous == [True] * written + [False] * (20 - written)
        assert 0 < written < 20
        assert [news.outcome.ambiguous for news in client.poll(time.monotonic())] == [True]


def test_without_resending_only_unwritten_messages_are_retried() -> None:
    """With `resend_tail` off what was written is delivered, as far as anybody knows, with a warning."""
    with FakeSyslogServer() as server:
        client, outcomes = stalled_write(server, resend=False)
        whole = sum(isinstance(outcome, Delivered) for outcome in outcomes)

        assert 0 < whole < 19
        assert outcomes[0] == Delivered(warning=outcomes[-1].reason, confirmed=False)
        assert [outcome.ambiguous for outcome in outcomes[whole:]] == [True] + [False] * (
            19 - whole
        )
        (news,) = client.poll(time.monotonic())
        assert isinstance(news.outcome, Delivered)
        assert "in time" in news.outcome.warning


def test_lost_tail_is_delivered_when_it_is_not_resent() -> None:
    """A connection that is lost later gives nothing back, and says so."""
    with FakeSyslogServer() as server:
        client = TailPolicy(stream_client(server.host, server.port), resend=False)
        client.send(HELLO, 5.0)
        server.wait_for(1)
        server.close_connections()
        (news,) = poll_until(client.poll, 1)

        assert news == Confirmation(1, Delivered(warning=news.outcome.warning, confirmed=False))
        assert "closed the connection" in news.outcome.warning
        assert client.close(0.0) == []


def test_nothing_written_is_an_error() -> None:
    """When no connection stands the whole request is retried by the engine."""
    with FakeSyslogServer() as server:
        port = server.port
    with pytest.raises(TransportError) as caught:
        TailPolicy(stream_client("127.0.0.1", port), resend=False).send(HELLO, 1.0)

    assert (caught.value.written_bytes, caught.value.ambiguous) == (0, False)


@needs_unix
def test_stream_to_a_local_socket(tmp_path: Path) -> None:
    """Frames go to a path as they go to a port; the tail settles when the reader ends the stream."""
    path = str(tmp_path / "s")
    read: list[bytes] = []
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(100):
                    read.append(data)

        thread = threading.Thread(target=serve)
        thread.start()
        client = stream_client(path, 0)
        outcomes = client.send(HELLO, 5.0).outcomes
        news = client.close(5.0)
        thread.join(5)

    assert outcomes == [Unconfirmed(1)]
    assert news == [Confirmation(1, AGED)]
    assert b"".join(read) == b"5 <9>hi"


@needs_unix
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is unread")
def test_local_stream_knows_what_is_unread(tmp_path: Path) -> None:
    """A reader on this machine: what it has not read yet does not age away."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        client = stream_client(path, 0, tail_max_seconds=1.0)
        client.send(HELLO, 5.0)
        connection, _ = listener.accept()
        unread = client.poll(time.monotonic() + 60)
        with connection:
            connection.recv(100)
            read = client.poll(time.monotonic() + 60)
            client.close(0.0)

    assert unread == []
    assert read == [Confirmation(1, AGED)]


@needs_unix
@pytest.mark.parametrize(
    "make", [lambda path: stream_client(path, 0), lambda path: DatagramClient(path, 0)]
)
def test_missing_local_socket_is_named(tmp_path: Path, make: Callable[[str], Any]) -> None:
    """A path where nobody listens is tried again, and the text says which."""
    path = str(tmp_path / "nobody")
    with pytest.raises(TransportError, match="nobody failed") as caught:
        make(path).send(HELLO, 1.0)

    assert not caught.value.ambiguous


@needs_unix
def test_datagrams_to_a_local_socket(tmp_path: Path) -> None:
    """A reader that was restarted is found again at the same path."""
    path = tmp_path / "d"
    client = DatagramClient(str(path), 0)
    received = []
    outcomes = []
    for _ in range(2):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
            receiver.bind(str(path))
            outcomes += client.send(HELLO, 1.0).outcomes
            received.append(receiver.recv(100))
        path.unlink()
        if len(received) == 1:
            outcomes += client.send(HELLO, 1.0).outcomes
    client.close(0)

    assert received == [b"5 <9>hi"] * 2
    assert [type(outcome) for outcome in outcomes] == [Delivered, RetryLater, Delivered]


@pytest.mark.parametrize(("days", "warned"), [(3, True), (90, False)])
def test_certificate_that_ends_soon_is_warned_about(days: int, warned: bool) -> None:
    """A receiver's certificate with less than two weeks left is told, once for each connection."""
    authority = trustme.CA()
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days, hours=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_after=end).configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    said: list[tuple[str, str]] = []
    with FakeSyslogServer(tls=context) as server:
        client = stream_client(
            "localhost", server.port, tls=trusting, warn=lambda *words: said.append(words)
        )
        client.send(HELLO, 5.0)
        client.close(5.0)
        target = f"localhost:{server.port}"

    expected = (f"expiry {target}", f"the certificate of {target} ends in 3 days: renew it there")
    assert said == ([expected] if warned else [])


def test_certificate_that_was_not_verified_says_nothing() -> None:
    """Without verification Python knows no end."""
    assert days_left({}, 0.0) is None
