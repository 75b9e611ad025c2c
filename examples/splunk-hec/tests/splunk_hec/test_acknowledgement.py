# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Acknowledgement, refusals and rotation, from `write()` to a collector that answers as Splunk does."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from acme_splunk_hec.splunk_hec.sink import SplunkHecSink

from ..support.fake_http import Answer, FakeHttpServer, Received
from .fake_hec import TOKEN, FakeHec, Token, running_hec

LONGEST_WAIT = 5.0


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def hec() -> FakeHec:
    """A collector whose token has acknowledgment on."""
    return FakeHec(tokens={TOKEN: Token(ack=True)})


@pytest.fixture
def server(hec: FakeHec) -> Iterator[FakeHttpServer]:
    """Its server."""
    with running_hec(hec) as running:
        yield running


def make(server: FakeHttpServer, **settings: Any) -> SplunkHecSink:
    """Return a sink for the collector, with short pauses."""
    given = {
        "url": server.url,
        "token": TOKEN,
        "linger_seconds": 0.01,
        "retry_initial_seconds": 0.01,
        "ack_poll_seconds": 0.05,
        "close_timeout_seconds": LONGEST_WAIT,
    }
    return SplunkHecSink(**given | settings)


async def write(sink: SplunkHecSink, *messages: str) -> None:
    """Write one event per message."""
    for message in messages:
        assert await sink.write({"message": message})


async def write_sixteen(sink: SplunkHecSink, bad: str, position: int) -> None:
    """Write events of which one is refused: as "poison", or as an "event" for a secret index."""
    for number in range(16):
        event: dict[str, Any] = {"message": f"event-{number}"}
        if number == position:
            index = "secret" if bad == "event" else "main"
            event = {"message": f"{bad}-{number}", "data": {"index": index}}
        assert await sink.write(event)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for a condition, not for a time."""
    for _ in range(int(LONGEST_WAIT / 0.01)):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.mark.fault(16, promise=14)
def test_events_are_pending_until_acknowledged(server: FakeHttpServer, hec: FakeHec) -> None:
    """Accepted is not delivered: the event stays in the books until Splunk says "true"."""
    hec.acknowledges = False

    async def run() -> None:
        sink = make(server)
        await write(sink, "one", "two")
        await until(
            lambda: len(hec.stored) == 2 and sum("/ack" in r.path for r in server.requests) > 0
        )
        assert (sink.stats().delivered, sink.stats().pending) == (0, 2)
        hec.acknowledges = True
        await until(lambda: sink.stats().delivered == 2)
        await sink.stop()
        assert sink.stats().balanced

    asyncio.run(run())


@pytest.mark.fault(16, promise=14)
def test_lost_acknowledgement_sends_again(server: FakeHttpServer, hec: FakeHec) -> None:
    """An indexer that was restarted never says "true": the events are sent again, and counted."""
    hec.acknowledges = False

    async def run() -> None:
        sink = make(server, ack_deadline_seconds=0.3)
        await write(sink, "one")
        await until(lambda: len(hec.stored) == 1)
        hec.restart()
        hec.acknowledges = True
        await until(lambda: sink.stats().delivered == 1)
        await sink.stop()
        books = sink.stats()
        assert (books.ambiguous, books.retried, books.balanced) == (1, 1, True)

    asyncio.run(run())
    assert hec.messages == ["one", "one"]
    channels = [
        got.headers["x-splunk-request-channel"] for got in server.requests if "/event" in got.path
    ]
    assert len(set(channels)) == 2


@pytest.mark.fault(16, promise=14)
def test_unacknowledged_events_are_accounted_for_at_the_end(
    server: FakeHttpServer, hec: FakeHec, tmp_path: Path
) -> None:
    """With ack "on" the close keeps them in the dead-letter file and does not call them delivered."""
    hec.acknowledges = False
    letters = tmp_path / "dead"

    async def run() -> SplunkHecSink:
        sink = make(server, ack="on", close_timeout_seconds=0.5, dead_letter_path=letters)
        await write(sink, "one")
        await sink.stop()
        return sink

    books = asyncio.run(run()).stats()
    assert (books.delivered, books.dead_lettered, books.pending) == (0, 1, 0)
    assert hec.messages == ["one"]
    assert letters.read_text().count("one") == 1


def test_close_sends_again_what_was_lost(server: FakeHttpServer, hec: FakeHec) -> None:
    """An indexer that forgot its acknowledgements just before the end: there is time for another try."""
    hec.acknowledges = False

    async def run() -> SplunkHecSink:
        sink = make(server, ack="on", ack_deadline_seconds=0.5)
        await write(sink, "one")
        await until(lambda: len(hec.stored) == 1)
        hec.restart()
        hec.acknowledges = True
        await sink.stop()
        return sink

    books = asyncio.run(run()).stats()
    assert (books.delivered, books.dropped, books.ambiguous) == (1, {}, 1)
    assert hec.messages == ["one", "one"]


def test_hold_with_open_acknowledgements_loses_nothing(
    server: FakeHttpServer, hec: FakeHec, tmp_path: Path
) -> None:
    """A token that is refused while events wait for "true": they get it later, or are sent again."""
    hec.acknowledges = False
    token = tmp_path / "token"
    token.write_text(TOKEN)

    async def run() -> SplunkHecSink:
        sink = make(server, ack="on", token=None, token_file=token, hold_seconds=0.1)
        await write(sink, "waits")
        await until(lambda: hec.messages == ["waits"])
        hec.tokens = {"new-token": Token(ack=True)}
        await write(sink, "refused")
        await until(lambda: sink.stats().held)
        hec.acknowledges = True
        token.write_text("new-token")
        await until(lambda: sink.stats().delivered == 2)
        await sink.stop()
        return sink

    books = asyncio.run(run()).stats()
    assert (books.delivered, books.dropped, books.balanced) == (2, {}, True)
    assert sorted(hec.messages) == ["refused"] + ["waits"] * (1 + books.ambiguous)


def test_a_dead_collector_does_not_stop_the_other(server: FakeHttpServer, hec: FakeHec) -> None:
    """Acknowledgements are asked for where the events went."""
    with running_hec(FakeHec(tokens=hec.tokens)) as other:
        dead = other.url

    async def run() -> SplunkHecSink:
        sink = make(server, url=dead, failover_urls=(server.url,), ack="on")
        await write(sink, "one", "two")
        await until(lambda: sink.stats().delivered == 2)
        await sink.stop()
        return sink

    assert asyncio.run(run()).stats().dropped == {}
    assert hec.messages == ["one", "two"]


def test_poison_in_acknowledged_batches(server: FakeHttpServer, hec: FakeHec) -> None:
    """The refused events are given up, all others are delivered once, wherever they stand."""
    poison = {0, 1, 7, 15}
    names = [f"poison-{n}" if n in poison else f"event-{n}" for n in range(16)]

    async def run() -> SplunkHecSink:
        sink = make(server, ack="on", linger_seconds=0.3)
        await write(sink, *names)
        await sink.stop()
        return sink

    books = asyncio.run(run()).stats()
    assert sorted(hec.messages) == sorted(name for name in names if name.startswith("event"))
    assert (books.delivered, books.dropped, books.held) == (12, {"rejected": 4}, False)


@pytest.mark.parametrize("position", [0, 1, 2, 8, 15])
@pytest.mark.parametrize("ack", [False, True], ids=["plain", "acknowledged"])
def test_one_wrong_index_costs_one_event(
    server: FakeHttpServer, hec: FakeHec, position: int, ack: bool
) -> None:
    """An index that is not allowed holds up neither its batch nor what follows, and duplicates nothing."""
    hec.tokens[TOKEN].ack = ack

    async def run() -> SplunkHecSink:
        sink = make(server, index_field="data.index", linger_seconds=0.3)
        for number in range(16):
            data = {"index": "secret"} if number == position else {}
            assert await sink.write({"message": f"event-{number}", "data": data})
        await sink.stop()
        return sink

    books = asyncio.run(run()).stats()
    assert (books.delivered, books.dropped, books.held) == (15, {"rejected": 1}, False)
    assert sorted(hec.messages) == sorted(f"event-{n}" for n in range(16) if n != position)


@pytest.mark.parametrize("position", [0, 1, 5, 15])
@pytest.mark.parametrize(
    ("bad", "shift"),
    [("poison", None), ("poison", 1_000), ("event", None), ("event", 1_000), ("event", -1)],
)
def test_a_wrong_number_costs_duplicates_that_are_counted(
    server: FakeHttpServer, hec: FakeHec, bad: str, shift: int | None, position: int
) -> None:
    """What is indexed already is sent again in search of the bad event, when no number tells.

    The number of a wrong index less one is the right one: a later Splunk may say it.
    """
    hec.number_shift = shift

    async def run() -> SplunkHecSink:
        sink = make(server, ack="on", index_field="data.index", linger_seconds=0.3)
        await write_sixteen(sink, bad, position)
        await sink.stop()
        return sink

    books = asyncio.run(run()).stats()
    assert (books.delivered, books.dropped, books.held) == (15, {"rejected": 1}, False)
    assert set(hec.messages) == {f"event-{n}" for n in range(16) if n != position}
    assert len(hec.messages) - 15 <= books.ambiguous


@pytest.mark.parametrize("mode", ["auto", "on"])
@pytest.mark.parametrize("bad", ["poison", "event"])
def test_a_refusal_without_an_id_costs_the_bad_event_only(
    server: FakeHttpServer, hec: FakeHec, bad: str, mode: str
) -> None:
    """What came before it goes once more, alone, for an id of its own: it is not stuck, nor lost."""
    hec.ids_with_errors = False

    async def run() -> SplunkHecSink:
        sink = make(server, ack=mode, index_field="data.index", linger_seconds=0.3)
        await write(sink, "first")
        await until(lambda: sink.stats().delivered == 1)
        await write_sixteen(sink, bad, 5)
        await sink.stop()
        return sink

    books = asyncio.run(run()).stats()
    assert (books.delivered, books.dropped, books.held) == (16, {"rejected": 1}, False)
    assert set(hec.messages) == {"first"} | {f"event-{n}" for n in range(16) if n != 5}
    assert len(hec.messages) - 16 <= books.ambiguous


def test_a_late_acknowledgement_condemns_nobody() -> None:
    """It says that the target took events once: what it refuses since then may be common to all."""
    answers = [
        Answer(
            503,
            b'{"text":"Server is busy","code":9,"invalid-event-number":1,"ackId":0}',
            {"Retry-After": "1"},
        )
    ]

    def collector(received: Received) -> Answer:
        if "/ack" in received.path:
            return Answer(200, b'{"acks":{"0":true}}')
        if "/health" in received.path:
            return Answer(200, b'{"text":"HEC is healthy","code":17}')
        return answers.pop() if answers else Answer(400, b"refused")

    async def run(server: FakeHttpServer) -> None:
        sink = make(server, ack="on", linger_seconds=0.3, close_timeout_seconds=0.1)
        await write(sink, "one", "two")
        await until(lambda: sink.stats().held or bool(sink.stats().dropped))
        assert (sink.stats().delivered, sink.stats().dropped) == (1, {})
        await sink.stop()

    with FakeHttpServer(collector) as server:
        asyncio.run(run(server))


@pytest.mark.parametrize("trouble", ["index", "format"])
def test_what_every_event_is_refused_for_condemns_none(
    server: FakeHttpServer, hec: FakeHec, trouble: str
) -> None:
    """When nothing is accepted the configuration is wrong: hold, and deliver all after the repair."""
    hec.tokens[TOKEN] = Token(indexes=("other",) if trouble == "index" else ("main",))
    source = "poison" if trouble == "format" else "app"

    async def run() -> SplunkHecSink:
        sink = make(server, hold_seconds=0.1, linger_seconds=0.1)
        for number in range(20):
            assert await sink.write({"message": f"event-{number}", "logger": source})
        await until(lambda: sink.stats().held)
        assert (sink.stats().pending, sink.stats().dropped) == (20, {})
        hec.tokens[TOKEN] = Token()
        hec.poison = "no such text"
        await until(lambda: sink.stats().delivered == 20)
        await sink.stop()
        return sink

    books = asyncio.run(run()).stats()
    assert (books.delivered, books.dropped) == (20, {})
    assert sorted(hec.messages) == sorted(f"event-{number}" for number in range(20))


def test_token_rotation_loses_nothing(server: FakeHttpServer, hec: FakeHec, tmp_path: Path) -> None:
    """The file gets the new token some time after the old one was disabled; each event is stored once."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    tokens = itertools.cycle(["token-a", "token-b", TOKEN])

    async def run() -> SplunkHecSink:
        sink = make(server, token=None, token_file=file, ack="off", hold_seconds=30.0)
        for number in range(30):
            await write(sink, f"event-{number}")
            if number % 10 == 9:
                await until(lambda: sink.stats().pending == 0)
                new = next(tokens)
                hec.tokens = {new: Token()}
                await write(sink, f"rotated-{number}")
                await until(lambda: sink.stats().held)
                file.write_text(new)
                await until(lambda: not sink.stats().held)
        await sink.stop()
        return sink

    hec.tokens[TOKEN].ack = False
    books = asyncio.run(run()).stats()
    assert (books.delivered, books.dropped, books.ambiguous) == (33, {}, 0)
    assert len(set(hec.messages)) == len(hec.messages) == 33


@pytest.mark.fault(16, promise=12)
def test_spool_keeps_what_was_not_acknowledged(
    server: FakeHttpServer, hec: FakeHec, tmp_path: Path
) -> None:
    """A process that ends before "true" leaves the events in the spool; the next one sends them again."""
    hec.acknowledges = False
    spool = tmp_path / "spool"

    async def first() -> SplunkHecSink:
        sink = make(server, ack="on", close_timeout_seconds=0.5, spool_directory=spool)
        await write(sink, "one", "two")
        await until(lambda: len(hec.stored) == 2)
        await sink.stop()
        return sink

    ended = asyncio.run(first())
    books = ended.stats()
    assert (books.delivered, books.dropped, books.pending) == (0, {}, 2)
    ended._delivery._shared.accounts.buffer.close()  # as the end of the process does
    hec.acknowledges = True

    async def second() -> SplunkHecSink:
        sink = make(server, ack="on", hold_seconds=29.0, spool_directory=spool)
        await write(sink, "three")
        await until(lambda: (sink.stats().recovered, sink.stats().pending) == (2, 0))
        await sink.stop()
        return sink

    asyncio.run(second())
    assert sorted(hec.messages) == ["one", "one", "three", "two", "two"]
