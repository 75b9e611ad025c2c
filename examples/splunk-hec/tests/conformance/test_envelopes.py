# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What each version of fapilog gives to a sink, on both write paths, and what the encoder gets of it."""

from __future__ import annotations

import copy
import json
import re
from datetime import datetime, timezone
from typing import Any

import pytest
from fapilog.core.settings import Settings

from .hosting import HOST, SINK, log, make_logger, since
from .target import Target

KEYS = {"timestamp", "level", "message", "logger", "context", "diagnostics", "data"}
TIME = datetime(2026, 12, 1, 10, 30, tzinfo=timezone.utc)
PATHS = pytest.mark.parametrize("serialized", [False, True], ids=["write", "write_serialized"])


class Keeping(SINK):  # type: ignore[misc]
    """The sink, which remembers what it was called with and what its encoder got."""

    def __init__(self, **settings: Any) -> None:
        self.entries: list[dict[str, Any]] = []
        self.views: list[bytes] = []
        self.events: list[dict[str, Any]] = []
        super().__init__(**settings)

    def encoder(self, config: Any) -> Any:
        """Remember the event, as it is."""
        encode = super().encoder(config)

        def keep(event: dict[str, Any]) -> Any:
            self.events.append(copy.deepcopy(event))
            return encode(event)

        return keep

    async def write(self, entry: Any) -> bool:
        """Remember the mapping."""
        self.entries.append(copy.copy(entry))
        return bool(await super().write(entry))

    async def write_serialized(self, view: Any) -> bool:
        """Remember the bytes."""
        self.views.append(bytes(view.data))
        return bool(await super().write_serialized(view))


def one_event(target: Target, *, serialized: bool, **data: Any) -> Keeping:
    """Log one event through a sink that keeps it; it arrives as well."""
    settings = Settings()
    settings.core.serialize_in_flush = serialized
    sink = Keeping(**target.settings)
    logger = make_logger("app", sink, settings=settings)
    logger.error("the message", **data)
    log(logger, [])
    (message,) = target.messages()
    assert message.startswith("the message"), HOST  # a platform may put an exception behind it
    return sink


def wrong_context(context: dict[str, Any]) -> list[str]:
    """Return what is not as this version of fapilog has it, of an event without a correlation id."""
    named = isinstance(context.get("message_id"), str) is since(0, 12)
    if since(0, 15):
        correlated = "correlation_id" in context and context["correlation_id"] is None
    elif since(0, 12):
        correlated = "correlation_id" not in context
    else:
        correlated = isinstance(context.get("correlation_id"), str)
    right = {"correlation_id": correlated, "message_id": named}
    return [key for key, is_right in right.items() if not is_right]


@PATHS
def test_the_event_has_the_shape_of_this_version(target: Target, serialized: bool) -> None:
    """The encoder gets the same keys on both paths; what differs between versions is named here."""
    (event,) = one_event(target, serialized=serialized, order=7, user_id="u1").events
    assert event.keys() == KEYS, HOST
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", event["timestamp"]), HOST
    assert (event["level"], event["message"], event["logger"]) == ("ERROR", "the message", "app")
    assert event["data"] == {"order": 7}, HOST
    assert event["context"]["user_id"] == "u1", HOST
    assert wrong_context(event["context"]) == [], HOST
    assert event["diagnostics"].get("origin") == ("native" if since(0, 13) else None), HOST


@PATHS
def test_values_and_exceptions_are_readable(target: Target, serialized: bool) -> None:
    """Before 0.15 fapilog hands over objects; the encoder gets text, and the parts of an exception."""
    try:
        raise ValueError("a reason")
    except ValueError as error:
        sink = one_event(target, serialized=serialized, at=TIME, exc=error)
    (event,) = sink.events
    assert event["data"]["at"] == TIME.isoformat(), HOST
    exception = event["diagnostics"]["exception"]
    assert (exception["error.type"], exception["error.message"]) == ("ValueError", "a reason"), HOST
    assert "raise ValueError" in exception["error.stack"], HOST
    if not serialized:
        assert type(sink.entries[0]["data"]["at"]) is (str if since(0, 15) else datetime), HOST


def test_the_serialized_form_is_the_envelope(target: Target) -> None:
    """`write_serialized` gets `log` with sorted keys and the version of the schema, on one line."""
    sink = one_event(target, serialized=True, zebra=1, ant=2)
    (view,) = sink.views
    value = json.loads(view)
    assert sink.entries == [], HOST
    assert value == {"log": sink.events[0], "schema_version": "1.1"}, HOST
    assert view == json.dumps(value, sort_keys=True, separators=(",", ":")).encode(), HOST


def test_what_cannot_be_serialized_comes_as_a_mapping(target: Target) -> None:
    """On the serialized path, too: one sink must take both from one logger."""
    sink = one_event(target, serialized=True, thing={1, 2}, number=2**70)
    assert (len(sink.entries), sink.views) == (1, []), HOST
    assert sorted(sink.events[0]["data"]["thing"]) == [1, 2]
