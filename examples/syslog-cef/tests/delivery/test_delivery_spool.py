# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""A delivery whose buffer is on disk: what a close, a restart and a killed process leave."""

from __future__ import annotations

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from acme_syslog_cef import _delivery
from acme_syslog_cef._delivery.buffer import Offer
from acme_syslog_cef._delivery.delivery import Delivery
from acme_syslog_cef._delivery.ledger import RefuseReason, Stats
from acme_syslog_cef._delivery.records import Record

from ..support.fake_http import Answer, FakeHttpServer
from ..support.forking import succeeds_in_child
from . import plain, spool_program
from .test_delivery import SLOW, offer, received, wait_for_stats

SOURCE = Path(_delivery.__file__).parents[2]


def spooled(server: FakeHttpServer, directory: Path, **settings: Any) -> Delivery:
    """Make a delivery with a spool."""
    return plain.delivery(server.url, spool_directory=directory, **settings)


def files(directory: Path, suffix: str) -> list[Path]:
    """Return the files of the spool."""
    return sorted(directory.rglob(f"*.{suffix}"))


def test_delivers_and_cleans_up(tmp_path: Path) -> None:
    """What is delivered leaves the disk."""
    with FakeHttpServer() as server:
        target = spooled(server, tmp_path)
        offer(target, b"1", b"2")
        report = target.close(5.0)
    assert received(server) == [b"1", b"2"]
    assert (report.delivered, report.spooled, report.stats.pending) == (2, 0, 0)
    assert report.stats.balanced


@pytest.mark.fault(28, promise=(11, 12))
def test_close_leaves_the_rest_for_the_next(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is lost when the target is down at the end; the next process sends it without being asked."""
    with FakeHttpServer(Answer(503)) as server:
        target = spooled(server, tmp_path)
        offer(target, b"1", b"2", b"3")
        report = target.close(0.05)
        assert (report.spooled, report.dropped, report.stats.pending) == (3, 0, 3)
        assert report.stats.balanced
        let_go(target)
        server.default = Answer()
        heir = spooled(server, tmp_path)
        stats = wait_for_stats(heir, lambda s: s.delivered == 3)
        heir.close(1.0)
        bodies = [r.body for r in server.requests if r.connection == server.connections]
    assert bodies == [b"1\n2\n3"]
    assert (stats.recovered, stats.accepted, stats.offered) == (3, 3, 3)
    assert stats.balanced
    assert capsys.readouterr().err == ""


def let_go(target: Delivery) -> None:
    """End the delivery's part in the spool as the end of its process would."""
    target._shared.accounts.buffer.close()  # type: ignore[attr-defined]


def test_a_delivery_that_goes_on_sends_what_its_close_left(tmp_path: Path) -> None:
    """A write after a close opens it again, and the records in hand come first."""
    with FakeHttpServer(Answer(503)) as server:
        target = spooled(server, tmp_path)
        offer(target, b"1")
        server.wait_for(1)
        target.close(0.0)
        server.default = Answer()
        offer(target, b"2")
        stats = wait_for_stats(target, lambda s: s.delivered == 2)
        target.close(1.0)
    assert received(server)[-2:] == [b"1", b"2"]
    assert stats.balanced


def test_no_deadline_with_a_spool(tmp_path: Path) -> None:
    """What is on disk may wait as long as it takes, unless a deadline is set."""
    assert plain.PlainConfig(url="http://x", spool_directory=tmp_path).deadline_seconds == float(
        "inf"
    )
    assert plain.PlainConfig(url="http://x").deadline_seconds == 600.0
    with FakeHttpServer(Answer(503)) as server:
        target = spooled(server, tmp_path, retry_deadline_seconds=0.01)
        offer(target, b"1")
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert stats.dropped == {"expired": 1}


@pytest.mark.fault(28, promise=(1, 13))
@pytest.mark.parametrize("policy", ["drop_newest", "drop_oldest"])
def test_the_cap_is_met_by_the_policy(tmp_path: Path, policy: str) -> None:
    """The disk has its bound as memory has, and each loss its name."""
    with FakeHttpServer(Answer(503)) as server:
        target = spooled(
            server,
            tmp_path,
            spool_max_bytes=100_000,
            buffer_policy=policy,
            batch_max_events=1,
        )
        results = [target.offer(Record(bytes(900))) for _ in range(200)]
        for result in results:
            if result is not Offer.TAKEN:
                target.refuse(RefuseReason.BUFFER_FULL)
        stats = target.stats()
        used = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
        target.close(0.0)
    assert stats.balanced
    assert used <= 100_000
    lost = sum(stats.refused.values()), sum(stats.dropped.values())
    assert (lost[0] > 0, lost[1] > 0) == (
        (True, False) if policy == "drop_newest" else (False, True)
    )


@pytest.mark.fault(28, promise=(1, 13))
def test_a_disk_that_fails_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A folder that vanished refuses events, and somebody hears why, whatever else was told before."""
    with FakeHttpServer(Answer(503)) as server:
        (tmp_path / "spool" / "plain").mkdir(parents=True)
        (tmp_path / "spool" / "plain" / "77-0123abcd").write_text("no folder")
        target = spooled(server, tmp_path / "spool", spool_max_bytes=100_000)
        wait_for_stats(target, lambda _: "cannot be taken over" in caplog.text)
        (tmp_path / "spool").rename(tmp_path / "gone")
        (tmp_path / "spool").write_text("no folder")
        results = {target.offer(Record(bytes(9_000))) for _ in range(30)}
        target.close(0.0)
    assert Offer.FULL in results
    assert "spool_directory cannot be written" in caplog.text


def test_dead_letters_leave_the_spool(tmp_path: Path) -> None:
    """What was given up with a reason is not sent again after a restart."""
    with FakeHttpServer(lambda r: Answer(400 if b"bad" in r.body else 200)) as server:
        dead = tmp_path / "dead.jsonl"
        target = spooled(server, tmp_path, dead_letter_path=dead, linger_seconds=SLOW)
        offer(target, b"1", b"bad", b"2")
        report = target.close(5.0)
        let_go(target)
        heir = spooled(server, tmp_path)
        offer(heir, b"3")
        assert heir.flush(5.0)
        stats = heir.stats()
        heir.close(1.0)
    assert (report.delivered, report.dead_lettered) == (2, 1)
    assert (stats.delivered, stats.recovered) == (1, 0)


@pytest.mark.fault(28, promise=(1, 13))
def test_damage_is_dropped_by_name(tmp_path: Path) -> None:
    """A record that the disk does not give back leaves the books with a reason."""
    gate = threading.Event()
    with FakeHttpServer() as server:
        server.script(Answer(200, delay=gate))
        target = spooled(server, tmp_path, batch_max_events=1)
        offer(target, b"in flight")
        server.wait_for(1)
        offer(target, b"A" * 100, b"B" * 100)
        (path,) = files(tmp_path, "spool")
        data = bytearray(path.read_bytes())
        data[data.index(b"A" * 100) + 50] ^= 1
        path.write_bytes(data)
        gate.set()
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert received(server) == [b"in flight", b"B" * 100]
    assert (stats.delivered, stats.dropped) == (2, {"unreadable": 1})
    assert stats.balanced


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns: forking with threads
def test_a_forked_child_has_a_folder_of_its_own(tmp_path: Path) -> None:
    """The child sends its own records, the parent the parent's, and each once."""
    with FakeHttpServer() as server:
        target = spooled(server, tmp_path, linger_seconds=SLOW)
        offer(target, b"parent")

        def delivers_its_own() -> bool:
            offer(target, b"child")
            return target.close(5.0).delivered == 1

        assert succeeds_in_child(delivers_its_own)
        assert received(server) == [b"child"]
        target.close(5.0)
    assert received(server) == [b"child", b"parent"]


def test_a_delivery_that_is_gone_leaves_its_spool_to_the_next(tmp_path: Path) -> None:
    """Also in the same process: nothing stays locked, and no file stays open."""
    with FakeHttpServer(Answer(503)) as server:
        target = spooled(server, tmp_path)
        offer(target, b"1")
        assert target.close(0.0).spooled == 1
        del target
        server.default = Answer()
        heir = spooled(server, tmp_path)

        def has_looked(stats: Stats) -> bool:
            gc.collect()  # its thread may have held the other delivery for a moment
            with heir._shared.condition:
                heir._shared.adopt_at = float("-inf")
                heir._shared.condition.notify_all()
            return stats.delivered == 1

        stats = wait_for_stats(heir, has_looked)
        heir.close(1.0)
    assert stats.recovered == 1


class Holding(logging.Handler):
    """Keeps the thread that says what was given up until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.holds = threading.Event()
        self.let_go = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Wait."""
        if "given up" in record.getMessage():
            self.holds.set()
            self.let_go.wait(10)


def test_a_flush_waits_for_its_own_behind_what_was_adopted(tmp_path: Path) -> None:
    """What an earlier process left goes first, and does not count for what is to be flushed."""
    with FakeHttpServer(Answer(503)) as server:
        earlier = spooled(server, tmp_path)
        offer(earlier, *[b"old %d" % number for number in range(10)])
        earlier.close(0.0)
        target = spooled(
            server, tmp_path, linger_seconds=SLOW, batch_max_events=15, drop_statuses=(400,)
        )
        offer(target, *[b"new %d" % number for number in range(10)])
        server.script(Answer(400))
        server.default = Answer()
        let_go(earlier)
        # A line about the first batch holds the sender while the last five are still in the spool.
        handler = Holding()
        logger = logging.getLogger("fapilog_sink.plain")
        logger.addHandler(handler)
        try:
            with target._shared.condition:
                flushing = target.begin_flush()
                target._shared.adopt_at = float("-inf")
                target._shared.adopt()
            assert handler.holds.wait(10)
            assert not target.is_flushed(flushing)
        finally:
            handler.let_go.set()
            logger.removeHandler(handler)
        wait_for_stats(target, lambda s: target.is_flushed(flushing))
        stats = target.stats()
        target.close(5.0)
    assert (stats.delivered, sum(stats.dropped.values()), stats.recovered) == (5, 15, 10)


def killed_under_load(tmp_path: Path, url: str, fsync: str, after: int) -> list[bytes]:
    """Run a program that logs without end, kill it, and return what it was told is accepted."""
    program = subprocess.Popen(
        [sys.executable, spool_program.__file__, url, str(tmp_path), fsync],
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stdout=subprocess.PIPE,
    )
    assert program.stdout is not None
    accepted = [program.stdout.readline().strip() for _ in range(after)]
    program.send_signal(signal.SIGKILL)
    accepted += [line.strip() for line in program.stdout if line.endswith(b"\n")]
    program.stdout.close()
    program.wait(10)
    return accepted


def kill_and_recover(tmp_path: Path, fsync: str, after: int) -> None:
    """Nothing that was accepted may be missing at the server after a restart."""
    with FakeHttpServer() as server:
        server.script(*[Answer(503)] * (after % 5))
        accepted = killed_under_load(tmp_path, server.url, fsync, after)
        heir = spooled(server, tmp_path, linger_seconds=0.0)
        wait_for_stats(heir, lambda s: set(accepted) <= set(received(server)), timeout=20.0)
        report = heir.close(10.0)
        assert set(accepted) <= set(received(server))
        assert (report.stats.pending, report.stats.dropped) == (0, {})


@pytest.mark.fault(28, promise=(11, 12))
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize(("fsync", "after"), [("never", 40), ("interval", 3), ("always", 7)])
def test_sigkill_loses_nothing_that_was_accepted(tmp_path: Path, fsync: str, after: int) -> None:
    """Whatever offer took is delivered by the next process, in every fsync mode."""
    kill_and_recover(tmp_path, fsync, after)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
@pytest.mark.parametrize("fsync", ["never", "interval", "always"])
def test_sigkill_a_hundred_times(tmp_path: Path, fsync: str) -> None:
    """The same at a hundred moments, from the first record on, in one spool after the other."""
    for round_ in range(100):
        kill_and_recover(tmp_path / str(round_), fsync, 1 + round_ * 7 % 61)
