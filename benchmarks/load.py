"""One run's task and its result, in the sending process."""

from __future__ import annotations

import gc
import os
import resource
import sys
import threading
import time
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .events import envelope, events

_SAMPLE_SECONDS = 0.1
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_MIB = 1024 * 1024


@dataclass
class Load:
    """What to send, and how; a scenario's row, as JSON."""

    client: str
    path: str
    """bulk, hec, syslog or cef."""
    port: int
    events: int
    size: str = "usual"
    text: str = "ascii"
    serialized: bool = True
    settings: dict[str, Any] = field(default_factory=dict)
    """Of our sink, beside the benchmark's own; or of a peer."""
    options: dict[str, Any] = field(default_factory=dict)
    """Of the client function."""

    @cached_property
    def entries(self) -> list[dict[str, Any]]:
        """The events as `write` gets them."""
        return events(self.events, size=self.size, text=self.text)

    @cached_property
    def envelopes(self) -> list[bytes]:
        """The events as `write_serialized` gets them."""
        return [envelope(event) for event in self.entries]

    @property
    def url(self) -> str:
        """The receiver's address."""
        scheme = "http" if self.path in ("bulk", "hec") else "tcp"
        return f"{scheme}://127.0.0.1:{self.port}"


@dataclass
class Sent:
    """What the sender knows."""

    began: float = 0.0
    """Monotonic seconds before the first event."""
    written: float = 0.0
    """After the last call of `write`."""
    done: float = 0.0
    """When the sender knew the last event to be acknowledged, or had nothing left to do."""
    cpu_seconds: float = 0.0
    peak_mib: float = 0.0
    """Largest resident set while sending."""
    grown_mib: float = 0.0
    """The same less the resident set before the first event."""
    refused: int = 0
    """Offers that found the buffer full; each was made again."""
    more: dict[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return asdict(self)


class Meter:
    """Context around the timed part: clock, processor time, memory."""

    def __init__(self, load: Load) -> None:
        _ = load.envelopes if load.serialized else load.entries
        gc.collect()
        gc.freeze()  # the prepared events are not the client's garbage
        self.sent = Sent()
        self.curve: list[tuple[float, float]] = []
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Sent:
        self._before = resident_mib()
        self.sent.began = time.monotonic()  # for the watcher; anew below
        self._watcher.start()
        self._cpu = time.process_time()
        self.sent.began = time.monotonic()
        return self.sent

    def __exit__(self, *exc: object) -> None:
        self.sent.done = self.sent.done or time.monotonic()
        self.sent.written = self.sent.written or self.sent.done
        self.sent.cpu_seconds = time.process_time() - self._cpu
        self._ended.set()
        self._watcher.join()
        self.sent.peak_mib = max(mib for _, mib in self.curve)
        self.sent.grown_mib = self.sent.peak_mib - self._before

    def _watch(self) -> None:
        while True:
            self.curve.append((time.monotonic() - self.sent.began, resident_mib()))
            if self._ended.wait(_SAMPLE_SECONDS):
                self.curve.append((time.monotonic() - self.sent.began, resident_mib()))
                return


def resident_mib() -> float:
    """Return the resident set of this process; where the system does not say, its peak."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES / _MIB
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / _MIB


def percentiles(values: list[float]) -> dict[str, float]:
    """Return the median and the 99th percentile, in the unit of the values."""
    ordered = sorted(values)
    return {
        "p50": ordered[len(ordered) // 2],
        "p99": ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
        "max": ordered[-1],
    }
