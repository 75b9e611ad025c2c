# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""What a process leaves in the spool is served by another one, once, however the first one ended."""

import errno
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from acme_syslog_cef import _delivery
from acme_syslog_cef._delivery import spool_folder
from acme_syslog_cef._delivery.frames import FRAME_BYTES, HEADER_BYTES
from acme_syslog_cef._delivery.records import Record
from acme_syslog_cef._delivery.spool import Spool

from ..support.forking import succeeds_in_child, untraced
from . import spooling
from .spooling import (
    NAME,
    WALL,
    adopt_all,
    files,
    make_spool,
    payload_of,
    payloads_of,
    put,
    take_all,
)

SOURCE = Path(_delivery.__file__).parents[2]
MODES = ("always", "interval", "never")
FORK = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
Program = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def program() -> Iterator[Program]:
    """Start the program of `spooling`; what still runs at the end of the test is killed."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object) -> "subprocess.Popen[bytes]":
        process = subprocess.Popen(
            [sys.executable, "-m", spooling.__name__, *map(str, arguments)],
            cwd=Path(spooling.__file__).parents[len(spooling.__name__.split(".")) - 1],
            env=os.environ | {"PYTHONPATH": str(SOURCE)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def crash(spool: Spool) -> None:
    """Lose a spool as the end of its process does: nothing is finished, the locks are gone."""
    spool.forget()


def numbers_of(records: list[Record]) -> list[int]:
    """Return the numbers in payloads, each of which must be exactly what was written."""
    numbers = [int(record.payload.partition(b":")[0]) for record in records]
    assert payloads_of(records) == [payload_of(number) for number in numbers]
    return numbers


def check_killed_writer(program: Program, directory: Path, fsync: str, lines: int) -> None:
    """Kill a process while it writes, and compare what it said with what is found."""
    process = program(directory, fsync)
    assert process.stdout is not None
    said = [process.stdout.readline() for _ in range(lines)]
    process.kill()
    said += process.stdout.read().splitlines()
    taken: set[int] = set()
    settling: set[int] = set()
    settled: set[int] = set()
    for line in said:
        word, *numbers = line.decode().split()
        if word == "taken":
            taken.update(map(int, numbers))
        elif word == "settling":
            settling = set(map(int, numbers))
        elif word == "settled":
            settled.update(settling)
            settling = set()
    spool = make_spool(directory)
    found = adopt_all(spool)
    records = take_all(spool)
    numbers = numbers_of(records)
    assert len(numbers) == found == spool.queued + len(records)
    assert numbers == sorted(set(numbers))
    assert taken - settled - settling <= set(numbers), "an accepted record is lost"
    assert not settled & set(numbers), "a settled record is sent again"
    assert len(set(numbers) - taken) <= 1, "only the last one may be unheard of"
    assert (spool.damaged, spool.unreadable, spool.problem) == (0, 0, None)
    spool.release(records)
    spool.close()
    assert list((directory / NAME).iterdir()) == []


@pytest.mark.fault(28, promise=13)
@pytest.mark.parametrize("fsync", MODES)
def test_killed_writer(program: Program, tmp_path: Path, fsync: str) -> None:
    """Nothing that was accepted is lost and nothing that was settled is sent again."""
    check_killed_writer(program, tmp_path, fsync, lines=900)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fsync", MODES)
def test_writer_is_killed_a_hundred_times(program: Program, tmp_path: Path, fsync: str) -> None:
    """Wherever the end of the process falls, the spool is right."""
    generator = random.Random(fsync)
    for number in range(100):
        check_killed_writer(program, tmp_path / str(number), fsync, generator.randrange(1, 3_000))


def test_backlog_beyond_the_cap_is_taken_over_in_parts(tmp_path: Path) -> None:
    """What others have left does not keep a process from writing for long."""
    for _ in range(4):
        crash(make_spool(tmp_path, *5 * [bytes(1_000)]))
    spool = make_spool(tmp_path, spool_max_bytes=16_000)
    assert (adopt_all(spool), spool.pending) == (10, 10)
    put(spool, bytes(1_000))
    spool.release(take_all(spool))
    assert adopt_all(spool) == 10
    spool.release(take_all(spool))
    spool.close()
    assert list((tmp_path / NAME).iterdir()) == []


@pytest.mark.fault(28, promise=13)
def test_folder_of_a_living_process_is_left_alone(program: Program, tmp_path: Path) -> None:
    """Only the lock tells who lives; when it is gone the records can be had."""
    process = program(tmp_path, "never")
    assert process.stdout is not None
    process.stdout.readline()
    spool = make_spool(tmp_path, b"own")
    assert (spool.adopt(0.0), spool.pending, spool.problem) == (0, 1, None)
    process.kill()
    process.communicate()
    assert adopt_all(spool) > 0
    spool.release(take_all(spool))
    spool.close()


@pytest.mark.fault(28, promise=13)
def test_two_processes_adopt_at_once(program: Program, tmp_path: Path) -> None:
    """Each record is had by one of them."""
    for start in range(0, 400, 10):
        crash(make_spool(tmp_path, *(payload_of(start + number) for number in range(10))))
    processes = [program(tmp_path) for _ in range(2)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
        process.stdin.flush()
    said = [line.split() for each in processes for line in each.communicate()[0].splitlines()]
    assert sorted(int(number) for word, number in said if word == b"served") == list(range(400))
    assert [number for word, number in said if word == b"damaged"] == [b"0", b"0"]
    assert list((tmp_path / NAME).iterdir()) == []


def test_two_spools_in_one_process(tmp_path: Path) -> None:
    """Two sinks of the same name have a folder each and do not take each other's records."""
    first, second = make_spool(tmp_path, b"first"), make_spool(tmp_path, b"second")
    assert (first.adopt(0.0), second.adopt(0.0)) == (0, 0)
    assert payloads_of(first.take() + second.take()) == [b"first", b"second"]
    first.close()
    assert second.adopt(0.0) == 1
    second.close()


def orphan(directory: Path, *payloads: bytes, born: float) -> None:
    """Leave a folder that was made at a time of day, in seconds."""
    before = files(directory, "spool")
    crash(make_spool(directory, *payloads))
    (segment,) = set(files(directory, "spool")) - set(before)
    os.utime(segment.with_name("lock"), (born, born))


def test_orphans_come_first_and_by_age(tmp_path: Path) -> None:
    """What has waited longest is served first, even if it is found last."""
    orphan(tmp_path, b"2a", b"2b", born=2_000.0)
    orphan(tmp_path, b"1a", b"1b", born=1_000.0)
    orphan(tmp_path, b"3a", b"3b", born=3_000.0)
    spool = make_spool(tmp_path, b"own")
    assert spool.oldest_at() == 0.0
    assert [spool.adopt(0.0) for _ in range(4)] == [2, 2, 2, 0]
    orphan(tmp_path, b"0", born=500.0)
    assert payloads_of(spool.take(at_most=1)) == [b"1a"]
    spool.oldest_at()
    assert spool.adopt(0.0) == 1
    expected = [b"0", b"1b", b"2a", b"2b", b"3a", b"3b", b"own"]
    assert payloads_of(take_all(spool)) == expected
    spool.close()


def test_age_of_adopted_records(tmp_path: Path) -> None:
    """A record is as old as the time of day says, on the age clock of the process that adopts."""
    crash(make_spool(tmp_path, b"1", wall=WALL))
    spool = make_spool(tmp_path, wall=WALL + 60.0)
    spool.adopt(1_000.0)
    assert (spool.oldest_at(), spool.ready_at()) == (940.0, 941.0)
    spool.close()


def test_time_of_day_that_was_set_back(tmp_path: Path) -> None:
    """A record from the future is new; it does not wait until then."""
    crash(make_spool(tmp_path, b"1", wall=WALL + 3_600.0))
    spool = make_spool(tmp_path)
    spool.adopt(1_000.0)
    assert spool.oldest_at() == 1_000.0
    spool.close()


def test_segments_are_looked_into_one_at_a_time(tmp_path: Path) -> None:
    """A large backlog does not stop the caller for long, and counts for the cap from the start."""
    payloads = [b"%d:" % number + bytes(1_000) for number in range(30)]
    crash(make_spool(tmp_path, *payloads, spool_max_bytes=80_000))
    spool = make_spool(tmp_path, spool_max_bytes=40_000)
    assert [spool.adopt(0.0) for _ in range(2)] == [9, 9]
    assert spool.offer(Record(bytes(10_000)), 0.0) is not spooling.Offer.TAKEN
    assert [spool.adopt(0.0, limit=9), spool.adopt(0.0)] == [12, 0]
    assert (spool.pending, spool.queued) == (30, 30)
    assert spool.pending_bytes == sum(len(payload) + FRAME_BYTES for payload in payloads)
    records = take_all(spool)
    assert payloads_of(records) == payloads
    spool.release(records)
    put(spool, bytes(10_000))
    spool.close()


def test_settled_records_are_not_sent_again(tmp_path: Path) -> None:
    """The journal survives the process, and adopted records are noted in it, too."""
    spool = make_spool(tmp_path, *(b"%d" % number for number in range(10)))
    records = spool.take(at_most=8)
    spool.release(records[1:3] + records[6:8])
    crash(spool)
    heir = make_spool(tmp_path)
    assert adopt_all(heir) == 6
    records = heir.take(at_most=4)
    assert payloads_of(records) == [b"0", b"3", b"4", b"5"]
    heir.release(records[1:2])
    heir.leave(records[2:], queue=False)
    crash(heir)
    last = make_spool(tmp_path)
    assert adopt_all(last) == 5
    records = take_all(last)
    assert payloads_of(records) == [b"0", b"4", b"5", b"8", b"9"]
    last.release(records)
    assert [path.parent for path in files(tmp_path)] == []
    last.close()


def test_close_leaves_what_is_pending(tmp_path: Path) -> None:
    """An orderly end gives the folders back at once, adopted ones included."""
    crash(make_spool(tmp_path, b"1"))
    spool = make_spool(tmp_path, b"2")
    spool.adopt(0.0)
    spool.take(at_most=1)
    spool.close()
    heir = make_spool(tmp_path)
    assert adopt_all(heir) == 2
    assert sorted(payloads_of(take_all(heir))) == [b"1", b"2"]
    heir.close()


def test_damaged_journal_means_sending_again(tmp_path: Path) -> None:
    """Never losing is worth a duplicate."""
    spool = make_spool(tmp_path, b"1", b"2", b"3")
    records = spool.take()
    spool.release(records[:1])
    spool.release(records[2:])
    crash(spool)
    (journal,) = files(tmp_path, "done")
    content = journal.read_bytes()
    journal.write_bytes(bytes([content[0] ^ 1]) + content[1:])
    heir = make_spool(tmp_path)
    assert adopt_all(heir) == 2
    assert payloads_of(heir.take()) == [b"1", b"2"]
    assert heir.damaged == 0
    heir.close()


@pytest.mark.fault(28, promise=13)
def test_damage_is_skipped_and_counted(tmp_path: Path) -> None:
    """One stretch in the middle costs one record and one count; the sums are right."""
    crash(make_spool(tmp_path, b"11", b"22", b"33"))
    (segment,) = files(tmp_path, "spool")
    content = bytearray(segment.read_bytes())
    content[HEADER_BYTES + 2 * FRAME_BYTES + 3] ^= 1
    segment.write_bytes(content)
    spool = make_spool(tmp_path)
    assert (spool.adopt(0.0), spool.damaged) == (2, 1)
    records = take_all(spool)
    assert payloads_of(records) == [b"11", b"33"]
    assert (spool.damaged, spool.unreadable, spool.pending) == (1, 0, 2)
    spool.release(records)
    spool.close()
    assert files(tmp_path) == []


@pytest.mark.fault(28, promise=13)
@pytest.mark.parametrize(("cut", "damaged"), [("first", 1), ("last", 0)])
def test_torn_end(tmp_path: Path, cut: str, damaged: int) -> None:
    """The end of a process tears its last segment, which is no damage; elsewhere it is."""
    payloads = [b"%d:" % number + bytes(1_000) for number in range(12)]
    crash(make_spool(tmp_path, *payloads, spool_max_bytes=80_000))
    segments = files(tmp_path, "spool")
    segment = segments[0 if cut == "first" else -1]
    segment.write_bytes(segment.read_bytes()[:-5])
    spool = make_spool(tmp_path)
    assert (adopt_all(spool), spool.damaged) == (11, damaged)
    assert len(take_all(spool)) == 11
    spool.close()


def test_segment_of_which_nothing_is_left(tmp_path: Path) -> None:
    """What a power failure left of a file, zeros or nothing, is counted and removed."""
    payloads = [b"%d:" % number + bytes(1_000) for number in range(30)]
    crash(make_spool(tmp_path, *payloads, spool_max_bytes=80_000))
    segments = files(tmp_path, "spool")
    segments[0].write_bytes(bytes(9_000))
    segments[1].write_bytes(b"")
    spool = make_spool(tmp_path)
    assert (adopt_all(spool), spool.damaged) == (12, 1)
    assert files(tmp_path, "spool") == segments[2:]
    spool.close()


def test_newer_format_is_left_alone(tmp_path: Path) -> None:
    """A process that was set back to an older version neither reads nor deletes what it cannot know."""
    crash(make_spool(tmp_path, b"1"))
    (segment,) = files(tmp_path, "spool")
    header = struct.pack("<8sHxx", b"\x89SPOOL\r\n", 2)
    header += struct.pack("<I", crc32(header))
    newer = header + segment.read_bytes()[HEADER_BYTES:]
    segment.write_bytes(newer)
    spool = make_spool(tmp_path)
    assert (spool.adopt(0.0), spool.pending, spool.damaged) == (0, 0, 0)
    assert spool.problem == "a folder was written by a newer version of this package: update it"
    spool.problem = None
    assert spool.adopt(0.0) == 0
    assert spool.problem is None
    assert segment.read_bytes() == newer
    folder = spool_folder.lock_folder(segment.parent)
    assert folder is not None
    folder.let_go()
    spool.close()


def test_what_cannot_be_taken_over_is_told_and_stops_nothing(tmp_path: Path) -> None:
    """A file in the place of a folder, or of a segment, does not keep the others from being served."""
    crash(make_spool(tmp_path, b"1"))
    (segment,) = files(tmp_path, "spool")
    bad = segment.with_name("00000002-00000000.spool")
    bad.mkdir()
    (tmp_path / NAME / "77-0123abcd").write_bytes(b"")
    orphan(tmp_path, b"2", born=2e9)
    spool = make_spool(tmp_path)
    assert adopt_all(spool) == 1
    assert str(spool.problem).startswith("a folder cannot be taken over: ")
    bad.rmdir()
    assert adopt_all(spool) == 1
    assert payloads_of(take_all(spool)) == [b"1", b"2"]
    spool.close()


def test_segment_that_cannot_be_looked_into(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The medium fails: the file stays for another process, and counts for nothing in this one."""
    payloads = [b"%d:" % number + bytes(1_000) for number in range(12)]
    crash(make_spool(tmp_path, *payloads, spool_max_bytes=80_000))
    spool = make_spool(tmp_path)

    def fail(descriptor: int, count: int) -> bytes:
        raise OSError(errno.EIO, "bad medium")

    with monkeypatch.context() as patch:
        patch.setattr(os, "read", fail)
        assert adopt_all(spool) == 0
    assert (spool.problem, spool.pending) == ("the spool cannot be read: bad medium", 0)
    assert spool.adopt(0.0) == 0
    spool.close()
    heir = make_spool(tmp_path)
    assert adopt_all(heir) == 12
    heir.close()


@pytest.mark.fault(28, promise=13)
@given(st.data())
@hypothesis_settings(max_examples=40)
def test_any_damaged_byte_in_any_file(data: st.DataObject) -> None:
    """It costs one record at most, and a settled record is sent again only if the journal is hit."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        payloads = [payload_of(number) for number in range(20)]
        spool = make_spool(directory, *payloads, spool_max_bytes=20_000)
        records = take_all(spool)
        chosen = data.draw(st.sets(st.integers(0, 19), min_size=1))
        spool.release([records[number] for number in chosen])
        crash(spool)
        paths = [path for path in files(directory) if path.stat().st_size]
        if not paths:
            return
        path = data.draw(st.sampled_from(paths))
        content = bytearray(path.read_bytes())
        content[data.draw(st.integers(0, len(content) - 1))] ^= data.draw(st.integers(1, 255))
        path.write_bytes(content)
        heir = make_spool(directory)
        adopt_all(heir)
        served = set(numbers_of(take_all(heir)))
        pending = set(range(20)) - chosen
        if path.suffix == ".done":
            assert pending <= served
        else:
            assert len(pending - served) <= 1
            assert served <= pending
        heir.close()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
def test_spool_makes_its_folder_again(tmp_path: Path) -> None:
    """Somebody deleted it: what was in it is lost and accounted for, and the spool goes on."""
    spool = make_spool(tmp_path, b"1", b"2")
    shutil.rmtree(tmp_path)
    assert (spool.take(), spool.unreadable, spool.pending) == ([], 2, 0)
    assert spool.offer(Record(b"refused"), 0.0) is spooling.Offer.FULL
    put(spool, b"3")
    assert payloads_of(take_all(spool)) == [b"3"]
    spool.close()


def test_directory_that_went_away(tmp_path: Path) -> None:
    """Somebody deleted it all: that is told, and does not raise."""
    spool = make_spool(tmp_path)
    shutil.rmtree(tmp_path / NAME)
    assert spool.adopt(0.0) == 0
    assert str(spool.problem).startswith("spool_directory cannot be read: ")
    spool.close()


def test_adopting_opens_a_closed_spool(tmp_path: Path) -> None:
    """What was left at a close can be had again by the one who left it."""
    spool = make_spool(tmp_path, b"1")
    spool.close()
    assert (spool.adopt(0.0), spool.pending, payloads_of(spool.take())) == (1, 1, [b"1"])
    spool.close()


def test_finished_folders_are_removed(tmp_path: Path) -> None:
    """A process that died between two deletions, or before its first record, leaves rubbish."""
    crash(make_spool(tmp_path))
    spool = make_spool(tmp_path, b"1")
    spool.release(spool.take())
    crash(spool)
    finished = files(tmp_path, "spool")
    half = make_spool(tmp_path, b"1", b"2")
    half.release(half.take(at_most=1))
    crash(half)
    (pending,) = set(files(tmp_path, "spool")) - set(finished)
    pending.unlink()
    (tmp_path / NAME / "77-0123abcd").mkdir()
    spool = make_spool(tmp_path)
    assert (adopt_all(spool), spool.pending) == (0, 0)
    assert len(list((tmp_path / NAME).iterdir())) == 1
    spool.close()


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    """The spool deletes nothing that it has not written."""
    crash(make_spool(tmp_path, b"1"))
    (segment,) = files(tmp_path, "spool")
    segment.with_name("notes.txt").write_text("mine")
    (tmp_path / NAME / "backup").mkdir()
    spool = make_spool(tmp_path)
    assert adopt_all(spool) == 1
    spool.release(spool.take())
    spool.close()
    assert sorted(path.name for path in (tmp_path / NAME).rglob("*")) == sorted(
        ["backup", "notes.txt", segment.parent.name]
    )


def test_a_few_folders_at_a_time(tmp_path: Path) -> None:
    """A crash loop leaves many folders; each costs an open file only while it is worked on."""
    for number in range(20):
        crash(make_spool(tmp_path, b"%d" % number))
    spool = make_spool(tmp_path)
    assert adopt_all(spool) == 16
    spool.release(take_all(spool))
    assert adopt_all(spool) == 4
    spool.release(take_all(spool))
    spool.close()
    assert list((tmp_path / NAME).iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows deletes no file that is open")
def test_lock_on_a_deleted_file_protects_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who had the lock may remove the folder between our opening the file and locking it."""
    import fcntl

    path = tmp_path / "1-01234567"
    path.mkdir()
    first = spool_folder.lock_folder(path)
    assert first is not None
    assert spool_folder.lock_folder(path) is None
    flock = fcntl.flock

    def remove_and_lock(descriptor: int, operation: int) -> None:
        first.remove()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", remove_and_lock)
    assert spool_folder.lock_folder(path) is None
    assert not path.exists()


@FORK
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns: forking with threads
@pytest.mark.parametrize("fsync", ["interval", "never"])
def test_forked_child_starts_its_own_folder(tmp_path: Path, fsync: str) -> None:
    """The parent's records and locks stay with the parent, while the child lives and after."""
    crash(make_spool(tmp_path, b"orphan"))
    spool = make_spool(tmp_path, b"parent", spool_fsync=fsync)
    spool.adopt(0.0)
    spool.oldest_at()
    before = files(tmp_path, "spool")

    def has_its_own() -> bool:
        spool.forget()
        spool.forget()
        clean = (spool.pending, spool.queued, spool.take(), spool.adopt(0.0)) == (0, 0, [], 0)
        put(spool, b"child")
        own = [path for path in files(tmp_path, "spool") if path not in before]
        return clean and payloads_of(take_all(spool)) == [b"child"] and len(own) == 1

    assert succeeds_in_child(has_its_own)
    stranger = make_spool(tmp_path)
    assert (stranger.adopt(0.0), payloads_of(stranger.take())) == (1, [b"child"])
    assert stranger.adopt(0.0) == 0
    put(spool, b"parent, too")
    assert payloads_of(take_all(spool)) == [b"orphan", b"parent", b"parent, too"]
    spool.close()
    stranger.close()


@FORK
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns: forking with threads
def test_child_that_forgot_does_not_keep_the_lock(tmp_path: Path) -> None:
    """A worker outlives its parent, whose records must not wait for the worker's end."""
    spool = make_spool(tmp_path, b"parent")
    to_child, from_child = os.pipe(), os.pipe()
    with untraced():
        child = os.fork()
    if child == 0:
        try:
            spool.forget()
            os.write(from_child[1], b"x")
            os.read(to_child[0], 1)
        finally:
            os._exit(0)
    assert os.read(from_child[0], 1) == b"x"
    spool.close()
    heir = make_spool(tmp_path)
    assert heir.adopt(0.0) == 1
    os.write(to_child[1], b"x")
    os.waitpid(child, 0)
    for descriptor in (*to_child, *from_child):
        os.close(descriptor)
    heir.close()
