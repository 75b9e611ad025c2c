# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Another `Client` goes into `sink.py`.
"""A client for streams without answers, over TCP and TLS: syslog with RFC 6587 or RFC 5425 framing.

No answer means that a write that succeeded says nothing. What was written lately stays
`Unconfirmed` in a `Tail` and is sent again when the connection is lost; a receiver can then see it
twice.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import ssl
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from .errors import TransportError
from .records import Confirmation, FrameRequest, FrameResponse, Unconfirmed
from .socket_errors import transport_error
from .tail import Tail

if sys.platform == "linux":
    import fcntl
    import struct
    import termios

_CHUNK_BYTES = 16_384  # one TLS record: what send() did not count, no receiver can read
_KEEPALIVE = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}  # seconds, seconds, probes
_MAX_READS = 64  # a peer that talks without end must not hold the sender


class StreamClient:
    """Writes frames to one host and port; implements `Client[FrameRequest, FrameResponse]`.

    Args:
        host: Name or address; resolved again for every connection.
        port: TCP port.
        tls: Context to verify the peer with; None writes plain text.
        connect_timeout_seconds: Time for a connection to stand: TLS included, name look-up not.
        stall_timeout_seconds: Linux gives up a peer that acknowledges nothing for so long.
        tail_max_bytes: How much of the latest is sent again after a connection was lost.
        tail_max_seconds: Age at which what was written counts as delivered.
        clock: Monotonic seconds; the same clock as the `now` of `poll`.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        tls: ssl.SSLContext | None = None,
        connect_timeout_seconds: float = 5.0,
        stall_timeout_seconds: float = 30.0,
        tail_max_bytes: int = 4 * 1024 * 1024,
        tail_max_seconds: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = tls
        self._connect_timeout_seconds = connect_timeout_seconds
        self._stall_timeout_seconds = stall_timeout_seconds
        # What our kernel holds (Linux doubles the number) has to be covered by the tail.
        self._send_buffer_bytes = tail_max_bytes // 4
        self._clock = clock
        self._tail = Tail(max_bytes=tail_max_bytes, max_seconds=tail_max_seconds)
        self._tokens = itertools.count(1)
        self._socket: socket.socket | None = None
        self._news: list[Confirmation] = []
        self._refusal: TransportError | None = None

    def send(self, request: FrameRequest, timeout_seconds: float) -> FrameResponse:
        """Write all frames; a connection that the peer has left is replaced first.

        Raises:
            TransportError: No connection, or not all was written in time; `ambiguous` if some was.
        """
        deadline = self._clock() + timeout_seconds
        connection = self._usable_connection(deadline)
        data = memoryview(b"".join(request.frames))
        written = 0
        try:
            while written < len(data):
                connection.settimeout(_remaining(deadline, self._clock()))
                written += connection.send(data[written : written + _CHUNK_BYTES])
        except OSError as error:
            failure = self._write_failure(error, connection, ambiguous=written > 0)
            failure.written_bytes = written
            self._lose(failure)
            raise failure from error
        token = next(self._tokens)
        self._tail.add(token, written, self._clock())
        return FrameResponse([Unconfirmed(token)] * len(request.frames))

    def poll(self, now: float) -> Sequence[Confirmation]:
        """Look whether the peer is there, let the tail age, and tell what became of tokens."""
        if self._socket is not None:
            failure = self._find_loss(self._socket)
            if failure is not None:
                self._lose(failure)
                self._refusal = failure if failure.configuration else None
            else:
                self._news += self._tail.release(now, _unacknowledged_bytes(self._socket))
        news, self._news = self._news, []
        return news

    def close(self, timeout_seconds: float) -> Sequence[Confirmation]:
        """End the stream in order (TLS: close_notify) and settle the tail.

        A peer that ends the stream too, or stays silent for `timeout_seconds`, has what its kernel
        acknowledged; after a reset nothing is known.
        """
        connection, self._socket = self._socket, None
        if connection is not None:
            with contextlib.closing(connection):
                self._news += self._end(connection, self._clock() + timeout_seconds)
        news, self._news = self._news, []
        return news

    @property
    def _target(self) -> str:
        return f"{self._host}:{self._port}"

    def _usable_connection(self, deadline: float) -> socket.socket:
        refusal, self._refusal = self._refusal, None
        if self._socket is not None:
            failure = self._find_loss(self._socket)
            if failure is None:
                return self._socket
            self._lose(failure)
            refusal = failure if failure.configuration else None
        if refusal is not None:
            raise refusal
        try:
            self._socket = self._connect(deadline)
        except OSError as error:
            raise transport_error(error, self._target) from error
        return self._socket

    def _connect(self, deadline: float) -> socket.socket:
        addresses = socket.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        deadline = min(deadline, self._clock() + self._connect_timeout_seconds)
        failure: OSError = TimeoutError("timed out")
        for family, kind, protocol, _, address in addresses:
            connection = socket.socket(family, kind, protocol)
            try:
                for option in self._socket_options():
                    connection.setsockopt(*option)
                connection.settimeout(_remaining(deadline, self._clock()))
                connection.connect(address)
                return self._secured(connection, deadline)
            except OSError as error:
                connection.close()
                failure = error
        raise failure

    def _socket_options(self) -> Iterator[tuple[int, int, int]]:
        yield socket.SOL_SOCKET, socket.SO_SNDBUF, self._send_buffer_bytes
        yield socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1
        yield socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
        options = {**_KEEPALIVE, "TCP_USER_TIMEOUT": int(self._stall_timeout_seconds * 1000)}
        for name, value in options.items():
            if hasattr(socket, name):
                yield socket.IPPROTO_TCP, getattr(socket, name), value

    def _secured(self, connection: socket.socket, deadline: float) -> socket.socket:
        if self._tls is None:
            return connection
        connection.settimeout(_remaining(deadline, self._clock()))
        return self._tls.wrap_socket(connection, server_hostname=self._host)

    def _find_loss(self, connection: socket.socket) -> TransportError | None:
        """Read and ignore what a peer sends (TLS: session tickets) until it is silent or gone.

        Unread data would turn our `close()` into a reset that destroys what the peer has not read.
        """
        connection.settimeout(0)
        try:
            for _ in range(_MAX_READS):
                if not connection.recv(_CHUNK_BYTES):
                    return TransportError(f"{self._target} closed the connection", ambiguous=True)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        except OSError as error:
            return transport_error(error, self._target, ambiguous=True)
        return None

    def _write_failure(
        self, error: OSError, connection: socket.socket, *, ambiguous: bool
    ) -> TransportError:
        # TLS 1.3 refuses a client after its handshake: the reason may wait behind a broken pipe.
        seen = self._find_loss(connection)
        if seen is not None and seen.configuration:
            return seen
        return transport_error(error, self._target, ambiguous=ambiguous)

    def _lose(self, failure: TransportError) -> None:
        self._news += self._tail.fail(failure.reason)
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _end(self, connection: socket.socket, deadline: float) -> list[Confirmation]:
        failure = self._find_loss(connection)
        if failure is not None:
            return self._tail.fail(failure.reason)
        try:
            self._shut_down(connection, deadline)
        except OSError as error:
            if error.errno is not None:  # anything but our own time-out
                return self._tail.fail(transport_error(error, self._target).reason)
            unacknowledged = _unacknowledged_bytes(connection)
            return self._tail.settle(f"{self._target} did not take it in time", unacknowledged)
        return self._tail.settle("")

    def _shut_down(self, connection: socket.socket, deadline: float) -> None:
        if isinstance(connection, ssl.SSLSocket):
            # Half of the receivers send no close_notify back: they get half of the time. What else
            # goes wrong shows in the reads below.
            with contextlib.suppress(OSError, ValueError):
                connection.settimeout(_remaining(deadline, self._clock()) / 2)
                connection.unwrap()
        connection.shutdown(socket.SHUT_WR)
        while True:
            connection.settimeout(_remaining(deadline, self._clock()))
            if not connection.recv(_CHUNK_BYTES):
                return


def _remaining(deadline: float, now: float) -> float:
    if now >= deadline:
        raise TimeoutError("timed out")
    return deadline - now


def _unacknowledged_bytes(connection: socket.socket) -> int:
    """Count what our kernel still holds of the stream; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    answer = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
    return int(struct.unpack("i", answer)[0])
