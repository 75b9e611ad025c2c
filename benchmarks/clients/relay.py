"""rsyslog as a relay, for context: a program in C, outside of the application's process."""

from __future__ import annotations

import resource
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..events import entry_of
from ..load import Load, Meter, Sent

_CONFIGURATION = """
global(workDirectory="{folder}")
module(load="imptcp")
main_queue(queue.type="LinkedList" queue.size="500000" queue.dequeueBatchSize="2000")
action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="octet-counted"
       template="RSYSLOG_SyslogProtocol23Format")
input(type="imptcp" port="{own}" address="127.0.0.1")
"""
_STARTS_WITHIN_SECONDS = 10.0


def is_installed() -> bool:
    """Whether there is an rsyslogd to run."""
    return _program() is not None


def rsyslog(load: Load) -> Sent:
    """Blow prepared frames at an rsyslogd that forwards them; its processor time is counted."""
    frames = []
    for data in load.envelopes:
        message = b"<134>1 2026-11-25T12:00:00Z host shop - - - " + entry_of(data)
        frames.append(b"%d %s" % (len(message), message))
    whole = b"".join(frames)
    meter = Meter(load)
    with _running(load.port) as own, meter as sent:
        with socket.create_connection(("127.0.0.1", own)) as connection:
            connection.sendall(whole)
        sent.written = time.monotonic()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)  # after its end, which sends what it has
    sent.cpu_seconds += used.ru_utime + used.ru_stime
    return sent


@contextmanager
def _running(port: int) -> Iterator[int]:
    program = _program()
    assert program is not None, "rsyslogd is not installed"
    with tempfile.TemporaryDirectory() as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        own = probe.getsockname()[1]
        probe.close()
        path = Path(folder, "rsyslog.conf")
        path.write_text(_CONFIGURATION.format(folder=folder, port=port, own=own), encoding="utf-8")
        command = [program, "-n", "-f", str(path), "-i", str(Path(folder, "pid"))]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            _await_port(own)
            yield own
            time.sleep(1.0)  # it reads what is in its socket before it is told to end
        finally:
            process.terminate()
            process.wait(30)


def _await_port(port: int) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _program() -> str | None:
    return shutil.which("rsyslogd") or shutil.which("rsyslogd", path="/usr/sbin")
