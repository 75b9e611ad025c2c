"""An AttributeError on the serialized path counts as a successful write.

`make_sink_writer` catches AttributeError around `await sink.write_serialized(view)` and returns
None, which means success. The intention seems to be a fallback to `write()` for sinks without
`write_serialized`; it does not happen, although docs/plugins/sinks.md promises it. An
AttributeError raised *inside* `write_serialized` goes the same way.

Why it matters: with `serialize_in_flush` all events are lost, with no line on stderr, no
diagnostic and no count: `DrainResult` says processed, and a circuit breaker does not see a
failure.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import contextlib
import io
import sys
from importlib.metadata import version
from typing import Any

from fapilog import Settings, get_logger


class OldSink:
    """Has no `write_serialized`."""

    name = "old"

    def __init__(self) -> None:
        self.events = 0

    async def write(self, entry: dict[str, Any]) -> None:
        """Count the event."""
        self.events += 1


class BuggySink(OldSink):
    """Has a bug of the most frequent kind."""

    name = "buggy"

    async def write_serialized(self, view: object) -> None:
        """Fail."""
        raise AttributeError("'NoneType' object has no attribute 'send'")


def log_three(sink: OldSink) -> tuple[int, int, int]:
    """Return events written, lines on stderr, and how many the host calls processed."""
    settings = Settings(core={"serialize_in_flush": True})
    stderr = io.StringIO()
    with contextlib.redirect_stderr(stderr):
        logger = get_logger(sink.name, settings=settings, sinks=[sink], reuse=False)
        for number in range(3):
            logger.info(f"event {number}")
        result = asyncio.run(logger.stop_and_drain())
    return sink.events, len(stderr.getvalue().splitlines()), result.processed


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    silent = 0
    print("fapilog", version("fapilog"))
    print("expected: each of 3 events is written, or is a line on stderr")
    for sink in (OldSink(), BuggySink()):
        events, lines, processed = log_three(sink)
        print(f"seen: {sink.name}: {events} written, {lines} lines, {processed} processed")
        silent += events + lines == 0
    return 0 if silent else 1


if __name__ == "__main__":
    sys.exit(main())
