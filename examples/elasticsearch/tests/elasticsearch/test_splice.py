# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""JSON as fapilog wrote it becomes the same two lines that the encoder makes."""

from __future__ import annotations

import asyncio
import json
import re
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from acme_elasticsearch._delivery.event import serialized_event
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.encoder import Encoder
from acme_elasticsearch.elasticsearch.sink import ElasticsearchSink
from acme_elasticsearch.elasticsearch.splice import Splicer

from ..support.fake_http import FakeHttpServer
from .any_events import events
from .fake_bulk import FakeBulk
from .test_encoder import NOW, UUID_7

EVENT = {
    "timestamp": "2026-11-23T15:05:52.967Z",
    "level": "ERROR",
    "message": "payment failed",
    "data": {"amount": 12.5},
}


def config(**given_settings: Any) -> ElasticsearchConfig:
    """Return a configuration that lets events pass as they are."""
    return ElasticsearchConfig(url="http://localhost:9200", documents="as_is", **given_settings)


def serialized(event: dict[str, Any]) -> Any:
    """Write an event as fapilog does, in its envelope."""
    envelope = {"log": event, "schema_version": "1.1"}
    return SimpleNamespace(data=orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS))


def spliced(event: dict[str, Any], **given_settings: Any) -> list[dict[str, Any]] | None:
    """Return action and document that the splicer makes of an event."""
    found = serialized_event(serialized(event))
    splicer = Splicer(config(**given_settings), clock=lambda: NOW)
    record = None if found is None else splicer.splice(found)
    return None if record is None else [json.loads(line) for line in record.payload.split(b"\n")]


@settings(max_examples=60, deadline=None, database=None)
@given(events)
def test_says_the_same_as_the_encoder(event: dict[str, Any]) -> None:
    """Whatever the event holds."""
    event["timestamp"] = EVENT["timestamp"]
    lines = spliced(event, ids=False)
    record = Encoder(config(ids=False), clock=lambda: NOW).encode(event)
    assert lines == [json.loads(line) for line in record.payload.split(b"\n")]


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-02-31T00:00:00.000Z"},
        {"timestamp": "2026-11-23T15:05:52.967+01:00"},
        {"timestamp": 1_795_446_352},
        {"message": "long" * 10_000},
        {"data": {"@timestamp": "x"}},
    ],
)
def test_what_needs_a_change_is_left_to_the_encoder(change: dict[str, Any]) -> None:
    """A time that is no date in UTC, a long event, a second time."""
    assert spliced(EVENT) is not None
    assert spliced({**EVENT, **change}) is None


def test_action_has_what_the_settings_say() -> None:
    """An id of its own for each, the index of the day, or nothing."""
    first, second = spliced(EVENT), spliced(EVENT)
    assert first is not None
    assert second is not None
    assert re.fullmatch(UUID_7, first[0]["create"]["_id"])
    assert first[0] != second[0]
    assert (spliced(EVENT, ids=False) or [])[0] == {"create": {}}
    dated = spliced(EVENT, index="app-%Y.%m.%d", ids=False)
    assert (dated or [])[0] == {"create": {"_index": "app-2026.11.23"}}
    with_id = spliced(EVENT, index="app-%Y.%m.%d")
    assert set((with_id or [])[0]["create"]) == {"_index", "_id"}


def test_each_event_has_its_own_time() -> None:
    """What is known of the last second is not taken for the next."""
    splicer = Splicer(config())
    for second in ("15:05:52.1", "15:05:52.25", "15:05:53.123456789", "15:05:52.5"):
        found = serialized_event(serialized({"timestamp": f"2026-11-23T{second}Z"}))
        assert found is not None
        record = splicer.splice(found)
        assert record is not None
        line = json.loads(record.payload.split(b"\n")[1])
        assert line["@timestamp"] == line["timestamp"] == f"2026-11-23T{second}Z"


def test_both_write_paths_send_the_event_as_it_is() -> None:
    """Also events that fapilog's serializer did not write."""
    bulk = FakeBulk()
    with FakeHttpServer(bulk) as server:

        async def log() -> None:
            sink = ElasticsearchSink(url=server.url, documents="as_is")
            assert await sink.write_serialized(serialized(EVENT))
            assert await sink.write_serialized(orjson.dumps(EVENT))
            assert await sink.write(EVENT)
            await sink.stop()

        asyncio.run(log())
    stored = list(bulk.stored.values())
    assert stored == [{**EVENT, "@timestamp": EVENT["timestamp"]}] * 3


def test_a_filter_sees_what_is_not_parsed_otherwise() -> None:
    """With `event_filter` the event is parsed, on both paths; what it keeps is sent as it is."""
    bulk = FakeBulk()
    with FakeHttpServer(bulk) as server:

        async def log() -> Any:
            wants = lambda event: event["level"] != "DEBUG"  # noqa: E731
            sink = ElasticsearchSink(url=server.url, documents="as_is", event_filter=wants)
            for level in ("DEBUG", "ERROR"):
                assert await sink.write_serialized(serialized({**EVENT, "level": level}))
                assert await sink.write({**EVENT, "level": level})
            await sink.stop()
            return sink.stats()

        stats = asyncio.run(log())
    assert [each["level"] for each in bulk.stored.values()] == ["ERROR"] * 2
    assert (stats.filtered, stats.delivered) == (2, 2)


@pytest.mark.parametrize("other", [{"id_field": "data.id"}, {"dataset_field": "data.set"}])
def test_settings_that_look_into_the_event_are_refused(other: dict[str, Any]) -> None:
    """They would have no effect."""
    with pytest.raises(ValueError, match="as_is"):
        config(**other)
