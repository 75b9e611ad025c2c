# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Two lines per event, an id made once, and documents that keep within the limits."""

from __future__ import annotations

import json
import multiprocessing
import re
import tracemalloc
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from acme_elasticsearch._delivery.records import Record
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.encoder import (
    FIELDS_MAX,
    KEYWORD_MAX_CHARS,
    TRUNCATED,
    Encoder,
    make_id,
)

from .any_events import deep, events, sections, values
from .fake_bulk import no_constant, no_duplicates

NOW = 1_795_446_353.25
UUID_7 = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
TIME = r"(19[7-9]|2[01][0-9]|22[0-6])[0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]+Z"
SMALL = 10_000


def encoder(**given_settings: Any) -> Encoder:
    """Return an encoder whose clock stands still."""
    config = ElasticsearchConfig(url="http://localhost:9200", **given_settings)
    return Encoder(config, clock=lambda: NOW)


def lines_of(record: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """Parse action and document as strictly as the servers do."""
    action, document = (
        json.loads(line, object_pairs_hook=no_duplicates, parse_constant=no_constant)
        for line in record.payload.split(b"\n")
    )
    return action, document


def document_of(event: dict[str, Any], **given_settings: Any) -> dict[str, Any]:
    """Return the document that the encoder makes of an event."""
    return lines_of(encoder(**given_settings).encode(event))[1]


FIXED = settings(max_examples=40, deadline=None, derandomize=True, database=None)


def depth_of(value: Any) -> int:
    """Return how many objects are inside one another."""
    if isinstance(value, list):
        return max((depth_of(item) for item in value), default=0)
    if not isinstance(value, dict):
        return 0
    return 1 + max((depth_of(item) for item in value.values()), default=0)


def check_names_and_numbers(value: Any) -> None:
    """Check what the servers refuse in a document of any shape."""
    if isinstance(value, dict):
        for name, item in value.items():
            assert name
            assert not re.search(r'[\s.*"\x00-\x1f]', name)
            check_names_and_numbers(item)
    elif isinstance(value, list):
        for item in value:
            check_names_and_numbers(item)
    elif isinstance(value, int):
        assert -(2**63) <= value < 2**63
    elif isinstance(value, str):
        assert len(value) <= 8_000


@settings(FIXED, max_examples=20)
@given(st.sampled_from(["flat", "raw"]), sections, deep, values)
def test_any_event_becomes_a_document_of_any_shape(
    documents: str, event: dict[str, Any], keys: list[str], more: Any
) -> None:
    """Whatever the event: strict JSON with names, numbers and a depth that the servers take."""
    for key in keys:
        more = {key: more}
    event["more"] = more
    document = document_of(event, documents=documents)
    assert re.fullmatch(TIME, document["@timestamp"])
    assert isinstance(document["message"], str)
    assert not [name for name in document if name.startswith("_")]
    assert depth_of(document) <= (1 if documents == "flat" else 20)
    check_names_and_numbers({key: document[key] for key in document.keys() - {"message"}})


@FIXED
@given(st.sampled_from(["flat", "raw"]), st.integers(1, 3_000))
def test_any_shape_keeps_the_size(documents: str, times: int) -> None:
    """Lists, numbers and objects cannot be shortened: they go when they are too many."""
    event = {
        "message": "m" * times,
        "data": {f"k{n}": ["x" * (times // 3)] * 5 for n in range(20)},
        "list": list(range(times)),
        "deep": {"er": {f"n{n}": n for n in range(times)}},
    }
    record = encoder(document_max_bytes=SMALL, documents=documents).encode(event)
    line = record.payload.split(b"\n")[1]
    assert len(line) <= SMALL
    assert record.truncated == (TRUNCATED in line.decode() or b"labels_dropped" in line)


@pytest.mark.fault(21, 23, promise=19)
@FIXED
@given(events)
def test_any_event_becomes_two_strict_lines(event: dict[str, Any]) -> None:
    """Whatever the event: no exception, two lines, strict JSON, a date, and text in safe labels."""
    record = encoder().encode(event)
    action, document = lines_of(record)
    assert list(action) == ["create"]
    assert list(action["create"]) == ["_id"]
    assert re.fullmatch(UUID_7, action["create"]["_id"])
    assert re.fullmatch(TIME, document["@timestamp"])
    assert isinstance(document["message"], str)
    for name, value in document.get("labels", {}).items():
        assert isinstance(value, str)
        assert name.strip()
        assert "." not in name
    assert not record.truncated


@pytest.mark.fault(22, promise=21)
@FIXED
@given(events, st.text('aé€😀\n\x01"\\', min_size=1, max_size=20), st.integers(1, 3_000))
def test_any_event_keeps_the_size(event: dict[str, Any], chunk: str, times: int) -> None:
    """Whatever is long, and however it is escaped: the document keeps within the limit."""
    # Hypothesis takes texts from the sources, too: an event may have our own marks in it.
    assume(not any(mark in repr(event) for mark in (TRUNCATED, "labels_dropped")))
    event["message"] = chunk * times
    event["data"] = {f"k{n}": chunk * (times // 100) for n in range(20)}
    record = encoder(document_max_bytes=SMALL).encode(event)
    line = record.payload.split(b"\n")[1]
    assert len(line) <= SMALL
    assert record.truncated == (TRUNCATED in line.decode() or b"labels_dropped" in line)


def test_payload_is_action_and_document() -> None:
    """The lines are separated by one newline; the request adds the last one."""
    payload = encoder().encode({"message": "two\nlines\u2028"}).payload
    action, document = payload.split(b"\n")
    assert re.fullmatch(rb'\{"create":\{"_id":"[0-9a-f-]{36}"\}\}', action)
    assert document.startswith(b'{"@timestamp":"2026-11-23T15:05:53.250Z","message":"two\\nlines')


def test_id_starts_with_the_time() -> None:
    """Ids sort by time (RFC 9562 section 5.7), and are far below the 512 bytes servers take."""
    ids = [make_id(NOW + step / 1000) for step in range(50)]
    assert ids == sorted(ids)
    assert int(ids[0].replace("-", "")[:12], 16) == int(NOW * 1000)
    assert {len(key) for key in ids} == {36}


def test_ids_are_unique() -> None:
    """Equal events at one moment are different documents."""
    encode = encoder().encode
    assert len({encode({"message": "same"}).payload for _ in range(2_000)}) == 2_000


def _ids(pipe: Any) -> None:
    pipe.send([make_id(NOW) for _ in range(200)])


@pytest.mark.skipif(
    "fork" not in multiprocessing.get_all_start_methods(), reason="no fork on this system"
)
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")
def test_ids_are_unique_after_fork() -> None:
    """Forked processes do not continue one sequence, nor begin the same."""
    context = multiprocessing.get_context("fork")
    ids = [make_id(NOW) for _ in range(200)]
    for _ in range(2):
        here, there = context.Pipe()
        child = context.Process(target=_ids, args=(there,))
        child.start()
        assert here.poll(10)
        ids += here.recv()
        child.join(10)
    ids += [make_id(NOW) for _ in range(200)]
    assert len(set(ids)) == 800


@pytest.mark.parametrize(
    ("event", "key"),
    [
        ({"context": {"message_id": "m-1"}}, "m-1"),
        ({"context": {"message_id": 7}}, "7"),
        ({"context": {"message_id": "é" * 256}}, "é" * 256),
    ],
)
def test_id_of_the_event(event: dict[str, Any], key: str) -> None:
    """A field of the event can supply the id, so that a second run of a job stores nothing twice."""
    record = encoder(id_field="context.message_id").encode(event)
    assert lines_of(record)[0]["create"]["_id"] == key


def test_long_id_is_hashed() -> None:
    """More than 512 bytes would be refused, together with the whole request."""
    ids = [
        lines_of(encoder(id_field="id").encode({"id": "é" * 256 + end}))[0]["create"]["_id"]
        for end in ("a", "b", "a")
    ]
    assert [len(key) for key in ids] == [64] * 3
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize(
    "event", [{}, {"id": ""}, {"id": None}, {"id": []}, {"id": {"a": 1}}], ids=repr
)
def test_event_without_its_id_gets_one(event: dict[str, Any]) -> None:
    """An empty id is refused by the servers, and no id would double the event some day."""
    action = lines_of(encoder(id_field="id").encode(event))[0]
    assert re.fullmatch(UUID_7, action["create"]["_id"])


def test_ids_can_be_off() -> None:
    """Time-series indices refuse ids of clients."""
    assert lines_of(encoder(ids=False).encode({}))[0] == {"create": {}}


def test_names_of_labels_are_limited() -> None:
    """An index takes 1 000 fields: names that come later share one label, and nothing is lost."""
    encode = encoder(label_names_max=3).encode
    first = lines_of(encode({"data": {"a": 1, "b": 2}}))[1]["labels"]
    second = lines_of(encode({"data": {"b": 3, "c": 4, "d": 5, "e": 6}}))[1]["labels"]
    third = lines_of(encode({"data": {"a": 7, "c": 8}}))[1]["labels"]
    assert first == {"a": "1", "b": "2"}
    assert second == {"b": "3", "c": "4", "labels_other": '{"d":"5","e":"6"}'}
    assert third == {"a": "7", "c": "8"}


def test_label_that_is_named_like_the_rest_is_kept() -> None:
    """A label of the application's own is not overwritten."""
    encode = encoder(label_names_max=1).encode
    encode({"data": {"labels_other": "mine"}})
    labels = lines_of(encode({"data": {"labels_other": "mine", "x": 1}}))[1]["labels"]
    assert json.loads(labels["labels_other"]) == {"labels_other": "mine", "x": "1"}


def test_ever_new_names_keep_an_index_below_its_limit() -> None:
    """Whatever an application uses as names, a process sends no more than it may."""
    encode = encoder(documents="flat", label_names_max=50).encode
    names: set[str] = set()
    for number in range(300):
        names |= lines_of(encode({"data": {f"k{number}": number}}))[1].keys()
    assert len(names - {"@timestamp", "message", "labels_other"}) == 50


def test_route_is_on_the_action_line() -> None:
    """A dead letter has to remember where it was to go."""
    encode = encoder(dataset_field="data.set", namespace_field="data.space").encode
    action, document = lines_of(encode({"data": {"set": "Shop-7", "space": "EU"}}))
    assert action["create"]["_index"] == "logs-shop_7-eu"
    assert document["labels"] == {"set": "Shop-7", "space": "EU"}
    assert "_index" not in lines_of(encode({"message": "no wish"}))[0]["create"]


@pytest.mark.parametrize("documents", ["ecs", "flat", "raw"])
def test_route_too_many_goes_to_the_default(documents: str) -> None:
    """A wild value in a field must not make a data stream each; the document tells of it."""
    encode = encoder(dataset_field="data.set", routes_max=2, documents=documents).encode
    records = [encode({"data": {"set": name}}) for name in ("a", "b", "a", "c", "b")]
    lines = [lines_of(record) for record in records]
    assert [action["create"].get("_index") for action, _ in lines] == [
        "logs-a-default",
        "logs-b-default",
        "logs-a-default",
        None,
        "logs-b-default",
    ]
    document = lines[3][1]
    holder = document["labels"] if documents == "ecs" else document
    assert holder["unrouted"] == "logs-c-default"


def test_date_of_the_index_is_that_of_the_receipt() -> None:
    """Events with wild times would make an index each; and a resend must not change its index."""
    encode = encoder(index="app-%Y.%m.%d").encode
    action = lines_of(encode({"timestamp": "1999-01-01T00:00:00Z"}))[0]
    assert action["create"]["_index"] == "app-2026.11.23"


def test_short_event_is_not_marked() -> None:
    """Nothing is shortened that need not be."""
    record = encoder().encode({"message": "m" * 7_000})
    assert not record.truncated
    assert lines_of(record)[1]["message"] == "m" * 7_000


def test_long_message_within_the_limit_stays() -> None:
    """Text fields have no limit of their own."""
    exception = {"error.message": "e" * 50_000, "error.stack": "s" * 50_000}
    event = {"message": "m" * 50_000, "diagnostics": {"exception": exception}}
    record = encoder().encode(event)
    document = lines_of(record)[1]
    assert document["message"] == "m" * 50_000
    assert document["error"] == {"message": "e" * 50_000, "stack_trace": "s" * 50_000}
    assert not record.truncated


@pytest.mark.fault(22, promise=21)
@pytest.mark.parametrize("limit", [SMALL, 50_000])
@pytest.mark.parametrize("letter", ["m", "é", "€", "😀", "\x01", '"'])
def test_long_message_is_shortened(letter: str, limit: int) -> None:
    """The limit is used up to one character, and the mark tells of it."""
    record = encoder(document_max_bytes=limit).encode({"message": letter * limit})
    line = record.payload.split(b"\n")[1]
    message = json.loads(line)["message"]
    assert record.truncated
    assert message == letter * (len(message) - len(TRUNCATED)) + TRUNCATED
    assert limit - 6 <= len(line) <= limit


def test_longest_text_goes_first() -> None:
    """A long stack trace does not cost the message."""
    exception = {"error.type": "E", "error.stack": "s" * 20_000}
    event = {"message": "m" * 2_000, "diagnostics": {"exception": exception}}
    document = document_of(event, document_max_bytes=SMALL)
    assert document["message"] == "m" * 2_000
    assert document["error"]["type"] == "E"
    assert document["error"]["stack_trace"].endswith("s" + TRUNCATED)


def test_keywords_fit_a_term() -> None:
    """A keyword of more than 32 766 bytes would be refused together with its document."""
    event = {
        "logger": "😀" * 9_000,
        "context": {"user_id": "u" * 8_001},
        "data": {"x": "y" * 9_000},
    }
    document = document_of(event)
    for value in (document["log"]["logger"], document["user"]["id"], document["labels"]["x"]):
        assert len(value) == KEYWORD_MAX_CHARS
        assert value.endswith(TRUNCATED)
        assert len(value.encode()) + 512 < 32_766


def test_label_named_like_the_time_is_shortened() -> None:
    """Only the document's own time is never cut."""
    document = document_of({"data": {"@timestamp": "y" * 9_000}})
    assert len(document["labels"]["@timestamp"]) == KEYWORD_MAX_CHARS


def test_labels_are_limited_in_number() -> None:
    """A mapping holds 1 000 fields by default; the rest of the labels is counted."""
    record = encoder().encode({"data": {f"k{n}": n for n in range(FIELDS_MAX + 3)}})
    labels = lines_of(record)[1]["labels"]
    assert len(labels) == FIELDS_MAX + 1
    assert labels["k0"] == "0"
    assert labels["labels_dropped"] == "3"
    assert record.truncated


def test_labels_leave_half_of_the_document() -> None:
    """Many labels do not cost the message."""
    event = {"message": "m" * 3_000, "data": {f"k{n}": "v" * 100 for n in range(200)}}
    document = document_of(event, document_max_bytes=SMALL)
    assert document["message"] == "m" * 3_000
    assert 30 < len(document["labels"]) < 50
    assert int(document["labels"]["labels_dropped"]) == 201 - len(document["labels"])


def test_texts_of_events_are_not_remembered() -> None:
    """What is remembered to save time is short, however long an event's names are."""
    encode = encoder().encode
    tracemalloc.start()
    try:
        for number in range(30):
            encode({"data": {f"{number}" + "n" * 1_000_000: "v"}})
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 5_000_000
