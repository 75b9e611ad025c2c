# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent is in `mapping.py`.
"""What a bulk answer means: one outcome per document, by position.

HTTP 200 says that the request could be parsed and nothing about the documents. Of the server's text
only error types reach a reason of ours, since `error.reason` quotes documents.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

from .._delivery.records import (
    Batch,
    Delivered,
    Hold,
    HttpResponse,
    Outcome,
    Record,
    Rejected,
    RetryLater,
    Split,
    Verdict,
)
from .._delivery.settings import HOLD, REJECT, SPLIT, http_status_class, may_be_stored
from . import answers
from .config import ElasticsearchConfig
from .targets import DATA_STREAM

_CHOSEN = b'{"create":{"_index":'  # the event, or the date, has chosen where this one goes
_BACKING_INDEX = ".ds-"
_PLAIN_ITEM = {"create": {"status": 201}}  # most of them: nothing to look up
_CREATED = Delivered()
_UNKNOWN_PARAMETER = b"unrecognized parameter: [require_data_stream]"
_ERROR_TYPE = re.compile(r"[a-z_]{1,64}")


class Classifier:
    """Says what an answer means under one configuration."""

    def __init__(self, config: ElasticsearchConfig) -> None:
        self._ids = config.ids
        self._given_ids = config.id_field is not None
        self._routes = config.routes
        self._streams = config.target == DATA_STREAM

    def classify(self, response: HttpResponse, batch: Batch) -> Verdict:
        """Return one outcome per record, by position, or `Split`. Never raises, whatever the bytes."""
        if not 200 <= response.status < 300:
            return _whole(response, len(batch))
        items = _items(response.body)
        if items is None or len(items) != len(batch):
            counted = "no items" if items is None else f"{len(items)} items for {len(batch)}"
            return [_protocol_error(f"bulk answer {response.status} with {counted}")] * len(batch)
        return [
            _CREATED if item == _PLAIN_ITEM else self._item(item, record, response)
            for item, record in zip(items, batch, strict=True)
        ]

    def _item(self, item: Any, record: Record, response: HttpResponse) -> Outcome:
        result = item.get("create") if isinstance(item, dict) else None
        status = result.get("status") if isinstance(result, dict) else None
        if type(status) is not int or not isinstance(result, dict):
            return _protocol_error("bulk answer with an item that has no status")
        error_type, reason = _error(result)
        rule = self._rule(status, error_type, reason, record)
        if rule.kind == answers.DELIVER:
            taken = status == 409 and self._given_ids and record.attempts <= 1  # by no resend
            return Delivered(answers.ID_TAKEN if taken else self._warning(result))
        return _outcome(f"item {status}", error_type, rule, response)

    def _rule(self, status: int, error_type: str, reason: str, record: Record) -> answers.Rule:
        if status == 409 and not self._ids:
            return answers.CONFLICT_WITHOUT_ID
        rules = answers.RULES_BY_REASON.items() if error_type == answers.OF_MANY_KINDS else ()
        by_reason = next((rule for start, rule in rules if reason.startswith(start)), None)
        rule = answers.RULES_BY_TYPE.get((status, error_type)) or by_reason
        rule = rule or answers.ITEM_RULES.get(status) or _item_rule(status)
        if rule.kind == HOLD and self._routes and record.payload.startswith(_CHOSEN):
            return answers.CHOSEN_RULES.get(status, rule)
        return rule

    def _warning(self, result: dict[str, Any]) -> str:
        if result.get("failure_store") == "used":
            return answers.FAILURE_STORE
        index = result.get("_index")
        stray = isinstance(index, str) and not index.startswith(_BACKING_INDEX)
        return answers.STRAY_INDEX if stray and self._streams else ""


def classifier(config: ElasticsearchConfig) -> Callable[[HttpResponse, Batch], Verdict]:
    """Return the function that says what an answer means."""
    return Classifier(config).classify


def refuses_demand(response: HttpResponse) -> bool:
    """Whether the server does not know `require_data_stream`; it has stored nothing then."""
    return response.status == 400 and _UNKNOWN_PARAMETER in response.body


def _items(body: bytes) -> list[Any] | None:
    answer = _json(body)
    items = answer.get("items") if isinstance(answer, dict) else None
    return items if isinstance(items, list) else None


def _whole(response: HttpResponse, count: int) -> Verdict:
    status = response.status
    error_type, _ = _error(_json(response.body))
    rule = answers.RULES_BY_TYPE.get((status, error_type)) or answers.REQUEST_RULES.get(status)
    if refuses_demand(response):
        rule = answers.UNKNOWN_DEMAND
    if rule is None or rule.kind == answers.DELIVER:  # no document is known to be stored
        rule = answers.REDIRECTED if status // 100 == 3 else answers.Rule(http_status_class(status))
    if rule.kind == SPLIT:
        return Split(_reason(f"HTTP {status}", error_type, rule), too_large=status == 413)
    return [_outcome(f"HTTP {status}", error_type, rule, response)] * count


def _outcome(what: str, error_type: str, rule: answers.Rule, response: HttpResponse) -> Outcome:
    reason = _reason(what, error_type, rule)
    if rule.kind == HOLD:
        return Hold(reason)
    if rule.kind == REJECT:
        return Rejected(reason)
    # Not `0.0` for "Retry-After: 0": that would mean "at once" to the engine, without any backoff.
    after = max(rule.after_seconds or 0.0, response.retry_after_seconds or 0.0) or None
    return RetryLater(reason, after, ambiguous=may_be_stored(response.status))


def _reason(what: str, error_type: str, rule: answers.Rule) -> str:
    named = f"{what} {error_type}" if error_type else what
    return f"{named}: {rule.advice}" if rule.advice else named


def _error(answer: Any) -> tuple[str, str]:
    """Return the type of an error if it is a plain name, and the reason, which may quote a document."""
    error = answer.get("error") if isinstance(answer, dict) else None
    texts = [error.get(key) if isinstance(error, dict) else "" for key in ("type", "reason")]
    name, reason = [text if isinstance(text, str) else "" for text in texts]
    return name if _ERROR_TYPE.fullmatch(name) else "", reason


def _item_rule(status: int) -> answers.Rule:
    """Say what a status without a rule of its own means; an item cannot be split any further."""
    if 200 <= status < 300:
        return answers.Rule(answers.DELIVER)
    kind = http_status_class(status)
    return answers.Rule(REJECT if kind == SPLIT else kind)


def _protocol_error(what: str) -> RetryLater:
    return RetryLater(f"protocol error: {what}", ambiguous=True)


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
