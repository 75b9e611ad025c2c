# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A process with two deliveries whose memory can be measured: no server and no test is in it.

It reads a command per line from stdin and answers with one line of JSON: see the functions below.
Arguments: the URL of a target that is going to fail, the URL of one that is not, settings as JSON.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from pathlib import Path
from typing import Any

from acme_elasticsearch._delivery.buffer import Offer
from acme_elasticsearch._delivery.delivery import Delivery
from acme_elasticsearch._delivery.ledger import RefuseReason
from acme_elasticsearch._delivery.records import Record

from .plain import delivery

LOOK_EVERY = 200  # offers between two looks at the memory and the books


def memory(name: str) -> int:
    """Return a figure of this process in bytes: VmRSS (now) or VmHWM (the highest so far)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    raise LookupError(name)


class Program:
    """Offers numbered events to both deliveries."""

    def __init__(self, failing: str, healthy: str, settings: dict[str, Any]) -> None:
        self.payload_bytes = settings.pop("payload_bytes")
        self.failing = delivery(failing, **settings)
        self.healthy = delivery(healthy, buffer_max_events=5_000, batch_max_events=500)
        self.began = time.monotonic()
        self.next = 0
        self.taken: list[int] = []
        self.slowest = 0.0
        self.curve: list[tuple[float, int, int]] = []

    def offer(self, count: int, seconds: float) -> dict[str, Any]:
        """Offer that many events to each, evenly over the time, and say what became of them."""
        began = time.monotonic()
        for number in range(count):
            self._pace(began + seconds * number / count)
            record = Record(str(self.next).encode().rjust(self.payload_bytes))
            if self.failing.offer(record) is Offer.TAKEN:
                self.taken.append(self.next)
            else:
                self.failing.refuse(RefuseReason.BUFFER_FULL)
            while self.healthy.offer(Record(b"%d" % self.next)) is not Offer.TAKEN:
                threading.Event().wait(0.001)
            self.next += 1
            if number % LOOK_EVERY == 0:
                self._look()
        last = time.monotonic()
        assert self.healthy.flush(30.0)
        return self.state() | {"last_seconds": time.monotonic() - last}

    def fail(self, count: int) -> dict[str, Any]:
        """Wait until so many requests have failed."""
        _wait_until(lambda: self.failing.stats().endpoints[0].failures >= count)
        return self.state()

    def drain(self) -> dict[str, Any]:
        """Wait until nothing is pending any more, and close."""
        _wait_until(lambda: self.failing.stats().pending == 0)
        state = self.state()
        for each in (self.failing, self.healthy):
            assert each.close(10.0).dropped == 0
        return state | {"taken": self.taken, "healthy": self.healthy.stats().delivered}

    def state(self) -> dict[str, Any]:
        """Return the books of the failing delivery, and the memory."""
        self._look()
        stats = self.failing.stats()
        curve, self.curve = self.curve, []
        return {
            "rss": memory("VmRSS"),
            "highest": memory("VmHWM"),
            "curve": curve,
            "offers": self.next,
            "taken_count": len(self.taken),
            "offered": stats.offered,
            "accepted": stats.accepted,
            "refused": sum(stats.refused.values()),
            "dropped": sum(stats.dropped.values()),
            "delivered": stats.delivered,
            "pending": stats.pending,
            "ambiguous": stats.ambiguous,
            "failures": stats.endpoints[0].failures,
            "balanced": stats.balanced,
            "slowest": self.slowest,
        }

    def _pace(self, moment: float) -> None:
        wait = moment - time.monotonic()
        if wait > 0.002:
            threading.Event().wait(wait)

    def _look(self) -> None:
        self.slowest = max(self.slowest, _oldest(self.healthy))
        now = time.monotonic() - self.began
        if not self.curve or now - self.curve[-1][0] >= 1.0:
            self.curve.append((now, memory("VmRSS"), self.failing.stats().pending_bytes))


def _oldest(each: Delivery) -> float:
    stats = each.stats()
    assert stats.balanced, stats
    return stats.oldest_seconds or 0.0


def _wait_until(condition: Any) -> None:
    deadline = time.monotonic() + 60.0
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


def main() -> None:
    """Answer commands until stdin ends."""
    program = Program(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
    for line in sys.stdin:
        command, *arguments = json.loads(line)
        print(json.dumps(getattr(program, command)(*arguments)), flush=True)


if __name__ == "__main__":
    main()
