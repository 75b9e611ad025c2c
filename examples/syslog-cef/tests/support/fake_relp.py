# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A RELP receiver on a real socket that can hold back answers, refuse, reset, stop and come back.

Its reader of frames is written from the description of the protocol and shares nothing with the client.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from types import TracebackType

WELCOME = b"200 OK\nrelp_version=0\nrelp_software=fake\ncommands=syslog"


class FakeRelpServer:
    """Keeps the messages it has acknowledged, and those it was only sent.

    Args:
        tls: Server context.
        welcome: Answer to `open`.
    """

    def __init__(self, *, tls: ssl.SSLContext | None = None, welcome: bytes = WELCOME) -> None:
        self.host = "127.0.0.1"
        self.port = 0
        self.received: list[bytes] = []
        """Messages in the order of their arrival."""
        self.acknowledged: list[bytes] = []
        self.transactions: list[int] = []
        """Their numbers."""
        self.closes = 0
        """Sessions that the client ended in order."""
        self.sessions = 0
        self.errors: list[str] = []
        self.status = b"200 OK"
        """Answer to the next messages."""
        self.most_unanswered = 0
        self._welcome = welcome
        self._tls = tls
        self._holding = False
        self._held: list[tuple[socket.socket, int, bytes]] = []
        self._connections: list[socket.socket] = []
        self._changed = threading.Condition()

    def __enter__(self) -> FakeRelpServer:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Listen; after `stop()` on the same port again."""
        self._listener = socket.create_server((self.host, self.port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Close the listener and every connection."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.reset(abrupt=False)

    def hold(self) -> None:
        """Answer no message until `release()`."""
        with self._changed:
            self._holding = True

    def release(self) -> None:
        """Answer what was held back, the latest first, and answer again."""
        with self._changed:
            self._holding = False
            held, self._held = self._held, []
            for connection, number, message in reversed(held):
                self._answer(connection, number, message)
            self._changed.notify_all()

    def say(self, data: bytes) -> None:
        """Send bytes to every client."""
        with self._changed:
            for connection in self._connections:
                connection.sendall(data)

    def reset(self, *, abrupt: bool = True) -> None:
        """Cut every connection, with RST if `abrupt`; what was held back is forgotten."""
        with self._changed:
            self._held = []
            for connection in self._connections:
                if abrupt:
                    linger = struct.pack("ii", 1, 0)
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                try:
                    # Another thread sits in recv(): without this the close would wait for it.
                    if not abrupt:
                        connection.shutdown(socket.SHUT_RDWR)
                    connection.close()
                except OSError:
                    pass
            self._connections = []

    def wait_until(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        """Wait until the condition on this object's attributes holds."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise AssertionError(f"{len(self.received)} messages came, errors: {self.errors}")

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection = listener.accept()[0]
                connection.settimeout(0.02)
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self._tls is not None:
                connection.settimeout(5)
                connection = self._tls.wrap_socket(connection, server_side=True)
                connection.settimeout(0.02)
            with self._changed:
                self._connections.append(connection)
            pending = b""
            while True:
                try:
                    data = connection.recv(65_536)
                except TimeoutError:
                    continue  # so that a reset from another thread is noticed
                if not data:
                    return
                pending = self._read(connection, pending + data)
        except (OSError, ValueError) as error:
            with self._changed:
                self.errors.append(str(error))
                self._changed.notify_all()

    def _read(self, connection: socket.socket, pending: bytes) -> bytes:
        while True:
            parts = pending.split(b" ", 2)
            if len(parts) < 3 and not (len(parts) == 3 or pending.endswith(b" close 0\n")):
                return pending
            number, command = int(parts[0]), parts[1]
            digits = parts[2].split(b" ", 1)[0].split(b"\n", 1)[0]
            size = int(digits)
            begin = len(parts[0]) + len(command) + len(digits) + 2 + (1 if size else 0)
            if len(pending) < begin + size + 1:
                return pending
            if pending[begin + size : begin + size + 1] != b"\n":
                raise ValueError(f"no LF behind {size} bytes: {pending[:80]!r}")
            self._handle(connection, number, command, pending[begin : begin + size])
            pending = pending[begin + size + 1 :]
            if not pending:
                return b""

    def _handle(self, connection: socket.socket, number: int, command: bytes, data: bytes) -> None:
        with self._changed:
            if command == b"open":
                self.sessions += 1
                connection.sendall(_frame(number, b"rsp", self._welcome))
            elif command == b"close":
                self.closes += 1
                connection.sendall(_frame(number, b"rsp", b"") + _frame(0, b"serverclose", b""))
            elif command == b"syslog":
                self.received.append(data)
                self.transactions.append(number)
                if self._holding:
                    self._held.append((connection, number, data))
                    self.most_unanswered = max(self.most_unanswered, len(self._held))
                else:
                    self._answer(connection, number, data)
            else:
                raise ValueError(f"unknown command {command!r}")
            self._changed.notify_all()

    def _answer(self, connection: socket.socket, number: int, message: bytes) -> None:
        if self.status.startswith(b"200"):
            self.acknowledged.append(message)
        connection.sendall(_frame(number, b"rsp", self.status))


def _frame(number: int, command: bytes, data: bytes) -> bytes:
    return b"%d %b %d%b%b\n" % (number, command, len(data), b" " if data else b"", data)
