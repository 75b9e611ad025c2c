# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The wired sink, from an event to a receiver on a real socket."""

import asyncio
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from acme_syslog_cef._delivery.delivery import (
    CloseReport,
)
from acme_syslog_cef._delivery.errors import (
    ConfigurationError,
)
from acme_syslog_cef._delivery.ledger import (
    Stats,
)
from acme_syslog_cef.syslog_cef import (
    relp as relp_module,
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

from ..support.fake_relp import FakeRelpServer
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
            read_rfc5424(frame).structured_data["data@32473"]["n"] for frame in server.frames
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


def test_events_arrive_over_relp_in_spite_of_a_reset() -> None:
    """Over RELP an event is delivered when the receiver has said so, and what it has not said is resent."""

    async def run(server: FakeRelpServer) -> CloseReport:
        sink = SyslogCefSink(
            url=f"relp://127.0.0.1:{server.port}", linger_seconds=0, retry_initial_seconds=0.01
        )
        server.hold()
        for n in range(20):
            assert await sink.write({**EVENT, "data": {"n": n}})
        await asyncio.to_thread(server.wait_until, lambda: len(server.received) >= 20)
        unconfirmed = sink.stats()
        assert (unconfirmed.delivered, unconfirmed.pending) == (0, 20)
        server.release()
        for n in range(20, 40):
            assert await sink.write({**EVENT, "data": {"n": n}})
        server.reset()
        return await sink.stop()

    with FakeRelpServer() as server:
        report = asyncio.run(run(server))
        numbers = {
            read_rfc5424(message).structured_data["data@32473"]["n"]
            for message in server.acknowledged
        }

        assert numbers == {str(n) for n in range(40)}
        assert (report.stats.delivered, report.stats.delivered_unconfirmed) == (40, 0)
        assert report.stats.balanced


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")
def test_events_arrive_over_local_sockets(tmp_path: Path, scheme: str) -> None:
    """A local url needs a path only."""
    path = str(tmp_path / "s")
    kind = socket.SOCK_STREAM if scheme == "unix" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_UNIX, kind) as receiver:
        receiver.bind(path)
        if scheme == "unix":
            receiver.listen()
        report = deliver(EVENT, url=f"{scheme}://{path}", close_timeout_seconds=0.5)
        reader = receiver.accept()[0] if scheme == "unix" else receiver
        data = reader.recv(10_000)
        if scheme == "unix":
            reader.close()

    message = data.partition(b" ")[2] if scheme == "unix" else data
    assert report.delivered == (scheme == "unixgram"), "nobody has read the stream yet"
    assert read_rfc5424(message).text == "payment failed\nTraceback\n  line 1"


def test_local_sockets_need_a_system_that_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are none the configuration is refused at once."""
    monkeypatch.delattr(socket, "AF_UNIX", raising=False)
    with (
        pytest.warns(RuntimeWarning, match="no unix sockets"),
        pytest.raises(ConfigurationError, match="no unix sockets"),
    ):
        SyslogCefSink(url="unix:///tmp/s")


def test_relp_settings_reach_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Window and time-outs are those of the configuration."""
    made: list[dict[str, Any]] = []

    class Recorder:
        def __init__(self, host: str, port: int, **options: Any) -> None:
            made.append(options)

        def close(self, timeout_seconds: float) -> tuple[()]:
            return ()

    monkeypatch.setattr(relp_module, "RelpClient", Recorder)
    SyslogCefSink(url="relp://siem.example", relp_window=7, request_timeout_seconds=2.5)

    assert (made[0]["window"], made[0]["stall_timeout_seconds"]) == (7, 2.5)


def test_resend_tail_reaches_the_client() -> None:
    """With `resend_tail` off a lost connection gives nothing back."""
    with FakeSyslogServer() as server:
        url = f"tcp://127.0.0.1:{server.port}"

        async def run() -> Stats:
            sink = SyslogCefSink(url=url, resend_tail=False, linger_seconds=0)
            assert await sink.write(EVENT)
            await asyncio.to_thread(server.wait_for, 1)
            server.close_connections()
            report = await sink.stop()
            return report.stats

        stats = asyncio.run(run())

        assert (stats.delivered, stats.delivered_unconfirmed, stats.ambiguous) == (1, 1, 0)
        assert len(server.frames) == 1


def test_settings_reach_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every setting of the stream is handed to the client."""
    made: list[tuple[tuple[str, int], dict[str, Any]]] = []

    class Recorder:
        def __init__(self, host: str, port: int, **options: Any) -> None:
            made.append(((host, port), options))

        def close(self, timeout_seconds: float) -> tuple[()]:
            return ()

    monkeypatch.setattr(sink_module, "SyslogStreamClient", Recorder)
    config = SyslogCefConfig(
        url="tcp://siem.example",
        connect_timeout_seconds=1.5,
        request_timeout_seconds=2.5,
        tail_max_bytes=70_000,
        tail_max_seconds=3.5,
    )
    SyslogCefSink(config)
    warn = made[0][1].pop("warn")
    options = {
        "tls": None,
        "connect_timeout_seconds": 1.5,
        "stall_timeout_seconds": 2.5,
        "tail_max_bytes": 70_000,
        "tail_max_seconds": 3.5,
    }

    assert callable(warn)
    assert made == [(("siem.example", 514), options)]
