# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""An outage costs bounded memory, loses nothing unseen, and does not concern other sinks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from acme_syslog_cef import _delivery

from ..support.fake_http import Answer, FakeHttpServer

pytestmark = [
    pytest.mark.fault(29),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc"),
]

PROJECT = Path(__file__).parents[2]
SOURCE = Path(_delivery.__file__).parents[2]
HEALTHY_SECONDS = 2.0  # longest that an event for the healthy target may take, all the time
MIB = 1024 * 1024


@dataclass(frozen=True)
class Scale:
    """How much is offered in each of three kinds of outage, and to which bounds."""

    events: int
    seconds: float
    payload_bytes: int
    buffer_max_bytes: int


SMALL = Scale(events=1_200, seconds=0.0, payload_bytes=2_000, buffer_max_bytes=4 * MIB)
LARGE = Scale(events=150_000, seconds=40.0, payload_bytes=1_000, buffer_max_bytes=64 * MIB)


@contextmanager
def program(failing: str, healthy: str, **settings: Any) -> Iterator[Any]:
    """Run the process; what is given calls a command of it."""
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            f"{__package__}.outage_program",
            failing,
            healthy,
            json.dumps(settings),
        ],
        cwd=PROJECT,
        env=os.environ | {"PYTHONPATH": str(SOURCE)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    def call(*command: Any) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{json.dumps(command)}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        assert answer, "the program has ended"
        return dict(json.loads(answer))

    try:
        yield call
        process.stdin.close()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            stream.close()


def numbers(server: FakeHttpServer, since: int = 0) -> Counter[int]:
    """Return how often each event arrived, in the requests from that one on."""
    lines = (line for request in server.requests[since:] for line in request.body.split(b"\n"))
    return Counter(map(int, lines))


def check_outage(scale: Scale, policy: str) -> None:
    """Go through three kinds of outage, and compare what the process says with what arrived."""
    silence = threading.Event()
    with FakeHttpServer() as failing, FakeHttpServer() as healthy:
        with program(
            failing.url,
            healthy.url,
            payload_bytes=scale.payload_bytes,
            buffer_max_bytes=scale.buffer_max_bytes,
            buffer_policy=policy,
            batch_max_bytes=100_000,
            retry_initial_seconds=0.01,
            retry_max_seconds=0.1,
            request_timeout_seconds=0.15,
        ) as call:
            before = call("offer", 10, 0.0)
            states = []
            for outage in ("refused", "silent", "busy"):
                if outage == "refused":
                    failing.stop()
                elif outage == "silent":
                    failing.default = Answer(delay=silence)
                    failing.start()
                else:
                    failing.default = Answer(503)
                    silence.set()
                states.append(call("offer", scale.events, scale.seconds))
                call("fail", states[-1]["failures"] + 2)
            failing.default = Answer(200)
            after = call("drain")
        curve = [point for state in (before, *states, after) for point in state["curve"]]
        print(f"{policy}: seconds, resident MiB, pending MiB")
        for seconds, rss, pending in curve:
            print(f"{seconds:7.1f} {rss / MIB:7.1f} {pending / MIB:7.1f}")
        check_books(before, states, after)
        growth = after["highest"] - before["rss"]
        assert growth <= 1.5 * scale.buffer_max_bytes + 20 * MIB, growth / MIB
        check_arrivals(numbers(failing), after, policy)
        assert numbers(healthy) == dict.fromkeys(range(after["offers"]), 1)
        assert after["healthy"] == after["offers"]
    assert max(state["slowest"] for state in states) <= HEALTHY_SECONDS
    assert max(state["last_seconds"] for state in states) <= HEALTHY_SECONDS


def check_books(
    before: dict[str, Any], states: list[dict[str, Any]], after: dict[str, Any]
) -> None:
    """Compare the books with what the offering side counted, at the end of each outage."""
    for state in (before, *states, after):
        assert state["balanced"]
        assert state["offered"] == state["offers"]
        assert state["accepted"] == state["taken_count"]
        assert state["refused"] == state["offers"] - state["taken_count"]
    assert states[-1]["refused"] + states[-1]["dropped"] > 0, "the buffer was never full"
    assert states[-1]["pending"] > 0
    assert after["delivered"] == after["accepted"] - after["dropped"]


def check_arrivals(arrived: Counter[int], after: dict[str, Any], policy: str) -> None:
    """Compare what arrived with what was accepted: nothing lost that is not counted, nothing invented."""
    taken = set(after["taken"])
    assert set(arrived) <= taken
    assert len(taken - set(arrived)) == after["dropped"]  # only what was never sent is dropped
    if policy == "drop_newest":
        assert after["dropped"] == 0
    assert sum(arrived.values()) - len(arrived) > 0, "the silent target got nothing"


def test_an_outage_is_bounded_and_accounted_for() -> None:
    """Refused connections, silence and 503: the buffer's bound holds, all that was accepted arrives."""
    check_outage(SMALL, "drop_newest")


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("policy", ["drop_newest", "drop_oldest"])
def test_a_long_outage_is_bounded_and_accounted_for(policy: str) -> None:
    """The same with the buffer's real size, for minutes."""
    check_outage(LARGE, policy)
