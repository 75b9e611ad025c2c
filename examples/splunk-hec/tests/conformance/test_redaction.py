# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""fapilog redacts before it calls a sink, and the sink sends what it got, not what was logged."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fapilog import get_async_logger
from fapilog.core.settings import Settings

from ..support.canary import canary
from .hosting import HOST, SINK, make_logger
from .target import Target

SECRET = canary("redaction")
PLAIN = "visible-everywhere"
EVENT: dict[str, Any] = {
    "password": SECRET,
    "account": {"token": SECRET, "owner": PLAIN},
    "link": f"https://user:{SECRET}@example.com/",
}


@pytest.fixture(params=[False, True], ids=["write", "write_serialized"])
def settings(request: pytest.FixtureRequest) -> Settings:
    """Mask two fields, and credentials in addresses as fapilog does by default."""
    masked = ["data.password", "data.account.token"]
    made = Settings(
        core={"redactors": ["field_mask", "url_credentials"]},
        redactor_config={"field_mask": {"fields_to_mask": masked}},
    )
    made.core.serialize_in_flush = request.param
    return made


def assert_redacted(target: Target) -> None:
    """Check that the event arrived with its plain part, and without the secret in any of its bytes."""
    arrived = target.received()
    assert target.messages() == ["the event"], HOST
    assert PLAIN.encode() in arrived, HOST
    assert b"***" in arrived, HOST
    assert SECRET.encode() not in arrived, HOST


def test_of_a_sync_logger(target: Target, settings: Settings) -> None:
    """A masked field stays masked on the way."""
    logger = make_logger("redacting", SINK(**target.settings), settings=settings)
    logger.info("the event", **EVENT)
    asyncio.run(logger.stop_and_drain())
    assert_redacted(target)


def test_of_an_async_logger(target: Target, settings: Settings) -> None:
    """The same with the other facade."""

    async def run() -> None:
        sinks = [SINK(**target.settings)]
        logger = await get_async_logger("redacting", settings=settings, sinks=sinks, reuse=False)
        await logger.info("the event", **EVENT)
        await logger.drain()
        await sinks[0].stop()

    asyncio.run(run())
    assert_redacted(target)
