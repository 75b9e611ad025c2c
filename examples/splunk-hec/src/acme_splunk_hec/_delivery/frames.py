# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `spool_*` settings.
"""The bytes of the disk spool, format 1. All numbers are little-endian; nothing here opens a file.

    segment  NNNNNNNN-SSSSSSSS.spool   header, then frames
      header   16  magic 8s, format u16, 2 unused bytes, crc u32 of the 12 bytes before
      frame    41  marker 4s, crc u32 of the 33 bytes after it, payload's length u32, payload's crc u32,
                   id u64, wall time f64, age time f64, flags u8 (bit 0: truncated); then the payload
    journal  NNNNNNNN-SSSSSSSS.done    entries of 16 bytes: first id u64, count u32, crc u32

SSSSSSSS is the segment's salt. It seeds every crc of frames and entries and stands in no file: a payload
that looks like a frame, by chance or by design, is not taken for one while the end of damage is searched.
"""

from __future__ import annotations

import re
import secrets
from bisect import bisect_right
from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple
from zlib import crc32

FORMAT = 1
"""Raised with every change that an older reader would misunderstand."""

MARKER = b"\xf5\xa7\x1dR"  # no UTF-8 text holds its first byte
_MAGIC = b"\x89SPOOL\r\n"
_TRUNCATED = 1

_CRC = Struct("<I")
_HEADER = Struct("<8sHxx")
_START = Struct("<4sI")
_REST = Struct("<IIQddB")
_ENTRY = Struct("<QI")

HEADER_BYTES = _HEADER.size + _CRC.size
FRAME_BYTES = _START.size + _REST.size
"""What a frame takes besides its payload."""
ENTRY_BYTES = _ENTRY.size + _CRC.size

_STEM = re.compile(r"(\d{8,})-([0-9a-f]{8})")


class Frame(NamedTuple):
    """One record as it was read back."""

    number: int
    """The id: grows by one from frame to frame."""
    wall: float
    """When it was accepted, in seconds since 1970."""
    age: float
    """When it was accepted on the age clock of the process that wrote it."""
    truncated: bool
    payload: bytes

    def __repr__(self) -> str:
        return f"Frame({self.number})"  # an event is nobody's business


class Stem(NamedTuple):
    """The name of a segment and of its journal, without the suffix."""

    number: int
    salt: int

    def __str__(self) -> str:
        return f"{self.number:08d}-{self.salt:08x}"

    @classmethod
    def new(cls, number: int) -> Stem:
        """Name a segment, with a salt that nobody can guess."""
        return cls(number, secrets.randbits(32))

    @classmethod
    def parse(cls, text: str) -> Stem | None:
        """Read a name back; None if it is none of ours."""
        match = _STEM.fullmatch(text)
        return None if match is None else cls(int(match[1]), int(match[2], 16))


def encode_header() -> bytes:
    """Return the first bytes of a segment."""
    checked = _HEADER.pack(_MAGIC, FORMAT)
    return checked + _CRC.pack(crc32(checked))


def format_of(header: bytes) -> int | None:
    """Return the format that a segment's first bytes name; None if they are damaged."""
    if len(header) < HEADER_BYTES:
        return None
    magic, version = _HEADER.unpack_from(header)
    (check,) = _CRC.unpack_from(header, _HEADER.size)
    known = magic == _MAGIC and check == crc32(header[: _HEADER.size])
    return int(version) if known else None


def encode_frame(frame: Frame, salt: int) -> bytes:
    """Return the bytes of a frame, payload included."""
    number, wall, age, truncated, payload = frame
    flags = _TRUNCATED if truncated else 0
    rest = _REST.pack(len(payload), crc32(payload, salt), number, wall, age, flags)
    return _START.pack(MARKER, crc32(rest, salt)) + rest + payload


def frame_bytes_at(buffer: bytes, at: int, salt: int) -> int | None:
    """Return how long the frame is that begins there; None: its 41 bytes are not there or damaged.

    They have a crc of their own, so that the length can be trusted before the payload is read.
    """
    if len(buffer) - at < FRAME_BYTES:
        return None
    marker, check = _START.unpack_from(buffer, at)
    rest = buffer[at + _START.size : at + FRAME_BYTES]
    if marker != MARKER or check != crc32(rest, salt):
        return None
    return FRAME_BYTES + int(_REST.unpack(rest)[0])


def decode_frame(buffer: bytes, at: int, salt: int) -> Frame | None:
    """Return the frame that begins there, once its 41 bytes are known; None: damaged payload."""
    length, check, number, wall, age, flags = _REST.unpack_from(buffer, at + _START.size)
    payload = buffer[at + FRAME_BYTES : at + FRAME_BYTES + length]
    if len(payload) != length or crc32(payload, salt) != check:
        return None
    return Frame(number, wall, age, bool(flags & _TRUNCATED), payload)


def encode_settled(numbers: Iterable[int], salt: int) -> bytes:
    """Return journal entries for these ids: one for each run without a gap."""
    entries = []
    for first, last in _runs((number, number) for number in numbers):
        checked = _ENTRY.pack(first, last - first + 1)
        entries.append(checked + _CRC.pack(crc32(checked, salt)))
    return b"".join(entries)


class Settled:
    """The ids that a journal says are settled; what is damaged in it is ignored."""

    def __init__(self, journal: bytes, salt: int) -> None:
        found = []
        for at in range(0, len(journal) - ENTRY_BYTES + 1, ENTRY_BYTES):
            checked = journal[at : at + _ENTRY.size]
            (check,) = _CRC.unpack_from(journal, at + _ENTRY.size)
            if check == crc32(checked, salt):
                first, count = _ENTRY.unpack(checked)
                found.append((first, first + count - 1))
        self._runs = _runs(found)

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._runs, number, key=lambda run: run[0])
        return at > 0 and number <= self._runs[at - 1][1]


def _runs(ranges: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Join ranges that touch or overlap, in order."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], last))
        else:
            joined.append((first, last))
    return joined
