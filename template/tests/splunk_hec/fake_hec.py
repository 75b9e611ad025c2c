# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A collector that answers as real ones were measured to: token, channel, then the body as a stream.

It shares no code with the sink. What it knows of Splunk: ids of acknowledgements count from 0 per channel,
"true" is said once, the number of an incorrect index is one too high, everything before a refused event is
stored.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from ..support.fake_http import Answer, FakeHttpServer, Received

TOKEN = "11111111-2222-3333-4444-555555555555"


@dataclass
class Token:
    """What the collector knows about a token."""

    enabled: bool = True
    ack: bool = False
    indexes: tuple[str, ...] = ("main",)


@dataclass
class FakeHec:
    """The state of a collector; change it while the server runs."""

    tokens: dict[str, Token] = field(default_factory=lambda: {TOKEN: Token()})
    acknowledges: bool = True
    """Say "true" to what was accepted; False: it stays pending."""
    health: int = 17
    poison: str = "poison"
    """Events that hold this text are refused as blank."""
    number_shift: int | None = 0
    """Added to the number of a refused event; None: it is left out."""
    ids_with_errors: bool = True
    """Whether a refusal carries an ackId for what came before the refused event."""
    set_cookie: str = ""
    """Sent with every answer, as a balancer does."""
    stored: list[dict[str, Any]] = field(default_factory=list)
    """Events in the order in which they were stored; a raw line stands under "raw"."""
    pending: dict[str, set[int]] = field(default_factory=dict)
    """Channel -> ids that were given out and not said "true" to."""
    next_id: dict[str, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Received) -> Answer:
        """Answer one request."""
        with self.lock:
            path = request.path.partition("?")[0]
            if path == "/services/collector/health":
                return self._reply(200 if self.health == 17 else 503, self.health)
            if not path.startswith("/services/collector"):
                return Answer(404, b'{"text":"The requested URL was not found.","code":404}')
            return self._authorized(request, path)

    def restart(self) -> None:
        """Forget the acknowledgements, as an indexer does."""
        with self.lock:
            self.pending.clear()
            self.next_id.clear()

    @property
    def messages(self) -> list[str]:
        """The messages of the stored events."""
        with self.lock:
            return [each["event"]["message"] for each in self.stored]

    def _authorized(self, request: Received, path: str) -> Answer:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            return self._reply(401, 2)
        if scheme != "Splunk":
            return self._reply(401, 3)
        token = self.tokens.get(secret)
        if token is None:
            return self._reply(403, 4)
        if not token.enabled:
            return self._reply(403, 1)
        channel = request.headers.get("x-splunk-request-channel", "")
        if path.endswith("/ack") and not token.ack:
            return self._reply(400, 14)
        if token.ack and not channel:
            return self._reply(400, 10)
        if path.endswith("/ack"):
            return self._acks(channel, json.loads(request.body)["acks"])
        if path.endswith("/raw"):
            query = dict(parse_qsl(request.path.partition("?")[2]))
            if query.get("index", "main") not in token.indexes:
                return self._reply(400, 7)
            lines = [line for line in request.body.decode().split("\n") if line]
            self.stored += [{"raw": line} for line in lines]
            return self._accepted(token, channel) if lines else self._reply(400, 5)
        return self._events(request.body.decode(), token, channel)

    def _events(self, text: str, token: Token, channel: str) -> Answer:
        number = -1
        for number, event in enumerate(_objects(text)):
            refusal = self._refusal(event, token)
            if refusal is not None:
                # The number of an incorrect index was measured to be one too high.
                shown = number + 1 if refusal == 7 else number
                extra: dict[str, Any] = {}
                if self.number_shift is not None:
                    extra["invalid-event-number"] = shown + self.number_shift
                if token.ack and number and self.ids_with_errors:
                    extra["ackId"] = self._new_id(channel)
                return self._reply(400, refusal, **extra)
            self.stored.append(event)
        return self._accepted(token, channel) if number >= 0 else self._reply(400, 5)

    def _refusal(self, event: Any, token: Token) -> int | None:
        if not isinstance(event, dict):
            return 6
        if "event" not in event:
            return 12
        if event["event"] in ("", None) or self.poison in json.dumps(event["event"]):
            return 13
        if any(not isinstance(value, (str, list)) for value in event.get("fields", {}).values()):
            return 15
        return None if event.get("index", "main") in token.indexes else 7

    def _accepted(self, token: Token, channel: str) -> Answer:
        return self._reply(200, 0, **({"ackId": self._new_id(channel)} if token.ack else {}))

    def _new_id(self, channel: str) -> int:
        number = self.next_id.get(channel, 0)
        self.next_id[channel] = number + 1
        self.pending.setdefault(channel, set()).add(number)
        return number

    def _acks(self, channel: str, asked: list[int]) -> Answer:
        known = self.pending.get(channel, set())
        said = {number: self.acknowledges and number in known for number in asked}
        known -= {number for number, done in said.items() if done}
        return Answer(200, json.dumps({"acks": said}).encode(), self._headers())

    def _reply(self, status: int, code: int, **extra: Any) -> Answer:
        body = {"text": f"text of code {code}", "code": code} | extra
        return Answer(status, json.dumps(body).encode(), self._headers())

    def _headers(self) -> dict[str, str]:
        return {"Set-Cookie": self.set_cookie} if self.set_cookie else {}


def _objects(text: str) -> Iterator[Any]:
    """Yield the JSON values of a body; None for one that cannot be read, which ends it."""
    decoder, position = json.JSONDecoder(), 0
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        try:
            value, position = decoder.raw_decode(text, position)
        except ValueError:
            yield None
            return
        yield value


@contextmanager
def running_hec(hec: FakeHec) -> Iterator[FakeHttpServer]:
    """Run the collector on a free port."""
    with FakeHttpServer(hec.answer) as server:
        yield server
