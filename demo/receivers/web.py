# SPDX-License-Identifier: MIT-0
"""The HTTP half of the receivers: read one request to its end, let a judge answer it."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol

from .journal import Journal

_FOR_EVER = 3_600  # seconds


@dataclass(frozen=True)
class Request:
    """One request, its body already decompressed."""

    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True)
class Reply:
    """One answer; `body` goes out as JSON."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


class Judge(Protocol):
    """A server's rules."""

    journal: Journal

    def answer(self, request: Request) -> Reply:
        """Take what is in order, answer as the product would."""
        ...


class NotJson(ValueError):
    """The text is not JSON as a strict server reads it."""


def _no_constant(name: str) -> None:
    raise NotJson(f"{name} is not JSON")


def _no_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("an object has the same key twice")
    return found


STRICT_JSON = json.JSONDecoder(
    object_pairs_hook=_no_duplicate_keys, parse_constant=_no_constant, parse_float=Decimal
)
"""Refuses NaN, Infinity, duplicate keys, raw control characters; keeps how a number was written."""


def strings_in(value: Any) -> list[str]:
    """Return every string value inside a JSON value, keys not included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for item in value.values() for text in strings_in(item)]
    if isinstance(value, list):
        return [text for item in value for text in strings_in(item)]
    return []


def serve(judge: Judge, port: int) -> None:
    """Answer requests on 127.0.0.1 until the process is killed."""
    handler = type("Handler", (_Handler,), {"judge": judge})
    with ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        server.daemon_threads = True
        server.serve_forever(poll_interval=0.1)


class _Handler(BaseHTTPRequestHandler):
    judge: Judge
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body of an answer in one segment
    timeout = 60

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent: the journal says what is needed."""

    def _handle(self) -> None:
        try:
            reply = self._answer()
        except ConnectionError:
            self.close_connection = True
            return
        if self.judge.journal.mode() == "hang":  # what it took is on disk, nobody will be told
            self.judge.journal.answered("hang")
            time.sleep(_FOR_EVER)
        self.judge.journal.answered(str(reply.status))
        body = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> Reply:
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = headers.get("content-length", "0" if self.command == "GET" else "")
        if not length.isdigit():
            self.close_connection = True
            return self._refuse(411, "no Content-Length")
        raw = self.rfile.read(int(length))
        if len(raw) < int(length):
            raise ConnectionError("the sender went away within a body")
        try:
            body = _decompressed(raw, headers.get("content-encoding", "identity"))
        except LookupError as unknown:
            return self._refuse(415, f"Content-Encoding {unknown}")
        except (OSError, EOFError, zlib.error) as broken:
            return self._refuse(400, f"gzip: {broken}")
        return self.judge.answer(Request(self.command, self.path, headers, body))

    def _refuse(self, status: int, problem: str) -> Reply:
        self.judge.journal.complain(problem)
        return Reply(status, {"error": problem})


def _decompressed(raw: bytes, encoding: str) -> bytes:
    if encoding == "identity":
        return raw
    if encoding != "gzip":
        raise LookupError(encoding)
    return gzip.decompress(raw)
