# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A bulk API that takes everything, for the conformance tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from ..conformance.target import Target
from ..support.fake_http import FakeHttpServer
from .fake_bulk import FakeBulk


@contextmanager
def running_target() -> Iterator[Target]:
    """Run a receiver."""
    bulk = FakeBulk()
    with FakeHttpServer(bulk) as server:
        yield Target({"url": server.url}, lambda: list(bulk.attempts), server.received)
