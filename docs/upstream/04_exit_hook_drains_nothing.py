"""The exit hook drains nothing: a script that logs and ends loses its last events.

`core/shutdown.py` registers an atexit hook that drains all loggers (`atexit_drain_enabled`, on by
default). The drain calls `asyncio.to_thread`, whose executor takes no work any more when atexit
hooks run: a RuntimeError, which `_drain_single_logger` swallows.

Why it matters: every short script (a cron job, a migration, a command-line tool) loses what it
logged within the last `batch_timeout_seconds`, although the documentation promises a drain at the
exit.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import os
import subprocess
import sys
from importlib.metadata import version
from typing import Any

from fapilog import get_logger

EVENTS = 20


class PrintingSink:
    """Prints a character for each event, past all buffers."""

    name = "printing"

    async def write(self, entry: dict[str, Any]) -> None:
        """Print."""
        os.write(1, b".")


def script() -> None:
    """Log and end, as a short script does."""
    logger = get_logger("short", sinks=[PrintingSink()], reuse=False)
    for number in range(EVENTS):
        logger.info(f"event {number}")
    os.write(1, b"logged:")


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    command = [sys.executable, __file__, "script"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    _, logged, written = done.stdout.partition("logged:")
    print("fapilog", version("fapilog"))
    print(f"expected: {EVENTS} of {EVENTS} events written by the time the process has ended")
    print(f"seen: {len(written)} of {EVENTS}, exit code {done.returncode}")
    if done.returncode or not logged:
        print(done.stderr)
        return 2
    return 0 if len(written) < EVENTS else 1


if __name__ == "__main__":
    sys.exit(script() if "script" in sys.argv else main())
