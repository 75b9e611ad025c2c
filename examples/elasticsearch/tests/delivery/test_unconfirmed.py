# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Records that wait for a confirmation, by address and token."""

from __future__ import annotations

from acme_elasticsearch._delivery.records import (
    Confirmation,
    Delivered,
    Record,
    RetryLater,
)
from acme_elasticsearch._delivery.unconfirmed import (
    UnconfirmedRecords,
)

LOST = RetryLater("reset", ambiguous=True)


def test_tokens_of_two_addresses_are_different_things() -> None:
    """Each client counts from one."""
    a, b = Record(b"a"), Record(b"b")
    unconfirmed = UnconfirmedRecords()
    unconfirmed.add("first", {1: [a]})
    unconfirmed.add("second", {1: [b]})
    returned = unconfirmed.settle("second", [Confirmation(1, Delivered(confirmed=False))])
    assert [record for record, _ in returned.delivered] == [b]
    assert unconfirmed.take_all() == [a]


def test_a_token_may_grow() -> None:
    """What is sent under one token in two requests is settled together."""
    a, b = Record(b"a"), Record(b"b")
    unconfirmed = UnconfirmedRecords()
    unconfirmed.add("first", {1: [a]})
    unconfirmed.add("first", {1: [b]})
    assert len(unconfirmed) == 1
    returned = unconfirmed.settle("first", [Confirmation(1, LOST)])
    assert returned.lost == [[a, b]]
    assert returned.failure is LOST
    assert len(unconfirmed) == 0


def test_unknown_tokens_change_nothing() -> None:
    """A client that confirms twice delivers once."""
    a = Record(b"a")
    unconfirmed = UnconfirmedRecords()
    unconfirmed.add("first", {1: [a]})
    twice = [Confirmation(1, Delivered()), Confirmation(1, Delivered())]
    assert len(unconfirmed.settle("first", twice).delivered) == 1


def test_the_oldest() -> None:
    """Its age is that of what waits longest."""
    unconfirmed = UnconfirmedRecords()
    assert unconfirmed.oldest_at() is None
    unconfirmed.add(
        "first", {1: [Record(b"a", accepted_at=5.0)], 2: [Record(b"b", accepted_at=3.0)]}
    )
    assert unconfirmed.oldest_at() == 3.0
