# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The bulk API as the real servers answer it, for `FakeHttpServer`: strict, and it keeps documents.

Measured against OpenSearch 2.19 and Elasticsearch 8.19. Nothing in here imports the package.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from ..support.fake_http import Answer, Received

Refusal = tuple[int, str] | tuple[int, str, str]
"""Status, error type and, unless it quotes the document, reason of an item."""


class FakeBulk:
    """Answers bulk requests and remembers the documents by id.

    Args:
        refuse: Asked for each new document whether it is refused, and how.
        opensearch: Answer like OpenSearch, which does not know `require_data_stream`.
        streams: Whether there is a template that makes data streams.
    """

    def __init__(
        self,
        refuse: Callable[[dict[str, Any]], Refusal | None] | None = None,
        *,
        opensearch: bool = False,
        streams: bool = True,
    ) -> None:
        self.stored: dict[str, dict[str, Any]] = {}
        self.targets: dict[str, str] = {}
        """Where each stored document went, by id."""
        self.attempts: list[str] = []
        """The message of every document that arrived, in order."""
        self._refuse = refuse or (lambda document: None)
        self._opensearch = opensearch
        self._streams = streams

    def __call__(self, received: Received) -> Answer:
        """Answer one request."""
        if received.headers.get("content-type") not in ("application/x-ndjson", "application/json"):
            return _answer(406, {"error": "Content-Type header [] is not supported", "status": 406})
        lines = received.body.split(b"\n")
        if lines.pop() != b"" or not lines or len(lines) % 2:
            return _whole_400("The bulk request must be terminated by a newline [\\n]")
        url = urlsplit(received.path)
        query = unquote(url.query)
        if self._opensearch and "require_data_stream" in query:
            return _whole_400("request contains unrecognized parameter: [require_data_stream]")
        actions = [json.loads(line) for line in lines[::2]]
        if any(not _known(action) for action in actions):
            return _whole_400("Action/metadata line [1] contains an unknown parameter")
        target = unquote(url.path).split("/")[-2]
        strict = "require_data_stream=true" in query and not self._streams
        items = [
            self._create(action["create"], line, target, strict)
            for action, line in zip(actions, lines[1::2], strict=True)
        ]
        filters = parse_qs(url.query).get("filter_path", ["items"])[0].split(",")
        for item in items if "items" not in filters else ():
            item.pop("_id", None)
            if "items.*._index" not in filters:
                item.pop("_index", None)
            if "items.*.error.reason" not in filters:
                item.get("error", {}).pop("reason", None)
        failed = any("error" in item for item in items)
        return _answer(200, {"took": 1, "errors": failed, "items": [{"create": i} for i in items]})

    def _create(
        self, action: dict[str, str], line: bytes, target: str, strict: bool
    ) -> dict[str, Any]:
        target = action.get("_index", target)
        key = action.get("_id", f"made by the server {len(self.stored)}")
        if strict:
            return _error(404, "index_not_found_exception", line)
        if key in self.stored:
            return _error(409, "version_conflict_engine_exception", line)
        try:
            document = json.loads(line, object_pairs_hook=no_duplicates, parse_constant=no_constant)
        except ValueError:
            return _error(400, "document_parsing_exception", line)
        self.attempts.append(document["message"])
        refusal = self._refuse(document)
        if refusal is not None:
            return _error(refusal[0], refusal[1], line, *refusal[2:])
        self.stored[key] = document
        self.targets[key] = target
        prefix = ".ds-" if self._streams else ""
        return {"status": 201, "_index": f"{prefix}{target}", "_id": key}


def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a repeated key, as the servers do; for `json.loads`."""
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("duplicate key")
    return dict(pairs)


def no_constant(name: str) -> Any:
    """Refuse NaN and Infinity, as the servers do; for `json.loads`."""
    raise ValueError(name)


def _known(action: dict[str, dict[str, Any]]) -> bool:
    """Whether the action line holds what the servers know of it; their list is longer."""
    return list(action) == ["create"] and action["create"].keys() <= {"_id", "_index"}


def _error(status: int, kind: str, line: bytes, reason: str = "") -> dict[str, Any]:
    # The real reason quotes the document as well.
    error = {"type": kind, "reason": reason or f"failed to parse: {line!r}"}
    return {"status": status, "error": error}


def _whole_400(reason: str) -> Answer:
    return _answer(400, {"error": {"type": "illegal_argument_exception", "reason": reason}})


def _answer(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(body).encode())
