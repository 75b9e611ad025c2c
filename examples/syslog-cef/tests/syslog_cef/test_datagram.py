# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The UDP client: what can be known of a datagram, and what it costs when nobody listens."""

import errno
import socket

import pytest

from acme_syslog_cef._delivery.errors import (
    TransportError,
)
from acme_syslog_cef._delivery.records import (
    Delivered,
    FrameRequest,
    Rejected,
    RetryLater,
)
from acme_syslog_cef.syslog_cef.datagram import (
    RESOLVE_SECONDS,
    DatagramClient,
)

from ..support.fake_syslog import FakeSyslogServer

SENT = Delivered(confirmed=False)


def free_udp_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_one_datagram_per_record() -> None:
    """Each record travels alone and is delivered as far as anybody can know."""
    with FakeSyslogServer("udp") as server:
        client = DatagramClient(server.host, server.port)
        response = client.send(FrameRequest([b"<9>a", b"<9>b\nc"]), 1.0)
        client.close(1.0)

        assert server.wait_for(2) == [b"<9>a", b"<9>b\nc"]
        assert response.outcomes == [SENT, SENT]
        assert (client.poll(0.0), client.close(1.0)) == ((), ())


def test_too_large_datagram_is_rejected() -> None:
    """What no datagram can carry is refused alone; the others are sent."""
    with FakeSyslogServer("udp") as server:
        client = DatagramClient(server.host, server.port)
        response = client.send(FrameRequest([b"x" * 66_000, b"<9>b"]), 1.0)
        client.close(1.0)

        advice = "no datagram holds 66000 bytes: lower datagram_max_bytes"
        assert response.outcomes == [Rejected(advice), SENT]
        assert server.wait_for(1) == [b"<9>b"]


@pytest.mark.fault(26, promise=14)
def test_refusal_stops_the_batch() -> None:
    """Once the target's system says that nobody listens, the rest is kept for later."""
    client = DatagramClient("127.0.0.1", free_udp_port())
    outcomes = client.send(FrameRequest([b"<9>a", b"<9>b", b"<9>c"]), 1.0).outcomes
    client.close(1.0)

    assert outcomes[0] == Delivered(warning=outcomes[1].reason, confirmed=False)
    assert all(isinstance(outcome, RetryLater) for outcome in outcomes[1:])
    assert len(outcomes) == 3


def test_full_system_queue_is_retried(monkeypatch: pytest.MonkeyPatch) -> None:
    """ENOBUFS is local and passes."""

    class Full(socket.socket):
        def send(self, *_: object) -> int:
            raise OSError(errno.ENOBUFS, "no buffer space")

    monkeypatch.setattr(socket, "socket", Full)
    client = DatagramClient("127.0.0.1", 9)
    outcomes = client.send(FrameRequest([b"<9>a"]), 1.0).outcomes
    client.close(1.0)

    assert outcomes == [RetryLater("connection with 127.0.0.1:9 failed (no buffer space)")]


def test_unknown_name_is_a_transport_error() -> None:
    """A name that is not found is tried again, nothing was sent."""
    with pytest.raises(TransportError, match="was not found") as caught:
        DatagramClient("no-such-host.invalid", 514).send(FrameRequest([b"<9>a"]), 1.0)

    assert not caught.value.ambiguous


@pytest.mark.fault(2, promise=8)
def test_name_is_looked_up_again() -> None:
    """A receiver that moved is found after `RESOLVE_SECONDS`; the port of the sender changes."""
    now = 0.0
    senders = set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        client = DatagramClient(*receiver.getsockname(), clock=lambda: now)
        for now in (0.0, RESOLVE_SECONDS - 1, RESOLVE_SECONDS + 1):  # noqa: B007 - the clock
            client.send(FrameRequest([b"<9>a"]), 1.0)
            senders.add(receiver.recvfrom(100)[1])
        client.close(1.0)

    assert len(senders) == 2
