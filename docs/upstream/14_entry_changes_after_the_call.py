"""An event changes when the application changes what it logged.

`logger.info("order", items=items)` keeps a reference to `items` until a worker takes the event
from the queue, a quarter of a second later by default, and hands the same object to the sinks.
What the application does to it meanwhile is in the event.

Why it matters: an audit trail shows what was true later, not what was true at the call. A dict
that is cleared for the next request is logged empty. All sinks get the same object, so one that
changes it changes it for the others.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import sys
from importlib.metadata import version
from typing import Any

from fapilog import get_logger


class KeepingSink:
    """Keeps the items of each event, as they are when it gets them."""

    name = "keeping"

    def __init__(self) -> None:
        self.items: list[list[str]] = []

    async def write(self, entry: dict[str, Any]) -> None:
        """Keep a copy."""
        self.items.append(list(entry["data"]["items"]))


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    sink = KeepingSink()
    items = ["bread"]
    logger = get_logger("keeping", sinks=[sink], reuse=False)
    logger.info("order", items=items)
    items.append("added after the call")
    asyncio.run(logger.stop_and_drain())
    print("fapilog", version("fapilog"))
    print("expected: items=['bread']")
    print(f"seen: items={sink.items[0]}")
    if len(sink.items) != 1:
        return 2
    return 0 if len(sink.items[0]) > 1 else 1


if __name__ == "__main__":
    sys.exit(main())
