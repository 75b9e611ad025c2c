# SPDX-License-Identifier: MIT-0
"""A Splunk HTTP Event Collector: `/services/collector/event`, without indexer acknowledgement.

Rules and answer codes: Splunk, "Troubleshoot HTTP Event Collector" and "Format events for HTTP
Event Collector". The body is read as a stream: what stands before a bad event is taken.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from events import number_in, text_of

from .journal import Journal
from .web import STRICT_JSON, Reply, Request, strings_in

TOKEN = "00000000-0000-4000-8000-00000000de30"  # noqa: S105  (opens nothing but this receiver)

_PATHS = {"/services/collector", "/services/collector/event", "/services/collector/event/1.0"}
_KEYS = {"time", "host", "source", "sourcetype", "index", "event", "fields"}
_SECONDS = re.compile(r"[0-9]+(\.[0-9]+)?")
_TEXTS = {
    0: (200, "Success"),
    2: (401, "Token is required"),
    3: (401, "Invalid authorization"),
    4: (403, "Invalid token"),
    5: (400, "No data"),
    6: (400, "Invalid data format"),
    9: (503, "Server is busy"),
    12: (400, "Event field is required"),
    13: (400, "Event field cannot be blank"),
    15: (400, "Error in handling indexed fields"),
    17: (200, "HEC is healthy"),
    26: (429, "HEC queue is at capacity and cannot process any more requests"),
}


class HecJudge:
    """Answers requests and counts events."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def answer(self, request: Request) -> Reply:
        """Answer one request; take its events first."""
        path = urlsplit(request.path).path
        if request.method == "GET" and path.startswith("/services/collector/health"):
            return _reply(17)
        if request.method != "POST" or path not in _PATHS:
            self.journal.complain(f"{request.method} {path}")
            text = "The requested URL was not found on this server."
            return Reply(404, {"text": text, "code": 404})
        code = _authorization_code(request.headers.get("authorization"))
        if code:
            self.journal.complain(f"authorization: code {code}")
            return _reply(code)
        mode = self.journal.mode()
        if mode == "429":
            return _reply(26, {"Retry-After": "1"})
        return _reply(9) if mode == "503" else self._take(request.body)

    def _take(self, body: bytes) -> Reply:
        numbers: list[str] = []
        problem = _Problem(5, "no event in the body") if not body.strip() else None
        try:
            for number in _numbers(body.decode()):
                numbers.append(str(number))
        except UnicodeDecodeError as error:
            problem = _Problem(6, str(error))
        except _Problem as found:
            problem = found
        self.journal.take(numbers)
        if problem is None:
            return _reply(0)
        self.journal.complain(f"event {len(numbers)}: {problem}")
        return _reply(problem.code, number=len(numbers))


class _Problem(ValueError):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def _reply(code: int, headers: dict[str, str] | None = None, number: int | None = None) -> Reply:
    status, text = _TEXTS[code]
    body: dict[str, Any] = {"text": text, "code": code}
    if number is not None:
        body["invalid-event-number"] = number
    return Reply(status, body, headers or {})


def _authorization_code(header: str | None) -> int:
    if header is None:
        return 2
    scheme, _, token = header.partition(" ")
    if scheme != "Splunk":
        return 3
    return 0 if token == TOKEN else 4


def _numbers(text: str) -> Iterator[int]:
    """Yield the number of each envelope in a body of concatenated JSON objects.

    Raises:
        _Problem: at the first envelope that Splunk would refuse, or take and store wrongly.
    """
    at = 0
    while True:
        while at < len(text) and text[at] in " \t\r\n":
            at += 1
        if at == len(text):
            return
        try:
            envelope, at = STRICT_JSON.raw_decode(text, at)
        except ValueError as error:
            raise _Problem(6, str(error)) from error
        yield _number(envelope)


def _number(envelope: Any) -> int:
    if not isinstance(envelope, dict):
        raise _Problem(6, "an envelope must be an object")
    if set(envelope) - _KEYS:
        raise _Problem(5, f"unknown keys {sorted(set(envelope) - _KEYS)}")
    if "event" not in envelope:
        raise _Problem(12, "no event")
    if envelope["event"] is None or not str(envelope["event"]).strip():
        raise _Problem(13, "blank event")
    _check_metadata(envelope)
    for text in strings_in(envelope["event"]):
        number = number_in(text)
        if number is not None:
            if text != text_of(number):
                raise _Problem(6, f"the text of event {number} was damaged: {text!r}")
            return number
    raise _Problem(6, "the event carries no message of the demo")


def _check_metadata(envelope: dict[str, Any]) -> None:
    for key in ("host", "source", "sourcetype", "index"):
        if key in envelope and not (isinstance(envelope[key], str) and envelope[key]):
            raise _Problem(6, f"{key} must be a string that is not empty")
    if "time" in envelope:
        _check_time(str(envelope["time"]))
    fields = envelope.get("fields", {})
    if not isinstance(fields, dict):
        raise _Problem(6, "fields must be an object")
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        if not all(isinstance(item, str) for item in values):
            raise _Problem(15, f"fields.{name} must be text or a flat list of texts")


def _check_time(seconds: str) -> None:
    """Refuse what is no fixed notation, and what is off by a unit (milliseconds, say)."""
    if not _SECONDS.fullmatch(seconds):
        raise _Problem(15, f"time {seconds}")
    if abs(float(seconds) - time.time()) > 86_400:
        raise _Problem(15, f"time {seconds} is not in seconds since 1970, or the clock is wrong")
