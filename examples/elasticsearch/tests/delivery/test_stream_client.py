# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The stream client against a real socket: what it writes, what it notices, what it settles."""

import errno
import socket
import ssl
import time
from collections.abc import Iterator

import pytest
import trustme

from acme_elasticsearch._delivery.errors import (
    TransportError,
)
from acme_elasticsearch._delivery.records import (
    Confirmation,
    Delivered,
    FrameRequest,
    RetryLater,
    Unconfirmed,
)
from acme_elasticsearch._delivery.socket_errors import (
    transport_error,
)
from acme_elasticsearch._delivery.stream_client import (
    StreamClient,
)

from ..support.fake_syslog import FakeSyslogServer, poll_until

AGED = Delivered(confirmed=False)
HELLO = FrameRequest([b"5 <9>hi"])
BLOCK = FrameRequest([b"100000 " + b"x" * 100_000] * 10)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority for this module."""
    return trustme.CA()


@pytest.fixture(scope="module")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    """A server that is called localhost and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client context that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture
def server() -> Iterator[FakeSyslogServer]:
    """A TCP receiver."""
    with FakeSyslogServer() as server:
        yield server


@pytest.fixture
def client(server: FakeSyslogServer) -> Iterator[StreamClient]:
    """A client for it."""
    client = StreamClient(server.host, server.port)
    yield client
    client.close(0)


def is_lost(confirmation: Confirmation) -> bool:
    """Whether the records of the token are to be sent again, at once and as possible duplicates."""
    outcome = confirmation.outcome
    assert isinstance(outcome, RetryLater)
    return outcome.ambiguous and outcome.after_seconds == 0.0


def test_frames_arrive_in_order(server: FakeSyslogServer, client: StreamClient) -> None:
    """All frames of a request are written, with one outcome each and one token per send."""
    first = client.send(FrameRequest([b"3 <1>", b"4 <22>"]), 5.0)
    second = client.send(HELLO, 5.0)

    assert server.wait_for(3) == [b"<1>", b"<22>", b"<9>hi"]
    assert first.outcomes == [Unconfirmed(1), Unconfirmed(1)]
    assert second.outcomes == [Unconfirmed(2)]
    assert server.connections == 1


def test_tail_ages_by_poll(server: FakeSyslogServer) -> None:
    """`poll` confirms what is older than `tail_max_seconds` on the caller's clock."""
    client = StreamClient(server.host, server.port, tail_max_seconds=3.0, clock=lambda: 100.0)
    client.send(HELLO, 5.0)
    server.wait_for(1)

    assert client.poll(102.9) == []
    assert poll_until(lambda _: client.poll(103.0), 1) == [Confirmation(1, AGED)]
    client.close(0)


def test_tail_max_bytes_is_used(server: FakeSyslogServer) -> None:
    """What has `tail_max_bytes` behind it is delivered, however young."""
    client = StreamClient(server.host, server.port, tail_max_bytes=65_536)
    client.send(HELLO, 5.0)
    client.send(BLOCK, 5.0)
    server.wait_for(11)

    assert poll_until(client.poll, 1) == [Confirmation(1, AGED)]
    client.close(0)


def test_send_buffer_is_covered_by_tail(
    server: FakeSyslogServer, client: StreamClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our kernel may hold a quarter of the tail, so that a reset cannot lose more than the tail."""
    options: list[tuple[int, ...]] = []
    monkeypatch.setattr(socket.socket, "setsockopt", lambda self, *option: options.append(option))
    client.send(HELLO, 5.0)

    assert (socket.SOL_SOCKET, socket.SO_SNDBUF, 1024 * 1024) in options
    assert (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1) in options
    assert (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) in options
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        assert (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 30_000) in options


@pytest.mark.parametrize("way", ["close_connections", "reset_connections", "stop"])
def test_idle_peer_loss_is_noticed(
    server: FakeSyslogServer, client: StreamClient, way: str
) -> None:
    """EOF and RST are noticed while nothing is written, and the tail is given back oldest first."""
    client.send(HELLO, 5.0)
    client.send(HELLO, 5.0)
    server.wait_for(2)
    getattr(server, way)()

    lost = poll_until(client.poll, 2)

    assert [confirmation.token for confirmation in lost] == [1, 2]
    assert all(map(is_lost, lost))


@pytest.mark.parametrize("way", ["close_connections", "reset_connections"])
def test_send_replaces_a_dead_connection(
    server: FakeSyslogServer, client: StreamClient, way: str
) -> None:
    """Nothing is written into a connection that the peer has left; the tail is told by poll."""
    client.send(HELLO, 5.0)
    server.wait_for(1)
    getattr(server, way)()

    client.send(HELLO, 5.0)

    assert server.wait_for(2) == [b"<9>hi", b"<9>hi"]
    assert server.connections == 2
    assert [is_lost(lost) for lost in client.poll(time.monotonic())] == [True]


def test_receiver_comes_back(server: FakeSyslogServer, client: StreamClient) -> None:
    """While nobody listens a send fails unambiguously; afterwards the same client works."""
    client.send(HELLO, 5.0)
    server.wait_for(1)
    server.stop()
    with pytest.raises(TransportError) as caught:
        client.send(HELLO, 5.0)
    server.start()
    client.send(HELLO, 5.0)

    assert (caught.value.ambiguous, caught.value.configuration) == (False, False)
    assert len(server.wait_for(2)) == 2


@pytest.mark.fault(27, promise=4)
def test_stalled_peer_times_out(server: FakeSyslogServer) -> None:
    """A send that cannot be finished in time fails as ambiguous and gives back the tail, too."""
    client = StreamClient(server.host, server.port, tail_max_bytes=65_536)
    client.send(HELLO, 5.0)
    server.wait_for(1)
    server.stall()
    with pytest.raises(TransportError, match="in time") as caught:
        client.send(BLOCK, 0.1)

    assert caught.value.ambiguous
    assert [is_lost(lost) for lost in client.poll(time.monotonic())] == [True]


@pytest.mark.fault(3, 27, promise=4)
def test_peer_reset_while_writing(server: FakeSyslogServer, client: StreamClient) -> None:
    """After a reset the next sends reconnect; nothing is reported twice."""
    server.stall()
    client.send(BLOCK, 5.0)
    server.wait_until(lambda: server.connections == 1)
    server.reset_connections()
    server.resume()
    lost = poll_until(client.poll, 1)
    client.send(HELLO, 5.0)

    assert (lost[0].token, is_lost(lost[0])) == (1, True)
    assert server.wait_for(1)[-1] == b"<9>hi"
    assert client.poll(time.monotonic()) == []


def test_what_a_peer_says_is_ignored(server: FakeSyslogServer, client: StreamClient) -> None:
    """Bytes from the peer are read and dropped: unread ones would turn a close into a reset."""
    client.send(HELLO, 5.0)
    server.wait_for(1)
    server.say(b"x" * 1_000)
    client.send(HELLO, 5.0)

    assert client.close(5.0) == [Confirmation(1, AGED), Confirmation(2, AGED)]
    server.wait_until(lambda: server.ended == 1)
    assert server.errors == []


def test_close_settles_the_tail(server: FakeSyslogServer, client: StreamClient) -> None:
    """An orderly end waits for the peer's end and loses nothing that was written."""
    client.send(BLOCK, 5.0)

    assert client.close(5.0) == [Confirmation(1, AGED)]
    assert len(server.frames) == 10
    assert server.ended == 1


def test_close_after_reset_resends(server: FakeSyslogServer, client: StreamClient) -> None:
    """A connection that turns out to be reset at the close has delivered nothing for sure."""
    client.send(HELLO, 5.0)
    server.wait_for(1)
    server.reset_connections()

    assert [is_lost(lost) for lost in client.close(5.0)] == [True]


def test_close_of_a_stalled_peer(server: FakeSyslogServer) -> None:
    """At the end of the time what is still in our kernel is not delivered, what left it is."""
    client = StreamClient(server.host, server.port)
    client.send(HELLO, 5.0)
    server.wait_for(1)
    server.stall()
    client.send(BLOCK, 5.0)

    settled = client.close(0.05)

    assert settled[0] == Confirmation(1, AGED)
    assert (settled[1].token, is_lost(settled[1])) == (2, True)


def test_close_with_a_silent_peer(server: FakeSyslogServer, client: StreamClient) -> None:
    """A peer that has the data but does not end its side in time keeps nobody waiting."""
    server.stall()
    client.send(HELLO, 5.0)

    assert client.close(0.1) == [Confirmation(1, AGED)]


def test_close_without_connection() -> None:
    """A client that never connected has nothing to settle."""
    assert StreamClient("localhost", 1).close(1.0) == []


def test_every_address_is_tried(
    server: FakeSyslogServer, client: StreamClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is resolved for every connection, and an address that fails is not the last word."""
    looked_up: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[object]:
        looked_up.append(host)
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("127.0.0.1", 1)), (*kind, (server.host, port))]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    for connections in (1, 2):
        client.send(HELLO, 5.0)
        server.wait_for(connections)
        server.close_connections()
        poll_until(client.poll, 1)

    assert looked_up == [server.host] * 2


def test_connect_timeout_is_used() -> None:
    """A receiver that accepts nothing costs `connect_timeout_seconds`, not the time of the send."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        client = StreamClient(*address, connect_timeout_seconds=0.05)
        started = time.monotonic()
        with pytest.raises(TransportError) as caught:
            client.send(HELLO, 20.0)
        for filler in fillers:
            filler.close()

    assert time.monotonic() - started < 5
    assert not caught.value.ambiguous


def test_tls_delivers_and_says_goodbye(
    server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """Over TLS all data arrives although the client writes only, and the end is a close_notify."""
    with FakeSyslogServer(tls=server_context) as server:
        client = StreamClient("localhost", server.port, tls=trusting)
        client.send(BLOCK, 5.0)
        client.poll(time.monotonic())

        assert client.close(5.0) == [Confirmation(1, AGED)]
        server.wait_until(lambda: server.ended == 1)
        assert (len(server.frames), server.errors) == (10, [])


@pytest.mark.parametrize("way", ["close_connections", "reset_connections"])
def test_tls_peer_loss_is_noticed(
    server_context: ssl.SSLContext, trusting: ssl.SSLContext, way: str
) -> None:
    """Over TLS a peer that ends or resets gives back the tail as well."""
    with FakeSyslogServer(tls=server_context) as server:
        client = StreamClient("localhost", server.port, tls=trusting)
        client.send(HELLO, 5.0)
        server.wait_for(1)
        getattr(server, way)()

        assert [is_lost(lost) for lost in poll_until(client.poll, 1)] == [True]


def test_tls_wrong_host_is_configuration(
    server_context: ssl.SSLContext, trusting: ssl.SSLContext
) -> None:
    """A certificate for another name stops delivery with advice; no byte of data is sent."""
    with FakeSyslogServer(tls=server_context) as server:
        client = StreamClient("127.0.0.1", server.port, tls=trusting)
        with pytest.raises(TransportError, match="correct the host in the url") as caught:
            client.send(HELLO, 5.0)

        assert caught.value.configuration
        assert server.frames == []


def test_tls_unknown_authority_is_configuration(server_context: ssl.SSLContext) -> None:
    """A certificate nobody here trusts stops delivery with advice."""
    with FakeSyslogServer(tls=server_context) as server:
        client = StreamClient("localhost", server.port, tls=ssl.create_default_context())
        with pytest.raises(TransportError, match="set tls_ca_file") as caught:
            client.send(HELLO, 5.0)

        assert caught.value.configuration


def test_tls_refused_client_is_configuration(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """TLS 1.3 refuses a client after the handshake: no later than the second send it is known."""
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(strict)
    authority.configure_trust(strict)
    strict.verify_mode = ssl.CERT_REQUIRED
    with FakeSyslogServer(tls=strict) as server:
        client = StreamClient("localhost", server.port, tls=trusting)
        with pytest.raises(TransportError, match="check the tls_") as caught:
            for _ in range(2):  # whether the first write comes before the refusal is a race
                client.send(HELLO, 5.0)
                assert is_lost(poll_until(client.poll, 1)[0])

    assert caught.value.configuration


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (socket.gaierror(socket.EAI_NONAME, "unknown"), "was not found"),
        (TimeoutError("timed out"), "in time"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "refused"),
        (BrokenPipeError(errno.EPIPE, "broken pipe"), "broken pipe"),
        (OSError("no number"), "OSError"),
        (ssl.SSLEOFError(8, "eof"), "SSLEOFError"),
    ],
    ids=["name", "time", "refused", "pipe", "plain", "tls eof"],
)
def test_errors_are_translated(error: OSError, expected: str) -> None:
    """Whatever a socket raises becomes a reason to try again that names the target."""
    translated = transport_error(error, "siem:514")

    assert expected in translated.reason
    assert "siem:514" in translated.reason
    assert not translated.configuration
