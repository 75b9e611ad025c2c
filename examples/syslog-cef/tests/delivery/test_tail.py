# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The tail of a stream: what leaves it is delivered, what is in it is sent again."""

from acme_syslog_cef._delivery.records import (
    Confirmation,
    Delivered,
    RetryLater,
)
from acme_syslog_cef._delivery.tail import (
    Tail,
)

AGED = Delivered(confirmed=False)


def tail_of(*sizes: int, max_bytes: int = 100, max_seconds: float = 10.0) -> Tail:
    """Return a tail with tokens 1, 2, ... written at the seconds 1, 2, ..."""
    tail = Tail(max_bytes=max_bytes, max_seconds=max_seconds)
    for token, size in enumerate(sizes, start=1):
        tail.add(token, size, now=float(token))
    return tail


def test_tail_ages_out_oldest_first() -> None:
    """A token leaves `max_seconds` after it was written, not before."""
    tail = tail_of(10, 10)

    assert tail.release(now=10.9) == []
    assert tail.release(now=12.5) == [Confirmation(1, AGED), Confirmation(2, AGED)]


def test_tail_lets_go_by_bytes() -> None:
    """A token leaves once `max_bytes` were written after its last byte, and is told once."""
    tail = tail_of(10, 60, 40)

    assert tail.release(now=3.0) == [Confirmation(1, AGED)]
    assert tail.release(now=3.0) == []
    assert len(tail) == 2


def test_tail_covers_a_batch_larger_than_itself() -> None:
    """The last send stays whole, whatever its size: its end may still be in a kernel."""
    tail = tail_of(1_000)

    assert tail.release(now=1.0) == []


def test_tail_keeps_what_the_kernel_holds() -> None:
    """Age does not release what the peer's kernel has not acknowledged."""
    tail = tail_of(10, 20)

    assert tail.release(now=60.0, unacknowledged_bytes=20) == [Confirmation(1, AGED)]
    assert tail.release(now=60.0, unacknowledged_bytes=1) == []


def test_failed_tail_is_resent_oldest_first() -> None:
    """Everything in the tail may be lost and may have arrived: resend at once, ambiguous."""
    tail = tail_of(10, 10)
    lost = RetryLater("gone", after_seconds=0.0, ambiguous=True)

    assert tail.fail("gone") == [Confirmation(1, lost), Confirmation(2, lost)]
    assert len(tail) == 0


def test_settled_tail_splits_at_the_kernel() -> None:
    """After a close what the peer's kernel has is delivered, the rest is not."""
    tail = tail_of(10, 20)
    lost = RetryLater("late", after_seconds=0.0, ambiguous=True)

    assert tail.settle("late", 5) == [Confirmation(1, AGED), Confirmation(2, lost)]
