"""Receivers on loopback that take everything, for tests that run a program as its user would."""

import gzip
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Received:
    """Bytes that a receiver got, and a way to wait for some of them."""

    def __init__(self) -> None:
        self._bytes = b""
        self._changed = threading.Condition()

    def add(self, data: bytes) -> None:
        """Take bytes from the network."""
        with self._changed:
            self._bytes += data
            self._changed.notify_all()

    def wait_for(self, text: bytes, timeout: float = 10.0) -> bool:
        """Wait until a text has arrived."""
        with self._changed:
            return self._changed.wait_for(lambda: text in self._bytes, timeout)

    def numbers(self) -> list[int]:
        """Return the field `number` of all events that came, in any order."""
        with self._changed:
            return sorted(int(each) for each in re.findall(rb'"number":(\d+)', self._bytes))


@contextmanager
def http_receiver(answer: Callable[[bytes], dict[str, object]]) -> Iterator[tuple[str, Received]]:
    """Run an HTTP server that takes every POST and answers with what `answer` makes of its body."""
    received = Received()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            content = json.dumps(answer(body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            received.add(body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", received
        server.shutdown()


@contextmanager
def splunk() -> Iterator[tuple[dict[str, object], Received]]:
    """Answer as an HTTP Event Collector does."""
    with http_receiver(lambda body: {"text": "Success", "code": 0}) as (url, received):
        yield {"url": url, "token": "00000000-0000-0000-0000-000000000000"}, received


@contextmanager
def elasticsearch() -> Iterator[tuple[dict[str, object], Received]]:
    """Answer as the bulk API does: one item per document."""

    def answer(body: bytes) -> dict[str, object]:
        items = [{"create": {"status": 201}} for _ in body.splitlines()[::2]]
        return {"took": 1, "errors": False, "items": items}

    with http_receiver(answer) as (url, received):
        yield {"url": url}, received


@contextmanager
def syslog() -> Iterator[tuple[dict[str, object], Received]]:
    """Read as a syslog receiver on TCP does."""
    received = Received()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def read() -> None:
            with suppress(OSError):  # the listener is closed
                while True:
                    connection, _ = listener.accept()
                    with connection:
                        while data := connection.recv(65_536):
                            received.add(data)

        threading.Thread(target=read, daemon=True).start()
        yield {"url": f"tcp://127.0.0.1:{listener.getsockname()[1]}"}, received


RECEIVERS = {"splunk_hec": splunk, "elasticsearch": elasticsearch, "syslog_cef": syslog}
