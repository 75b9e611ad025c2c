# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Test your own mapping in a file of your own.
"""One event becomes one envelope that Splunk takes, whatever the event holds."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_splunk_hec.splunk_hec import mapping
from acme_splunk_hec.splunk_hec.config import SplunkHecConfig
from acme_splunk_hec.splunk_hec.encoder import (
    EMPTY_EVENT,
    RESERVED_FIELDS,
    TRUNCATION_MARK,
    Encoder,
    clip,
    epoch_seconds,
    indexed_fields,
)

EVENT = {
    "timestamp": "2026-11-23T15:05:52.967Z",
    "level": "ERROR",
    "message": "payment failed",
    "logger": "shop.pay",
    "context": {"correlation_id": "c-1", "trace_id": "t-1", "user_id": None},
    "diagnostics": {"host": "web-1", "service": "shop", "env": "prod", "pid": 7},
    "data": {"amount": 12.5, "items": [1, 2], "none": None},
}

# Characters that JSON, UTF-8 or a log line have an opinion about.
TEXTS = st.text('aZ0_. "\\/\0\x01\x1f\x7f\n\u00e9\u20ac\u2028\ufeff\U0001f600', max_size=20)
NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS | st.just(EVENT["timestamp"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
KEYS = st.sampled_from([*EVENT, "host", "service", "env", "trace_id", "_raw", "time"]) | TEXTS
EVENTS = st.dictionaries(KEYS, JSON | st.dictionaries(KEYS, JSON, max_size=4), max_size=6)


def encoder(**overrides: Any) -> Encoder:
    """Return an encoder with these settings."""
    return Encoder(SplunkHecConfig(**{"url": "https://splunk:8088", "token": "t"} | overrides))


def envelope(event: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    """Encode an event and parse the result."""
    return json.loads(encoder(**overrides).encode(event).payload)


def check_envelope(payload: bytes) -> None:
    """Fail unless the payload obeys the rules of "Format events for HTTP Event Collector"."""
    assert b"\n" not in payload
    assert b"\\u0000" not in payload.replace(b"\\\\", b"")
    whole = json.loads(payload, parse_float=str, parse_int=str, parse_constant=pytest.fail)
    assert set(whole) <= {"time", "host", "source", "sourcetype", "index", "event", "fields"}
    assert whole["event"] not in (None, {}, [])
    assert not isinstance(whole["event"], str) or whole["event"].strip()
    if "time" in whole:
        assert re.fullmatch(r"\d{1,10}\.\d{3,6}", whole["time"])
        assert float(whole["time"]) < 2**31
        assert payload.startswith(b'{"time":' + whole["time"].encode())
    for name in {"host", "source", "sourcetype", "index"} & set(whole):
        assert isinstance(whole[name], str)
        assert whole[name].strip()
    for name, value in whole.get("fields", {}).items():
        assert name.strip()
        assert not name.startswith("_")
        assert name not in RESERVED_FIELDS - {"event_time", "event_truncated", "event_bytes"}
        values = value if isinstance(value, list) else [value]
        assert values
        assert all(isinstance(item, str) and item.strip() for item in values)


@pytest.mark.fault(21, 23, promise=19)
@settings(max_examples=30, deadline=None, database=None)
@given(event=EVENTS, size=st.sampled_from([10_000, 4_900_000]))
def test_any_event_becomes_a_valid_envelope(event: dict[str, Any], size: int) -> None:
    """The encoder never raises, and Splunk can take what it makes."""
    record = encoder(event_max_bytes=size).encode(event)
    check_envelope(record.payload)
    assert len(record.payload) <= size


@settings(max_examples=30, deadline=None, database=None)
@given(body=JSON, fields=JSON, time=JSON, metadata=EVENTS)
def test_any_mapping_becomes_a_valid_envelope(
    body: Any, fields: Any, time: Any, metadata: dict[str, Any]
) -> None:
    """The owner may map what they like; the wire rules are kept elsewhere."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapping, "body", lambda event: body)
        patch.setattr(mapping, "fields", lambda event: fields)
        patch.setattr(mapping, "time", lambda event: time)
        patch.setattr(mapping, "metadata", lambda event, config: metadata)
        check_envelope(encoder().encode({}).payload)


def test_event_is_laid_out() -> None:
    """What goes where by default."""
    assert envelope(EVENT) == {
        "time": 1795446352.967,
        "host": "web-1",
        "event": {
            "message": "payment failed",
            "level": "ERROR",
            "logger": "shop.pay",
            "context": {"correlation_id": "c-1", "trace_id": "t-1"},
            "diagnostics": EVENT["diagnostics"],
            "data": EVENT["data"],
        },
        "fields": {
            "severity": "ERROR",
            "service": "shop",
            "env": "prod",
            "correlation_id": "c-1",
            "trace_id": "t-1",
        },
    }


def test_event_is_not_changed() -> None:
    """Encoding has no side effect on the event."""
    before = json.dumps(EVENT)
    encoder().encode(EVENT)
    assert json.dumps(EVENT) == before


@pytest.mark.parametrize("name", ["host", "source", "sourcetype", "index"])
def test_configured_metadata_wins(name: str) -> None:
    """A setting beats what the event says, and nothing is sent when neither says anything."""
    assert envelope(EVENT, **{name: "fixed"})[name] == "fixed"
    assert name not in envelope({"message": "m"})


@pytest.mark.parametrize("name", ["host", "source", "sourcetype", "index"])
def test_metadata_can_come_from_the_event(name: str) -> None:
    """A path in the event beats the fixed value; where it leads nowhere the fixed value counts."""
    given = {f"{name}_field": "data.meta.it", name: "fixed"}
    assert envelope({"data": {"meta": {"it": "own"}}}, **given)[name] == "own"
    for other in (
        {},
        {"data": {"meta": {"it": " "}}},
        {"data": {"meta": 1}},
        {"data": {"meta": {"it": 7}}},
    ):
        assert envelope(other, **given)[name] == "fixed"


def test_host_can_be_left_to_the_token() -> None:
    """A path that no event has leaves `host` out, although the event has one."""
    assert "host" not in envelope(EVENT, host_field="nowhere")


@pytest.mark.parametrize("time", [EVENT["timestamp"], "no time", None])
def test_time_is_left_in_the_text_for_splunk_to_find(time: Any) -> None:
    """With a `time` beside it Splunk would not look; the text begins with it."""
    got = encoder(auto_extract_timestamp=True).encode(EVENT | {"timestamp": time}).payload
    whole = json.loads(got)
    assert "time" not in whole
    assert "event_time" not in whole["fields"]
    assert next(iter(whole["event"].items())) == ("timestamp", time)


def test_time_is_put_before_a_text_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mapping may make a text of the event."""
    monkeypatch.setattr(mapping, "body", lambda event: event["message"])
    got = envelope({"timestamp": "12:00", "message": "m"}, auto_extract_timestamp=True)
    assert got["event"] == "12:00 m"


def raw_line(event: dict[str, Any], **overrides: Any) -> bytes:
    """Return the line for the raw endpoint."""
    return encoder(endpoint="raw", **overrides).encode_raw(event).payload


def test_raw_line_is_the_event_as_json() -> None:
    """Time first, so that Splunk finds it; otherwise what the event endpoint gets."""
    got = json.loads(raw_line(EVENT))
    assert got == {"timestamp": EVENT["timestamp"], **envelope(EVENT)["event"]}
    assert next(iter(got)) == "timestamp"


@settings(max_examples=30, deadline=None, database=None)
@given(content=JSON, size=st.sampled_from([10_000, 4_900_000]))
def test_any_raw_mapping_becomes_one_line(content: Any, size: int) -> None:
    """No text forges a second event, and none is empty."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapping, "raw", lambda event: content)
        line = raw_line({}, event_max_bytes=size)
    assert not set(b"\r\n\0") & set(line)
    assert line.decode().strip()


def test_line_ends_in_raw_texts_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are visible, and the event stays one."""
    monkeypatch.setattr(mapping, "raw", lambda event: event["message"])
    assert raw_line({"message": "a\r\nb\0c"}) == "a\\r\\nb\ufffdc".encode()


@pytest.mark.parametrize(
    "message",
    ["\u20ac" * 20_000, ["x"] * 20_000, {"k" * 20_000: "v" * 20_000}],
    ids=["text", "list", "key"],
)
def test_long_raw_lines_are_cut(monkeypatch: pytest.MonkeyPatch, message: Any) -> None:
    """As long events are; the mark is all there is to tell."""
    monkeypatch.setattr(mapping, "raw", lambda event: event["message"])
    record = encoder(endpoint="raw", event_max_bytes=10_000).encode_raw({"message": message})
    assert record.truncated
    assert len(record.payload) <= 10_000
    assert TRUNCATION_MARK in record.payload.decode()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-23T15:05:52.967Z", "1795446352.967"),
        ("2026-11-23T15:05:52Z", "1795446352.000"),
        ("2026-11-23T15:05:52.9999999Z", "1795446352.999999"),
        ("2026-11-23T15:05:52,5Z", "1795446352.500"),
        ("2026-11-23T17:05:52.967+02:00", "1795446352.967"),
        ("2026-11-23 10:35:52.967-0430", "1795446352.967"),
        ("2026-11-23T15:05:52.967", "1795446352.967"),
        ("1970-01-01T00:00:00.00001Z", "0.00001"),
        (0, "0.000000"),
        (0.00001, "0.000010"),
        (1795446352.967, "1795446352.967000"),
        (2147483647, "2147483647.000000"),
        ("2038-01-19T03:14:07.999Z", "2147483647.999"),
    ],
)
def test_time_is_plain_decimal(value: object, expected: str) -> None:
    """Fixed notation with a dot, truncated and not rounded: Splunk refuses 1e-05 and a comma."""
    assert epoch_seconds(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "2038-01-19T03:14:08Z",
        "1969-12-31T23:59:59.999Z",
        "2026-13-01T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T15:05:52+99:00",
        "0001-01-01T00:00:00+23:59",
        "9999-12-31T23:59:59-23:59",
        "\u0662026-11-23T15:05:52Z",
        "yesterday",
        2147483648,
        -0.001,
        1795446352967,
        True,
        [1],
    ],
    ids=repr,
)
def test_unusable_time_is_kept_as_a_field(value: object) -> None:
    """Splunk then takes the time of receipt, and nothing is lost."""
    got = envelope({"message": "m", "timestamp": value})
    assert "time" not in got
    assert got["fields"]["event_time"] == (value if isinstance(value, str) else json.dumps(value))


@pytest.mark.parametrize("time", [{}, {"timestamp": None}, {"timestamp": " "}], ids=str)
def test_missing_time_needs_no_field(time: dict[str, Any]) -> None:
    """Without a timestamp there is nothing to keep."""
    assert envelope({"message": "m"} | time) == {"event": {"message": "m"}}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"n": 1, "f": 0.5, "b": True, "s": "x"}, {"n": "1", "f": "0.5", "b": "true", "s": "x"}),
        ({"none": None, "empty": "", "blank": " ", "list": [], "nulls": [None]}, {}),
        ({"a": {"b": {"c": 1}}, "d": {}}, {"a.b.c": "1"}),
        ({"l": [1, None, "x", ["y"], {"k": 1}]}, {"l": ["1", "x", '["y"]', '{"k":1}']}),
        (
            {"host": "h", "_raw": "r", "": "e"},
            {"field_host": "h", "field__raw": "r", "field_": "e"},
        ),
        ({"time": "1", "field_time": "2"}, {"field_time": "1", "field_field_time": "2"}),
        (
            {"event_time": "mine", "date_hour": 7},
            {"field_event_time": "mine", "field_date_hour": "7"},
        ),
        (None, {}),
        (["a"], {}),
    ],
    ids=["texts", "nothing", "nested", "lists", "reserved", "clash", "ours", "none", "list"],
)
def test_fields_are_flat_texts(fields: Any, expected: dict[str, Any]) -> None:
    """Splunk refuses nested fields, and a field called host would shadow the metadata."""
    assert indexed_fields(fields) == expected


@pytest.mark.parametrize(
    "event", [{}, {"message": None}, {"data": {}}, {"timestamp": "x"}], ids=str
)
def test_empty_events_say_so(event: dict[str, Any]) -> None:
    """Splunk refuses an empty event and everything behind it."""
    assert envelope(event)["event"] == EMPTY_EVENT


def test_nul_is_replaced() -> None:
    """What Splunk does with NUL is not documented; a backslash before u0000 is not a NUL."""
    got = envelope({"message": "a\0b", "data": {"k\0": "\\u0000"}})
    assert got["event"] == {"message": "a\ufffdb", "data": {"k\ufffd": "\\u0000"}}


@pytest.mark.fault(22, promise=21)
@pytest.mark.parametrize(
    "event",
    [
        {"message": "\u20ac" * 20_000},
        {"message": "m", "data": {"blob": '"\\' * 20_000, "small": 1}},
        {"message": "\x01" * 20_000},
        {"data": {f"k{number}": "v" * 30 for number in range(2_000)}},
        {"data": list(range(9_000))},
        {"message": "m", "diagnostics": {"host": "h" * 50_000, "service": "s" * 50_000}},
        {"data": {"k" * 50_000: 1}},
        {"timestamp": "t" * 50_000, "message": "m" * 50_000, "level": "l" * 50_000},
    ],
    ids=["text", "escapes", "controls", "many", "numbers", "fields", "key", "time"],
)
def test_long_events_are_cut(event: dict[str, Any]) -> None:
    """An event over the limit would be refused; it is cut between characters, and marked."""
    record = encoder(event_max_bytes=10_000).encode(event)
    assert record.truncated
    assert len(record.payload) <= 10_000
    check_envelope(record.payload)
    fields = json.loads(record.payload)["fields"]
    assert fields["event_truncated"] == "true"
    assert int(fields["event_bytes"]) == len(encoder().encode(event).payload)
    assert TRUNCATION_MARK in record.payload.decode()


def test_cut_event_keeps_the_rest() -> None:
    """Only the long text is cut, so that the event stays searchable."""
    long = encoder(event_max_bytes=10_000).encode(EVENT | {"message": "m" * 20_000}).payload
    got, short = json.loads(long), envelope(EVENT)
    assert got["event"] | {"message": ""} == short["event"] | {"message": ""}
    assert len(got["event"]["message"]) >= 4_000
    size = str(len(encoder().encode(EVENT | {"message": "m" * 20_000}).payload))
    assert got["fields"] == short["fields"] | {"event_truncated": "true", "event_bytes": size}
    assert (got["time"], got["host"]) == (short["time"], short["host"])


def test_event_at_the_limit_is_not_cut() -> None:
    """`event_max_bytes` is the largest size that passes whole."""
    size = len(encoder().encode({"message": "m" * 20_000}).payload)
    assert not encoder(event_max_bytes=size).encode({"message": "m" * 20_000}).truncated
    assert encoder(event_max_bytes=size - 1).encode({"message": "m" * 20_000}).truncated


@pytest.mark.fault(22, promise=21)
def test_clip_cuts_between_characters() -> None:
    """Half a character would not be UTF-8."""
    assert clip("\u20ac\u20ac" * 9, 7 + len(TRUNCATION_MARK)) == "\u20ac\u20ac" + TRUNCATION_MARK
    assert clip("\u20ac", 3) == "\u20ac"
