# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The wired sink, from an event to a receiver on a real socket."""

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from acme_syslog_cef._delivery.delivery import (
    CloseReport,
)
from acme_syslog_cef.syslog_cef import (
    sink as sink_module,
)
from acme_syslog_cef.syslog_cef.config import (
    SyslogCefConfig,
)
from acme_syslog_cef.syslog_cef.sink import (
    SyslogCefSink,
)

from ..support.fake_syslog import FakeSyslogServer
from ..support.syslog_reader import read_cef, read_rfc3164, read_rfc5424
from .events import EVENT


def deliver(*events: dict[str, Any], **settings: Any) -> CloseReport:
    """Write events with a sink of these settings and stop it."""

    async def run() -> CloseReport:
        sink = SyslogCefSink(settings)
        for event in events:
            assert await sink.write(event)
        return await sink.stop()

    return asyncio.run(run())


@pytest.mark.parametrize("framing", ["octet", "lf"])
def test_events_arrive_over_tcp(framing: str) -> None:
    """What was written arrives in order and is accounted for when the sink has stopped."""
    events = [{**EVENT, "data": {"n": n}} for n in range(50)]
    with FakeSyslogServer() as server:
        report = deliver(*events, url=f"tcp://127.0.0.1:{server.port}", framing=framing)
        numbers = [
            read_rfc5424(frame).structured_data["fapilog@32473"]["n"] for frame in server.frames
        ]

        assert numbers == [str(n) for n in range(50)]
        assert (report.delivered, server.errors, server.ended) == (50, [], 1)


def test_cef_arrives_over_tls(tmp_path: Path) -> None:
    """A TLS url encrypts and verifies with the given authority."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with FakeSyslogServer(tls=context) as server:
        url = f"tls://localhost:{server.port}"
        report = deliver(EVENT, url=url, format="cef", tls_ca_file=str(tmp_path / "ca.pem"))

        assert (report.delivered, server.errors) == (1, [])
        assert read_cef(read_rfc3164(server.frames[0])[3]).name == "payment failed"


def test_events_arrive_over_udp() -> None:
    """A UDP url sends datagrams."""
    with FakeSyslogServer("udp") as server:
        report = deliver(EVENT, url=f"udp://127.0.0.1:{server.port}")

        assert report.delivered == 1
        assert read_rfc5424(server.wait_for(1)[0]).msgid == "shop.payment"


def test_settings_reach_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting of the stream is handed to the client."""
    made: list[tuple[tuple[str, int], dict[str, Any]]] = []

    class Recorder:
        def __init__(self, host: str, port: int, **options: Any) -> None:
            made.append(((host, port), options))

        def close(self, timeout_seconds: float) -> tuple[()]:
            return ()

    monkeypatch.setattr(sink_module, "StreamClient", Recorder)
    config = SyslogCefConfig(
        url="tcp://siem.example",
        connect_timeout_seconds=1.5,
        request_timeout_seconds=2.5,
        tail_max_bytes=70_000,
        tail_max_seconds=3.5,
    )
    SyslogCefSink(config)
    options = {
        "tls": None,
        "connect_timeout_seconds": 1.5,
        "stall_timeout_seconds": 2.5,
        "tail_max_bytes": 70_000,
        "tail_max_seconds": 3.5,
    }

    assert made == [(("siem.example", 514), options)]
