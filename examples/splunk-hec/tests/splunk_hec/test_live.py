# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. `deploy/splunk_hec/compose.yaml` starts a Splunk for it.
"""Against a real collector, if `HEC_LIVE_URL` and `HEC_LIVE_TOKEN` say where one is.

`HEC_LIVE_CA_FILE` and `HEC_LIVE_INDEX` are settings of the sink. `HEC_LIVE_RECORDS` is a file to which the
receiver writes what it took; without it, search for the run's name, which `-s` shows. Each run stores about
100 events.
"""

from __future__ import annotations

import asyncio
import os
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from acme_splunk_hec._command.steps import FAILED
from acme_splunk_hec._delivery.records import Record
from acme_splunk_hec.splunk_hec.check import (
    platform_steps,
)
from acme_splunk_hec.splunk_hec.sink import SplunkHecSink

URL = os.environ.get("HEC_LIVE_URL", "")
RECORDS = os.environ.get("HEC_LIVE_RECORDS", "")
READ_SECONDS = 10.0

pytestmark = pytest.mark.skipif(not URL, reason="HEC_LIVE_URL is not set")


def settings(**changes: Any) -> dict[str, Any]:
    """Return the settings for the live collector."""
    given = {
        "url": URL,
        "token": os.environ.get("HEC_LIVE_TOKEN"),
        "tls_ca_file": os.environ.get("HEC_LIVE_CA_FILE"),
        "index": os.environ.get("HEC_LIVE_INDEX"),
        "linger_seconds": 0.2,
        "close_timeout_seconds": 20.0,
    }
    return {name: value for name, value in (given | changes).items() if value is not None}


class SpoilingSink(SplunkHecSink):
    """Sends one event with a blank text, which the encoder would never make."""

    def encoder(self, config: Any) -> Callable[[dict[str, Any]], Record]:
        """Spoil the event that says so."""
        encode = super().encoder(config)

        def spoil(event: dict[str, Any]) -> Record:
            return Record(b'{"event":""}') if event["message"].endswith("spoil") else encode(event)

        return spoil


def deliver(sink: SplunkHecSink, messages: list[str]) -> Any:
    """Write one event per message, stop, and return the books."""

    async def run() -> None:
        for message in messages:
            assert await sink.write({"message": message, "level": "INFO"})
        await sink.stop()

    asyncio.run(run())
    return sink.stats()


def stored(run: str, count: int) -> Counter[str]:
    """Return how often each event of a run is in the receiver's file, once there are enough or time is up."""
    deadline = time.monotonic() + READ_SECONDS
    while True:
        found = Counter(re.findall(rf"{run}-\d+", Path(RECORDS).read_text("utf-8")))
        if len(found) >= count or time.monotonic() > deadline:
            return found
        time.sleep(0.05)


def test_every_step_of_the_check_passes() -> None:
    """Address, health, token, acknowledgement and index are right; otherwise the text says what is not."""
    config = SplunkHecSink(settings()).config
    steps = list(platform_steps(config, user_agent="live-test"))
    assert [step for step in steps if step.state == FAILED] == []


@pytest.mark.parametrize("gzip", [True, False], ids=["gzip", "plain"])
def test_events_are_delivered_once(gzip: bool) -> None:
    """All of them, whether or not the token has acknowledgement on."""
    run = f"live-{uuid.uuid4().hex}"
    print(run)
    books = deliver(
        SplunkHecSink(settings(gzip=gzip, batch_max_events=10)), [f"{run}-{n}" for n in range(30)]
    )
    assert (books.delivered, books.dropped, books.ambiguous) == (30, {}, 0)
    if RECORDS:
        assert stored(run, 30) == Counter(f"{run}-{n}" for n in range(30))


def test_a_bad_event_costs_no_other() -> None:
    """The collector refuses it; those before and behind it are there, once each."""
    run = f"live-{uuid.uuid4().hex}"
    messages = [f"{run}-{n}" for n in range(20)]
    books = deliver(SpoilingSink(settings()), [*messages[:7], "spoil", *messages[7:]])
    assert (books.delivered, books.dropped) == (20, {"rejected": 1})
    if RECORDS:
        assert stored(run, 20) == Counter(messages)


def test_a_wrong_token_holds() -> None:
    """Nothing is lost by a wrong token: it is still there at the close, which says so."""
    sink = SplunkHecSink(settings(token=str(uuid.uuid4()), close_timeout_seconds=2.0))

    async def run() -> None:
        assert await sink.write({"message": "held"})
        deadline = time.monotonic() + READ_SECONDS
        while not sink.stats().held:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.01)
        assert sink.stats().pending == 1
        await sink.stop()

    asyncio.run(run())
    assert sink.stats().dropped == {"closed": 1}
