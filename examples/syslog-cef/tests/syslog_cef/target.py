# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A syslog receiver, for the conformance tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..conformance.target import Target
from ..support.fake_syslog import FakeSyslogServer
from ..support.syslog_reader import read_rfc5424


@contextmanager
def running_target() -> Iterator[Target]:
    """Run a receiver."""
    with FakeSyslogServer() as server:
        yield Target(
            settings={"url": f"tcp://{server.host}:{server.port}"},
            messages=lambda: [read_rfc5424(frame).text for frame in server.frames],
            received=lambda: b"\n".join(server.frames),
        )
