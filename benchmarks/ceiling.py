"""How much the receiver takes: a client replays a prepared body, and does nothing else."""

from __future__ import annotations

import gzip
import json
import socket
import time

from . import run
from .events import entry_of, envelope, events

_BATCH = 2_000
_REQUESTS = 200


def ceilings() -> dict[str, float]:
    """Return events per second by path."""
    return {path: round(_ceiling(path)) for path in ("bulk", "hec", "syslog")}


def _ceiling(path: str) -> float:
    made = [entry_of(envelope(event)) for event in events(_BATCH)]
    if path == "syslog":
        body = b"".join(b"%d %s" % (len(entry), entry) for entry in made)
    elif path == "bulk":
        body = _posted("/_bulk?filter_path=x", b"".join(b'{"create":{}}\n%s\n' % e for e in made))
    else:
        body = _posted("/services/collector/event", b"\n".join(made))
    environment = run.sender_environment()
    receiver = run.start("receiver", {"stream": path == "syslog"}, environment)
    try:
        port = json.loads(run.first_line(receiver))["port"]
        with socket.create_connection(("127.0.0.1", port)) as connection:
            began = time.monotonic()
            for _ in range(_REQUESTS):
                connection.sendall(body)
                if path != "syslog":
                    _read_answer(connection)
        arrived = run.report(receiver, _BATCH)
    finally:
        run.end(receiver)
    return _BATCH * _REQUESTS / (float(arrived["last_at"]) - began)


def _posted(path: str, body: bytes) -> bytes:
    packed = gzip.compress(body, 1)
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(packed)}\r\n\r\n"
    return head.encode() + packed


def _read_answer(connection: socket.socket) -> None:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(1 << 16)
    head, _, rest = data.partition(b"\r\n\r\n")
    left = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]) - len(rest)
    while left > 0:
        left -= len(connection.recv(left))
