# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Whether a receiver takes a message of the configured form, and what that does and does not prove."""

from __future__ import annotations

import datetime
import socket
from collections.abc import Iterator
from typing import Any

from .._command.steps import FAILED, OK, WARNING, Step
from .._delivery.errors import DeliveryError
from .._delivery.records import Batch, Delivered, RetryLater
from .._delivery.settings import endpoint_name
from .config import SyslogCefConfig
from .encoder import Encoder
from .request import RequestBuilder
from .sink import connector

PROOFS = {
    "udp": "sent. A datagram has no answer: only a look at the receiver tells whether it came",
    "unixgram": "in the queue of the reader on this machine, which confirms nothing itself",
    "unix": "taken by the reader's system. Whether its program read it, only a look there tells",
    "tcp": "taken by the receiver's system. Whether its program read it, only a look there tells",
    "tls": "taken by the verified receiver's system. Whether its program read it, only a look tells",
    "relp": "acknowledged by the receiver",
    "relps": "acknowledged by the verified receiver",
}
"""What a message that went through proves, by transport."""


SENDS_EVENT = True
"""It is the same message that a check of any platform sends: once is enough."""


def platform_steps(
    config: SyslogCefConfig,
    *,
    user_agent: str = "",  # noqa: ARG001 - syslog has no place for it
    event: bool = True,
) -> Iterator[Step]:
    """Send a test message to every address; a step is yielded as soon as it is done.

    Args:
        config: Checked settings; `request_timeout_seconds` is for one address.
        user_agent: Not used.
        event: Send anything at all.
    """
    if not event:
        return
    timeout_seconds = config.request_timeout_seconds
    encoder = Encoder(config, hostname=socket.gethostname())
    batch = [encoder.encode(probe_event())]
    for url in config.urls:
        said: list[Step] = []
        name = endpoint_name(url)
        connect = connector(
            config,
            url,
            warn=lambda _, text, name=name, said=said: said.append(  # type: ignore[misc]
                Step(WARNING, f"{name} certificate", text)
            ),
        )
        try:
            problem = _send(connect(), RequestBuilder(config), batch, timeout_seconds)
        except DeliveryError as error:
            problem = str(error)
        yield from said
        result = FAILED if problem else OK
        yield Step(result, f"{name} message", problem or PROOFS[config.transport])


def probe_event() -> dict[str, Any]:
    """Return an event that says what it is."""
    now = datetime.datetime.now(datetime.timezone.utc)
    return {
        "timestamp": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "level": "INFO",
        "logger": "fapilog.check",
        "message": "test message: the sink's settings were checked",
    }


def _send(client: Any, builder: RequestBuilder, batch: Batch, timeout_seconds: float) -> str:
    """Send, wait for whatever news there can be, and return what is wrong; "" if nothing is."""
    outcomes = list(client.send(builder.build(batch), timeout_seconds).outcomes)
    outcomes += [news.outcome for news in client.close(timeout_seconds)]
    failures = [each.reason for each in outcomes if isinstance(each, RetryLater)]
    if failures:
        return failures[-1]
    delivered = any(isinstance(each, Delivered) for each in outcomes)
    return "" if delivered else getattr(outcomes[0], "reason", "nobody said what became of it")
