"""The other end, in a process of its own: HEC, bulk and syslog over TCP, on plain sockets.

Started as `python -m benchmarks.receiver '<script as JSON>'`. It prints `{"port": ...}`; a line
`report <events>` on its standard input makes it print what it saw, and end. While events arrive
it only keeps the bodies: marks are looked for after the timed part, so that the audit is not the
limit. Bulk bodies are decompressed at once, since the answer holds an item for each document.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import dataclass, field
from typing import Any

from .audit import MARK, audit, unpacked

_READ_BYTES = 1 << 20
_ACCEPT_SECONDS = 0.05
_READ_TO_END_SECONDS = 30.0


@dataclass
class Script:
    """How the receiver misbehaves; as it stands it does not."""

    stream: bool = False
    """Syslog over TCP and not HTTP."""
    delay_seconds: float = 0.0
    """Wait before each answer."""
    poison_every: int = 0
    """Refuse for good the documents whose number is a multiple of this; they are not kept."""
    storm_seconds: float = 0.0
    """After the first request: answer 429 with `Retry-After: 1` for so long, and keep nothing."""
    outage_seconds: tuple[float, float] | None = None
    """After the first request: refuse connections from the first to the second time."""
    forget: int = 0
    """Lose so many of the bodies after they were answered: what the audit has to notice."""
    repeat: int = 0
    """Keep so many of the bodies twice."""


@dataclass
class Journal:
    """What arrived."""

    bodies: list[bytes] = field(default_factory=list)
    requests: int = 0
    refused_requests: int = 0
    poisoned: set[bytes] = field(default_factory=set)
    first_at: float = 0.0
    """Monotonic seconds, which on one machine are the same in all processes."""
    last_at: float = 0.0

    def arrive(self, now: float) -> None:
        """Note the time of an arrival."""
        self.first_at = self.first_at or now
        self.last_at = now


class HttpConnection(asyncio.Protocol):
    """One kept-alive connection; requests carry a Content-Length."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._data = bytearray()
        self._needed = 0
        self._head = b""

    def connection_made(self, transport: Any) -> None:
        """Remember where to answer."""
        self.transport = transport
        self._receiver.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget it."""
        self._receiver.open.discard(self)

    def data_received(self, data: bytes) -> None:
        """Collect until a request is complete."""
        self._data += data
        while len(self._data) >= self._needed:
            if not self._head and not self._read_head():
                return
            if len(self._data) < self._needed:
                return
            body = bytes(self._data[: self._needed])
            del self._data[: self._needed]
            head, self._head, self._needed = self._head, b"", 0
            self._answer(head, body)

    def _read_head(self) -> bool:
        end = self._data.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._head = bytes(self._data[:end])
        del self._data[: end + 4]
        lowered = self._head.lower()
        if b"\r\nexpect: 100" in lowered:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        _, _, rest = lowered.partition(b"\r\ncontent-length:")
        self._needed = int(rest.split(b"\r\n", 1)[0]) if rest else 0
        return True

    def _answer(self, head: bytes, body: bytes) -> None:
        answer = self._receiver.answer(head, body)
        delay = self._receiver.script.delay_seconds
        if delay:
            asyncio.get_running_loop().call_later(delay, self._write, answer)
        else:
            self._write(answer)

    def _write(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)


class StreamConnection(asyncio.BufferedProtocol):
    """One stream of syslog frames, kept as it comes."""

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self._buffer = bytearray(_READ_BYTES)

    def connection_made(self, transport: Any) -> None:
        """Remember it, for an outage."""
        self.transport = transport
        self._receiver.open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Forget it."""
        self._receiver.open.discard(self)

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002
        """Return where to read to."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Keep what came."""
        journal = self._receiver.journal
        journal.arrive(time.monotonic())
        journal.bodies.append(bytes(self._buffer[:nbytes]))


class Receiver:
    """Listens, answers by its script, keeps what it acknowledged."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.journal = Journal()
        self.open: set[Any] = set()
        self._items: dict[tuple[int, bool], bytes] = {}
        self._server: asyncio.Server | None = None
        self._port = 0
        self._out: list[asyncio.Task[None]] = []

    async def listen(self) -> int:
        """Begin to accept; returns the port."""
        kind = StreamConnection if self.script.stream else HttpConnection
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: kind(self), "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        return self._port

    def answer(self, head: bytes, body: bytes) -> bytes:
        """Keep the body of a request, unless the script says otherwise, and return the answer."""
        now = time.monotonic()
        journal = self.journal
        if not head.startswith((b"POST", b"PUT")) or not body:
            return _http(200, b'{"version":{"number":"9.1.0"},"tagline":"benchmark"}')
        if not journal.requests and self.script.outage_seconds:
            self._out.append(asyncio.create_task(self._outage(*self.script.outage_seconds)))
        journal.requests += 1
        journal.first_at = journal.first_at or now
        if now < journal.first_at + self.script.storm_seconds:
            journal.refused_requests += 1
            return _http(429, b'{"text":"Server is busy","code":9}', b"Retry-After: 1\r\n")
        journal.last_at = now
        line = head[: head.find(b"\r\n")]
        if b"_bulk" in line:
            return self._bulk_answer(body, filtered=b"filter_path" in line)
        journal.bodies.append(body)
        return _HEC_ANSWER

    def _bulk_answer(self, body: bytes, *, filtered: bool) -> bytes:
        plain = unpacked(body)
        if self.script.poison_every:
            return self._poisoned_answer(plain)
        self.journal.bodies.append(body)
        key = (plain.count(b"\n") // 2, filtered)
        answer = self._items.get(key)
        if answer is None:
            item = _FILTERED_ITEM if filtered else _FULL_ITEM
            items = b",".join([item] * key[0])
            answer = _http(200, b'{"errors":false,"took":1,"items":[' + items + b"]}")
            self._items[key] = answer
        return answer

    def _poisoned_answer(self, plain: bytes) -> bytes:
        items, kept = [], []
        for line in plain.split(b"\n")[1::2]:
            found = MARK.search(line)
            if found is not None and int(found[1]) % self.script.poison_every == 0:
                self.journal.poisoned.add(found[1])
                items.append(_POISONED_ITEM)
            else:
                kept.append(line)
                items.append(_FILTERED_ITEM)
        self.journal.bodies.append(b"\n".join(kept))
        return _http(200, b'{"errors":true,"took":1,"items":[' + b",".join(items) + b"]}")

    async def _outage(self, begin: float, end: float) -> None:
        await asyncio.sleep(begin)
        assert self._server is not None
        self._server.close()
        for connection in list(self.open):
            connection.transport.close()  # in order: a request that was kept has been answered
        await asyncio.sleep(end - begin)
        await self.listen()

    async def read_to_end(self) -> None:
        """Wait until what the sender left in its streams has been read."""
        deadline = time.monotonic() + _READ_TO_END_SECONDS
        await asyncio.sleep(_ACCEPT_SECONDS)
        while self.script.stream and self.open and time.monotonic() < deadline:
            await asyncio.sleep(_ACCEPT_SECONDS)

    def report(self, expected: int) -> dict[str, Any]:
        """Return the audit against `expected` events, and when they came."""
        journal = self.journal
        bodies = journal.bodies
        if self.script.stream:
            bodies = [b"".join(bodies)]
        if self.script.forget:
            bodies = bodies[: -self.script.forget]
        result = audit(bodies + bodies[: self.script.repeat], expected).as_dict()
        result["poisoned"] = len(journal.poisoned)
        result["requests"] = journal.requests
        result["refused_requests"] = journal.refused_requests
        return result | {"first_at": journal.first_at, "last_at": journal.last_at}


def _http(status: int, body: bytes, more: bytes = b"") -> bytes:
    reason = {200: b"OK", 429: b"Too Many Requests"}[status]
    return (
        b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nX-Elastic-Product: Elasticsearch\r\n"
        b"%sContent-Length: %d\r\n\r\n%s" % (status, reason, more, len(body), body)
    )


_HEC_ANSWER = _http(200, b'{"text":"Success","code":0}')
_FILTERED_ITEM = b'{"create":{"status":201}}'
_FULL_ITEM = (
    b'{"create":{"_index":".ds-logs-benchmark-default-2026.11.25-000001","_id":"YxN0vJMBq1k5Jd3uZs2a",'
    b'"_version":1,"result":"created","_shards":{"total":2,"successful":1,"failed":0},'
    b'"_seq_no":123456,"_primary_term":1,"status":201}}'
)
_POISONED_ITEM = b'{"create":{"status":400,"error":{"type":"document_parsing_exception"}}}'


async def _main(script: Script) -> None:
    receiver = Receiver(script)
    print(json.dumps({"port": await receiver.listen()}), flush=True)
    command = await asyncio.to_thread(sys.stdin.readline)
    word, _, expected = command.partition(" ")
    if word == "report":
        await receiver.read_to_end()
        print(json.dumps(receiver.report(int(expected))), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(Script(**json.loads(sys.argv[1]))))
