# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The disk spool as a buffer: order, batches, a hard cap, and a disk that does not take it."""

import errno
import os
import stat
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from acme_splunk_hec._delivery.buffer import Offer
from acme_splunk_hec._delivery.errors import ConfigurationError
from acme_splunk_hec._delivery.frames import (
    ENTRY_BYTES,
    FRAME_BYTES,
    HEADER_BYTES,
)
from acme_splunk_hec._delivery.records import Record

from .spooling import (
    NAME,
    adopt_all,
    disk_bytes,
    files,
    make_spool,
    payloads_of,
    put,
    take_all,
)

FULL = float("-inf")
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither modes nor limits")


def numbered(count: int, size: int = 100) -> list[bytes]:
    """Return payloads that can be told apart."""
    return [b"%d:" % number + bytes(size) for number in range(count)]


def test_record_is_pending_until_it_is_released(tmp_path: Path) -> None:
    """Taking a batch frees nothing: what is in flight or waits for a retry is still on disk."""
    spool = make_spool(tmp_path, bytes(1_000), bytes(500))
    charged = 1_500 + 2 * FRAME_BYTES
    assert (spool.pending, spool.pending_bytes, spool.queued) == (2, charged, 2)
    records = spool.take()
    assert payloads_of(records) == [bytes(1_000), bytes(500)]
    assert (spool.pending, spool.pending_bytes, spool.queued) == (2, charged, 0)
    spool.release(records[:1])
    assert (spool.pending, spool.pending_bytes) == (1, 500 + FRAME_BYTES)
    spool.release(records)
    assert (spool.pending, spool.pending_bytes, spool.queued) == (0, 0, 0)
    spool.close()


def test_record_is_written_when_it_is_taken(tmp_path: Path) -> None:
    """Nothing is kept back in a buffer of the process, whatever the sync mode."""
    spool = make_spool(tmp_path, b"first", spool_fsync="never")
    (segment,) = files(tmp_path, "spool")
    assert segment.read_bytes().endswith(b"first")
    put(spool, b"second")
    assert segment.read_bytes().endswith(b"second")
    spool.close()


def test_record_comes_back_as_it_was(tmp_path: Path) -> None:
    """Payload, the mark of truncation and the time on the age clock survive the way to the disk."""
    spool = make_spool(tmp_path)
    record = Record(b"payload", truncated=True)
    spool.offer(record, 12.25)
    spool.offer(Record(b""), 13.5)
    assert record.accepted_at == 12.25
    first, second = spool.take()
    assert (first.payload, first.truncated, first.accepted_at) == (b"payload", True, 12.25)
    assert (second.payload, second.truncated, second.accepted_at) == (b"", False, 13.5)
    spool.close()


def test_nothing_waits(tmp_path: Path) -> None:
    """An empty spool is never due and gives an empty batch."""
    spool = make_spool(tmp_path)
    assert (spool.ready_at(), spool.oldest_at(), spool.take()) == (None, None, [])
    spool.close()


def test_batch_closes_by_age(tmp_path: Path) -> None:
    """The oldest record decides how long the others may wait for company."""
    spool = make_spool(tmp_path, b"1", b"2", linger_seconds=2.5)
    assert (spool.oldest_at(), spool.ready_at()) == (0.0, 2.5)
    spool.take(at_most=1)
    assert (spool.oldest_at(), spool.ready_at()) == (1.0, 3.5)
    spool.close()


def test_batch_closes_by_events(tmp_path: Path) -> None:
    """A batch is due at its number of events and takes no more than that."""
    spool = make_spool(tmp_path, b"1", b"2", batch_max_events=3)
    assert spool.ready_at() != FULL
    put(spool, b"3", b"4")
    assert spool.ready_at() == FULL
    assert payloads_of(spool.take()) == [b"1", b"2", b"3"]
    assert payloads_of(spool.take()) == [b"4"]
    spool.close()


def test_batch_closes_by_bytes(tmp_path: Path) -> None:
    """A batch is due at its payload bytes and never exceeds them with a record that can wait."""
    payloads = [bytes(1_000), bytes(1_000), bytes(999), b"x", b"y"]
    spool = make_spool(tmp_path, *payloads[:3], batch_max_bytes=3_000)
    assert spool.ready_at() != FULL
    put(spool, b"x")
    assert spool.ready_at() == FULL
    put(spool, b"y")
    assert payloads_of(spool.take()) == payloads[:4]
    assert payloads_of(spool.take()) == payloads[4:]
    spool.close()


def test_batch_bytes_can_be_lowered(tmp_path: Path) -> None:
    """A target that finds requests too large gets smaller ones."""
    spool = make_spool(tmp_path, b"abc", b"def", b"ghi")
    spool.batch_max_bytes = 6
    assert spool.ready_at() == FULL
    assert payloads_of(spool.take()) == [b"abc", b"def"]
    spool.close()


def test_record_larger_than_a_batch_goes_alone(tmp_path: Path) -> None:
    """A batch holds at least one record, however large, and nothing with it."""
    spool = make_spool(tmp_path, b"a", bytes(5_000), b"b", batch_max_bytes=1_000)
    batches = [payloads_of(spool.take()) for _ in range(3)]
    assert batches == [[b"a"], [bytes(5_000)], [b"b"]]
    spool.close()


def test_take_at_most(tmp_path: Path) -> None:
    """A caller may want fewer records than a batch holds, and still gets the oldest."""
    spool = make_spool(tmp_path, b"1", b"2", b"3")
    assert payloads_of(spool.take(at_most=1)) == [b"1"]
    put(spool, b"4")
    assert payloads_of(spool.take(at_most=9)) == [b"2", b"3", b"4"]
    spool.close()


def test_nothing_is_given_up_at_the_end(tmp_path: Path) -> None:
    """What a memory buffer would lose at a close stays on disk."""
    spool = make_spool(tmp_path, b"1")
    assert (spool.leave([], queue=True), spool.pending, spool.queued) == ([], 1, 1)
    spool.close()
    assert (spool.pending, spool.queued, spool.oldest_at(), spool.take()) == (1, 0, None, [])


def test_taken_records_can_be_taken_back(tmp_path: Path) -> None:
    """What could not be settled waits again, in its order, before all that is younger."""
    spool = make_spool(tmp_path, b"1", b"2", b"3", b"4", batch_max_events=3)
    records = spool.take()
    spool.release(records[:1])
    spool.leave(records, queue=False)
    assert (spool.pending, spool.queued, spool.oldest_at()) == (3, 3, 1.0)
    assert payloads_of(spool.take()) == [b"2", b"3", b"4"]
    assert (spool.pending, spool.queued) == (3, 0)
    spool.close()


def test_order_over_many_segments(tmp_path: Path) -> None:
    """Segments change nothing about the order, and go one after the other when they are settled."""
    payloads = numbered(40, size=1_000)
    spool = make_spool(tmp_path, *payloads, spool_max_bytes=80_000, batch_max_events=7)
    sizes = [path.stat().st_size for path in files(tmp_path, "spool")]
    assert len(sizes) == 5
    assert max(sizes) <= 10_000
    served = []
    segments_left = []
    while batch := spool.take():
        served += payloads_of(batch)
        spool.release(batch)
        segments_left.append(len(files(tmp_path, "spool")))
    assert served == payloads
    assert segments_left == [5, 4, 3, 2, 2, 1]
    spool.close()


def test_segment_stays_until_all_of_it_is_settled(tmp_path: Path) -> None:
    """Records are settled in any order; one that is not keeps the file of all."""
    payloads = numbered(9, size=1_000)
    spool = make_spool(tmp_path, *payloads, spool_max_bytes=80_000)
    assert len(files(tmp_path, "spool")) == 1
    put(spool, b"in the next segment".ljust(1_000))
    records = spool.take()
    spool.release(records[:4] + records[5:])
    first, _ = files(tmp_path, "spool")
    assert first.with_suffix(".done").stat().st_size == 2 * ENTRY_BYTES
    spool.release(records[4:5])
    assert not first.exists()
    assert not first.with_suffix(".done").exists()
    spool.close()


@pytest.mark.fault(28, promise=13)
def test_cap_is_hard(tmp_path: Path) -> None:
    """No file of the spool makes it exceed the cap, not even the journal of what is settled alone."""
    cap = 20_000
    spool = make_spool(tmp_path, spool_max_bytes=cap)
    taken = 0
    while spool.offer(Record(bytes(100)), 0.0) is Offer.TAKEN:
        taken += 1
    assert 0.95 * cap < disk_bytes(tmp_path) + taken * ENTRY_BYTES <= cap
    assert spool.problem is None
    records = take_all(spool)
    for record in records[::2]:
        spool.release([record])
    assert disk_bytes(tmp_path) <= cap
    assert spool.offer(Record(bytes(100)), 0.0) is Offer.FULL
    spool.release(records)
    assert spool.offer(Record(bytes(100)), 0.0) is Offer.TAKEN
    spool.close()


@pytest.mark.fault(28, promise=13)
def test_backlog_costs_no_memory(tmp_path: Path) -> None:
    """What waits is on disk alone, found by this process or adopted from another one."""
    spool = make_spool(tmp_path, b"first", spool_max_bytes=4_000_000)
    spool.oldest_at()
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        assert fill(spool, 300) > 10_000
        after, _ = tracemalloc.get_traced_memory()
        spool.close()
        assert spool.adopt(0.0, limit=100) == spool.pending > 10_000
        adopted, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert max(after, adopted) - before < 50_000
    spool.close()


def test_record_that_can_never_fit(tmp_path: Path) -> None:
    """A record larger than the whole spool is told apart from one that comes too early."""
    cap = 10_000
    largest = cap - HEADER_BYTES - FRAME_BYTES - ENTRY_BYTES
    spool = make_spool(tmp_path, spool_max_bytes=cap)
    assert spool.offer(Record(bytes(largest + 1)), 0.0) is Offer.TOO_LARGE
    assert (spool.pending, spool.queued, disk_bytes(tmp_path)) == (0, 0, 0)
    put(spool, b"small")
    assert spool.offer(Record(bytes(largest)), 0.0) is Offer.FULL
    spool.release(spool.take())
    assert spool.offer(Record(bytes(largest)), 0.0) is Offer.TAKEN
    assert payloads_of(spool.take()) == [bytes(largest)]
    spool.close()


def fill(spool: Any, size: int) -> int:
    """Offer numbered records of about this size until one does not fit; returns how many did."""
    count = 0
    while spool.offer(Record(b"%d:" % count + bytes(size)), 0.0) is Offer.TAKEN:
        count += 1
    return count


def test_evict_the_oldest_segments(tmp_path: Path) -> None:
    """As many of the oldest as one file holds make room, and no more."""
    spool = make_spool(tmp_path, spool_max_bytes=80_000)
    count = fill(spool, 1_000)
    new = Record(b"new".ljust(1_000))
    given_up = spool.evict_for(new)
    assert 0 < given_up < 10
    assert (spool.pending, spool.queued) == (count - given_up, count - given_up)
    assert spool.offer(new, 0.0) is Offer.TAKEN
    first, *_, last = take_all(spool)
    assert first.payload.startswith(b"%d:" % given_up)
    assert last.payload == new.payload
    spool.close()


def test_evict_what_was_read_ahead(tmp_path: Path) -> None:
    """A record that was only looked at can be given up with its file; the next one is served."""
    spool = make_spool(tmp_path, spool_max_bytes=80_000)
    fill(spool, 1_000)
    spool.ready_at()
    given_up = spool.evict_for(Record(bytes(1_000)))
    assert spool.take(at_most=1)[0].payload.startswith(b"%d:" % given_up)
    spool.close()


def test_evict_for_a_large_record(tmp_path: Path) -> None:
    """Several files go, the one that is written to among them, if only that makes room."""
    spool = make_spool(tmp_path, spool_max_bytes=20_000)
    count = fill(spool, 1_000)
    new = Record(bytes(19_900))
    assert spool.evict_for(new) == count
    assert spool.offer(new, 0.0) is Offer.TAKEN
    assert disk_bytes(tmp_path) <= 20_000
    assert (spool.pending, spool.queued) == (1, 1)
    spool.close()


def test_evict_nothing_that_is_in_flight(tmp_path: Path) -> None:
    """A file with records in flight cannot go, so none of its records is given up."""
    spool = make_spool(tmp_path, spool_max_bytes=80_000, batch_max_events=12)
    count = fill(spool, 1_000)
    in_flight = spool.take()
    spool.release(in_flight[1:-1])  # a file has 9 records: the first two have one in flight
    assert spool.evict_for(Record(bytes(1_000))) == 9
    assert (spool.pending, spool.queued) == (count - 10 - 9, count - 12 - 9)
    served = [int(payload.partition(b":")[0]) for payload in payloads_of(take_all(spool))]
    assert served == [*range(12, 18), *range(27, count)]
    spool.close()


def test_evict_nothing_in_vain(tmp_path: Path) -> None:
    """If all that waits would not make room, or there is room, it is kept: a loss must help somebody."""
    spool = make_spool(tmp_path, spool_max_bytes=20_000, batch_max_events=9)
    count = fill(spool, 1_000)
    spool.take()
    assert spool.evict_for(Record(bytes(15_000))) == 0
    assert (spool.pending, spool.queued) == (count, count - 9)
    take_all(spool)
    assert spool.evict_for(Record(bytes(1_000))) == 0
    assert spool.pending == count
    spool.close()
    roomy = make_spool(tmp_path / "roomy", b"x")
    assert roomy.evict_for(Record(b"y")) == 0
    roomy.close()


@POSIX
def test_only_the_owner_may_read(tmp_path: Path) -> None:
    """Events are confidential: the modes do not depend on the umask."""
    before = os.umask(0)
    try:
        spool = make_spool(tmp_path / "spool", b"x", b"y")
        spool.release(spool.take(at_most=1))
    finally:
        os.umask(before)
    paths = [tmp_path / "spool", *(tmp_path / "spool").rglob("*")]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert {path.suffix or path.name for path in paths if path.is_file()} == {
        "lock",
        ".spool",
        ".done",
    }
    assert all(mode == (0o700 if path.is_dir() else 0o600) for path, mode in modes.items())
    spool.close()


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The owner learns at construction which setting is wrong, and what to do."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ConfigurationError, match=r"^spool_directory: .* name one on a disk"):
        make_spool(tmp_path / "file" / "spool")


@pytest.mark.fault(28, promise=13)
@POSIX
def test_folder_that_cannot_be_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system without locks cannot have a spool: two processes might write to one file."""
    import fcntl

    opened = []
    flock = fcntl.flock

    def fail(descriptor: int, operation: int) -> None:
        opened.append(descriptor)
        raise OSError(errno.ENOLCK, "no locks")

    monkeypatch.setattr(fcntl, "flock", fail)
    with pytest.raises(ConfigurationError, match=r"\(no locks\)"):
        make_spool(tmp_path)
    monkeypatch.setattr(fcntl, "flock", flock)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """Let no file grow beyond this, like a disk that is full: a part is written, then nothing."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.fault(28, promise=13)
@POSIX
def test_disk_is_full(tmp_path: Path) -> None:
    """A record of which only a part fits is refused and leaves nothing; what was there is served."""
    spool = make_spool(tmp_path, b"before")
    (segment,) = files(tmp_path, "spool")
    size = segment.stat().st_size
    with file_size_limit(size + 10):
        assert spool.offer(Record(b"refused"), 0.0) is Offer.FULL
        assert segment.stat().st_size == size
        assert spool.problem is not None
        assert spool.problem.startswith("spool_directory cannot be written: ")
        assert (spool.pending, spool.queued) == (1, 1)
    spool.problem = None
    put(spool, b"after")
    assert (spool.problem, spool.damaged) == (None, 0)
    records = spool.take()
    assert payloads_of(records) == [b"before", b"after"]
    spool.release(records)
    spool.close()
    assert files(tmp_path) == []


@POSIX
def test_nothing_can_be_written_at_all(tmp_path: Path) -> None:
    """Not even a file's header: no file is left behind, and later it works again."""
    spool = make_spool(tmp_path)
    with file_size_limit(HEADER_BYTES - 1):
        assert spool.offer(Record(b"refused"), 0.0) is Offer.FULL
        assert files(tmp_path, "spool") == []
    put(spool, b"after")
    assert payloads_of(spool.take()) == [b"after"]
    spool.close()


@POSIX
def test_policy_makes_room_on_a_full_disk(tmp_path: Path) -> None:
    """Where the disk is full before the cap is reached, the oldest file makes room all the same."""
    spool = make_spool(tmp_path, b"old", b"older", spool_max_bytes=80_000)
    with file_size_limit(files(tmp_path, "spool")[0].stat().st_size):
        assert spool.offer(Record(b"new"), 0.0) is Offer.FULL
        assert spool.evict_for(Record(b"new")) == 2
        assert spool.offer(Record(b"new"), 0.0) is Offer.TAKEN
    assert payloads_of(spool.take()) == [b"new"]
    spool.close()


@POSIX
def test_journal_that_cannot_be_written(tmp_path: Path) -> None:
    """The record is settled for this process all the same; another one might send it again."""
    spool = make_spool(tmp_path, b"first", b"second")
    with file_size_limit(ENTRY_BYTES - 1):
        spool.release(spool.take(at_most=1))
    assert spool.problem is not None
    assert spool.problem.startswith("what is delivered cannot be noted: ")
    assert (spool.pending, spool.queued) == (1, 1)
    assert payloads_of(take_all(spool)) == [b"second"]
    spool.close()
    heir = make_spool(tmp_path)
    assert adopt_all(heir) == 2
    heir.close()


@pytest.mark.fault(28, promise=13)
def test_damage_under_the_running_process(tmp_path: Path) -> None:
    """Only the damaged records are lost, and they are accounted for."""
    spool = make_spool(tmp_path, *numbered(4, size=50))
    (path,) = files(tmp_path, "spool")
    content = bytearray(path.read_bytes())
    content[HEADER_BYTES + FRAME_BYTES] ^= 1
    content[-1] ^= 1
    path.write_bytes(content)
    records = take_all(spool)
    assert payloads_of(records) == numbered(4, size=50)[1:3]
    assert (spool.pending, spool.queued, spool.damaged, spool.unreadable) == (2, 0, 1, 2)
    assert spool.pending_bytes == 2 * (52 + FRAME_BYTES)
    put(spool, b"after")
    assert payloads_of(take_all(spool)) == [b"after"]
    spool.release(records)
    assert spool.pending == 1
    spool.close()


def test_file_that_cannot_be_read(tmp_path: Path) -> None:
    """Its records are accounted for; the file is left, since the medium may recover."""
    spool = make_spool(tmp_path, b"1", b"2")
    (path,) = files(tmp_path, "spool")
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    assert (spool.oldest_at(), spool.take()) == (None, [])
    assert (spool.pending, spool.queued, spool.unreadable) == (0, 0, 2)
    assert spool.problem is not None
    assert spool.problem.startswith("the spool cannot be read: ")
    path.rmdir()
    path.with_suffix(".away").rename(path)
    put(spool, b"3")
    assert payloads_of(spool.take()) == [b"3"]
    spool.close()
    heir = make_spool(tmp_path)
    assert adopt_all(heir) == 3
    heir.close()


def test_file_that_cannot_be_deleted(tmp_path: Path) -> None:
    """It is noted that its records are settled, so that the next process only has to delete it."""
    payloads = numbered(12, size=1_000)
    spool = make_spool(tmp_path, *payloads, spool_max_bytes=80_000)
    path, _ = files(tmp_path, "spool")
    records = take_all(spool)
    path.rename(path.with_suffix(".away"))
    path.mkdir()
    spool.release(records)
    assert spool.pending == 0
    assert str(spool.problem).startswith("a settled file cannot be deleted: ")
    path.rmdir()
    path.with_suffix(".away").rename(path)
    spool.close()
    heir = make_spool(tmp_path)
    assert (adopt_all(heir), heir.damaged) == (0, 0)
    heir.close()
    assert files(tmp_path) == []


def test_close_leaves_no_empty_folder(tmp_path: Path) -> None:
    """A process that delivered everything leaves nothing behind, whether it wrote or not."""
    make_spool(tmp_path).close()
    spool = make_spool(tmp_path, b"1")
    spool.release(spool.take())
    spool.close()
    spool.close()
    assert list((tmp_path / NAME).iterdir()) == []


def test_use_after_close(tmp_path: Path) -> None:
    """A closed spool opens again with the next record, and finds what it left like anybody else."""
    spool = make_spool(tmp_path, b"1", b"2")
    taken = spool.take(at_most=1)
    spool.close()
    spool.release(taken)
    spool.leave(taken, queue=False)
    assert (spool.pending, spool.queued, spool.evict_for(Record(bytes(9_999_000)))) == (2, 0, 0)
    put(spool, b"3")
    assert (spool.pending, spool.queued) == (1, 1)
    assert spool.adopt(0.0) == 2
    assert payloads_of(take_all(spool)) == [b"1", b"2", b"3"]
    spool.close()


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[os.stat_result]]:
    """Note what is synced."""
    found: list[os.stat_result] = []
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        sync(descriptor)
        found.append(os.fstat(descriptor))

    monkeypatch.setattr(os, "fsync", fsync)
    return found


def test_always_syncs_before_it_takes(tmp_path: Path, synced: list[os.stat_result]) -> None:
    """Each record is on the medium when `offer` returns, and so is the name of its file."""
    spool = make_spool(tmp_path, b"1", spool_fsync="always")
    (path,) = files(tmp_path, "spool")
    assert path.stat().st_ino in [each.st_ino for each in synced]
    assert synced[0].st_size == path.stat().st_size
    if os.name != "nt":
        assert path.parent.stat().st_ino in [each.st_ino for each in synced]
    synced.clear()
    put(spool, b"2")
    assert [each.st_size for each in synced] == [path.stat().st_size]
    spool.close()


def test_never_does_not_sync(tmp_path: Path, synced: list[os.stat_result]) -> None:
    """Who does not want to wait for the disk does not, not even at the end."""
    make_spool(tmp_path, b"1", spool_fsync="never").close()
    assert synced == []


def test_failed_sync_refuses_the_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A record of which nobody knows whether it is on the medium is not taken."""
    spool = make_spool(tmp_path, b"1", spool_fsync="always")
    (path,) = files(tmp_path, "spool")
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "bad medium")

    monkeypatch.setattr(os, "fsync", fail)
    assert spool.offer(Record(b"2"), 0.0) is Offer.FULL
    assert path.read_bytes() == before
    assert spool.problem == "spool_directory cannot be written: bad medium"
    assert spool.evict_for(Record(b"2")) == 0
    spool.close()


def test_interval_syncs_in_a_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each change is synced soon, by another thread than the caller's; a quiet spool is left alone."""
    done = threading.Semaphore(0)
    threads = set()
    sync = os.fsync

    def fsync(descriptor: int) -> None:
        sync(descriptor)
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            threads.add(threading.current_thread())
            done.release()

    monkeypatch.setattr(os, "fsync", fsync)
    spool = make_spool(tmp_path, spool_fsync="interval")
    for payload in (b"1", b"2", b"3"):
        put(spool, payload)
        assert done.acquire(timeout=5.0)
    assert threading.current_thread() not in threads
    assert not done.acquire(blocking=False)
    spool.close()
    for thread in threads:
        thread.join(5.0)
        assert not thread.is_alive()


def test_close_syncs_what_the_thread_has_not(tmp_path: Path, synced: list[os.stat_result]) -> None:
    """The last interval is not lost, although the thread would only come in an hour."""
    spool = make_spool(tmp_path, b"1", spool_fsync="interval", spool_fsync_seconds=3_600)
    (path,) = files(tmp_path, "spool")
    spool.close()
    assert [each.st_size for each in synced[:1]] == [path.stat().st_size]


def test_interpreter_that_starts_no_thread(
    tmp_path: Path, synced: list[os.stat_result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it exits, records are synced at once instead."""

    def fail(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", fail)
    spool = make_spool(tmp_path, b"1", spool_fsync="interval", spool_fsync_seconds=3_600)
    (path,) = files(tmp_path, "spool")
    assert path.stat().st_ino in [each.st_ino for each in synced]
    spool.close()


def test_sync_for_which_there_is_no_descriptor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The record is in the file, so it is taken; that it may not be on the medium is told."""

    def fail(descriptor: int) -> int:
        raise OSError(errno.EMFILE, "too many")

    monkeypatch.setattr(os, "dup", fail)
    spool = make_spool(tmp_path, b"1", spool_fsync="interval")
    assert (spool.problem, spool.pending) == ("fsync failed: too many", 1)
    spool.close()


def test_failed_sync_in_the_thread_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The records are in the file, and a person has to know that the medium fails."""

    def fail(descriptor: int) -> None:
        raise OSError(errno.EIO, "bad medium")

    monkeypatch.setattr(os, "fsync", fail)
    spool = make_spool(tmp_path, b"1", spool_fsync="interval", spool_fsync_seconds=3_600)
    spool.close()
    assert spool.problem == "fsync failed: bad medium"


@pytest.mark.skipif(os.geteuid() != 0 if hasattr(os, "geteuid") else True, reason="needs root")
@pytest.mark.skipif(sys.platform != "linux", reason="needs tmpfs")
def test_really_full_disk(tmp_path: Path) -> None:
    """On a disk of 64 KiB offers are refused, and taken again when something is settled."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("may not mount")
    try:
        spool = make_spool(tmp_path, spool_max_bytes=200_000)
        count = fill(spool, 1_000)
        assert 20 < count < 64
        assert "No space left" in str(spool.problem)
        records = take_all(spool)
        assert [int(each.payload.partition(b":")[0]) for each in records] == list(range(count))
        spool.release(records)
        assert fill(spool, 1_000) > 20
        spool.close()
    finally:
        subprocess.run(["umount", str(tmp_path)], check=True)
