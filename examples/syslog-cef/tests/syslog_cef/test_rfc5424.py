# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""RFC 5424 messages and RFC 3164 headers, read back by readers written from the grammars."""

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_syslog_cef.syslog_cef import (
    rfc5424,
)
from acme_syslog_cef.syslog_cef.text import (
    clean,
)

from ..support.syslog_reader import read_rfc3164, read_rfc5424
from .events import TEXTS, quick

HEADER = "<134>1 - host app 1 -"
NAMES = {"hostname": 255, "app_name": 48, "procid": 128, "msgid": 32}


def at(sd_id: str, params: list[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Put params into one element."""
    return [(sd_id, name, value) for name, value in params]


@pytest.mark.parametrize(
    ("facility", "severity", "expected"), [("user", 1, 9), ("local0", 6, 134), ("local7", 7, 191)]
)
def test_priority_is_facility_and_severity(facility: str, severity: int, expected: int) -> None:
    """PRIVAL is facility * 8 + severity."""
    assert rfc5424.priority(facility, severity) == expected


@quick
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_header_fields_cannot_leave_their_place(host: str, app: str, pid: str, msgid: str) -> None:
    """Any text becomes printable ASCII within its limit, or a dash."""
    texts = {"hostname": host, "app_name": app, "procid": pid, "msgid": msgid}
    header = rfc5424.header(134, "-", **texts)
    message = read_rfc5424(f"{header} -".encode())

    for name, limit in NAMES.items():
        assert len(getattr(message, name)) == min(max(len(texts[name]), 1), limit)


def test_header_field_is_readable() -> None:
    """What is not printable ASCII becomes an underscore; nothing becomes a dash."""
    assert rfc5424.header_field("caf\xe9 one", 6) == "caf__o"
    assert rfc5424.header_field("", 6) == "-"


@pytest.mark.fault(23, promise=19)
@quick
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=6), TEXTS)
def test_params_and_text_come_back(params: list[tuple[str, str]], text: str) -> None:
    """Each param has a name of its own and its value; the text is the text, but for controls."""
    data, shortened = rfc5424.message(HEADER, "a@1", at("a@1", params), text, max_bytes=100_000)
    message = read_rfc5424(data)
    values = list(message.structured_data.get("a@1", {}).values())

    assert values == [clean(v).replace("\n", " ").replace("\t", " ") for _, v in params]
    assert message.text == clean(text).lstrip("\ufeff")
    assert not shortened


@quick
@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=20), TEXTS, st.integers(300, 2_000))
def test_limit_holds_in_bytes(params: list[tuple[str, str]], text: str, max_bytes: int) -> None:
    """A message never exceeds its limit and stays valid; what is missing is counted."""
    text *= 20
    data, shortened = rfc5424.message(HEADER, "a@1", at("a@1", params), text, max_bytes=max_bytes)
    message = read_rfc5424(data)
    kept = message.structured_data.get("a@1", {})
    omitted = int(kept.pop("omitted", "0"))

    assert len(data) <= max_bytes
    assert len(kept) + omitted == len(params)
    assert shortened == (omitted > 0 or message.text != clean(text).lstrip("\ufeff"))


def test_long_text_is_cut_before_params() -> None:
    """The text gives way to the structured data, down to half of the room."""
    params = [("a", "x" * 100)]
    data, shortened = rfc5424.message(HEADER, "a@1", at("a@1", params), "y" * 999, max_bytes=500)
    message = read_rfc5424(data)

    assert message.structured_data == {"a@1": {"a": "x" * 100}}
    assert message.text.strip("y") == "[...999]"
    assert (len(data), shortened) == (500, True)


@pytest.mark.fault(22, promise=21)
def test_long_value_is_cut_and_marked() -> None:
    """One huge value does not push the others out."""
    params = [("big", "x" * 9_999), ("small", "1")]
    data, shortened = rfc5424.message(HEADER, "a@1", at("a@1", params), "m", max_bytes=8_096)
    values = read_rfc5424(data).structured_data["a@1"]

    assert (len(values["big"]), values["big"][-9:], values["small"]) == (1_023, "[...9999]", "1")
    assert shortened


def test_nothing_to_say_is_a_dash() -> None:
    """No params and no text leave the shortest message the grammar allows."""
    assert rfc5424.message(HEADER, "a@1", [], "", max_bytes=500) == (
        b"<134>1 - host app 1 - -",
        False,
    )


def test_elements_are_separate_and_unique() -> None:
    """Params of one SD-ID share an element wherever they come; no space stands between elements."""
    params = [("a@1", "x", "1"), ("b@1", "x", "2"), ("a@1", "y", "3")]
    data, _ = rfc5424.message(HEADER, "a@1", params, "m", max_bytes=500)

    assert data == b'<134>1 - host app 1 - [a@1 x="1" y="3"][b@1 x="2"] m'


def test_omitted_params_are_counted_where_the_host_speaks() -> None:
    """The count stands in the host's element, even if nothing else does."""
    params = [("data@1", "x", "1" * 900), ("data@1", "y", "2" * 900)]
    data, shortened = rfc5424.message(HEADER, "fapilog@1", params, "m", max_bytes=400)

    assert read_rfc5424(data).structured_data == {"fapilog@1": {"omitted": "2"}}
    assert shortened


@quick
@given(TEXTS, st.booleans())
def test_mark_of_byte_order_is_ours_alone(text: str, bom: bool) -> None:
    """The text begins with a byte order mark when it is asked for, and never otherwise."""
    data, _ = rfc5424.message(HEADER, "a@1", [], text, max_bytes=100_000, bom=bom)
    read = read_rfc5424(data).text

    assert read.startswith("\ufeff") == (bom and bool(read))
    assert not read.removeprefix("\ufeff").startswith("\ufeff")


@pytest.mark.parametrize(
    ("app_name", "expected"),
    [("shop", "shop[7]:"), ("a/b c:d", "a_b_c_d[7]:"), ("x" * 48, "x" * 32 + "[7]:")],
)
def test_tag_has_what_receivers_take(app_name: str, expected: str) -> None:
    """At most 32 characters that end no tag."""
    assert rfc5424.tag(app_name, 7) == expected


@pytest.mark.parametrize(
    ("hostname", "expected"),
    [
        ("web1.example.com", "web1"),
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001-db8--1"),
        ("two words", "two_words"),
        ("", "-"),
    ],
)
def test_rfc3164_header_has_no_tag(hostname: str, expected: str) -> None:
    """English month, day padded with a space, host without domain and without colons."""
    moment = datetime(2026, 3, 5, 7, 8, 9, tzinfo=timezone.utc)
    header = rfc5424.rfc3164_header(13, moment, hostname)

    assert read_rfc3164(f"{header} x".encode()) == (13, "Mar  5 07:08:09", expected, "x")
