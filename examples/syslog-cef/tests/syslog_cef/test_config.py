# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""What the settings accept, refuse and say."""

import typing
from typing import Any

import pytest
from pydantic import ValidationError

from acme_syslog_cef.syslog_cef.config import (
    Facility,
    SyslogCefConfig,
    host_and_port,
)
from acme_syslog_cef.syslog_cef.rfc5424 import (
    FACILITIES,
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
        ({"cef_vendor": " "}, "cef_vendor"),
        ({"cef_product": "x" * 64}, "cef_product"),
        ({"cef_version": "1\n2"}, "cef_version"),
        ({"message_max_bytes": 1_000}, "message_max_bytes"),
        ({"tls_ca_file": "ca.pem"}, "use a tls:// url"),
        ({"tls_skip_verification": "true"}, "use a tls:// url"),
        ({"buffer_max_bytes": 5_000_000}, "buffer_max_bytes must hold"),
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
