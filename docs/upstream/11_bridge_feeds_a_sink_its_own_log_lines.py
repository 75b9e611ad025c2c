"""With `enable_stdlib_bridge` a sink that uses httpx feeds itself for ever.

httpx logs one line at INFO for each request. The bridge forwards it as an event, the sink sends
that event with one more request, and so on. The bridge leaves out loggers whose name starts with
`fapilog`, which does not help against a library that a sink uses.

Why it matters: one event keeps the sender, the network and the target busy until the process
ends. fapilog depends on httpx and its own `http` sink uses it.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import logging
import sys
import time
from importlib.metadata import version
from typing import Any

from fapilog import Settings, get_logger
from fapilog.core.stdlib_bridge import enable_stdlib_bridge

LONGEST_SECONDS = 3.0
MANY = 4


class ChattySink:
    """Logs a line per event, as httpx does for each request."""

    name = "chatty"

    def __init__(self) -> None:
        self.events = 0

    async def write(self, entry: dict[str, Any]) -> None:
        """Count the event and log, until it is clear that this goes on for ever."""
        self.events += 1
        if self.events < MANY:
            logging.getLogger("httpx").info("HTTP Request: POST /%d", self.events)


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    sink = ChattySink()
    settings = Settings(core={"batch_timeout_seconds": 0.05})
    logger = get_logger("chatty", settings=settings, sinks=[sink], reuse=False)
    enable_stdlib_bridge(logger)
    logger.info("an event")
    deadline = time.monotonic() + LONGEST_SECONDS
    while sink.events < MANY and time.monotonic() < deadline:
        time.sleep(0.01)
    asyncio.run(logger.stop_and_drain())
    print("fapilog", version("fapilog"))
    print("expected: 1 event logged, 1 written")
    print(f"seen: 1 event logged, {sink.events} written (then this sink stopped to log)")
    if sink.events == 0:
        return 2
    return 0 if sink.events == MANY else 1


if __name__ == "__main__":
    sys.exit(main())
