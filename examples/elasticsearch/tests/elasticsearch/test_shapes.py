# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Documents that are not ECS: names and numbers that the servers take, types as they are."""

from __future__ import annotations

from typing import Any

import pytest

from acme_elasticsearch.elasticsearch.shapes import (
    TEXT_MAX_CHARS,
    flat_document,
    raw_document,
)

RECEIVED_AT = 1_795_446_353.25
TIMESTAMP = "2026-11-23T15:05:52.967Z"
BOTH = pytest.mark.parametrize("shape", [flat_document, raw_document])


def event() -> dict[str, Any]:
    """Return an event with something of every kind."""
    return {
        "timestamp": TIMESTAMP,
        "level": "INFO",
        "message": "m",
        "context": {"request_id": "r-1"},
        "diagnostics": {"pid": 7},
        "data": {"order": {"id": 7, "open": True, "sum": 1.5}, "tags": ["a", "b"], "none": None},
    }


def test_flat() -> None:
    """One level; what the application gave has no prefix, and keeps its type."""
    assert flat_document(event(), RECEIVED_AT) == {
        "@timestamp": TIMESTAMP,
        "message": "m",
        "level": "INFO",
        "diagnostics_pid": 7,
        "request_id": "r-1",
        "order_id": 7,
        "order_open": True,
        "order_sum": 1.5,
        "tags": ["a", "b"],
    }


def test_raw() -> None:
    """The event's own structure; only the time moves."""
    given = event()
    document = raw_document(event(), RECEIVED_AT)
    assert document.pop("@timestamp") == given.pop("timestamp")
    assert document == given


@BOTH
def test_time_of_receipt(shape: Any) -> None:
    """`@timestamp` is always there; what is no date stays as it is."""
    document = shape({"timestamp": "yesterday"}, RECEIVED_AT)
    assert document["@timestamp"] == "2026-11-23T15:05:53.250Z"
    assert document["timestamp"] == "yesterday"


@BOTH
def test_message_is_text(shape: Any) -> None:
    """A field with two types would be refused."""
    assert shape({"message": {"a": 1}}, RECEIVED_AT)["message"] == '{"a":1}'


@BOTH
@pytest.mark.parametrize(
    ("number", "sent"),
    [
        (2**63 - 1, 2**63 - 1),
        (2**63, str(2**63)),
        (2**64 - 1, str(2**64 - 1)),
        (-(2**63), -(2**63)),
        (True, True),
    ],
)
def test_number_beyond_a_long(shape: Any, number: int, sent: Any) -> None:
    """Nothing in an index holds more than 63 bits; as text the digits are kept."""
    document = shape({"n": number, "list": [number]}, RECEIVED_AT)
    assert document["n"] == sent
    assert document["list"] == [sent]


@BOTH
def test_names_of_metadata(shape: Any) -> None:
    """`_id` and the like must not stand in a document; they belong to the server."""
    document = shape({"_id": 1, "_source": 2, "": 3, " x": 4}, RECEIVED_AT)
    assert document["field_id"] == 1
    assert document["field_source"] == 2
    assert not [name for name in document if name.startswith("_")]
    assert document["fields_renamed"] == 4


@BOTH
def test_names_that_become_equal(shape: Any) -> None:
    """No value overwrites another, nor the time."""
    document = shape({"a.b": 1, "a b": 2, "@timestamp": 3}, RECEIVED_AT)
    assert (document["a_b"], document["a_b_2"], document["@timestamp_2"]) == (1, 2, 3)


def test_raw_names_inside() -> None:
    """Names are made safe at every level, and counted."""
    document = raw_document({"a": {"x.": 1, "l": [{"y ": 2}]}}, RECEIVED_AT)
    assert document["a"] == {"x_": 1, "l": [{"y_": 2}]}
    assert document["fields_renamed"] == 2


@pytest.mark.parametrize("levels", [17, 18, 40])
def test_raw_depth(levels: int) -> None:
    """A mapping takes 20 levels; what is deeper becomes text, and is cut like one."""
    value: Any = "x" * 20_000
    for _ in range(levels):
        value = {"d": value}
    document = raw_document({"d": value}, RECEIVED_AT)
    depth, found = 0, document["d"]
    while isinstance(found, dict):
        depth, found = depth + 1, found["d"]
    assert depth == min(levels, 17)
    assert len(found) == (20_000 if levels == 17 else TEXT_MAX_CHARS)


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (["a", "b"], ["a", "b"]),
        ([], []),
        ([1, "a"], '[1,"a"]'),
        ([{"a": 1}], '[{"a":1}]'),
        ([[1]], "[[1]]"),
        (["x" * 9_000], ["x" * TEXT_MAX_CHARS]),
        ({}, "{}"),
    ],
)
def test_flat_lists(given: Any, sent: Any) -> None:
    """A list of one kind of values stays a list; no mapping takes a mixture."""
    assert flat_document({"v": given}, RECEIVED_AT)["v"] == sent


@pytest.mark.parametrize("section", ["context", "data"])
def test_section_of_wrong_type(section: str) -> None:
    """It is kept under its own name."""
    assert flat_document({section: "x"}, RECEIVED_AT)[section] == "x"
