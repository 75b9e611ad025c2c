# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `ack` settings.
"""The client of one collector: asks for its health after an outage, and for acknowledgements.

Sources: Splunk, "About HTTP Event Collector indexer acknowledgment" and "HTTP Event Collector REST API
endpoints"; splunk/kafka-connect-splunk for sessions: a changed cookie means another indexer.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence

import orjson

from .._delivery.breaker import FAILURES_TO_OPEN
from .._delivery.errors import DeliveryError, TransportError
from .._delivery.http_client import HttpClient
from .._delivery.records import Confirmation, HttpRequest, HttpResponse
from . import answers
from .acks import Acks
from .config import SplunkHecConfig
from .request import ACK_PATH, CHANNEL_HEADER, HEALTH_PATH, authorized
from .response import HecResponse, json_object, read_answer, row_for

POLL_TIMEOUT_SECONDS = 5.0
"""A question for acknowledgements keeps the sender from sending for no longer than this."""
POLL_PAUSE_MAX_SECONDS = 60.0
"""Longest pause between two questions that had no answer."""

_CLOSING_PAUSE_SECONDS = 0.05  # first pause between two questions at the close
_COOKIE = re.compile(r"(?:^|,)\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=([^;,\s]*)")
_ROTATING_COOKIES = "AWSALB"  # beginning of the names that change with every answer of one target


class HecClient:
    """One collector; implements `Client[HttpRequest, HttpResponse]`.

    Args:
        http: Sends the requests.
        config: Whether and how long to wait for acknowledgements.
        token: Returns the HEC token as it is now.
        clock: Monotonic seconds; the same clock as the `now` of `poll`.
        wait: Sleeps for seconds; called in `close` only.
    """

    def __init__(
        self,
        http: HttpClient,
        *,
        config: SplunkHecConfig,
        token: Callable[[], str],
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._http = http
        self._mode = config.ack
        self._token = token
        self._clock = clock
        self._wait = wait
        self._acks = Acks(deadline_seconds=config.ack_deadline_seconds)
        self._news: list[Confirmation] = []
        self._failures = 0
        self._cookies: dict[str, str] = {}
        self._gives_ids = False  # then a refusal without one says nothing of what came before it
        self._ack_is_on = config.ack != "on"  # must be seen before the first event is sent
        self._poll_seconds = config.ack_poll_seconds
        self._pause = self._poll_seconds
        self._next_poll_at = 0.0
        self._problem = ""

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpResponse:
        """Send events; accepted ones get a token for `poll` when an acknowledgement is to come.

        Raises:
            TransportError: no complete answer came, or the collector is known not to take events.
        """
        deadline = self._clock() + timeout_seconds
        try:
            if self._failures >= FAILURES_TO_OPEN:
                self._require_health(timeout_seconds)
            if not self._ack_is_on:
                self._require_acks(deadline - self._clock())
            response = self._send(request, deadline - self._clock())
        except TransportError:
            self._failures += 1
            raise
        self._failures = self._failures + 1 if response.status >= 500 else 0
        return response

    def poll(self, now: float) -> Sequence[Confirmation]:
        """Ask for acknowledgements if it is time; takes `POLL_TIMEOUT_SECONDS` at most."""
        if len(self._acks) and now >= self._next_poll_at:
            self._ask(POLL_TIMEOUT_SECONDS)
            self._next_poll_at = self._clock() + self._pause
            self._news += self._acks.expire(now, self._problem)
        return self._take_news()

    def close(self, timeout_seconds: float) -> Sequence[Confirmation]:
        """Wait for acknowledgements, then end the connection.

        What misses its deadline meanwhile is given back, with all that is open: there may be time to
        send it again. What is not acknowledged in time otherwise counts as delivered but unconfirmed
        with `ack = "auto"`. With "on" its tokens stay open: whoever closes accounts for them as not
        delivered. Without any time a new client follows, and what is open is given back to it.
        """
        deadline = self._clock() + timeout_seconds
        pause = _CLOSING_PAUSE_SECONDS
        while len(self._acks) and self._clock() < deadline:
            self._ask(min(POLL_TIMEOUT_SECONDS, deadline - self._clock()))
            late = self._acks.expire(self._clock(), self._problem)
            if late:  # there is time to send again, by a client that knows nothing of the others
                self._news += late + self._acks.give_back("another one was not acknowledged")
            elif len(self._acks):
                self._wait(max(0.0, min(pause, deadline - self._clock())))
                pause = min(2 * pause, max(self._poll_seconds, self._pause))
        if timeout_seconds <= 0:
            self._news += self._acks.give_back("the connection was renewed")
        elif self._mode == "auto":
            self._news += self._acks.accept("accepted, but not acknowledged before the close")
        self._http.close(0.0)
        return self._take_news()

    def _take_news(self) -> list[Confirmation]:
        news, self._news = self._news, []
        return news

    def _send(self, request: HttpRequest, timeout_seconds: float) -> HttpResponse:
        if self._mode == "off":
            return self._http.send(request, timeout_seconds)
        channel = self._acks.channel
        response = self._http.send(self._in_session(request, channel), timeout_seconds)
        answer = read_answer(response.body)
        if answer.ack_id is not None or len(self._acks) or self._cookies:
            self._note_cookies(response)
        if answer.code == answers.ACK_CHANNEL_FULL:
            self._acks.renew()
        if answer.code in (answers.ACK_CHANNEL_FULL, answers.ACK_QUEUE_FILLS):
            self._next_poll_at = self._clock()
        row = row_for(response.status, answer.code)
        if row.meaning == answers.OK and answer.code is not None:
            self._gives_ids = answer.ack_id is not None
        token = None
        if answer.ack_id is not None:
            token = self._await_ack(channel, answer.ack_id, row)
        return HecResponse(
            *(response.status, response.body, response.headers, response.retry_after_seconds),
            ack_token=token,
            ack_required=self._mode == "on" or self._gives_ids,
        )

    def _await_ack(self, channel: str, ack_id: int, row: answers.Code | answers.Status) -> int:
        if not len(self._acks):
            self._next_poll_at = max(self._next_poll_at, self._clock() + self._pause)
        warning = row.advice if row.meaning == answers.OK else ""
        token, lost = self._acks.add(channel, ack_id, now=self._clock(), warning=warning)
        self._news += lost
        return token

    def _in_session(self, request: HttpRequest, channel: str) -> HttpRequest:
        headers = {**request.headers, CHANNEL_HEADER: channel}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={v}" for name, v in self._cookies.items())
        return HttpRequest(request.path, headers, request.body, request.method)

    def _require_health(self, timeout_seconds: float) -> None:
        """Let a small question, not a batch, find out whether an outage is over."""
        response = self._ask_first(HttpRequest(HEALTH_PATH, {}, b"", "GET"), timeout_seconds)
        code = read_answer(response.body).code
        # Who cannot be asked for health may take events nevertheless.
        if code in answers.NOT_READY or (code == answers.NO_ACK_SERVICE and self._mode == "on"):
            raise TransportError(f"{answers.CODES[code].advice} (health, code {code})")

    def _require_acks(self, timeout_seconds: float) -> None:
        """Find out, before events are sent, that nobody would acknowledge them."""
        response = self._ask_first(self._question(self._acks.channel, [0]), timeout_seconds)
        code = read_answer(response.body).code
        if code == answers.ACK_DISABLED:
            raise TransportError(f"{answers.CODES[code].advice}, or enable it", configuration=True)
        self._ack_is_on = response.status == 200

    def _ask_first(self, request: HttpRequest, timeout_seconds: float) -> HttpResponse:
        try:
            return self._http.send(request, timeout_seconds)
        except TransportError as error:
            # No event was sent, so none can be there.
            raise TransportError(error.reason, configuration=error.configuration) from None

    def _question(self, channel: str, ack_ids: list[int]) -> HttpRequest:
        body = orjson.dumps({"acks": ack_ids})
        return self._in_session(HttpRequest(ACK_PATH, authorized(self._token()), body), channel)

    def _ask(self, timeout_seconds: float) -> None:
        """Ask every channel in use. What goes wrong changes nothing: the events stay pending."""
        deadline = self._clock() + timeout_seconds
        self._problem = ""
        retry_after = 0.0
        for channel, ack_ids in self._acks.waiting().items():
            try:
                question = self._question(channel, ack_ids)
                response = self._http.send(question, deadline - self._clock())
            except DeliveryError as error:
                self._problem = str(error)
                continue
            if response.status != 200:
                self._note_refusal(response)
                retry_after = max(retry_after, response.retry_after_seconds or 0.0)
                continue
            self._news += self._acks.acknowledge(channel, _acknowledged(response.body))
            self._note_cookies(response)
        slower = min(2 * self._pause, POLL_PAUSE_MAX_SECONDS)
        self._pause = max(slower, retry_after) if self._problem else self._poll_seconds

    def _note_refusal(self, response: HttpResponse) -> None:
        self._problem = f"the question for it was answered with HTTP {response.status}"
        if read_answer(response.body).code == answers.ACK_DISABLED:
            self._ack_is_on = self._mode != "on"
            if self._mode == "auto":
                self._news += self._acks.accept("accepted; acknowledgment was switched off")

    def _note_cookies(self, response: HttpResponse) -> None:
        """Keep the session of a balancer; a cookie that changes says that it is another one."""
        found = dict(_COOKIE.findall(response.headers.get("set-cookie", "")))
        sticky = {name: v for name, v in found.items() if not name.startswith(_ROTATING_COOKIES)}
        moved = any(self._cookies.get(name, value) != value for name, value in sticky.items())
        self._cookies |= found
        if moved:
            self._news += self._acks.give_back("the session moved to another indexer")


def _acknowledged(body: bytes) -> list[int]:
    acks = json_object(body).get("acks")
    said = acks.items() if isinstance(acks, dict) else ()
    return [int(ack_id) for ack_id, done in said if done is True and ack_id.isdecimal()]
