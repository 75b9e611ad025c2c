# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""What the settings accept, refuse and say."""

import typing
from typing import Any

import pytest
from pydantic import ValidationError

from acme_syslog_cef.syslog_cef.address import (
    host_and_port,
)
from acme_syslog_cef.syslog_cef.config import (
    SyslogCefConfig,
)
from acme_syslog_cef.syslog_cef.formats import (
    Facility,
)
from acme_syslog_cef.syslog_cef.tables import (
    FACILITIES,
    PRESETS,
)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("tcp://siem.example", ("tcp", "siem.example", 514)),
        ("udp://siem.example", ("udp", "siem.example", 514)),
        ("tls://siem.example", ("tls", "siem.example", 6514)),
        ("tls://siem.example:10514", ("tls", "siem.example", 10514)),
        ("tcp://[2001:db8::1]:601", ("tcp", "2001:db8::1", 601)),
        ("udp://192.0.2.1/", ("udp", "192.0.2.1", 514)),
        ("relp://siem.example", ("relp", "siem.example", 2514)),
        ("relps://siem.example:20514", ("relps", "siem.example", 20514)),
        ("unix:///run/syslog/stream", ("unix", "/run/syslog/stream", 0)),
        ("unixgram:///dev/log", ("unixgram", "/dev/log", 0)),
    ],
)
def test_url_names_transport_host_and_port(url: str, expected: tuple[str, str, int]) -> None:
    """Ports default to the registered ones; IPv6 addresses stand in brackets."""
    config = SyslogCefConfig(url=url)

    assert (config.transport, *host_and_port(config.url)) == expected


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("siem.example:514", "begin with tcp://"),
        ("https://siem.example", "begin with tcp://"),
        ("tcp://", "name a host"),
        ("tcp://siem.example:0", "port from 1"),
        ("tcp://siem.example:70000", "port from 1"),
        ("tcp://siem.example:port", "port from 1"),
        ("tcp://[::1", "name a host"),
        ("tcp://.example", "name a host"),
        ("tcp://siem.example/path", "end after the port"),
        ("tcp://siem.example?x=1", "end after the port"),
        ("unix://dev/log", "absolute path"),
        ("unixgram://", "absolute path"),
        ("unix:///dev/log?x=1", "absolute path"),
    ],
)
def test_bad_url_is_refused_with_advice(url: str, advice: str) -> None:
    """A url that cannot work is refused at construction, with what to write instead."""
    with pytest.raises(ValidationError, match=advice):
        SyslogCefConfig(url=url)


def test_password_in_url_is_not_repeated() -> None:
    """Credentials have no place in the url, and the refusal does not print them."""
    with pytest.raises(ValidationError, match="user name") as caught:
        SyslogCefConfig(url="tls://root:hunter2@siem.example")

    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"app_name": "two words"}, "app_name"),
        ({"app_name": "x" * 49}, "app_name"),
        ({"hostname": "h\xf6st"}, "hostname"),
        ({"facility": "kern"}, "facility"),
        ({"enterprise_id": 0}, "enterprise_id"),
        ({"device_vendor": " "}, "device_vendor"),
        ({"device_product": "x" * 64}, "device_product"),
        ({"device_version": "1\n2"}, "device_version"),
        ({"message_max_bytes": 1_000}, "message_max_bytes"),
        ({"tls_ca_file": "ca.pem"}, "use a tls:// or relps:// url"),
        ({"tls_skip_verification": "true"}, "use a tls:// or relps:// url"),
        ({"buffer_max_bytes": 9_000_000}, "buffer_max_bytes must hold"),
        ({"preset": "arcsite"}, "preset"),
        ({"header": "none"}, "header has no effect with format rfc5424"),
        ({"format": "rfc3164", "header": "rfc5424"}, "header has no effect with format rfc3164"),
        ({"facility_map": {"AUDIT": "kern"}}, "AUDIT: no facility of that name"),
        ({"severity_map": {"AUDIT": 8}}, "from 0 to 7"),
        ({"cef_severity_map": {"AUDIT": 11}}, "cef_severity_map"),
        ({"sd_keys": {"level": "a b c"}}, "level: no legal name"),
        ({"sd_keys": {"level": "two]"}}, "no legal name"),
        ({"sd_keys": {"level": "a@1 b"}}, "no legal name"),
        ({"cef_keys": {"data.a": "a-b"}}, "letters and digits only"),
        ({"cef_keys": {"data.a": "eventId"}}, "eventId must not be sent"),
        ({"cef_keys": {"data.a": "cs1Label"}}, "cs1Label must not be sent"),
        ({"cef_keys": {"data.a": "cs1"}}, "cs1 needs a label"),
        ({"cef_keys": {"data.a": "cs1 two words"}}, "cs1 needs a label"),
        ({"cef_keys": {"data.a": "src Client"}}, "src takes no label"),
        ({"cef_keys": {"data.a": "threatActor"}}, "threatActor must not be sent"),
        ({"leef_keys": {"data.a": "identMAC"}}, "identMAC must not be sent"),
        ({"leef_keys": {"data.a": "src Client"}}, "src takes no label"),
        ({"leef_delimiter": "|"}, "leef_delimiter"),
        ({"leef_delimiter": "x"}, "leef_delimiter"),
        ({"no_such_setting": 1}, "no_such_setting"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_bad_setting_is_refused(settings: dict[str, Any], advice: str) -> None:
    """A value that would break messages, or have no effect, is refused by name."""
    with pytest.raises(ValidationError, match=advice):
        SyslogCefConfig(url="tcp://siem.example", **settings)


def test_settings_may_be_strings() -> None:
    """Environment variables arrive as text."""
    config = SyslogCefConfig.model_validate(
        {"url": "tls://siem.example", "tail_max_bytes": "65536", "enterprise_id": "99"}
    )

    assert (config.tail_max_bytes, config.enterprise_id) == (65_536, 99)


def test_small_buffer_is_enough_for_datagrams() -> None:
    """UDP has no tail, so the buffer need not hold one."""
    config = SyslogCefConfig(url="udp://siem.example", buffer_max_bytes=10_000)

    assert config.buffer_max_bytes == 10_000


@pytest.mark.parametrize("preset", PRESETS)
def test_preset_sets_what_is_not_given(preset: str) -> None:
    """A preset stands for its settings, and gives way to one that is written beside it."""
    config = SyslogCefConfig.model_validate({"url": "tcp://siem.example", "preset": preset})
    other = SyslogCefConfig.model_validate(
        {"url": "tcp://siem.example", "preset": preset, "framing": "octet"}
    )

    assert {name: getattr(config, name) for name in PRESETS[preset]} == PRESETS[preset]
    assert (config.framing, other.framing) == ("lf", "octet")


@pytest.mark.parametrize(
    ("old", "new", "value"),
    [
        ("cef_header", "header", "none"),
        ("cef_vendor", "device_vendor", "Acme"),
        ("cef_product", "device_product", "Shop"),
        ("cef_version", "device_version", "7"),
    ],
)
def test_names_of_0_1_are_read(old: str, new: str, value: str) -> None:
    """With a warning; beside a preset they win as the new ones do, and both names are refused."""
    given = {"url": "tcp://siem.example", "format": "cef", "preset": "arcsight", old: value}
    with pytest.warns(DeprecationWarning, match=f"{old} is called {new} now"):
        config = SyslogCefConfig.model_validate(given)
    assert getattr(config, new) == value
    with pytest.raises(ValidationError, match=f"{old} is the old name of {new}"):
        SyslogCefConfig.model_validate({**given, new: value})


def test_maps_come_from_environment_variables() -> None:
    """A mapping may be written as JSON; settings that are equal are one key for sharing."""
    text = {"url": "tcp://siem.example", "cef_keys": '{"data.a": "cs1 order", "user_id": ""}'}
    config = SyslogCefConfig.model_validate(text)

    assert dict(config.cef_keys) == {"data.a": "cs1 order", "user_id": ""}
    assert hash(config) == hash(SyslogCefConfig.model_validate(text))


def test_cef_1_has_more_keys() -> None:
    """What CEF 1.2 added may be used when the record says so."""
    settings = {"cef_number": 1, "cef_keys": {"data.actor": "threatActor"}}

    assert SyslogCefConfig(url="tcp://siem.example", **settings).cef_number == 1


@pytest.mark.parametrize(
    ("format_name", "header", "limit"),
    [
        ("rfc5424", "rfc5424", 8_096),
        ("rfc3164", "rfc3164", 1_024),
        ("cef", "rfc3164", 8_096),
        ("leef", "rfc3164", 8_096),
        ("json", "rfc5424", 8_096),
    ],
)
def test_formats_have_their_own_defaults(format_name: str, header: str, limit: int) -> None:
    """Header and longest message depend on the format, until they are set."""
    config = SyslogCefConfig.model_validate({"url": "tcp://siem", "format": format_name})

    assert (config.effective_header, config.payload_max_bytes) == (header, limit)


def test_every_facility_has_a_number() -> None:
    """The names that are accepted are the names the wire table knows."""
    assert set(typing.get_args(Facility)) == set(FACILITIES)


@pytest.mark.parametrize(("scheme", "expected"), [("tcp", 4_000), ("tls", 4_000), ("udp", 2_000)])
def test_datagrams_have_their_own_limit(scheme: str, expected: int) -> None:
    """`datagram_max_bytes` limits UDP only."""
    config = SyslogCefConfig(
        url=f"{scheme}://siem.example", message_max_bytes=4_000, datagram_max_bytes=2_000
    )

    assert config.payload_max_bytes == expected
