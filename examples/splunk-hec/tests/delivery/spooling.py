# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Spools for tests, and a program that is killed while it writes to one."""

from __future__ import annotations

import itertools
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from acme_splunk_hec._delivery.buffer import Offer
from acme_splunk_hec._delivery.records import Record
from acme_splunk_hec._delivery.spool import Spool

NAME = "plain"
"""Of the sink, and so of its folder."""
WALL = 1_000_000.0
"""The time of day, unless a test needs another."""


@dataclass(frozen=True)
class Settings:
    """What a spool reads of the settings."""

    spool_max_bytes: int = 10_000_000
    spool_fsync: Literal["always", "interval", "never"] = "never"
    spool_fsync_seconds: float = 0.001
    batch_max_bytes: int = 1_000_000
    batch_max_events: int = 1_000
    linger_seconds: float = 1.0


def make_spool(directory: Path, *payloads: bytes, wall: float = WALL, **settings: Any) -> Spool:
    """Make a spool that took these payloads at the ages 0, 1, 2, ..."""
    spool = Spool(directory / NAME, Settings(**settings), wall=lambda: wall)
    put(spool, *payloads)
    return spool


def put(spool: Spool, *payloads: bytes) -> None:
    """Offer payloads, which must all be taken."""
    for age, payload in enumerate(payloads):
        assert spool.offer(Record(payload), float(age)) is Offer.TAKEN


def adopt_all(spool: Spool) -> int:
    """Adopt whatever can be; returns how many records were found."""
    return sum(iter(lambda: spool.adopt(0.0, limit=100), 0))


def take_all(spool: Spool) -> list[Record]:
    """Take all that waits."""
    return list(itertools.chain.from_iterable(iter(spool.take, [])))


def payloads_of(records: list[Record]) -> list[bytes]:
    """Return what the records hold."""
    return [record.payload for record in records]


def files(directory: Path, suffix: str = "*") -> list[Path]:
    """Return the files below a directory, in the order of their names."""
    return sorted(path for path in directory.rglob(f"*.{suffix}") if path.is_file())


def disk_bytes(directory: Path) -> int:
    """Return what all files below a directory take."""
    return sum(path.stat().st_size for path in directory.rglob("*") if path.is_file())


def payload_of(number: int) -> bytes:
    """Return a payload that is known by its number, of a length of its own."""
    return (b"%d:" % number).ljust(20 + number * 37 % 300, b"x")


def say(*words: object) -> None:
    """Tell the parent, at once."""
    os.write(1, " ".join(map(str, words)).encode() + b"\n")


def write_until_killed(directory: Path, fsync: Any) -> None:
    """Write for ever, settle a part of it, and say what is done."""
    spool = make_spool(directory, spool_fsync=fsync, spool_max_bytes=200_000)
    for number in itertools.count():
        taken = spool.offer(Record(payload_of(number)), 0.0) is Offer.TAKEN
        say("taken" if taken else "full", number)
        if number % 7 == 0 or not taken:
            batch = spool.take(at_most=7)[:6]
            numbers = [record.payload.partition(b":")[0].decode() for record in batch]
            say("settling", *numbers)
            spool.release(batch)
            say("settled", *numbers)


def adopt_when_told(directory: Path) -> None:
    """Wait for a line, then take over what can be had, and say what that was."""
    spool = make_spool(directory)
    say("ready")
    sys.stdin.readline()
    while spool.adopt(0.0):
        records = take_all(spool)
        for record in records:
            say("served", record.payload.partition(b":")[0].decode())
        spool.release(records)
    say("damaged", spool.damaged)
    spool.close()


if __name__ == "__main__":
    if len(sys.argv) == 2:
        adopt_when_told(Path(sys.argv[1]))
    else:
        write_until_killed(Path(sys.argv[1]), sys.argv[2])
