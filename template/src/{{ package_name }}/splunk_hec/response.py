# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Pass another `classify` in `plugin.py`.
"""What an answer of the collector means for each record of the batch; the table is in `answers.py`.

The HTTP status comes first: a proxy's 404 may carry a "code" that is not Splunk's. Reasons hold our own
words and numbers only, since a server may echo the token. Pure: no I/O, no clock, no logging.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import orjson

from .._delivery.records import (
    Batch,
    Delivered,
    Hold,
    HttpResponse,
    Outcome,
    Rejected,
    RetryLater,
    Split,
    Unconfirmed,
    Verdict,
)
from .._delivery.settings import HOLD, REJECT, RETRY, SPLIT
from . import answers
from .answers import CODES, INDEX, OK, POISON, Code, Status


@dataclass(frozen=True, slots=True)
class HecResponse(HttpResponse):
    """An answer, and what the client noted about its acknowledgement."""

    ack_token: int | None = None
    """The client will say whether Splunk acknowledged what this answer accepted."""
    ack_required: bool = False
    """What is accepted without an acknowledgement to come is not delivered."""


class Answer(NamedTuple):
    """What a collector wrote; None for what is absent or makes no sense."""

    code: int | None = None
    number: int | None = None
    """`invalid-event-number`, from 0."""
    ack_id: int | None = None


def read_answer(body: bytes) -> Answer:
    """Read the body of an answer; an empty `Answer` if it is not a collector's own.

    HEC answers with one JSON object that has a text and a code. Gateways like to answer
    `{"code": 0, "message": ...}`, which must not count as a receipt.
    """
    answer = json_object(body)
    if not isinstance(answer.get("text"), str):
        return Answer()
    names = ("code", "invalid-event-number", "ackId")
    return Answer(*[_integer(answer.get(name)) for name in names])


def json_object(body: bytes) -> dict[str, object]:
    """Parse a JSON object; an empty one if it is none."""
    try:
        value = orjson.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def classify(response: HttpResponse, batch: Batch) -> Verdict:
    """Return one outcome per record, or `Split` when it is not known which event is bad."""
    verdict = _by_code(response, len(batch))
    if isinstance(verdict, Split) or not isinstance(response, HecResponse):
        return verdict
    if response.ack_token is None and not response.ack_required:
        return verdict
    head = sum([isinstance(outcome, Delivered) for outcome in verdict])
    if response.ack_token is None and 0 < head < len(verdict) and response.status < 500:
        # Nobody will confirm the head: it is sent once more, alone, for an id of its own.
        reason = explain(response.status, read_answer(response.body).code)
        probed = any(isinstance(each, RetryLater) and each.ambiguous for each in verdict)
        return Split(reason, first=head, ambiguous=head + probed)
    return [_awaiting(outcome, response) for outcome in verdict]


def row_for(status: int, code: int | None) -> Code | Status:
    """Return the row of the tables: that of the code if it comes with its status, else the status's."""
    row = CODES.get(-1 if code is None else code)
    success = status // 100 == 2
    if row is not None and (success if row.status == 200 else status in (row.status, 400)):
        return row
    others = answers.OTHER_STATUSES
    return answers.STATUSES.get(status) or others.get(status // 100, others[4])


def explain(status: int, code: int | None) -> str:
    """Return what an answer means and what to do, in our own words."""
    label = f"HTTP {status}, code {code}" if code in CODES else f"HTTP {status}"
    return f"{row_for(status, code).advice} ({label})"


def _by_code(response: HttpResponse, count: int) -> Verdict:
    answer = read_answer(response.body)
    row = row_for(response.status, answer.code)
    reason = explain(response.status, answer.code)
    # Splunk's own answers are JSON by name, too. The receiver of the OpenTelemetry Collector says
    # text/plain, and a number although it has stored none of the events.
    in_part = "json" in response.headers.get("content-type", "json")
    if row.meaning in (POISON, INDEX):
        number = answer.number if in_part else None
        return _around(number, reason, count, probed=row.meaning == INDEX, in_part=in_part)
    if row.meaning == SPLIT:
        return Split(reason, too_large=response.status == 413)
    if row.meaning != RETRY:
        outcomes: dict[str, Outcome] = {
            OK: Delivered(warning=row.advice, slow_down=bool(row.advice)),
            HOLD: Hold(reason),
            REJECT: Rejected(reason),
        }
        return [outcomes[row.meaning]] * count
    # Only a busy server says how many events it took before it stopped.
    busy = in_part and row is CODES[answers.BUSY]
    taken = (_below(answer.number, count) or 0) if busy else 0
    # After 0 s would mean that another record was to blame.
    later = RetryLater(reason, response.retry_after_seconds or None, row.ambiguous)
    return [*[Delivered()] * taken, *[later] * (count - taken)]


def _around(number: int | None, reason: str, count: int, *, probed: bool, in_part: bool) -> Verdict:
    """Splunk reads the body as a stream: indexed, refused, not looked at.

    When nothing was accepted before it, the first event is tried alone and not condemned: what Splunk
    refuses may be common to all. The number of a wrong index was measured to be one too high, so the bad
    event is there or before: what is surely before is indexed, and the candidates are tried alone.
    With `in_part` what is sent again although it may be indexed counts as ambiguous.
    """
    bad = _below(number, count + probed)
    head = (bad or 0) - probed
    if head < 1:
        stored = min(count if bad is None else bad, count - 1) if in_part else 0
        return Split(reason, first=0 if bad is None else 1, ambiguous=stored)
    culprit: Outcome = Rejected(reason)
    if probed:
        culprit = RetryLater(f"tried alone ({reason})", after_seconds=0.0, ambiguous=True)
    tail = RetryLater(f"not looked at: another event was refused ({reason})", after_seconds=0.0)
    return [*[Delivered()] * head, culprit, *[tail] * (count - head - 1)]


def _awaiting(outcome: Outcome, response: HecResponse) -> Outcome:
    """Accepted is not delivered yet when an acknowledgement is to come; errors can carry one, too."""
    if not isinstance(outcome, Delivered):
        return outcome
    if response.ack_token is not None:
        return Unconfirmed(response.ack_token, slow_down=outcome.slow_down)
    if response.ack_required:
        return RetryLater("accepted, but without an ackId to ask for", ambiguous=True)
    return outcome


def _below(number: int | None, limit: int) -> int | None:
    return number if number is not None and 0 <= number < limit else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
