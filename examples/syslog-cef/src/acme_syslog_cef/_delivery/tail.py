# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. How long the tail is, is a setting.
"""What was written to a stream lately and may still be lost: a pure class, time is passed in.

A stream without answers (syslog over TCP, RFC 6587) says nothing about what the receiver has read.
What sits in the kernels of both ends is lost when the connection is reset, so the latest part stays
pending.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from .records import Confirmation, Delivered, RetryLater


@dataclass(frozen=True, slots=True)
class _Sent:
    token: int
    end: int  # position in the stream behind its last byte
    sent_at: float


class Tail:
    """Tokens of the latest sends on one connection, oldest first.

    A token leaves when `max_bytes` were written after it, or `max_seconds` after it was written;
    never before the peer's kernel has acknowledged it. So the tail is no longer than `max_bytes` and
    two sends, and never shorter than what our own kernel still holds.
    """

    def __init__(self, *, max_bytes: int, max_seconds: float) -> None:
        self._max_bytes = max_bytes
        self._max_seconds = max_seconds
        self._sent: deque[_Sent] = deque()
        self._position = 0

    def __len__(self) -> int:
        return len(self._sent)

    def add(self, token: int, size: int, now: float) -> None:
        """Remember that `size` bytes were written for `token`, the last at `now` (seconds)."""
        self._position += size
        self._sent.append(_Sent(token, self._position, now))

    def release(self, now: float, unacknowledged_bytes: int = 0) -> list[Confirmation]:
        """Let go what is old or far enough behind; there will be no other news of it.

        Args:
            now: Seconds, on the clock of `add`.
            unacknowledged_bytes: How much of the stream our own kernel still holds.
        """
        released: list[Confirmation] = []
        while self._sent and self._may_leave(self._sent[0], now, unacknowledged_bytes):
            token = self._sent.popleft().token
            released.append(Confirmation(token, Delivered(confirmed=False)))
        return released

    def fail(self, reason: str) -> list[Confirmation]:
        """Give everything back to be sent again: any of it may be lost, any may have arrived."""
        outcome = RetryLater(reason, after_seconds=0.0, ambiguous=True)
        failed = [Confirmation(sent.token, outcome) for sent in self._sent]
        self._sent.clear()
        return failed

    def settle(self, reason: str, unacknowledged_bytes: int = 0) -> list[Confirmation]:
        """End a stream in order: what the peer's kernel has is delivered, the rest is not."""
        settled: list[Confirmation] = []
        while self._sent and self._position - self._sent[0].end >= unacknowledged_bytes:
            settled.append(Confirmation(self._sent.popleft().token, Delivered(confirmed=False)))
        return settled + self.fail(reason)

    def _may_leave(self, oldest: _Sent, now: float, unacknowledged_bytes: int) -> bool:
        written_after = self._position - oldest.end
        if written_after < unacknowledged_bytes:
            return False
        return written_after >= self._max_bytes or now - oldest.sent_at >= self._max_seconds
