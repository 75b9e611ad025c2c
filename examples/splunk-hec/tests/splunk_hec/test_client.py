# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""One collector and its acknowledgements, over a real socket; the clock stands still unless it is moved."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from acme_splunk_hec._delivery.errors import TransportError
from acme_splunk_hec._delivery.http_client import HttpClient
from acme_splunk_hec._delivery.records import (
    Delivered,
    HttpRequest,
    RetryLater,
)
from acme_splunk_hec.splunk_hec.client import (
    POLL_PAUSE_MAX_SECONDS,
    HecClient,
)
from acme_splunk_hec.splunk_hec.config import SplunkHecConfig
from acme_splunk_hec.splunk_hec.response import HecResponse

from ..support.fake_http import Answer, FakeHttpServer
from .fake_hec import TOKEN, FakeHec, Token, running_hec

CHANNEL = "x-splunk-request-channel"
EVENT = HttpRequest(
    "/services/collector/event",
    {"Authorization": f"Splunk {TOKEN}"},
    b'{"event":{"message":"m"}}',
)
UNHEALTHY = Answer(503, b'{"text":"HEC is unhealthy, queues are full","code":18}')


_opened: list[HttpClient] = []


@pytest.fixture(autouse=True)
def _connections(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield
    while _opened:
        _opened.pop().close(0.0)


@pytest.fixture
def hec() -> FakeHec:
    """A collector whose token has acknowledgment on."""
    return FakeHec(tokens={TOKEN: Token(ack=True)})


@pytest.fixture
def server(hec: FakeHec) -> Iterator[FakeHttpServer]:
    """The collector's server."""
    with running_hec(hec) as running:
        yield running


class Clock:
    """Monotonic seconds that move when they are told to, and in `wait`."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        """Return the time."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let the time pass."""
        self.waits.append(seconds)
        self.now += seconds


class Talk:
    """A client and what it says; every token it gives out is remembered."""

    def __init__(self, server: FakeHttpServer, ack: str = "on", **settings: Any) -> None:
        self.clock = Clock()
        self.config = SplunkHecConfig(url=server.url, token=TOKEN, ack=ack, **settings)
        self.server = server
        self.secret = TOKEN
        _opened.append(HttpClient(server.url, settings=self.config, user_agent="test"))
        self.client = HecClient(
            _opened[-1],
            config=self.config,
            token=lambda: self.secret,
            clock=self.clock,
            wait=self.clock.wait,
        )

    def send(self) -> int | None:
        """Send an event; returns its token."""
        response = self.client.send(EVENT, 5.0)
        return response.ack_token if isinstance(response, HecResponse) else None

    def poll(self, after: float = 1.0) -> dict[int, Any]:
        """Poll after so many seconds; returns token -> outcome."""
        self.clock.now += after
        return {each.token: each.outcome for each in self.client.poll(self.clock.now)}

    def close(self, timeout: float) -> dict[int, Any]:
        """Close; returns token -> outcome."""
        return {each.token: each.outcome for each in self.client.close(timeout)}

    def channels(self, path: str = "/event") -> list[str]:
        """The channels of the requests to a path."""
        found = [got for got in self.server.requests if got.path.endswith(path)]
        return [got.headers.get(CHANNEL, "") for got in found]

    def asked(self) -> list[list[int]]:
        """The ids of each question after the first, which finds out whether there will be answers."""
        found = [got for got in self.server.requests if got.path.endswith("/ack")]
        return [json.loads(got.body)["acks"] for got in found][1:]


def test_accepted_events_wait_for_true(server: FakeHttpServer) -> None:
    """An ackId becomes a token; "true" settles it, on the channel that carried the events."""
    talk = Talk(server)
    token = talk.send()
    assert token is not None
    assert talk.poll() == {token: Delivered()}
    assert talk.channels("/ack")[1:] == talk.channels()
    assert talk.asked() == [[0]]


def test_questions_carry_the_token(server: FakeHttpServer) -> None:
    """In the header, as events do, and never in the query."""
    talk = Talk(server)
    talk.send()
    talk.poll()
    assert {got.headers["authorization"] for got in server.requests} == {f"Splunk {TOKEN}"}
    assert {got.path for got in server.requests} == {
        "/services/collector/ack",
        "/services/collector/event",
    }


def test_questions_keep_their_interval(server: FakeHttpServer, hec: FakeHec) -> None:
    """`ack_poll_seconds` passes between two questions, all open ids in one."""
    hec.acknowledges = False
    talk = Talk(server, ack_poll_seconds=2.0)
    talk.send()
    talk.send()
    assert talk.poll(1.9) == {}
    assert talk.asked() == []
    assert talk.poll(0.1) == {}
    assert talk.asked() == [[0, 1]]
    talk.poll(1.9)
    assert len(talk.asked()) == 1


def test_nothing_open_asks_nothing(server: FakeHttpServer) -> None:
    """A quiet sink does not poll."""
    talk = Talk(server, "auto")
    talk.poll(100.0)
    assert server.requests == []


def test_deadline_gives_back_on_a_new_channel(server: FakeHttpServer, hec: FakeHec) -> None:
    """What stays "false" can be lost: after `ack_deadline_seconds` the events are sent again, elsewhere."""
    hec.acknowledges = False
    talk = Talk(server, ack_deadline_seconds=30.0)
    token = talk.send()
    assert talk.poll(29.9) == {}
    (outcome,) = talk.poll(0.1 + 1.0).values()
    assert isinstance(outcome, RetryLater)
    assert outcome.ambiguous
    hec.acknowledges = True
    again = talk.send()
    assert len(set(talk.channels())) == 2
    assert talk.poll() == {again: Delivered()}
    assert again != token


@pytest.mark.parametrize(
    "trouble",
    [
        Answer(500, b'{"text":"Internal server error","code":8}'),
        Answer(502, b"<html>bad gateway</html>"),
        Answer(429, b'{"text":"ACK channel is at capacity","code":27}'),
        Answer(403, b'{"text":"Invalid token","code":4}'),
        Answer(404, b"<html>not found</html>"),
        Answer(200, b"<html>please log in</html>"),
        Answer(200, b'{"acks":[0]}'),
        Answer(200, b'{"acks":{"0":"true"}}'),
        Answer(cut="before"),
    ],
    ids=["500", "502", "429", "403", "404", "portal", "list", "text", "reset"],
)
@pytest.mark.parametrize("ack", ["on", "auto"])
def test_trouble_with_a_question_settles_nothing(
    server: FakeHttpServer, trouble: Answer, ack: str
) -> None:
    """Another sender declares everything delivered after any 4xx here; only "true" is true."""
    talk = Talk(server, ack)
    token = talk.send()
    server.script(trouble)
    assert talk.poll() == {}
    assert talk.poll(2.0) == {token: Delivered()}


def test_questions_back_off(server: FakeHttpServer) -> None:
    """While questions have no answer they become rarer, up to a limit, and then as before again."""
    talk = Talk(server, ack_deadline_seconds=86_400.0)
    talk.send()
    server.script(*[Answer(503)] * 9)
    pauses, last = [], talk.clock.now
    while len(talk.asked()) < 9:
        before = len(talk.asked())
        talk.poll(0.5)
        if len(talk.asked()) > before:
            pauses.append(talk.clock.now - last)
            last = talk.clock.now
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0] + [POLL_PAUSE_MAX_SECONDS] * 3


def test_wish_of_the_server_is_kept(server: FakeHttpServer) -> None:
    """Retry-After counts for questions as well."""
    talk = Talk(server)
    talk.send()
    server.script(Answer(429, b"", {"Retry-After": "20"}))
    talk.poll()
    assert talk.poll(19.9) == {}
    assert len(talk.poll(0.2)) == 1


def test_a_token_is_read_for_each_question(server: FakeHttpServer, hec: FakeHec) -> None:
    """A rotation in between costs no acknowledgement."""
    talk = Talk(server)
    talk.send()
    hec.tokens = {"new-token": Token(ack=True)}
    assert talk.poll() == {}
    talk.secret = "new-token"
    assert len(talk.poll(2.0)) == 1


def test_nothing_is_sent_when_nobody_would_acknowledge(
    server: FakeHttpServer, hec: FakeHec
) -> None:
    """With ack "on" and a token without it, events are kept and not sent into the dark."""
    hec.tokens[TOKEN].ack = False
    talk = Talk(server)
    with pytest.raises(TransportError, match="acknowledgment") as caught:
        talk.send()
    assert caught.value.configuration
    assert hec.stored == []
    hec.tokens[TOKEN].ack = True
    assert talk.send() is not None


def test_acknowledgment_is_required_when_asked_for(server: FakeHttpServer) -> None:
    """A receipt without an ackId is no delivery with "on"; the first question is not repeated."""
    talk = Talk(server)
    talk.send()
    server.script(Answer(200, b'{"text":"Success","code":0}'))
    response = talk.client.send(EVENT, 5.0)
    assert isinstance(response, HecResponse)
    assert (response.ack_token, response.ack_required) == (None, True)
    assert len(talk.channels("/ack")) == 1


@pytest.mark.parametrize(("ack", "sent"), [("auto", True), ("off", False)])
def test_channel_follows_the_setting(server: FakeHttpServer, ack: str, sent: bool) -> None:
    """With "auto" each request has a channel, in case the token wants one; with "off" none has."""
    talk = Talk(server, ack)
    assert (talk.send() is not None) == sent
    assert [bool(channel) for channel in talk.channels()] == [sent]
    assert talk.channels("/ack") == []


def test_clients_have_channels_of_their_own(server: FakeHttpServer) -> None:
    """Ids count per channel, so that two senders must not share one."""
    first, second = Talk(server), Talk(server)
    first.send()
    second.send()
    assert len(set(first.channels())) == 2


def test_changed_cookie_is_another_indexer(server: FakeHttpServer, hec: FakeHec) -> None:
    """What waits there is sent again on a new channel; what came with the change is asked for."""
    talk = Talk(server)
    hec.set_cookie = "route=a; Path=/; Expires=Wed, 25 Nov 2026 10:00:00 GMT"
    hec.acknowledges = False
    before = talk.send()
    hec.set_cookie = "route=b; Path=/"
    after = talk.send()
    settled = talk.poll(0.0)
    assert [token for token, outcome in settled.items() if outcome.ambiguous] == [before]
    hec.acknowledges = True
    assert talk.poll() == {after: Delivered()}
    talk.send()
    assert len(set(talk.channels())) == 2
    cookies = [got.headers.get("cookie") for got in server.requests if "/event" in got.path]
    assert cookies == [None, "route=a", "route=b"]


def test_same_cookie_is_the_same_session(server: FakeHttpServer, hec: FakeHec) -> None:
    """A balancer may repeat its cookie, and Amazon's changes with every answer."""
    talk = Talk(server)
    hec.acknowledges = False
    for number in range(3):
        hec.set_cookie = f"AWSALB={number}; Path=/"
        talk.send()
    assert talk.poll() == {}
    assert len(set(talk.channels())) == 1


def test_full_channel_is_left(server: FakeHttpServer) -> None:
    """Code 27: ask at once, and send on another channel."""
    talk = Talk(server)
    token = talk.send()
    server.script(Answer(429, b'{"text":"ACK channel is at capacity","code":27}'))
    assert talk.send() is None
    assert talk.poll(0.0) == {token: Delivered()}
    talk.send()
    first, second, third = talk.channels()
    assert (first == second, second == third) == (True, False)


def test_warning_about_acknowledgements_asks_at_once(server: FakeHttpServer) -> None:
    """Code 25 is a success that asks to be relieved of its ids; the warning is told with the event."""
    talk = Talk(server)
    talk.send()
    body = b'{"text":"HEC ACK is approaching its capacity limit","code":25,"ackId":9}'
    server.script(Answer(200, body))
    token = talk.send()
    server.script(Answer(200, b'{"acks":{"0":false,"9":true}}'))
    settled = talk.poll(0.0)
    assert list(settled) == [token]
    assert "acknowledgment queue" in settled[token].warning  # type: ignore[index]


def test_error_with_an_id_is_asked_for(server: FakeHttpServer, hec: FakeHec) -> None:
    """Events before a refused one were accepted, and the answer says under which id."""
    talk = Talk(server)
    bad = HttpRequest(EVENT.path, EVENT.headers, EVENT.body + b'\n{"event":""}')
    response = talk.client.send(bad, 5.0)
    assert isinstance(response, HecResponse)
    assert (response.status, response.ack_token is not None) == (400, True)
    assert talk.poll() == {response.ack_token: Delivered()}
    assert len(hec.stored) == 1


def test_refusal_without_an_id_confirms_nothing(server: FakeHttpServer) -> None:
    """With "auto", too, what comes before a refused event is delivered only if a token gives no ids."""
    talk = Talk(server, "auto")
    busy = Answer(503, b'{"text":"Server is busy","code":9,"invalid-event-number":1}')
    plain = Answer(200, b'{"text":"Success","code":0}')
    required = []
    proxy = Answer(200, b"<html>")
    for answers in ([busy], [None, busy], [proxy, busy], [plain, busy]):
        for answer in answers:
            if answer is not None:
                server.script(answer)
            response = talk.client.send(EVENT, 5.0)
        assert isinstance(response, HecResponse)
        required.append((response.status, response.ack_required))
    assert required == [(503, False), (503, True), (503, True), (503, False)]


def test_switched_off_acknowledgment_settles_auto_only(
    server: FakeHttpServer, hec: FakeHec
) -> None:
    """With "auto" Splunk's first word counts then; "on" keeps waiting and sends nothing more."""
    auto, on = Talk(server, "auto"), Talk(server)
    token = auto.send()
    on.send()
    hec.tokens[TOKEN].ack = False
    (outcome,) = auto.poll().values()
    assert (outcome.confirmed, bool(outcome.warning), token is None) == (False, True, False)
    assert on.poll() == {}
    with pytest.raises(TransportError, match="acknowledgment"):
        on.send()


def test_close_waits_for_true(server: FakeHttpServer, hec: FakeHec) -> None:
    """The end asks again, first soon and then less often, as long as there is time."""
    talk = Talk(server)
    token = talk.send()
    server.script(*[Answer(200, b'{"acks":{"0":false}}')] * 4)
    assert talk.close(5.0) == {token: Delivered()}
    assert talk.clock.waits == [0.05, 0.1, 0.2, 0.4]


def test_close_leaves_open_what_is_required(server: FakeHttpServer, hec: FakeHec) -> None:
    """With "on" nothing is called delivered that was not acknowledged, and nothing is sent again now."""
    hec.acknowledges = False
    talk = Talk(server)
    talk.send()
    began = talk.clock.now
    assert talk.close(3.0) == {}
    assert talk.clock.now - began == pytest.approx(3.0)


def test_close_gives_back_what_is_late(server: FakeHttpServer, hec: FakeHec) -> None:
    """A deadline that passes while somebody waits for the close leaves time to send again."""
    hec.acknowledges = False
    talk = Talk(server, ack_deadline_seconds=2.0)
    talk.send()
    talk.clock.now += 1.0
    talk.send()
    began = talk.clock.now
    settled = talk.close(60.0)
    assert [outcome.ambiguous for outcome in settled.values()] == [True, True]
    assert 1.0 <= talk.clock.now - began < 3.0


def test_close_takes_what_was_accepted_with_auto(server: FakeHttpServer, hec: FakeHec) -> None:
    """With "auto" Splunk's receipt counts at the end, as unconfirmed."""
    hec.acknowledges = False
    talk = Talk(server, "auto")
    token = talk.send()
    outcome = talk.close(0.1)[token or 0]
    assert isinstance(outcome, Delivered)
    assert not outcome.confirmed


def test_renewal_gives_back(server: FakeHttpServer) -> None:
    """A client that ends without time, to be followed by another, loses nothing."""
    talk = Talk(server)
    talk.send()
    (outcome,) = talk.close(0.0).values()
    assert isinstance(outcome, RetryLater)
    assert outcome.ambiguous


def test_a_dead_collector_is_asked_for_its_health(server: FakeHttpServer, hec: FakeHec) -> None:
    """After three failures in a row a small question goes first, without a token."""
    talk = Talk(server, "off")
    hec.tokens[TOKEN].ack = False
    server.script(*[Answer(503)] * 3, UNHEALTHY)
    for _ in range(3):
        assert talk.client.send(EVENT, 5.0).status == 503
    with pytest.raises(TransportError, match="queues are full") as caught:
        talk.client.send(EVENT, 5.0)
    assert (caught.value.ambiguous, caught.value.configuration) == (False, False)
    health = server.requests[3]
    assert (health.method, health.path) == ("GET", "/services/collector/health")
    assert "authorization" not in health.headers
    assert talk.client.send(EVENT, 5.0).status == 200
    assert talk.client.send(EVENT, 5.0).status == 200
    assert [got.method for got in server.requests[4:]] == ["GET", "POST", "POST"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, b"<html>"),
        Answer(404),
        Answer(400, b'{"text":"Invalid token","code":21}'),
        Answer(503, b'{"text":"ack service unavailable","code":19}'),
    ],
    ids=["html", "404", "21", "19"],
)
def test_only_a_collector_itself_is_believed(
    server: FakeHttpServer, hec: FakeHec, answer: Answer
) -> None:
    """A balancer that does not route the health page must not stop events, nor what does not matter."""
    talk = Talk(server, "off")
    hec.tokens[TOKEN].ack = False
    server.script(*[Answer(503)] * 3, answer)
    for _ in range(3):
        talk.client.send(EVENT, 5.0)
    assert talk.client.send(EVENT, 5.0).status == 200


def test_missing_acknowledgment_service_matters_with_on(
    server: FakeHttpServer, hec: FakeHec
) -> None:
    """Code 19 stops those who need acknowledgements."""
    talk = Talk(server)
    talk.send()
    server.script(*[Answer(503)] * 3)
    for _ in range(3):
        talk.send()
    hec.health = 19
    with pytest.raises(TransportError, match="acknowledgment service"):
        talk.send()


def test_outage_is_not_ambiguous_before_events_are_sent(server: FakeHttpServer) -> None:
    """A question that went unanswered cannot have stored an event."""
    talk = Talk(server)
    server.script(Answer(cut="before"))
    with pytest.raises(TransportError) as caught:
        talk.send()
    assert not caught.value.ambiguous
