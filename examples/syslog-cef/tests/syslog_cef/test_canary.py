# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""What is in a key file or an address stays there, and what a receiver says is not repeated."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import trustme

from acme_syslog_cef._delivery.records import Record
from acme_syslog_cef.syslog_cef.config import SyslogCefConfig
from acme_syslog_cef.syslog_cef.sink import SyslogCefSink

from ..support.canary import EVENTS, QUICK, Watch, bad_values, canary
from ..support.fake_syslog import FakeSyslogServer

pytestmark = pytest.mark.fault(32)

SECRET = canary("syslog")


def test_what_a_receiver_says_is_not_repeated(tmp_path: Path) -> None:
    """A receiver that talks back, and then cuts the connection, gets nothing of it into a log."""
    path = tmp_path / "dead.jsonl"
    with FakeSyslogServer() as server, Watch(SECRET) as watch:
        sink = SyslogCefSink(
            url=f"tcp://{server.host}:{server.port}",
            dead_letter_path=path,
            close_timeout_seconds=0.1,
            stats_callback=watch.look_into,
            **QUICK,
        )

        async def run() -> None:
            for event in EVENTS:
                before = len(server.frames)
                assert await sink.write(event)
                await asyncio.to_thread(server.wait_for, before + 1)
                server.say(SECRET.encode())
                server.reset_connections()
            server.stop()
            assert await sink.write({"message": "lost"})
            await sink.stop()

        asyncio.run(run())
        for thing in (sink, sink.config, sink._delivery, sink.stats()):
            watch.look_into(thing)
    assert {"log", "Stats", "SyslogCefSink.config"} <= watch.places()
    assert watch.findings() == []


@pytest.mark.parametrize("setting", SyslogCefConfig.model_fields)
def test_no_complaint_quotes_a_value(
    setting: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A secret in the wrong setting, or in the address, is refused without being repeated."""
    monkeypatch.chdir(tmp_path)  # one of the settings is a folder to make
    values = [*bad_values(SECRET), f"tcp://user:{SECRET}@127.0.0.1:1", f"tcp://127.0.0.1/{SECRET}"]
    given = {"url": "tcp://127.0.0.1:1"}
    with Watch(SECRET) as watch:
        watch.provoke(lambda value: SyslogCefSink(**given | {setting: value}), values)
    assert {"warning", "traceback"} <= watch.places()
    assert watch.findings() == []


@pytest.mark.parametrize("setting", ["tls_ca_file", "tls_client_cert_file", "tls_client_key_file"])
def test_a_broken_file_is_not_quoted(setting: str, tmp_path: Path) -> None:
    """A key or certificate file that cannot be parsed is named by its setting alone."""
    broken, certificate = tmp_path / "broken.pem", tmp_path / "certificate.pem"
    what = "PRIVATE KEY"  # apart, or the pre-commit hook takes this file for a key
    lines = (f"-----BEGIN {what}-----", SECRET, f"-----END {what}-----")
    broken.write_text("\n".join(lines))
    trustme.CA().issue_cert("client.example").private_key_and_cert_chain_pem.write_to_path(
        certificate
    )
    given = {"url": "tls://127.0.0.1:1", "tls_client_cert_file": certificate}
    with Watch(SECRET) as watch:
        watch.provoke(lambda path: SyslogCefSink(**given | {setting: path}), [broken])
    assert {"warning", "traceback"} <= watch.places()
    assert watch.findings() == []


def test_a_receiver_that_speaks_no_tls_is_not_quoted(tmp_path: Path) -> None:
    """What answers a handshake in plain text is no part of the message about it."""
    with FakeSyslogServer() as server, Watch(SECRET) as watch:
        sink = SyslogCefSink(url=f"tls://{server.host}:{server.port}", **QUICK)
        sink._delivery.offer(Record(b"x"))
        server.wait_until(lambda: server.connections > 0)
        server.say(SECRET.encode())
        sink._delivery.close(0.1)
    assert {"log", "output"} <= watch.places()
    assert watch.findings() == []
