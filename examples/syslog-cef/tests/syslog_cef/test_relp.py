# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The RELP client against a real socket: a message is delivered when the receiver says so, and not before."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from acme_syslog_cef._delivery.errors import (
    TransportError,
)
from acme_syslog_cef._delivery.records import (
    Confirmation,
    Delivered,
    FrameRequest,
    RetryLater,
    Unconfirmed,
)
from acme_syslog_cef.syslog_cef.relp import (
    MAX_TXNR,
    AnswerReader,
    RelpClient,
    frame,
)

from ..support.fake_relp import FakeRelpServer
from ..support.fake_syslog import poll_until
from .events import quick


@pytest.fixture
def server() -> Iterator[FakeRelpServer]:
    """A RELP receiver."""
    with FakeRelpServer() as server:
        yield server


def relp_client(host: str, port: int, **options: Any) -> RelpClient:
    """Make a client that warns nobody."""
    settings = {"window": 128, "stall_timeout_seconds": 5.0, "warn": lambda key, text: None}
    return RelpClient(host, port, **{**settings, **options})


@pytest.fixture
def client(server: FakeRelpServer) -> Iterator[RelpClient]:
    """A client for it."""
    client = relp_client(server.host, server.port)
    yield client
    client.close(0)


def messages(count: int, first: int = 0) -> FrameRequest:
    """Return numbered messages."""
    return FrameRequest([b"<9>%d" % n for n in range(first, first + count)])


def is_lost(confirmation: Confirmation) -> bool:
    """Whether the message is to be sent again at once, as a possible duplicate."""
    outcome = confirmation.outcome
    return isinstance(outcome, RetryLater) and outcome.ambiguous and outcome.after_seconds == 0.0


def test_each_message_is_confirmed(server: FakeRelpServer, client: RelpClient) -> None:
    """Every message has a token, and the receiver's answer makes it delivered and confirmed."""
    response = client.send(FrameRequest([b"<9>a\nb", b"<9>\xc3\xa4"]), 5.0)

    assert response.outcomes == [Unconfirmed(1), Unconfirmed(2)]
    assert poll_until(client.poll, 2) == [
        Confirmation(1, Delivered()),
        Confirmation(2, Delivered()),
    ]
    assert server.received == [b"<9>a\nb", b"<9>\xc3\xa4"]
    assert server.errors == []


def test_nothing_is_confirmed_before_the_answer(server: FakeRelpServer, client: RelpClient) -> None:
    """What was only written stays unconfirmed, and answers may come in any order."""
    server.hold()
    client.send(messages(2), 5.0)
    server.wait_until(lambda: len(server.received) == 2)

    assert client.poll(time.monotonic()) == []
    server.release()
    assert {news.token for news in poll_until(client.poll, 2)} == {1, 2}


def test_window_is_kept(server: FakeRelpServer) -> None:
    """No more than `window` messages are on their way; the rest waits for answers."""
    client = relp_client(server.host, server.port, window=3)
    server.hold()
    sending = threading.Thread(target=client.send, args=(messages(10), 5.0))
    sending.start()
    server.wait_until(lambda: len(server.received) == 3)
    server.release()
    sending.join(5)

    assert len(poll_until(client.poll, 10)) == 10
    assert server.most_unanswered == 3
    assert server.received == [b"<9>%d" % n for n in range(10)]
    client.close(1.0)


@pytest.mark.parametrize("abrupt", [False, True])
def test_unanswered_messages_are_sent_again(
    server: FakeRelpServer, client: RelpClient, abrupt: bool
) -> None:
    """A lost connection gives back what has no answer, and only that."""
    client.send(messages(1), 5.0)
    server.wait_until(lambda: len(server.acknowledged) == 1)
    confirmed = poll_until(client.poll, 1)
    server.hold()
    client.send(messages(2, first=1), 5.0)
    server.wait_until(lambda: len(server.received) == 3)
    server.reset(abrupt=abrupt)
    lost = poll_until(client.poll, 2)

    assert confirmed == [Confirmation(1, Delivered())]
    assert [(news.token, is_lost(news)) for news in lost] == [(2, True), (3, True)]


def test_session_is_opened_again(server: FakeRelpServer, client: RelpClient) -> None:
    """A receiver that was restarted is connected to, and numbers begin anew."""
    client.send(messages(1), 5.0)
    poll_until(client.poll, 1)
    server.stop()
    with pytest.raises(TransportError) as caught:
        client.send(messages(1), 5.0)
    server.start()
    client.send(messages(1), 5.0)

    assert not caught.value.ambiguous
    assert poll_until(client.poll, 1) == [Confirmation(2, Delivered())]
    assert (server.sessions, server.transactions) == (2, [2, 2])


def test_loss_in_the_middle_of_a_send(server: FakeRelpServer) -> None:
    """What was written is told by poll, what was not is to be retried and cannot be a duplicate."""
    client = relp_client(server.host, server.port, window=2)
    server.hold()

    def cut() -> None:
        server.wait_until(lambda: len(server.received) == 2)
        server.reset()

    cutting = threading.Thread(target=cut)
    cutting.start()
    outcomes = client.send(messages(5), 5.0).outcomes
    cutting.join(5)

    assert outcomes[:2] == [Unconfirmed(1), Unconfirmed(2)]
    assert [type(each) for each in outcomes[2:]] == [RetryLater] * 3
    assert not any(each.ambiguous for each in outcomes[2:] if isinstance(each, RetryLater))
    assert [is_lost(news) for news in client.poll(time.monotonic())] == [True, True]


def test_receiver_that_owes_an_answer_is_given_up(
    server: FakeRelpServer, client: RelpClient
) -> None:
    """Silence longer than the time-out is a loss, although the connection stands."""
    server.hold()
    client.send(messages(1), 5.0)
    server.wait_until(lambda: len(server.received) == 1)

    assert client.poll(time.monotonic() + 4.0) == []
    assert [is_lost(news) for news in client.poll(time.monotonic() + 6.0)] == [True]


def test_full_window_does_not_hold_a_send_for_ever(server: FakeRelpServer) -> None:
    """When no answer makes room in time, the send ends and says what was not written."""
    client = relp_client(server.host, server.port, window=1)
    server.hold()
    outcomes = client.send(messages(2), 0.2).outcomes

    assert outcomes[0] == Unconfirmed(1)
    assert isinstance(outcomes[1], RetryLater)
    assert [is_lost(news) for news in client.poll(time.monotonic())] == [True]


def test_refused_message_is_retried(server: FakeRelpServer, client: RelpClient) -> None:
    """A status other than 200 is no delivery; the receiver's text is not repeated."""
    server.status = b"500 cannot take hunter2"
    client.send(messages(1), 5.0)
    (news,) = poll_until(client.poll, 1)

    assert isinstance(news.outcome, RetryLater)
    assert "RELP status 500" in news.outcome.reason
    assert "hunter2" not in news.outcome.reason
    assert not news.outcome.ambiguous


def test_receiver_may_end_the_session(server: FakeRelpServer, client: RelpClient) -> None:
    """`serverclose` gives back what has no answer."""
    server.hold()
    client.send(messages(1), 5.0)
    server.wait_until(lambda: len(server.received) == 1)
    server.say(b"0 serverclose 0\n")

    assert [is_lost(news) for news in poll_until(client.poll, 1)] == [True]


SAID = {
    "`rsp` with 200": b"2 rsp 6 200 OK\n",
    "`rsp` with another status": b"2 rsp 12 500 no space\n",
    "`serverclose` before a `rsp`": b"0 serverclose 0\n",
    "nothing before the end of the connection": b"",
}
OPENED = {
    "`open` refused, or no `syslog` among its commands": b"1 rsp 11 500 go away\n",
    "something that is not RELP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
}


def meaning(said: bytes, opened: bytes = b"1 rsp 22 200 OK\ncommands=syslog\n") -> str:
    """Return what becomes of a message when the receiver answers in this way, in words of the page."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                for text in (opened, said):
                    connection.recv(1_000)
                    connection.sendall(text)

        thread = threading.Thread(target=answer)
        thread.start()
        client = relp_client(*listener.getsockname())
        try:
            client.send(messages(1), 5.0)
            (news,) = poll_until(client.poll, 1)
        except TransportError as error:
            return "on hold" if error.configuration else "sent again"
        finally:
            client.close(0)
            thread.join(5)
    if news.outcome == Delivered():
        return "delivered"
    return "sent again, perhaps twice" if is_lost(news) else "sent again"


def test_page_says_what_becomes_of_a_message() -> None:
    """Each row of docs/syslog_cef.md is what the client makes of that answer."""
    page = Path(__file__).parents[2].joinpath("docs", "syslog_cef.md").read_text(encoding="utf-8")
    table = page.partition("| The receiver says |")[2].partition("\n\n")[0]
    made = {row: meaning(said) for row, said in SAID.items()}
    made |= {row: meaning(b"", opened) for row, opened in OPENED.items()}
    assert dict(re.findall(r"(?m)^\| (.+) \| (\w.+) \|$", table)) == made


def test_close_waits_for_answers_and_says_goodbye(
    server: FakeRelpServer, client: RelpClient
) -> None:
    """An orderly end loses nothing."""
    client.send(messages(50), 5.0)
    news = client.close(5.0)

    assert [each.outcome for each in news] == [Delivered()] * 50
    assert (server.closes, len(server.acknowledged)) == (1, 50)


def test_close_of_a_silent_receiver(server: FakeRelpServer, client: RelpClient) -> None:
    """What has no answer when the time is up is not delivered."""
    server.hold()
    client.send(messages(1), 5.0)

    assert [is_lost(news) for news in client.close(0.1)] == [True]
    assert client.close(0.1) == []


@pytest.mark.parametrize(
    "said",
    [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"1 rsp 6 200 OKx", b"x" * 100],
    ids=["http", "length", "endless"],
)
def test_peer_that_speaks_no_relp_is_configuration(said: bytes) -> None:
    """Another protocol on the port holds delivery with advice, and no message is sent."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        seen: list[bytes] = []

        def answer() -> None:
            connection, _ = listener.accept()
            with connection:
                seen.append(connection.recv(1_000))
                connection.sendall(said)
                seen.append(connection.recv(1_000))

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(TransportError, match="does not speak RELP") as caught:
            relp_client(*listener.getsockname()).send(messages(1), 5.0)
        thread.join(5)

    assert caught.value.configuration
    assert seen[0].startswith(b"1 open ")
    assert seen[1] == b""


@pytest.mark.parametrize("welcome", [b"500 go away", b"200 OK\nrelp_version=0\ncommands=other"])
def test_refused_session_is_configuration(welcome: bytes) -> None:
    """A receiver that does not take syslog holds delivery."""
    with FakeRelpServer(welcome=welcome) as server:
        with pytest.raises(TransportError, match="takes syslog over RELP") as caught:
            relp_client(server.host, server.port).send(messages(1), 5.0)

        assert caught.value.configuration
        assert server.received == []


def test_relp_over_tls() -> None:
    """The session runs inside TLS, whose certificate is verified."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with FakeRelpServer(tls=context) as server:
        client = relp_client("localhost", server.port, tls=trusting)
        client.send(messages(3), 5.0)
        assert len(poll_until(client.poll, 3)) == 3
        client.close(1.0)
        wrong = relp_client("127.0.0.1", server.port, tls=trusting)
        with pytest.raises(TransportError, match="does not verify") as caught:
            wrong.send(messages(1), 5.0)

    assert caught.value.configuration


def test_transaction_numbers_wrap(
    server: FakeRelpServer, client: RelpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind the highest number comes 2: 1 is the session's own."""
    client.send(messages(1), 5.0)
    poll_until(client.poll, 1)
    monkeypatch.setattr(client, "_txnr", MAX_TXNR - 1)
    client.send(messages(3), 5.0)

    assert len(poll_until(client.poll, 3)) == 3
    assert server.transactions == [2, MAX_TXNR, 2, 3]


@quick
@given(
    st.lists(st.tuples(st.integers(0, MAX_TXNR), st.binary(max_size=40)), max_size=5),
    st.integers(1, 7),
)
def test_answers_come_in_any_pieces(answers: list[tuple[int, bytes]], size: int) -> None:
    """However the network cuts the stream, the same frames come out."""
    data = b"".join(frame(number, b"rsp", body) for number, body in answers)
    reader = AnswerReader()
    read = [
        answer
        for begin in range(0, len(data), size)
        for answer in reader.feed(data[begin : begin + size])
    ]

    assert [(each.txnr, each.command, each.data) for each in read] == [
        (number, b"rsp", body) for number, body in answers
    ]
