# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A HEC that takes everything, for the conformance tests."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from ..support.fake_http import Answer, FakeHttpServer


class Target:
    """A running receiver: `settings` point a sink at it, `messages()` tells what came."""

    def __init__(self) -> None:
        self._server = FakeHttpServer(Answer(200, body=b'{"text":"Success","code":0}'))

    def __enter__(self) -> Target:
        self._server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.__exit__(kind, error, trace)

    @property
    def settings(self) -> dict[str, Any]:
        """Keyword arguments of the sink; JSON types only, since some travel on a command line."""
        return {"url": self._server.url, "token": "conformance-token"}

    def messages(self) -> list[str]:
        """Return the messages of the events, in the order of their arrival."""
        lines = [line for r in self._server.requests for line in r.body.split(b"\n") if line]
        return [json.loads(line)["event"]["message"] for line in lines]
