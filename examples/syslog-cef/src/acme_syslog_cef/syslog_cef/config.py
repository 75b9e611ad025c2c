# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Settings of the syslog/CEF sink; flat, frozen, checked at construction."""

from __future__ import annotations

from typing import Literal
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, field_validator, model_validator

from .._delivery.settings import DeliverySettings, TargetSettings, TlsSettings

DEFAULT_PORTS = {"tcp": 514, "udp": 514, "tls": 6514}
"""RFC 5426 section 3.3 and RFC 5425 section 4.1; plain TCP has no registered port, 514 is usual."""

_HOST_AND_PORT = "url must name a host and a port from 1 to 65535, e.g. tcp://[::1]:514"

Facility = Literal[
    "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip


class SyslogCefConfig(TargetSettings, TlsSettings, DeliverySettings):
    """Where messages go, in which form, and how they call themselves."""

    url: str
    """`tcp://host:port`, `tls://host:port` or `udp://host:port`; an IPv6 address stands in
    brackets. Without a port: 514, or 6514 for TLS."""
    failover_urls: tuple[str, ...] = ()
    """More receivers, used when `url` does not take messages, in this order."""
    format: Literal["rfc5424", "cef"] = "rfc5424"
    """What one message is: RFC 5424 with structured data, which every syslog receiver reads and
    which keeps all fields, or a CEF record for a SIEM that asks for CEF."""
    framing: Literal["octet", "lf"] = "octet"
    """TCP and TLS: octet counting (RFC 6587 3.4.1; TLS requires it), or one line per message with
    all control characters replaced. UDP: one datagram per message, whatever is set here."""
    facility: Facility = "local0"
    """Facility in the PRI. Not `user`, which many programs use, so that a receiver can tell them
    apart."""
    app_name: str = Field(default="fapilog", pattern=r"^[!-~]{1,48}$")
    """APP-NAME of RFC 5424: 1 to 48 printable ASCII characters without spaces."""
    hostname: str | None = Field(default=None, pattern=r"^[!-~]{1,255}$")
    """HOSTNAME of the messages and `dvchost` of CEF; None: what this machine calls itself."""
    enterprise_id: int = Field(default=32473, ge=1, le=4_294_967_295)
    """IANA private enterprise number in the SD-ID `fapilog@<number>`. 32473 is the one reserved for
    documentation (RFC 5612): set your organisation's."""
    cef_header: Literal["rfc5424", "rfc3164", "none"] = "rfc3164"
    """CEF: what stands before `CEF:0|`. `rfc3164` is time and host without a tag, as ArcSight and
    Microsoft Sentinel want it; `rfc5424` for receivers of RFC 5424 only; `none` for agents."""
    cef_vendor: str = Field(default="fapilog", pattern=r"^[ -~]*[!-~][ -~]*$", max_length=63)
    """CEF Device Vendor, printable ASCII; vendor and product together are unique to one product."""
    cef_product: str = Field(default="application", pattern=r"^[ -~]*[!-~][ -~]*$", max_length=63)
    """CEF Device Product, printable ASCII."""
    cef_version: str = Field(default="1.0", pattern=r"^[ -~]*[!-~][ -~]*$", max_length=31)
    """CEF Device Version: the version of your application."""
    message_max_bytes: int = Field(default=8_096, ge=1_024, le=1_000_000)
    """A message, header included, is shortened to this. rsyslog splits longer ones unless its
    `maxMessageSize` is raised (measured: 8096 in effect)."""
    datagram_max_bytes: int = Field(default=1_452, ge=1_024, le=65_507)
    """UDP: a message is shortened to this; 1452 passes an Ethernet whole, on IPv4 and IPv6."""
    tail_max_bytes: int = Field(default=4 * 1024 * 1024, ge=65_536)
    """TCP and TLS: how much of what was written last is sent again after a connection was lost. A
    quarter of it is the send buffer of the socket."""
    tail_max_seconds: float = Field(default=10.0, gt=0, le=300)
    """TCP and TLS: age at which what was written counts as delivered."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        return _checked(url)

    @field_validator("failover_urls")
    @classmethod
    def _check_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_checked(url) for url in urls)

    @model_validator(mode="after")
    def _check_together(self) -> SyslogCefConfig:
        if self.transport != "tls":
            for name in TlsSettings.model_fields:
                if getattr(self, name):
                    raise ValueError(
                        f"{name} has no effect with {self.transport}://: use a tls:// url"
                    )
        pending = self.tail_max_bytes + self.batch_max_bytes
        if self.transport != "udp" and pending > self.buffer_max_bytes:
            raise ValueError(
                "buffer_max_bytes must hold tail_max_bytes and batch_max_bytes: what is in the tail"
                " is not settled yet. Raise buffer_max_bytes or lower the other two"
            )
        return self

    @property
    def transport(self) -> str:
        """`tcp`, `tls` or `udp`."""
        return urlsplit(self.url).scheme

    @property
    def payload_max_bytes(self) -> int:
        """Longest message without framing."""
        if self.transport == "udp":
            return min(self.message_max_bytes, self.datagram_max_bytes)
        return self.message_max_bytes


def host_and_port(url: str) -> tuple[str, int]:
    """Return host name or address, without brackets, and the port or the default of the scheme."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]


def _checked(url: str) -> str:
    parts = _split(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("url must begin with tcp://, tls:// or udp://, e.g. tls://siem.example")
    if parts.username is not None or parts.password is not None:
        raise ValueError("url must not hold a user name or password: syslog knows none")
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("url must end after the port: syslog knows no path, query or fragment")
    if not _is_host(parts.hostname) or not _has_valid_port(parts):
        raise ValueError(_HOST_AND_PORT)
    return url


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError(_HOST_AND_PORT) from None


def _is_host(host: str | None) -> bool:
    try:
        return bool(host) and bool(str(host).encode("idna"))
    except UnicodeError:
        return False


def _has_valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False
