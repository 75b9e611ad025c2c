# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A program that logs and ends; run by `test_process_ends` as `program.py SETTINGS END`."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable

from fapilog import get_logger

from acme_splunk_hec import AcmeSplunkHecSink

EVENTS = 20
HOST_SECONDS = 0.6  # fapilog hands events over after 0.25 s; without a drain it keeps the rest


def end_with_drain() -> None:
    """Do what fapilog asks a script to do."""
    asyncio.run(logger.stop_and_drain())


def end_without_drain() -> None:
    """Just end, as most scripts do."""
    time.sleep(HOST_SECONDS)


def end_with_exception() -> None:
    """Die of a bug."""
    time.sleep(HOST_SECONDS)
    raise SystemError("uncaught on purpose")


def end_with_sigterm() -> None:
    """Be stopped by a service manager."""
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(30)


ENDS: dict[str, Callable[[], None]] = {
    "drain": end_with_drain,
    "no-drain": end_without_drain,
    "exception": end_with_exception,
    "sigterm": end_with_sigterm,
}

if __name__ == "__main__":
    settings = json.loads(sys.argv[1])
    sink = AcmeSplunkHecSink(**settings, linger_seconds=30)
    logger = get_logger("program", sinks=[sink], reuse=False)
    for number in range(EVENTS):
        logger.info(f"event {number}")
    ENDS[sys.argv[2]]()
