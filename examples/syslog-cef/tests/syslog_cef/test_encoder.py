# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Whole events through the encoder, in every format and header."""

import copy
import os
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given

from acme_syslog_cef.syslog_cef.config import (
    SyslogCefConfig,
)
from acme_syslog_cef.syslog_cef.encoder import (
    Encoder,
)

from ..support.syslog_reader import (
    CefRecord,
    read_cef,
    read_rfc3164,
    read_rfc5424,
)
from .events import EVENT, EVENTS, quick

PID = str(os.getpid())


def encoder(**options: Any) -> Encoder:
    """Return an encoder on a machine called web1, at a fixed time."""
    config = SyslogCefConfig(url="tcp://siem.example", **options)
    return Encoder(config, hostname="web1", clock=lambda: 1_000_000_000.0)


def read_any_cef(data: bytes, header: str) -> CefRecord:
    """Strip the header that was asked for, strictly, and read the record."""
    if header == "rfc5424":
        return read_cef(read_rfc5424(data).text)
    return read_cef(read_rfc3164(data)[3] if header == "rfc3164" else data.decode())


def test_rfc5424_event() -> None:
    """Every value of an event has its place."""
    record = encoder().encode(copy.deepcopy(EVENT))
    message = read_rfc5424(record.payload)

    assert (message.priority, message.timestamp) == (131, "2026-11-23T15:05:52.967Z")
    assert (message.hostname, message.app_name) == ("web1", "fapilog")
    assert (message.procid, message.msgid) == (PID, "shop.payment")
    assert message.text == "payment failed\nTraceback\n  line 1"
    assert not record.truncated
    assert message.structured_data["fapilog@32473"] == {
        "level": "ERROR",
        "logger": "shop.payment",
        "correlation_id": "c-1",
        "user_id": "u-7",
        "error_type": "ValueError",
        "error_message": "no card",
        "origin": "native",
        "service": "shop",
        "order.id": "12",
        "order.paid": "false",
        "tags": '["a","b"]',
    }


def test_cef_event() -> None:
    """Every value has a key of the dictionary or one of its own, and the message comes last."""
    record = encoder(format="cef", cef_header="none").encode(copy.deepcopy(EVENT))
    parsed = read_cef(record.payload.decode())

    assert (parsed.class_id, parsed.name, parsed.severity) == ("shop.payment", "payment failed", 8)
    assert not record.truncated
    assert list(parsed.extension.items()) == [
        ("rt", "1795446352967"),
        ("dvchost", "web1"),
        ("dvcpid", PID),
        ("fapilogLevel", "ERROR"),
        ("cat", "shop.payment"),
        ("cs1Label", "correlationId"),
        ("cs1", "c-1"),
        ("suid", "u-7"),
        ("cs6Label", "errorType"),
        ("cs6", "ValueError"),
        ("reason", "no card"),
        ("fapilogOrigin", "native"),
        ("deviceProcessName", "shop"),
        ("fapilogOrderId", "12"),
        ("fapilogOrderPaid", "false"),
        ("fapilogTags", '["a","b"]'),
        ("msg", "payment failed"),
    ]


def test_settings_reach_the_message() -> None:
    """Names and numbers of the configuration are those on the wire."""
    names = {"facility": "auth", "app_name": "shop", "hostname": "h1", "enterprise_id": 7}
    message = read_rfc5424(encoder(**names).encode({}).payload)

    assert message.priority == 4 * 8 + 6
    assert (message.app_name, message.hostname) == ("shop", "h1")
    assert read_rfc5424(encoder(**names).encode({"data": {"a": 1}}).payload).structured_data == {
        "fapilog@7": {"a": "1"}
    }


def test_cef_settings_reach_the_record() -> None:
    """Vendor, product and version are escaped like everything else."""
    names = {"cef_vendor": "A|B", "cef_product": "C\\D", "cef_version": "2"}
    record = read_cef(encoder(format="cef", cef_header="none", **names).encode({}).payload.decode())

    assert (record.vendor, record.product, record.version) == ("A|B", "C\\D", "2")


@pytest.mark.parametrize("header", ["rfc5424", "rfc3164", "none"])
def test_cef_header_is_as_asked(header: str) -> None:
    """The record follows the header at once: no tag, no structured data."""
    payload = encoder(format="cef", cef_header=header).encode(copy.deepcopy(EVENT)).payload
    local = datetime.fromtimestamp(1_795_446_352).strftime("%H:%M:%S web1 ")
    before = {"rfc5424": f" web1 fapilog {PID} shop.payment - ", "rfc3164": local, "none": ""}

    assert payload.split(b"CEF:0|")[0].decode().endswith(before[header])
    assert read_any_cef(payload, header).name == "payment failed"


def test_unreadable_time_is_kept_as_a_field() -> None:
    """Without a readable time the header has none, and the original is not lost."""
    message = read_rfc5424(encoder().encode({"timestamp": "noon"}).payload)

    assert message.timestamp == "-"
    assert message.structured_data["fapilog@32473"] == {"timestamp": "noon"}


def test_rfc3164_falls_back_to_the_clock() -> None:
    """RFC 3164 has no way to say that the time is unknown: the time of receipt stands in."""
    payload = encoder(format="cef").encode({"timestamp": "noon"}).payload
    local = datetime.fromtimestamp(1_000_000_000)
    _, time_text, _, rest = read_rfc3164(payload)

    assert time_text == f"Sep {local.day:2} {local:%H:%M:%S}"
    assert read_cef(rest).extension["fapilogTimestamp"] == "noon"
    assert "rt" not in read_cef(rest).extension


def test_data_cannot_pose_as_the_host() -> None:
    """A key of the application that looks like one of the host's gets a number, or a prefix."""
    event = {"level": "INFO", "data": {"level": "DEBUG", "src": "6.6.6.6", "msg": "x"}}
    sd = read_rfc5424(encoder().encode(event).payload).structured_data["fapilog@32473"]
    record = encoder(format="cef", cef_header="none").encode(event)
    extension = read_cef(record.payload.decode()).extension

    assert sd == {"level": "INFO", "level2": "DEBUG", "src": "6.6.6.6", "msg": "x"}
    assert (extension["fapilogLevel"], extension["fapilogLevel2"]) == ("INFO", "DEBUG")
    assert {"src", "msg"}.isdisjoint(extension)


@pytest.mark.parametrize("message", ["<0>1 - - - - - - forged", "7 <0>x", "\n<0>x", "\ufeffx"])
def test_message_stays_inside_msg(message: str) -> None:
    """A message that looks like a message, a count or a BOM is text."""
    parsed = read_rfc5424(encoder().encode({"level": "INFO", "message": message}).payload)

    assert (parsed.priority, parsed.text) == (134, message.lstrip("\ufeff"))


@pytest.mark.fault(22, promise=21)
def test_long_message_is_cut_on_a_character() -> None:
    """`message_max_bytes` counts bytes, header included, and the cut is marked and reported."""
    record = encoder(message_max_bytes=2_000).encode({"message": "\U0001f600" * 2_000})
    message = read_rfc5424(record.payload)

    assert 1_996 < len(record.payload) <= 2_000
    assert message.text.strip("\U0001f600") == "[...]"
    assert record.truncated


@pytest.mark.fault(21, 23, promise=19)
@quick
@given(EVENTS)
def test_any_event_is_one_valid_rfc5424_message(event: dict[str, Any]) -> None:
    """Whatever an event holds: valid, within the limit, the header ours, the event unchanged."""
    before = copy.deepcopy(event)
    first = encoder(message_max_bytes=1_024).encode(event)
    message = read_rfc5424(first.payload)

    assert len(first.payload) <= 1_024
    assert (message.hostname, message.app_name, message.procid) == ("web1", "fapilog", PID)
    assert message.priority in range(16 * 8 + 1, 17 * 8)
    assert message.structured_data.keys() <= {"fapilog@32473"}
    assert not any(byte < 0x20 and byte not in b"\n\t" for byte in first.payload)
    assert encoder(message_max_bytes=1_024).encode(event).payload == first.payload
    assert event == before


@pytest.mark.fault(21, 23, 24, promise=19)
@quick
@given(EVENTS)
@pytest.mark.parametrize("header", ["rfc5424", "rfc3164", "none"])
def test_any_event_is_one_valid_cef_record(header: str, event: dict[str, Any]) -> None:
    """Whatever an event holds: one line, valid, within the limit, and no dictionary key forged."""
    record = encoder(format="cef", cef_header=header, message_max_bytes=1_024).encode(event)
    parsed = read_any_cef(record.payload, header)

    assert len(record.payload) <= 1_024
    assert not any(byte < 0x20 for byte in record.payload)
    assert (parsed.vendor, parsed.product, parsed.version) == ("fapilog", "application", "1.0")
    assert parsed.extension.get("dvchost") == "web1"
    assert {"src", "dst", "act"}.isdisjoint(parsed.extension)
