"""A CancelledError that leaves `write()` ends the worker, and all later events are lost.

asyncio.CancelledError is no Exception, so `except Exception` around the call of a sink lets it
through and the worker task ends. Nothing restarts it. 0.15.0 calls sinks with `asyncio.gather`,
which keeps the worker alive: since then only the event in hand is lost.

Why it matters: a time-out inside a sink that is written slightly wrong, or a task that a library
cancels, silences the logger for the rest of the process.

Seen on fapilog 0.11.0, 0.14.0. Fixed in 0.15.0.
"""

import asyncio
import contextlib
import io
import sys
from importlib.metadata import version
from typing import Any

from fapilog import Settings, get_logger

EVENTS = 5


class CancelledOnce:
    """Is cancelled at its first event, and well afterwards."""

    name = "cancelled"

    def __init__(self) -> None:
        self.calls = self.events = 0

    async def write(self, entry: dict[str, Any]) -> None:
        """Count the event, except for the first."""
        self.calls += 1
        if self.calls == 1:
            raise asyncio.CancelledError
        self.events += 1


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    sink = CancelledOnce()
    settings = Settings(core={"batch_max_size": 1})
    with contextlib.redirect_stderr(io.StringIO()):
        logger = get_logger("cancelled", settings=settings, sinks=[sink], reuse=False)
        for number in range(EVENTS):
            logger.info(f"event {number}")
        asyncio.run(logger.stop_and_drain())
    print("fapilog", version("fapilog"))
    print(f"expected: the {EVENTS - 1} events after the cancelled one are written")
    print(f"seen: {sink.events} of them")
    if sink.calls == 0:
        return 2
    return 0 if sink.events < EVENTS - 1 else 1


if __name__ == "__main__":
    sys.exit(main())
