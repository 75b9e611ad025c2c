# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Threads, time-outs and ends, against a server on a real socket."""

from __future__ import annotations

import gc
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from acme_syslog_cef._delivery import registry
from acme_syslog_cef._delivery.buffer import Offer
from acme_syslog_cef._delivery.deadletter import DeadLetterFile
from acme_syslog_cef._delivery.delivery import Delivery
from acme_syslog_cef._delivery.errors import ConfigurationError
from acme_syslog_cef._delivery.ledger import RefuseReason, Stats
from acme_syslog_cef._delivery.records import (
    Batch,
    HttpResponse,
    Record,
    Verdict,
)

from ..support.fake_http import Answer, FakeHttpServer
from ..support.forking import succeeds_in_child, untraced
from . import plain
from .plain import delivery

SLOW = 60.0  # seconds that no test waits for


def offer(target: Delivery, *payloads: bytes) -> None:
    """Offer records that have to be taken."""
    for payload in payloads:
        assert target.offer(Record(payload)) is Offer.TAKEN


def received(server: FakeHttpServer) -> list[bytes]:
    """Return the payloads of all requests in order."""
    return [line for request in server.requests for line in request.body.split(b"\n")]


def wait_for_stats(
    target: Delivery, condition: Callable[[Stats], bool], timeout: float = 5.0
) -> Stats:
    """Wait until the books say so."""
    deadline = time.monotonic() + timeout
    while not condition(stats := target.stats()):
        assert time.monotonic() < deadline, stats
        assert stats.balanced
        threading.Event().wait(0.002)
    return stats


def test_delivers_without_being_told() -> None:
    """The first record starts the thread, and the linger time sends it."""
    with FakeHttpServer() as server:
        target = delivery(server.url)
        offer(target, b"one")
        server.wait_for(1)
        assert wait_for_stats(target, lambda s: s.delivered == 1).balanced
        target.close(1.0)
    assert received(server) == [b"one"]


@pytest.mark.fault(promise=16)
def test_a_full_batch_does_not_linger() -> None:
    """batch_max_events closes a batch at once."""
    with FakeHttpServer() as server:
        target = delivery(server.url, linger_seconds=SLOW, batch_max_events=2)
        offer(target, b"1", b"2", b"3")
        assert server.wait_for(1)[0].body == b"1\n2"
        assert target.stats().pending >= 1
        target.close(1.0)
    assert received(server) == [b"1", b"2", b"3"]


@pytest.mark.fault(promise=16)
def test_flush_does_not_linger() -> None:
    """Flush sends what is buffered and returns when it is settled."""
    with FakeHttpServer() as server:
        target = delivery(server.url, linger_seconds=SLOW)
        offer(target, b"1")
        assert target.flush(5.0)
        assert target.stats().delivered == 1
        offer(target, b"2")
        assert target.stats().pending == 1
        target.close(1.0)


def test_flush_says_when_it_failed() -> None:
    """Flush does not claim what the target never answered."""
    with FakeHttpServer(Answer(503)) as server:
        target = delivery(server.url)
        offer(target, b"1")
        assert not target.flush(0.05)
        target.close(0.0)


def test_a_status_is_retried_until_it_works() -> None:
    """503 and 429 are not exceptions, and they are retried all the same; nothing is sent twice."""
    with FakeHttpServer() as server:
        server.script(Answer(503), Answer(429), Answer(200))
        target = delivery(server.url)
        offer(target, b"one")
        stats = wait_for_stats(target, lambda s: s.delivered == 1)
        target.close(1.0)
    assert len(server.requests) == 3
    assert (stats.retried, stats.ambiguous) == (2, 0)


@pytest.mark.fault(3, 4, promise=4)
def test_a_cut_connection_is_retried_and_counted_as_ambiguous() -> None:
    """The target may have stored what it did not acknowledge: a possible duplicate."""
    with FakeHttpServer() as server:
        server.script(Answer(cut="before"), Answer(200))
        target = delivery(server.url)
        offer(target, b"one")
        stats = wait_for_stats(target, lambda s: s.delivered == 1)
        target.close(1.0)
    assert (stats.retried, stats.ambiguous) == (1, 1)


@pytest.mark.fault(1, promise=8)
def test_an_outage_loses_nothing_that_fits() -> None:
    """Records wait in memory while nobody listens, and arrive in order afterwards."""
    with FakeHttpServer() as server:
        target = delivery(server.url, retry_max_seconds=0.02, batch_max_events=10)
        server.stop()
        payloads = [b"%d" % number for number in range(50)]
        offer(target, *payloads)
        wait_for_stats(target, lambda s: s.retried >= 10)
        assert target.stats().pending == 50
        server.start()
        wait_for_stats(target, lambda s: s.delivered == 50)
        target.close(1.0)
    assert received(server) == payloads


@pytest.mark.fault(promise=(3, 22))
def test_memory_is_bounded_while_the_target_is_down() -> None:
    """What waits for a retry still counts: the buffer refuses instead of growing."""
    with FakeHttpServer(Answer(503)) as server:
        target = delivery(server.url, buffer_max_events=5, batch_max_events=2)
        offer(target, *[b"x"] * 5)
        wait_for_stats(target, lambda s: s.retried > 0)
        assert target.offer(Record(b"x")) is Offer.FULL
        target.refuse(RefuseReason.BUFFER_FULL)
        stats = target.stats()
        assert (stats.pending, stats.refused) == (5, {"buffer_full": 1})
        assert stats.balanced
        target.close(0.0)


@pytest.mark.fault(promise=3)
def test_drop_oldest_counts_what_it_drops() -> None:
    """The newest is kept, the oldest that is not on its way is dropped and counted."""
    gate = threading.Event()
    with FakeHttpServer() as server:
        server.script(Answer(200, delay=gate))
        target = delivery(
            server.url, buffer_policy="drop_oldest", buffer_max_events=3, batch_max_events=1
        )
        offer(target, b"in flight")
        server.wait_for(1)
        offer(target, b"1", b"2", b"3", b"4")
        gate.set()
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert received(server) == [b"in flight", b"3", b"4"]
    assert stats.dropped == {"drop_oldest": 2}


@pytest.mark.fault(promise=(1, 8))
def test_an_expired_record_is_dropped_and_counted() -> None:
    """Past its deadline a failing record ends, by name."""
    with FakeHttpServer(Answer(503)) as server:
        target = delivery(server.url, retry_deadline_seconds=0.03)
        offer(target, b"one")
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert stats.dropped == {"expired": 1}
    assert stats.balanced


def test_an_expired_record_goes_to_the_dead_letter_file(tmp_path: Path) -> None:
    """With a file it is kept, with its reason and its attempts."""
    path = tmp_path / "dead.jsonl"
    with FakeHttpServer(Answer(503)) as server:
        target = delivery(server.url, retry_deadline_seconds=0.03, dead_letter_path=path)
        offer(target, b"one")
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    (entry,) = map(orjson.loads, path.read_bytes().splitlines())
    assert (entry["event"], entry["reason"]) == ("one", "HTTP 503")
    assert entry["attempts"] == len(server.requests)
    assert (stats.dead_lettered, stats.dropped) == (1, {})


@pytest.mark.fault(17, promise=9)
def test_hold_keeps_the_data_and_does_not_hammer(caplog: pytest.LogCaptureFixture) -> None:
    """A refused token is asked about once per interval; the events wait; somebody is told."""
    with FakeHttpServer(Answer(401)) as server:
        target = delivery(server.url, retry_deadline_seconds=0.01, hold_seconds=0.1)
        offer(target, b"one")
        server.wait_for(3)
        server.default = Answer(200)
        stats = wait_for_stats(target, lambda s: s.delivered == 1)
        target.close(1.0)
    assert stats.dropped == {}
    assert "on hold: HTTP 401" in caplog.text


def test_hold_does_not_delay_a_close() -> None:
    """Nobody repairs a token within a grace: one last attempt, then the report."""
    with FakeHttpServer(Answer(401)) as server:
        target = delivery(server.url)
        offer(target, b"one")
        server.wait_for(1)
        began = time.monotonic()
        report = target.close(SLOW)
        assert time.monotonic() - began < SLOW / 2
        assert len(server.requests) <= 2
    assert report.stats.dropped == {"closed": 1}


@pytest.mark.fault(13, promise=5)
def test_one_bad_record_does_not_stop_the_others() -> None:
    """A refused request is halved; the culprit is rejected, the rest is delivered once."""
    with FakeHttpServer(lambda r: Answer(400 if b"bad" in r.body else 200)) as server:
        target = delivery(server.url, linger_seconds=SLOW)
        offer(target, b"1", b"2", b"bad", b"3", b"4")
        report = target.close(5.0)
    assert report.stats.delivered == 4
    assert report.stats.dropped == {"rejected": 1}


def test_a_bad_record_does_not_block_a_quiet_application() -> None:
    """A lone bad record is condemned as soon as a good one follows, long before the hold is over."""
    with FakeHttpServer(lambda r: Answer(400 if b"bad" in r.body else 200)) as server:
        target = delivery(server.url, hold_seconds=SLOW)
        offer(target, b"bad")
        server.wait_for(1)
        offer(target, b"good")
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    assert (stats.delivered, stats.dropped) == (1, {"rejected": 1})


def test_a_client_that_cannot_be_made_is_held(caplog: pytest.LogCaptureFixture) -> None:
    """A certificate file that is missing for a while costs no event, and somebody is told."""
    with FakeHttpServer() as server:
        config = plain.PlainConfig(url=server.url, hold_seconds=0.05)
        working = plain.exchange(config)
        tries: list[int] = []

        def connect() -> Any:
            tries.append(1)
            if len(tries) < 3:
                raise ConfigurationError("tls_ca_file cannot be read")
            (make,) = working.endpoints.values()
            return make()

        broken = replace(working, endpoints={"plain": connect})
        target = Delivery("plain", settings=config, exchange=broken)
        offer(target, b"one")
        assert target.flush(5.0)
        target.close(1.0)
    assert "tls_ca_file cannot be read" in caplog.text


@pytest.mark.fault(promise=11)
def test_close_delivers_what_is_buffered() -> None:
    """Close does not wait for the linger time and loses nothing the target takes."""
    with FakeHttpServer() as server:
        target = delivery(server.url, linger_seconds=SLOW, batch_max_events=2)
        offer(target, b"1", b"2", b"3", b"4", b"5")
        report = target.close(5.0)
    assert received(server) == [b"1", b"2", b"3", b"4", b"5"]
    assert (report.delivered, report.dropped, report.stats.pending) == (report.pending, 0, 0)


def test_close_cuts_a_backoff_short() -> None:
    """The wait for the next attempt ends when somebody waits for the close."""
    with FakeHttpServer() as server:
        server.script(Answer(503, headers={"Retry-After": "60"}))
        target = delivery(server.url)
        offer(target, b"one")
        wait_for_stats(target, lambda s: s.retried == 1)
        report = target.close(SLOW)
    assert report.delivered == 1


@pytest.mark.fault(promise=11)
def test_close_reports_what_it_could_not_deliver(capsys: pytest.CaptureFixture[str]) -> None:
    """What is left is counted by reason and said on stderr in one line."""
    with FakeHttpServer(Answer(503)) as server:
        target = delivery(server.url)
        offer(target, b"1", b"2")
        report = target.close(0.05)
    assert (report.dropped, report.stats.dropped) == (2, {"closed": 2})
    assert report.stats.balanced
    (line,) = capsys.readouterr().err.splitlines()
    assert "2 of 2 accepted events were lost (closed: 2)" in line


@pytest.mark.fault(promise=11)
def test_close_keeps_the_rest_in_the_dead_letter_file(tmp_path: Path) -> None:
    """With a file the end of the process loses nothing either."""
    path = tmp_path / "dead.jsonl"
    with FakeHttpServer(Answer(503)) as server:
        target = delivery(server.url, dead_letter_path=path)
        offer(target, b"1", b"2")
        report = target.close(0.05)
    assert [orjson.loads(line)["event"] for line in path.read_bytes().splitlines()] == ["1", "2"]
    assert (report.dropped, report.dead_lettered) == (0, 2)


@pytest.mark.parametrize("obstacle", ["full", "unwritable"])
def test_what_the_dead_letter_file_cannot_take_is_counted(
    tmp_path: Path,
    obstacle: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A full or unwritable file loses events by name, and somebody is told."""
    path = tmp_path / "dead.jsonl"
    with FakeHttpServer(Answer(503)) as server:
        target = delivery(
            server.url,
            retry_deadline_seconds=0.03,
            dead_letter_path=path,
            dead_letter_max_bytes=1_000,
        )
        if obstacle == "unwritable":
            path.mkdir()
        offer(target, *[b"x" * 600] * 2)
        stats = wait_for_stats(target, lambda s: s.pending == 0)
        target.close(1.0)
    kept = 0 if obstacle == "unwritable" else 1
    assert (stats.dead_lettered, stats.dropped) == (kept, {"expired": 2 - kept})
    assert "dead" in caplog.text
    assert "The dead-letter file was full" in capsys.readouterr().err


def test_a_report_waits_for_the_dead_letter_file(tmp_path: Path) -> None:
    """What is on its way into the file while somebody closes is in the report, too."""
    gate = threading.Event()
    entered = threading.Event()

    class SlowFile(DeadLetterFile):
        def append(self, entries: Any) -> int:
            entered.set()
            gate.wait(5)
            return super().append(entries)

    with FakeHttpServer(Answer(503)) as server:
        target = delivery(server.url, retry_deadline_seconds=0.01)
        target._shared.dead_letter = SlowFile(tmp_path / "dead.jsonl", max_bytes=10_000)
        offer(target, b"one")
        assert entered.wait(5)
        threading.Timer(0.05, gate.set).start()
        report = target.close(0.0)
    assert (report.dead_lettered, report.stats.pending) == (1, 0)


@pytest.mark.fault(5, promise=11)
def test_close_does_not_wait_for_a_hanging_server() -> None:
    """A request that hangs is given up at the end of the grace, and its late answer changes nothing."""
    gate = threading.Event()
    with FakeHttpServer() as server:
        server.script(Answer(200, delay=gate))
        target = delivery(server.url)
        offer(target, b"one")
        server.wait_for(1)
        report = target.close(0.05)
        gate.set()
        assert report.stats.dropped == {"closed": 1}
        offer(target, b"two")
        stats = wait_for_stats(target, lambda s: s.delivered == 1)
        target.close(1.0)
    assert (stats.dropped, stats.balanced) == ({"closed": 1}, True)


def test_close_twice_and_at_once() -> None:
    """Any number of callers get a report, and each record is booked once."""
    with FakeHttpServer() as server:
        target = delivery(server.url, linger_seconds=SLOW)
        offer(target, b"one")
        reports: list[Any] = []
        threads = [
            threading.Thread(target=lambda: reports.append(target.close(5.0))) for _ in "123"
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        reports.append(target.close(5.0))
    assert len(reports) == 4
    assert (target.stats().delivered, target.stats().balanced) == (1, True)


def test_a_later_record_opens_it_again() -> None:
    """After a close the delivery works again as if nothing had been."""
    with FakeHttpServer() as server:
        target = delivery(server.url)
        offer(target, b"1")
        target.close(5.0)
        offer(target, b"2")
        report = target.close(5.0)
    assert received(server) == [b"1", b"2"]
    assert report.stats.delivered == 2


def test_close_all_finds_what_nobody_holds() -> None:
    """A delivery with pending records outlives its sink until the end of the process."""
    with FakeHttpServer() as server:
        offer(delivery(server.url, linger_seconds=SLOW), b"orphan")
        gc.collect()
        registry.close_all()
    assert received(server) == [b"orphan"]


def test_nothing_is_taken_after_the_exit(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fapilog's thread writes after the exit hook would be lost in silence: it is refused."""
    with FakeHttpServer() as server:
        target = delivery(server.url, linger_seconds=SLOW)
        offer(target, b"in time")
        monkeypatch.setattr(registry, "_exiting", False)  # set back when the test is over
        registry.close_at_exit()
        assert target.offer(Record(b"too late")) is Offer.CLOSED
        target.refuse(RefuseReason.CLOSED)
    assert received(server) == [b"in time"]
    assert target.stats().refused == {"closed": 1}
    assert target.stats().balanced


@pytest.mark.fault(10, promise=1)
def test_books_balance_under_many_threads() -> None:
    """Offers from many threads at once, faults in between: every look at the books is balanced."""
    with FakeHttpServer() as server:
        server.script(*[Answer(status) for status in (503, 200, 429, 200, 500)])
        target = delivery(server.url, batch_max_events=50, retry_max_seconds=0.01)

        def write() -> None:
            for _ in range(200):
                offer(target, b"x")
                assert target.stats().balanced

        threads = [threading.Thread(target=write) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report = target.close(10.0)
    assert report.stats.delivered == 1_600


def test_a_bug_in_the_platform_loses_nothing() -> None:
    """An exception in a classifier is a failed attempt, not the end of the thread."""

    def classify(response: HttpResponse, batch: Batch) -> Verdict:
        if response.status == 418:
            raise KeyError("unknown status")
        return plain.classify(response, batch)

    with FakeHttpServer() as server:
        server.script(Answer(418))
        config = plain.PlainConfig(url=server.url)
        broken = replace(plain.exchange(config), classify=classify)
        target = Delivery("plain", settings=config, exchange=broken)
        offer(target, b"one")
        stats = wait_for_stats(target, lambda s: s.delivered == 1)
        target.close(1.0)
    assert stats.ambiguous == 1


@pytest.mark.fault(33, promise=1)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns: forking with threads
def test_a_forked_child_starts_clean() -> None:
    """The child neither resends the parent's records nor inherits its dead thread."""
    with FakeHttpServer() as server:
        target = delivery(server.url, linger_seconds=SLOW)
        offer(target, b"parent")

        def delivers_its_own() -> bool:
            clean = target.stats().pending == 0
            offer(target, b"child")
            return clean and target.close(5.0).delivered == 1

        assert succeeds_in_child(delivers_its_own)
        assert received(server) == [b"child"]
        target.close(5.0)
    assert received(server) == [b"child", b"parent"]


def _offer_and_return(target: Delivery) -> None:
    offer(target, b"child")


@pytest.mark.fault(33, promise=11)
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns: forking with threads
def test_the_end_of_a_multiprocessing_child_delivers() -> None:
    """Such a child ends without atexit hooks before Python 3.13; what it buffered arrives."""
    with FakeHttpServer() as server:
        target = delivery(server.url, linger_seconds=SLOW)
        context = multiprocessing.get_context("fork")
        child = context.Process(target=_offer_and_return, args=(target,))
        with untraced():
            child.start()
        child.join(10)
        assert child.exitcode == 0
        assert received(server) == [b"child"]


FIRST_IMPORT_IN_CHILD = """
import multiprocessing
def child():
    from acme_syslog_cef._delivery import registry
    registry.close_all = lambda: print("closed", flush=True)
if __name__ == "__main__":
    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(10)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_multiprocessing_child_that_imports_the_plugin_first_closes_too() -> None:
    """The hooks of a fork that is over come too late; such a child has one of its own."""
    source = Path(registry.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", FIRST_IMPORT_IN_CHILD],
        env=os.environ | {"PYTHONPATH": str(source)},
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert b"closed" in done.stdout
