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
from pathlib import Path
from typing import Any

from .._delivery.buffer import Offer
from .._delivery.delivery import Delivery
from .._delivery.host import DeliverySink
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


class Replay:
    """One run over one claim.

    Args:
        delivery: Buries in the claim's file what fails again.
        claim: The file.
        patience_seconds: How long nothing may get an outcome before the run gives up.
        limit: How many events to send at most; None: all.
        stop: Set from outside to end the run in order.
    """

    def __init__(
        self,
        delivery: Delivery,
        claim: Claim,
        *,
        patience_seconds: float,
        limit: int | None,
        stop: threading.Event,
    ) -> None:
        self._delivery = delivery
        self._claim = claim
        self._patience_seconds = patience_seconds
        self._limit = limit
        self._stop = stop
        self.replayed = 0
        self.kept = 0
        """Lines that cannot be sent, which are in the file again."""
        self.trouble = ""
        """Not empty: why the run ended before its time."""

    def run(self) -> bool:
        """Replay the claim; returns whether all of it has an outcome."""
        self.kept = 0  # what a first claim has put back is read again by the second
        with contextlib.closing(self._claim.letters()) as letters:
            letter = next(letters, None)
            while letter is not None and self.may_go_on():
                letter = self._window(letter, letters)
        if letter is None and not self.trouble:
            self._claim.settle(self._claim.path.stat().st_size)  # blank lines at the end
        return self._claim.finish()

    def _window(self, letter: Letter, letters: Iterator[Letter]) -> Letter | None:
        """Replay some letters until they have an outcome; returns the first of the rest."""
        rest: Letter | None = letter
        end, taken = self._claim.settled, 0
        while rest is not None and taken < WINDOW_LINES and self.may_go_on():
            if not self._offer(rest):
                break  # the buffer is full: what is in it has to be settled first
            end, taken = rest.end, taken + 1
            rest = next(letters, None)
        if self._settle():
            self._claim.settle(end)
        if not taken:
            self.trouble = self.trouble or "no event can be taken: the process is ending"
        return rest

    def may_go_on(self) -> bool:
        """Whether another event is to be sent."""
        if self._stop.is_set():
            self.trouble = self.trouble or "it was interrupted"
        within = self._limit is None or self.replayed < self._limit
        return within and not self.trouble

    def _offer(self, letter: Letter) -> bool:
        offer = Offer.TOO_LARGE
        if letter.record is not None:
            offer = self._delivery.offer(letter.record)
        if offer is Offer.TOO_LARGE:
            self._claim.keep(letter.line)
            self.kept += 1
            return True
        self.replayed += offer is Offer.TAKEN
        return offer is Offer.TAKEN

    def _settle(self) -> bool:
        """Wait for the outcome of all that was offered; False: some of it has none that lasts."""
        settled = -1
        give_up_at = 0.0
        while not self._delivery.flush(_LOOK_SECONDS) and not self._stop.is_set():
            stats = self._delivery.stats()
            now = time.monotonic()
            if stats.accepted - stats.pending != settled:
                settled = stats.accepted - stats.pending
                give_up_at = now + self._patience_seconds
            if now >= give_up_at:
                self.trouble = (
                    f"the target took nothing for {self._patience_seconds:g} s; `check` says why"
                )
                break
        stats = self._delivery.close(min(_CLOSE_SECONDS, self._patience_seconds)).stats
        _show_progress(f"{self.replayed} replayed, {stats.delivered} delivered")
        if stats.pending or sum(stats.dropped.values()):
            self.trouble = (
                f"{self._claim.file} takes no more: make room, or raise dead_letter_max_bytes;"
                f" nothing is lost, {self._claim.path} still has what could not be put back"
            )
            return False
        return True


def run(
    sink: DeliverySink[Any], file: Path, *, patience_seconds: float | None, limit: int | None
) -> int:
    """Replay the file, and before it what an interrupted run has left; returns the exit code.

    Raises:
        OSError: a file cannot be read, renamed or written.
    """
    config = sink.config
    if patience_seconds is None:
        patience_seconds = config.connect_timeout_seconds + config.request_timeout_seconds
    delivery = Delivery(sink.name, settings=config, exchange=sink.exchange(config))
    claim = Claim(file)
    try:
        with _stopped_by_signals() as stop, claim:
            replay = Replay(
                delivery, claim, patience_seconds=patience_seconds, limit=limit, stop=stop
            )
            passes = 2 if claim.is_interrupted() else 1
            while passes and replay.may_go_on() and claim.take() and replay.run():
                passes -= 1
            return _report(replay, delivery, claim)
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


def _report(replay: Replay, delivery: Delivery, claim: Claim) -> int:
    stats = delivery.stats()
    remaining = claim.remaining()
    _show_progress("")
    unconfirmed = stats.delivered_unconfirmed
    note = f" ({unconfirmed} of them unconfirmed)" if unconfirmed else ""
    print(f"replayed      {replay.replayed}")
    print(f"delivered     {stats.delivered}{note}")
    print(f"failed again  {stats.dead_lettered}")
    print(f"unreadable    {replay.kept}")
    print(f"remaining     {remaining}" + (f" in {claim.path}" if remaining else ""))
    in_file = count_lines(claim.file, 0)
    print(f"{claim.file} has {in_file} dead letters now")
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
