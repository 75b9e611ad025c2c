"""rsyslog from the packages of Debian, on free ports, with a configuration of its own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import trustme

INSTALL = "apt-get install --no-install-recommends rsyslog rsyslog-relp rsyslog-gnutls"
MODULES = ("imptcp", "imtcp", "imudp", "imuxsock", "imrelp", "lmnsd_gtls")
TRANSPORTS = ("tcp", "tls", "mtls", "relp", "relps", "udp", "unix", "unixgram")
STARTS_WITHIN_SECONDS = 10.0

CONFIGURATION = """
global(workDirectory="{folder}" maxMessageSize="64k"
       parser.escapeControlCharactersOnReceive="off"
       defaultNetstreamDriverCAFile="{folder}/ca.pem"
       defaultNetstreamDriverCertFile="{folder}/server.pem"
       defaultNetstreamDriverKeyFile="{folder}/server.key")
# A message is in the file before it is acknowledged: nothing is lost with the process.
main_queue(queue.type="Direct")
module(load="imptcp")
module(load="imudp")
module(load="imuxsock" sysSock.use="off")
module(load="imrelp")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="anon"
       maxSessions="100")
template(name="lines" type="list" option.jsonf="on") {{
  property(outname="input" name="inputname" format="jsonf")
  property(outname="pri" name="pri" format="jsonf")
  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="app" name="app-name" format="jsonf")
  property(outname="msg" name="msg" format="jsonf")
  property(outname="tag" name="syslogtag" format="jsonf")
  property(outname="rawmsg" name="rawmsg" format="jsonf")
}}
ruleset(name="keep" queue.type="Direct") {{
  action(type="omfile" file="{folder}/received.jsonl" template="lines" asyncWriting="off"
         flushOnTXEnd="on")
}}
input(type="imptcp" name="tcp" port="{tcp}" address="127.0.0.1" ruleset="keep")
input(type="imptcp" name="unix" path="{folder}/stream" unlink="on" ruleset="keep")
input(type="imudp" name="udp" port="{udp}" address="127.0.0.1" ruleset="keep" rcvbufSize="4m")
input(type="imuxsock" socket="{folder}/dgram" ruleset="keep" rateLimit.interval="0"
      useSpecialParser="off" parseHostname="on")
input(type="imtcp" name="tls" port="{tls}" address="127.0.0.1" ruleset="keep")
input(type="imtcp" name="mtls" port="{mtls}" address="127.0.0.1" ruleset="keep"
      streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/certvalid")
input(type="imrelp" name="relp" port="{relp}" ruleset="keep" maxDataSize="64k")
input(type="imrelp" name="relps" port="{relps}" ruleset="keep" maxDataSize="64k" tls="on"
      tls.caCert="{folder}/ca.pem" tls.myCert="{folder}/server.pem"
      tls.myPrivKey="{folder}/server.key" tls.authMode="name" tls.permittedPeer=["client.example"])
"""


class Unavailable(RuntimeError):
    """rsyslog is not installed; the text says what to do."""


class Rsyslog:
    """One rsyslogd; stopped and started again it has the same ports and the same file.

    Args:
        folder: For its files; must exist.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._program = _find()
        self._process: subprocess.Popen[bytes] | None = None
        # Rows of the file are read once: it can grow long.
        self._read_to = 0
        self._records: list[dict[str, Any]] = []
        self.ports = {name: _free_port() for name in ("tcp", "udp", "tls", "mtls", "relp", "relps")}
        self._write_certificates()
        text = CONFIGURATION.format(folder=folder, **self.ports)
        (folder / "rsyslog.conf").write_text(text, encoding="utf-8")

    def url(self, transport: str) -> str:
        """Return the address for one of `TRANSPORTS`."""
        if transport == "unix":
            return f"unix://{self.folder}/stream"
        if transport == "unixgram":
            return f"unixgram://{self.folder}/dgram"
        scheme = "tls" if transport == "mtls" else transport
        return f"{scheme}://localhost:{self.ports[transport]}"

    def settings(self, transport: str) -> dict[str, str]:
        """Return the address and the certificates for one of `TRANSPORTS`."""
        settings = {"url": self.url(transport)}
        if transport in ("tls", "mtls", "relps"):
            settings["tls_ca_file"] = str(self.folder / "ca.pem")
        if transport in ("mtls", "relps"):
            settings["tls_client_cert_file"] = str(self.folder / "client.pem")
        return settings

    def start(self) -> None:
        """Start, and wait until every port is open."""
        command = [
            self._program, "-n", "-f", self.folder / "rsyslog.conf", "-i", self.folder / "pid",
        ]  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        for name in ("tcp", "tls", "mtls", "relp", "relps"):
            self._wait_for(lambda name=name: _answers(self.ports[name]), f"port of {name}")

    def stop(self) -> None:
        """Let it write what it has, and end."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once: what its system holds for it is lost, and connections are reset."""
        self._end(signal.SIGKILL)

    def records(self) -> list[dict[str, Any]]:
        """Return what it has received so far, in its order."""
        path = self.folder / "received.jsonl"
        if not path.exists():
            return []
        with path.open("rb") as file:
            file.seek(self._read_to)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read_to += len(line)
                self._records.append(json.loads(line))
        return self._records

    def wait_for(self, count: int, timeout_seconds: float = 10.0) -> list[dict[str, Any]]:
        """Wait until it has received that many, or the time is up; returns what it has."""
        deadline = time.monotonic() + timeout_seconds
        while len(self.records()) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return self._records

    def forget(self) -> None:
        """Leave out of `records` what is there."""
        self.records()
        self._records = []

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(10)
            self._process = None

    def _wait_for(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + STARTS_WITHIN_SECONDS
        while not condition():
            assert self._process is not None
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"rsyslog: no {what}: {(self.folder / 'log').read_text()}")
            time.sleep(0.01)

    def _write_certificates(self) -> None:
        authority = trustme.CA()
        authority.cert_pem.write_to_path(self.folder / "ca.pem")
        server = authority.issue_cert("localhost")
        server.cert_chain_pems[0].write_to_path(self.folder / "server.pem")
        server.private_key_pem.write_to_path(self.folder / "server.key")
        client = authority.issue_cert("client.example", common_name="client.example")
        client.private_key_and_cert_chain_pem.write_to_path(self.folder / "client.pem")


@contextmanager
def running(folder: Path) -> Iterator[Rsyslog]:
    """Run one, and stop it."""
    receiver = Rsyslog(folder)
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.stop()


def _find() -> str:
    program = shutil.which("rsyslogd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    folders = [Path("/usr/lib/rsyslog"), *Path("/usr/lib").glob("*/rsyslog")]
    missing = [
        name for name in MODULES if not any((each / f"{name}.so").exists() for each in folders)
    ]
    if program is None or missing:
        what = "rsyslogd" if program is None else f"its modules {', '.join(missing)}"
        raise Unavailable(f"{what} cannot be found. Install it: {INSTALL}")
    return program


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True
