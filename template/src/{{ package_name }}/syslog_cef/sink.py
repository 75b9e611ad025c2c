# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use `config.py`, `defaults.py` and `mapping.py`.
"""fapilog's syslog/CEF sink: wires the parts of this folder into the delivery engine."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from .._delivery.alerts import Alerts
from .._delivery.delivery import Exchange
from .._delivery.errors import ConfigurationError
from .._delivery.host import DeliverySink
from .._delivery.records import Client, FrameRequest, FrameResponse, Record
from .._delivery.settings import endpoint_name
from .._delivery.tls import client_context
from .address import LOCAL, host_and_port
from .config import DATAGRAMS, ENCRYPTED, RELP, SyslogCefConfig
from .datagram import DatagramClient
from .encoder import Encoder
from .request import RequestBuilder
from .response import classify
from .stream import SyslogStreamClient, TailPolicy

DAY_SECONDS = 86_400.0


class SyslogCefSink(DeliverySink[SyslogCefConfig]):
    """fapilog sink for SIEM systems that take syslog, CEF or LEEF."""

    name = "syslog_cef"
    config_class = SyslogCefConfig

    def encoder(self, config: SyslogCefConfig) -> Callable[[dict[str, Any]], Record]:
        """Return the function that formats events."""
        return Encoder(config, hostname=socket.gethostname()).encode

    def exchange(self, config: SyslogCefConfig) -> Exchange[FrameRequest, FrameResponse]:
        """Return how batches are framed, sent and judged."""
        alerts = Alerts(self.name, interval_seconds=DAY_SECONDS, clock=time.monotonic)
        return Exchange(
            build=RequestBuilder(config).build,
            classify=classify,
            endpoints={
                endpoint_name(url): connector(config, url, warn=alerts.say) for url in config.urls
            },
        )


def connector(
    config: SyslogCefConfig, url: str, *, warn: Callable[[str, str], None]
) -> Callable[[], Client[FrameRequest, FrameResponse]]:
    """Return what makes a client for the url.

    Raises:
        ConfigurationError: this system has no such sockets.
    """
    host, port = host_and_port(url)
    if config.transport in LOCAL and not hasattr(socket, "AF_UNIX"):
        raise ConfigurationError(f"url: this system has no {config.transport} sockets")
    if config.transport in DATAGRAMS:
        return lambda: DatagramClient(host, port)

    def client() -> Client[FrameRequest, FrameResponse]:
        options: dict[str, Any] = {
            "tls": client_context(config) if config.transport in ENCRYPTED else None,
            "connect_timeout_seconds": config.connect_timeout_seconds,
            "stall_timeout_seconds": config.request_timeout_seconds,
            "warn": warn,
        }
        if config.transport in RELP:
            from .relp import RelpClient  # most do without

            return RelpClient(host, port, window=config.relp_window, **options)
        options["tail_max_bytes"] = config.tail_max_bytes
        options["tail_max_seconds"] = config.tail_max_seconds
        stream = SyslogStreamClient(host, port, **options)
        return TailPolicy(stream, resend=config.resend_tail)

    return client
