# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Each example of docs/extending.md does what the page says: run as it stands there, on a real socket."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .support import extending
from .support.extending import HEADINGS, PAGE, SINK, defined, exported, receiver, write

application = extending.application


def test_event_filter() -> None:
    """What the function does not want is counted, and does not arrive."""
    with receiver() as (target, settings):
        sink = SINK(**settings, **exported("Event filter"))
        write(sink, {"message": "noise", "logger": "healthcheck"}, {"message": "paid"})
        assert target.messages() == ["paid"]
    assert (sink.stats().filtered, sink.stats().delivered) == (1, 1)


def test_metrics_callback(capsys: pytest.CaptureFixture[str]) -> None:
    """The last figures are those of the close."""
    with receiver() as (_, settings):
        write(SINK(**settings, **exported("Metrics callback")), {"message": "m"})
    assert capsys.readouterr().out.splitlines()[-1] == "log sink: 1 delivered, 0 left out, 0 lost"


def test_renamed_settings() -> None:
    """The old name is read, with a warning."""
    config = defined("Renamed settings")["ShopConfig"]
    with receiver() as (_, settings), pytest.warns(DeprecationWarning, match="is called team now"):
        assert config(**settings, squad="blue").team == "blue"


def test_each_example_has_a_test() -> None:
    """A heading is tested by its name, here or by the platform, and the files that the page names exist."""
    tests = Path(__file__).parent
    code = "".join(path.read_text("utf-8") for path in tests.rglob("test_extending.py"))
    wanted = {f"test_{heading.lower().replace(' ', '_')}" for heading in HEADINGS}
    assert wanted - set(re.findall(r"(?m)^def (test_\w+)\(", code)) == set()
    named = set(re.findall(r"`((?:tests|src)/[\w/.]+)`", PAGE))
    assert len(named) >= 4
    assert [name for name in sorted(named) if not (tests.parent / name).is_file()] == []
