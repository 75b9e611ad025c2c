"""Through the real host: `logger.info` in the application's thread, the sink in the host's.

Configurations: `default`; `bare`: no enrichers, no redactors, level DEBUG; `production`: the
preset, at a pace, since it drops without a word what comes faster. A long queue that waits,
except for the preset: what the host itself drops would not be the sink's.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fapilog import get_logger
from fapilog.core.settings import Settings

from ..events import mark
from ..load import Load, Meter, Sent
from .ours import books, make_sink

_QUEUE_EVENTS = 100_000
_MESSAGE = "order accepted for customer, payment captured, shipment scheduled from warehouse"


class NoOperation:
    """A sink that does nothing: what the host alone can do."""

    name = "no_operation"
    handed_over = 0

    async def start(self) -> None:
        """Do nothing."""

    async def stop(self) -> None:
        """Do nothing."""

    async def health_check(self) -> bool:
        """Return that all is well."""
        return True

    async def write(self, entry: Any) -> None:  # noqa: ARG002
        """Count."""
        self.handed_over += 1


def host(load: Load) -> Sent:
    """Log all events, drain, and wait until the sink has nothing left."""
    count = load.options.get("loggers", 1)
    sink: Any = NoOperation() if load.options.get("noop") else make_sink(load)
    loggers = [_logger(load.options["config"], number, sink) for number in range(count)]
    per_second = load.options.get("rate", 0)
    load.serialized = False
    meter = Meter(load)
    with meter as sent:
        for number in range(load.events):
            loggers[number % count].info(_MESSAGE, seq=mark(number))
            if per_second:
                _keep_pace(sent.began + number / per_second)
        sent.written = time.monotonic()
        results = [asyncio.run(logger.stop_and_drain()) for logger in loggers]
        if not load.options.get("noop"):
            asyncio.run(sink.stop())
        sent.done = time.monotonic()
    sent.more["dropped_by_host"] = sum(result.dropped for result in results)
    if load.options.get("noop"):
        sent.more["handed_over"] = sink.handed_over
    else:
        sent.more["stats"] = books([sink])
    return sent


def _logger(config: str, number: int, sink: Any) -> Any:
    name = f"benchmark-{config}-{number}"
    if config == "production":
        return get_logger(name, preset="production", sinks=[sink], reuse=False)
    settings = Settings()
    settings.core.drop_on_full = False
    settings.core.max_queue_size = _QUEUE_EVENTS
    if config == "bare":
        settings.core.enrichers = []
        settings.core.redactors = []
        settings.core.log_level = "DEBUG"
    return get_logger(name, settings=settings, sinks=[sink], reuse=False)


def _keep_pace(due: float) -> None:
    ahead = due - time.monotonic()
    if ahead > 0:
        time.sleep(ahead)
