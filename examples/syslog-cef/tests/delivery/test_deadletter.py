# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The dead-letter file: whole lines, in order, for the owner's eyes, never more than its cap."""

import base64
import os
import stat
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import orjson
import pytest

from acme_syslog_cef._delivery.deadletter import (
    FORMAT,
    DeadLetterFile,
)
from acme_syslog_cef._delivery.records import Record

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither modes nor limits")


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Parse the file; each line must be JSON and the last one must be whole."""
    content = path.read_bytes()
    assert not content or content.endswith(b"\n")
    return [orjson.loads(line) for line in content.splitlines()]


def append(path: Path, *payloads: bytes, max_bytes: int = 100_000) -> int:
    """Bury payloads; returns how many the file took."""
    entries = [(Record(payload), "expired") for payload in payloads]
    return DeadLetterFile(path, max_bytes=max_bytes).append(entries)


def test_line(tmp_path: Path) -> None:
    """A line says what was given up, when, why and after how many attempts."""
    path = tmp_path / "dead.jsonl"
    record = Record('{"event":"\N{SNOWMAN}\n"}'.encode(), attempts=3)
    assert DeadLetterFile(path, max_bytes=10_000).append([(record, "HTTP 400: \ud800")]) == 1
    (line,) = lines_of(path)
    age = datetime.now(timezone.utc) - datetime.fromisoformat(line.pop("at"))
    assert timedelta(seconds=-1) < age < timedelta(seconds=60)
    assert line == {
        "format": FORMAT,
        "reason": "HTTP 400: ?",
        "attempts": 3,
        "event": '{"event":"\N{SNOWMAN}\n"}',
    }


@pytest.mark.parametrize("payload", [b"\xff\x00", b"\x1f\x8b\x08", b"\xe2\x98"], ids=repr)
def test_payload_that_is_no_text(tmp_path: Path, payload: bytes) -> None:
    """Bytes that are not UTF-8 can be restored."""
    path = tmp_path / "dead.jsonl"
    assert append(path, payload) == 1
    (line,) = lines_of(path)
    assert "event" not in line
    assert base64.b64decode(line["event_base64"]) == payload


def test_order_and_appending(tmp_path: Path) -> None:
    """Lines stand in the order of giving up, behind what an earlier process has left."""
    path = tmp_path / "dead.jsonl"
    assert append(path, b"a", b"b") == 2
    assert append(path, b"c") == 1
    assert [line["event"] for line in lines_of(path)] == ["a", "b", "c"]


@POSIX
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    """Events are confidential: the mode does not depend on the umask."""
    path = tmp_path / "dead.jsonl"
    before = os.umask(0)
    try:
        append(path, b"a")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_cap(tmp_path: Path) -> None:
    """What does not fit is not written, nor is what comes after it, though it might fit."""
    path = tmp_path / "dead.jsonl"
    append(path, b"a")
    line_bytes = path.stat().st_size
    assert append(path, b"b", 5_000 * b"x", b"c", max_bytes=4 * line_bytes) == 1
    assert [line["event"] for line in lines_of(path)] == ["a", "b"]


def test_cap_is_reached_exactly(tmp_path: Path) -> None:
    """The cap counts what is in the file already, and its last byte can be used."""
    path = tmp_path / "dead.jsonl"
    append(path, b"a")
    line_bytes = path.stat().st_size
    assert append(path, b"b", b"c", max_bytes=2 * line_bytes) == 1
    assert append(path, b"c", max_bytes=3 * line_bytes - 1) == 0
    assert append(path, b"c", max_bytes=3 * line_bytes) == 1
    assert path.stat().st_size == 3 * line_bytes


@pytest.mark.parametrize("name", [".", "missing/dead.jsonl"], ids=["directory", "no directory"])
def test_path_that_cannot_be_opened(tmp_path: Path, name: str) -> None:
    """The caller learns that nothing was written, and why."""
    with pytest.raises(OSError, match=r"directory|denied"):
        append(tmp_path / name, b"a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_full_disk() -> None:
    """A disk without room is told by the count, not by an exception."""
    assert append(Path("/dev/full"), b"a", b"b") == 0


@POSIX
def test_disk_that_fills_up_within_a_line(tmp_path: Path) -> None:
    """What of a line was written is taken back: the next reader finds whole lines only."""
    import resource

    path = tmp_path / "dead.jsonl"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        assert append(path, b"a", 60_000 * b"x", b"b") == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [line["event"] for line in lines_of(path)] == ["a"]


def test_line_that_a_killed_process_left_torn(tmp_path: Path) -> None:
    """The torn line stays alone: it does not swallow the next record."""
    path = tmp_path / "dead.jsonl"
    path.write_bytes(b'{"format":1,"rea')
    assert append(path, b"a", b"b") == 2
    torn, *whole = path.read_bytes().splitlines()
    assert torn == b'{"format":1,"rea'
    assert [orjson.loads(line)["event"] for line in whole] == ["a", "b"]
