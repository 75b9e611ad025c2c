"""What the preset `production` does while a sink is slower than the application."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from fapilog import get_logger
from fapilog.core.presets import get_preset
from fapilog.core.settings import Settings
from probe import Stuck, tell, wait_for

QUEUE = 8_000
HELD_SECONDS = 4.0
"""Time for fapilog to look at its queue every 0.25 s and to rise by two levels, a second each."""


def held(**adaptive: Any) -> tuple[str, int]:
    """Fill the queue while the sink is stuck, release it, and count what is missing."""
    sink = Stuck()
    preset = get_preset("production")
    preset["core"]["max_queue_size"] = QUEUE
    preset["adaptive"] = preset.get("adaptive", {}) | adaptive
    logger = get_logger("seen", settings=Settings(**preset), sinks=[sink], reuse=False)
    logger.info("first")
    assert wait_for(lambda: sink.called)
    for number in range(QUEUE):
        logger.info(f"event {number}")
    time.sleep(HELD_SECONDS)
    sink.released = True
    result = asyncio.run(logger.stop_and_drain())
    missing = QUEUE + 1 - len(sink.events)
    return ("most" if missing > QUEUE / 2 else str(missing)), result.dropped


def main() -> None:
    """Do it with the preset as it is, and with its filters off."""
    missing, dropped = held()
    unfiltered, _ = held(filter_tightening=False)
    tell(
        {
            "INFO events that never reach the sink": missing,
            "of those in `dropped`": dropped,
            'the same with `adaptive={"filter_tightening": False}`': unfiltered,
        }
    )


if __name__ == "__main__":
    main()
