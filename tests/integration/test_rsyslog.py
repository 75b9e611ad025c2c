"""The syslog platform against a real rsyslog: every transport, and the ends of a receiver."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from scripts.receivers.rsyslog import TRANSPORTS, Rsyslog, Unavailable, running
from tests.helpers import run

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]

EVENTS = 20_000
EVENTS_PER_SECOND = 10_000
AFTER = 6_000
"""Events that are written before the receiver ends."""
STOP_SECONDS = 30.0


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rsyslog]:
    """Run rsyslog; without it everything here is skipped, and says what to install."""
    # Not below pytest's folder: the path of a local socket has at most 107 characters.
    try:
        with running(tmp_path_factory.mktemp("r")) as receiver:
            yield receiver
    except Unavailable as problem:
        print(f"\nSKIPPED: {problem}", file=sys.stderr)
        pytest.skip(str(problem))


@pytest.fixture(scope="module")
def report() -> Iterator[list[str]]:
    """Collect rows, and print them at the end."""
    rows: list[str] = []
    yield rows
    print("\n" + "\n".join(rows))


@pytest.fixture(scope="module")
def project(rendered: Callable[[str], Path]) -> Path:
    """A project of the platform."""
    return rendered("syslog_cef")


@pytest.fixture(scope="module")
def sink_class(project: Path) -> Iterator[Any]:
    """Import the sink of the project."""
    (package,) = (project / "src").iterdir()
    sys.path.insert(0, str(project / "src"))
    yield importlib.import_module(f"{package.name}.syslog_cef.sink").SyslogCefSink
    sys.path.remove(str(project / "src"))


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_format_arrives(
    receiver: Rsyslog, project: Path, tmp_path: Path, report: list[str], transport: str
) -> None:
    """The project's own tests against a receiver find every message as it was written."""
    rows = tmp_path / "rows"
    environment = {
        "SYSLOG_LIVE_SETTINGS": json.dumps(receiver.settings(transport)),
        "SYSLOG_LIVE_FILE": str(receiver.folder / "received.jsonl"),
        "SYSLOG_LIVE_REPORT": str(rows),
    }
    command = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0")
    result = run(*command, "tests/syslog_cef/test_live.py", cwd=project, env=environment)
    for line in rows.read_text(encoding="utf-8").splitlines():
        row = {**json.loads(line), "transport": transport}
        report.append(
            "| {format} | {transport} | {sent} | {equal} | {lost} | {duplicated} |".format(**row)
        )
    assert result.returncode == 0, result.stdout[-6_000:]
    assert "skipped" not in result.stdout


class Relay:
    """Stands between the sink and a port of the receiver, and can cut both connections with RST.

    Args:
        port: Of the receiver.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self) -> None:
        """Cut; what the relay holds is gone, and what is on its way is, too."""
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for connection in pair:
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._target))
            self._pairs.append((client, server))
            for source, target in ((client, server), (server, client)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        try:
            source.settimeout(0.05)
            while True:
                try:
                    data = source.recv(65_536)
                except TimeoutError:
                    continue
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(data)
        except OSError:
            return


@contextmanager
def relay_for(receiver: Rsyslog, transport: str, settings: dict[str, Any]) -> Iterator[Relay]:
    """Put a relay into the way to the receiver."""
    relay = Relay(receiver.ports[transport])
    settings["url"] = re.sub(r":\d+$", f":{relay.port}", settings["url"])
    yield relay
    relay.close()


async def write_under_load(sink: Any, disturb: Callable[[], None]) -> Any:
    """Write events at a steady rate, disturb in the middle, and stop."""
    began = time.monotonic()
    disturbing: asyncio.Future[None] | None = None
    for n in range(EVENTS):
        while not await sink.write({"level": "INFO", "message": f"m{n}x", "logger": "load"}):
            await asyncio.sleep(0.01)
        if n == AFTER:
            disturbing = asyncio.ensure_future(asyncio.to_thread(disturb))
        ahead = n / EVENTS_PER_SECOND - (time.monotonic() - began)
        if ahead > 0.01:
            await asyncio.sleep(ahead)
    assert disturbing is not None
    await disturbing
    return await sink.stop()


def restart(receiver: Rsyslog, *, kill: bool) -> None:
    """End the receiver and start it again."""
    (receiver.kill if kill else receiver.stop)()
    receiver.start()


@pytest.mark.parametrize("how", ["restart", "kill", "reset"])
@pytest.mark.parametrize("transport", ["tcp", "tls", "relp", "relps", "unix"])
def test_nothing_is_lost_when_the_receiver_ends(
    receiver: Rsyslog, sink_class: Any, report: list[str], transport: str, how: str
) -> None:
    """Under load: no event is lost, and what came twice was counted as possible."""
    if (transport, how) == ("unix", "reset"):
        pytest.skip("a local socket has no reset")
    receiver.forget()
    settings: dict[str, Any] = {
        **receiver.settings(transport),
        "retry_initial_seconds": 0.1,
        "retry_max_seconds": 1.0,
        "linger_seconds": 0.05,
        "close_timeout_seconds": STOP_SECONDS,
    }
    if how == "reset":
        with relay_for(receiver, transport, settings) as relay:
            stats = asyncio.run(write_under_load(sink_class(settings), relay.reset)).stats
    else:
        kill = how == "kill"
        disturb = lambda: restart(receiver, kill=kill)  # noqa: E731
        stats = asyncio.run(write_under_load(sink_class(settings), disturb)).stats
    came = counted(receiver.wait_for(EVENTS))
    lost = EVENTS - len(came)
    twice = sum(came.values()) - len(came)
    report.append(
        f"| {transport} | {how} | {EVENTS} | {lost} | {twice} | {stats.ambiguous} |"
        f" {stats.delivered_unconfirmed} |"
    )

    assert lost == 0
    assert twice <= stats.ambiguous
    assert (stats.delivered, stats.pending, stats.balanced) == (EVENTS, 0, True)
    if transport.startswith("relp"):
        assert stats.delivered_unconfirmed == 0


def counted(records: list[dict[str, Any]]) -> Counter[str]:
    """Return how often each event came."""
    found = (re.search(r"m\d+x", record["msg"]) for record in records)
    return Counter(match[0] for match in found if match)
