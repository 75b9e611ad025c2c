# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""An HTTP/1.1 server on a real socket that answers as scripted, and misbehaves on request.

Use it as a context manager, queue answers with `script()`, point the code under test at `url`, wait
with `wait_for(2)` and look at `requests[1].body`.

Raw sockets instead of `http.server`, since a test must be able to reset a connection at any byte.
"""

from __future__ import annotations

import contextlib
import gzip
import http
import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import BinaryIO, Literal

Cut = Literal["before", "during", "after"]

_ACCEPT_POLL_SECONDS = 0.005
_JOIN_SECONDS = 5.0


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    method: str
    path: str
    """The request target, query included."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    """Decompressed when the request said `Content-Encoding: gzip`."""
    raw_body: bytes
    """The bytes of the body as they came."""
    connection: int = 0
    """Number of the connection that carried it, from 1: tells reuse from a new connection."""


@dataclass(frozen=True)
class Answer:
    """What to answer, and how to fail at it."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Added to Content-Length (or Transfer-Encoding); a name given here replaces ours."""
    cut: Cut | None = None
    """End the connection before the answer, in the middle of it, or after it without a warning."""
    reset: bool = True
    """A cut is a TCP RST; False: an orderly FIN."""
    delay: threading.Event | None = None
    """Answer only when this is set (or the server stops)."""
    chunks: Sequence[bytes] | None = None
    """Send these as a chunked body instead of `body`."""
    chunk_pause_seconds: float = 0.0
    """Wait this long before each chunk."""
    drip: bool = False
    """Send one byte at a time, head included."""
    unfinished: bool = False
    """Send `chunks` without their end, then nothing more; the connection stays open."""
    close: bool = False
    """Say `Connection: close` and close."""
    phrase: str | None = None
    """Stands behind the status in the first line; None: what the status is called."""


Script = Answer | Callable[[Received], Answer]


class FakeHttpServer:
    """Listens on 127.0.0.1 at a free port; one thread per connection, keep-alive supported."""

    def __init__(self, default: Script | None = None, *, tls: ssl.SSLContext | None = None) -> None:
        self.default: Script = default if default is not None else Answer()
        """Used for a request when nothing is scripted."""
        self.port = 0
        self.connections = 0
        """Connections accepted so far."""
        self.tls_errors: list[str] = []
        """Handshakes that failed, as text."""
        self.tls = tls
        """Context of the next handshakes; a renewed certificate is a new one."""
        self._cuts: deque[int] = deque()
        self._script: deque[Script] = deque()
        self._requests: list[Received] = []
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._listener: socket.socket | None = None
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> FakeHttpServer:
        self.start()
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Base URL without a trailing slash."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    @property
    def requests(self) -> list[Received]:
        """The requests that arrived completely so far, a copy."""
        with self._changed:
            return list(self._requests)

    def received(self) -> bytes:
        """Return the bodies of the requests that arrived completely so far, without their compression."""
        return b"\n".join(request.body for request in self.requests)

    def script(self, *answers: Script) -> None:
        """Queue answers, one per request in order of arrival."""
        with self._changed:
            self._script.extend(answers)

    def cut_uploads(self, *after_bytes: int) -> None:
        """Reset the next connections when that many bytes of a request, head included, are read."""
        with self._changed:
            self._cuts.extend(after_bytes)

    def wait_for(self, count: int, timeout: float = 5.0) -> list[Received]:
        """Wait until `count` requests have arrived, and return all that have.

        Raises:
            AssertionError: they did not arrive within `timeout` seconds.
        """
        with self._changed:
            arrived = self._changed.wait_for(lambda: len(self._requests) >= count, timeout)
            got = list(self._requests)
        assert arrived, f"{len(got)} of {count} requests arrived within {timeout} s"
        return got

    def start(self) -> None:
        """Listen; after `stop()` on the same port again."""
        assert self._listener is None, "already started"
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(128)
        listener.settimeout(_ACCEPT_POLL_SECONDS)
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._stopping.clear()
        self._spawn(self._accept_loop, listener)

    def stop(self) -> None:
        """Refuse connections and reset the open ones: an outage. The script and the log stay."""
        self._stopping.set()
        with self._changed:
            listener, self._listener = self._listener, None
            connections, threads = list(self._open), self._threads
            self._threads = []
        for connection in connections:
            _reset_on_close(connection)
            _shut_down(connection)
        for thread in threads:
            thread.join(_JOIN_SECONDS)
        if listener is not None:
            listener.close()

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name="fake-http", daemon=True)
        with self._changed:
            self._threads = [known for known in self._threads if known.is_alive()]
            thread.start()
            self._threads.append(thread)

    def _accept_loop(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with self._changed:
                self.connections += 1
                number = self.connections
            self._spawn(self._serve, connection, number)

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._changed:
            self._open.add(connection)
        if self._stopping.is_set():
            _shut_down(connection)
        secured = connection
        try:
            if self.tls is not None:
                secured = self._handshake(connection)
            with secured.makefile("rb") as stream:
                while self._serve_one(secured, stream, number):
                    pass
        except (OSError, ValueError):
            pass  # the peer is gone, or stop() cut the connection
        finally:
            with self._changed:
                self._open.discard(connection)
                self._open.discard(secured)
            secured.close()

    def _handshake(self, connection: socket.socket) -> ssl.SSLSocket:
        assert self.tls is not None
        try:
            secured = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
            with self._changed:
                self._open.discard(connection)
                self._open.add(secured)
            secured.do_handshake()
        except OSError as error:
            with self._changed:
                self.tls_errors.append(str(error))
                self._changed.notify_all()
            secured.close()
            raise
        return secured

    def _serve_one(self, connection: socket.socket, stream: BinaryIO, number: int) -> bool:
        """Read one request and answer it; False: the connection is over."""
        with self._changed:
            cut = self._cuts.popleft() if self._cuts else None
        received = _read_request(stream, number) if cut is None else None
        if received is None:
            return _cut_upload(connection, stream, cut)
        with self._changed:
            self._requests.append(received)
            script = self._script.popleft() if self._script else self.default
            self._changed.notify_all()
        answer = script(received) if callable(script) else script
        self._wait(answer.delay)
        if answer.cut == "before":
            return _cut(connection, answer)
        head, parts = _wire(answer)
        if answer.cut == "during":
            body = b"".join(parts)
            connection.sendall(head + body[: len(body) // 2] if body else head[: len(head) // 2])
            return _cut(connection, answer)
        connection.sendall(head)
        for part in parts:
            if answer.chunk_pause_seconds and self._stopping.wait(answer.chunk_pause_seconds):
                return False
            connection.sendall(part)
        if answer.unfinished:
            self._stopping.wait()
        if answer.cut == "after":
            return _cut(connection, answer)
        return not answer.close and received.headers.get("connection", "").lower() != "close"

    def _wait(self, event: threading.Event | None) -> None:
        while event is not None and not event.wait(_ACCEPT_POLL_SECONDS):
            if self._stopping.is_set():
                raise OSError("stopped")


def _read_request(stream: BinaryIO, number: int) -> Received | None:
    start = stream.readline()
    if not start.strip():
        return None
    method, path, _ = start.decode("latin-1").split(" ", 2)
    headers = {}
    while (line := stream.readline()).strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    if headers.get("transfer-encoding", "").lower() == "chunked":
        raw = b"".join(iter(lambda: _read_chunk(stream), b""))
    else:
        expected = int(headers.get("content-length", "0"))
        raw = stream.read(expected)
        if len(raw) < expected:
            return None
    zipped = headers.get("content-encoding", "").lower() == "gzip"
    return Received(method, path, headers, gzip.decompress(raw) if zipped else raw, raw, number)


def _read_chunk(stream: BinaryIO) -> bytes:
    size = int(stream.readline().split(b";")[0] or b"0", 16)
    data = stream.read(size)
    stream.readline()
    return data


def _wire(answer: Answer) -> tuple[bytes, list[bytes]]:
    """Return the head and the parts of the body as they go out."""
    headers = {"content-type": "application/json"}
    if answer.chunks is None:
        headers["content-length"] = str(len(answer.body))
        parts = [answer.body]
    else:
        headers["transfer-encoding"] = "chunked"
        parts = [b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in answer.chunks if chunk]
        if not answer.unfinished:
            parts.append(b"0\r\n\r\n")
    if answer.close:
        headers["connection"] = "close"
    headers |= {name.lower(): value for name, value in answer.headers.items()}
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
    if answer.drip:
        return b"", [bytes([byte]) for byte in head + b"".join(parts)]
    return head, parts


def _cut_upload(connection: socket.socket, stream: BinaryIO, after_bytes: int | None) -> bool:
    if after_bytes is not None:
        stream.read(after_bytes)
        _reset_on_close(connection)
    return False


def _phrase(answer: Answer) -> str:
    if answer.phrase is not None:
        return answer.phrase
    try:
        return http.HTTPStatus(answer.status).phrase
    except ValueError:
        return "Unknown"


def _cut(connection: socket.socket, answer: Answer) -> bool:
    if answer.reset:
        _reset_on_close(connection)
    return False


def _reset_on_close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _shut_down(connection: socket.socket) -> None:
    # Not connection.shutdown(): on a TLS socket that pulls the session from under its reader.
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)
