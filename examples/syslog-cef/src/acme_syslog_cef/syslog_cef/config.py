# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Settings of the syslog/CEF sink; flat, frozen, checked at construction. The formats': `formats.py`."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from .._delivery.settings import DeliverySettings, TargetSettings, TlsSettings
from .address import checked_url
from .formats import FormatSettings

DATAGRAMS = ("udp", "unixgram")
ENCRYPTED = ("tls", "relps")
RELP = ("relp", "relps")


class SyslogCefConfig(FormatSettings, TargetSettings, TlsSettings, DeliverySettings):
    """Where messages go, how, in which form, and how they call themselves."""

    url: str
    """`tcp://host:port`, `tls://host:port`, `udp://host:port`, `relp://host:port`, `relps://host:port`
    (RELP over TLS), `unix:///path` (stream) or `unixgram:///path`; an IPv6 address stands in brackets.
    Without a port: 514, 6514 for TLS, 2514 for RELP."""
    failover_urls: tuple[str, ...] = ()
    """More receivers, used when `url` does not take messages, in this order."""
    framing: Literal["octet", "lf"] = "octet"
    """TCP, TLS and unix: octet counting (RFC 6587 3.4.1; TLS requires it), or one line per message with
    all control characters replaced. A datagram, and RELP, need neither."""
    datagram_max_bytes: int = Field(default=1_452, ge=1_024, le=65_507)
    """UDP: a message is shortened to this; 1452 passes an Ethernet whole, on IPv4 and IPv6."""
    resend_tail: bool = True
    """TCP, TLS and unix: send again what may be lost with a connection, at the price of duplicates.
    False: what was written counts as delivered."""
    tail_max_bytes: int = Field(default=8 * 1024 * 1024, ge=65_536)
    """TCP, TLS and unix: how much of what was written last may be sent again. A quarter of it is our send
    buffer; the rest covers what the receiver's system holds unread, on Linux up to 6 MiB."""
    tail_max_seconds: float = Field(default=10.0, gt=0, le=300)
    """TCP, TLS and unix: age at which what was written counts as delivered."""
    relp_window: int = Field(default=128, ge=1, le=10_000)
    """RELP: messages on their way without an acknowledgement; as many can arrive twice."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        return checked_url(url)

    @field_validator("failover_urls")
    @classmethod
    def _check_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(checked_url(url) for url in urls)

    @model_validator(mode="after")
    def _check_together(self) -> SyslogCefConfig:
        if self.transport not in ENCRYPTED:
            for name in TlsSettings.model_fields:
                if getattr(self, name):
                    raise ValueError(
                        f"{name} has no effect with {self.transport}://: use a tls:// or relps:// url"
                    )
        if self.has_tail and self.tail_max_bytes + self.batch_max_bytes > self.buffer_max_bytes:
            raise ValueError(
                "buffer_max_bytes must hold tail_max_bytes and batch_max_bytes: what is in the tail"
                " is not settled yet. Raise buffer_max_bytes or lower the other two"
            )
        return self

    @property
    def transport(self) -> str:
        """The scheme of the url."""
        return urlsplit(self.url).scheme

    @property
    def has_tail(self) -> bool:
        """Whether the transport is a stream without answers."""
        return self.transport not in DATAGRAMS + RELP

    @property
    def payload_max_bytes(self) -> int:
        """Longest message without framing."""
        if self.transport == "udp":
            return min(self.format_max_bytes, self.datagram_max_bytes)
        return self.format_max_bytes
