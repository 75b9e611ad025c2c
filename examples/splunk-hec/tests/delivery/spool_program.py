# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A program that logs until it is killed; run as `spool_program.py URL SPOOL_DIRECTORY FSYNC`."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path
from typing import Any

from acme_splunk_hec._delivery.buffer import Offer
from acme_splunk_hec._delivery.delivery import Delivery, Exchange
from acme_splunk_hec._delivery.http_client import http_endpoints
from acme_splunk_hec._delivery.records import (
    Batch,
    Delivered,
    HttpRequest,
    Record,
    RetryLater,
)
from acme_splunk_hec._delivery.settings import (
    DeliverySettings,
    TargetSettings,
    TlsSettings,
)


class Config(TargetSettings, TlsSettings, DeliverySettings):
    """The smallest configuration."""


def build(batch: Batch) -> HttpRequest:
    """Join the payloads."""
    return HttpRequest("/plain", {}, b"\n".join(record.payload for record in batch))


def classify(response: Any, batch: Batch) -> Any:
    """Decide by the status alone."""
    return [Delivered() if response.status == 200 else RetryLater("busy")] * len(batch)


def main(url: str, directory: str, fsync: Any) -> None:
    """Log numbers, and print each that was accepted."""
    config = Config(
        url=url,
        spool_directory=Path(directory),
        spool_fsync=fsync,
        linger_seconds=0.001,
        retry_initial_seconds=0.001,
        batch_max_events=5,
    )
    endpoints = http_endpoints(config, user_agent="plain")
    exchange: Exchange[Any, Any] = Exchange(build=build, classify=classify, endpoints=endpoints)
    delivery = Delivery("plain", settings=config, exchange=exchange)
    for number in itertools.count():
        payload = b"%d" % number
        if delivery.offer(Record(payload)) is Offer.TAKEN:
            os.write(1, payload + b"\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
