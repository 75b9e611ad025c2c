# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Events that fapilog or its tools make up: they lack most keys, and are delivered all the same."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fapilog.core.settings import Settings
from fapilog.testing import benchmark_sink, create_batch_events, validate_sink

from .hosting import HOST, SINK, log, make_logger
from .target import Target


@pytest.mark.parametrize("serialized", [False, True], ids=["write", "write_serialized"])
def test_the_self_test_of_a_logger(target: Target, serialized: bool) -> None:
    """It writes an event of three keys from the caller's loop; the logger's own events go on."""
    settings = Settings()
    settings.core.serialize_in_flush = serialized
    sink = SINK(**target.settings)
    logger = make_logger("self-test", sink, settings=settings)
    result = asyncio.run(logger.self_test())
    assert result["ok"] is True, (HOST, result)
    log(logger, ["after it"])
    assert sorted(target.messages()) == ["after it", "self_test"], HOST
    assert sink.stats().delivered == 2


def test_the_health_check_of_a_logger(target: Target) -> None:
    """It comes from the caller's loop, and finds the sink healthy by its name."""
    logger = make_logger("health", SINK(**target.settings))

    async def check() -> Any:
        return await logger.check_health()

    health = asyncio.run(check())
    log(logger, ["one"])
    states = {plugin.name: plugin.healthy for plugin in health.plugins}
    assert states.get(SINK.name) is True, (HOST, states)


def test_the_tools_for_authors_of_plugins(target: Target) -> None:
    """The validator has nothing to say, and events of its factory and its benchmark are delivered."""
    sink = SINK(**target.settings)
    result = validate_sink(sink)
    assert (result.errors, result.warnings) == ([], []), HOST
    asyncio.run(benchmark_sink(sink, iterations=5, warmup=1))
    for event in create_batch_events(3, level="WARNING", order=7):
        assert asyncio.run(sink.write(event)), HOST
    expected = ["benchmark"] * 6 + [f"Batch message {number}" for number in range(3)]
    assert target.messages() == expected, HOST
