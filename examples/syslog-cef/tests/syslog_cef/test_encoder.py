# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Whole events through the encoder, in every format and header."""

import copy
import json
import os
import tracemalloc
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
    read_leef,
    read_rfc3164,
    read_rfc5424,
)
from .events import EVENT, EVENTS, quick

PID = str(os.getpid())
HEADERS: dict[str, dict[str, str]] = {"json": {"header": "rfc3164"}}


def encoder(**options: Any) -> Encoder:
    """Return an encoder on a machine called web1, at a fixed time."""
    config = SyslogCefConfig(url="tcp://siem.example", **options)
    return Encoder(config, hostname="web1", clock=lambda: 1_000_000_000.0)


def read_any_cef(data: bytes, header: str) -> CefRecord:
    """Strip the header that was asked for, strictly, and read the record."""
    if header == "rfc5424":
        return read_cef(read_rfc5424(data).text)
    return read_cef(read_rfc3164(data)[3] if header == "rfc3164" else data.decode())


def bare(event: dict[str, Any], format_name: str, **options: Any) -> Any:
    """Read the record of an event, without a header."""
    payload = encoder(format=format_name, header="none", **options).encode(event).payload
    return (read_cef if format_name == "cef" else read_leef)(payload.decode())


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
    }
    assert message.structured_data["data@32473"] == {
        "order.id": "12",
        "order.paid": "false",
        "tags": '["a","b"]',
    }


def test_cef_event() -> None:
    """Every value has a key of the dictionary or one of its own, and the message comes last."""
    record = encoder(format="cef", header="none").encode(copy.deepcopy(EVENT))
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
        "data@7": {"a": "1"}
    }


def test_cef_settings_reach_the_record() -> None:
    """Vendor, product and version are escaped like everything else."""
    names = {"device_vendor": "A|B", "device_product": "C\\D", "device_version": "2"}
    record = read_cef(encoder(format="cef", header="none", **names).encode({}).payload.decode())

    assert (record.vendor, record.product, record.version) == ("A|B", "C\\D", "2")


@pytest.mark.parametrize(
    ("level", "syslog", "cef"),
    [
        ("CRITICAL", 2, 10),
        ("ERROR", 3, 8),
        ("WARNING", 4, 6),
        ("SECURITY", 4, 7),
        ("AUDIT", 5, 4),
        ("INFO", 6, 3),
        ("DEBUG", 7, 1),
        ("error", 3, 8),
        ("BESPOKE", 6, 3),
        (None, 6, 3),
        (["ERROR"], 6, 3),
    ],
    ids=str,
)
def test_levels_become_severities(level: Any, syslog: int, cef: int) -> None:
    """Every level has a severity; one that nobody listed, or that is no text, counts as INFO."""
    event = {"level": level}

    assert read_rfc5424(encoder().encode(event).payload).priority == 16 * 8 + syslog
    assert bare(event, "cef").severity == cef


def test_maps_of_levels_add_to_the_defaults() -> None:
    """A level may have another facility and severities; the others stay as they are."""
    options: dict[str, Any] = {
        "facility_map": {"AUDIT": "authpriv"},
        "severity_map": {"AUDIT": 1, "BESPOKE": 4},
        "cef_severity_map": {"AUDIT": 9},
    }
    priorities = [
        read_rfc5424(encoder(**options).encode({"level": level}).payload).priority
        for level in ("AUDIT", "BESPOKE", "ERROR")
    ]

    assert priorities == [10 * 8 + 1, 16 * 8 + 4, 16 * 8 + 3]
    assert bare({"level": "AUDIT"}, "cef", **options).severity == 9


def test_sd_keys_name_params_and_elements() -> None:
    """A field may have another name, another element, a registered one, or be left out."""
    keys = {
        "level": "",
        "user_id": "uid",
        "data.order.id": "order id",
        "service": "origin software",
    }
    event = copy.deepcopy(EVENT)
    sd = read_rfc5424(encoder(sd_keys=keys).encode(event).payload).structured_data

    assert sd["order@32473"] == {"id": "12"}
    assert sd["origin"] == {"software": "shop"}
    assert sd["fapilog@32473"]["uid"] == "u-7"
    assert "level" not in sd["fapilog@32473"]
    assert set(sd["data@32473"]) == {"order.paid", "tags"}


def test_cef_keys_name_fields() -> None:
    """A field may have a key of the dictionary, a custom one with its label, or be left out."""
    keys = {
        "level": "",
        "data.client": "src",
        "data.peer": "dst",
        "data.port": "spt",
        "data.bytes": "in",
        "data.at": "start",
        "data.order.id": "cn1 orderId",
    }
    data = {
        "client": "192.0.2.7",
        "peer": "2001:db8::7",
        "port": 443,
        "bytes": "many",
        "at": "2026-11-23T15:05:52.967Z",
        "order": {"id": 12},
        "src": "6.6.6.6",
    }
    extension = bare({"data": data, "level": "INFO"}, "cef", cef_keys=keys).extension

    assert extension["src"] == "192.0.2.7"
    assert extension["c6a3"] == "2001:db8::7"
    assert extension["c6a3Label"] == "Destination IPv6 Address"
    assert (extension["spt"], extension["start"]) == ("443", "1795446352967")
    assert (extension["cn1Label"], extension["cn1"]) == ("orderId", "12")
    assert extension["fapilogSrc"] == "6.6.6.6"
    assert extension["fapilogBytes"] == "many", "what the key does not take gets one of its own"
    assert {"in", "dst", "fapilogLevel"}.isdisjoint(extension)


def test_two_fields_do_not_share_a_key() -> None:
    """The second field for a key gets one of its own: no reader knows which of two it should take."""
    keys = {"data.a": "act", "data.b": "act", "data.c": "msg"}
    event = {"data": {"a": "1", "b": "2", "c": "3"}, "message": "m"}
    extension = bare(event, "cef", cef_keys=keys).extension

    assert (extension["act"], extension["fapilogB"]) == ("1", "2")
    assert (extension["msg"], extension["fapilogC"]) == ("m", "3")


def test_id_and_name_come_from_fields_of_the_event() -> None:
    """Signature ids and names are fields of the owner's choice; logger and message stand in."""
    options = {"event_id_field": "data.code", "event_name_field": "data.title"}
    event = {"logger": "a.b", "message": "m", "data": {"code": "E7", "title": "Login failed"}}
    record = bare(event, "cef", **options)
    without = bare({"logger": "a.b", "message": "m"}, "cef", **options)

    assert (record.class_id, record.name) == ("E7", "Login failed")
    assert (without.class_id, without.name) == ("a.b", "m")
    assert bare(event, "leef", **options).event_id == "E7"
    assert read_rfc5424(encoder(**options).encode(event).payload).msgid == "E7"


def test_cef_number_and_time_form() -> None:
    """CEF:1 says so, and `rt` may be text for receivers that do not read milliseconds."""
    options = {"cef_number": 1, "cef_time": "text", "cef_keys": {"data.who": "threatActor"}}
    event = {"timestamp": "2026-11-03T15:05:52.967Z", "data": {"who": "x"}}
    record = encoder(format="cef", header="none", **options).encode(event).payload.decode()

    assert record.startswith("CEF:1|")
    assert record.endswith(" threatActor=x")
    assert "|rt=Nov 03 2026 15:05:52.967 UTC " in record


def test_leef_event() -> None:
    """LEEF has its own names for what it knows, and a prefix for all else."""
    record = bare(copy.deepcopy(EVENT), "leef")

    assert (record.vendor, record.product, record.version) == ("fapilog", "application", "1.0")
    assert record.event_id == "shop.payment"
    assert list(record.attributes.items()) == [
        ("devTime", "1795446352967"),
        ("sev", "8"),
        ("fapilogHost", "web1"),
        ("fapilogLevel", "ERROR"),
        ("cat", "shop.payment"),
        ("fapilogCorrelationId", "c-1"),
        ("usrName", "u-7"),
        ("fapilogErrorType", "ValueError"),
        ("fapilogErrorMessage", "no card"),
        ("fapilogOrigin", "native"),
        ("resource", "shop"),
        ("fapilogOrderId", "12"),
        ("fapilogOrderPaid", "false"),
        ("fapilogTags", '["a","b"]'),
        ("msg", "payment failed"),
    ]


def test_leef_severity_is_never_zero() -> None:
    """LEEF counts from 1."""
    attributes = bare({"level": "X"}, "leef", cef_severity_map={"X": 0}).attributes

    assert attributes["sev"] == "1"


def test_leef_keys_and_delimiter_are_used() -> None:
    """An attribute of the receiver's for a field, and the delimiter of the owner's choice."""
    event = {"data": {"client": "2001:db8::7", "note": "a;b"}}
    options = {"leef_keys": {"data.client": "src"}, "leef_delimiter": ";"}
    payload = encoder(format="leef", header="none", **options).encode(event).payload
    record = read_leef(payload.decode())

    assert b"|;|" in payload
    assert record.attributes["src"] == "2001:db8::7"
    assert record.attributes["fapilogNote"] == "a_b"


def test_leef_1_is_separated_by_tabs() -> None:
    """LEEF 1.0 names no delimiter."""
    payload = encoder(format="leef", header="none", leef_version="1.0").encode(EVENT).payload

    assert payload.startswith(b"LEEF:1.0|fapilog|application|1.0|shop.payment|devTime=")
    assert payload.count(b"\t") == 14


def test_pipes_are_replaced_on_request() -> None:
    """For receivers that split at every pipe: none in the header of CEF, none in values of LEEF."""
    options = {"replace_pipes": True, "device_vendor": "A|B"}
    event = {"message": "a|b", "logger": "c|d", "data": {"v": "e|f"}}
    cef = bare(event, "cef", **options)
    leef = bare(event, "leef", **options)

    assert (cef.vendor, cef.name, cef.class_id) == ("A_B", "a_b", "c_d")
    assert (cef.extension["msg"], cef.extension["fapilogV"]) == ("a|b", "e|f")
    assert (leef.vendor, leef.attributes["msg"], leef.attributes["fapilogV"]) == (
        "A_B",
        "a_b",
        "e_f",
    )


def test_json_event_is_the_whole_event() -> None:
    """JSON keeps types and nesting."""
    message = read_rfc5424(encoder(format="json").encode(copy.deepcopy(EVENT)).payload)

    assert json.loads(message.text) == EVENT
    assert message.structured_data == {}


@pytest.mark.parametrize("format_name", ["json", "rfc3164"])
def test_rfc3164_has_a_tag_where_text_follows(format_name: str) -> None:
    """Without one a receiver would take the first word of the text for the tag."""
    payload = encoder(format=format_name, **HEADERS.get(format_name, {})).encode(EVENT).payload
    _, _, host, rest = read_rfc3164(payload)

    assert host == "web1"
    assert rest.startswith(f"fapilog[{PID}]: ")


def test_rfc3164_is_one_line() -> None:
    """The stack follows the message on the same line."""
    rest = read_rfc3164(encoder(format="rfc3164").encode(EVENT).payload)[3]

    assert rest == f"fapilog[{PID}]: payment failed Traceback   line 1"


def test_byte_order_mark_is_an_option() -> None:
    """It stands before the text when it is asked for."""
    assert b" \xef\xbb\xbfm" in encoder(bom=True).encode({"message": "m"}).payload
    assert b"\xef\xbb\xbf" not in encoder().encode({"message": "m"}).payload


@pytest.mark.parametrize("header", ["rfc5424", "rfc3164", "none"])
def test_cef_header_is_as_asked(header: str) -> None:
    """The record follows the header at once: no tag, no structured data."""
    payload = encoder(format="cef", header=header).encode(copy.deepcopy(EVENT)).payload
    local = datetime.fromtimestamp(1_795_446_352).strftime("%H:%M:%S web1 ")
    before = {"rfc5424": f" web1 fapilog {PID} CEF - ", "rfc3164": local, "none": ""}

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
    """What the application says is in an element of its own, or under keys with a prefix."""
    event = {"level": "INFO", "data": {"level": "DEBUG", "src": "6.6.6.6", "msg": "x"}}
    sd = read_rfc5424(encoder().encode(event).payload).structured_data
    record = encoder(format="cef", header="none").encode(event)
    extension = read_cef(record.payload.decode()).extension

    assert sd["fapilog@32473"] == {"level": "INFO"}
    assert sd["data@32473"] == {"level": "DEBUG", "src": "6.6.6.6", "msg": "x"}
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
    assert message.text.strip("\U0001f600") == "[...2000]"
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
    assert message.structured_data.keys() <= {"fapilog@32473", "data@32473"}
    assert not any(byte < 0x20 and byte not in b"\n\t" for byte in first.payload)
    assert encoder(message_max_bytes=1_024).encode(event).payload == first.payload
    assert event == before


@pytest.mark.fault(21, 23, 24, promise=19)
@quick
@given(EVENTS)
@pytest.mark.parametrize("header", ["rfc5424", "rfc3164", "none"])
def test_any_event_is_one_valid_cef_record(header: str, event: dict[str, Any]) -> None:
    """Whatever an event holds: one line, valid, within the limit, and no dictionary key forged."""
    record = encoder(format="cef", header=header, message_max_bytes=1_024).encode(event)
    parsed = read_any_cef(record.payload, header)

    assert len(record.payload) <= 1_024
    assert not any(byte < 0x20 for byte in record.payload)
    assert (parsed.vendor, parsed.product, parsed.version) == ("fapilog", "application", "1.0")
    assert parsed.extension.get("dvchost") == "web1"
    assert {"src", "dst", "act"}.isdisjoint(parsed.extension)


@quick
@given(EVENTS)
@pytest.mark.parametrize("version", ["1.0", "2.0"])
def test_any_event_is_one_valid_leef_record(version: str, event: dict[str, Any]) -> None:
    """Whatever an event holds: one line, valid, within the limit, no attribute of the dictionary forged."""
    options: dict[str, Any] = {"leef_version": version, "message_max_bytes": 1_024}
    record = encoder(format="leef", **options).encode(event)
    parsed = read_leef(read_rfc3164(record.payload)[3])

    assert len(record.payload) <= 1_024
    assert (parsed.vendor, parsed.product, parsed.version) == ("fapilog", "application", "1.0")
    assert parsed.attributes.get("fapilogHost") == "web1"
    assert {"src", "dst", "identHostName", "isLoginEvent"}.isdisjoint(parsed.attributes)


@quick
@given(EVENTS)
def test_any_event_is_one_valid_json_message(event: dict[str, Any]) -> None:
    """Whatever an event holds: valid JSON on one line within the limit, whole if there is room."""
    whole = encoder(format="json", message_max_bytes=1_000_000).encode(event)
    short = encoder(format="json", message_max_bytes=1_024).encode(event)
    cut = json.loads(read_rfc5424(short.payload).text)

    assert json.loads(read_rfc5424(whole.payload).text) == event
    assert b"\n" not in short.payload
    assert len(short.payload) <= 1_024
    assert short.truncated == (cut != event)
    assert cut.get("omitted", 0) == len(event) - len(cut.keys() - {"omitted"})


@quick
@given(EVENTS)
def test_any_event_is_one_valid_rfc3164_message(event: dict[str, Any]) -> None:
    """Whatever an event holds: one line within the limit, header and tag ours."""
    payload = encoder(format="rfc3164").encode(event).payload
    priority, _, host, rest = read_rfc3164(payload)

    assert len(payload) <= 1_024
    assert priority in range(16 * 8 + 1, 17 * 8)
    assert host == "web1"
    assert rest.startswith(f"fapilog[{PID}]: ")
    assert not any(byte < 0x20 or byte == 0x7F for byte in payload)


def test_texts_of_events_are_not_remembered() -> None:
    """What is remembered to save time is short, however long names and ids of events are."""
    encode = encoder().encode
    tracemalloc.start()
    try:
        for number in range(30):
            long = f"{number}" + "n" * 1_000_000
            encode({"logger": long, "data": {long: "v"}})
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < 5_000_000
