"""`DrainResult.processed` counts events that no sink has written.

An event whose sink raises SinkWriteError or returns False is counted as processed, and `dropped`
stays 0. The metric for sink errors (`record_sink_error`) is never called for it either.

Why it matters: nobody can learn from the host how many events were lost. `dropped == 0` after a
day on which the target was down looks like a day without a problem.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import contextlib
import io
import sys
from importlib.metadata import version
from typing import Any

from fapilog import get_logger
from fapilog.core.errors import SinkWriteError

EVENTS = 4


class FailingSink:
    """Writes nothing and says so, in both ways that a sink has."""

    name = "failing"

    def __init__(self) -> None:
        self.calls = 0

    async def write(self, entry: dict[str, Any]) -> bool:
        """Raise, or return False."""
        self.calls += 1
        if self.calls % 2:
            raise SinkWriteError("the target is down", sink_name=self.name)
        return False


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    sink = FailingSink()
    with contextlib.redirect_stderr(io.StringIO()):  # the events themselves, as JSON
        logger = get_logger("failing", sinks=[sink], reuse=False)
        for number in range(EVENTS):
            logger.info(f"event {number}")
        result = asyncio.run(logger.stop_and_drain())
    print("fapilog", version("fapilog"))
    print("expected: processed=0: of 4 events none was written")
    print(f"seen: processed={result.processed}, dropped={result.dropped}")
    if sink.calls != EVENTS:
        return 2
    return 0 if result.processed == EVENTS else 1


if __name__ == "__main__":
    sys.exit(main())
