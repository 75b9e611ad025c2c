# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""JSON as fapilog wrote it goes into an envelope that says the same as that of the encoder."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_splunk_hec._delivery.event import serialized_event
from acme_splunk_hec.splunk_hec import mapping
from acme_splunk_hec.splunk_hec.config import SplunkHecConfig
from acme_splunk_hec.splunk_hec.encoder import Encoder
from acme_splunk_hec.splunk_hec.sink import SplunkHecSink
from acme_splunk_hec.splunk_hec.splice import Splicer

from ..support.fake_http import FakeHttpServer
from .test_encoder import EVENT, EVENTS, check_envelope
from .test_over_http import SUCCESS


def config(**given_settings: Any) -> SplunkHecConfig:
    """Return a configuration that lets events pass as they are."""
    return SplunkHecConfig(url="https://h:8088", token="t", events="as_is", **given_settings)


def serialized(event: dict[str, Any]) -> Any:
    """Write an event as fapilog does, in its envelope."""
    envelope = {"log": event, "schema_version": "1.1"}
    return SimpleNamespace(data=orjson.dumps(envelope, option=orjson.OPT_SORT_KEYS))


def spliced(event: dict[str, Any], **given_settings: Any) -> bytes | None:
    """Return what the splicer makes of an event."""
    found = serialized_event(serialized(event))
    record = None if found is None else Splicer(config(**given_settings)).splice(found)
    return None if record is None else record.payload


@settings(max_examples=60, deadline=None, database=None)
@given(EVENTS, st.sampled_from(["2026-11-23T15:05:52.967Z", "1999-01-01T00:00:00.000001Z"]))
def test_says_the_same_as_the_encoder(event: dict[str, Any], timestamp: str) -> None:
    """Whatever the event holds; if a value must be changed the encoder gets the event."""
    event = {key: value for key, value in event.items() if key < "timestamp"}
    event["timestamp"] = timestamp
    expected = Encoder(config(source="s")).encode(event).payload
    payload = spliced(event, source="s")
    assert (payload is None) == (b"\\u0000" in orjson.dumps(event))
    if payload is not None:
        check_envelope(payload)
        assert json.loads(payload) == json.loads(expected)


@pytest.mark.parametrize(
    "change",
    [
        {"timestamp": "2026-02-31T00:00:00.000Z"},
        {"timestamp": "2026-11-23T15:05:52.967+01:00"},
        {"timestamp": 1_795_446_352},
        {"timestamp": "2040-01-01T00:00:00.000Z"},
        {"message": "a\0b"},
        {"message": "long" * 10_000},
        {"zone": {"timestamp": "2026-11-23T15:05:52.967Z"}},
    ],
)
def test_what_needs_a_change_is_left_to_the_encoder(change: dict[str, Any]) -> None:
    """A time Splunk cannot take, a NUL, a long event, an event whose time does not stand last."""
    assert spliced(EVENT, event_max_bytes=30_000) is not None
    assert spliced({**EVENT, **change}, event_max_bytes=30_000) is None


def test_a_value_cannot_pass_for_the_time() -> None:
    """Neither a text that looks like the end of an event nor a nested time is taken for it."""
    end = '","timestamp":"1999-01-01T00:00:00.000Z"},"schema_version":"1.1"}'
    inner = {"timestamp": "1999-01-01T00:00:00.000Z"}
    payload = spliced({**EVENT, "message": end, "data": inner})
    assert payload is not None
    assert json.loads(payload)["time"] == 1795446352.967
    assert json.loads(payload)["event"]["message"] == end


class Unreadable:
    """A view that raises when it is looked at."""

    @property
    def data(self) -> bytes:
        """Fail."""
        raise ValueError("released")


def test_a_view_that_cannot_be_read_is_left_to_the_parser() -> None:
    """Which keeps what it can; bare bytes in an envelope are taken."""
    assert serialized_event(Unreadable()) is None
    assert serialized_event(None) is None
    assert serialized_event(serialized(EVENT).data) == serialized_event(serialized(EVENT))
    assert serialized_event(memoryview(serialized(EVENT).data)) is not None


def test_each_event_has_its_own_time() -> None:
    """What is known of the last second is not taken for the next."""
    splicer = Splicer(config())
    times = []
    for second in ("15:05:52.1", "15:05:52.25", "15:05:53.123456789", "15:05:52.5"):
        found = serialized_event(serialized({"timestamp": f"2026-11-23T{second}Z"}))
        assert found is not None
        record = splicer.splice(found)
        assert record is not None
        times.append(record.payload[8:25].partition(b",")[0])
    assert times == [b"1795446352.100", b"1795446352.250", b"1795446353.123456", b"1795446352.500"]


def test_both_write_paths_send_the_event_as_it_is() -> None:
    """Also events that fapilog's serializer did not write."""
    with FakeHttpServer(SUCCESS) as server:

        async def log() -> None:
            sink = SplunkHecSink(
                url=server.url, token="t", events="as_is", host="web-9", gzip=False
            )
            assert await sink.write_serialized(serialized(EVENT))
            assert await sink.write_serialized(orjson.dumps(EVENT))
            assert await sink.write(EVENT)
            await sink.stop()

        asyncio.run(log())
        lines = b"\n".join(request.body for request in server.requests if request.body)
    envelopes = [json.loads(line) for line in lines.split(b"\n")]
    expected = {"time": 1795446352.967, "host": "web-9", "event": EVENT}
    assert [each for each in envelopes if "acks" not in each] == [expected] * 3


def test_the_mapping_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither path looks at what an owner changed there: both send the same."""
    for name in ("time", "body", "fields"):
        monkeypatch.setattr(mapping, name, pytest.fail)
    expected = {"time": 1795446352.967, "event": EVENT}
    assert json.loads(Encoder(config()).encode(EVENT).payload) == expected
    assert json.loads(spliced(EVENT) or b"") == expected


def test_a_filter_sees_what_is_not_parsed_otherwise() -> None:
    """With `event_filter` the event is parsed, on both paths; what it keeps is sent as it is."""
    with FakeHttpServer(SUCCESS) as server:

        async def log() -> Any:
            wants = lambda event: event["level"] != "DEBUG"  # noqa: E731
            sink = SplunkHecSink(url=server.url, token="t", events="as_is", event_filter=wants)
            for level in ("DEBUG", "ERROR"):
                assert await sink.write_serialized(serialized({**EVENT, "level": level}))
                assert await sink.write({**EVENT, "level": level})
            await sink.stop()
            return sink.stats()

        stats = asyncio.run(log())
        lines = b"\n".join(request.body for request in server.requests if request.body)
    envelopes = [json.loads(line) for line in lines.split(b"\n")]
    events = [each["event"] for each in envelopes if "acks" not in each]
    assert events == [{**EVENT, "level": "ERROR"}] * 2
    assert (stats.filtered, stats.delivered) == (2, 2)


@pytest.mark.parametrize(
    "other", [{"endpoint": "raw"}, {"host_field": "data.x"}, {"auto_extract_timestamp": True}]
)
def test_settings_that_look_into_the_event_are_refused(other: dict[str, Any]) -> None:
    """They would have no effect."""
    with pytest.raises(ValueError, match="as_is"):
        config(**other)
