"""What arrived: every event once, and in order? Marks are looked for in the bytes of the wire."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

MARK = re.compile(rb"Q(\d{9})Z")


@dataclass
class Audit:
    """The outcome, in events."""

    arrived: int = 0
    lost: int = 0
    duplicated: int = 0
    out_of_order: int = 0
    """Events that arrived behind one with a higher number."""
    unknown: int = 0
    """Marks that nobody has sent."""
    plain_bytes: int = 0
    """Bytes after decompression."""
    wire_bytes: int = 0
    """Bytes of bodies, or of the stream."""

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


def audit(bodies: Iterable[bytes], expected: int) -> Audit:
    """Compare what arrived, in this order, with the numbers from 0 to `expected - 1`."""
    result = Audit()
    seen = bytearray(expected)
    highest = -1
    for body in bodies:
        result.wire_bytes += len(body)
        plain = unpacked(body)
        result.plain_bytes += len(plain)
        for found in MARK.findall(plain):
            number = int(found)
            if number >= expected:
                result.unknown += 1
                continue
            result.arrived += 1
            result.duplicated += seen[number]
            seen[number] = 1
            if number < highest:
                result.out_of_order += 1
            else:
                highest = number
    result.lost = expected - sum(seen)
    return result


def unpacked(body: bytes) -> bytes:
    """Return a body without its compression, which its first bytes tell."""
    if body[:2] == b"\x1f\x8b":
        return zlib.decompress(body, wbits=31)
    return body
