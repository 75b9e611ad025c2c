# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""A claimed dead-letter file: who holds it, where it stands, and what stands in it."""

from __future__ import annotations

import os
import stat
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from acme_syslog_cef._command.claim import (
    Claim,
    count_lines,
    last_offset,
    read_letters,
)
from acme_syslog_cef._delivery import deadletter
from acme_syslog_cef._delivery.deadletter import DeadLetterFile
from acme_syslog_cef._delivery.records import Record

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows locks files by opening them")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the dead letters are."""
    return tmp_path / "dead.jsonl"


def bury(file: Path, *payloads: bytes) -> None:
    """Write dead letters as an application does."""
    entries = [(Record(payload), "expired") for payload in payloads]
    assert DeadLetterFile(file, max_bytes=1_000_000).append(entries) == len(entries)


def payloads(claim: Claim) -> list[bytes | None]:
    """Return the events that are not settled."""
    return [letter.record and letter.record.payload for letter in claim.letters()]


def names(file: Path) -> list[str]:
    """Return the files in the folder."""
    return sorted(path.name for path in file.parent.iterdir())


@POSIX
def test_claimed_and_finished(file: Path) -> None:
    """The file is out of the way while it is read, and nothing is left of it."""
    bury(file, b"a", b"b")
    with Claim(file) as claim:
        assert claim.take()
        assert not file.exists()
        assert stat.S_IMODE(claim.path.stat().st_mode) == 0o600
        assert payloads(claim) == [b"a", b"b"]
        claim.settle(claim.path.stat().st_size)
        assert claim.finish()
    assert names(file) == []


def test_no_file(file: Path) -> None:
    """There is nothing to claim, and nothing is left behind."""
    with Claim(file) as claim:
        assert not claim.take()
    assert names(file) == []


def test_interrupted_run_goes_on(file: Path) -> None:
    """What is settled stays settled; a new file has to wait."""
    bury(file, b"a", b"b", b"c")
    with Claim(file) as claim:
        claim.take()
        claim.settle(next(claim.letters()).end)
    bury(file, b"new")
    with Claim(file) as claim:
        assert claim.is_interrupted()
        assert claim.take()
        assert payloads(claim) == [b"b", b"c"]
        assert claim.remaining() == 2
        assert not claim.finish()
    assert names(file) == ["dead.jsonl", "dead.jsonl.replay", "dead.jsonl.replay.at"]


def test_old_offset_is_not_taken_for_the_new_file(file: Path) -> None:
    """A run can be killed when all is done but the offset, which is then of no file any more."""
    bury(file, b"a", b"b")
    progress = file.with_name(f"{file.name}.replay.at")
    progress.write_bytes(b"17\n")
    with Claim(file) as claim:
        claim.take()
        assert payloads(claim) == [b"a", b"b"]
    assert last_offset(progress) == 0


@pytest.mark.parametrize(
    ("content", "offset"),
    [(b"", 0), (b"10\n200\n", 200), (b"10\n20", 10), (b"1", 0), (b"10\nx\n", 0), (None, 0)],
)
def test_offset_that_was_written_whole(file: Path, content: bytes | None, offset: int) -> None:
    """A torn offset would skip letters; without a usable one the run starts at the beginning."""
    if content is not None:
        file.write_bytes(content)
    assert last_offset(file) == offset


def test_offset_behind_the_end_is_of_another_file(file: Path) -> None:
    """Somebody has put a shorter file into its place: it is read from the beginning."""
    bury(file, b"a")
    size = file.stat().st_size
    with Claim(file) as claim:
        claim.take()
        claim.settle(size + 1)
    with Claim(file) as claim:
        claim.take()
        assert payloads(claim) == [b"a"]


@POSIX
def test_one_run_at_a_time(file: Path) -> None:
    """The second is told at once; when the first is through it may."""
    bury(file, b"a")
    with Claim(file) as claim:
        claim.take()
        with pytest.raises(BlockingIOError), Claim(file):
            pass
        assert payloads(claim) == [b"a"]
    with Claim(file) as claim:
        assert claim.take()


@pytest.mark.parametrize(
    "payload", [b'{"a":"\xe2\x98\x83"}', b"\xff\x00\n", b"", b"a\nb"], ids=repr
)
def test_payload_comes_back(file: Path, payload: bytes) -> None:
    """Text and bytes are restored as they were, with the number of attempts."""
    DeadLetterFile(file, max_bytes=10_000).append([(Record(payload, attempts=3), "why")])
    (letter,) = read_letters(file, 0)
    assert letter.record is not None
    assert (letter.record.payload, letter.record.attempts) == (payload, 3)
    assert (letter.reason, letter.end) == ("why", file.stat().st_size)


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b"[]",
        b"null",
        b"{}",
        b'{"format":1}',
        b'{"format":2,"event":"a"}',
        b'{"format":1,"event":5}',
        b'{"format":1,"event":"a","attempts":"many"}',
        b'{"format":1,"event_base64":"*"}',
        b'{"format":1,"event":"a',
        b"\xff",
    ],
)
def test_line_that_cannot_be_read(file: Path, line: bytes) -> None:
    """It is found, and does not hide the lines around it."""
    bury(file, b"a")
    with file.open("ab") as stream:
        stream.write(line + b"\n\n")
    bury(file, b"b")
    found = list(read_letters(file, 0))
    assert [letter.record is None for letter in found] == [False, True, False]
    assert found[1].line == line + b"\n"
    assert count_lines(file, found[0].end) == 3  # the blank one is a line, too


def test_lines_are_kept_as_they_are(file: Path) -> None:
    """A torn line gets its end, and does not swallow the next."""
    file.write_bytes(b"torn by another")
    with Claim(file) as claim:
        claim.keep(b"one\n")
        claim.keep(b"two")
    assert file.read_bytes() == b"torn by another\none\ntwo\n"


def test_counting_lines(file: Path) -> None:
    """A last line without an end counts; a missing file has none."""
    assert count_lines(file, 0) == 0
    file.write_bytes(b"a\nb\nc")
    assert (count_lines(file, 0), count_lines(file, 2)) == (3, 2)


@POSIX
def test_writer_that_opened_the_file_before_it_was_claimed(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its letter goes into the new file; in the claimed one nobody would see it any more."""
    bury(file, b"a")
    real = deadletter.fcntl.flock
    claimed = file.with_name("claimed")

    def rename_first(descriptor: int, operation: int) -> None:
        if not claimed.exists():
            file.rename(claimed)
        real(descriptor, operation)

    monkeypatch.setattr(deadletter.fcntl, "flock", rename_first)
    bury(file, b"b")
    assert [letter.record.payload for letter in read_letters(claimed, 0) if letter.record] == [b"a"]
    assert [letter.record.payload for letter in read_letters(file, 0) if letter.record] == [b"b"]


@POSIX
def test_writer_that_is_writing_is_waited_for(file: Path) -> None:
    """Its letter is read although the file was claimed in the middle of it."""
    bury(file, b"a")
    (letter,) = read_letters(file, 0)
    descriptor = deadletter.open_locked(file)
    result: list[Any] = []
    with Claim(file) as claim:
        thread = threading.Thread(target=lambda: result.append((claim.take(), payloads(claim))))
        thread.start()
        while file.exists():  # claimed from now on, by its name
            os.sched_yield()
        thread.join(0.2)  # who does not wait for the writer has read everything by then
        os.write(descriptor, letter.line)
        deadletter.close_locked(descriptor)
        thread.join(10)
    assert result == [(True, [b"a", b"a"])]


@POSIX
def test_a_lock_for_ever_does_not_stop_the_application(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some other program may lock the file; then it is written all the same."""
    monkeypatch.setattr(deadletter, "_LOCK_SECONDS", 0.0)
    bury(file, b"a")
    with file.open("rb") as stream:
        assert deadletter.lock(stream.fileno(), 0.0)
        bury(file, b"b")
    assert count_lines(file, 0) == 2
