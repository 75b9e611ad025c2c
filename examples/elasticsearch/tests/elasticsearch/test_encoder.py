# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Two lines per event, an id made once, and documents that keep within the limits."""

from __future__ import annotations

import json
import multiprocessing
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_elasticsearch._delivery.records import Record
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.encoder import (
    KEYWORD_MAX_CHARS,
    LABELS_MAX,
    TRUNCATED,
    Encoder,
    make_id,
)

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

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
exceptions = st.fixed_dictionaries(
    {},
    optional={name: values for name in ("error.type", "error.message", "error.stack", "x")},
)
sections = st.dictionaries(
    text | st.sampled_from(["pid", "host", "trace_id", "a.b", "a_b"]), values, max_size=4
)
events = st.fixed_dictionaries(
    {},
    optional={
        "timestamp": values | st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        "level": values,
        "message": values,
        "logger": values,
        "context": sections | values,
        "diagnostics": sections | st.builds(dict, exception=exceptions | values) | values,
        "data": sections | values,
        "other": values,
    },
)


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
    """Forked processes do not continue one sequence."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=_ids, args=(there,))
    child.start()
    assert here.poll(10)
    ids = here.recv() + [make_id(NOW) for _ in range(200)]
    child.join(10)
    assert len(set(ids)) == 400


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
    record = encoder().encode({"data": {f"k{n}": n for n in range(LABELS_MAX + 3)}})
    labels = lines_of(record)[1]["labels"]
    assert len(labels) == LABELS_MAX + 1
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
