# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The examples of docs/extending.md that are particular to this platform do what the page says."""

from __future__ import annotations

import pytest

from acme_syslog_cef.syslog_cef import mapping

from ..support import extending
from ..support.extending import SINK, defined, put_into, receiver, write

application = extending.application


def test_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page puts into `mapping.py` is in what arrives."""
    put_into(mapping, "Mapping", monkeypatch)
    with receiver() as (target, settings):
        write(SINK(**settings), {"message": "m"})
        assert b"[INFO] m" in target.received()


def test_encoder() -> None:
    """The class of the page writes its site into each message."""
    changed = defined("Encoder")["AcmeSyslogCefSink"]
    with receiver() as (target, settings):
        write(changed(**settings), {"message": "paid"})
        assert target.messages() == ["berlin: paid"]
