"""With `serialize_in_flush` the `start()` of a sink is never called.

On the dict path `start()` is called before the first `write()`. On the serialized path
`write_serialized()` is called on a sink that was never started (`make_sink_writer` in
`core/sink_writers.py` starts in `_sink_write` only).

Why it matters: a sink that opens its connection or starts its flush task in `start()`, as the
documentation asks it to, delivers nothing as soon as somebody sets `serialize_in_flush` or calls
`with_size_guard()`.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import sys
from importlib.metadata import version
from typing import Any

from fapilog import Settings, get_logger


class CountingSink:
    """Counts what it is asked to do."""

    name = "counting"

    def __init__(self) -> None:
        self.starts = self.events = self.views = 0

    async def start(self) -> None:
        """Count the call."""
        self.starts += 1

    async def write(self, entry: dict[str, Any]) -> None:
        """Count the event."""
        self.events += 1

    async def write_serialized(self, view: object) -> None:
        """Count the event."""
        self.views += 1


def log_one(*, serialized: bool) -> CountingSink:
    """Log one event and drain."""
    sink = CountingSink()
    settings = Settings(core={"serialize_in_flush": serialized})
    logger = get_logger(f"serialized-{serialized}", settings=settings, sinks=[sink], reuse=False)
    logger.info("an event")
    asyncio.run(logger.stop_and_drain())
    return sink


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    plain, serialized = log_one(serialized=False), log_one(serialized=True)
    print("fapilog", version("fapilog"))
    print("expected: start() called once before write(), once before write_serialized()")
    print(f"seen: {plain.starts} before write(), {serialized.starts} before write_serialized()")
    if (plain.events, plain.starts, serialized.views) != (1, 1, 1):
        return 2
    return 0 if serialized.starts == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
