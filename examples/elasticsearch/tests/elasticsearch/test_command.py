# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The command line with this platform: no secret in any line, and a replay that duplicates nothing."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from acme_elasticsearch._command import check
from acme_elasticsearch._command.main import main
from acme_elasticsearch._delivery.deadletter import DeadLetterFile
from acme_elasticsearch._delivery.records import Record
from acme_elasticsearch.elasticsearch.sink import ElasticsearchSink
from acme_elasticsearch.plugin import PLUGIN_METADATA

from ..support.fake_http import Answer, FakeHttpServer, Received
from .fake_bulk import FakeBulk
from .fake_cluster import FakeCluster

CANARY = "canary-4f1c"
OWN = f"FAPILOG_SINK_CONFIG__EXTRA__{PLUGIN_METADATA['name'].upper()}"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def run(*argv: str) -> int:
    """Run a command of this project."""
    return main(argv, metadata=PLUGIN_METADATA, program="acme")


def echo(status: int) -> FakeHttpServer:
    """Answer with the credentials that came."""

    def answer(received: Received) -> Answer:
        # The check looks for TLS, too: what such a handshake says has no such header.
        sent = f"{received.headers.get('authorization')} {CANARY}"
        return Answer(status, sent.encode(), {"X-Echo": sent})

    return FakeHttpServer(answer)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 500])
def test_credentials_are_not_shown(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    status: int,
) -> None:
    """Not by a check, not by a replay, not in the dead letters, not in the schema."""
    file = tmp_path / "dead.jsonl"
    DeadLetterFile(file, max_bytes=10_000).append([(Record(b'{"create":{}}\n{}'), "expired")])
    with echo(status) as server:
        monkeypatch.setenv(f"{OWN}__URL", server.url)
        monkeypatch.setenv(f"{OWN}__USERNAME", "agent")
        monkeypatch.setenv(f"{OWN}__PASSWORD", CANARY)
        monkeypatch.setattr(check, "_HANDSHAKE_SECONDS", 0.05)  # the fake waits for a line
        assert run("check") == 1
        assert run("replay", str(file), "--timeout", "0.1") == 1
        assert run("schema") == 0
        credentials = server.requests[0].headers["authorization"].partition(" ")[2]
    printed = capsys.readouterr()
    kept = "".join(path.read_text() for path in tmp_path.iterdir())
    for secret in (CANARY, credentials):
        assert secret not in printed.out + printed.err + kept


def test_replay_of_what_is_there_already(tmp_path: Path) -> None:
    """A document keeps its id in the dead letters: sent again it is found, not stored twice."""
    file = tmp_path / "dead.jsonl"
    bulk = FakeBulk()
    with FakeHttpServer(Answer(503)) as server:
        settings = {"url": server.url, "dead_letter_path": str(file)}
        asyncio.run(give_up(settings, "one", "two"))
        copy = file.read_bytes()
        server.default = bulk
        pairs = ["--set", f"url={server.url}"]
        assert run("replay", str(file), *pairs) == 0
        file.write_bytes(copy)
        assert run("replay", str(file), *pairs) == 0
    assert sorted(document["message"] for document in bulk.stored.values()) == ["one", "two"]
    assert list(tmp_path.iterdir()) == []


async def give_up(settings: dict[str, str], *messages: str) -> None:
    """Write events that no target takes, and stop."""
    sink = ElasticsearchSink(settings, close_timeout_seconds=0.1)
    for message in messages:
        assert await sink.write({"message": message})
    assert (await sink.stop()).dead_lettered == len(messages)


def test_setup_shows_applies_and_removes(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing is made unless it is asked for; what was made can be taken away again."""
    cluster = FakeCluster()
    with FakeHttpServer(cluster) as server:
        settings = ["--set", f"url={server.url}"]
        assert run("setup", *settings) == 0
        assert "would be created" in capsys.readouterr().out
        assert run("setup", "--apply", *settings) == 0
        made = capsys.readouterr().out
        assert run("setup", "--remove", *settings) == 0
        gone = capsys.readouterr().out
        with pytest.raises(SystemExit):
            run("setup", "--apply", "--remove", *settings)
    assert "created" in made
    assert "would be" not in made
    assert "removed" in gone
