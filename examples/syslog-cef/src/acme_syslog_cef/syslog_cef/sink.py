# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `config.py` and `mapping.py`.
"""fapilog's syslog/CEF sink: wires the parts of this folder into the delivery engine."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

from .._delivery.delivery import Exchange
from .._delivery.host import DeliverySink
from .._delivery.records import Client, FrameRequest, FrameResponse, Record
from .._delivery.stream_client import StreamClient
from .._delivery.tls import client_context
from .config import SyslogCefConfig
from .datagram import DatagramClient
from .encoder import Encoder
from .request import RequestBuilder
from .response import classify


class SyslogCefSink(DeliverySink[SyslogCefConfig]):
    """fapilog sink for SIEM systems that take syslog or CEF."""

    name = "syslog_cef"
    config_class = SyslogCefConfig

    def encoder(self, config: SyslogCefConfig) -> Callable[[dict[str, Any]], Record]:
        """Return the function that formats events."""
        return Encoder(config, hostname=socket.gethostname()).encode

    def exchange(self, config: SyslogCefConfig) -> Exchange[FrameRequest, FrameResponse]:
        """Return how batches are framed, sent and judged."""
        return Exchange(
            build=RequestBuilder(config).build, classify=classify, connect=_connector(config)
        )


def _connector(
    config: SyslogCefConfig,
) -> Callable[[], Client[FrameRequest, FrameResponse]]:
    if config.transport == "udp":
        return lambda: DatagramClient(config.host, config.port)
    tls = client_context(config) if config.transport == "tls" else None
    return lambda: _stream_client(config, tls)


def _stream_client(config: SyslogCefConfig, tls: ssl.SSLContext | None) -> StreamClient:
    return StreamClient(
        config.host,
        config.port,
        tls=tls,
        connect_timeout_seconds=config.connect_timeout_seconds,
        stall_timeout_seconds=config.request_timeout_seconds,
        tail_max_bytes=config.tail_max_bytes,
        tail_max_seconds=config.tail_max_seconds,
    )
