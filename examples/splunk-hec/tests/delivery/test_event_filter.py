# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""`event_filter` decides about every event, on both write paths, and can lose none by an error."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from acme_splunk_hec._delivery.host import DeliverySink
from acme_splunk_hec._delivery.records import Record

from ..support.fake_http import FakeHttpServer
from .plain import PlainConfig, PlainSink


class SplicingSink(PlainSink):
    """A plain sink that would send what fapilog serialized without looking at it."""

    def splicer(self, config: PlainConfig) -> Any:
        """Take the event as it is."""
        return lambda event: Record(event[0])


def is_wanted(event: dict[str, Any]) -> bool:
    """Keep what is not noise."""
    return event["message"] != "noise"


def serialized(event: dict[str, Any]) -> Any:
    """Write an event as fapilog does, in its envelope."""
    whole = {"log": {**event, "timestamp": "2026-11-25T01:02:03.000Z"}, "schema_version": "1.1"}
    return SimpleNamespace(data=orjson.dumps(whole))


def through(sink: DeliverySink[Any], server: FakeHttpServer, *texts: str) -> list[str]:
    """Write each message on both paths, see True for each, and return what arrived."""

    async def run() -> None:
        for text in texts:
            assert await sink.write({"message": text})
            assert await sink.write_serialized(serialized({"message": text}))
        await sink.stop()

    asyncio.run(run())
    lines = [line for request in server.requests for line in request.body.split(b"\n")]
    return [orjson.loads(line)["message"] for line in lines]


@pytest.mark.parametrize("kind", [PlainSink, SplicingSink])
def test_unwanted_events_are_counted_and_not_sent(kind: type[PlainSink]) -> None:
    """`write` says True, since the owner asked for it, and no fallback gets them."""
    with FakeHttpServer() as server:
        sink = kind(url=server.url, event_filter=is_wanted)
        assert through(sink, server, "a", "noise", "b") == ["a", "a", "b", "b"]
    stats = sink.stats()
    assert (stats.filtered, stats.offered, stats.delivered) == (2, 4, 4)
    assert stats.refused == {}
    assert stats.balanced


def test_it_can_be_named() -> None:
    """An environment variable can only name it."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url, event_filter=f"{__name__}:is_wanted")
        assert through(sink, server, "noise", "a") == ["a", "a"]


def test_without_a_filter_nothing_is_looked_at() -> None:
    """The write path is what it was: no event is parsed for a filter that nobody has."""
    sink = SplicingSink(url="http://127.0.0.1:1")
    assert sink._splice is not None
    filtering = "acme_splunk_hec._delivery.event_filter"
    assert sink._encode.__module__ != filtering
    assert sink.stats().filtered == 0


def _fails(event: dict[str, Any]) -> bool:
    raise KeyError("s3cret")


def _exits(event: dict[str, Any]) -> bool:
    raise SystemExit


class _NoBool:
    def __bool__(self) -> bool:
        raise TypeError("neither")


def _says_neither(event: dict[str, Any]) -> Any:
    return _NoBool()


@pytest.mark.parametrize(
    ("broken", "error"),
    [(_fails, "KeyError"), (_exits, "SystemExit"), (_says_neither, "TypeError")],
)
def test_a_filter_that_fails_loses_nothing(
    broken: Callable[..., Any], error: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its events are sent, and the log says so once, by the type of the error alone."""
    with FakeHttpServer() as server:
        sink = PlainSink(url=server.url, event_filter=broken)
        assert through(sink, server, "a", "b") == ["a", "a", "b", "b"]
    said = [line for line in caplog.messages if "event_filter" in line]
    assert said == [f"plain: event_filter failed with {error}; such events are sent"]
    assert sink.stats().filtered == 0
    assert re.search("s3cret", caplog.text) is None


def test_an_encoder_error_is_none_of_the_filter() -> None:
    """What the filter wants and nobody can encode is refused, as without one."""

    class BrokenSink(PlainSink):
        def encoder(self, config: PlainConfig) -> Any:
            return lambda event: 1 / 0

    sink = BrokenSink(url="http://127.0.0.1:1", event_filter=is_wanted)

    async def run() -> list[bool]:
        return [await sink.write({"message": text}) for text in ("noise", "a")]

    assert asyncio.run(run()) == [True, False]
    assert (sink.stats().filtered, sink.stats().refused) == (1, {"encode_error": 1})
