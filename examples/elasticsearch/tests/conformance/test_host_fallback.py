# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What the sink does not take is given back to fapilog, which must not lose it; routing finds it by name."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest
from fapilog.core.settings import Settings

from .hosting import HOST, SINK, log, make_logger, since
from .target import Target

MESSAGES = [f"event {number}" for number in range(10)]
REFUSING: dict[str, Any] = {
    "buffer_max_events": 1,
    "buffer_policy": "drop_newest",
    "linger_seconds": 30,
}
"""The first event waits in the buffer, and there is no room for a second one."""


class Other:
    """Another sink of the application's."""

    name = "other"

    def __init__(self) -> None:
        self.messages: list[str] = []

    async def write(self, entry: Any) -> None:
        """Keep the message."""
        self.messages.append(entry["message"])


def messages_in(text: str) -> list[str]:
    """Return the messages of the events that fapilog wrote to stderr."""
    return re.findall(r'"message": ?"(event \d+)"', text)


@pytest.mark.parametrize("serialized", [False, True], ids=["write", "write_serialized"])
def test_what_is_refused_is_on_stderr(
    target: Target, capsys: pytest.CaptureFixture[str], serialized: bool
) -> None:
    """An event is at the receiver or in fapilog's last resort, exactly once, and in the books."""
    settings = Settings()
    settings.core.serialize_in_flush = serialized
    sink = SINK(**target.settings | REFUSING)
    log(make_logger("refusing", sink, settings=settings), MESSAGES)
    refused = messages_in(capsys.readouterr().err)
    assert sorted(target.messages() + refused) == MESSAGES, HOST
    assert refused
    assert sink.stats().refused == {"buffer_full": len(refused)}


@pytest.mark.skipif(not since(0, 15), reason=f"{HOST}: an open breaker has no fallback before 0.15")
def test_the_fallback_of_an_open_breaker(
    target: Target, capsys: pytest.CaptureFixture[str]
) -> None:
    """The breaker of fapilog counts what is refused, and gives the rest to the sink that is named for it."""
    settings = Settings()
    settings.core.sink_circuit_breaker_enabled = True
    settings.core.sink_circuit_breaker_failure_threshold = 2
    settings.core.sink_circuit_breaker_fallback_sink = Other.name
    sink, other = SINK(**target.settings | REFUSING), Other()
    log(make_logger("breaker", sink, other, settings=settings), MESSAGES)
    refused = messages_in(capsys.readouterr().err)
    assert len(refused) == sink.stats().refused["buffer_full"] == 2, HOST
    # The other sink gets all events, since it has to be one of the logger's, and these once more.
    diverted = [text for text in MESSAGES if other.messages.count(text) == 2]
    assert sorted(target.messages() + refused + diverted) == MESSAGES, HOST


def test_routing_by_level(target: Target, capsys: pytest.CaptureFixture[str]) -> None:
    """A rule names the sink by its name; other levels go elsewhere, and what it refuses to stderr."""
    routing = {
        "enabled": True,
        "rules": [{"levels": ["ERROR"], "sinks": [SINK.name]}],
        "fallback_sinks": [Other.name],
    }
    sink, other = SINK(**target.settings | REFUSING), Other()
    logger = make_logger("routing", sink, other, settings=Settings(sink_routing=routing))
    logger.info("for the other")
    for message in MESSAGES:
        logger.error(message)
    asyncio.run(logger.stop_and_drain())
    refused = messages_in(capsys.readouterr().err)
    assert other.messages == ["for the other"], HOST
    assert sorted(target.messages() + refused) == MESSAGES, HOST
    assert target.messages(), HOST
