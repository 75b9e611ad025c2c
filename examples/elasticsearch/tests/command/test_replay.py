# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""`replay` with real files and sockets: whatever happens, no letter is lost."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path

import pytest

from acme_elasticsearch import _delivery
from acme_elasticsearch._command import replay
from acme_elasticsearch._command.claim import Claim, read_letters
from acme_elasticsearch._delivery.deadletter import DeadLetterFile
from acme_elasticsearch._delivery.records import Record

from ..support.fake_http import Answer, FakeHttpServer, Received
from .program import run

SOURCE = Path(_delivery.__file__).parents[2]
PROJECT = Path(__file__).parents[2]
LETTERS = [b"event-%d" % number for number in range(25)]


POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has neither modes nor signals")


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the dead letters are."""
    return tmp_path / "dead.jsonl"


def bury(file: Path, letters: Iterable[bytes] = LETTERS, reason: str = "expired") -> None:
    """Write dead letters as an application does."""
    entries = [(Record(letter), reason) for letter in letters]
    assert DeadLetterFile(file, max_bytes=100_000_000).append(entries) == len(entries)


def events_in(*files: Path) -> list[bytes]:
    """Return the events of dead-letter files that can be read."""
    found = [letter for file in files if file.exists() for letter in read_letters(file, 0)]
    return [letter.record.payload for letter in found if letter.record]


def arrived(server: FakeHttpServer) -> list[bytes]:
    """Return all that was sent, refused or not."""
    return [line for request in server.requests for line in request.body.splitlines()]


def figures(printed: str) -> dict[str, int]:
    """Return the counts of the report."""
    words = ("replayed", "delivered", "failed again", "unreadable", "remaining")
    lines = [line for line in printed.splitlines() if line.startswith(words)]
    return {line[:14].strip(): int(line[14:].split()[0]) for line in lines}


def claimed(file: Path) -> Path:
    """Return the file as it is called during a replay."""
    return file.with_name(f"{file.name}.replay")


def every_third(request: Received) -> Answer:
    """Refuse the events whose number can be divided by three."""
    numbers = [int(line.rpartition(b"-")[2]) for line in request.body.splitlines()]
    return Answer(400 if any(number % 3 == 0 for number in numbers) else 200)


def test_all_is_delivered(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In order, once, and the file is gone."""
    bury(file)
    with FakeHttpServer() as server:
        assert run("replay", str(file), settings=[f"url={server.url}"]) == 0
        assert arrived(server) == LETTERS
    assert list(file.parent.iterdir()) == []
    printed = capsys.readouterr()
    assert figures(printed.out) == {
        "replayed": 25,
        "delivered": 25,
        "failed again": 0,
        "unreadable": 0,
        "remaining": 0,
    }
    assert printed.err == ""  # no progress line in a log


def test_file_of_the_settings(file: Path) -> None:
    """Without a FILE the one of the configuration is replayed."""
    bury(file)
    with FakeHttpServer() as server:
        settings = [f"url={server.url}", f"dead_letter_path={file}"]
        assert run("replay", settings=settings) == 0
        assert len(arrived(server)) == 25


def test_nothing_to_replay(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No dead letters are good news."""
    assert run("replay", str(file), settings=["url=http://127.0.0.1:9"]) == 0
    assert figures(capsys.readouterr().out)["replayed"] == 0


@POSIX
def test_what_fails_again_stays(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each refused event is in the file once, with its new reason, for its owner's eyes."""
    bury(file)
    with FakeHttpServer(every_third) as server:
        assert run("replay", str(file), settings=[f"url={server.url}"]) == 1
    refused = [letter for number, letter in enumerate(LETTERS) if number % 3 == 0]
    assert sorted(events_in(file)) == sorted(refused)
    assert {letter.reason for letter in read_letters(file, 0)} == {"HTTP 400"}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not claimed(file).exists()
    found = figures(capsys.readouterr().out)
    assert (found["delivered"], found["failed again"], found["remaining"]) == (16, 9, 0)


def test_windows_are_settled_one_by_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The offset moves behind a window when all of it has an outcome, and not before."""
    monkeypatch.setattr(replay, "WINDOW_LINES", 10)
    bury(file)
    ends = [letter.end for letter in read_letters(file, 0)]
    progress = file.with_name(f"{file.name}.replay.at")
    seen = []

    def look(_: Received) -> Answer:
        seen.append(progress.read_bytes().split())
        return Answer()

    with FakeHttpServer(look) as server:
        assert run("replay", str(file), settings=[f"url={server.url}"]) == 0
        assert arrived(server) == LETTERS
    settled = [b"%d" % ends[9], b"%d" % ends[19]]
    assert seen == [settled[:0], settled[:1], settled]


def test_full_buffer(file: Path) -> None:
    """Reading waits for the buffer; nothing is dropped, whatever the policy of the application."""
    bury(file)
    settings = ["buffer_max_events=4", "buffer_policy=drop_oldest"]
    with FakeHttpServer() as server:
        assert run("replay", str(file), settings=[f"url={server.url}", *settings]) == 0
        assert arrived(server) == LETTERS


def test_target_is_down(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Everything is still there, and the run does not wait for ever."""
    bury(file)
    settings = ["url=http://127.0.0.1:9", "connect_timeout_seconds=0.1"]
    assert run("replay", str(file), "--timeout", "0.1", settings=settings) == 1
    assert sorted(events_in(file, claimed(file))) == sorted(LETTERS)
    assert "took nothing for 0.1 s" in capsys.readouterr().out


def test_target_goes_down_between_windows(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was delivered is gone, the next window is put back, the rest waits for the next run."""
    monkeypatch.setattr(replay, "WINDOW_LINES", 10)
    bury(file)

    def once(_: Received) -> Answer:
        return Answer(200 if len(server.requests) == 1 else 503)

    with FakeHttpServer(once) as server:
        settings = [f"url={server.url}"]
        assert run("replay", str(file), "--timeout", "0.5", settings=settings) == 1
        assert events_in(file) == LETTERS[10:20]
        assert events_in(claimed(file)) == LETTERS
        server.default = Answer()
        assert run("replay", str(file), settings=settings) == 0
        assert arrived(server)[-15:] == LETTERS[20:] + LETTERS[10:20]
    assert list(file.parent.iterdir()) == []


def test_wrong_credentials_end_the_run(file: Path) -> None:
    """A hold does not pass by waiting: nothing is lost, and the operator is told."""
    bury(file)
    with FakeHttpServer(Answer(403)) as server:
        settings = [f"url={server.url}"]
        assert run("replay", str(file), "--timeout", "0.1", settings=settings) == 1
    assert sorted(events_in(file, claimed(file))) == sorted(LETTERS)


def test_application_goes_on_writing(file: Path) -> None:
    """What it gives up meanwhile is in its file afterwards, and only there."""
    bury(file)

    def write(_: Received) -> Answer:
        bury(file, [b"new-%d" % len(server.requests)])
        return Answer()

    with FakeHttpServer(write) as server:
        settings = [f"url={server.url}", "batch_max_events=5"]
        assert run("replay", str(file), settings=settings) == 0
        assert arrived(server) == LETTERS
    assert events_in(file) == [b"new-%d" % number for number in range(1, 6)]


def test_full_dead_letter_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be put back is not taken away either."""
    bury(file)

    def refuse(_: Received) -> Answer:
        if len(server.requests) == 1:
            bury(file, [1_000 * b"x"])
        return Answer(503)

    settings = ["retry_deadline_seconds=0.01", "dead_letter_max_bytes=1200"]
    with FakeHttpServer(refuse) as server:
        assert run("replay", str(file), settings=[f"url={server.url}", *settings]) == 1
    assert events_in(claimed(file)) == LETTERS
    with Claim(file) as claim:
        claim.take()
        assert claim.remaining() == 25
    printed = capsys.readouterr().out
    assert "raise dead_letter_max_bytes" in printed
    assert figures(printed)["remaining"] == 25


def test_unreadable_lines_stay(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """They are put back unchanged and counted; what can be sent is sent."""
    bury(file, LETTERS[:2])
    with file.open("ab") as stream:
        stream.write(b"what is this?\n")
    bury(file, LETTERS[2:4])
    with file.open("ab") as stream:
        stream.write(b'{"format":1,"ev')
    with FakeHttpServer() as server:
        assert run("replay", str(file), settings=[f"url={server.url}"]) == 1
        assert arrived(server) == LETTERS[:4]
    assert file.read_bytes() == b'what is this?\n{"format":1,"ev\n'
    assert not claimed(file).exists()
    assert figures(capsys.readouterr().out)["unreadable"] == 2


def test_event_that_no_buffer_holds(file: Path) -> None:
    """It stays, unchanged."""
    bury(file, [b"a", 20_000 * b"x", b"b"])
    lines = file.read_bytes().splitlines(keepends=True)
    with FakeHttpServer() as server:
        settings = [f"url={server.url}", "buffer_max_bytes=10000"]
        assert run("replay", str(file), settings=settings) == 1
        assert arrived(server) == [b"a", b"b"]
    assert file.read_bytes() == lines[1]


def test_bytes_that_are_no_text(file: Path) -> None:
    """They arrive as they were."""
    bury(file, [b"\xff\x00\x01"])
    with FakeHttpServer() as server:
        assert run("replay", str(file), settings=[f"url={server.url}"]) == 0
        assert server.requests[0].body == b"\xff\x00\x01"


def test_limit(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Some first, to see; the next run goes on with the rest."""
    bury(file)
    with FakeHttpServer() as server:
        settings = [f"url={server.url}"]
        assert run("replay", str(file), "--limit", "7", settings=settings) == 0
        assert arrived(server) == LETTERS[:7]
        assert figures(capsys.readouterr().out)["remaining"] == 18
        assert run("replay", str(file), settings=settings) == 0
        assert arrived(server) == LETTERS
    assert list(file.parent.iterdir()) == []


def test_dry_run(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Counts by reason, without a target, without a trace; a reason cannot play with the terminal."""
    bury(file, LETTERS[:3])
    bury(file, LETTERS[:2], "HTTP 400\x1b[2J")
    with file.open("ab") as stream:
        stream.write(b"what is this?\n")
    before = file.read_bytes()
    assert run("replay", str(file), "--dry-run") == 0
    assert capsys.readouterr().out.splitlines() == [
        "         3  expired",
        "         2  HTTP 400?[2J",
        "         1  (unreadable)",
        "         6  in all, of 3 reasons",
    ]
    assert [path.read_bytes() for path in file.parent.iterdir()] == [before]


def test_dry_run_counts_what_an_interrupted_run_has_left(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is settled does not count any more."""
    bury(file, LETTERS[:5])
    with Claim(file) as claim:
        claim.take()
        claim.settle(next(claim.letters()).end)
    bury(file, LETTERS[5:7])
    assert run("replay", "--dry-run", settings=[f"dead_letter_path={file}"]) == 0
    assert "         6  in all" in capsys.readouterr().out


@POSIX
def test_interrupt(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C ends the run in order: no letter is lost, and none is sent twice by the next run."""
    bury(file)

    def interrupt(_: Received) -> Answer:
        if len(server.requests) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return Answer()

    before = signal.getsignal(signal.SIGINT)
    with FakeHttpServer(interrupt) as server:
        settings = [f"url={server.url}", "buffer_max_events=5"]
        assert run("replay", str(file), settings=settings) == 1
        assert "interrupted" in capsys.readouterr().out
        assert signal.getsignal(signal.SIGINT) is before
        assert len(arrived(server)) < 25
        assert run("replay", str(file), settings=settings) == 0
        assert arrived(server) == LETTERS
    assert list(file.parent.iterdir()) == []


@POSIX
def test_second_run_at_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two runs would send everything twice."""
    bury(file)
    with Claim(file), FakeHttpServer() as server:
        assert run("replay", str(file), settings=[f"url={server.url}"]) == 1
        assert server.requests == []
    assert "another replay" in capsys.readouterr().err
    assert events_in(file) == LETTERS


def test_folder_in_place_of_the_file(tmp_path: Path) -> None:
    """A wrong path is a wrong setting."""
    assert run("replay", str(tmp_path), settings=["url=http://127.0.0.1:9"]) == 2


def test_progress_on_a_terminal(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, written again and again, and wiped at the end."""
    bury(file)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with FakeHttpServer() as server:
        assert run("replay", str(file), settings=[f"url={server.url}"]) == 0
    printed = capsys.readouterr().err
    assert "\r\x1b[K25 replayed, 25 delivered" in printed
    assert printed.endswith("\r\x1b[K")


def test_dangerous_setting_is_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The warning of the sink is shown as a line."""
    settings = ["url=https://127.0.0.1:9", "tls_skip_verification=true"]
    assert run("replay", str(file), settings=settings) == 0
    assert "warning: tls_skip_verification" in capsys.readouterr().err


@POSIX
def test_killed_again_and_again(file: Path) -> None:
    """No letter is lost, and a kill costs at most one window of duplicates."""
    letters = [b"event-%d" % number for number in range(1_500)]
    bury(file, letters)
    kills = (3, 13)  # in the first window and in the second
    reached, go = threading.Event(), threading.Event()

    def hold_or_take(_: Received) -> Answer:
        if len(server.requests) in kills:
            reached.set()
            return Answer(delay=go)
        return Answer()

    with FakeHttpServer(hold_or_take) as server:
        settings = [f"url={server.url}", "batch_max_events=100"]
        for _ in kills:
            kill_when(reached, file, settings)
        go.set()
        assert run("replay", str(file), settings=settings) == 0
        got = arrived(server)
    assert set(got) == set(letters)
    assert len(got) - len(letters) <= len(kills) * replay.WINDOW_LINES
    assert list(file.parent.iterdir()) == []


def kill_when(reached: threading.Event, file: Path, settings: list[str]) -> None:
    """Start a replay as a process, and kill it when the event is set."""
    pairs = [part for setting in settings for part in ("--set", setting)]
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.command.program", "replay", str(file), *pairs],
        env=os.environ | {"PYTHONPATH": f"{SOURCE}{os.pathsep}{PROJECT}"},
        cwd=PROJECT,
    )
    try:
        assert reached.wait(20)
    finally:
        process.kill()
        process.wait()
    reached.clear()
    assert claimed(file).exists()
