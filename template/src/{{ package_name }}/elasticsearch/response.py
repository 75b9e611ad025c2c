# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent is in `mapping.py`.
"""What a bulk answer means: one outcome per document, by position.

HTTP 200 says that the request could be parsed and nothing about the documents. Of the server's text
only error types reach a reason, since `error.reason` quotes documents.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

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

DELIVER = "deliver"
"""Class of an item that is in the data stream, next to the classes of `settings`."""
CLUSTER_BLOCK_SECONDS = 30.0
"""A blocked index is unblocked by a person or by a disk that gets emptied; neither is quick."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What one kind of answer means."""

    kind: str
    """`DELIVER`, `RETRY`, `HOLD`, `SPLIT` or `REJECT`."""
    advice: str = ""
    """What to do about it, for the person who reads the reason."""
    after_seconds: float | None = None
    """Least time until the next attempt."""


_BLOCKED = Rule(RETRY, "check disk space and blocks of index and cluster", CLUSTER_BLOCK_SECONDS)
_NO_INDEX = Rule(HOLD, "create an index template that matches `data_stream`, or allow auto-create")
_NO_RIGHT = Rule(HOLD, "grant create_doc and auto_configure on `data_stream`")

RULES_BY_TYPE: dict[tuple[int, str], Rule] = {
    # As answered by `_bulk` of Elasticsearch 7.17 to 9 and OpenSearch 1 to 3.
    (403, "cluster_block_exception"): _BLOCKED,
    (403, "security_exception"): _NO_RIGHT,
    (404, "index_not_found_exception"): _NO_INDEX,
    (409, ""): Rule(DELIVER),  # the id is ours and made once: an earlier attempt stored it
    (409, "version_conflict_engine_exception"): Rule(DELIVER),
    (429, "cluster_block_exception"): _BLOCKED,
}
"""(status, error type) -> meaning, for items and for whole requests; wins over the status alone."""

ITEM_RULES: dict[int, Rule] = {
    200: Rule(DELIVER),
    201: Rule(DELIVER),
    400: Rule(REJECT),  # does not parse or does not fit the mapping: the same tomorrow
    401: Rule(HOLD, "check `api_key`, or `username` and `password`"),
    403: _NO_RIGHT,
    404: _NO_INDEX,
    409: Rule(RETRY),
    413: Rule(REJECT),
    429: Rule(RETRY),
}
"""Status of an item -> meaning; any other status means what it means in HTTP."""

REQUEST_RULES: dict[int, Rule] = {
    401: Rule(HOLD, "check `api_key`, or `username` and `password`"),
    403: _NO_RIGHT,
    404: Rule(HOLD, "no bulk API there: check `url`"),
    405: Rule(HOLD, "no bulk API there: check `url`"),
    406: Rule(HOLD, "no bulk API there, or a proxy changes Content-Type: check `url`"),
    415: Rule(HOLD, "no bulk API there, or a proxy changes Content-Type: check `url`"),
}
"""Status of a whole request -> meaning; any other status means what it means in HTTP."""

_REDIRECTED = Rule(HOLD, "redirected, but credentials stay with `url`: set it to the final address")
_ERROR_TYPE = re.compile(r"[a-z_]{1,64}")
_STORED_OR_NOT = (500, 502, 504)  # an answer of something between us and the write


def classify(response: HttpResponse, batch: Batch) -> Verdict:
    """Return one outcome per record, by position, or `Split`. Never raises, whatever the bytes."""
    if not 200 <= response.status < 300:
        return _whole(response, len(batch))
    items = _items(response.body)
    if items is None or len(items) != len(batch):
        counted = "no items" if items is None else f"{len(items)} items for {len(batch)} documents"
        return [_protocol_error(f"bulk answer {response.status} with {counted}")] * len(batch)
    return [_item(item, response) for item in items]


def _items(body: bytes) -> list[Any] | None:
    answer = _json(body)
    items = answer.get("items") if isinstance(answer, dict) else None
    return items if isinstance(items, list) else None


def _item(item: Any, response: HttpResponse) -> Outcome:
    result = item.get("create") if isinstance(item, dict) else None
    status = result.get("status") if isinstance(result, dict) else None
    if type(status) is not int or not isinstance(result, dict):
        return _protocol_error("bulk answer with an item that has no status")
    error_type = _error_type(result)
    rule = RULES_BY_TYPE.get((status, error_type)) or ITEM_RULES.get(status) or _item_rule(status)
    if rule.kind == DELIVER:
        stored_aside = result.get("failure_store") == "used"
        return Delivered("stored in the failure store, not in the stream" if stored_aside else "")
    return _outcome(f"item {status}", error_type, rule, response)


def _whole(response: HttpResponse, count: int) -> Verdict:
    status = response.status
    error_type = _error_type(_json(response.body))
    rule = RULES_BY_TYPE.get((status, error_type)) or REQUEST_RULES.get(status)
    if rule is None or rule.kind == DELIVER:  # no document is known to be stored
        rule = _REDIRECTED if 300 <= status < 400 else Rule(http_status_class(status))
    if rule.kind == SPLIT:
        return Split(_reason(f"HTTP {status}", error_type, rule), too_large=status == 413)
    return [_outcome(f"HTTP {status}", error_type, rule, response)] * count


def _outcome(what: str, error_type: str, rule: Rule, response: HttpResponse) -> Outcome:
    reason = _reason(what, error_type, rule)
    if rule.kind == HOLD:
        return Hold(reason)
    if rule.kind == REJECT:
        return Rejected(reason)
    # Not `0.0` for "Retry-After: 0": that would mean "at once" to the engine, without any backoff.
    after = max(rule.after_seconds or 0.0, response.retry_after_seconds or 0.0) or None
    return RetryLater(reason, after, ambiguous=response.status in _STORED_OR_NOT)


def _reason(what: str, error_type: str, rule: Rule) -> str:
    named = f"{what} {error_type}" if error_type else what
    return f"{named}: {rule.advice}" if rule.advice else named


def _error_type(answer: Any) -> str:
    """Return `error.type` if it is a plain name: any other text could quote a document."""
    error = answer.get("error") if isinstance(answer, dict) else None
    name = error.get("type") if isinstance(error, dict) else None
    return name if isinstance(name, str) and _ERROR_TYPE.fullmatch(name) else ""


def _item_rule(status: int) -> Rule:
    """Say what a status without a rule of its own means; an item cannot be split any further."""
    if 200 <= status < 300:
        return Rule(DELIVER)
    kind = http_status_class(status)
    return Rule(REJECT if kind == SPLIT else kind)


def _protocol_error(what: str) -> RetryLater:
    return RetryLater(f"protocol error: {what}", ambiguous=True)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
