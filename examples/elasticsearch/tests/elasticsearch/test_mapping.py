# SPDX-License-Identifier: MIT-0
# Yours with `mapping.py`: `copier update` merges changes of the template into it.
"""Which part of an event becomes which field. Change these tests together with `mapping.py`."""

from __future__ import annotations

from typing import Any

import pytest

from acme_elasticsearch.elasticsearch.mapping import to_document
from acme_elasticsearch.elasticsearch.values import (
    label_name,
    to_labels,
    utc_timestamp,
)

RECEIVED_AT = 1_795_446_353.25
RECEIVED = "2026-11-23T15:05:53.250Z"
TIMESTAMP = "2026-11-23T15:05:52.967Z"


def document_of(**event: Any) -> dict[str, Any]:
    """Return the document for an event that was received at `RECEIVED_AT`."""
    return to_document(event, RECEIVED_AT)


def test_whole_event() -> None:
    """Every part of a complete event has its place in ECS, or is a label."""
    document = document_of(
        timestamp=TIMESTAMP,
        level="ERROR",
        message="payment failed",
        logger="shop",
        context={
            "correlation_id": "c-1",
            "message_id": "m-1",
            "request_id": "r-1",
            "user_id": 7,
            "tenant_id": "t-1",
            "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "span_id": "00f067aa0ba902b7",
        },
        diagnostics={
            "origin": "native",
            "host": "web-1",
            "pid": 4711,
            "service": "shop",
            "version": "1.2",
            "env": "prod",
            "exception": {
                "error.type": "ValueError",
                "error.message": "no",
                "error.stack": "Traceback ...",
                "error.frames": [{"line": 1}],
            },
        },
        data={"amount": 12.5, "http.method": "GET"},
    )
    assert document == {
        "@timestamp": TIMESTAMP,
        "message": "payment failed",
        "ecs": {"version": "8.11.0"},
        "process": {"pid": 4711},
        "log": {"level": "ERROR", "logger": "shop"},
        "event": {"id": "m-1"},
        "http": {"request": {"id": "r-1"}},
        "user": {"id": "7"},
        "organization": {"id": "t-1"},
        "trace": {"id": "4bf92f3577b34da6a3ce929d0e0e4736"},
        "span": {"id": "00f067aa0ba902b7"},
        "host": {"name": "web-1"},
        "service": {"name": "shop", "version": "1.2", "environment": "prod"},
        "error": {"type": "ValueError", "message": "no", "stack_trace": "Traceback ..."},
        "labels": {
            "correlation_id": "c-1",
            "amount": "12.5",
            "http_method": "GET",
            "diagnostics_origin": "native",
        },
    }


def test_empty_event() -> None:
    """Nothing is required of an event; `@timestamp` is always there."""
    assert document_of() == {
        "@timestamp": RECEIVED,
        "message": "",
        "ecs": {"version": "8.11.0"},
    }


@pytest.mark.parametrize(
    ("message", "text"),
    [("text", "text"), (None, ""), (5, "5"), (True, "true"), ({"a": [1]}, '{"a":[1]}')],
)
def test_message_is_text(message: Any, text: str) -> None:
    """The host hands over any type as message; the field is mapped as text."""
    assert document_of(message=message)["message"] == text


def test_host_is_an_object() -> None:
    """A text in `host` would be refused by streams that sort by host.name."""
    assert document_of(diagnostics={"host": "web-1"})["host"] == {"name": "web-1"}


@pytest.mark.parametrize("pid", ["4711", 1.5, -1, 2**63])
def test_pid_that_is_no_long(pid: Any) -> None:
    """Only a long may go into process.pid; anything else is kept as a label."""
    document = document_of(diagnostics={"pid": pid})
    assert "process" not in document
    assert document["labels"] == {"diagnostics_pid": str(pid)}


@pytest.mark.parametrize("section", ["context", "diagnostics", "data"])
def test_section_of_wrong_type(section: str) -> None:
    """A section that is not a mapping is kept as text."""
    labels = document_of(**{section: [1, "x"]})["labels"]
    assert list(labels.values()) == ['[1,"x"]']


def test_exception_of_wrong_type() -> None:
    """An exception that is not a mapping is kept as text."""
    document = document_of(diagnostics={"exception": "boom"})
    assert document["labels"] == {"exception": "boom"}


def test_frames_without_a_stack() -> None:
    """Frames are left out only when the stack trace says the same."""
    document = document_of(diagnostics={"exception": {"error.frames": [{"line": 1}]}})
    assert document["labels"] == {"error_frames": '[{"line":1}]'}


def test_unknown_keys_of_the_event() -> None:
    """What no table names is not lost."""
    assert document_of(extra={"x": 1})["labels"] == {"extra_x": "1"}


@pytest.mark.parametrize(
    ("value", "utc"),
    [
        (TIMESTAMP, TIMESTAMP),
        ("2026-11-23T15:05:52Z", "2026-11-23T15:05:52.000Z"),
        ("2026-11-23T15:05:52.123456789Z", "2026-11-23T15:05:52.123456789Z"),
        ("2026-11-23T17:05:52.5+02:00", "2026-11-23T15:05:52.5Z"),
        ("2026-11-23 15:05:52", "2026-11-23T15:05:52.000Z"),
        ("2024-02-29T23:59:59-00:30", "2024-03-01T00:29:59.000Z"),
        (1_795_446_352, "2026-11-23T15:05:52.000Z"),
        (1_795_446_352.5, "2026-11-23T15:05:52.500Z"),
        (0, "1970-01-01T00:00:00.000Z"),
    ],
)
def test_timestamp_is_utc(value: Any, utc: str) -> None:
    """ISO strings and seconds since the epoch become ISO 8601 in UTC, digits kept."""
    document = document_of(timestamp=value)
    assert document["@timestamp"] == utc
    assert "labels" not in document


@pytest.mark.parametrize(
    "value",
    [
        "yesterday",
        "",
        "2026-02-30T00:00:00Z",
        "2026-11-23T23:59:60Z",
        "2026-11-23T15:05:52+25:00",
        "٢٠٢٦-11-23T15:05:52Z",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+01:00",
        "2262-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        1_795_446_352_967,
        1e300,
        -1,
        True,
        ["2026-11-23T15:05:52Z"],
    ],
)
def test_timestamp_that_is_no_date(value: Any) -> None:
    """The time of receipt stands in, and the original stays searchable as text."""
    document = document_of(timestamp=value)
    assert document["@timestamp"] == RECEIVED
    assert "timestamp" in document["labels"]


def test_timestamp_of_other_types() -> None:
    """`utc_timestamp` says None instead of raising."""
    values: list[Any] = [None, True, [], {}, "x"]
    assert [utc_timestamp(value) for value in values] == [None] * 5


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("user.name", "user_name"),
        (".a..b.", "_a__b_"),
        ("", "_"),
        ("...", "___"),
        (" \t", "__"),
        ("a\x00b", "a_b"),
        ('a*"', "a__"),
        ("schön", "schön"),
        ("k" * 300, "k" * 128),
    ],
)
def test_label_names(key: str, name: str) -> None:
    """Names that the servers refuse or read as objects are made safe."""
    assert label_name((key,)) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [("x", "x"), (5, "5"), (1.5, "1.5"), (True, "true"), ([1, "a"], '[1,"a"]'), ({}, "{}")],
)
def test_label_values_are_text(value: Any, text: str) -> None:
    """A number today and a text tomorrow under one name must not conflict."""
    assert to_labels({"x": value}) == {"x": text}


def test_labels_are_flat() -> None:
    """Objects are spread over names, so that `a` and `a.b` cannot conflict; null is left out."""
    labels = to_labels({"a": {"b": {"c": 1}, "d": None}}, {"e": "f"})
    assert labels == {"a_b_c": "1", "e": "f"}


def test_labels_that_become_equal_are_kept() -> None:
    """Names that are the same once made safe get numbers."""
    labels = to_labels({"a.b": 1, "a_b_2": 2, "a b": 3}, {"a_b": 4})
    assert labels == {"a_b": "1", "a_b_2": "2", "a_b_3": "3", "a_b_4": "4", "labels_renamed": "1"}


def test_names_made_safe_are_counted() -> None:
    """Whoever searches for the original name in vain learns that there was one; a dot is no fault."""
    given = {"a b": 1, "": 2, ".c": 3, "d..e": 4, "f.": 5, 'g"': 6, "http.method": 7, "ok": 8}
    assert to_labels(given)["labels_renamed"] == "6"
    assert "labels_renamed" not in to_labels({"http.method": 7, "ok": {"x.y": 8}})


def test_many_equal_labels_are_fast() -> None:
    """Names that become equal take time in proportion; its square would run into the time limit."""
    section = dict.fromkeys(f"{n:015b}".replace("0", ".").replace("1", " ") for n in range(2**15))
    assert len(to_labels(dict.fromkeys(section, 1))) == 2**15 + 1  # the count
