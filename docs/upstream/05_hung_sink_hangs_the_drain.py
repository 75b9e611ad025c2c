"""A `write()` that does not return makes every drain hang for ever.

`stop_and_drain()` and `drain()` wait for the worker without a limit. The setting
`core.shutdown_timeout_seconds` does not reach either of them. Up to 0.10.2 a drain gave up after
5 seconds.

Why it matters: one target that accepts a connection and never answers, one lock that is never
released, and a service does not shut down. SIGTERM runs the same drain, so only SIGKILL ends it,
and what the other sinks hold is lost.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import asyncio
import subprocess
import sys
from importlib.metadata import version
from typing import Any

from fapilog import Settings, get_logger

LIMIT_SECONDS = 0.5
PATIENCE_SECONDS = 2.0


class HungSink:
    """Waits for something that does not come."""

    name = "hung"

    async def write(self, entry: dict[str, Any]) -> None:
        """Wait."""
        await asyncio.get_running_loop().create_future()


def script() -> None:
    """Log one event and drain."""
    settings = Settings(core={"shutdown_timeout_seconds": LIMIT_SECONDS})
    logger = get_logger("hung", settings=settings, sinks=[HungSink()], reuse=False)
    logger.info("an event")
    print("draining", flush=True)
    asyncio.run(logger.stop_and_drain())


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    command = [sys.executable, __file__, "script"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        draining = process.stdout.readline() == "draining\n"
        try:
            process.wait(PATIENCE_SECONDS)
            seen = "it returned"
        except subprocess.TimeoutExpired:
            process.kill()
            seen = f"still waiting after {PATIENCE_SECONDS} s, killed"
    print("fapilog", version("fapilog"))
    print(f"expected: the drain returns after shutdown_timeout_seconds ({LIMIT_SECONDS} s)")
    print(f"seen: {seen}")
    if not draining:
        return 2
    return 1 if seen == "it returned" else 0


if __name__ == "__main__":
    sys.exit(script() if "script" in sys.argv else main())
