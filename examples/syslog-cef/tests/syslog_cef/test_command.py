# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The command line over TCP, TLS and UDP: what it can find out without an answer, and what not."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest
import trustme

from acme_syslog_cef._command.main import main
from acme_syslog_cef._delivery.deadletter import DeadLetterFile
from acme_syslog_cef._delivery.records import Record
from acme_syslog_cef.plugin import PLUGIN_METADATA

from ..support.fake_relp import FakeRelpServer
from ..support.fake_syslog import FakeSyslogServer
from ..support.syslog_reader import read_rfc5424

AUTHORITY = trustme.CA()


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """The certificate of the authority that signed the server's."""
    path = tmp_path / "ca.pem"
    AUTHORITY.cert_pem.write_to_path(str(path))
    return path


def run(*argv: str, **settings: object) -> int:
    """Run a command of this project."""
    pairs = [part for name, value in settings.items() for part in ("--set", f"{name}={value}")]
    return main([*argv, *pairs], metadata=PLUGIN_METADATA, program="acme")


def server_context(*, ask_client: bool = False) -> ssl.SSLContext:
    """Return the context of a receiver."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    AUTHORITY.issue_cert("127.0.0.1").configure_cert(context)
    if ask_client:
        AUTHORITY.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def steps(printed: str) -> dict[str, str]:
    """Return step -> state, the last one of each."""
    rows = [line for line in printed.splitlines()[1:-1] if line[8:9] == " "]
    return {_step(line[9:]): line[:9].strip() for line in rows}


def _step(line: str) -> str:
    """Return the name of a step; those of the platform begin with the address."""
    return "message" if line.partition(" ")[2].startswith("message ") else line[:15].strip()


def test_check_over_tcp(capsys: pytest.CaptureFixture[str]) -> None:
    """The event arrives, and the check does not claim more than it knows."""
    with FakeSyslogServer() as server:
        assert run("check", url=f"tcp://127.0.0.1:{server.port}") == 0
        # The step before has made and closed a connection of its own.
        (frame,) = server.wait_for(1)
    assert read_rfc5424(frame).text == "test message: the sink's settings were checked"
    printed = capsys.readouterr().out
    assert "only a look there tells" in printed
    assert steps(printed)["connection"] == "ok"


def test_check_over_tls(ca_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The certificate is looked at before an event is sent."""
    with FakeSyslogServer(tls=server_context()) as server:
        url = f"tls://127.0.0.1:{server.port}"
        assert run("check", url=url, tls_ca_file=ca_file) == 0
        server.wait_for(1)
        assert run("check", url=url) == 1
        assert len(server.frames) == 1
    printed = capsys.readouterr().out
    assert "certificate verified" in printed
    assert "set tls_ca_file" in printed


def test_missing_client_certificate(ca_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """TLS 1.3 tells the client only after its handshake: the end of the stream shows it."""
    with FakeSyslogServer(tls=server_context(ask_client=True)) as server:
        assert run("check", url=f"tls://127.0.0.1:{server.port}", tls_ca_file=ca_file) == 1
        assert server.frames == []
    assert steps(capsys.readouterr().out)["message"] == "FAILED"


def test_tls_on_a_port_without_it(ca_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The receiver takes the handshake for a broken frame and hangs up."""
    with FakeSyslogServer() as server:
        assert run("check", url=f"tls://127.0.0.1:{server.port}", tls_ca_file=ca_file) == 1
    found = steps(capsys.readouterr().out)
    assert (found["connection"], found["TLS"], found["test event"]) == ("ok", "FAILED", "skipped")


def test_check_over_udp(capsys: pytest.CaptureFixture[str]) -> None:
    """No step pretends that somebody listens."""
    with FakeSyslogServer("udp") as server:
        assert run("check", url=f"udp://127.0.0.1:{server.port}") == 0
        server.wait_for(1)
    printed = capsys.readouterr().out
    found = steps(printed)
    assert (found["connection"], found["TLS"], found["message"]) == ("skipped", "skipped", "ok")
    assert "nothing tells whether somebody listens" in printed
    assert "A datagram has no answer" in printed


def test_check_over_relp(capsys: pytest.CaptureFixture[str]) -> None:
    """The one transport whose receiver confirms."""
    with FakeRelpServer() as server:
        assert run("check", url=f"relp://127.0.0.1:{server.port}") == 0
        assert len(server.acknowledged) == 1
    printed = capsys.readouterr().out
    assert steps(printed)["connection"] == "ok"
    assert "acknowledged by the receiver" in printed


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="needs local sockets")
def test_check_of_a_local_socket(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no name, no connection to time and no TLS; the message shows whether somebody reads."""
    path = tmp_path / "log"
    assert run("check", url=f"unixgram://{path}") == 1
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as reader:
        reader.bind(str(path))
        assert run("check", url=f"unixgram://{path}") == 0
        assert b"the sink's settings were checked" in reader.recv(10_000)
    assert steps(capsys.readouterr().out)["connection"] == "skipped"


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_replay(tmp_path: Path, capsys: pytest.CaptureFixture[str], protocol: str) -> None:
    """Every letter arrives in order; the report says that nobody confirmed them."""
    file = tmp_path / "dead.jsonl"
    messages = [b"<134>1 - - - - - - %d" % number for number in range(50)]
    entries = [(Record(message), "expired") for message in messages]
    DeadLetterFile(file, max_bytes=100_000).append(entries)
    with FakeSyslogServer(protocol) as server:
        assert run("replay", str(file), url=f"{protocol}://127.0.0.1:{server.port}") == 0
        assert server.wait_for(50) == messages
    printed = capsys.readouterr().out
    assert "delivered     50 (50 of them unconfirmed)" in printed
    assert list(tmp_path.iterdir()) == []
