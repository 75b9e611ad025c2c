# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A syslog receiver on a real socket that can stall, reset, stop and come back.

One thread owns all sockets; the methods hand it commands and wait until they are done.
"""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

MAX_COUNT_DIGITS = 6


class FrameReader:
    """Strict RFC 6587 reader: a digit begins a counted frame, `<` or `C` (bare CEF) a line."""

    def __init__(self) -> None:
        self._pending = b""
        self.error = ""
        """Not empty: the stream broke the rules, nothing behind that point is read."""

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that `data` completes."""
        self._pending += data
        frames: list[bytes] = []
        while self._pending and not self.error:
            counted = self._pending[:1].isdigit()
            frame = self._counted() if counted else self._line()
            if frame is None:
                break
            frames.append(frame)
        return frames

    def _counted(self) -> bytes | None:
        count, space, rest = self._pending.partition(b" ")
        if not count.isdigit() or count.startswith(b"0") or len(count) > MAX_COUNT_DIGITS:
            self.error = f"bad octet count {count[:20]!r}"
            return None
        if not space or len(rest) < int(count):
            return None
        self._pending = rest[int(count) :]
        return rest[: int(count)]

    def _line(self) -> bytes | None:
        if self._pending[:1] not in (b"<", b"C"):
            self.error = f"a frame begins with {self._pending[:20]!r}"
            return None
        line, end, rest = self._pending.partition(b"\n")
        if not end:
            return None
        if any(byte < 0x20 or byte == 0x7F for byte in line):
            self.error = f"control character in line {line!r}"
        self._pending = rest
        return line


class FakeSyslogServer:
    """Keeps the frames (TCP, TLS) or datagrams (UDP) it is sent.

    Args:
        protocol: `tcp` or `udp`; with `tls` set, TCP speaks TLS.
        tls: Server context.
    """

    def __init__(self, protocol: str = "tcp", *, tls: ssl.SSLContext | None = None) -> None:
        self.protocol = protocol
        self.host = "127.0.0.1"
        self.port = 0
        self.frames: list[bytes] = []
        self.errors: list[str] = []
        self.connections = 0
        """Connections accepted so far (TLS: whose handshake succeeded)."""
        self.ended = 0
        """Streams whose client ended them in order; on TLS only with close_notify."""
        self.tls = tls
        """Context of the next handshakes; a renewed certificate is a new one."""
        self._changed = threading.Condition()
        self._commands: queue.Queue[tuple[Callable[[], None], threading.Event]] = queue.Queue()
        self._stalled = False
        self._thread: threading.Thread | None = None

    def __enter__(self) -> FakeSyslogServer:
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
        self._selector = selectors.DefaultSelector()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._readers: dict[socket.socket, FrameReader] = {}
        kind = socket.SOCK_DGRAM if self.protocol == "udp" else socket.SOCK_STREAM
        self._listener = socket.socket(socket.AF_INET, kind)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        self._listener.bind((self.host, self.port))
        self.port = self._listener.getsockname()[1]
        if self.protocol != "udp":
            self._listener.listen()
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._wake_receiver, selectors.EVENT_READ)
        self._running = True
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the listener and every connection."""
        if self._thread is not None:
            self._command(self._end)
            self._thread.join(5)
            self._thread = None
            for own in (self._wake_receiver, self._wake_sender, self._selector):
                own.close()

    def close_connections(self) -> None:
        """End every connection in order (FIN)."""
        self._command(self._close_all)

    def reset_connections(self) -> None:
        """Cut every connection with RST."""
        self._command(lambda: self._close_all(reset=True))

    def stall(self) -> None:
        """Read nothing more until `resume()`."""
        self._command(lambda: setattr(self, "_stalled", True))

    def resume(self) -> None:
        """Read again."""
        self._command(lambda: setattr(self, "_stalled", False))

    def say(self, data: bytes) -> None:
        """Send bytes to every client; syslog clients have to ignore them."""

        def send() -> None:
            for connection in self._readers:
                connection.sendall(data)

        self._command(send)

    def wait_for(self, count: int, timeout: float = 5.0) -> list[bytes]:
        """Wait until `count` frames have arrived and return them all."""
        self.wait_until(lambda: len(self.frames) >= count, timeout)
        return self.frames

    def wait_until(self, condition: Callable[[], bool], timeout: float = 5.0) -> None:
        """Wait until the condition on this object's attributes holds."""
        with self._changed:
            if not self._changed.wait_for(condition, timeout):
                raise AssertionError(f"{len(self.frames)} frames came, errors: {self.errors}")

    def _command(self, action: Callable[[], None]) -> None:
        done = threading.Event()
        self._commands.put((action, done))
        self._wake_sender.send(b"!")
        if not done.wait(5):
            raise AssertionError("the fake server hangs")

    def _serve(self) -> None:
        while self._running:
            for key, _ in self._selector.select():
                self._handle(key.fileobj)
            with self._changed:
                self._changed.notify_all()

    def _handle(self, ready: Any) -> None:
        if ready is self._wake_receiver:
            ready.recv(1)
            action, done = self._commands.get()
            action()
            self._watch_connections()
            done.set()
        elif ready is self._listener:
            self._receive_datagram() if self.protocol == "udp" else self._accept()
        elif ready in self._readers and not self._stalled:
            self._read(ready)

    def _watch_connections(self) -> None:
        registered = set(self._selector.get_map())
        for connection in self._readers:
            if self._stalled and connection.fileno() in registered:
                self._selector.unregister(connection)
            elif not self._stalled and connection.fileno() not in registered:
                self._selector.register(connection, selectors.EVENT_READ)

    def _receive_datagram(self) -> None:
        self.frames.append(self._listener.recv(65_535))

    def _accept(self) -> None:
        connection = self._listener.accept()[0]
        connection.settimeout(5)
        try:
            if self.tls is not None:
                connection = self.tls.wrap_socket(
                    connection, server_side=True, suppress_ragged_eofs=False
                )
        except OSError as error:
            self.errors.append(f"handshake: {error}")
            connection.close()
            return
        connection.setblocking(False)
        self.connections += 1
        self._readers[connection] = FrameReader()
        self._watch_connections()

    def _read(self, connection: socket.socket) -> None:
        reader = self._readers[connection]
        try:
            while data := connection.recv(65_536):
                self.frames += reader.feed(data)
                if reader.error:
                    self.errors.append(reader.error)
                    break
            else:
                self.ended += 1
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError as error:
            self.errors.append(f"read: {error}")
        self._close(connection)

    def _close(self, connection: socket.socket, *, reset: bool = False) -> None:
        del self._readers[connection]
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection)
        if reset:
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.close()

    def _close_all(self, *, reset: bool = False) -> None:
        for connection in list(self._readers):
            self._close(connection, reset=reset)

    def _end(self) -> None:
        self._running = False
        self._close_all()
        self._selector.unregister(self._listener)
        self._listener.close()


def poll_until(poll: Callable[[float], Any], count: int, timeout: float = 5.0) -> list[Any]:
    """Call `poll(now)` until it has returned `count` things; news travels through a kernel."""
    things: list[Any] = []
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while len(things) < count:
        assert time.monotonic() < deadline, f"only {things} came"
        things += poll(time.monotonic())
        pause.wait(0.001)
    return things
