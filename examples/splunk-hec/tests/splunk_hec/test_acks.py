# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Which accepted requests wait for an acknowledgement, on virtual time."""

from __future__ import annotations

import itertools

from acme_splunk_hec._delivery.records import (
    Confirmation,
    Delivered,
    RetryLater,
)
from acme_splunk_hec.splunk_hec.acks import Acks


def acks(deadline: float = 300.0) -> Acks:
    """Return an empty book whose channels are called c1, c2, ..."""
    names = itertools.count(1)
    return Acks(deadline_seconds=deadline, new_channel=lambda: f"c{next(names)}")


def add(book: Acks, ack_id: int, now: float = 0.0, warning: str = "") -> int:
    """Note a request on the present channel; returns its token."""
    return book.add(book.channel, ack_id, now=now, warning=warning)[0]


def lost(confirmations: list[Confirmation]) -> list[int]:
    """Return the tokens of events to be sent again, all as possible duplicates."""
    for each in confirmations:
        assert isinstance(each.outcome, RetryLater)
        assert each.outcome.ambiguous
    return [each.token for each in confirmations]


def test_true_settles_its_request_only() -> None:
    """An id that Splunk says "true" to is delivered, with what it warned of; the others wait."""
    book = acks()
    first, _ = add(book, 0, warning="queue is filling"), add(book, 1)
    assert book.waiting() == {"c1": [0, 1]}
    settled = book.acknowledge("c1", [0, 7])
    assert settled == [Confirmation(first, Delivered(warning="queue is filling"))]
    assert book.waiting() == {"c1": [1]}


def test_true_on_another_channel_says_nothing() -> None:
    """The ids count per channel."""
    book = acks()
    add(book, 0)
    assert book.acknowledge("c2", [0]) == []
    assert len(book) == 1


def test_deadline_sends_again_on_a_new_channel() -> None:
    """What is late goes back; what is not yet is still asked for where it was sent."""
    book = acks(deadline=300.0)
    late, waits = add(book, 0, now=0.0), add(book, 1, now=1.0)
    assert book.expire(299.9) == []
    assert book.channel == "c1"
    assert lost(book.expire(300.0)) == [late]
    assert book.channel == "c2"
    assert book.waiting() == {"c1": [1]}
    assert [each.token for each in book.acknowledge("c1", [1])] == [waits]


def test_deadline_names_the_problem() -> None:
    """Whoever reads of a missed deadline learns whether the questions for it were answered."""
    book = acks(deadline=5.0)
    add(book, 0)
    (expired,) = book.expire(5.0, "the question for it was answered with HTTP 403")
    assert isinstance(expired.outcome, RetryLater)
    assert expired.outcome.reason.startswith("not acknowledged within 5 s; the question")


def test_late_on_an_old_channel_keeps_the_new_one() -> None:
    """One missed deadline costs one channel."""
    book = acks(deadline=10.0)
    add(book, 0, now=0.0)
    add(book, 1, now=5.0)
    book.expire(10.0)
    add(book, 0, now=11.0)
    assert len(book.expire(15.0)) == 1
    assert book.channel == "c2"


def test_ids_that_start_again_open_a_new_channel() -> None:
    """A restarted indexer, or another one, does not know what waits here."""
    book = acks()
    add(book, 0)
    add(book, 7)
    add(book, 1)
    assert book.channel == "c2"
    assert book.waiting() == {"c1": [0, 7, 1]}
    add(book, 0)
    assert book.channel == "c2"


def test_an_id_given_twice_loses_the_first() -> None:
    """The "true" to come belongs to the second; the first is sent again."""
    book = acks()
    first = add(book, 0)
    second, replaced = book.add("c1", 0, now=1.0)
    assert lost(replaced) == [first]
    assert [each.token for each in book.acknowledge("c1", [0])] == [second]


def test_everything_can_be_given_back() -> None:
    """A session that moved takes all its ids along, the channel too."""
    book = acks()
    tokens = [add(book, 0), add(book, 1)]
    assert lost(book.give_back("moved")) == tokens
    assert (len(book), book.channel) == (0, "c2")


def test_everything_can_be_taken_as_accepted() -> None:
    """When nobody will confirm, that is told apart from a confirmed delivery."""
    book = acks()
    add(book, 0)
    (taken,) = book.accept("not acknowledged")
    assert taken.outcome == Delivered(warning="not acknowledged", confirmed=False)
    assert len(book) == 0


def test_tokens_are_never_used_twice() -> None:
    """A client follows another while tokens of that one may still be open."""
    assert add(acks(), 0) != add(acks(), 0)
