# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A platform as small as one can be: a request is its payloads joined by line feeds."""

from __future__ import annotations

from typing import Any

import orjson

from acme_syslog_cef._delivery.delivery import Delivery, Exchange
from acme_syslog_cef._delivery.host import DeliverySink
from acme_syslog_cef._delivery.http_client import http_endpoints
from acme_syslog_cef._delivery.http_status import with_moved_statuses
from acme_syslog_cef._delivery.records import (
    Batch,
    Delivered,
    Hold,
    HttpRequest,
    HttpResponse,
    Record,
    RetryLater,
    Split,
    Verdict,
)
from acme_syslog_cef._delivery.settings import (
    DeliverySettings,
    HttpSettings,
    TargetSettings,
    TlsSettings,
    http_status_class,
)


class PlainConfig(TargetSettings, HttpSettings, TlsSettings, DeliverySettings):
    """Settings of the plain platform."""

    linger_seconds: float = 0.01
    """Close a batch when its oldest event has waited this long."""
    retry_initial_seconds: float = 0.01
    connect_timeout_seconds: float = 1.0


def build(batch: Batch) -> HttpRequest:
    """Join the payloads."""
    return HttpRequest("/plain", {}, b"\n".join(record.payload for record in batch))


def classify(response: HttpResponse, batch: Batch) -> Verdict:
    """Decide by the status alone."""
    kind = "ok" if response.status == 200 else http_status_class(response.status)
    if kind == "split":
        return Split(f"HTTP {response.status}", too_large=response.status == 413)
    outcomes: dict[str, Any] = {
        "ok": Delivered(),
        "retry": RetryLater(f"HTTP {response.status}", response.retry_after_seconds),
        "hold": Hold(f"HTTP {response.status}"),
    }
    return [outcomes[kind]] * len(batch)


def exchange(config: PlainConfig) -> Exchange[HttpRequest, HttpResponse]:
    """Wire the plain platform."""
    return Exchange(
        build=build,
        classify=with_moved_statuses(classify, config),
        endpoints=http_endpoints(config, user_agent="plain"),
    )


def delivery(url: str, **settings: Any) -> Delivery:
    """Make a delivery to a plain server."""
    config = PlainConfig(url=url, **settings)
    return Delivery("plain", settings=config, exchange=exchange(config))


class PlainSink(DeliverySink[PlainConfig]):
    """The plain platform as a sink."""

    name = "plain"
    config_class = PlainConfig

    def encoder(self, config: PlainConfig) -> Any:
        """Write the event as JSON."""
        return lambda event: Record(orjson.dumps(event))

    def exchange(self, config: PlainConfig) -> Exchange[HttpRequest, HttpResponse]:
        """Wire the plain platform."""
        return exchange(config)
