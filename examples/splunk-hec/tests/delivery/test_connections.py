# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""One client per address, made when it is needed, and its last news kept."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from acme_splunk_hec._delivery.alerts import Alerts
from acme_splunk_hec._delivery.connections import Connections
from acme_splunk_hec._delivery.errors import ConfigurationError
from acme_splunk_hec._delivery.exchange import Exchange
from acme_splunk_hec._delivery.records import (
    Confirmation,
    Delivered,
    RetryLater,
)


class Client:
    """Counts, and says what it was told to say."""

    def __init__(self, broken: bool = False) -> None:
        self.broken = broken
        self.closed: list[float] = []

    def send(self, request: bytes, timeout_seconds: float) -> bytes:
        """Answer."""
        return request

    def poll(self, now: float) -> Sequence[Confirmation]:
        """Confirm token 1."""
        return [Confirmation(1, Delivered())]

    def close(self, timeout_seconds: float) -> Sequence[Confirmation]:
        """Lose token 2."""
        self.closed.append(timeout_seconds)
        if self.broken:
            raise OSError("s3cret")
        return [Confirmation(2, RetryLater("reset"))]


def make(**clients: Client) -> tuple[Connections, list[str]]:
    """Make connections to these, and a list of those that were made."""
    made: list[str] = []

    def connector(name: str) -> object:
        def connect() -> Client:
            made.append(name)
            return clients[name]

        return connect

    exchange = Exchange(
        build=bytes,
        classify=lambda response, batch: [],
        endpoints={name: connector(name) for name in clients},
    )
    alerts = Alerts("plain", interval_seconds=30.0, clock=lambda: 0.0)
    return Connections(exchange, alerts), made


def test_made_once_when_needed() -> None:
    """An address that is never used costs no connection."""
    connections, made = make(a=Client(), b=Client())
    assert connections.to("a") is connections.to("a")
    assert made == ["a"]


def test_news_carry_the_address() -> None:
    """Tokens of different clients must not be mixed up."""
    connections, _ = make(a=Client(), b=Client())
    connections.to("a")
    connections.to("b")
    assert connections.poll() == [
        ("a", Confirmation(1, Delivered())),
        ("b", Confirmation(1, Delivered())),
    ]


def test_renewed_is_made_again_and_loses_no_news() -> None:
    """What the old connection knew at its end is told at the next opportunity."""
    client = Client()
    connections, made = make(a=client)
    connections.renew("a")
    connections.to("a")
    connections.renew("a")
    assert client.closed == [0.0]
    assert connections.poll() == [("a", Confirmation(2, RetryLater("reset")))]
    connections.to("a")
    assert made == ["a", "a"]


def test_close_ends_all_and_tells_all(caplog: pytest.LogCaptureFixture) -> None:
    """One that fails at it does not keep the others from it, and its text stays unsaid."""
    connections, _ = make(a=Client(), b=Client(broken=True))
    connections.to("a")
    connections.to("b")
    assert connections.close(5.0) == [("a", Confirmation(2, RetryLater("reset")))]
    assert connections.close(5.0) == []
    assert caplog.messages == ["plain: closing failed with OSError"]


def test_what_cannot_be_made_is_the_callers() -> None:
    """The sender holds what it wanted to send."""

    def connect() -> Client:
        raise ConfigurationError("tls_ca_file cannot be read")

    exchange = Exchange(build=bytes, classify=lambda r, b: [], endpoints={"a": connect})
    alerts = Alerts("plain", interval_seconds=30.0, clock=lambda: 0.0)
    with pytest.raises(ConfigurationError):
        Connections(exchange, alerts).to("a")
