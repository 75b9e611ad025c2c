# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Pass another `classify` in `plugin.py`.
"""What an answer of the collector means for each record of the batch.

Source: Splunk, "Troubleshoot HTTP Event Collector", possible error codes. The HTTP status comes
first: a proxy's 404 may carry a "code" that is not Splunk's. Reasons hold our own words and numbers
only, since a server may echo the token. Pure: no I/O, no clock, no logging.
"""

from __future__ import annotations

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
    Verdict,
)
from .._delivery.settings import HOLD, REJECT, RETRY, SPLIT, http_status_class

OK = "ok"
POISON = "poison"
"""One event is bad; `invalid-event-number` says which, and what came before it is indexed."""


class Code(NamedTuple):
    """One row of Splunk's table."""

    status: int
    """The HTTP status it comes with."""
    meaning: str
    """OK, POISON, HOLD or RETRY."""
    advice: str
    """What happened and, for HOLD, what to do; "" for plain success."""
    ambiguous: bool = False
    """The events may be indexed although the answer is an error."""


BUSY = 9
_NO_ACK = "the token has indexer acknowledgment on: use a token without it"

CODES: dict[int, Code] = {
    0: Code(200, OK, ""),
    1: Code(403, HOLD, "the token is disabled: enable it in Splunk, or set another token"),
    2: Code(401, HOLD, "no token arrived: check whether a proxy removes the Authorization header"),
    3: Code(401, HOLD, "the authorization is malformed: check the token setting"),
    4: Code(403, HOLD, "the token is unknown: check the token setting and the host in url"),
    5: Code(400, POISON, "no data"),
    6: Code(400, POISON, "invalid data format"),
    # The number of a code 7 is one too high, so it condemns nobody.
    7: Code(400, HOLD, "wrong index: create it, or allow it for the token, or change index"),
    8: Code(500, RETRY, "internal server error", ambiguous=True),
    BUSY: Code(503, RETRY, "server is busy"),
    10: Code(400, HOLD, _NO_ACK),
    11: Code(400, HOLD, _NO_ACK),
    12: Code(400, POISON, "event field is missing"),
    13: Code(400, POISON, "event field is blank"),
    14: Code(400, HOLD, "acknowledgment is off for the token, and something asked for it"),
    15: Code(400, POISON, "indexed fields or time are malformed"),
    16: Code(400, HOLD, "a token came in the query: check whether a proxy adds it"),
    17: Code(200, RETRY, "a health answer came instead of a receipt: check url", ambiguous=True),
    18: Code(503, RETRY, "queues are full"),
    19: Code(503, RETRY, "acknowledgment service is unavailable"),
    20: Code(503, RETRY, "queues are full, acknowledgment service is unavailable"),
    21: Code(400, HOLD, "the token is invalid: check the token setting"),
    22: Code(400, HOLD, "the token is disabled: enable it in Splunk, or set another token"),
    23: Code(503, RETRY, "server is shutting down"),
    24: Code(200, OK, "the queue of the collector approaches its limit"),
    25: Code(200, OK, "the acknowledgment queue of the collector approaches its limit"),
    26: Code(429, RETRY, "the queue of the collector is full"),
    27: Code(429, RETRY, "the acknowledgment channel is full"),
    28: Code(400, HOLD, _NO_ACK),
}

STATUS_ADVICE: dict[int, str] = {
    401: "check the token setting",
    403: "check the token setting, and who may reach the collector",
    404: "check url: host and port of the collector, without a path",
    405: "check url: host and port of the collector, without a path",
    407: "a proxy asks for credentials: check the proxy variables of the environment",
    415: "the compression is refused: set gzip to false",
}
_MAYBE_STORED = frozenset({500, 502, 504})  # no answer from behind, or half the work done


def classify(response: HttpResponse, batch: Batch) -> Verdict:
    """Return one outcome per record, or `Split` when it is not known which event is bad."""
    count = len(batch)
    code, number = _code_and_number(response.body, count)
    row = None if code is None else CODES.get(code)
    label = f"HTTP {response.status}" + (f", code {code}" if row else "")
    if 200 <= response.status < 300:
        return [_received(row, label)] * count
    if row is None or row.meaning == OK or response.status not in (row.status, 400):
        return _by_status(response, label, count)
    reason = f"{row.advice} ({label})"
    if row.meaning == HOLD:
        return [Hold(reason)] * count
    if row.meaning == POISON:
        return Split(reason) if number is None else _around(number, reason, count)
    # Only a busy server says how many events it took before it stopped.
    taken = number if code == BUSY and number is not None else 0
    later = RetryLater(reason, response.retry_after_seconds or None, row.ambiguous)
    return [*[Delivered()] * taken, *[later] * (count - taken)]


def _received(row: Code | None, label: str) -> Outcome:
    if row is not None and row.meaning == OK:
        return Delivered(warning=row.advice)
    what = row.advice if row else "not the answer of a collector; check url and proxies"
    return RetryLater(f"protocol error: {what} ({label})", ambiguous=True)


def _around(bad: int, reason: str, count: int) -> list[Outcome]:
    """Splunk reads the body as a stream: indexed, refused, not looked at."""
    tail = RetryLater(f"not looked at: another event was refused ({reason})", after_seconds=0.0)
    return [*[Delivered()] * bad, Rejected(reason), *[tail] * (count - bad - 1)]


def _by_status(response: HttpResponse, label: str, count: int) -> Verdict:
    meaning = http_status_class(response.status)
    if meaning == SPLIT:
        reason = f"the request was refused as a whole ({label})"
        return Split(reason, too_large=response.status == 413)
    outcome: Outcome
    if meaning == RETRY:
        ambiguous = response.status in _MAYBE_STORED
        after = response.retry_after_seconds or None  # 0.0 would mean: another record was to blame
        outcome = RetryLater(f"server trouble ({label})", after, ambiguous)
    elif meaning == REJECT:
        outcome = Rejected(f"refused for good ({label})")
    else:
        redirect = 300 <= response.status < 400
        default = "the server redirects: set url to the final address" if redirect else "check url"
        outcome = Hold(f"{STATUS_ADVICE.get(response.status, default)} ({label})")
    return [outcome] * count


def _code_and_number(body: bytes, count: int) -> tuple[int | None, int | None]:
    """Read `code` and `invalid-event-number`; None for what is absent or makes no sense."""
    try:
        answer = orjson.loads(body)
    except ValueError:
        return None, None
    if not isinstance(answer, dict):
        return None, None
    code, number = _integer(answer.get("code")), _integer(answer.get("invalid-event-number"))
    return code, number if number is not None and 0 <= number < count else None


def _integer(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
