# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A syslog receiver, for the conformance tests."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ..support.fake_syslog import FakeSyslogServer
from ..support.syslog_reader import read_rfc5424


class Target:
    """A running receiver: `settings` point a sink at it, `messages()` tells what came."""

    def __init__(self) -> None:
        self._server = FakeSyslogServer()

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
        return {"url": f"tcp://{self._server.host}:{self._server.port}"}

    def messages(self) -> list[str]:
        """Return the messages of the events, in the order of their arrival."""
        return [read_rfc5424(frame).text for frame in self._server.frames]
