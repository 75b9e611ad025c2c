# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""One bulk request per batch, in a form that every version of both products takes."""

from __future__ import annotations

import base64
import gzip
import re
from typing import Any
from urllib.parse import parse_qs

import pytest

from acme_elasticsearch._delivery.records import HttpRequest, Record
from acme_elasticsearch.elasticsearch.config import ElasticsearchConfig
from acme_elasticsearch.elasticsearch.encoder import Encoder
from acme_elasticsearch.elasticsearch.sink import ElasticsearchSink

BATCH = [Record(b"action 1\ndocument 1"), Record(b"action 2\ndocument 2")]
BODY = b"action 1\ndocument 1\naction 2\ndocument 2\n"
KEY = "VuaCfGcBCdbkQm-e5aOx:ui2lp2axTNmsyakw9tvNnw"
ENCODED = base64.b64encode(KEY.encode()).decode()


class NamedSink(ElasticsearchSink):
    """A sink with a user agent of its own."""

    user_agent = "acme/1.0"


def request_for(**settings: Any) -> HttpRequest:
    """Return the request that these settings make of `BATCH`."""
    config = ElasticsearchConfig.model_validate({"url": "https://es.example.com:9200", **settings})
    request: HttpRequest = NamedSink(config).exchange(config).build(BATCH)
    return request


def test_every_line_ends_in_a_newline() -> None:
    """Without the last newline the servers refuse the whole request."""
    assert request_for(gzip=False).body == BODY


def test_path_names_stream_and_filter() -> None:
    """The filter keeps a status per item, hence positions, and what tells whose fault an error is."""
    path, _, query = request_for().path.partition("?")
    assert path == "/logs-fapilog-default/_bulk"
    assert parse_qs(query) == {
        "filter_path": [
            "errors,items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason"
        ],
        "require_data_stream": ["true"],
    }


@pytest.mark.parametrize(
    ("name", "segment"),
    [("logs-app-prod", "logs-app-prod"), ("logs-ä%2f-x", "logs-%C3%A4%252f-x")],
)
def test_data_stream_is_in_the_path(name: str, segment: str) -> None:
    """The name is one segment of the path, whatever it holds."""
    assert request_for(data_stream=name).path.split("/")[1] == segment


def test_opensearch_is_asked_where_documents_went() -> None:
    """It answers 400 to parameters it does not know, such as require_data_stream."""
    query = parse_qs(request_for(flavour="opensearch").path.partition("?")[2])
    assert list(query) == ["filter_path"]
    assert query["filter_path"][0].split(",")[-1] == "items.*._index"


@pytest.mark.parametrize(
    ("settings", "path", "more"),
    [
        ({"alias": "app-logs"}, "/app-logs/_bulk", {"require_alias": ["true"]}),
        ({"index": "app-logs"}, "/app-logs/_bulk", {}),
        ({"index": "app-%Y.%m.%d"}, "/_bulk", {}),
        (
            {"dataset_field": "data.d"},
            "/logs-fapilog-default/_bulk",
            {"require_data_stream": ["true"]},
        ),
    ],
)
def test_other_targets(settings: dict[str, str], path: str, more: dict[str, list[str]]) -> None:
    """What the settings name is in the path; what an event or the date chooses cannot be."""
    given, _, query = request_for(**settings).path.partition("?")
    parameters = parse_qs(query)
    del parameters["filter_path"]
    assert (given, parameters) == (path, more)


def test_query_is_encoded_as_signatures_want_it() -> None:
    """A signature of AWS is over the encoded query: what is sent has to be that already."""
    query = request_for().path.partition("?")[2]
    assert re.fullmatch(r"[A-Za-z0-9._~%&=-]+", query)


def test_headers() -> None:
    """Plain x-ndjson: the vendor types are refused with 406 by OpenSearch."""
    assert dict(request_for(gzip=False).headers) == {
        "Content-Type": "application/x-ndjson",
        "Accept": "application/json",
        "User-Agent": "acme/1.0",
    }


@pytest.mark.fault(promise=17)
def test_gzip() -> None:
    """Compressed by default, and said so."""
    request = request_for()
    assert request.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(request.body) == BODY


def test_a_resend_is_the_same_request() -> None:
    """Ids were made with the record, so that a second attempt carries the same ones."""
    config = ElasticsearchConfig(url="http://localhost:9200")
    batch = [Encoder(config).encode({"message": "x"})]
    build = NamedSink(config).exchange(config).build
    assert build(batch).body == build(batch).body


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        pytest.param({"api_key": KEY}, f"ApiKey {ENCODED}", id="id_and_key"),
        pytest.param({"api_key": ENCODED}, f"ApiKey {ENCODED}", id="encoded"),
        pytest.param({"bearer_token": "a.b-c="}, "Bearer a.b-c=", id="bearer"),
        pytest.param(
            {"username": "jürgen", "password": "p:w"},
            "Basic " + base64.b64encode("jürgen:p:w".encode()).decode(),
            id="basic",
        ),
    ],
)
def test_authorization(settings: dict[str, str], header: str) -> None:
    """A key is encoded exactly once; Basic is UTF-8 (RFC 7617)."""
    assert request_for(**settings).headers["Authorization"] == header


def test_credentials_do_not_show() -> None:
    """Printing a request shows neither credentials nor events."""
    shown = repr(request_for(api_key=KEY, gzip=False))
    assert ENCODED not in shown
    assert "document 1" not in shown
