# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""This sink in the real host, on both write paths and both facades."""

from __future__ import annotations

import asyncio

import pytest
from fapilog import get_async_logger, get_logger
from fapilog.core.settings import Settings

from acme_syslog_cef import (
    AcmeSyslogCefSink,
    sinks,
)

from .target import Target

EVENTS = 20


def expected() -> list[str]:
    """Return the messages that every test logs."""
    return [f"event {number}" for number in range(EVENTS)]


@pytest.mark.parametrize("serialized", [False, True], ids=["write", "write_serialized"])
def test_a_drained_sync_logger_has_delivered(target: Target, serialized: bool) -> None:
    """stop_and_drain() without a stop() from the host delivers everything, on both paths."""
    settings = Settings()
    settings.core.serialize_in_flush = serialized
    sink = AcmeSyslogCefSink(**target.settings)
    logger = get_logger(f"sync-{serialized}", settings=settings, sinks=[sink], reuse=False)
    for message in expected():
        logger.info(message, detail={"n": 1})
    asyncio.run(logger.stop_and_drain())
    assert target.messages() == expected()
    assert sink.stats().pending == 0


@pytest.mark.parametrize("serialized", [False, True], ids=["write", "write_serialized"])
def test_a_drained_async_logger_has_delivered(target: Target, serialized: bool) -> None:
    """The same with the asynchronous facade, whose worker is the application's loop on old hosts."""
    settings = Settings()
    settings.core.serialize_in_flush = serialized
    sink = AcmeSyslogCefSink(**target.settings)

    async def run() -> None:
        name = f"async-{serialized}"
        logger = await get_async_logger(name, settings=settings, sinks=[sink], reuse=False)
        for message in expected():
            await logger.info(message)
        await logger.drain()
        await sink.stop()

    asyncio.run(run())
    assert target.messages() == expected()


def test_two_loggers_share_one_sink(target: Target) -> None:
    """One instance is called from two threads and two loops."""
    sink = AcmeSyslogCefSink(**target.settings)
    loggers = [get_logger(f"shared-{n}", sinks=[sink], reuse=False) for n in range(2)]
    for message in expected():
        for logger in loggers:
            logger.info(message)
    for logger in loggers:
        asyncio.run(logger.stop_and_drain())
    assert sorted(target.messages()) == sorted(expected() * 2)


def test_the_package_lists_its_sinks(target: Target) -> None:
    """A sink that fapilog made by name can be asked for its books."""
    sink = AcmeSyslogCefSink(**target.settings)
    assert sink in sinks()
