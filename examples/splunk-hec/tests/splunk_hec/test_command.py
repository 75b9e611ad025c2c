# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The command line with this platform: the token is in no line, whatever the collector says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from acme_splunk_hec._command import check
from acme_splunk_hec._command.main import main
from acme_splunk_hec._delivery.deadletter import DeadLetterFile
from acme_splunk_hec._delivery.records import Record
from acme_splunk_hec.plugin import PLUGIN_METADATA

from ..support.fake_http import Answer, FakeHttpServer

TOKEN = "canary-4f1c-token"
OWN = f"FAPILOG_SINK_CONFIG__EXTRA__{PLUGIN_METADATA['name'].upper()}"


def run(*argv: str) -> int:
    """Run a command of this project."""
    return main(argv, metadata=PLUGIN_METADATA, program="acme")


def echo(status: int, code: int | None) -> Answer:
    """Answer with the token in the text, in a header and in the code's place."""
    body = {"text": TOKEN, "code": TOKEN if code is None else code}
    return Answer(status, json.dumps(body).encode(), {"X-Echo": TOKEN})


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, 0), (200, None), (400, 7), (403, 4), (400, 6), (500, 8), (503, 9), (302, None)],
)
def test_token_is_not_shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int,
    code: int | None,
) -> None:
    """Not by a check, not by a replay, not in the dead letters, not in the schema."""
    file = tmp_path / "dead.jsonl"
    DeadLetterFile(file, max_bytes=10_000).append([(Record(b'{"event":"a"}'), "expired")])
    with FakeHttpServer(echo(status, code)) as server:
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setenv(f"{OWN}__URL", server.url)
        monkeypatch.setenv(f"{OWN}__TOKEN", TOKEN)
        monkeypatch.setattr(check, "_HANDSHAKE_SECONDS", 0.05)  # the fake waits for a line
        succeeded = (status, code) == (200, 0)
        patience = "10" if succeeded else "0.1"
        assert run("check") == 1  # who takes an empty body is no collector
        assert run("replay", str(file), "--timeout", patience) == (0 if succeeded else 1)
        assert run("schema") == 0
        assert server.requests[0].headers["authorization"] == f"Splunk {TOKEN}"
    printed = capsys.readouterr()
    assert TOKEN not in printed.out + printed.err
    assert [path for path in tmp_path.iterdir() if TOKEN in path.read_text()] == []


def test_wrong_token_is_not_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A token that cannot be one is refused without being quoted."""
    monkeypatch.setenv(f"{OWN}__TOKEN", f"Splunk {TOKEN}")
    assert run("check", "--set", "url=http://127.0.0.1:9") == 2
    printed = capsys.readouterr()
    assert "token" in printed.err
    assert TOKEN not in printed.out + printed.err


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, b"<response><messages/></response>", "no HTTP Event Collector answers there"),
        (303, b"", "no HTTP Event Collector answers there"),
        (401, b"no such token", "check the token setting"),
    ],
    ids=["management", "web", "token"],
)
def test_a_refused_event_is_looked_into(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int,
    body: bytes,
    words: str,
) -> None:
    """Splunk's management port says 401, as to a wrong token: the steps behind the event tell them apart."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(check, "_HANDSHAKE_SECONDS", 0.05)
    with FakeHttpServer(Answer(status, body)) as server:
        assert run("check", "--set", f"url={server.url}", "--set", f"token={TOKEN}") == 1
    assert words in capsys.readouterr().out.partition("what only this platform knows")[2]


def test_what_is_not_reached_is_not_looked_into(capsys: pytest.CaptureFixture[str]) -> None:
    """That nobody listens is said once."""
    assert run("check", "--set", "url=http://127.0.0.1:9", "--set", f"token={TOKEN}") == 1
    assert "1 step(s) failed" in capsys.readouterr().out


def test_check_sends_an_envelope(capsys: pytest.CaptureFixture[str]) -> None:
    """The test event is encoded as every other one, and looks for its index; then come health and token."""
    with FakeHttpServer() as server:
        server.script(
            Answer(200, b'{"text":"Success","code":0}'),
            Answer(200, b'{"text":"HEC is healthy","code":17}'),
            Answer(400, b'{"text":"No data","code":5}'),
        )
        settings = ["--set", f"url={server.url}", "--set", f"token={TOKEN}", "--set", "ack=off"]
        assert run("check", *settings, "--set", "index=main") == 0
        request = server.requests[0]
    envelope = json.loads(request.body)
    assert envelope["index"] == "main"
    assert envelope["event"]["message"] == "test event of `acme check`"
    printed = capsys.readouterr().out
    assert "accepted: the target confirmed it" in printed
    assert "Splunk knows the token" in printed
