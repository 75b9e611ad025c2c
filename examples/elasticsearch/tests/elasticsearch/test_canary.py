# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""API key and password get out to the cluster and nowhere else, whatever it answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acme_elasticsearch._delivery.records import Record
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.sink import ElasticsearchSink

from ..support.canary import (
    EVENTS,
    QUICK,
    Watch,
    authorization_of,
    bad_values,
    canary,
    run_through,
    tellers,
)
from ..support.fake_http import Answer, FakeHttpServer, Received

pytestmark = pytest.mark.fault(32)

SECRET = canary("elastic")
CREDENTIALS: list[dict[str, Any]] = [
    {"api_key": f"id:{SECRET}"},
    {"username": "elastic", "password": SECRET},
]

LOGIN_PAGE = Answer(200, phrase=SECRET, body=f"<html>{SECRET}</html>".encode())


def judge(received: Received) -> Answer:
    """Refuse one document and take the others; quote the credentials in each item."""
    error = {"type": "document_parsing_exception", "reason": SECRET, "caused_by": {"type": SECRET}}
    items = []
    for document in received.body.splitlines()[1::2]:
        refused = {"status": 400, "error": error}
        item = refused if b'"bad"' in document else {"status": 201}
        items.append({"create": {"_id": SECRET, "result": SECRET} | item})
    body = json.dumps({"took": 1, "errors": True, "items": items}).encode()
    return Answer(200, phrase=SECRET, body=body)


def refuse(status: int, *, in_type: bool) -> Any:
    """Return a script that fails every document with a status and quotes the secret."""

    def answer(received: Received) -> Answer:
        error = {"type": SECRET if in_type else "some_exception", "reason": SECRET}
        item = {"create": {"status": status, "error": error}}
        items = [item] * len(received.body.splitlines()[::2])
        return Answer(200, body=json.dumps({"errors": True, "items": items}).encode())

    return answer


@pytest.mark.parametrize("credentials", CREDENTIALS, ids=["api_key", "password"])
def test_no_answer_makes_the_secret_known(credentials: dict[str, Any], tmp_path: Path) -> None:
    """Every status of a request and of a document, with the secret quoted wherever an answer can."""
    path = tmp_path / "dead.jsonl"
    items = [refuse(status, in_type=kind) for status in (401, 403, 429, 503) for kind in (0, 1)]
    with FakeHttpServer() as server, Watch(SECRET) as watch:
        sink = ElasticsearchSink(
            url=server.url,
            dead_letter_path=path,
            stats_callback=watch.look_into,
            **credentials,
            **QUICK,
        )
        run_through(sink, server, EVENTS, [*tellers(SECRET), LOGIN_PAGE, *items], judge)
        watch.look_at_sink(sink, Record(b"x"))
    for request in server.requests:
        watch.text("request", authorization_of(request))
    watch.text("file", path.read_text())
    assert {"log", "file", "Stats", "ElasticsearchSink.config", "HttpRequest"} <= watch.places()
    assert sink.stats().dead_lettered >= 1
    assert {where for where, _ in watch.findings()} == {"request"}


@pytest.mark.parametrize("setting", ElasticsearchConfig.model_fields)
def test_no_complaint_quotes_a_value(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in the wrong setting, or in the address, is refused without being repeated."""
    monkeypatch.chdir(tmp_path)  # one of the settings is a folder to make
    given = {"url": "http://127.0.0.1:1", "username": "elastic", "password": SECRET}
    values = bad_values(SECRET)
    with Watch(SECRET) as watch:
        watch.provoke(lambda value: ElasticsearchSink(**given | {setting: value}), values)
    assert {"warning", "traceback"} <= watch.places()
    assert watch.findings() == []


@pytest.mark.parametrize("secret", [f"{SECRET} x", f"{SECRET}:é", f"{SECRET}\x00"])
def test_a_secret_that_cannot_be_sent_is_not_quoted(secret: str, tmp_path: Path) -> None:
    """A key that does not fit into a header is complained about without being shown."""
    path = tmp_path / "key"
    path.write_text(secret, encoding="utf-8")
    with Watch(SECRET) as watch:
        for name in ("api_key", "api_key_file"):
            value = path if name == "api_key_file" else secret
            watch.provoke(
                lambda given, name=name: ElasticsearchSink(
                    url="http://127.0.0.1:1", **{name: given}
                ),
                [value],
            )
        sink = ElasticsearchSink(url="http://127.0.0.1:1", api_key_file=path, **QUICK)
        sink._delivery.offer(Record(b"x"))
        sink._delivery.close(0.05)
    assert {"log", "output"} <= watch.places()
    assert watch.findings() == []
