# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Events that try to break the sink, from `write()` to a receiver that reads strictly."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from acme_splunk_hec import (
    AcmeSplunkHecSink,
)
from acme_splunk_hec._delivery.ledger import Stats

from ..conformance.target import Target
from ..splunk_hec.target import running_target
from .books import account


@pytest.fixture
def target(monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """Start a server of the platform's kind."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with running_target() as running:
        yield running


def write(target: Target, *events: Any) -> Stats:
    """Write the events with a sink of its own, stop it, and return its books."""
    sink = AcmeSplunkHecSink(**target.settings)

    async def run() -> None:
        for event in events:
            assert await sink.write(event)
        await sink.stop()

    asyncio.run(run())
    return sink.stats()


class Hostile:
    """A value that cannot be shown."""

    def __repr__(self) -> str:
        """Raise."""
        raise RuntimeError("no")


def cycle() -> list[Any]:
    """Return a list that holds itself."""
    ring: list[Any] = []
    ring.append(ring)
    return ring


def deep(levels: int) -> Any:
    """Return a value nested so deep."""
    value: Any = "bottom"
    for _ in range(levels):
        value = {"down": [value]}
    return value


@pytest.mark.fault(21, promise=(1, 2, 5))
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(cycle(), id="cycle"),
        pytest.param([float("nan"), float("inf"), -float("inf")], id="nan"),
        pytest.param({"lone \ud800": "\udfff"}, id="lone_surrogate"),
        pytest.param("x" * 10_000_000, id="ten_megabytes"),
        pytest.param(deep(500), id="depth_500"),
        pytest.param({1: "a", None: "b", (1, 2): "c", b"k": "d"}, id="keys"),
        pytest.param([Hostile(), b"\xff", {1, 2}, 2**70], id="objects"),
    ],
)
def test_a_value_that_cannot_be_serialised_costs_nothing(target: Target, value: Any) -> None:
    """The event arrives, in a form that can be read, and so do its neighbours."""
    messages = ["before", "hostile", "after"]
    events = [{"message": message, "level": "INFO"} for message in messages]
    events[1]["data"] = {"value": value}
    stats = write(target, *events)
    assert target.messages() == messages
    assert account(stats) == {"delivered": 3}


@pytest.mark.fault(22, promise=(16, 21))
def test_an_event_over_the_limit_is_cut_between_characters_and_counted(target: Target) -> None:
    """It arrives shortened, marked, and as whole characters; its neighbours arrive unchanged."""
    events = [{"message": text} for text in ("before", "\u20ac" * 2_000_000, "after")]
    stats = write(target, *events)
    first, cut, last = target.messages()
    assert (first, last) == ("before", "after")
    kept = cut.rstrip("\u20ac.\u2026[] abcdefghijklmnopqrstuvwxyz0123456789")
    assert (kept, cut.startswith("\u20ac\u20ac")) == ("", True)
    assert len(cut.strip("\u20ac")) > 2, "a mark stands at the end"
    assert (account(stats), stats.truncated) == ({"delivered": 3}, 1)


@pytest.mark.fault(23, promise=19)
@pytest.mark.parametrize(
    "text",
    [
        'a\n<13>1 - forged - - - - b\r\n{"event":"forged"}\r\x00c',
        "<0>1 CEF:0|forged|x|1|1|forged|10|",
        'a|b=c\\d]"e{}\x85\u2028\u2029\x1b[31m\x7f',
        '"}\n{"create":{}}\n{"message":"forged"}',
    ],
    ids=["lines", "header", "specials", "json"],
)
def test_no_text_makes_a_second_record(target: Target, text: str) -> None:
    """Whatever stands in a message, a name or a value, the receiver reads one record for each event."""
    hostile = {
        "message": text,
        "level": text,
        "logger": text,
        "context": {"correlation_id": text, text: text},
        "data": {text: {text: text}, "k": [text]},
    }
    stats = write(target, hostile, {"message": "after"})
    assert len(target.messages()) == 2
    assert target.messages()[1] == "after"
    assert account(stats) == {"delivered": 2}
