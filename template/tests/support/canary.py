# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A secret that nobody may see, a server that tells it, and a search of all that can be seen.

Somebody reads the logs, the warnings, stderr, a crash report with the `repr` of what was there, the
statistics and the dead-letter file. A target may quote the credentials it was sent in any part of any
answer.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import json
import logging
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import quote

from .fake_http import Answer, FakeHttpServer, Received, Script

QUICK: dict[str, Any] = {
    "linger_seconds": 0.0,
    "hold_seconds": 0.002,
    "retry_initial_seconds": 0.002,
    "retry_max_seconds": 0.002,
    "stats_interval_seconds": 0.01,
}
"""Settings that let many answers come within a short time."""
EVENTS = [{"message": text} for text in ("a", "b", "bad", "c")]
STATUSES = (301, 302, 307, 400, 401, 403, 404, 405, 413, 415, 429, 500, 503, 599)


def canary(label: str) -> str:
    """Return a secret that stands in no source line, which a traceback would quote."""
    return "-".join(["can", "ary", label, "c3po"])


class Watch:
    """Keeps all that gets out while it is open: log records, warnings, output, and what is shown to it.

    Args:
        secrets: What must not be in it.
    """

    def __init__(self, *secrets: str) -> None:
        self._forms = [form for secret in secrets for form in _forms_of(secret)]
        self._seen: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._open = contextlib.ExitStack()

    def __enter__(self) -> Watch:
        self._output = io.StringIO()
        self._open.enter_context(contextlib.redirect_stderr(self._output))
        self._open.enter_context(contextlib.redirect_stdout(self._output))
        caught = self._open.enter_context(warnings.catch_warnings(record=True))
        assert caught is not None
        self._warnings = caught
        warnings.simplefilter("always")
        root, handler = logging.getLogger(), _Handler(self)
        self._open.callback(root.setLevel, root.level)
        self._open.callback(root.removeHandler, handler)
        root.setLevel(logging.DEBUG)
        root.addHandler(handler)
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()
        self.text("output", self._output.getvalue())
        for each in self._warnings:
            self.text("warning", f"{each.message!r} {each.message} {each.source!r}")

    def text(self, where: str, text: str) -> None:
        """Keep a text."""
        with self._lock:
            self._seen.append((where, text))

    def look(self, thing: object) -> None:
        """Keep what an object shows of itself."""
        self.text(type(thing).__name__, f"{thing!r} {thing}")

    def look_into(self, thing: object) -> None:
        """Keep what an object and each of its attributes show of themselves."""
        self.look(thing)
        for name, value in _attributes_of(thing):
            self.text(f"{type(thing).__name__}.{name}", f"{value!r} {value}")

    def look_at_sink(self, sink: Any, record: object) -> None:
        """Keep what a sink and all that it is made of show of themselves; a record makes a request."""
        delivery = sink._delivery
        shared, exchange = delivery._shared, delivery._exchange
        things = (sink, sink.config, delivery, exchange, shared, shared.accounts, sink.stats())
        for thing in things:
            self.look_into(thing)
        for each in (*exchange.credentials, exchange.build([record])):
            self.look(each)  # what is in them is the secret
        for connect in exchange.endpoints.values():
            client = connect()
            self.look_into(client)
            client.close(0.0)

    def provoke(self, make: Callable[[Any], object], values: Sequence[Any]) -> None:
        """Call a function with each of the values and keep what it raises."""
        for value in values:
            try:
                make(value)
            except Exception as error:
                self.error(error)

    def error(self, error: BaseException) -> None:
        """Keep a traceback, and every exception that can be reached from this one."""
        self.text("traceback", "".join(traceback.format_exception(error)))
        reached: list[BaseException] = []
        to_do: list[BaseException | None] = [error]
        while to_do:
            each = to_do.pop()
            if each is not None and each not in reached:
                reached.append(each)
                to_do += [each.__cause__, each.__context__]
                self.text("exception", f"{each!r} {each} {each.args!r}")

    def places(self) -> set[str]:
        """Return where anything was seen: a test must not pass since nothing happened."""
        return {where for where, _ in self._seen}

    def findings(self) -> list[tuple[str, str]]:
        """Return where a secret was seen, and in which text."""
        return [(where, text) for where, text in self._seen if any(f in text for f in self._forms)]


class _Handler(logging.Handler):
    """Keeps records as a handler with any format could write them."""

    def __init__(self, watch: Watch) -> None:
        super().__init__(logging.DEBUG)
        self._watch = watch

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the line, its arguments and what was added to it."""
        self._watch.text("log", f"{logging.Formatter().format(record)} {record.__dict__!r}")


def tellers(secret: str) -> list[Script]:
    """Return failures of every kind that quote the secret wherever an answer can."""
    told = {
        "X-Echo": secret,
        "Server": secret,
        "Set-Cookie": f"token={secret}",
        "Retry-After": secret,
        "WWW-Authenticate": f'Bearer realm="{secret}"',
        "Location": f"https://{secret}:{secret}@example.com/{secret}?token={secret}",
    }
    page = f"<html><title>{secret}</title><body>{secret}</body></html>".encode()
    error = {"type": secret, "reason": secret, "root_cause": [{"type": secret}]}
    item = {"create": {"status": 400, "_id": secret, "error": error}}
    quoted: dict[str, Any] = {"text": secret, "code": secret, "error": error}
    quoted |= {"errors": True, "items": [item]}
    answers: list[Script] = [
        Answer(status, phrase=secret, headers=told | {"Content-Type": kind}, body=body)
        for status in STATUSES
        for kind, body in (("text/html", page), ("application/json", json.dumps(quoted).encode()))
    ]
    answers += [
        Answer(503, phrase=secret, headers=told, body=page, cut="during"),
        Answer(200, headers={f"no header {secret}": secret}),
        Answer(200, headers={"Content-Encoding": "gzip", "X-Echo": secret}, body=secret.encode()),
        Answer(200, headers={"Content-Length": secret}),
    ]
    return answers


def run_through(
    sink: Any, server: FakeHttpServer, events: Sequence[Any], script: list[Script], end: Script
) -> None:
    """Write events and stop when they are settled: the server answers by the script, then with `end`."""
    server.default = end
    server.script(*script)

    async def run() -> None:
        for event in events:
            assert await sink.write(event)
        await asyncio.to_thread(server.wait_for, len(script), 10.0)
        await asyncio.to_thread(_wait_until, lambda: sink.stats().pending == 0)
        await sink.stop()

    asyncio.run(run())


def bad_values(secret: str) -> list[Any]:
    """Return values that hold the secret and fit no setting, or the wrong one."""
    return [
        secret,
        f"{secret} {secret}",
        f"http://user:{secret}@127.0.0.1:1",
        f"http://127.0.0.1:1/?token={secret}",
        f"//{secret}",
        f"{secret}:{secret}",
        [secret],
        {"key": secret},
        f'["{secret}"]',
        f'["{secret}',
        secret.encode(),
    ]


def authorization_of(received: Received) -> str:
    """Return the credentials of a request."""
    return received.headers.get("authorization", "")


def _wait_until(condition: Callable[[], bool], timeout: float = 10.0) -> None:
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline
        threading.Event().wait(0.002)


def _forms_of(secret: str) -> Iterator[str]:
    """Yield the secret as it could be written, in base64 whatever stands before it."""
    yield secret
    yield quote(secret, safe="")
    yield secret.encode().hex()
    for before in range(3):
        text = base64.b64encode(b" " * before + secret.encode() + b" " * 3).decode()
        yield text[(before * 8 + 5) // 6 : (before + len(secret)) * 8 // 6]


def _attributes_of(thing: object) -> Iterator[tuple[str, object]]:
    names = set(getattr(thing, "__dict__", ()))
    for kind in type(thing).__mro__:
        slots = getattr(kind, "__slots__", ())
        names.update((slots,) if isinstance(slots, str) else slots)
    for name in sorted(names - {"__dict__", "__weakref__"}):
        if hasattr(thing, name):
            yield name, getattr(thing, name)
