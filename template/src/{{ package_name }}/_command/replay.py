# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""`replay`: send dead letters again, through a delivery of the configured sink.

Line by line, in windows: a window is offered, flushed, and closed, which leaves none of its records
without an outcome; only then is its end remembered. So a run that is killed repeats one window at most.
What fails again is put back into the file by the delivery itself.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._delivery.buffer import Offer
from .._delivery.delivery import Delivery
from .._delivery.host import DeliverySink
from .._delivery.ledger import Stats
from .claim import Claim, Letter, count_lines, last_offset, read_letters

WINDOW_LINES = 1_000
"""A run that is killed sends at most this many events twice."""
OVERRIDES = {"buffer_policy": "drop_newest"}
"""Settings of the sink that do not fit: nothing in the buffer may give way to what comes later."""

_LOOK_SECONDS = 0.2  # between two looks whether to stop
_CLOSE_SECONDS = (
    5.0  # at most, for a stream to be ended in order; its tail is unconfirmed until then
)
_REASONS = 20
_REASON_CHARACTERS = 160


@dataclass(slots=True)
class Replay:
    """One run over one claim."""

    delivery: Delivery
    """Buries in the claim's file what fails again."""
    claim: Claim
    patience_seconds: float
    """How long nothing may get an outcome before the run gives up."""
    limit: int | None
    """How many events to send at most; None: all."""
    stop: threading.Event
    """Set from outside to end the run in order."""
    replayed: int = 0
    kept: int = 0
    """Lines that cannot be sent, which are in the file again."""
    trouble: str = ""
    """Not empty: why the run ended before its time."""

    def run(self) -> bool:
        """Replay the claim; returns whether all of it has an outcome."""
        self.kept = 0  # what a first claim has put back is read again by the second
        with contextlib.closing(self.claim.letters()) as letters:
            letter = next(letters, None)
            while letter is not None and self.may_go_on():
                letter = self._window(letter, letters)
        if letter is None and not self.trouble:
            self.claim.settle(self.claim.path.stat().st_size)  # blank lines at the end
        return self.claim.finish()

    def _window(self, letter: Letter, letters: Iterator[Letter]) -> Letter | None:
        """Replay some letters until they have an outcome; returns the first of the rest."""
        rest: Letter | None = letter
        end, taken = self.claim.settled, 0
        while rest is not None and taken < WINDOW_LINES and self.may_go_on():
            if not self._offer(rest):
                break  # the buffer is full: what is in it has to be settled first
            end, taken = rest.end, taken + 1
            rest = next(letters, None)
        if self._settle():
            self.claim.settle(end)
        if not taken:
            self.trouble = self.trouble or "no event can be taken: the process is ending"
        return rest

    def may_go_on(self) -> bool:
        """Whether another event is to be sent."""
        if self.stop.is_set():
            self.trouble = self.trouble or "it was interrupted"
        within = self.limit is None or self.replayed < self.limit
        return within and not self.trouble

    def _offer(self, letter: Letter) -> bool:
        offer = Offer.TOO_LARGE
        if letter.record is not None:
            offer = self.delivery.offer(letter.record)
        if offer is Offer.TOO_LARGE:
            self.claim.keep(letter.line)
            self.kept += 1
            return True
        self.replayed += offer is Offer.TAKEN
        return offer is Offer.TAKEN

    def _settle(self) -> bool:
        """Wait for the outcome of all that was offered; False: some of it has none that lasts."""
        settled = -1
        give_up_at = 0.0
        while not self.delivery.flush(_LOOK_SECONDS) and not self.stop.is_set():
            stats = self.delivery.stats()
            self._show(stats)
            now = time.monotonic()
            if stats.accepted - stats.pending != settled:
                settled = stats.accepted - stats.pending
                give_up_at = now + self.patience_seconds
            if now >= give_up_at:
                seconds = f"{self.patience_seconds:g}"
                self.trouble = f"the target took nothing for {seconds} s; `check` says why"
                break
        stats = self.delivery.close(min(_CLOSE_SECONDS, self.patience_seconds)).stats
        self._show(stats)
        if stats.pending or sum(stats.dropped.values()):
            self.trouble = (
                f"{self.claim.file} takes no more: make room, or raise dead_letter_max_bytes;"
                f" nothing is lost, {self.claim.path} still has what could not be put back"
            )
            return False
        return True

    def _show(self, stats: Stats) -> None:
        _show_progress(f"{self.replayed} replayed, {stats.delivered} delivered")


def run(
    sink: DeliverySink[Any], file: Path, patience_seconds: float | None, limit: int | None
) -> int:
    """Replay the file, and before it what an interrupted run has left; returns the exit code.

    Raises:
        OSError: a file cannot be read, renamed or written.
    """
    config = sink.config
    if patience_seconds is None:
        patience_seconds = config.connect_timeout_seconds + config.request_timeout_seconds
    delivery = Delivery(sink.name, settings=config, exchange=sink.exchange(config))
    try:
        with _stopped_by_signals() as stop, Claim(file) as claim:
            replay = Replay(delivery, claim, patience_seconds, limit, stop)
            passes = 2 if claim.is_interrupted() else 1
            while passes and replay.may_go_on() and claim.take() and replay.run():
                passes -= 1
            return _report(replay)
    except BlockingIOError:
        print(f"another replay of {file} is running", file=sys.stderr)
        return 1


def dry_run(file: Path) -> int:
    """Count the letters by reason, and change nothing; returns the exit code."""
    left = file.with_name(f"{file.name}.replay")
    offset = last_offset(file.with_name(f"{left.name}.at"))
    reasons: Counter[str] = Counter()
    for path, start in ((left, offset), (file, 0)):
        if path.exists():
            reasons.update(_reason(letter) for letter in read_letters(path, start))
    for reason, count in reasons.most_common(_REASONS):
        print(f"{count:>10}  {reason}")
    print(f"{sum(reasons.values()):>10}  in all, of {len(reasons)} reasons")
    return 0


def _reason(letter: Letter) -> str:
    if letter.record is None:
        return "(unreadable)"
    text = letter.reason[:_REASON_CHARACTERS]
    return "".join(char if char.isprintable() else "?" for char in text)


def _report(replay: Replay) -> int:
    stats, claim, remaining = replay.delivery.stats(), replay.claim, replay.claim.remaining()
    unconfirmed = stats.delivered_unconfirmed
    _show_progress("")
    rows = {
        "replayed": f"{replay.replayed}",
        "delivered": f"{stats.delivered}"
        + (f" ({unconfirmed} of them unconfirmed)" if unconfirmed else ""),
        "failed again": f"{stats.dead_lettered}",
        "unreadable": f"{replay.kept}",
        "remaining": f"{remaining}" + (f" in {claim.path}" if remaining else ""),
    }
    for name, text in rows.items():
        print(f"{name:<14}{text}")
    print(f"{claim.file} has {count_lines(claim.file, 0)} dead letters now")
    if replay.trouble:
        print(f"it ended early: {replay.trouble}")
    return 1 if replay.trouble or stats.dead_lettered or replay.kept else 0


def _show_progress(text: str) -> None:
    """Rewrite a line on a terminal; say nothing into a log."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()


@contextlib.contextmanager
def _stopped_by_signals() -> Iterator[threading.Event]:
    """Turn Ctrl-C, and what a service manager sends, into an event; a second one is as usual."""
    stop = threading.Event()
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: object) -> None:  # noqa: ARG001 - the signature of a handler
        stop.set()
        signal.signal(number, usual[signal.Signals(number)])

    for number in usual:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        for number, handler in usual.items():
            signal.signal(number, handler)
