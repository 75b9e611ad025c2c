# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""One test event, through the encoder, the client and the classifier of the sink itself."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .._delivery.errors import ConfigurationError
from .._delivery.exchange import Exchange, attempt
from .._delivery.host import DeliverySink
from .._delivery.records import (
    Client,
    Confirmation,
    Delivered,
    Outcome,
    RetryLater,
    Split,
    Unconfirmed,
)
from .steps import FAILED, OK, WARNING

_END_SECONDS = 2.0  # for a stream to be ended in order, which is all it can tell

Connector = Callable[[], Client[Any, Any]]


class Finding(NamedTuple):
    """What became of a test event."""

    state: str
    """`OK`, `WARNING` or `FAILED`."""
    text: str
    understood: bool = True
    """False: perhaps the other side does not speak this protocol at all."""


class Probe:
    """Sends test events with a sink's own parts, without a delivery around them.

    Args:
        sink: A sink; nothing is written to it.
        program: What the event says of its sender.
    """

    def __init__(self, sink: DeliverySink[Any], program: str) -> None:
        self._sink = sink
        self._program = program
        self._exchange: Exchange[Any, Any] = sink.exchange(sink.config)

    @property
    def connectors(self) -> Sequence[Connector]:
        """What makes a client, one per URL of the target, in their order."""
        return tuple(self._exchange.endpoints.values())

    def send(self, connect: Connector, timeout_seconds: float) -> Finding:
        """Send one event and say what became of it. Never raises."""
        try:
            record = self._sink.encoder(self._sink.config)(new_event(self._program))
        except Exception as error:
            return Finding(
                FAILED, f"encoding failed with {type(error).__name__}: look into mapping.py"
            )
        try:
            client = connect()
        except ConfigurationError as error:
            return Finding(FAILED, str(error))
        verdict = attempt(self._exchange, client, [record], timeout_seconds)
        news: Sequence[Confirmation] = ()
        with contextlib.suppress(Exception):
            news = client.close(min(_END_SECONDS, timeout_seconds))
        if isinstance(verdict, Split):
            return Finding(FAILED, verdict.reason, understood=False)
        return judge(verdict[0], news)


def new_event(program: str) -> dict[str, Any]:
    """Return an event as fapilog makes it, which says what it is."""
    now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
    message = f"test event of `{program} check`"
    return {"timestamp": now, "level": "INFO", "logger": program, "message": message}


def judge(outcome: Outcome, news: Sequence[Confirmation]) -> Finding:
    """Say what became of the event, and who says so.

    Args:
        outcome: What was known after it was sent.
        news: What the end of the connection told.
    """
    final, confirmed = outcome, True
    if isinstance(outcome, Unconfirmed):
        told = [each.outcome for each in news if each.token == outcome.token]
        final, confirmed = (told[-1] if told else outcome), False
    if isinstance(final, Unconfirmed):
        return Finding(FAILED, "it was sent, and nothing is known of it")
    if not isinstance(final, Delivered):
        return Finding(FAILED, final.reason, understood=not isinstance(final, RetryLater))
    if not (confirmed and final.confirmed):
        text = "written; this protocol has no answer: look for the event in the target"
        return Finding(OK, text)
    if final.warning:
        return Finding(WARNING, f"accepted, but {final.warning}")
    return Finding(OK, "accepted: the target confirmed it")
