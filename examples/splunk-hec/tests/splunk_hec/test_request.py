# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""How a batch is put into one POST."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from acme_splunk_hec._delivery.records import (
    HttpRequest,
    Record,
)
from acme_splunk_hec.splunk_hec.config import SplunkHecConfig
from acme_splunk_hec.splunk_hec.request import (
    RequestBuilder,
)

BATCH = [Record(b'{"event":"a"}'), Record(b'{"event":"b"}'), Record(b'{"event":"c"}')]


def build(**overrides: Any) -> HttpRequest:
    """Return the request for the batch under these settings."""
    given: dict[str, Any] = {"url": "https://splunk:8088", "token": "s3cret-token"} | overrides
    return RequestBuilder(SplunkHecConfig(**given), lambda: given["token"]).build(BATCH)


def test_body_is_envelopes_in_order() -> None:
    """Objects one after the other: no array, no comma, nothing before or behind."""
    assert build(gzip=False).body == b'{"event":"a"}\n{"event":"b"}\n{"event":"c"}'


def test_headers_without_compression() -> None:
    """The token goes into the header, in the form that Splunk documents."""
    assert build(gzip=False).headers == {
        "Authorization": "Splunk s3cret-token",
        "Content-Type": "application/json",
    }


@pytest.mark.fault(promise=17)
def test_gzip_is_on_by_default() -> None:
    """Splunk takes gzip on the event endpoint, and nothing else."""
    request = build()
    assert request.headers["Content-Encoding"] == "gzip"
    lines = gzip.decompress(request.body).splitlines()
    assert [json.loads(line)["event"] for line in lines] == ["a", "b", "c"]


def test_building_twice_gives_the_same_bytes() -> None:
    """A retry is the same request; no clock goes into it."""
    assert build().body == build().body


def test_the_token_is_asked_for_each_time() -> None:
    """A token may be replaced between two requests."""
    tokens = iter(["old", "new"])
    config = SplunkHecConfig(url="https://splunk:8088", token="configured")
    builder = RequestBuilder(config, lambda: next(tokens))
    sent = [builder.build(BATCH).headers["Authorization"] for _ in range(2)]
    assert sent == ["Splunk old", "Splunk new"]


def test_path_holds_no_token() -> None:
    """URLs end up in access logs."""
    assert build().path == "/services/collector/event"


@pytest.mark.parametrize("show", [str, repr])
def test_request_does_not_show_the_token(show: Any) -> None:
    """Requests appear in tracebacks and debuggers."""
    assert "s3cret" not in show(build(gzip=False))
    assert "event" not in show(build(gzip=False)).replace("/event'", "")


def test_channel_is_left_to_the_client() -> None:
    """Each connection has one of its own."""
    assert "X-Splunk-Request-Channel" not in build().headers


def test_timestamp_is_extracted_on_demand() -> None:
    """Splunk looks for the time in the text when the query says so."""
    path = build(auto_extract_timestamp=True).path
    assert path == "/services/collector/event?auto_extract_timestamp=true"


def test_raw_body_is_lines() -> None:
    """Each line is an event, the last one too."""
    request = build(endpoint="raw", gzip=False)
    assert request.body == b'{"event":"a"}\n{"event":"b"}\n{"event":"c"}\n'
    assert request.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert request.path == "/services/collector/raw"


def test_raw_metadata_stands_in_the_query() -> None:
    """It has no other place there; what would end the query early is quoted."""
    path = build(
        endpoint="raw", host="web-1", source="a&b=c #d", sourcetype="_json", index="main"
    ).path
    assert path == (
        "/services/collector/raw?host=web-1&source=a%26b%3Dc+%23d&sourcetype=_json&index=main"
    )
    assert "s3cret" not in path


def test_gzip_works_for_raw() -> None:
    """Splunk takes it on both endpoints."""
    assert gzip.decompress(build(endpoint="raw").body).endswith(b"\n")
