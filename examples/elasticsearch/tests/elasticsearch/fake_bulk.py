# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The bulk API as the real servers answer it, for `FakeHttpServer`: strict, and it keeps documents.

Measured against OpenSearch 2.19 and Elasticsearch 8.19. Nothing in here imports the package.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ..support.fake_http import Answer, Received

Refusal = tuple[int, str]
"""Status and error type of an item."""


class FakeBulk:
    """Answers bulk requests and remembers the documents by id.

    Args:
        refuse: Asked for each new document whether it is refused, and how.
    """

    def __init__(self, refuse: Callable[[dict[str, Any]], Refusal | None] | None = None) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.attempts: list[str] = []
        """The message of every document that arrived, in order."""
        self._refuse = refuse or (lambda document: None)

    def __call__(self, received: Received) -> Answer:
        """Answer one request."""
        if received.headers.get("content-type") not in ("application/x-ndjson", "application/json"):
            return _answer(406, {"error": "Content-Type header [] is not supported", "status": 406})
        lines = received.body.split(b"\n")
        if lines.pop() != b"" or not lines or len(lines) % 2:
            return _whole_400("The bulk request must be terminated by a newline [\\n]")
        actions = [json.loads(line) for line in lines[::2]]
        if any(_shape(action) != (["create"], ["_id"]) for action in actions):
            return _whole_400("Action/metadata line [1] contains an unknown parameter")
        items = [
            self._create(action["create"]["_id"], line)
            for action, line in zip(actions, lines[1::2], strict=True)
        ]
        if "items.*.error.type" in received.path:
            for item in items:
                item.get("error", {}).pop("reason", None)
        failed = any("error" in item for item in items)
        return _answer(200, {"took": 1, "errors": failed, "items": [{"create": i} for i in items]})

    def _create(self, key: str, line: bytes) -> dict[str, Any]:
        if key in self.stored:
            return _error(409, "version_conflict_engine_exception", line)
        try:
            document = json.loads(line, object_pairs_hook=no_duplicates, parse_constant=no_constant)
        except ValueError:
            return _error(400, "document_parsing_exception", line)
        self.attempts.append(document["message"])
        refusal = self._refuse(document)
        if refusal is not None:
            return _error(*refusal, line)
        self.stored[key] = document
        return {"status": 201}


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a repeated key, as the servers do; for `json.loads`."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def no_constant(name: str) -> Any:
    """Refuse NaN and Infinity, as the servers do; for `json.loads`."""
    raise ValueError(name)


def _shape(action: dict[str, dict[str, Any]]) -> tuple[list[str], list[str]]:
    return list(action), [key for metadata in action.values() for key in metadata]


def _error(status: int, kind: str, line: bytes) -> dict[str, Any]:
    # The real reason quotes the document as well.
    return {"status": status, "error": {"type": kind, "reason": f"failed to parse: {line!r}"}}


def _whole_400(reason: str) -> Answer:
    return _answer(400, {"error": {"type": "illegal_argument_exception", "reason": reason}})


def _answer(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(body).encode())
