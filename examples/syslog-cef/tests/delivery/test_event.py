# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Whatever the host hands over becomes plain JSON types that nobody else holds, and nothing is lost."""

import base64
import enum
import gzip
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_syslog_cef._delivery.event import (
    MAX_DEPTH,
    from_entry,
    from_serialized,
    serialized_event,
)

REPLACED = "\N{REPLACEMENT CHARACTER}"
PROPERTY = settings(max_examples=40, deadline=None, derandomize=True, database=None)


class Colour(enum.Enum):
    """Any enumeration."""

    RED = "red"


class FloatSubclass(float):
    """Like numpy.float64."""


class IndexOnly:
    """Like numpy.int64, which is no int."""

    def __index__(self) -> int:
        return 5


class Unprintable:
    """Fails whatever way it is made text."""

    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


class UnboundProxy(Unprintable):
    """Like a lazy object whose target is not there: even `isinstance` fails."""

    @property
    def __class__(self) -> type:
        raise RuntimeError("outside of a request")

    @__class__.setter
    def __class__(self, value: type) -> None:
        raise RuntimeError("outside of a request")


class LazyMapping(Mapping[str, int]):
    """Finds out too late that it has no values."""

    def __getitem__(self, key: str) -> int:
        raise OSError("connection lost")

    def __iter__(self) -> Iterator[str]:
        return iter(("a", "b"))

    def __len__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return "LazyMapping"


@dataclass
class Order:
    """Any dataclass."""

    number: int = 7
    lines: list[Any] = field(default_factory=list)


def nested(levels: int, leaf: object = "leaf") -> Any:
    """Return lists in lists, `levels` deep."""
    for _ in range(levels):
        leaf = [leaf]
    return leaf


def depth(value: object) -> int:
    """Count the containers on the longest way down."""
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


def containers(value: object) -> set[int]:
    """Return the identity of each container that can be changed."""
    if not isinstance(value, (dict, list, tuple, set)):
        return set()
    inner = value.values() if isinstance(value, dict) else value
    found = set().union(*map(containers, inner))
    return found if isinstance(value, tuple) else found | {id(value)}


def assert_plain(event: object, levels: int = MAX_DEPTH) -> None:
    """Check that an event is what encoders are promised: strict JSON survives unchanged."""
    assert type(event) is dict
    assert orjson.loads(orjson.dumps(event)) == event
    assert depth(event) <= levels


@pytest.mark.parametrize("neighbour", [None, {1}], ids=["fast", "slow"])
@pytest.mark.parametrize(
    ("value", "plain"),
    [
        (None, None),
        (True, True),
        ("text \N{SNOWMAN}\x00", "text \N{SNOWMAN}\x00"),
        (2**64 - 1, 2**64 - 1),
        (-(2**63), -(2**63)),
        (2**64, "18446744073709551616"),
        (-(2**63) - 1, "-9223372036854775809"),
        (2**70, str(2**70)),
        (10**5_000, "<int that cannot be printed>"),
        (1.5, 1.5),
        (math.nan, None),
        (-math.inf, None),
        (FloatSubclass(1.5), 1.5),
        (FloatSubclass("nan"), None),
        (IndexOnly(), 5),
        (Decimal("1.10"), "1.10"),
        (b"abc \xff", "abc \\xff"),
        (bytearray(b"abc"), "abc"),
        (memoryview(b"abc"), "abc"),
        ((1, "a"), [1, "a"]),
        ({7}, [7]),
        (frozenset({7}), [7]),
        ("a\ud800b", "a" + 3 * REPLACED + "b"),
        (datetime(2026, 11, 23, tzinfo=timezone.utc), "2026-11-23T00:00:00+00:00"),
        (UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (Colour.RED, "red"),
        (Order(), {"number": 7, "lines": []}),
        (Order(lines=[b"x"]), "Order(number=7, lines=[b'x'])"),
        (ValueError("no such thing"), "no such thing"),
        (Unprintable(), "<Unprintable that cannot be printed>"),
        (UnboundProxy(), "<UnboundProxy that cannot be printed>"),
        (LazyMapping(), "LazyMapping"),
        ({"k": {1: 2}}, {"k": {"1": 2}}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_value(value: object, plain: object, neighbour: object) -> None:
    """A value becomes the same JSON whether or not orjson can take the whole event."""
    event = from_entry({"message": "m", "data": {"value": value, "neighbour": neighbour}})
    assert event["data"]["value"] == plain
    assert type(event["data"]["value"]) is type(plain)
    assert event["message"] == "m"
    assert_plain(event)


def test_float_too_large_for_an_integer_stays_a_float() -> None:
    """Only integers are bound to 64 bit."""
    assert from_entry({"x": 1e300, "y": {1}})["x"] == 1e300


@pytest.mark.parametrize(
    "entry",
    [
        {1: "int", "1": "str", "1_2": "taken"},
        {"1": "str", 1: "int", "1_2": "taken"},
        {"\ud800": "a", 3 * REPLACED: "b"},
        {(1, 2): "tuple", "(1, 2)": "str", None: "none", "None": "str"},
        {b"k": "bytes", "k": "str"},
    ],
    ids=["int", "str first", "surrogates", "several", "bytes"],
)
def test_keys_that_become_equal_keep_their_values(entry: dict[Any, str]) -> None:
    """Two keys that are one text in JSON get two names: no value replaces another."""
    event = from_entry(entry)
    assert list(event.values()) == list(entry.values())
    assert_plain(event)


@pytest.mark.fault(21, promise=5)
def test_key_that_cannot_be_printed() -> None:
    """A hostile key costs its name, not its value."""
    assert from_entry({Unprintable(): 1, "b": 2}) == {
        "<Unprintable that cannot be printed>": 1,
        "b": 2,
    }


@pytest.mark.fault(21, promise=5)
def test_cycle() -> None:
    """A container within itself is named, once; the rest of it is kept."""
    data: dict[str, Any] = {"a": 1}
    data["self"] = data
    items: list[Any] = [1]
    items.append(items)
    event = from_entry({"data": data, "items": items})
    assert event == {"data": {"a": 1, "self": "<cycle>"}, "items": [1, "<cycle>"]}


def test_same_container_twice_is_no_cycle() -> None:
    """A value that is only shared is written out each time, as an object of its own."""
    shared = [1]
    event = from_entry({"a": shared, "b": {"c": shared}, "slow": {1}})
    assert event == {"a": [1], "b": {"c": [1]}, "slow": [1]}
    assert event["a"] is not event["b"]["c"]


@pytest.mark.fault(21, promise=5)
@pytest.mark.parametrize("leaf", ["leaf", b"leaf"], ids=["fast", "slow"])
@pytest.mark.parametrize("levels", [MAX_DEPTH, 100, 300, 5_000])
def test_deep(levels: int, leaf: object) -> None:
    """What is too deep becomes text; what is not stays what it is."""
    event = from_entry({"data": nested(levels, leaf), "message": "m"})
    assert depth(event) == MAX_DEPTH
    assert event["message"] == "m"
    assert_plain(event)


def test_deepest_that_is_kept() -> None:
    """Containers within the limit are not touched."""
    entry = {"data": nested(MAX_DEPTH - 1)}
    assert from_entry(entry) == entry
    assert from_entry({**entry, "slow": {1}})["data"] == entry["data"]


def test_dataclass_with_deep_content() -> None:
    """The limit holds for what orjson unpacks by itself, too."""
    event = from_entry({"a": nested(20, Order(lines=nested(200))), "slow": {1}})
    assert depth(event) == MAX_DEPTH
    assert_plain(event)


@pytest.mark.parametrize(
    ("entry", "event"),
    [
        ("text", {"message": "text"}),
        (None, {"message": None}),
        ([1, b"x"], {"message": [1, "x"]}),
        (Unprintable(), {"message": "<Unprintable that cannot be printed>"}),
        (UnboundProxy(), {"message": "<UnboundProxy that cannot be printed>"}),
        (LazyMapping(), {"message": "LazyMapping"}),
        ({}, {}),
    ],
    ids=["text", "none", "list", "unprintable", "proxy", "lazy", "empty"],
)
def test_entry_that_is_no_mapping(entry: object, event: object) -> None:
    """Something that is no event at all is logged as the message."""
    assert from_entry(entry) == event


@pytest.mark.parametrize("extra", [{}, {"slow": {1}}], ids=["fast", "slow"])
def test_event_is_private(extra: dict[str, Any]) -> None:
    """Neither the application nor an encoder can change what the other one holds."""
    entry = {"data": {"items": [1]}, **extra}
    event = from_entry(entry)
    entry["data"]["items"].append(2)
    assert event["data"]["items"] == [1]
    event["data"]["items"].append(3)
    assert entry["data"]["items"] == [1, 2]


ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | ANY_TEXT
    | st.binary(max_size=8)
    | st.decimals()
    | st.datetimes()
    | st.sampled_from([Colour.RED, Unprintable, UUID(int=1), FloatSubclass(2), IndexOnly])
    | st.sets(st.integers(), max_size=3)
)
KEYS = ANY_TEXT | st.integers(0, 3) | st.none() | st.binary(max_size=2) | st.sampled_from("0123")
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.tuples(inner, inner)
        | st.builds(Order, lines=st.lists(inner, max_size=2))
    ),
    max_leaves=8,
)


@pytest.mark.fault(21, promise=5)
@PROPERTY
@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_entry(entry: dict[Any, Any]) -> None:
    """Any mapping becomes a plain event, is not changed by that, and shares nothing with it."""
    before = repr(entry)
    event = from_entry(entry)
    assert_plain(event)
    assert len(event) == len(entry)
    assert repr(entry) == before
    assert not containers(event) & containers(entry)


EVENT = {"level": "INFO", "message": "m", "timestamp": "2026-11-23T15:05:52.967Z"}


@pytest.mark.parametrize(
    "view",
    [
        orjson.dumps({"log": EVENT, "schema_version": "1.1"}),
        orjson.dumps({"log": EVENT, "schema_version": "9"}, option=orjson.OPT_INDENT_2),
        orjson.dumps(EVENT),
        bytearray(orjson.dumps(EVENT)),
        memoryview(orjson.dumps(EVENT)),
        SimpleNamespace(data=memoryview(orjson.dumps({"log": EVENT, "schema_version": "1.1"}))),
    ],
    ids=["envelope", "other version", "bare", "bytearray", "memoryview", "view"],
)
def test_serialized_event(view: object) -> None:
    """The event is found with and without the host's envelope, in any kind of bytes."""
    assert from_serialized(view) == EVENT


HEAD, TAIL = b'{"log":{"message":"m"', b'},"schema_version":"1.1"}'


@pytest.mark.parametrize(
    ("end", "time"),
    [
        (b',"timestamp":"2026-11-23T15:05:52.967000Z"', (b"2026-11-23T15:05:52", b"967000")),
        (b',"timestamp":"2026-11-23T15:05:53.967000Z"', (b"2026-11-23T15:05:53", b"967000")),
        (b',"timestamp":"2026-11-23T15:05:52.967Z"', (b"2026-11-23T15:05:52", b"967")),
        (b',"timestamp":"2026-11-23T15:05:52.967000123Z"', (b"2026-11-23T15:05:52", b"967000123")),
        (b',"timestamp":"2026-11-23T15:05:52.967abcZ"', None),
        (b',"timestamp":"2026-11-23T15:05:52.967000z"', None),
        (b',"timestamp":"2026-11-23T15:05:52.967000+00:00"', None),
        (b',"timestamp":"2026-11-23T15:05:52.967000Z","zone":1', None),
        (b',"x\\"timestamp":"2026-11-23T15:05:52.967000Z"', None),
        (b',"x":{"timestamp":"2026-11-23T15:05:52.967000Z"}', None),
        (b',"timestamp":"2026-11-23T15:05:52.967000Z"}', None),
        (b'\n,"timestamp":"2026-11-23T15:05:52.967000Z"', None),
    ],
)
def test_the_time_of_a_serialized_event(end: bytes, time: tuple[bytes, bytes] | None) -> None:
    """Also after an event of the same second, whose time is compared and not looked for."""
    usual = HEAD + b',"timestamp":"2026-11-23T15:05:52.000001Z"' + TAIL
    for _ in range(2):
        found = serialized_event(HEAD + end + TAIL)
        assert (found and found[1:]) == time
        assert found is None or found[0] == HEAD[7:] + end + b"}"
        assert serialized_event(usual) == (usual[7:-24], b"2026-11-23T15:05:52", b"000001")


@pytest.mark.parametrize(
    "value",
    [{"log": "text", "schema_version": "1.1"}, {"log": EVENT}, {"log": EVENT, "other": 1}, {}],
    ids=["log is text", "no version", "other key", "empty"],
)
def test_what_only_looks_like_an_envelope(value: dict[str, Any]) -> None:
    """A key "log" of the application's own is not taken for the host's envelope."""
    assert from_serialized(orjson.dumps(value)) == value


@pytest.mark.parametrize(
    ("data", "event"),
    [
        (b'{"a": NaN, "b": -Infinity, "c": 1e999}', {"a": None, "b": None, "c": None}),
        (rb'{"a": "x\ud800", "b": 1}', {"a": "x" + 3 * REPLACED, "b": 1}),
        (rb'{"log": {"a": "\udc00"}, "schema_version": "1.1"}', {"a": 3 * REPLACED}),
        (b'"text"', {"message": "text"}),
        (b"[1, 2]", {"message": "[1, 2]"}),
        (b"NaN", {"message": "NaN"}),
        (b'{"log": {"mess', {"message": '{"log": {"mess'}),
        (b"plain \xe2\x98\x83", {"message": "plain \N{SNOWMAN}"}),
        (b"", {"message": ""}),
        (b"[" * 2_000, {"message": "[" * 2_000}),
    ],
    ids=["nan", "surrogate", "log", "str", "list", "bare nan", "torn", "text", "empty", "deep"],
)
def test_bytes_that_are_no_strict_json(data: bytes, event: dict[str, Any]) -> None:
    """What processors made of an event is read as far as possible, else kept as text."""
    assert from_serialized(data) == event


@pytest.mark.parametrize(
    "data", [gzip.compress(orjson.dumps(EVENT)), b"\xff\xfe\x00", b'{"a": "\xff"}'], ids=len
)
def test_bytes_that_are_no_text(data: bytes) -> None:
    """Compressed or broken bytes can be restored from the event."""
    event = from_serialized(data)
    assert base64.b64decode(event["data"]["base64"]) == data
    assert event["message"] == "event was not UTF-8 text"


@pytest.mark.parametrize("levels", [MAX_DEPTH, 200, 900])
def test_deep_serialized_event(levels: int) -> None:
    """The depth limit holds on both ways in."""
    data = b'{"log":{"a":' + b"[" * levels + b"]" * levels + b'},"schema_version":"1.1"}'
    event = from_serialized(data)
    assert list(event) == ["a"]
    assert_plain(event)


def test_view_that_cannot_be_read() -> None:
    """A view without readable bytes is named; that is not worth an exception either."""
    released = memoryview(b"abc")
    released.release()
    assert "released memory" in from_serialized(SimpleNamespace(data=released))["message"]
    assert from_serialized(None) == {"message": "None"}
    assert "UnboundProxy" in from_serialized(UnboundProxy())["message"]


@PROPERTY
@given(st.binary(max_size=60) | VALUES.map(from_entry).map(orjson.dumps) | ANY_TEXT)
def test_any_bytes(view: object) -> None:
    """Any bytes become a plain event, and so does what is not even bytes."""
    assert_plain(from_serialized(view))
