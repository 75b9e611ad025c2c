# SPDX-License-Identifier: MIT-0
"""One platform's run: receiver and application as processes, and the faults between them."""

from __future__ import annotations

import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platforms import Platform
from receivers.journal import ANSWERS, COMPLAINTS, MODE, RECEIVED

HERE = Path(__file__).parent
SECONDS = 14.0
"""The application logs for about so long; it does not end before the last fault is over."""
_KILL_AT = 0.15
_LAST_FAULT_AT = 0.65
_HANG_SECONDS = 0.5
_DOWN_SECONDS = 1.5
_FAULT_SECONDS = 1.2
_PATIENCE_SECONDS = 60.0
_COMMON_SETTINGS = {
    # Pauses of up to 30 s are right for a server in trouble, and too long for so short a run.
    "retry_max_seconds": "1",
}


class Failed(Exception):
    """The run cannot go on; the text says why."""


@dataclass(frozen=True)
class Plugin:
    """A rendered and installed plugin."""

    platform: Platform
    package: str
    sink: str


@dataclass(frozen=True)
class Evidence:
    """What the two sides say after a run."""

    platform: Platform
    events: int
    books: dict[str, Any]
    """`host`: what fapilog counted. `sink`: the sink's own ledger."""
    received: Counter[int]
    """How often the receiver took each event."""
    answers: Counter[str]
    complaints: list[str]
    killed_at: int
    """Events the receiver had taken when it was killed."""


class Rehearsal:
    """Runs one plugin against its receiver; `run` blocks, `status` may be asked meanwhile."""

    def __init__(
        self, plugin: Plugin, *, folder: Path, events: int, say: Callable[[str], None]
    ) -> None:
        self._plugin = plugin
        self._folder = folder
        self._events = events
        self._say = say
        self._port = _free_port()
        self._receiver: subprocess.Popen[bytes] | None = None
        self._app: subprocess.Popen[bytes] | None = None
        self._stopped = threading.Event()
        self._finish_file = folder / "finish"
        self._phase = "starting"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)

    def run(self) -> Evidence:
        """Run to the application's end.

        Raises:
            Failed: a process died or stood still.
        """
        try:
            self._start_receiver()
            self._start_app()
            killed_at = self._kill_receiver()
            faults = self._plugin.platform.faults
            step = (_LAST_FAULT_AT - _KILL_AT) / len(faults)
            for position, fault in enumerate(faults, start=1):
                self._misbehave(fault, _KILL_AT + position * step)
            self._finish_file.touch()
            self._await_end()
            return self._evidence(killed_at)
        except Failed as failure:
            raise Failed(f"{self._plugin.platform.name}: {failure}") from failure
        finally:
            self.close()

    def close(self) -> None:
        """End both processes at once; may be called from another thread, and twice."""
        self._stopped.set()
        for process in (self._app, self._receiver):
            if process is not None:
                process.kill()
                process.wait()

    def status(self) -> str:
        """Say in a few words how far the run is."""
        logged, received = self._logged(), self._received()
        return f"{self._plugin.platform.name} {logged}/{received} {self._phase}"

    def _start_receiver(self) -> None:
        kind = self._plugin.platform.receiver
        command = [sys.executable, "-m", "receivers", kind]
        command += ["--port", str(self._port), "--folder", str(self._folder.absolute())]
        with (self._folder / "receiver.log").open("ab") as log:
            self._receiver = subprocess.Popen(command, cwd=HERE, stdout=log, stderr=log)
        self._until(self._receiver_listens, "the receiver to listen")

    def _receiver_listens(self) -> bool:
        if self._receiver is not None and self._receiver.poll() is not None:
            raise Failed(f"the receiver ended: see {self._folder / 'receiver.log'}")
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def _start_app(self) -> None:
        command = [sys.executable, str(HERE / "app.py"), "--package", self._plugin.package]
        command += ["--events", str(self._events), "--folder", str(self._folder)]
        command += ["--rate", str(round(self._events / SECONDS))]
        command += ["--finish-after", str(self._finish_file)]
        with (self._folder / "app.log").open("wb") as log:
            self._app = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)
        self._phase = "ok"

    def _environment(self) -> dict[str, str]:
        """Return the application's environment: this is all it takes to switch the sink on."""
        prefix = f"FAPILOG_SINK_CONFIG__EXTRA__{self._plugin.sink.upper()}__"
        settings = {**_COMMON_SETTINGS, **self._plugin.platform.settings(self._port)}
        inherited = {
            name: value for name, value in os.environ.items() if not name.startswith("FAPILOG_")
        }
        return {
            **inherited,
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "FAPILOG_CORE__SINKS": json.dumps([self._plugin.sink]),
            "FAPILOG_PLUGINS__ALLOW_EXTERNAL": "true",
            # A full queue of the host drops events before the sink sees them: not the matter here.
            "FAPILOG_CORE__MAX_QUEUE_SIZE": str(self._events),
            **{f"{prefix}{name.upper()}": value for name, value in settings.items()},
        }

    def _kill_receiver(self) -> int:
        self._await_share(_KILL_AT)
        assert self._receiver is not None
        # The worst moment: events are taken and not answered, or in the kernel and not read.
        self._set_mode("hang")
        self._until(lambda: self._answers()["hang"] > 0, "the receiver to hang")
        self._stopped.wait(_HANG_SECONDS)
        self._receiver.kill()  # SIGKILL; on Windows TerminateProcess
        self._receiver.wait()
        self._set_mode("ok")
        killed_at = self._received()
        self._enter("down", f"receiver killed when it had {killed_at} events")
        self._stopped.wait(_DOWN_SECONDS)
        self._start_receiver()
        self._enter("ok", f"receiver back after {_DOWN_SECONDS} s")
        return killed_at

    def _misbehave(self, fault: str, share: float) -> None:
        self._await_share(share)
        before = self._answers()[fault]
        self._set_mode(fault)
        verb = "resets connections" if fault == "reset" else f"answers {fault}"
        self._enter(fault, f"receiver {verb}")
        self._stopped.wait(_FAULT_SECONDS)
        self._until(lambda: self._answers()[fault] > before, f"the receiver to have {verb}")
        self._set_mode("ok")
        self._enter("ok", "receiver well again")

    def _set_mode(self, mode: str) -> None:
        draft = self._folder / f"{MODE}.new"
        draft.write_text(mode, encoding="utf-8")
        draft.replace(self._folder / MODE)

    def _enter(self, phase: str, text: str) -> None:
        self._phase = phase
        self._say(f"{self._plugin.platform.name}: {text}")

    def _await_share(self, share: float) -> None:
        wanted = round(self._events * share)
        self._until(
            lambda: self._received() >= wanted or self._app_ended(), f"{wanted} events to arrive"
        )

    def _await_end(self) -> None:
        self._until(self._app_ended, "the application's end")
        self._enter("done", "application ended")
        quiet_since, count = time.monotonic(), self._received()
        while time.monotonic() - quiet_since < 0.5:  # a stream may still be in the kernel
            time.sleep(0.05)
            if self._received() != count:
                quiet_since, count = time.monotonic(), self._received()

    def _app_ended(self) -> bool:
        assert self._app is not None
        status = self._app.poll()
        if status:
            log = (self._folder / "app.log").read_text(encoding="utf-8", errors="replace")
            raise Failed(f"the application ended with status {status}:\n{log[-2_000:]}")
        return status is not None

    def _until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not condition():
            if self._stopped.wait(0.05):
                raise Failed("interrupted")
            if time.monotonic() > deadline:
                raise Failed(f"waited {_PATIENCE_SECONDS:.0f} s in vain for {what}")

    def _logged(self) -> int:
        path = self._folder / "logged.txt"
        text = path.read_text(encoding="utf-8").strip() if path.exists() else ""
        return int(text or 0)

    def _received(self) -> int:
        return len(set(self._lines(RECEIVED)))

    def _answers(self) -> Counter[str]:
        return Counter(self._lines(ANSWERS))

    def _lines(self, name: str) -> list[str]:
        """Return the complete lines of a journal file."""
        path = self._folder / name
        return path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []

    def _evidence(self, killed_at: int) -> Evidence:
        books = self._folder / "books.json"
        if not books.exists():
            raise Failed("the application ended without writing its books")
        return Evidence(
            platform=self._plugin.platform,
            events=self._events,
            books=json.loads(books.read_text(encoding="utf-8")),
            received=Counter(int(line.split(" ", 1)[0]) for line in self._lines(RECEIVED)),
            answers=self._answers(),
            complaints=self._lines(COMPLAINTS),
            killed_at=killed_at,
        )


def _free_port() -> int:
    """Find a port that stays ours while the receiver is down.

    Not port 0: from the ephemeral range another connection could get it meanwhile, and a client
    that connects to its own source port talks to itself.
    """
    for port in random.sample(range(20_000, 32_000), 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise Failed("no free port between 20000 and 32000")
