# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The HEC token gets out to Splunk and nowhere else, whatever Splunk answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from acme_splunk_hec._delivery.records import Record
from acme_splunk_hec.splunk_hec.config import SplunkHecConfig
from acme_splunk_hec.splunk_hec.sink import SplunkHecSink

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

TOKEN = canary("hec")
CODES = range(29)

LOGIN_PAGE = Answer(200, phrase=TOKEN, body=f"<html>{TOKEN}</html>".encode())


def reply(status: int, code: int, **more: Any) -> Answer:
    """Answer as Splunk does, with the token in the text."""
    quoted = {"text": TOKEN, "code": code} | more
    return Answer(status, phrase=TOKEN, body=json.dumps(quoted).encode())


def judge(received: Received) -> Answer:
    """Refuse one event and take the others."""
    return reply(400, 6) if b'"bad"' in received.body else reply(200, 0)


def test_no_answer_makes_the_token_known(tmp_path: Path) -> None:
    """Every status and every code of the HEC, with the token quoted wherever an answer can quote."""
    path = tmp_path / "dead.jsonl"
    codes = [reply(status, code) for code in CODES for status in (400, 503)]
    codes += [reply(400, 6, **{"invalid-event-number": TOKEN})]
    with FakeHttpServer() as server, Watch(TOKEN) as watch:
        sink = SplunkHecSink(
            url=server.url,
            token=TOKEN,
            dead_letter_path=path,
            stats_callback=watch.look_into,
            **QUICK,
        )
        run_through(sink, server, EVENTS, [*tellers(TOKEN), LOGIN_PAGE, *codes], judge)
        watch.look_at_sink(sink, Record(b"x"))
    watch.text("file", path.read_text())
    without = {r.path for r in server.requests if TOKEN not in authorization_of(r)}
    assert without <= {"/services/collector/health"}
    assert {"log", "file", "Stats", "SplunkHecSink.config", "HttpRequest"} <= watch.places()
    assert sink.stats().dead_lettered >= 1
    assert watch.findings() == []


@pytest.mark.parametrize("setting", SplunkHecConfig.model_fields)
def test_no_complaint_quotes_a_value(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token in the wrong setting, or in the address, is refused without being repeated."""
    monkeypatch.chdir(tmp_path)  # one of the settings is a folder to make
    given = {"url": "http://127.0.0.1:1", "token": TOKEN}
    with Watch(TOKEN) as watch:
        watch.provoke(lambda value: SplunkHecSink(**given | {setting: value}), bad_values(TOKEN))
    assert {"warning", "traceback"} <= watch.places()
    assert watch.findings() == []


@pytest.mark.parametrize("token", [f"two {TOKEN}", f"{TOKEN}\x00", f"{TOKEN}é"])
def test_a_token_that_cannot_be_sent_is_not_quoted(token: str, tmp_path: Path) -> None:
    """A token that does not fit into a header is complained about without being shown."""
    path = tmp_path / "token"
    path.write_text(token, encoding="utf-8")
    with Watch(TOKEN) as watch:
        watch.provoke(lambda value: SplunkHecSink(url="http://127.0.0.1:1", token=value), [token])
        sink = SplunkHecSink(url="http://127.0.0.1:1", token_file=path, **QUICK)
        sink._delivery.offer(Record(b"x"))
        sink._delivery.close(0.05)
    assert {"warning", "log", "output"} <= watch.places()
    assert watch.findings() == []
