# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Forks while the sender thread works: whatever lock it holds then, nobody in the child gives back."""

from __future__ import annotations

import os
import ssl
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from acme_splunk_hec._delivery import registry
from acme_splunk_hec._delivery.records import Record
from acme_splunk_hec._delivery.tls import client_context

from ..support.fake_http import FakeHttpServer
from ..support.forking import succeeds_in_child
from .plain import PlainConfig, delivery

PROJECT = Path(__file__).parents[2]
SOURCE = Path(registry.__file__).parents[2]

LATE_IMPORTS = """
import sys, threading
from tests.delivery.plain import Record, delivery

class Spy:
    def find_spec(self, name, path, target=None):
        if threading.current_thread().name == "plain-sender":
            print("imported late:", name, flush=True)

target = delivery(sys.argv[1])
sys.meta_path.insert(0, Spy())
target.offer(Record(b"event"))
print("delivered:", target.close(10.0).delivered, flush=True)
"""


def test_the_sender_thread_imports_nothing() -> None:
    """A child forked during an import waits for its lock for ever, as soon as it needs the module."""
    with FakeHttpServer() as server:
        url = server.url.replace("127.0.0.1", "localhost")  # looking up a name imports as well
        done = subprocess.run(
            [sys.executable, "-c", LATE_IMPORTS, url],
            cwd=PROJECT,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(SOURCE), str(PROJECT)])},
            capture_output=True,
            text=True,
            timeout=25,
            check=False,
        )
    assert done.stdout.splitlines() == ["delivered: 1"], done.stderr


def test_no_fork_while_a_tls_context_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL's locks stay locked in a child that is forked while another thread makes a context."""
    make = ssl.create_default_context
    could_fork = []

    def try_to_fork() -> None:
        could_fork.append(registry.no_fork.acquire(blocking=False))

    def make_and_look(**options: Any) -> ssl.SSLContext:
        forker = threading.Thread(target=try_to_fork)
        forker.start()
        forker.join()
        return make(**options)

    monkeypatch.setattr(ssl, "create_default_context", make_and_look)
    client_context(PlainConfig(url="https://localhost"))
    assert could_fork == [False]


def test_plain_http_makes_no_tls_context(monkeypatch: pytest.MonkeyPatch) -> None:
    """The http client would make one for each client, in the sender thread."""
    monkeypatch.delattr(ssl, "create_default_context")
    monkeypatch.delattr(ssl, "SSLContext")
    with FakeHttpServer() as server:
        target = delivery(server.url)
        target.offer(Record(b"event"))
        assert target.close(10.0).delivered == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns: forking with threads
def test_a_fork_waits_for_whoever_forbids_it() -> None:
    """The child sees what the other thread did before it allowed the fork."""
    entered, forking, done = threading.Event(), threading.Event(), threading.Event()

    def forbid() -> None:
        with registry.no_fork:
            entered.set()
            forking.wait()
            done.set()

    other = threading.Thread(target=forbid)
    other.start()
    entered.wait()
    os.register_at_fork(before=forking.set)  # runs first, since it is the youngest
    succeeded = succeeds_in_child(done.is_set)
    other.join()
    assert succeeded


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # 3.12 warns: forking with threads
@pytest.mark.parametrize("forks", [5, pytest.param(200, marks=pytest.mark.slow)])
def test_children_deliver_whatever_the_sender_does(forks: int) -> None:
    """Each child delivers its own event and no other, and the parent's books stay balanced."""
    with FakeHttpServer() as server:
        target = delivery(server.url, batch_max_events=3, buffer_max_events=30)
        stopping = threading.Event()

        def keep_busy() -> None:
            while not stopping.is_set():
                target.offer(Record(b"parent"))

        writer = threading.Thread(target=keep_busy)
        writer.start()
        server.wait_for(1)

        def delivers_its_own() -> bool:
            clean = target.stats().pending == 0
            target.offer(Record(b"child"))
            return clean and target.close(10.0).delivered == 1

        succeeded = [succeeds_in_child(delivers_its_own) for _ in range(forks)]
        stopping.set()
        writer.join()
        report = target.close(10.0)
    lines = [line for request in server.requests for line in request.body.split(b"\n")]
    assert succeeded == [True] * forks
    assert lines.count(b"child") == forks
    assert report.stats.delivered == lines.count(b"parent")
    assert report.stats.balanced
