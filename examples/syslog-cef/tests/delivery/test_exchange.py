# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""One request: whatever goes wrong on the way is an outcome for each record, never an exception."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from acme_syslog_cef._delivery.errors import TransportError
from acme_syslog_cef._delivery.exchange import (
    Exchange,
    attempt,
)
from acme_syslog_cef._delivery.records import (
    Batch,
    Confirmation,
    Delivered,
    Hold,
    Record,
    Rejected,
    RetryLater,
    Split,
)

BATCH = [Record(b"1"), Record(b"2")]


class Client:
    """Answers with what it was asked, or fails."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.sent: list[tuple[bytes, float]] = []

    def send(self, request: bytes, timeout_seconds: float) -> bytes:
        """Remember the request, and answer."""
        self.sent.append((request, timeout_seconds))
        if self.failure is not None:
            raise self.failure
        return b"answer to " + request

    def poll(self, now: float) -> Sequence[Confirmation]:
        """Know nothing."""
        return ()

    def close(self, timeout_seconds: float) -> Sequence[Confirmation]:
        """Know nothing."""
        return ()


def build(batch: Batch) -> bytes:
    """Join the payloads."""
    return b"+".join(record.payload for record in batch)


def raise_it(*_: object) -> Any:
    """Fail as only a bug does."""
    raise KeyError("s3cret")


def attempt_with(
    client: Client,
    classify: Callable[[bytes, Batch], Any] = raise_it,
    build: Callable[[Batch], bytes] = build,
) -> Any:
    """Attempt to send two records."""
    exchange = Exchange(build=build, classify=classify, endpoints={"plain": lambda: client})
    return attempt(exchange, client, BATCH, 2.5)


@pytest.mark.parametrize(
    "verdict", [[Delivered(), Rejected("bad")], Split("HTTP 413")], ids=["outcomes", "split"]
)
def test_verdict_is_passed_on(verdict: object) -> None:
    """The platform's functions get the batch and the answer, the client gets the time."""
    client, seen = Client(), []

    def classify(response: bytes, batch: Batch) -> Any:
        seen.append((response, batch))
        return verdict

    assert attempt_with(client, classify) == verdict
    assert client.sent == [(b"1+2", 2.5)]
    assert seen == [(b"answer to 1+2", BATCH)]


@pytest.mark.parametrize(
    ("failure", "outcome"),
    [
        (TransportError("refused"), RetryLater("refused")),
        (TransportError("cut", ambiguous=True), RetryLater("cut", ambiguous=True)),
        (TransportError("certificate", configuration=True), Hold("certificate")),
        (
            OSError("s3cret"),
            RetryLater("reading the answer failed with OSError", ambiguous=True),
        ),
    ],
    ids=["refused", "ambiguous", "configuration", "bug"],
)
def test_failed_send(failure: Exception, outcome: object) -> None:
    """A failed send is an outcome for each record; what is unknown may have been delivered."""
    assert attempt_with(Client(failure)) == [outcome, outcome]


def test_bug_in_build() -> None:
    """Halving finds the record that no request can be made of; nothing was sent."""
    client = Client()
    assert attempt_with(client, build=raise_it) == Split(
        "building the request failed with KeyError"
    )
    assert client.sent == []


@pytest.mark.parametrize(
    "verdict",
    [[], [Delivered()], [Delivered()] * 3, None, (Delivered() for _ in BATCH), 7],
    ids=["none", "too few", "too many", "None", "generator", "int"],
)
def test_wrong_number_of_outcomes(verdict: object) -> None:
    """Outcomes that cannot be told apart settle nothing: no record is paired with another's."""
    outcomes = attempt_with(Client(), lambda response, batch: verdict)
    assert len(outcomes) == 2
    for outcome in outcomes:
        assert isinstance(outcome, RetryLater)
        assert outcome.ambiguous


def test_bug_in_classify() -> None:
    """The text of a foreign exception stays out of the reason: it can quote an answer."""
    reason = "reading the answer failed with KeyError"
    assert attempt_with(Client()) == [RetryLater(reason, ambiguous=True)] * 2
