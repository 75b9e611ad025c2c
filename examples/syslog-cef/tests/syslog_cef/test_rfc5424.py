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
    data, shortened = rfc5424.message(HEADER, "a@1", params, text, max_bytes=100_000)
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
    data, shortened = rfc5424.message(HEADER, "a@1", params, text, max_bytes=max_bytes)
    message = read_rfc5424(data)
    kept = message.structured_data.get("a@1", {})
    omitted = int(kept.pop("omitted", "0"))

    assert len(data) <= max_bytes
    assert len(kept) + omitted == len(params)
    assert shortened == (omitted > 0 or message.text.endswith("[...]"))


def test_long_text_is_cut_before_params() -> None:
    """The text gives way to the structured data, down to half of the room."""
    params = [("a", "x" * 100)]
    data, shortened = rfc5424.message(HEADER, "a@1", params, "y" * 999, max_bytes=500)
    message = read_rfc5424(data)

    assert message.structured_data == {"a@1": {"a": "x" * 100}}
    assert message.text.strip("y") == "[...]"
    assert (len(data), shortened) == (500, True)


@pytest.mark.fault(22, promise=21)
def test_long_value_is_cut_and_marked() -> None:
    """One huge value does not push the others out."""
    params = [("big", "x" * 9_999), ("small", "1")]
    data, shortened = rfc5424.message(HEADER, "a@1", params, "m", max_bytes=8_096)
    values = read_rfc5424(data).structured_data["a@1"]

    assert (len(values["big"]), values["big"][-5:], values["small"]) == (1_023, "[...]", "1")
    assert shortened


def test_nothing_to_say_is_a_dash() -> None:
    """No params and no text leave the shortest message the grammar allows."""
    assert rfc5424.message(HEADER, "a@1", [], "", max_bytes=500) == (
        b"<134>1 - host app 1 - -",
        False,
    )


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
