# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `resend_tail` and `tail_*` settings.
"""What syslog adds to the engine's stream client: local sockets, expiry of certificates, what is resent."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .._delivery.errors import TransportError
from .._delivery.records import (
    Confirmation,
    Delivered,
    FrameRequest,
    FrameResponse,
    RetryLater,
)
from .._delivery.stream_client import StreamClient

EXPIRY_DAYS = 14
"""A certificate that is valid for less is warned about."""


class SyslogStreamClient(StreamClient):
    """Connects to a path as well, and looks at how long the receiver's certificate is valid.

    Args:
        host: Name or address; or the path of a socket of this machine.
        port: TCP port; 0 for a path.
        warn: Is given a key and a text when the certificate ends soon.
        **options: As for `StreamClient`.
    """

    def __init__(
        self, host: str, port: int, *, warn: Callable[[str, str], None], **options: Any
    ) -> None:
        super().__init__(host, port, **options)
        self._warn = warn

    @property
    def _target(self) -> str:
        return super()._target if self._port else self._host

    def _connect(self, deadline: float) -> socket.socket:
        if self._port:
            return super()._connect(deadline)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            for option in self._socket_options():
                connection.setsockopt(*option)
            connection.settimeout(max(0.001, deadline - self._clock()))
            connection.connect(self._host)
        except OSError:
            connection.close()
            raise
        return connection

    def _socket_options(self) -> Iterator[tuple[int, int, int]]:
        options = super()._socket_options()
        # A local socket has none of the options of TCP, and no network to keep alive.
        return options if self._port else (each for each in options if each[1] == socket.SO_SNDBUF)

    def _secured(self, connection: socket.socket, deadline: float) -> socket.socket:
        secured = super()._secured(connection, deadline)
        if isinstance(secured, ssl.SSLSocket):
            days = days_left(secured.getpeercert() or {}, time.time())
            if days is not None and days < EXPIRY_DAYS:
                text = f"the certificate of {self._target} ends in {days} days: renew it there"
                self._warn(f"expiry {self._target}", text)
        return secured


def days_left(certificate: dict[str, Any], now: float) -> int | None:
    """Return for how many days a certificate is valid; None if it does not say, or was not verified."""
    end = certificate.get("notAfter")
    return None if end is None else int((ssl.cert_time_to_seconds(end) - now) // 86_400)


class TailPolicy:
    """Decides message by message what a broken write means; implements `Client`.

    A message of which nothing was written is sent again, and cannot be a duplicate. What was written may have
    arrived: it is sent again as a possible duplicate, from the boundary of the message, or else counts
    as delivered with a warning, which is counted.

    Args:
        client: Writes.
        resend: Duplicates rather than loss.
    """

    def __init__(self, client: StreamClient, *, resend: bool) -> None:
        self._client = client
        self._resend = resend

    def send(self, request: FrameRequest, timeout_seconds: float) -> FrameResponse:
        """Write all frames.

        Raises:
            TransportError: nothing was written.
        """
        try:
            return self._client.send(request, timeout_seconds)
        except TransportError as error:
            if error.configuration or not error.written_bytes:
                raise
            written, reason = error.written_bytes, error.reason
        outcomes: list[Delivered | RetryLater] = []
        for frame in request.frames:
            retry = RetryLater(reason, ambiguous=written > 0)
            written -= len(frame)
            whole = written >= 0
            outcomes.append(self._gone(reason) if whole and not self._resend else retry)
        return FrameResponse(outcomes)

    def poll(self, now: float) -> Sequence[Confirmation]:
        """Say what became of what was written."""
        return self._decided(self._client.poll(now))

    def close(self, timeout_seconds: float) -> Sequence[Confirmation]:
        """End the stream in order, and settle the tail."""
        return self._decided(self._client.close(timeout_seconds))

    def _decided(self, news: Sequence[Confirmation]) -> Sequence[Confirmation]:
        if self._resend:
            return news
        return [
            Confirmation(each.token, self._gone(each.outcome.reason))
            if isinstance(each.outcome, RetryLater)
            else each
            for each in news
        ]

    def _gone(self, reason: str) -> Delivered:
        return Delivered(warning=reason, confirmed=False)
