# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""What every kind of answer means for every single document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_elasticsearch._delivery.records import (
    Delivered,
    Hold,
    HttpResponse,
    Outcome,
    Record,
    Rejected,
    RetryLater,
    Split,
    Verdict,
)
from acme_elasticsearch.elasticsearch.answers import (
    CHOSEN_RULES,
    CLUSTER_BLOCK_SECONDS,
    FAILURE_STORE,
    ID_TAKEN,
    ITEM_RULES,
    REQUEST_RULES,
    RULES_BY_REASON,
    RULES_BY_TYPE,
    STRAY_INDEX,
)
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.response import classifier

URL = "http://localhost:9200"
classify = classifier(ElasticsearchConfig(url=URL))
SECRET = "4111 1111 1111 1111"
ITEM_TABLE = [
    (200, "", Delivered),
    (201, "", Delivered),
    (202, "", Delivered),
    (400, "document_parsing_exception", Rejected),
    (400, "mapper_parsing_exception", Rejected),
    (400, "strict_dynamic_mapping_exception", Rejected),
    (400, "illegal_argument_exception", Rejected),
    (400, "invalid_index_name_exception", Rejected),
    (400, "index_closed_exception", Hold),
    (400, "validation_exception", Hold),
    (401, "security_exception", Hold),
    (403, "security_exception", Hold),
    (403, "cluster_block_exception", RetryLater),
    (403, "other_exception", Hold),
    (404, "index_not_found_exception", Hold),
    (404, "", Hold),
    (408, "", RetryLater),
    (409, "version_conflict_engine_exception", Delivered),
    (409, "", Delivered),
    (409, "other_exception", RetryLater),
    (413, "", Rejected),
    (418, "", Hold),
    (429, "es_rejected_execution_exception", RetryLater),
    (429, "rejected_execution_exception", RetryLater),
    (429, "circuit_breaking_exception", RetryLater),
    (429, "cluster_block_exception", RetryLater),
    (302, "", Hold),
    (500, "unknown_exception", RetryLater),
    (501, "", Hold),
    (502, "", RetryLater),
    (503, "unavailable_shards_exception", RetryLater),
    (504, "", RetryLater),
]
REQUEST_TABLE: list[tuple[int, str, type[Outcome | Split]]] = [
    (301, "", Hold),
    (307, "", Hold),
    (400, "illegal_argument_exception", Split),
    (400, "action_request_validation_exception", Split),
    (401, "security_exception", Hold),
    (403, "security_exception", Hold),
    (403, "", Hold),
    (403, "cluster_block_exception", RetryLater),
    (404, "", Hold),
    (404, "index_not_found_exception", Hold),
    (405, "", Hold),
    (406, "", Hold),
    (408, "", RetryLater),
    (409, "version_conflict_engine_exception", Hold),
    (413, "", Split),
    (415, "", Hold),
    (429, "es_rejected_execution_exception", RetryLater),
    (429, "circuit_breaking_exception", RetryLater),
    (429, "cluster_block_exception", RetryLater),
    (500, "", RetryLater),
    (501, "", Hold),
    (502, "", RetryLater),
    (503, "cluster_block_exception", RetryLater),
    (504, "", RetryLater),
]


def batch_of(count: int) -> list[Record]:
    """Return that many records."""
    return [Record(b"x") for _ in range(count)]


def item(status: int, error_type: str = "", **more: Any) -> dict[str, Any]:
    """Return one item of an answer, with a reason that quotes the document."""
    result: dict[str, Any] = {"status": status, **more}
    if error_type:
        result["error"] = {"type": error_type, "reason": f"Preview of value: '{SECRET}'"}
    return {"create": result}


def outcomes_of(*items: Any, **more: Any) -> list[Outcome]:
    """Classify HTTP 200 with these items for as many records."""
    body = json.dumps({"took": 1, "errors": False, "items": items, **more}).encode()
    verdict = classify(HttpResponse(200, body), batch_of(len(items)))
    assert not isinstance(verdict, Split)
    return list(verdict)


def whole(status: int, error: Any = None, after: float | None = None) -> Verdict:
    """Classify an answer without items, for two records."""
    body = json.dumps({"error": error, "status": status}).encode()
    return classify(HttpResponse(status, body, retry_after_seconds=after), batch_of(2))


def first(verdict: Verdict) -> Outcome:
    """Return the outcome of the first record."""
    assert not isinstance(verdict, Split)
    return verdict[0]


@pytest.mark.parametrize(("status", "error_type", "expected"), ITEM_TABLE)
def test_item(status: int, error_type: str, expected: type[Outcome]) -> None:
    """Every row of the item table."""
    stored, outcome = outcomes_of(item(201), item(status, error_type))
    assert (stored, type(outcome)) == (Delivered(), expected)


@pytest.mark.fault(19, promise=6)
def test_every_item_rule_has_a_row() -> None:
    """A rule that nobody tests may be wrong."""
    tested = {(status, error_type) for status, error_type, _ in ITEM_TABLE}
    assert set(RULES_BY_TYPE) <= tested
    assert set(ITEM_RULES) <= {status for status, _ in tested}


@pytest.mark.parametrize(("status", "error_type", "expected"), REQUEST_TABLE)
def test_request(status: int, error_type: str, expected: type[Outcome | Split]) -> None:
    """Every row of the request table: one verdict for all, or a split."""
    verdict = whole(status, {"type": error_type})
    got = [type(verdict)] if isinstance(verdict, Split) else [type(o) for o in verdict]
    assert got == ([Split] if expected is Split else [expected] * 2)


@pytest.mark.fault(12, promise=6)
def test_every_request_rule_has_a_row() -> None:
    """A rule that nobody tests may be wrong."""
    assert set(REQUEST_RULES) <= {status for status, _, _ in REQUEST_TABLE}


def test_items_are_paired_by_position() -> None:
    """One failed document among good ones is the only one that is sent again."""
    got = outcomes_of(
        item(201),
        item(429, "es_rejected_execution_exception"),
        item(201),
        item(400, "document_parsing_exception"),
        item(409, "version_conflict_engine_exception"),
        item(503, "unavailable_shards_exception"),
    )
    assert got == [
        Delivered(),
        RetryLater("item 429 es_rejected_execution_exception"),
        Delivered(),
        Rejected("item 400 document_parsing_exception"),
        Delivered(),
        RetryLater("item 503 unavailable_shards_exception"),
    ]


def test_item_without_a_status_keeps_the_positions() -> None:
    """An unreadable item must not shift the verdicts of the items after it."""
    got = outcomes_of(item(201), {"create": {}}, item(400, "mapper_parsing_exception"))
    assert [type(o) for o in got] == [Delivered, RetryLater, Rejected]
    assert isinstance(got[1], RetryLater)
    assert got[1].ambiguous


def test_errors_flag_is_not_believed() -> None:
    """`errors: false` says nothing that the items do not say better."""
    assert isinstance(outcomes_of(item(400, "x_exception"), errors=False)[0], Rejected)
    assert outcomes_of(item(201), errors=True) == [Delivered()]


@pytest.mark.parametrize(
    ("store", "expected"),
    [
        ("used", Delivered(FAILURE_STORE)),
        ("not_enabled", Delivered()),
        ("failed", Delivered()),
    ],
)
def test_failure_store(store: str, expected: Delivered) -> None:
    """A document in the failure store is stored, but not where it should be."""
    assert outcomes_of(item(201, failure_store=store)) == [expected]


@pytest.mark.parametrize(
    ("settings", "index", "warning"),
    [
        ({}, ".ds-logs-fapilog-default-000001", ""),
        ({}, "logs-fapilog-default", STRAY_INDEX),
        ({}, None, ""),
        ({"index": "app"}, "app", ""),
        ({"alias": "app"}, "app-000001", ""),
    ],
)
def test_stray_index(settings: dict[str, str], index: str | None, warning: str) -> None:
    """Without a template both products may make a plain index; where that shows, it is told."""
    body = json.dumps({"items": [item(201, _index=index)]}).encode()
    verdict = classifier(ElasticsearchConfig.model_validate({"url": URL, **settings}))(
        HttpResponse(200, body), batch_of(1)
    )
    assert verdict == [Delivered(warning)]


@pytest.mark.parametrize(
    ("status", "error_type"),
    [
        (400, "index_closed_exception"),
        (400, "validation_exception"),
        (404, "index_not_found_exception"),
        (403, "security_exception"),
        (403, ""),
    ],
)
def test_target_that_the_event_chose(status: int, error_type: str) -> None:
    """What one event asked for in vain must not hold all others up; the default target does."""
    config = ElasticsearchConfig(url=URL, dataset_field="data.dataset")
    body = json.dumps({"items": [item(status, error_type)] * 2}).encode()
    chosen = Record(b'{"create":{"_index":"logs-x-default","_id":"1"}}\n{}')
    default = Record(b'{"create":{"_id":"2"}}\n{}')
    got = classifier(config)(HttpResponse(200, body), [chosen, default])
    assert not isinstance(got, Split)
    assert [type(o) for o in got] == [Rejected, Hold]
    assert CHOSEN_RULES.keys() == {400, 403, 404}


def test_target_that_the_date_chose() -> None:
    """The index of a date is a setting: when it is missing, a person has to act."""
    config = ElasticsearchConfig(url=URL, index="app-%Y.%m.%d")
    body = json.dumps({"items": [item(404, "index_not_found_exception")]}).encode()
    record = Record(b'{"create":{"_index":"app-2026.11.23","_id":"1"}}\n{}')
    got = classifier(config)(HttpResponse(200, body), [record])
    assert isinstance(first(got), Hold)


def test_login_that_fails_for_a_chosen_target() -> None:
    """Wrong credentials are wrong for every target."""
    config = ElasticsearchConfig(url=URL, dataset_field="data.dataset")
    body = json.dumps({"items": [item(401, "security_exception")]}).encode()
    record = Record(b'{"create":{"_index":"logs-x-default","_id":"1"}}\n{}')
    assert isinstance(first(classifier(config)(HttpResponse(200, body), [record])), Hold)


def test_conflict_without_an_id_of_ours() -> None:
    """Only an id made by us proves that the document there is this one."""
    body = json.dumps({"items": [item(409, "version_conflict_engine_exception")]}).encode()
    config = ElasticsearchConfig(url=URL, ids=False)
    assert isinstance(first(classifier(config)(HttpResponse(200, body), batch_of(1))), Rejected)


@pytest.mark.parametrize(
    ("attempts", "more", "warning"),
    [
        (1, {"id_field": "data.id"}, ID_TAKEN),
        (2, {"id_field": "data.id"}, ""),
        (1, {}, ""),
    ],
)
def test_conflict_with_an_id_of_the_event(
    attempts: int, more: dict[str, str], warning: str
) -> None:
    """At the first attempt it was not this event that took the id, which nobody would notice."""
    config = ElasticsearchConfig.model_validate({"url": URL, **more})
    body = json.dumps({"items": [item(409, "version_conflict_engine_exception")]}).encode()
    got = classifier(config)(HttpResponse(200, body), [Record(b"x", attempts=attempts)])
    assert got == [Delivered(warning)]


@pytest.mark.parametrize("prefix", RULES_BY_REASON)
def test_reason_that_says_nothing_about_the_document(prefix: str) -> None:
    """A missing pipeline, or an alias without a write index: the events are not to blame."""
    one = item(400, "illegal_argument_exception")
    one["create"]["error"]["reason"] = f"{prefix}x] and so on"
    (outcome,) = outcomes_of(one)
    assert isinstance(outcome, Hold)
    assert "so on" not in outcome.reason
    chosen = Record(b'{"create":{"_index":"logs-x-default","_id":"1"}}\n{}')
    config = ElasticsearchConfig(url=URL, dataset_field="data.dataset")
    body = json.dumps({"items": [one]}).encode()
    assert isinstance(next(iter(classifier(config)(HttpResponse(200, body), [chosen]))), Rejected)


@pytest.mark.parametrize(
    ("status", "error_type", "expected"),
    [
        (400, "fail_processor_exception", Rejected),
        (500, "fail_processor_exception", RetryLater),
        (429, "es_rejected_execution_exception", RetryLater),
    ],
)
def test_reason_of_another_type(status: int, error_type: str, expected: type[Outcome]) -> None:
    """A pipeline can put a text of a document into the reason: it is believed of one type alone."""
    one = item(status, error_type)
    one["create"]["error"]["reason"] = f"{next(iter(RULES_BY_REASON))}x] and so on"
    assert [type(outcome) for outcome in outcomes_of(one)] == [expected]


@pytest.mark.parametrize(
    "reason",
    [
        "Limit of total fields [1000] has been exceeded while adding new fields [3]",
        "failed: pipeline with id [x] does not exist",
        None,
        {"pipeline with id [": 1},
    ],
)
def test_any_other_reason_is_the_documents_fault(reason: Any) -> None:
    """Also one that quotes a document in which such words stand."""
    one = item(400, "illegal_argument_exception")
    one["create"]["error"]["reason"] = reason
    assert outcomes_of(one) == [Rejected("item 400 illegal_argument_exception")]


def test_demand_that_the_server_does_not_know() -> None:
    """It is no document's fault, so nothing is split: the setting is wrong."""
    reason = "request [/x/_bulk] contains unrecognized parameter: [require_data_stream]"
    outcome = first(whole(400, {"type": "illegal_argument_exception", "reason": reason}))
    assert isinstance(outcome, Hold)
    assert "flavour" in outcome.reason


def test_failure_store_does_not_hide_an_error() -> None:
    """A refused item stays refused, whatever it says about the failure store."""
    got = outcomes_of(item(400, "document_parsing_exception", failure_store="failed"))
    assert got == [Rejected("item 400 document_parsing_exception")]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>ok</html>", id="html"),
        pytest.param(b'{"took":1,"errors":false,"items":[{"create":{"status":2', id="cut"),
        pytest.param(b'{"took":1,"errors":false}', id="no_items"),
        pytest.param(b'{"items":{}}', id="items_object"),
        pytest.param(b'{"items":[]}', id="no_item"),
        pytest.param(b'{"items":[{"create":{"status":201}}]}', id="too_few"),
        pytest.param(json.dumps({"items": [item(201)] * 3}).encode(), id="too_many"),
        pytest.param(b"[]", id="list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'{"items":[null,1]}', id="items_of_wrong_type"),
        pytest.param(b'{"items":[{"create":[]},{"index":{"status":201}}]}', id="wrong_action"),
        pytest.param(
            b'{"items":[{"create":{"status":"201"}},{"create":{"status":true}}]}', id="text"
        ),
        pytest.param(b"[" * 5_000, id="deep"),
        pytest.param(b"\xff\xfe", id="not_utf8"),
    ],
)
def test_success_that_is_none(body: bytes) -> None:
    """HTTP 200 is never delivery by itself; the documents may be stored, though."""
    verdict = classify(HttpResponse(200, body), batch_of(2))
    assert not isinstance(verdict, Split)
    assert [(type(o), getattr(o, "ambiguous", None)) for o in verdict] == [(RetryLater, True)] * 2
    assert all(o.reason.startswith("protocol error") for o in verdict if isinstance(o, RetryLater))


@pytest.mark.parametrize("after", [None, 7.0])
def test_retry_after(after: float | None) -> None:
    """The server's own wish is passed on."""
    assert whole(429, after=after) == [RetryLater("HTTP 429", after)] * 2


def test_retry_after_zero_is_no_wish() -> None:
    """Zero would make the engine resend at once, without any backoff."""
    assert whole(503, after=0.0) == [RetryLater("HTTP 503")] * 2


@pytest.mark.parametrize(("after", "seconds"), [(None, CLUSTER_BLOCK_SECONDS), (90.0, 90.0)])
def test_block_is_tried_again_slowly(after: float | None, seconds: float) -> None:
    """A block is lifted by a person or a disk that gets emptied, or later if the server says so."""
    for status in (403, 429):
        outcome = first(whole(status, {"type": "cluster_block_exception"}, after))
        assert isinstance(outcome, RetryLater)
        assert outcome.after_seconds == seconds
    outcome = outcomes_of(item(403, "cluster_block_exception"))[0]
    assert isinstance(outcome, RetryLater)
    assert outcome.after_seconds == CLUSTER_BLOCK_SECONDS


@pytest.mark.parametrize(
    ("status", "ambiguous"),
    [(429, False), (500, True), (502, True), (503, False), (504, True), (524, True)],
)
def test_gateway_errors_are_ambiguous(status: int, ambiguous: bool) -> None:
    """Behind a gateway that gave up the documents may have been stored."""
    outcome = first(whole(status))
    assert isinstance(outcome, RetryLater)
    assert outcome.ambiguous == ambiguous


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (302, "final address"),
        (401, "api_key"),
        (403, "create_doc"),
        (404, "url"),
        (405, "url"),
        (406, "Content-Type"),
        (415, "Content-Type"),
    ],
)
def test_hold_says_what_to_do(status: int, advice: str) -> None:
    """Whoever reads the alert learns the next step."""
    outcome = first(whole(status))
    assert isinstance(outcome, Hold)
    assert advice in outcome.reason


@pytest.mark.parametrize(
    ("status", "error_type", "advice"),
    [
        (401, "security_exception", "api_key"),
        (403, "security_exception", "create_doc"),
        (404, "index_not_found_exception", "index template"),
        (400, "index_closed_exception", "open the index"),
        (400, "validation_exception", "shards"),
    ],
)
def test_held_item_says_what_to_do(status: int, error_type: str, advice: str) -> None:
    """Whoever reads the alert learns the next step."""
    outcome = outcomes_of(item(status, error_type))[0]
    assert isinstance(outcome, Hold)
    assert error_type in outcome.reason
    assert advice in outcome.reason


@pytest.mark.fault(promise=10)
@pytest.mark.parametrize(
    "error",
    [
        {"type": SECRET, "reason": SECRET},
        {"type": "x" * 65, "reason": SECRET},
        {"type": f"mapper_{SECRET}"},
        {"type": "Mapper"},
        {"type": [SECRET]},
        {"type": "a\nb"},
        {"type": "a_b\n"},
        SECRET,
        [SECRET],
        None,
    ],
)
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 429, 500])
def test_no_text_of_the_server_in_a_reason(status: int, error: Any) -> None:
    """The server's text quotes documents; only plain names of error types are passed on."""
    assert whole(status, error) == whole(status)
    assert outcomes_of({"create": {"status": status, "error": error}}) == outcomes_of(item(status))


def test_reason_of_an_item_is_not_passed_on() -> None:
    """`error.reason` quotes the value that did not fit."""
    assert outcomes_of(item(400, "mapper_parsing_exception")) == [
        Rejected("item 400 mapper_parsing_exception")
    ]


@settings(max_examples=100, deadline=None, derandomize=True, database=None)
@given(
    st.integers(100, 599),
    st.binary(max_size=60)
    | st.recursive(
        st.none() | st.integers() | st.text("a_", max_size=5) | st.just("create"),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["items", "create", "status", "error", "type"]), inner, max_size=3
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
    st.integers(1, 4),
)
def test_any_answer_has_a_verdict(status: int, body: bytes, count: int) -> None:
    """Whatever comes back: no exception, and one outcome per record unless it is a split."""
    verdict = classify(HttpResponse(status, body), batch_of(count))
    assert isinstance(verdict, Split) or len(verdict) == count
