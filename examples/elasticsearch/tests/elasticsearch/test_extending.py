# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The examples of docs/extending.md that are particular to this platform do what the page says."""

from __future__ import annotations

import base64
from pathlib import Path

import pytest

from acme_elasticsearch.elasticsearch import mapping

from ..support import extending
from ..support.extending import (
    QUICK,
    SINK,
    defined,
    exported,
    put_into,
    receiver,
    write,
)
from ..support.fake_http import Answer, FakeHttpServer
from .fake_bulk import FakeBulk

application = extending.application


def test_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page puts into `mapping.py` is in what arrives."""
    put_into(mapping, "Mapping", monkeypatch)
    with receiver() as (target, settings):
        write(SINK(**settings), {"message": "m", "tenant": "blue"})
        assert b'"organization":{"id":"blue"}' in target.received()


def test_encoder() -> None:
    """The class of the page writes its site into each message."""
    changed = defined("Encoder")["AcmeElasticsearchSink"]
    with receiver() as (target, settings):
        write(changed(**settings), {"message": "paid"})
        assert target.messages() == ["berlin: paid"]


def test_classification() -> None:
    """One status is sent again, after the other the event is given up."""
    with FakeHttpServer(FakeBulk()) as server:
        server.script(Answer(404), Answer(422))
        sink = SINK(url=server.url, **QUICK, **exported("Classification"))
        write(sink, {"message": "m"}, before_stop=lambda: server.wait_for(2))
    stats = sink.stats()
    assert (stats.retried, dict(stats.dropped)) == (1, {"rejected": 1})


def test_extra_headers() -> None:
    """The gateway gets its header."""
    with FakeHttpServer(FakeBulk()) as server:
        sink = SINK(url=server.url, **QUICK, **exported("Extra headers"))
        write(sink, {"message": "m"})
        assert {got.headers["x-scope-orgid"] for got in server.wait_for(1)} == {"security"}


def test_secret_provider(tmp_path: Path) -> None:
    """It is asked at the first request, and again when the target refuses the secret."""
    vault = tmp_path / "log-sink"
    vault.write_text("id:old", encoding="utf-8")
    with FakeHttpServer(FakeBulk()) as server:
        server.script(Answer(401))
        sink = SINK(url=server.url, **QUICK, **exported("Secret provider"))

        def replace() -> None:
            server.wait_for(1)
            vault.write_text("id:new", encoding="utf-8")
            assert sink._delivery.flush(5.0)

        write(sink, {"message": "m"}, before_stop=replace)
        found = [got.headers["authorization"] for got in server.requests]
    keys = [base64.b64encode(key).decode() for key in (b"id:old", b"id:new")]
    assert list(dict.fromkeys(found)) == [f"ApiKey {key}" for key in keys]
    assert sink.stats().delivered == 1
