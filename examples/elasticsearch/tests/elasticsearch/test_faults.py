# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a cluster, or whatever stands before it, does wrong, and where every event ends."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from acme_elasticsearch._delivery import agenda
from acme_elasticsearch._delivery.ledger import Stats
from acme_elasticsearch.elasticsearch.sink import ElasticsearchSink

from ..faults.books import QUICK, SLOW, account, settled, wait_for
from ..support.fake_http import Answer, FakeHttpServer, Received, Script
from .fake_bulk import FakeBulk

KEYS = {"old": "b2xkOmtleQ==", "new": "bmV3OmtleQ=="}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def sink(server: FakeHttpServer, *, batch: int, **settings: Any) -> ElasticsearchSink:
    """Return a sink with short pauses that sends so many events together."""
    given = {"url": server.url, "linger_seconds": SLOW, "batch_max_events": batch}
    return ElasticsearchSink(**QUICK | given | settings)


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


def stored(bulk: FakeBulk) -> list[str]:
    """Return the messages of the documents that the cluster has, sorted."""
    return sorted(document["message"] for document in bulk.stored.values())


def dead_letters(path: Path) -> dict[str, str]:
    """Return message -> reason of the dead letters."""
    entries = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    return {json.loads(e["event"].splitlines()[-1])["message"]: e["reason"] for e in entries}


def altered(bulk: FakeBulk, change: Callable[[dict[str, Any]], Any]) -> Script:
    """Return a script that stores the documents and then answers something else."""

    def script(received: Received) -> Answer:
        answer = bulk(received)
        return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())

    return script


@pytest.mark.fault(4, promise=4)
@pytest.mark.parametrize("cut", ["before", "during"])
def test_stored_and_cut_is_stored_once(cut: Any) -> None:
    """The documents were stored, the answer was lost: the resend finds their ids, no copy is made."""
    bulk = FakeBulk()
    with FakeHttpServer(bulk) as server:
        server.script(lambda received: replace(bulk(received), cut=cut))
        stats = deliver(server, "one", "two")
    assert (stored(bulk), len(server.requests)) == (["one", "two"], 2)
    assert (account(stats), stats.ambiguous) == ({"delivered": 2}, 2)


@pytest.mark.fault(6, 7, 20, promise=(4, 14))
@pytest.mark.parametrize(
    "change",
    [
        lambda answer: {**answer, "items": answer["items"][:-1]},
        lambda answer: {**answer, "items": [*answer["items"], answer["items"][0]]},
        lambda answer: {**answer, "items": [item for item in answer["items"] for _ in "12"]},
        lambda answer: {**answer, "items": []},
        lambda answer: {"took": 1, "errors": False},
        lambda answer: {**answer, "items": [{"create": {}} for _ in answer["items"]]},
        lambda answer: answer["items"],
        lambda answer: "html",
    ],
    ids=["one_less", "one_more", "doubled", "none", "no_items", "no_status", "list", "text"],
)
def test_an_answer_that_does_not_fit_the_request_proves_nothing(
    change: Callable[[dict[str, Any]], Any],
) -> None:
    """Too few items, too many, the same twice or none: all is sent again, and stored once."""
    bulk = FakeBulk()
    with FakeHttpServer(bulk) as server:
        server.script(altered(bulk, change))
        stats = deliver(server, "one", "two", "three")
    assert stored(bulk) == ["one", "three", "two"]
    assert (account(stats), stats.ambiguous) == ({"delivered": 3}, 3)


@pytest.mark.fault(6, 8, promise=(4, 14))
@pytest.mark.parametrize(
    ("headers", "spoil"),
    [
        ({}, lambda body: b"<html>please log in</html>"),
        ({}, lambda body: b""),
        ({}, lambda body: body[:-3]),
        ({"Content-Encoding": "gzip"}, lambda body: gzip.compress(body)[:-14]),
        ({"Content-Encoding": "gzip"}, lambda body: body),
    ],
    ids=["html", "empty", "half_json", "half_gzip", "no_gzip"],
)
def test_an_answer_that_cannot_be_read_proves_nothing(
    headers: dict[str, str], spoil: Callable[[bytes], bytes]
) -> None:
    """A page of a proxy, a body that ends early, broken compression: sent again, and stored once."""
    bulk = FakeBulk()

    def spoiled(received: Received) -> Answer:
        return Answer(200, spoil(bulk(received).body), headers)

    with FakeHttpServer(bulk) as server:
        server.script(spoiled)
        stats = deliver(server, "one", "two")
    assert (stored(bulk), len(server.requests)) == (["one", "two"], 2)
    assert (account(stats), stats.ambiguous) == ({"delivered": 2}, 2)


@pytest.mark.fault(9, 10, promise=(7, 8))
@pytest.mark.parametrize(
    "refusal",
    [
        Answer(429, b'{"error":{"type":"circuit_breaking_exception"},"status":429}'),
        Answer(429, b"", {"Retry-After": "86400"}),
        Answer(429, b"", {"Retry-After": "soon"}),
        Answer(503),
        Answer(503, b"<html>no server is available</html>"),
        Answer(502, b"<html>bad gateway</html>"),
    ],
    ids=["breaker", "day", "garbage", "503_empty", "503_html", "502_html"],
)
def test_a_cluster_that_is_busy_is_asked_again(refusal: Answer) -> None:
    """With its own words or a balancer's or none, the events wait and arrive once."""
    bulk = FakeBulk()
    with FakeHttpServer(bulk) as server:
        server.script(refusal, refusal)
        stats = deliver(server, "one", "two")
    assert (bulk.attempts, len(server.requests)) == (["one", "two"], 3)
    assert (account(stats), stats.retried) == ({"delivered": 2}, 4)


@pytest.mark.fault(11, promise=(5, 16))
@pytest.mark.parametrize(
    "page",
    [b"<html><h1>413</h1></html>", b"", b'{"Message":"Request size exceeded 10485760 bytes"}'],
    ids=["html", "empty", "aws"],
)
def test_too_large_a_request_costs_only_what_is_too_large_alone(
    page: bytes, tmp_path: Path
) -> None:
    """A 413 halves; the one document that is too large by itself is kept with the reason."""
    path = tmp_path / "dead.jsonl"
    bulk = FakeBulk()
    with FakeHttpServer(lambda r: Answer(413, page) if len(r.body) > 2_000 else bulk(r)) as server:
        stats = deliver(server, *"abcdefgh", "x" * 3_000, *"ijkl", dead_letter_path=path)
    assert (stored(bulk), bulk.attempts) == ([*"abcdefghijkl"], [*"abcdefghijkl"])
    assert dead_letters(path) == {"x" * 3_000: "HTTP 413"}
    assert account(stats) == {"delivered": 12, "dead_lettered": 1}


@pytest.mark.fault(11, promise=16)
def test_a_size_that_was_refused_is_not_sent_again() -> None:
    """After one 413 for two events each later request carries one, although more would be due."""
    bulk = FakeBulk()
    with FakeHttpServer(bulk) as server:
        server.script(Answer(413))
        target = sink(server, batch=2)

        async def run() -> None:
            for length in range(500, 800, 50):
                assert await target.write({"message": "x" * length})
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    sizes = [len(request.body.splitlines()) // 2 for request in server.requests]
    assert (sizes[0], set(sizes[1:])) == (2, {1})
    assert account(target.stats()) == {"delivered": 6}


@pytest.mark.fault(12, 17, promise=(1, 9))
@pytest.mark.parametrize(
    "refusal",
    [
        Answer(415, b"<html>unsupported</html>"),
        Answer(404, b"<html>no route</html>"),
        Answer(406, b'{"error":"Content-Type header [] is not supported","status":406}'),
        Answer(401, b'{"error":{"type":"security_exception"},"status":401}'),
        Answer(403, b'{"error":{"type":"security_exception"},"status":403}'),
        Answer(301, b"", {"Location": "http://127.0.0.1:9/"}),
    ],
    ids=["415", "404_html", "406", "401", "403", "redirect"],
)
def test_what_a_person_has_to_repair_holds_the_events(refusal: Answer) -> None:
    """Past their deadline the events are kept, and delivered when it is repaired."""
    bulk = FakeBulk()
    with FakeHttpServer(refusal) as server:
        target = sink(server, batch=1, retry_deadline_seconds=0.001)

        async def run() -> None:
            assert await target.write({"message": "one"})
            await asyncio.to_thread(wait_for, target.stats, lambda s: s.held and s.retried >= 2)
            server.default = bulk
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    assert stored(bulk) == ["one"]
    assert account(target.stats()) == {"delivered": 1}


@pytest.mark.fault(17, promise=(1, 9))
def test_a_key_rotated_in_its_file_is_used_without_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused with the old key, the events wait; the new one is found long before the next probe."""
    assert agenda._WATCH_SECONDS < 1.0
    monkeypatch.setattr(agenda, "_WATCH_SECONDS", 0.01)
    path = tmp_path / "key"
    path.write_text(KEYS["old"])
    valid = {f"ApiKey {KEYS['old']}"}
    bulk = FakeBulk()

    def guarded(received: Received) -> Answer:
        return bulk(received) if received.headers["authorization"] in valid else Answer(401)

    with FakeHttpServer(guarded) as server:
        target = sink(server, batch=1, api_key_file=path, hold_seconds=SLOW)

        async def run() -> None:
            assert await target.write({"message": "one"})
            await asyncio.to_thread(wait_for, target.stats, settled)
            valid.clear()
            assert await target.write({"message": "two"})
            await asyncio.to_thread(wait_for, target.stats, lambda s: s.held)
            valid.add(f"ApiKey {KEYS['new']}")
            path.write_text(KEYS["new"])
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    assert (stored(bulk), len(server.requests)) == (["one", "two"], 3)
    assert account(target.stats()) == {"delivered": 2}


ITEMS: dict[str, tuple[int, str]] = {
    "present": (409, "version_conflict_engine_exception"),
    "busy": (429, "es_rejected_execution_exception"),
    "blocked": (403, "cluster_block_exception"),
    "forbidden": (403, "security_exception"),
    "no_index": (404, "index_not_found_exception"),
    "unmapped": (400, "document_parsing_exception"),
    "huge": (413, "content_too_long_exception"),
    "crash": (500, "unavailable_shards_exception"),
}
LOST_FOR_GOOD = {"unmapped", "huge"}


@pytest.mark.fault(19, promise=(1, 5, 6))
def test_every_item_of_one_answer_gets_its_own_end(tmp_path: Path) -> None:
    """One request, one item of each kind: only what can never be stored ends as a dead letter."""
    path = tmp_path / "dead.jsonl"
    seen: set[str] = set()

    def once(document: dict[str, Any]) -> tuple[int, str] | None:
        text = document["message"]
        refusal = None if text in seen and text not in LOST_FOR_GOOD else ITEMS.get(text)
        seen.add(text)
        return refusal

    bulk = FakeBulk(once)
    texts = ["first", *ITEMS, "last"]
    with FakeHttpServer(bulk) as server:
        stats = deliver(server, *texts, dead_letter_path=path)
    assert stored(bulk) == sorted(set(texts) - LOST_FOR_GOOD - {"present"})
    assert all(bulk.attempts.count(text) == 1 for text in ("first", "last", "present"))
    assert all(bulk.attempts.count(text) >= 2 for text in ("busy", "blocked", "crash"))
    assert dead_letters(path) == {
        "unmapped": "item 400 document_parsing_exception",
        "huge": "item 413 content_too_long_exception",
    }
    assert account(stats) == {"delivered": len(texts) - 2, "dead_lettered": 2}


@pytest.mark.fault(19, promise=15)
def test_a_document_in_the_failure_store_is_delivered_with_a_warning() -> None:
    """It is kept, but not where it should be: counted, and not sent again."""
    bulk = FakeBulk()

    def aside(answer: dict[str, Any]) -> dict[str, Any]:
        answer["items"][1]["create"] = {"status": 200, "failure_store": "used"}
        return answer

    with FakeHttpServer(altered(bulk, aside)) as server:
        stats = deliver(server, "one", "two", "three")
    assert len(server.requests) == 1
    assert (account(stats), stats.warnings) == ({"delivered": 3}, 1)


@pytest.mark.parametrize(
    ("error_type", "reason"),
    [
        ("illegal_argument_exception", "pipeline with id [logs] does not exist"),
        ("illegal_argument_exception", "no write index is defined for alias [logs]. The"),
        ("index_closed_exception", "closed"),
        ("validation_exception", "this action would add [2] shards"),
    ],
)
@pytest.mark.parametrize("count", [1, 20])
def test_a_target_that_takes_nobodys_documents_holds_them(
    error_type: str, reason: str, count: int
) -> None:
    """No pipeline, no write index, a closed index, no shard left: nothing is given up for that."""
    broken = FakeBulk(lambda document: (400, error_type, reason))
    bulk = FakeBulk()
    with FakeHttpServer(broken) as server:
        target = sink(server, batch=count, retry_deadline_seconds=0.001)

        async def run() -> None:
            for number in range(count):
                assert await target.write({"message": f"m{number}"})
            await asyncio.to_thread(wait_for, target.stats, lambda s: s.held and s.retried >= 2)
            server.default = bulk
            await asyncio.to_thread(wait_for, target.stats, settled)
            await target.stop()

        asyncio.run(run())
    assert stored(bulk) == sorted(f"m{number}" for number in range(count))
    assert account(target.stats()) == {"delivered": count}
