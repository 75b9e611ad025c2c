# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A receiver in a process of its own: `python -m benchmarks.receiver http|stream`.

It prints its port. A line `report <events>` on its standard input makes it print its audit as JSON and end.
It keeps the bodies and looks into them afterwards, so that it is not the limit.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
import zlib
from collections.abc import Sequence
from typing import Any

MARK = re.compile(rb"Q(\d{9})Z")
"""What the benchmark writes into each event: its number."""

_READ_BYTES = 1 << 18
_HEC = b'{"text":"Success","code":0}'
_GRACE_SECONDS = 10.0


def mark(number: int) -> str:
    """Return what event `number` carries."""
    return f"Q{number:09d}Z"


def audit(bodies: Sequence[bytes], expected: int) -> dict[str, int]:
    """Return how many of the events 0 to `expected - 1` arrived, are missing, came twice or late."""
    counts = bytearray(expected)
    late, highest = 0, -1
    for body in bodies:
        for found in MARK.findall(unpacked(body)):
            number = int(found)
            counts[number] = min(255, counts[number] + 1)
            late += number < highest
            highest = max(highest, number)
    arrived = expected - counts.count(0)
    twice = sum(count > 1 for count in counts)
    return {"arrived": arrived, "lost": expected - arrived, "twice": twice, "out_of_order": late}


def unpacked(body: bytes) -> bytes:
    """Return a body without its compression."""
    return zlib.decompress(body, wbits=31) if body[:2] == b"\x1f\x8b" else body


class Receiver:
    """Takes everything."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.last_at = 0.0
        self._open = 0

    async def serve_http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of one connection: bulk, or HEC."""
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                size = re.search(rb"content-length: *(\d+)", head)
                body = await reader.readexactly(int(size[1]) if size else 0)
                if body:
                    self._keep(body)
                answer = _bulk(body) if b"_bulk" in head.partition(b"\r\n")[0] else _HEC
                writer.write(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                    % len(answer)
                    + answer
                )
        except (asyncio.IncompleteReadError, OSError):
            writer.close()

    async def serve_stream(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Read one stream of syslog messages to its end."""
        self._open += 1
        pieces = []
        while data := await reader.read(_READ_BYTES):
            pieces.append(data)
            self.last_at = time.monotonic()
        self.bodies.append(b"".join(pieces))
        self._open -= 1
        writer.close()

    async def settled(self) -> None:
        """Wait until all streams have been read to their ends."""
        deadline = time.monotonic() + _GRACE_SECONDS
        await asyncio.sleep(0.05)
        while self._open and time.monotonic() < deadline:
            await asyncio.sleep(0.01)

    def _keep(self, body: bytes) -> None:
        self.bodies.append(body)
        self.last_at = time.monotonic()


def _bulk(body: bytes) -> bytes:
    items = b",".join([b'{"create":{"status":201}}'] * (unpacked(body).count(b"\n") // 2))
    return b'{"errors":false,"took":1,"items":[' + items + b"]}"


async def _main(kind: str) -> None:
    receiver = Receiver()
    serve: Any = receiver.serve_stream if kind == "stream" else receiver.serve_http
    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 20)
    print(server.sockets[0].getsockname()[1], flush=True)
    command = (await asyncio.to_thread(sys.stdin.readline)).split()
    if command:
        await receiver.settled()
        result = audit(receiver.bodies, int(command[1]))
        print(json.dumps(result | {"last_at": receiver.last_at}), flush=True)


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
