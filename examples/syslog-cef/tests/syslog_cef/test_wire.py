# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The bytes that the page `docs/syslog_cef_wire.md` shows are those that leave the socket."""

import ast
import asyncio
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acme_syslog_cef.syslog_cef.sink import (
    SyslogCefSink,
)

PAGE = Path(__file__).parents[2] / "docs" / "syslog_cef_wire.md"
EVENT = {
    "timestamp": "2026-11-03T15:05:52.967Z",
    "level": "ERROR",
    "message": "login of DOMAIN\\eve failed | attempt=3\n<13>1 - forged",
    "logger": "shop.auth",
    "context": {"user_id": "u-7", "correlation_id": "c-1"},
    "data": {"client": "2001:db8::7", "path": 'C:\\x "a"]^b', "order": {"id": 12}},
}
NAMES = {"hostname": "web1.example.com", "cef_keys": {"data.client": "src"}}
SETTINGS: dict[str, dict[str, Any]] = {
    "default": {},
    "arcsight": {"preset": "arcsight"},
    "sentinel": {"preset": "sentinel"},
    "sc4s": {"preset": "sc4s"},
    "qradar": {"preset": "qradar"},
    "rfc3164": {"format": "rfc3164"},
    "json": {"format": "json"},
}


@pytest.fixture
def fixed_place(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let every machine be the same process in the same time zone."""
    if not hasattr(time, "tzset"):
        pytest.skip("the time zone of a process cannot be set here")
    monkeypatch.setattr(os, "getpid", lambda: 71)
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def captured(**settings: Any) -> bytes:
    """Write the event to a socket that answers nothing, and return what came out."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def read() -> None:
            connection, _ = listener.accept()
            with connection:
                while data := connection.recv(65_536):
                    received.append(data)

        reader = threading.Thread(target=read)
        reader.start()

        async def write() -> None:
            port = listener.getsockname()[1]
            sink = SyslogCefSink(url=f"tcp://127.0.0.1:{port}", **NAMES, **settings)
            assert await sink.write(EVENT)
            await sink.stop()

        asyncio.run(write())
        reader.join(5)
    return b"".join(received)


def on_the_page() -> dict[str, bytes]:
    """Return the literals of the page by their headings."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.findall(r"(?m)^## `(\w+)`.*?^```text\n(.*?)^```", text, re.DOTALL)
    return {name: ast.literal_eval(f"({literal})") for name, literal in found}


def test_page_shows_every_preset() -> None:
    """None is missing."""
    assert list(on_the_page()) == list(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_bytes_are_those_of_the_page(fixed_place: None, name: str) -> None:
    """Byte for byte, framing included."""
    assert captured(**SETTINGS[name]) == on_the_page()[name]
