# SPDX-License-Identifier: MIT-0
"""An Elasticsearch `_bulk` endpoint that takes `create` with the sender's own `_id`.

Rules: Elasticsearch reference, "Bulk API". An answer tells the fate of every item by position. Ids
are on disk, so a document that was stored before a kill is answered 409 afterwards.
"""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from events import number_in, text_of

from .journal import Journal
from .web import STRICT_JSON, Reply, Request, strings_in

API_KEY = "ZGVtbzpkZW1v"  # opens nothing but this receiver

_PATH = re.compile(r"(?:/(?P<index>[a-z0-9][a-z0-9._-]*))?/_bulk")
_CONTENT_TYPES = {"application/x-ndjson", "application/json"}
_METADATA = {"_index", "_id", "routing", "pipeline", "require_alias", "require_data_stream"}
_BUSY = {"type": "es_rejected_execution_exception", "reason": "rejected execution of primary"}
_EXISTS = {"type": "version_conflict_engine_exception", "reason": "document already exists"}


class BulkJudge:
    """Answers requests and counts documents."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._ids = {line.split(" ", 1)[1] for line in journal.taken()}
        self._busy_answers = 0
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Reply:
        """Answer one request; store its documents first."""
        if request.method == "GET" and request.path == "/":
            return Reply(200, {"version": {"number": "9.0.0"}}, _PRODUCT)
        problem = _problem_of_head(request)
        if problem is not None:
            self.journal.complain(f"{request.method} {request.path}: {problem.body}")
            return problem
        mode = self.journal.mode()
        if mode == "503":
            return _error(503, "unavailable_shards_exception", "not all primaries are active")
        if mode == "429":
            self._busy_answers += 1
            if self._busy_answers % 2 == 0:  # in turn: some documents wait, the whole request does
                return Reply(429, {"error": _BUSY, "status": 429}, {"Retry-After": "1"})
        index = _PATH.fullmatch(urlsplit(request.path).path)
        return self._take(request.body, bool(index and index["index"]), busy=mode == "429")

    def _take(self, body: bytes, has_index: bool, *, busy: bool) -> Reply:
        try:
            pairs = _pairs(body, has_index)
        except ValueError as error:
            self.journal.complain(str(error))
            return _error(400, "illegal_argument_exception", str(error))
        with self._lock:
            return self._answer_items(pairs, busy=busy)

    def _answer_items(self, pairs: list[tuple[str, Any]], *, busy: bool) -> Reply:
        items: list[dict[str, Any]] = []
        taken: list[str] = []
        for position, (document_id, source) in enumerate(pairs):
            if busy and position % 2:  # a busy shard: only some of the documents wait
                self.journal.answered("item 429")
                items.append(_item(document_id, 429, _BUSY))
            elif document_id in self._ids:
                self.journal.answered("item 409")
                items.append(_item(document_id, 409, _EXISTS))
            else:
                items.append(self._store(document_id, source, taken))
        self.journal.take(taken)
        errors = any("error" in item["create"] for item in items)
        return Reply(200, {"took": 1, "errors": errors, "items": items}, _PRODUCT)

    def _store(self, document_id: str, source: Any, taken: list[str]) -> dict[str, Any]:
        try:
            number = _number(source)
        except ValueError as error:
            self.journal.complain(f"document {document_id}: {error}")
            reason = {"type": "document_parsing_exception", "reason": str(error)}
            return _item(document_id, 400, reason)
        self._ids.add(document_id)
        taken.append(f"{number} {document_id}")
        return _item(document_id, 201, None)


_PRODUCT = {"X-Elastic-Product": "Elasticsearch"}


def _problem_of_head(request: Request) -> Reply | None:
    if request.headers.get("authorization") != f"ApiKey {API_KEY}":
        return _error(401, "security_exception", "missing or wrong API key")
    if request.method != "POST" or not _PATH.fullmatch(urlsplit(request.path).path):
        return _error(405, "method_not_allowed", "POST /_bulk or /<target>/_bulk")
    content_type = request.headers.get("content-type", "").partition(";")[0]
    if content_type not in _CONTENT_TYPES:
        return _error(406, "media_type_header_exception", f"Content-Type [{content_type}]")
    return None


def _error(status: int, kind: str, reason: str) -> Reply:
    return Reply(status, {"error": {"type": kind, "reason": reason}, "status": status}, _PRODUCT)


def _item(document_id: str, status: int, error: dict[str, str] | None) -> dict[str, Any]:
    result: dict[str, Any] = {"_id": document_id, "status": status}
    result.update({"result": "created"} if error is None else {"error": error})
    return {"create": result}


def _pairs(body: bytes, has_index: bool) -> list[tuple[str, Any]]:
    """Return id and source of each action.

    Raises:
        ValueError: the request as a whole breaks a rule.
    """
    if not body.endswith(b"\n"):
        raise ValueError("The bulk request must be terminated by a newline [\\n]")
    lines = body[:-1].split(b"\n")
    if len(lines) % 2:
        raise ValueError(f"{len(lines)} lines: an action without its source")
    values = [STRICT_JSON.decode(line.decode()) for line in lines]
    return [
        (_id(action, has_index), source)
        for action, source in zip(values[::2], values[1::2], strict=True)
    ]


def _id(action: Any, has_index: bool) -> str:
    if not isinstance(action, dict) or set(action) != {"create"}:
        raise ValueError(f"Malformed action/metadata line, expected create: {action!r}")
    metadata = action["create"]
    unknown = set(metadata) - _METADATA
    if unknown:
        raise ValueError(f"Action/metadata line contains an unknown parameter {sorted(unknown)}")
    if not has_index and not metadata.get("_index"):
        raise ValueError("neither the path nor the action names the target")
    document_id = metadata.get("_id")
    if not isinstance(document_id, str) or not 0 < len(document_id.encode()) <= 512:
        raise ValueError(f"_id must have 1 to 512 bytes: {document_id!r}")
    if any(letter.isspace() for letter in document_id):
        raise ValueError(f"_id with white space: {document_id!r}")  # would break the journal
    return document_id


def _number(source: Any) -> int:
    if not isinstance(source, dict):
        raise ValueError("a source must be an object")
    _check_timestamp(source.get("@timestamp"))
    for text in strings_in(source):
        number = number_in(text)
        if number is not None:
            if text != text_of(number):
                raise ValueError(f"the text of event {number} was damaged: {text!r}")
            return number
    raise ValueError("the document carries no message of the demo")


def _check_timestamp(timestamp: Any) -> None:
    """Refuse what is not ISO 8601 in UTC, and what is more than a day off."""
    if not isinstance(timestamp, str) or not timestamp.endswith("Z"):
        raise ValueError(f"data stream timestamp field [@timestamp] is {timestamp!r}")
    moment = datetime.fromisoformat(timestamp[:-1].ljust(26, "0")[:26] + "+00:00")
    if abs(moment.timestamp() - time.time()) > 86_400:
        raise ValueError(f"@timestamp {timestamp} is more than a day off")
