# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What each answer of a collector, or of something in between, means for each event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_splunk_hec._delivery.records import (
    Delivered,
    Hold,
    HttpResponse,
    Record,
    Rejected,
    RetryLater,
    Split,
    Unconfirmed,
    Verdict,
)
from acme_splunk_hec.splunk_hec.response import (
    HecResponse,
    classify,
)

BATCH = [Record(b'{"event":"e"}') for _ in range(4)]
HTML = b"<html><body>502 Bad Gateway s3cret-token</body></html>"


def answer(status: int, code: int | None = None, **extra: Any) -> Verdict:
    """Return the verdict on an answer of the collector, or on an empty one."""
    text = "" if code is None else json.dumps({"text": "s3cret-token", "code": code} | extra)
    return classify(HttpResponse(status, text.encode()), BATCH)


def numbered(status: int, code: int, number: object) -> Verdict:
    """Return the verdict on an answer that names an event."""
    return answer(status, code, **{"invalid-event-number": number})


def kinds(verdict: Verdict) -> list[str]:
    """Return the kind of each outcome."""
    if isinstance(verdict, Split):
        return ["Split"]
    return [type(outcome).__name__ for outcome in verdict]


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (200, 0, "Delivered"),
        (403, 1, "Hold"),
        (401, 2, "Hold"),
        (401, 3, "Hold"),
        (403, 4, "Hold"),
        (400, 5, "Split"),
        (400, 6, "Split"),
        (400, 7, "Split"),
        (500, 8, "RetryLater"),
        (503, 9, "RetryLater"),
        (400, 10, "Hold"),
        (400, 11, "Hold"),
        (400, 12, "Split"),
        (400, 13, "Split"),
        (400, 14, "Hold"),
        (400, 15, "Split"),
        (400, 16, "Hold"),
        (200, 17, "RetryLater"),
        (503, 18, "RetryLater"),
        (503, 19, "RetryLater"),
        (503, 20, "RetryLater"),
        (400, 21, "Hold"),
        (400, 22, "Hold"),
        (503, 23, "RetryLater"),
        (200, 24, "Delivered"),
        (200, 25, "Delivered"),
        (429, 26, "RetryLater"),
        (429, 27, "RetryLater"),
        (400, 28, "Hold"),
        (400, 9, "RetryLater"),
        (400, 4, "Hold"),
        (400, 0, "Split"),
        (400, 99, "Split"),
        (403, 6, "Hold"),
        (404, 404, "Hold"),
        (503, 6, "RetryLater"),
        (413, 6, "Split"),
    ],
)
def test_every_code_has_its_meaning(status: int, code: int, expected: str) -> None:
    """The table of Splunk, 0 to 28; the status decides where status and code do not fit."""
    assert set(kinds(answer(status, code))) == {expected}


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (100, "Hold"),
        (301, "Hold"),
        (307, "Hold"),
        (400, "Split"),
        (401, "Hold"),
        (403, "Hold"),
        (404, "Hold"),
        (405, "Hold"),
        (407, "Hold"),
        (408, "RetryLater"),
        (413, "Split"),
        (415, "Hold"),
        (428, "Rejected"),
        (429, "RetryLater"),
        (500, "RetryLater"),
        (501, "Hold"),
        (502, "RetryLater"),
        (503, "RetryLater"),
        (504, "RetryLater"),
    ],
)
@pytest.mark.parametrize("body", [b"", HTML], ids=["empty", "html"])
def test_bare_status_has_its_meaning(status: int, expected: str, body: bytes) -> None:
    """Balancers and proxies answer without a code; their mistakes must not cost data."""
    assert set(kinds(classify(HttpResponse(status, body), BATCH))) == {expected}


@pytest.mark.fault(13, promise=5)
@pytest.mark.parametrize("code", [5, 6, 12, 13, 15])
@pytest.mark.parametrize("bad", [1, 2, 3])
def test_numbered_event_is_refused_alone(code: int, bad: int) -> None:
    """What came before is indexed, what comes behind was not looked at."""
    outcomes = numbered(400, code, bad)
    assert not isinstance(outcomes, Split)
    assert list(outcomes[:bad]) == [Delivered()] * bad
    assert isinstance(outcomes[bad], Rejected)
    assert f"HTTP 400, code {code}" in outcomes[bad].reason
    waits = [getattr(tail, "after_seconds", None) for tail in outcomes[bad + 1 :]]
    assert waits == [0.0] * (3 - bad)


@pytest.mark.parametrize("number", [None, -1, 4, 10**30, "1", 1.0, True, [1]], ids=repr)
def test_senseless_numbers_are_not_trusted(number: object) -> None:
    """Better to search for the bad event than to condemn the wrong one."""
    verdict = numbered(400, 6, number)
    assert isinstance(verdict, Split)
    assert (verdict.first, verdict.ambiguous) == (0, 3)


@pytest.mark.fault(14, promise=5)
@pytest.mark.parametrize("code", [5, 6, 12, 13, 15])
def test_first_event_is_tried_alone(code: int) -> None:
    """When nothing was accepted before it, all events may be refused: none is condemned unheard."""
    verdict = numbered(400, code, 0)
    assert isinstance(verdict, Split)
    assert (verdict.first, verdict.too_large, verdict.ambiguous) == (1, False, 0)


@pytest.mark.parametrize(
    ("kind", "trusted"),
    [("application/json; charset=UTF-8", True), ("text/plain; charset=utf-8", False)],
)
@pytest.mark.parametrize(("status", "code"), [(400, 15), (400, 7), (503, 9)])
def test_number_is_trusted_from_splunk_only(
    status: int, code: int, kind: str, trusted: bool
) -> None:
    """Another receiver was measured to name an event, in text/plain, and to store none."""
    text = json.dumps({"text": "t", "code": code, "invalid-event-number": 2}).encode()
    verdict = classify(HttpResponse(status, text, {"content-type": kind}), BATCH)
    assert ("Delivered" in kinds(verdict)) == trusted


@pytest.mark.parametrize(("kind", "ambiguous"), [("application/json", 3), ("text/plain", 0)])
@pytest.mark.parametrize("code", [6, 7])
def test_without_a_number_the_batch_is_halved(code: int, kind: str, ambiguous: int) -> None:
    """Nothing says where the bad event is: all but one may be indexed, and are sent again."""
    text = json.dumps({"text": "t", "code": code}).encode()
    verdict = classify(HttpResponse(400, text, {"content-type": kind}), BATCH)
    assert isinstance(verdict, Split)
    assert (verdict.first, verdict.ambiguous) == (0, ambiguous)


@pytest.mark.parametrize(("number", "head"), [(2, 1), (3, 2), (4, 3)])
def test_wrong_index_is_probed(number: int, head: int) -> None:
    """The number of a code 7 was measured to be one too high: both candidates are sent again.

    What is before them is indexed, and nobody is condemned.
    """
    outcomes = numbered(400, 7, number)
    assert kinds(outcomes) == ["Delivered"] * head + ["RetryLater"] * (4 - head)
    assert not isinstance(outcomes, Split)
    again = [outcome for outcome in outcomes if isinstance(outcome, RetryLater)]
    assert {outcome.after_seconds for outcome in again} == {0.0}
    assert [outcome.ambiguous for outcome in again] == [True] + [False] * (3 - head)


@pytest.mark.parametrize("number", [0, 1])
def test_wrong_index_at_the_beginning_is_tried_alone(number: int) -> None:
    """The first event is the candidate; whether the index or the event is to blame shows then."""
    verdict = numbered(400, 7, number)
    assert isinstance(verdict, Split)
    assert (verdict.first, verdict.ambiguous) == (1, number)


@pytest.mark.parametrize("number", [5, -1, True, "2"], ids=repr)
def test_senseless_number_of_a_wrong_index_halves(number: object) -> None:
    """One more than there are events is possible for this code, two are not."""
    verdict = numbered(400, 7, number)
    assert isinstance(verdict, Split)
    assert verdict.first == 0


@pytest.mark.parametrize(
    ("number", "taken"),
    [(0, 0), (3, 3), (4, 0), (-1, 0), ("2", 0)],
    ids=["0", "3", "4", "-1", "text"],
)
def test_busy_server_says_what_it_took(number: object, taken: int) -> None:
    """Events before the number of a code 9 are indexed; sending them again would duplicate them."""
    outcomes = numbered(503, 9, number)
    assert kinds(outcomes) == ["Delivered"] * taken + ["RetryLater"] * (4 - taken)


@pytest.mark.parametrize(("status", "code"), [(503, 9), (429, 26), (503, None), (429, None)])
def test_wish_of_the_server_is_passed_on(status: int, code: int | None) -> None:
    """Retry-After reaches the engine, whoever sent it."""
    body = json.dumps({"text": "busy", "code": code}).encode()
    outcomes = classify(HttpResponse(status, body, retry_after_seconds=7.0), BATCH)
    assert not isinstance(outcomes, Split)
    assert [getattr(outcome, "after_seconds", None) for outcome in outcomes] == [7.0] * 4


@pytest.mark.parametrize(
    ("status", "code", "ambiguous"),
    [
        (500, 8, True),
        (502, None, True),
        (504, None, True),
        (524, None, True),
        (503, 9, False),
        (503, None, False),
    ],
)
def test_doubtful_answers_are_ambiguous(status: int, code: int | None, ambiguous: bool) -> None:
    """Where Splunk may have indexed the events, a resend may duplicate them."""
    outcomes = answer(status, code)
    assert not isinstance(outcomes, Split)
    assert {getattr(outcome, "ambiguous", None) for outcome in outcomes} == {ambiguous}


@pytest.mark.fault(15, promise=15)
@pytest.mark.parametrize("code", [24, 25])
def test_warnings_are_deliveries(code: int) -> None:
    """The queue fills up, but the events are in it (opentelemetry-collector-contrib#51393)."""
    outcomes = answer(200, code)
    assert not isinstance(outcomes, Split)
    for outcome in outcomes:
        assert isinstance(outcome, Delivered)
        assert outcome.warning
        assert outcome.slow_down


def test_plain_success_has_no_warning() -> None:
    """Code 0 is a delivery without a remark, with or without an ackId."""
    assert answer(200, 0, ackId=7) == [Delivered()] * 4


@pytest.mark.fault(6, promise=14)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        HTML,
        b"[]",
        b"{}",
        b'{"code":0}',
        b'{"code":0,"message":"success"}',
        b'{"text":null,"code":0}',
        b'{"text":"Success","code":"0"}',
        b'{"text":"Success","code":false}',
        b'{"text":"Invalid data format","code":6}',
        b'{"text":"Success","code":99}',
        b"\xff",
    ],
    ids=repr,
)
@pytest.mark.parametrize("status", [200, 204])
def test_success_without_receipt_is_none(status: int, body: bytes) -> None:
    """A captive portal answers 200, too: only Splunk's own words settle an event."""
    for outcome in classify(HttpResponse(status, body), BATCH):
        assert isinstance(outcome, RetryLater)
        assert outcome.ambiguous
        assert outcome.reason.startswith("protocol error")


@settings(max_examples=100, deadline=None, database=None)
@given(
    status=st.integers(100, 599) | st.sampled_from([200, 400, 503]),
    code=st.integers(-1, 30) | st.sampled_from([6, 9]) | st.none() | st.just("6"),
    number=st.integers(-2, 6) | st.none() | st.floats(),
    count=st.integers(0, 5),
)
def test_one_outcome_per_record(status: int, code: Any, number: Any, count: int) -> None:
    """Whatever the answer, every record gets its own verdict, or all are to be split."""
    text = json.dumps({"text": "t", "code": code, "invalid-event-number": number}).encode()
    for response in (
        HttpResponse(status, text),
        HecResponse(status, text, ack_token=1),
        HecResponse(status, text, ack_required=True),
    ):
        verdict = classify(response, BATCH[:1] * count)
        assert isinstance(verdict, Split) or len(verdict) == count
        if isinstance(response, HecResponse):
            assert "Delivered" not in kinds(verdict)


@settings(max_examples=100, deadline=None, database=None)
@given(status=st.integers(100, 599), body=st.binary(max_size=40))
def test_any_bytes_are_classified(status: int, body: bytes) -> None:
    """No answer raises."""
    verdict = classify(HttpResponse(status, body), BATCH)
    assert isinstance(verdict, Split) or len(verdict) == 4


@pytest.mark.fault(promise=10)
@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 413, 428, 429, 500, 503])
@pytest.mark.parametrize("code", [None, 0, 3, 4, 6, 7, 9, 99])
def test_reasons_quote_no_server_text(status: int, code: int | None) -> None:
    """Some servers echo the token in the text of a refusal."""
    assert "s3cret" not in repr(answer(status, code))
    assert "s3cret" not in repr(classify(HttpResponse(status, HTML), BATCH))


@pytest.mark.parametrize(
    ("status", "code", "advice"),
    [
        (401, 3, "token"),
        (403, 1, "enable it"),
        (400, 10, "set ack"),
        (400, 14, "set ack to off"),
        (400, 28, "sticky"),
        (404, None, "url"),
        (307, None, "set url"),
        (415, None, "gzip"),
        (407, None, "proxy"),
    ],
)
def test_hold_says_what_to_do(status: int, code: int | None, advice: str) -> None:
    """An alert ends with the next step."""
    outcomes = answer(status, code)
    assert not isinstance(outcomes, Split)
    assert all(isinstance(outcome, Hold) and advice in outcome.reason for outcome in outcomes)


def acknowledged(status: int, code: int, number: int | None = None, **noted: Any) -> Verdict:
    """Return the verdict on an answer about which a client has noted something."""
    text = json.dumps({"text": "t", "code": code, "invalid-event-number": number})
    return classify(HecResponse(status, text.encode(), **noted), BATCH)


def test_accepted_events_await_their_acknowledgement() -> None:
    """All events of a request share its token; a wish to slow down is passed on."""
    assert acknowledged(200, 0, ack_token=7) == [Unconfirmed(7)] * 4
    assert acknowledged(200, 25, ack_token=7) == [Unconfirmed(7, slow_down=True)] * 4


def test_the_accepted_head_of_an_error_awaits_its_acknowledgement() -> None:
    """An error answer can carry an ackId, for what came before the refused event."""
    outcomes = acknowledged(400, 13, 2, ack_token=7)
    assert kinds(outcomes) == ["Unconfirmed", "Unconfirmed", "Rejected", "RetryLater"]


def test_without_an_id_nothing_is_delivered_if_one_is_required() -> None:
    """What nobody will confirm is sent again, as a possible duplicate."""
    for verdict in (
        acknowledged(200, 0, ack_required=True),
        acknowledged(503, 9, 3, ack_required=True),
    ):
        assert not isinstance(verdict, Split)
        first = verdict[0]
        assert isinstance(first, RetryLater)
        assert first.ambiguous


@pytest.mark.parametrize(("code", "number", "expected"), [(13, 2, (2, 2)), (7, 3, (2, 3))])
def test_a_head_without_an_id_goes_alone(code: int, number: int, expected: tuple[int, int]) -> None:
    """For an id of its own; what may be indexed besides is in doubt as well."""
    verdict = acknowledged(400, code, number, ack_required=True)
    assert isinstance(verdict, Split)
    assert (verdict.first, verdict.ambiguous) == expected


def test_without_an_id_accepted_is_delivered_otherwise() -> None:
    """With ack "auto" a token without acknowledgment is as good as with "off"."""
    assert acknowledged(200, 0) == [Delivered()] * 4
