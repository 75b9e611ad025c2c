"""The relay of `deploy/`: what the sink sends by RELP over TLS reaches a SIEM by TLS as it was."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme

from scripts.receivers.rsyslog import INSTALL, MODULES
from tests.helpers import run_python

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

PROGRAM_FILE = Path("/usr/sbin/rsyslogd")

PROGRAM = r"""
import asyncio, json, ssl, sys, time
sys.path[:0] = ["src", "."]
from acme_syslog_cef import AcmeSyslogCefSink
from tests.support.fake_syslog import FakeSyslogServer

folder, relay, port = sys.argv[1:4]
server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
server.load_cert_chain(f"{folder}/siem.pem")
siem = FakeSyslogServer(tls=server)
siem.port = int(port)


def wait(condition, what):
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.01)


async def main():
    found = []
    for preset in (None, "arcsight", "sentinel", "sc4s", "qradar"):
        sink = AcmeSyslogCefSink(
            url=relay, tls_ca_file=f"{folder}/ca.pem", tls_client_cert_file=f"{folder}/client.pem",
            linger_seconds=0, hostname="web1", preset=preset,
        )
        sent = []
        encode = sink._encode
        sink._encode = lambda event: sent.append(encode(event)) or sent[-1]
        before = len(siem.frames)
        for text in ("plain", "line\nend \t tab", "a|b=c\\d]\"e", "\u20ac\u00e9"):
            assert await sink.write({"message": text, "level": "ERROR", "data": {"k": text}})
        wait(lambda: sink.stats().delivered == 4, sink.stats())
        if preset is None:
            siem.start()  # the relay had to keep what it acknowledged
        wait(lambda: len(siem.frames) == before + 4, (siem.frames, siem.errors))
        found.append([a.payload == b for a, b in zip(sent, siem.frames[before:])])
        await sink.stop()
    print(json.dumps(found))
    siem.stop()


asyncio.run(main())
"""


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def relay_file(text: str, folder: Path, relay: int, siem: int) -> str:
    """Point the shipped file at the folder and ports of this test."""
    changes = {
        "/etc/rsyslog.d/tls": str(folder),
        "/var/spool/rsyslog": str(folder),
        'port="2514"': f'port="{relay}"',
        'target="siem.example.com" port="6514"': f'target="127.0.0.1" port="{siem}"',
        'action.resumeInterval="5"': 'action.resumeInterval="1"',
    }
    for old, new in changes.items():
        assert old in text
        text = text.replace(old, new)
    return text


def test_relay_passes_messages_on_as_they_came(
    rendered: Callable[[str], Path], tmp_path: Path
) -> None:
    """Each preset, hostile texts included; what it took while the SIEM was away arrives, too."""
    project = rendered("syslog_cef")
    modules = {p.name for p in Path("/usr/lib").glob("*/rsyslog/*.so")}
    if not PROGRAM_FILE.exists() or {f"{name}.so" for name in MODULES} - modules:
        print(f"\nSKIPPED: {INSTALL}", file=sys.stderr)
        pytest.skip(INSTALL)
    authority = trustme.CA()
    for name in ("ca.pem", "siem-ca.pem"):
        authority.cert_pem.write_to_path(tmp_path / name)
    names = {
        "relay": "localhost",
        "client": "application.example.com",
        "siem": "siem.example.com",
    }
    for file, name in names.items():
        certificate = authority.issue_cert(name, common_name=name)
        certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / f"{file}.pem")
        certificate.private_key_pem.write_to_path(tmp_path / f"{file}.key")
    relay, siem = free_port(), free_port()
    shipped = (project / "deploy" / "syslog_cef" / "rsyslog-relay.conf").read_text(encoding="utf-8")
    file = tmp_path / "relay.conf"
    file.write_text(relay_file(shipped, tmp_path, relay, siem), encoding="utf-8")
    command = [PROGRAM_FILE, "-n", "-f", file, "-i", tmp_path / "pid"]
    with (tmp_path / "log").open("wb") as log:
        rsyslog = subprocess.Popen([str(part) for part in command], stdout=log, stderr=log)
    try:
        url = f"relps://localhost:{relay}"
        printed = run_python("-c", PROGRAM, tmp_path, url, str(siem), cwd=project)
    finally:
        rsyslog.send_signal(signal.SIGTERM)
        rsyslog.wait(20)
        print((tmp_path / "log").read_text(errors="replace")[-3000:])
    assert json.loads(re.findall(r"(?m)^\[.*", printed)[-1]) == [[True] * 4] * 5
