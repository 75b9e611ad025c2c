# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Bring another `Client` in `sink.py`.
"""A client for datagrams: one per message, no answer, no promise (RFC 5426, or a local socket)."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from .._delivery.records import (
    Confirmation,
    Delivered,
    FrameRequest,
    FrameResponse,
    Rejected,
    RetryLater,
)
from .._delivery.socket_errors import transport_error

RESOLVE_SECONDS = 60.0
"""A name is looked up again after this long: a receiver that moved would never be noticed."""


class DatagramClient:
    """Sends to one host and port; implements `Client[FrameRequest, FrameResponse]`.

    Args:
        host: Name or address, or the path of a socket of this machine, which loses nothing but what its
            reader does.
        port: UDP port.
        clock: Monotonic seconds.
    """

    def __init__(
        self, host: str, port: int, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._host = host
        self._port = port
        self._clock = clock
        self._socket: socket.socket | None = None
        self._resolve_at = 0.0

    def send(self, request: FrameRequest, timeout_seconds: float) -> FrameResponse:
        """Send one datagram per frame.

        The first failure ends the sending, and it and all that follow are retried. A refusal (ICMP
        port unreachable) tells that nobody listened for an *earlier* datagram; which one, and how
        many, no one knows: those of this request are delivered with a warning, which is counted.

        Raises:
            TransportError: the name was not found or there is no route.
        """
        try:
            connection = self._connected()
        except OSError as error:
            raise transport_error(error, self._target) from error
        connection.settimeout(timeout_seconds)
        outcomes: list[Delivered | RetryLater | Rejected] = []
        for number, frame in enumerate(request.frames):
            outcome = self._send_one(connection, frame)
            if isinstance(outcome, RetryLater):
                doubtful = Delivered(warning=outcome.reason, confirmed=False)
                sent = [doubtful if isinstance(each, Delivered) else each for each in outcomes]
                return FrameResponse([*sent, *[outcome] * (len(request.frames) - number)])
            outcomes.append(outcome)
        return FrameResponse(outcomes)

    def poll(self, now: float) -> Sequence[Confirmation]:  # noqa: ARG002 - the engine's signature
        """Return nothing: there is no news of datagrams."""
        return ()

    def close(self, timeout_seconds: float) -> Sequence[Confirmation]:  # noqa: ARG002
        """Close the socket; the system still sends what it holds."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        return ()

    def _connected(self) -> socket.socket:
        if self._socket is not None and self._clock() < self._resolve_at:
            return self._socket
        self.close(0)
        family, address = self._looked_up()
        connection = socket.socket(family, socket.SOCK_DGRAM)
        try:
            connection.connect(address)
        except OSError:
            connection.close()
            raise
        self._socket = connection
        self._resolve_at = self._clock() + RESOLVE_SECONDS
        return connection

    def _looked_up(self) -> tuple[int, Any]:
        if self._host.startswith("/"):
            return socket.AF_UNIX, self._host
        found = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_DGRAM)
        return found[0][0], found[0][4]

    @property
    def _target(self) -> str:
        return f"{self._host}:{self._port}" if self._port else self._host

    def _send_one(
        self, connection: socket.socket, frame: bytes
    ) -> Delivered | RetryLater | Rejected:
        try:
            connection.send(frame)
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                setting = "datagram_max_bytes" if self._port else "message_max_bytes"
                return Rejected(f"no datagram holds {len(frame)} bytes: lower {setting}")
            if not self._port:
                self.close(0)  # a local receiver that comes back has another socket
            return RetryLater(transport_error(error, self._target).reason)
        return Delivered(confirmed=False)
