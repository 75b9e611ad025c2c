"""An OpenTelemetry Collector that receives HEC and sends it on: built from Go modules, on loopback.

It is the best HEC that a package registry has, and no oracle for Splunk's refusals: it names the
bad event for code 15 only, in text/plain, and then stores none of the batch; its ids of
acknowledgements begin at 1, and it acknowledges at once; a wrong token is a 401 in plain text; all
paths but the health page takes events. Sources: splunkhecreceiver 0.145.0, and what
`tests/integration/test_hec.py` saw.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).parent / "hec_collector"
BUILD_SECONDS = 600.0
START_SECONDS = 20.0
STOP_SECONDS = 20.0

_CONFIG = """\
extensions:
  bearertokenauth: {{scheme: Splunk, tokens: {tokens}}}
  ack: {{}}
receivers:
  splunk_hec:
    endpoint: 127.0.0.1:{port}
    keep_alives_enabled: true
    auth: {{authenticator: bearertokenauth}}
    ack: {{extension: ack}}
exporters:
  file: {{path: "{records}", append: true, flush_interval: 100ms}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: error}}}}
  extensions: [bearertokenauth, ack]
  pipelines:
    logs: {{receivers: [splunk_hec], exporters: [file]}}
"""


class Unavailable(Exception):
    """The receiver cannot be had on this machine; the text says what is missing."""


def built(source: Path = SOURCE, name: str = "hec", package: str = ".") -> Path:
    """Return a program, built once and kept outside of the work tree.

    Go checks every module against the SHA-256 sums in go.sum.

    Args:
        source: Folder of the Go module.
        name: What the program is called.
        package: Which package of it, or of a module that it requires.

    Raises:
        Unavailable: there is no Go, or it cannot fetch or build.
    """
    go = shutil.which("go")
    if go is None:
        raise Unavailable(f"{name} is built with Go 1.24 or newer, which is not here")
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(source.iterdir())))
    default = Path.home() / ".cache" / "fapilog-sink-receivers"
    folder = Path(os.environ.get("RECEIVERS_CACHE", default))
    program = folder / f"{name}-{digest.hexdigest()[:16]}"
    if program.exists():
        return program
    program.parent.mkdir(parents=True, exist_ok=True)
    half = program.with_suffix(f".{os.getpid()}")
    flags = ["-mod=readonly", "-trimpath", "-ldflags=-s -w"]
    result = subprocess.run(
        [go, "build", *flags, "-o", str(half), package],
        cwd=source,
        env={**os.environ, "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        timeout=BUILD_SECONDS,
        check=False,
    )
    if result.returncode != 0:
        raise Unavailable(f"{name} was not built: {result.stderr.strip()[-500:]}")
    half.rename(program)
    return program


class HecCollector:
    """One collector and the file with what it took; can be started again on its port."""

    def __init__(self, program: Path, folder: Path, tokens: Sequence[str]) -> None:
        self._program = program
        self._folder = folder
        self.tokens = list(tokens)
        """Those that it lets in from its next start on."""
        self.records_path = folder / "records.jsonl"
        self.log_path = folder / "collector.log"
        self._process: subprocess.Popen[bytes] | None = None
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]

    @property
    def url(self) -> str:
        """Base URL."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it takes connections.

        Raises:
            RuntimeError: it ended, or it does not listen in time; with what it wrote.
        """
        config = self._folder / "collector.yaml"
        config.write_text(self.configuration())
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._program), "--config", str(config)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)
        raise RuntimeError(self.log_path.read_text()[-2_000:])

    def configuration(self) -> str:
        """Return what it is configured with: takes HEC, and writes it to a file."""
        return _CONFIG.format(
            tokens=json.dumps(self.tokens), port=self.port, records=self.records_path.as_posix()
        )

    def stop(self) -> None:
        """End it in order: what it accepted is in its file afterwards."""
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """End it as a crash does."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(STOP_SECONDS)

    def restart(self) -> None:
        """Stop and start."""
        self.stop()
        self.start()

    def records(self) -> Iterator[dict[str, Any]]:
        """Yield what it took: `event`, `fields`, `time` and the metadata, as in the envelope."""
        with self.records_path.open(encoding="utf-8") as lines:
            for line in lines:
                for resource in json.loads(line)["resourceLogs"]:
                    metadata = _plain_map(resource["resource"].get("attributes", []))
                    for scope in resource["scopeLogs"]:
                        for record in scope["logRecords"]:
                            yield {**_record(record), **_renamed(metadata)}


_NAMES = {
    "host.name": "host",
    "com.splunk.source": "source",
    "com.splunk.sourcetype": "sourcetype",
    "com.splunk.index": "index",
}


def _record(record: dict[str, Any]) -> dict[str, Any]:
    return {
        "event": _plain(record.get("body", {})),
        "fields": _plain_map(record.get("attributes", [])),
        "time": int(record.get("timeUnixNano", 0)) / 1e9,
    }


def _renamed(metadata: dict[str, Any]) -> dict[str, Any]:
    return {_NAMES[name]: value for name, value in metadata.items()}


def _plain(value: dict[str, Any]) -> Any:
    """Convert a value of OTLP/JSON, which wraps each in its type."""
    if not value:
        return None
    ((kind, inner),) = value.items()
    if kind == "kvlistValue":
        return _plain_map(inner.get("values", []))
    if kind == "arrayValue":
        return [_plain(item) for item in inner.get("values", [])]
    return int(inner) if kind == "intValue" else inner


def _plain_map(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    return {pair["key"]: _plain(pair.get("value", {})) for pair in pairs}
