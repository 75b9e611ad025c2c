# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a receiver, or the network before it, does wrong, and where every event ends."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme

from acme_syslog_cef._delivery.ledger import Stats
from acme_syslog_cef.syslog_cef.sink import (
    SyslogCefSink,
)

from ..faults.books import QUICK, account, settled, together, wait_for
from ..support.fake_syslog import FakeSyslogServer
from ..support.syslog_reader import (
    read_cef,
    read_rfc3164,
    read_rfc5424,
)

CA = trustme.CA()
OTHER_CA = trustme.CA()

Write = Callable[..., Awaitable[None]]
Wait = Callable[[Callable[[Stats], bool]], Awaitable[Stats]]


def run(steps: Callable[[Write, Wait], Awaitable[None]], **settings: Any) -> Stats:
    """Run the steps with a sink of these settings, stop it, and return its books."""
    sink = SyslogCefSink(**QUICK | settings)

    async def write(*texts: str) -> None:
        for text in texts:
            assert await sink.write({"message": text, "level": "INFO"})

    async def wait(condition: Callable[[Stats], bool]) -> Stats:
        return await asyncio.to_thread(wait_for, sink.stats, condition)

    async def all_steps() -> None:
        await steps(write, wait)
        await sink.stop()

    asyncio.run(all_steps())
    return sink.stats()


def texts(server: FakeSyslogServer) -> list[str]:
    """Return the messages in order of arrival, read strictly."""
    assert all("handshake" in error or "reset" in error for error in server.errors), server.errors
    return [read_rfc5424(frame).text for frame in server.frames]


def once(things: list[str]) -> list[str]:
    """Return each thing at its first place."""
    return list(dict.fromkeys(things))


@pytest.mark.fault(1, 3, promise=(1, 8))
def test_an_outage_of_the_receiver_costs_no_event() -> None:
    """Refused, then back on the same port: all arrive in order, once, since nothing was written."""
    with FakeSyslogServer() as server:
        server.stop()

        async def steps(write: Write, wait: Wait) -> None:
            await write("one", "two")
            stats = await wait(lambda s: s.retried >= 4)
            assert account(stats) == {"pending": 2}
            server.start()
            await asyncio.to_thread(server.wait_for, 2)

        stats = run(steps, url=f"tcp://127.0.0.1:{server.port}")
        assert texts(server) == ["one", "two"]
    assert (account(stats), stats.ambiguous) == ({"delivered": 2}, 0)


@pytest.mark.fault(2, promise=8)
def test_a_name_that_moves_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The receiver goes, its name is not found, then leads elsewhere: everything arrives there."""
    ports: list[int] = []

    def look_up(host: str, *rest: Any, **options: Any) -> list[Any]:
        assert host == "siem.example"
        if not ports:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", ports[0]))]

    with FakeSyslogServer() as old, FakeSyslogServer() as new:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        ports.append(old.port)

        async def steps(write: Write, wait: Wait) -> None:
            await write("one")
            await asyncio.to_thread(old.wait_for, 1)
            ports.clear()
            old.stop()
            await write("two")
            await wait(lambda s: s.retried >= 4)
            ports.append(new.port)
            await asyncio.to_thread(new.wait_for, 2)

        stats = run(steps, url="tcp://siem.example")
        assert (texts(old), texts(new)) == (["one"], ["one", "two"])
    assert (account(stats), stats.ambiguous > 0) == ({"delivered": 2}, True)


@pytest.mark.fault(3, 4, promise=(1, 4))
@pytest.mark.parametrize("how", ["close_connections", "reset_connections"])
def test_a_lost_connection_sends_again_what_may_be_lost_and_counts_it(how: str) -> None:
    """After a FIN or a RST what was written lately goes out again: twice rather than never."""
    with FakeSyslogServer() as server:

        async def steps(write: Write, wait: Wait) -> None:
            await write("one", "two")
            await asyncio.to_thread(server.wait_for, 2)
            getattr(server, how)()
            await write("three")
            await asyncio.to_thread(server.wait_for, 5)

        stats = run(steps, url=f"tcp://127.0.0.1:{server.port}")
        assert once(texts(server)) == ["one", "two", "three"]
    assert account(stats) == {"delivered": 3}
    assert stats.ambiguous >= 2


@pytest.mark.fault(27, promise=(1, 4))
@pytest.mark.parametrize("end", ["timeout", "reset"])
def test_a_receiver_that_stalls_and_resets_loses_nothing(end: str) -> None:
    """It stops reading in the middle of much; whoever ends the connection, everything comes again."""
    written = [f"{number} " + "x" * 7_000 for number in range(40)]
    with FakeSyslogServer() as server:

        async def steps(write: Write, wait: Wait) -> None:
            await write(written[0])
            await asyncio.to_thread(server.wait_for, 1)
            server.stall()
            await write(*written[1:])
            if end == "timeout":
                await wait(lambda s: s.retried > 0)
            server.reset_connections()
            await wait(lambda s: s.retried > 0)
            server.resume()
            await asyncio.to_thread(
                server.wait_until, lambda: len(set(server.frames)) == len(written)
            )

        stats = run(
            steps,
            url=f"tcp://127.0.0.1:{server.port}",
            request_timeout_seconds=0.2 if end == "timeout" else 5.0,
            tail_max_bytes=65_536,
            tail_max_seconds=60,
        )
        assert once(texts(server)) == written
    assert account(stats) == {"delivered": 40}
    assert stats.ambiguous > 0


def context(authority: trustme.CA, host: str, expires_in: timedelta) -> ssl.SSLContext:
    """Return the context of a server with a certificate of that kind."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.now(timezone.utc) + expires_in
    since = until - timedelta(days=30)
    authority.issue_cert(host, not_before=since, not_after=until).configure_cert(made)
    return made


@pytest.mark.fault(18, promise=(1, 9, 18))
@pytest.mark.parametrize(
    "wrong",
    [
        context(CA, "localhost", timedelta(seconds=-5)),
        context(CA, "siem.example.com", timedelta(days=1)),
        context(OTHER_CA, "localhost", timedelta(days=1)),
    ],
    ids=["expired", "wrong_host", "unknown_authority"],
)
def test_a_certificate_that_does_not_verify_holds_the_events(
    wrong: ssl.SSLContext, tmp_path: Path
) -> None:
    """No byte goes to a stranger; once the receiver has a good certificate, everything does."""
    ca_file = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(str(ca_file))
    with FakeSyslogServer(tls=wrong) as server:

        async def steps(write: Write, wait: Wait) -> None:
            await write("one", "two")
            stats = await wait(lambda s: s.held and s.retried >= 4)
            assert (account(stats), server.frames) == ({"pending": 2}, [])
            server.tls = context(CA, "localhost", timedelta(days=1))
            await asyncio.to_thread(server.wait_for, 2)

        url = f"tls://localhost:{server.port}"
        stats = run(steps, url=url, tls_ca_file=ca_file, **together(2))
        assert texts(server) == ["one", "two"]
    assert account(stats) == {"delivered": 2}


@pytest.mark.fault(18, promise=4)
def test_a_repaired_certificate_needs_one_connection_and_no_resend(tmp_path: Path) -> None:
    """What is sent after a repair goes over the connection that proved it; nothing goes out twice."""
    ca_file = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(str(ca_file))
    with FakeSyslogServer(tls=context(OTHER_CA, "localhost", timedelta(days=1))) as server:

        async def steps(write: Write, wait: Wait) -> None:
            await write("one")
            await wait(lambda s: s.held)
            server.tls = context(CA, "localhost", timedelta(days=1))
            await asyncio.to_thread(server.wait_for, 1)
            await write("two")
            await asyncio.to_thread(server.wait_until, lambda: len(set(server.frames)) == 2)

        stats = run(steps, url=f"tls://localhost:{server.port}", tls_ca_file=ca_file)
        assert (texts(server), server.connections) == (["one", "two"], 1)
    assert (account(stats), stats.ambiguous) == ({"delivered": 2}, 0)


@pytest.mark.fault(26, promise=(1, 14))
def test_what_udp_loses_is_counted_as_unconfirmed() -> None:
    """Nobody can say what became of a datagram: the books claim no more than that it was sent."""
    with FakeSyslogServer("udp") as server:
        server.stop()

        async def steps(write: Write, wait: Wait) -> None:
            await write("lost 1", "lost 2", "lost 3")
            await wait(settled)
            server.start()
            await write("arrives")
            await asyncio.to_thread(server.wait_for, 1)
            await wait(settled)

        stats = run(steps, url=f"udp://127.0.0.1:{server.port}")
        assert texts(server) == ["arrives"]
    assert (account(stats), stats.delivered_unconfirmed) == ({"delivered": 4}, 4)


HOSTILE = [
    "a\n<13>1 - forged - - - - b",
    "a\r\n\x00b\x1b[0m\x7f\x85\u2028\u2029",
    "<0>CEF:0|forged|x|1|1|x|10|act=forged",
    'a|b=c\\d]"e [x@1 y="z"]',
    "12 <13>1 - forged",
    "\u20ac \xfc\xf1\xed \U0001f600",
]


@pytest.mark.fault(23, 24, 25, promise=(19, 20))
@pytest.mark.parametrize("framing", ["octet", "lf"])
@pytest.mark.parametrize("form", ["rfc5424", "cef"])
def test_each_event_is_one_frame_and_one_record(framing: str, form: str) -> None:
    """In every form and framing a strict receiver reads the events back, and no other."""
    with FakeSyslogServer() as server:

        async def steps(write: Write, wait: Wait) -> None:
            await write(*HOSTILE, "after")

        url = f"tcp://127.0.0.1:{server.port}"
        stats = run(steps, url=url, framing=framing, format=form)
        assert (len(server.frames), server.errors) == (len(HOSTILE) + 1, [])
        assert not any(b"\x00" in frame for frame in server.frames)
        if form == "cef":
            names = [read_cef(read_rfc3164(frame)[3]).name for frame in server.frames]
        else:
            names = [read_rfc5424(frame).text for frame in server.frames]
    assert (names[3], names[5], names[-1]) == (HOSTILE[3], HOSTILE[5], "after")
    assert account(stats) == {"delivered": len(HOSTILE) + 1}


@pytest.mark.fault(22, promise=21)
@pytest.mark.parametrize("form", ["rfc5424", "cef"])
def test_a_datagram_is_cut_to_its_limit(form: str) -> None:
    """No datagram is longer than `datagram_max_bytes`, all can be read, and the cuts are counted."""
    with FakeSyslogServer("udp") as server:

        async def steps(write: Write, wait: Wait) -> None:
            await write("\u20ac" * 5_000, "\U0001f600" * 5_000, "short")
            await asyncio.to_thread(server.wait_for, 3)

        stats = run(steps, url=f"udp://127.0.0.1:{server.port}", format=form)
        assert max(map(len, server.frames)) <= 1_452
        for frame in server.frames:
            read_cef(read_rfc3164(frame)[3]) if form == "cef" else read_rfc5424(frame)
    assert (account(stats), stats.truncated) == ({"delivered": 3}, 2)
