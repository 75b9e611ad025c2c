# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a collector, or whatever stands before it, does wrong, and where every event ends."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from acme_splunk_hec._delivery import agenda
from acme_splunk_hec._delivery.ledger import Stats
from acme_splunk_hec.splunk_hec.sink import SplunkHecSink

from ..faults.books import QUICK, SLOW, account, settled, wait_for
from ..support.fake_http import Answer, FakeHttpServer, Received

SUCCESS = Answer(200, b'{"text":"Success","code":0}')


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def answer(status: int, code: int, **more: Any) -> Answer:
    """Return an answer of the collector."""
    return Answer(status, json.dumps({"text": "text", "code": code, **more}).encode())


class Collector:
    """Reads a request as Splunk does: event by event, until one is refused.

    Args:
        refuse: Asked for each message whether it is refused; returns the code, or None.
        numbered: The answer names the refused event.
        off_by_one: It names the next one, as Splunk does for a wrong index.
    """

    def __init__(
        self,
        refuse: Callable[[str], int | None],
        *,
        numbered: bool = True,
        off_by_one: int = 0,
    ) -> None:
        self.refuse = refuse
        self.indexed: list[str] = []
        self._numbered = numbered
        self._off_by_one = off_by_one

    def __call__(self, received: Received) -> Answer:
        """Answer one request."""
        for number, message in enumerate(messages(received)):
            code = self.refuse(message)
            if code is not None:
                named = {"invalid-event-number": number + self._off_by_one}
                return answer(400, code, **named if self._numbered else {})
            self.indexed.append(message)
        return SUCCESS


def messages(request: Received) -> list[str]:
    """Return the messages that a request carries."""
    return [json.loads(line)["event"]["message"] for line in request.body.splitlines()]


def sent(server: FakeHttpServer) -> list[list[str]]:
    """Return the messages of each request, in order of arrival."""
    return [messages(request) for request in server.requests]


def sink(server: FakeHttpServer, *, batch: int, **settings: Any) -> SplunkHecSink:
    """Return a sink with short pauses that sends so many events together."""
    given = {"url": server.url, "token": "token", "linger_seconds": SLOW}
    return SplunkHecSink(**QUICK | given | {"batch_max_events": batch} | settings)


def deliver(server: FakeHttpServer, *texts: str, **settings: Any) -> Stats:
    """Write one event per text for one request, wait until all are settled, and return the books."""
    target = sink(server, batch=len(texts), **settings)

    async def run() -> None:
        for text in texts:
            assert await target.write({"message": text, "level": "INFO"})
        await asyncio.to_thread(wait_for, target.stats, settled)
        await target.stop()

    asyncio.run(run())
    return target.stats()


def dead_letters(path: Path) -> list[tuple[str, str]]:
    """Return message and reason of each dead letter."""
    entries = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return [(json.loads(entry["event"])["event"]["message"], entry["reason"]) for entry in entries]


@pytest.mark.fault(4, promise=4)
@pytest.mark.parametrize("cut", ["before", "during"])
def test_a_lost_receipt_sends_the_same_bytes_again_and_counts_the_doubt(cut: Any) -> None:
    """Splunk has no ids: the request is repeated byte by byte, and every event in it is in doubt."""
    with FakeHttpServer(SUCCESS) as server:
        server.script(Answer(200, SUCCESS.body, cut=cut))
        stats = deliver(server, "one", "two")
    (first, second) = server.requests
    assert first.raw_body == second.raw_body
    assert (account(stats), stats.ambiguous) == ({"delivered": 2}, 2)


@pytest.mark.fault(6, 8, promise=14)
@pytest.mark.parametrize(
    "receipt",
    [
        Answer(200, b"<html>please log in</html>"),
        Answer(200, b""),
        Answer(200, b"[0]"),
        Answer(204),
        Answer(200, SUCCESS.body[:-4]),
        Answer(200, gzip.compress(SUCCESS.body)[:-14], {"Content-Encoding": "gzip"}),
        Answer(200, b"no gzip", {"Content-Encoding": "gzip"}),
    ],
    ids=["html", "empty", "list", "no_content", "half_json", "half_gzip", "no_gzip"],
)
def test_only_a_receipt_of_a_collector_is_a_delivery(receipt: Answer) -> None:
    """A 200 that Splunk did not write proves nothing: the events are sent again, in doubt."""
    with FakeHttpServer(SUCCESS) as server:
        server.script(receipt)
        stats = deliver(server, "one")
    assert sent(server) == [["one"], ["one"]]
    assert (account(stats), stats.ambiguous) == ({"delivered": 1}, 1)


@pytest.mark.fault(9, 10, promise=(7, 8))
@pytest.mark.parametrize(
    "refusal",
    [
        answer(503, 9),
        answer(429, 26),
        answer(500, 8),
        Answer(503),
        Answer(503, b"<html>no server is available</html>", {"Retry-After": "86400"}),
        Answer(429, b"", {"Retry-After": "soon"}),
    ],
    ids=["busy", "queue_full", "internal", "503_empty", "503_html", "429_garbage"],
)
def test_a_collector_that_is_busy_is_asked_again(refusal: Answer) -> None:
    """With Splunk's own words or a balancer's or none, the events wait and arrive in order."""
    with FakeHttpServer(SUCCESS) as server:
        server.script(refusal, refusal)
        stats = deliver(server, "one", "two")
    assert sent(server) == [["one", "two"]] * 3
    assert (account(stats), stats.retried) == ({"delivered": 2}, 4)


@pytest.mark.fault(11, promise=(5, 16))
def test_too_large_a_request_costs_only_what_is_too_large_alone(tmp_path: Path) -> None:
    """A balancer's HTML 413 halves; the one event that is too large by itself is kept with the reason."""
    path = tmp_path / "dead.jsonl"
    page = Answer(413, b"<html><h1>413 Request Entity Too Large</h1></html>")
    with FakeHttpServer(lambda r: page if len(r.body) > 2_000 else SUCCESS) as server:
        stats = deliver(server, *"abcdefgh", "x" * 3_000, *"ijkl", dead_letter_path=path)
    assert [reason for _, reason in dead_letters(path)] == [
        "the request was refused as a whole (HTTP 413)"
    ]
    assert account(stats) == {"delivered": 12, "dead_lettered": 1}


@pytest.mark.fault(11, promise=16)
def test_a_size_that_was_refused_is_not_sent_again() -> None:
    """After one 413 for two events each later request carries one, although more would be due."""
    with FakeHttpServer(SUCCESS) as server:
        server.script(Answer(413))
        target = sink(server, batch=2)

        async def run() -> None:
            for length in range(500, 800, 50):
                assert await target.write({"message": "x" * length})
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    sizes = [len(messages(request)) for request in server.requests]
    assert (sizes[0], set(sizes[1:])) == (2, {1})
    assert account(target.stats()) == {"delivered": 6}


@pytest.mark.fault(12, 17, promise=(1, 9))
@pytest.mark.parametrize(
    "refusal",
    [
        Answer(415, b"<html>unsupported</html>"),
        Answer(404, b"<html>no route</html>"),
        Answer(404, b'{"code":0,"text":"of another server"}'),
        answer(403, 4),
        answer(401, 3),
        answer(400, 10),
    ],
    ids=["415", "404_html", "404_json", "token_unknown", "token_malformed", "channel"],
)
def test_what_a_person_has_to_repair_holds_the_events(refusal: Answer) -> None:
    """Past their deadline the events are kept, and delivered when it is repaired."""
    with FakeHttpServer(refusal) as server:
        target = sink(server, batch=1, retry_deadline_seconds=0.001)

        async def run() -> None:
            assert await target.write({"message": "one"})
            await asyncio.to_thread(wait_for, target.stats, lambda s: s.held and s.retried >= 2)
            server.default = SUCCESS
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    assert sent(server)[-1] == ["one"]
    assert account(target.stats()) == {"delivered": 1}


@pytest.mark.fault(13, promise=(1, 5))
@pytest.mark.parametrize("bad", [0, 2, 4], ids=["first", "middle", "last"])
@pytest.mark.parametrize("code", [5, 6, 12, 13, 15])
def test_a_numbered_refusal_costs_one_event(bad: int, code: int, tmp_path: Path) -> None:
    """What is before the bad event is indexed and not sent again, what follows is; each arrives once."""
    path = tmp_path / "dead.jsonl"
    texts = [f"event {number}" for number in range(5)]
    collector = Collector(lambda text: code if text == texts[bad] else None)
    with FakeHttpServer(collector) as server:
        stats = deliver(server, *texts, dead_letter_path=path)
    assert collector.indexed == texts[:bad] + texts[bad + 1 :]
    ((text, reason),) = dead_letters(path)
    assert (text, f"code {code}" in reason) == (texts[bad], True)
    assert account(stats) == {"delivered": 4, "dead_lettered": 1}


@pytest.mark.fault(13, promise=(1, 5))
def test_a_refusal_without_a_number_costs_one_event(tmp_path: Path) -> None:
    """Then halving finds it; what Splunk indexed before it may be there twice, nothing is missing."""
    path = tmp_path / "dead.jsonl"
    collector = Collector(lambda text: 6 if text == "bad" else None, numbered=False)
    with FakeHttpServer(collector) as server:
        stats = deliver(server, "a", "b", "bad", "c", "d", dead_letter_path=path)
    assert set(collector.indexed) == {"a", "b", "c", "d"}
    assert [text for text, _ in dead_letters(path)] == ["bad"]
    assert account(stats) == {"delivered": 4, "dead_lettered": 1}


@pytest.mark.fault(14, promise=(1, 5, 9))
def test_a_wrong_index_condemns_no_neighbour(tmp_path: Path) -> None:
    """Code 7 names the event after the culprit: that one is kept with the reason, its neighbours arrive."""
    path = tmp_path / "dead.jsonl"
    collector = Collector(lambda text: 7 if text == "elsewhere" else None, off_by_one=1)
    with FakeHttpServer(collector) as server:
        target = sink(server, batch=4, dead_letter_path=path)

        async def run() -> None:
            for text in ("a", "elsewhere", "b", "c"):
                assert await target.write({"message": text})
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    assert set(collector.indexed) == {"a", "b", "c"}
    assert [text for text, _ in dead_letters(path)] == ["elsewhere"]
    assert account(target.stats()) == {"delivered": 3, "dead_lettered": 1}


@pytest.mark.fault(14, promise=(1, 5, 9))
def test_a_wrong_index_of_all_events_is_a_hold(tmp_path: Path) -> None:
    """When none is accepted the setting is to blame: nobody is given up, all arrive after the repair."""
    path = tmp_path / "dead.jsonl"
    collector = Collector(lambda text: 7, off_by_one=1)
    with FakeHttpServer(collector) as server:
        target = sink(server, batch=4, dead_letter_path=path)

        async def run() -> None:
            for text in ("a", "b", "c", "d"):
                assert await target.write({"message": text})
            await asyncio.to_thread(wait_for, target.stats, lambda s: s.held)
            collector.refuse = lambda text: None
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    assert set(collector.indexed) == {"a", "b", "c", "d"}
    assert account(target.stats()) == {"delivered": 4}


@pytest.mark.fault(15, promise=15)
@pytest.mark.parametrize("code", [24, 25])
def test_a_warning_of_a_filling_queue_is_a_delivery_and_counted(code: int) -> None:
    """The event is not sent again, and the books say that Splunk complained."""
    with FakeHttpServer(SUCCESS) as server:
        server.script(answer(200, code))
        stats = deliver(server, "one")
    assert sent(server) == [["one"]]
    assert (account(stats), stats.warnings) == ({"delivered": 1}, 1)


@pytest.mark.fault(17, promise=(1, 9))
def test_a_token_rotated_in_its_file_is_used_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused with the old token, the events wait; the new one is found long before the next probe."""
    assert agenda._WATCH_SECONDS < 1.0
    monkeypatch.setattr(agenda, "_WATCH_SECONDS", 0.01)
    path = tmp_path / "token"
    path.write_text("old\n")
    valid = {"Splunk old"}

    def guarded(received: Received) -> Answer:
        return SUCCESS if received.headers["authorization"] in valid else answer(403, 4)

    with FakeHttpServer(guarded) as server:
        target = sink(server, batch=1, token=None, token_file=path, hold_seconds=SLOW)

        async def run() -> None:
            assert await target.write({"message": "one"})
            await asyncio.to_thread(wait_for, target.stats, settled)
            valid.clear()
            assert await target.write({"message": "two"})
            await asyncio.to_thread(wait_for, target.stats, lambda s: s.held)
            valid.add("Splunk new")
            path.write_text("new\n")
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    assert sent(server) == [["one"], ["two"], ["two"]]
    assert account(target.stats()) == {"delivered": 2}
