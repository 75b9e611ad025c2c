# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `config.py` and `mapping.py`.
"""fapilog's syslog/CEF sink: wires the parts of this folder into the delivery engine."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

from .._delivery.delivery import Exchange
from .._delivery.host import DeliverySink
from .._delivery.records import Client, FrameRequest, FrameResponse, Record
from .._delivery.settings import endpoint_name
from .._delivery.stream_client import StreamClient
from .._delivery.tls import client_context
from .config import SyslogCefConfig, host_and_port
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
            build=RequestBuilder(config).build,
            classify=classify,
            endpoints={endpoint_name(url): _connector(config, url) for url in config.urls},
        )


def _connector(
    config: SyslogCefConfig, url: str
) -> Callable[[], Client[FrameRequest, FrameResponse]]:
    host, port = host_and_port(url)
    if config.transport == "udp":
        return lambda: DatagramClient(host, port)
    return lambda: StreamClient(
        host,
        port,
        tls=client_context(config) if config.transport == "tls" else None,
        connect_timeout_seconds=config.connect_timeout_seconds,
        stall_timeout_seconds=config.request_timeout_seconds,
        tail_max_bytes=config.tail_max_bytes,
        tail_max_seconds=config.tail_max_seconds,
    )
