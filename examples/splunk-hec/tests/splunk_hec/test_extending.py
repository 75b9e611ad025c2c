# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The examples of docs/extending.md that are particular to this platform do what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from acme_splunk_hec.splunk_hec import mapping

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

application = extending.application

SUCCESS = Answer(200, b'{"text":"Success","code":0}')


def test_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page puts into `mapping.py` is in what arrives."""
    put_into(mapping, "Mapping", monkeypatch)
    with receiver() as (target, settings):
        write(SINK(**settings), {"message": "m", "data": {"tenant": "blue"}})
        assert b'"fields":{"severity":"INFO","tenant":"blue"}' in target.received()


def test_encoder() -> None:
    """The class of the page writes its site into each message."""
    changed = defined("Encoder")["AcmeSplunkHecSink"]
    with receiver() as (target, settings):
        write(changed(**settings), {"message": "paid"})
        assert target.messages() == ["berlin: paid"]


def test_classification() -> None:
    """One status is sent again, after the other the event is given up."""
    with FakeHttpServer(SUCCESS) as server:
        server.script(Answer(404), Answer(422))
        sink = SINK(url=server.url, token="t", **QUICK, **exported("Classification"))
        write(sink, {"message": "m"}, before_stop=lambda: server.wait_for(2))
    stats = sink.stats()
    assert (stats.retried, dict(stats.dropped)) == (1, {"rejected": 1})


def test_extra_headers() -> None:
    """The gateway gets its header."""
    with FakeHttpServer(SUCCESS) as server:
        sink = SINK(url=server.url, token="t", **QUICK, **exported("Extra headers"))
        write(sink, {"message": "m"})
        assert {got.headers["x-scope-orgid"] for got in server.wait_for(1)} == {"security"}


def test_secret_provider(tmp_path: Path) -> None:
    """It is asked at the first request, and again when the target refuses the secret."""
    vault = tmp_path / "log-sink"
    vault.write_text("old", encoding="utf-8")
    with FakeHttpServer(SUCCESS) as server:
        server.script(Answer(401))
        sink = SINK(url=server.url, **QUICK, **exported("Secret provider"))

        def replace() -> None:
            server.wait_for(1)
            vault.write_text("new", encoding="utf-8")
            assert sink._delivery.flush(5.0)

        write(sink, {"message": "m"}, before_stop=replace)
        found = [got.headers["authorization"] for got in server.requests]
    assert list(dict.fromkeys(found)) == ["Splunk old", "Splunk new"]
    assert sink.stats().delivered == 1
