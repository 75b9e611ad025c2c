# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A HEC that takes everything, for the conformance tests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from ..conformance.target import Target
from ..support.fake_http import Answer, FakeHttpServer
from .fake_hec import TOKEN, FakeHec, Token


@contextmanager
def running_target() -> Iterator[Target]:
    """Run a receiver."""
    with FakeHttpServer(Answer(200, body=b'{"text":"Success","code":0}')) as server:

        def messages() -> list[str]:
            lines = [line for r in server.requests for line in r.body.split(b"\n") if line]
            return [json.loads(line)["event"]["message"] for line in lines]

        settings = {"url": server.url, "token": "conformance-token"}
        yield Target(settings, messages, server.received)


@contextmanager
def acknowledging_target() -> Iterator[Target]:
    """Run a receiver whose token has indexer acknowledgment on."""
    collector = FakeHec(tokens={TOKEN: Token(ack=True, indexes=("main", "audit"))})
    with FakeHttpServer(collector.answer) as server:

        def messages() -> list[str]:
            return [each["event"]["message"] for each in collector.stored]

        yield Target({"url": server.url, "token": TOKEN}, messages, server.received)
