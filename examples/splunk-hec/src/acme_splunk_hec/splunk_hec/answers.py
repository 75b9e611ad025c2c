# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `retry_statuses` and `drop_statuses`.
"""Every answer of a collector and of what may stand before it: a table, and nothing else.

Sources: Splunk, "Troubleshoot HTTP Event Collector", possible error codes, for 0 to 27; code 28 was seen on
Splunk Cloud 10.5. `docs/splunk_hec.md` shows the same table: `python -m tests.splunk_hec.answer_table`
writes it there.
"""

from __future__ import annotations

from typing import NamedTuple

from .._delivery.settings import HOLD, REJECT, RETRY, SPLIT

OK = "ok"
"""The collector has the events; with an advice it wants less from now on."""
POISON = "poison"
"""One event is bad; `invalid-event-number` says which, and what came before it is indexed."""
INDEX = "index"
"""As POISON, but the number is one too high: both candidates are tried alone."""


class Code(NamedTuple):
    """What Splunk says, and what it means for the events."""

    status: int
    """The HTTP status it comes with."""
    text: str
    """Splunk's words."""
    meaning: str
    """OK, POISON, INDEX, HOLD or RETRY."""
    advice: str
    """What happened and, for HOLD, what to do; "" for plain success."""
    ambiguous: bool = False
    """The events may be indexed although the answer is an error."""


class Status(NamedTuple):
    """What an HTTP status means that comes without a code of Splunk's."""

    meaning: str
    """HOLD, RETRY, SPLIT or REJECT."""
    advice: str
    """As for a code."""
    ambiguous: bool = False
    """As for a code."""


BUSY = 9
ACK_DISABLED = 14
HEALTHY = 17
HEALTH_KNOWS_TOKEN = frozenset({21, 22})
"""The collector is well, and was asked with a token that is not."""
NOT_READY = frozenset({18, 20, 23})
"""Health answers to which no events are sent."""
NO_ACK_SERVICE = 19
ACK_QUEUE_FILLS = 25
ACK_CHANNEL_FULL = 27

_CHANNEL = (
    "no data channel arrived: set ack to auto or on; if it is, check whether a proxy removes the"
    " X-Splunk-Request-Channel header"
)
_STICKY = f"{_CHANNEL}; with several indexers the balancer needs sticky sessions"
_UNKNOWN = "the token is unknown: check the token setting and the host in url"
_DISABLED = "the token is disabled: enable it in Splunk, or set another token"
_INDEX = "the index does not exist or is not allowed: create it, or allow it for the token"
_QUERY = "a token came in the query: check whether a proxy adds it"
_ADDRESS = "check url: host and port of the collector, without a path"
_REDIRECT = "the server redirects: set url to the final address"

CODES: dict[int, Code] = {
    0: Code(200, "Success", OK, ""),
    1: Code(403, "Token disabled", HOLD, _DISABLED),
    2: Code(401, "Token is required", HOLD, "no token arrived: does a proxy remove Authorization?"),
    3: Code(401, "Invalid authorization", HOLD, "it is malformed: check the token setting"),
    4: Code(403, "Invalid token", HOLD, _UNKNOWN),
    5: Code(400, "No data", POISON, "no data arrived"),
    6: Code(400, "Invalid data format", POISON, "invalid data format, or larger than maxEventSize"),
    7: Code(400, "Incorrect index", INDEX, _INDEX),
    8: Code(500, "Internal server error", RETRY, "internal server error", ambiguous=True),
    9: Code(503, "Server is busy", RETRY, "server is busy"),
    10: Code(400, "Data channel is missing", HOLD, _CHANNEL),
    11: Code(400, "Invalid data channel", HOLD, "does a proxy change X-Splunk-Request-Channel?"),
    12: Code(400, "Event field is required", POISON, "event field is missing"),
    13: Code(400, "Event field cannot be blank", POISON, "event field is blank"),
    14: Code(
        400, "ACK is disabled", HOLD, "the token has no indexer acknowledgment: set ack to off"
    ),
    15: Code(
        400, "Error in handling indexed fields", POISON, "indexed fields or time are malformed"
    ),
    16: Code(400, "Query string authorization is not enabled", HOLD, _QUERY),
    17: Code(
        200, "HEC is healthy", RETRY, "a health answer is no receipt: check url", ambiguous=True
    ),
    18: Code(503, "HEC is unhealthy, queues are full", RETRY, "queues are full"),
    19: Code(503, "HEC is unhealthy, ack service unavailable", RETRY, "no acknowledgment service"),
    20: Code(
        503,
        "HEC is unhealthy, queues are full, ack service unavailable",
        RETRY,
        "queues are full, no acknowledgment service",
    ),
    21: Code(400, "Invalid token", HOLD, _UNKNOWN),
    22: Code(400, "Token disabled", HOLD, _DISABLED),
    23: Code(503, "Server is shutting down", RETRY, "server is shutting down"),
    24: Code(
        200,
        "HEC queue is approaching its capacity limit",
        OK,
        "the queue of the collector approaches its limit",
    ),
    25: Code(
        200,
        "HEC ACK is approaching its capacity limit",
        OK,
        "the acknowledgment queue of the collector approaches its limit",
    ),
    26: Code(
        429,
        "HEC queue is at capacity and cannot process any more requests",
        RETRY,
        "the queue of the collector is full",
    ),
    27: Code(
        429,
        "HEC ACK channel is at capacity and cannot process any more requests",
        RETRY,
        "the acknowledgment channel is full: the next request takes a new one",
    ),
    28: Code(
        400,
        "Data channel is missing. If you have multiple indexers, sticky session ...",
        HOLD,
        _STICKY,
    ),
}

STATUSES: dict[int, Status] = {
    301: Status(HOLD, _REDIRECT),
    302: Status(HOLD, _REDIRECT),
    303: Status(HOLD, _REDIRECT),
    307: Status(HOLD, _REDIRECT),
    308: Status(HOLD, _REDIRECT),
    400: Status(SPLIT, "refused without a reason; is it https:// that the port wants?"),
    401: Status(HOLD, "check the token setting; the collector's own port is 8088 by default"),
    403: Status(HOLD, "check the token setting, and who may reach the collector"),
    404: Status(HOLD, _ADDRESS),
    405: Status(HOLD, _ADDRESS),
    407: Status(HOLD, "a proxy asks for credentials: check the proxy variables of the environment"),
    408: Status(RETRY, "the request took too long"),
    411: Status(HOLD, "a proxy wants a Content-Length and removes ours: check the proxy"),
    413: Status(SPLIT, "the request was refused as a whole"),
    415: Status(HOLD, "the compression is refused: set gzip to false"),
    425: Status(RETRY, "too early"),
    428: Status(REJECT, "a precondition is required"),
    429: Status(RETRY, "too many requests"),
    500: Status(RETRY, "server trouble", ambiguous=True),
    501: Status(HOLD, _ADDRESS),
    502: Status(RETRY, "the balancer got no answer from the collector", ambiguous=True),
    503: Status(RETRY, "no collector is available"),
    504: Status(RETRY, "the balancer waited in vain for the collector", ambiguous=True),
    505: Status(HOLD, _ADDRESS),
}

OTHER_STATUSES: dict[int, Status] = {
    # By the first digit.
    1: Status(HOLD, "check url"),
    2: Status(RETRY, "protocol error: not the answer of a collector; check url and proxies", True),
    3: Status(HOLD, _REDIRECT),
    4: Status(HOLD, "check url"),
    5: Status(RETRY, "server trouble", True),
}
