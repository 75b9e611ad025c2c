"""Run a program of a migration guide against a receiver with one fault; prints JSON.

`python -m scripts.migration_receiver RECEIVER FAULT PYTHON PROGRAM PORT TOKEN`, with a rendered
project first on the path, since its fake servers are used. The text PORT in the program becomes the
port of the receiver, which takes TOKEN only.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.fake_http import Answer, FakeHttpServer, Received

AWAY_SECONDS = 2.0
OUTAGE_SECONDS = 2.0
TOO_MANY = 5
POISON = "order 7 accepted"
_NUMBER = re.compile(r"order (\d+) accepted")
_TIMEOUT_SECONDS = 120


class Bulk:
    """A bulk API that takes everything, for clients of every kind; a known id is a conflict."""

    def __init__(self, refuse: Callable[[str], int | None]) -> None:
        self.stored: list[str] = []
        self._ids: set[str] = set()
        self._refuse = refuse

    def answer(self, request: Received) -> Answer:
        """Answer one request."""
        lines = request.body.decode().splitlines()
        items = [self._item(json.loads(a), d) for a, d in zip(lines[::2], lines[1::2], strict=True)]
        failed = any(status > 201 for item in items for status in [item["create"]["status"]])
        body = {"took": 1, "errors": failed, "items": items}
        # elasticsearch-py talks to nothing that does not say this, and reads no plain JSON.
        kind = request.headers.get("accept", "application/json").split(",")[0]
        headers = {"X-Elastic-Product": "Elasticsearch", "Content-Type": kind}
        return Answer(200, json.dumps(body).encode(), headers)

    def _item(self, action: dict[str, Any], document: str) -> dict[str, Any]:
        (given,) = action.values()
        key = given.get("_id", f"made by the server {len(self.stored)}")
        status = self._refuse(document) or (409 if key in self._ids else 201)
        if status != 201:
            return {"create": {"_id": key, "status": status, "error": {"type": "refused"}}}
        self._ids.add(key)
        self.stored.append(document)
        return {"create": {"_id": key, "status": 201}}


def collector(fault: str, token: str) -> Any:
    """Return a collector of Splunk; only that platform's project has one."""
    from tests.splunk_hec.fake_hec import FakeHec, Token

    made = FakeHec(tokens={token: Token()})
    made.poison = POISON if fault == "poison" else made.poison
    return made


class HttpReceiver:
    """A collector or a cluster with one fault."""

    def __init__(self, kind: str, fault: str, token: str) -> None:
        self.served = 0
        self._began = 0.0
        self._store: Any = collector(fault, token) if kind == "hec" else Bulk(self._refused)
        self._fault = fault
        self._busy = set(map(str, range(0, 20, 2))) if fault == "busy" else set()
        self.server = FakeHttpServer(self._answer)

    def arrived(self) -> Counter[str]:
        """Return the numbers of the events that are stored."""
        texts = map(json.dumps, list(self._store.stored))
        return Counter(number for text in texts for number in _NUMBER.findall(text))

    def _in_outage(self) -> bool:
        self._began = self._began or time.monotonic()
        return time.monotonic() < self._began + OUTAGE_SECONDS

    def _refused(self, document: str) -> int | None:
        number = _NUMBER.findall(document)[0]
        if number in self._busy:
            self._busy.remove(number)
            return 429
        return 400 if self._fault == "poison" and POISON in document else None

    def _answer(self, request: Received) -> Answer:
        events = len(_NUMBER.findall(request.body.decode()))
        if events:
            self.served += 1
            if self._fault == "outage" and self._in_outage():
                return Answer(cut="before")
            if self._fault == "too large" and events > TOO_MANY:
                return Answer(413, b"too large", {"Content-Type": "text/html"})
            if self._fault == "unavailable" and self.served == 1:
                return Answer(503, b'{"text":"Server is busy","code":9}')
            if self._fault == "throttled" and self.served <= 2:
                return Answer(429, b'{"text":"Too many","code":26}', {"Retry-After": "1"})
        answer: Answer = self._store.answer(request)
        if events and self._fault == "cut" and self.served == 1:
            return Answer(200, cut="before")
        return answer


class TcpReceiver:
    """A socket that reads whatever comes; with the fault "restart" it goes away after a while."""

    def __init__(self, fault: str) -> None:
        self.port = 0
        self._data = b""
        self._fault = fault
        self._listener: socket.socket | None = None

    def start(self) -> None:
        """Listen."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=16)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()

    def arrived(self) -> Counter[str]:
        """Return the numbers of the messages that were read."""
        return Counter(_NUMBER.findall(self._data.decode()))

    def _accept(self, listener: socket.socket) -> None:
        try:
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=self._read, args=(connection,), daemon=True).start()
        except OSError:
            pass  # stopped

    def _read(self, connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(65_536):
                self._data += data
                if self._fault == "restart" and b"order 9 accepted" in self._data:
                    self._fault = "none"
                    self.stop()
                    threading.Timer(AWAY_SECONDS / 2, self.start).start()
                    return


def main(kind: str, fault: str, python: str, program: str, port: str, token: str) -> None:
    """Run the program, and print what arrived, how often, and how the program ended."""
    receiver: Any = TcpReceiver(fault) if kind == "tcp" else HttpReceiver(kind, fault, token)
    server = receiver if kind == "tcp" else receiver.server
    server.start()
    if fault == "down":
        server.stop()
        threading.Timer(AWAY_SECONDS, server.start).start()
    text = Path(program).read_text(encoding="utf-8").replace(port, str(server.port))
    done = subprocess.run(
        [python, "-c", text],
        stdout=sys.stderr,
        timeout=_TIMEOUT_SECONDS,
        check=False,
    )
    settled(receiver)
    arrived = receiver.arrived()
    answer = {
        "arrived": len(arrived),
        "twice": sum(1 for times in arrived.values() if times > 1),
        "failed": done.returncode != 0,
    }
    print(json.dumps(answer))
    server.stop()


def settled(receiver: Any) -> None:
    """Wait until nothing more comes: what a process wrote before it ended is still to be read."""
    before = None
    while before != (before := receiver.arrived().total()):
        time.sleep(0.2)


if __name__ == "__main__":
    main(*sys.argv[1:])
