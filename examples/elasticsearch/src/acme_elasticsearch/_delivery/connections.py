# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The clients of one sender, one per address, made when they are needed first."""

from __future__ import annotations

import time
from typing import Any, TypeAlias

from .alerts import Alerts
from .exchange import Exchange
from .records import Client, Confirmation

News: TypeAlias = "list[tuple[str, Confirmation]]"
"""Address and what it says about records that were `Unconfirmed`."""


class Connections:
    """Makes clients, asks them for news, and ends them. Called from one sender thread."""

    def __init__(self, exchange: Exchange[Any, Any], alerts: Alerts) -> None:
        self._exchange = exchange
        self._alerts = alerts
        self._clients: dict[str, Client[Any, Any]] = {}
        self._news: News = []

    def to(self, name: str) -> Client[Any, Any]:
        """Return the client of an address.

        Raises:
            ConfigurationError: it cannot be made, e.g. since a certificate file is missing.
        """
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self._exchange.endpoints[name]()
        return client

    def poll(self) -> News:
        """Return what became of unconfirmed records since the last call; does not block."""
        news, self._news = self._news, []
        now = time.monotonic()
        for name, client in self._clients.items():
            news += [(name, each) for each in client.poll(now)]
        return news

    def renew(self, name: str) -> None:
        """End the connection with an address, so that the next one reads its files again."""
        client = self._clients.pop(name, None)
        if client is not None:
            self._news += self._end(name, client, 0.0)

    def close(self, timeout_seconds: float) -> News:
        """End all connections in order, all within the time, and return their last news."""
        deadline = time.monotonic() + timeout_seconds
        news, self._news = self._news, []
        while self._clients:
            name, client = self._clients.popitem()
            news += self._end(name, client, max(0.0, deadline - time.monotonic()))
        return news

    def _end(self, name: str, client: Client[Any, Any], timeout_seconds: float) -> News:
        try:
            return [(name, each) for each in client.close(timeout_seconds)]
        except Exception as error:
            self._alerts.say("engine", f"closing failed with {type(error).__name__}")
            return []
