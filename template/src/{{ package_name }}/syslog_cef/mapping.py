# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Which values an event has, in the order of their importance. Their keys: `defaults.py`.

Escaping, limits and unique names are the formats' business; what is returned here can be any text.
An event has the keys timestamp, level, message, logger, context, diagnostics, data; any may be
missing or hold any JSON type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .text import flatten, to_text


def message_text(event: dict[str, Any]) -> str:
    """Return the message alone."""
    return to_text(event.get("message"))


def message_with_stack(event: dict[str, Any]) -> str:
    """Return the MSG of RFC 5424: the message, and the stack below it when there is one."""
    stack = _exception(event).get("error.stack")
    return f"{message_text(event)}\n{to_text(stack)}" if stack else message_text(event)


def host_fields(event: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what the host and its enrichers say; when room is short, the first ones win it."""
    yield "level", event.get("level")
    yield "logger", event.get("logger")
    yield from flatten(event.get("context"), "context")
    exception = _exception(event)
    yield "error_type", exception.get("error.type")
    yield "error_message", exception.get("error.message")
    diagnostics = event.get("diagnostics")
    if isinstance(diagnostics, dict):
        # Frames repeat the stack, which is part of the message.
        diagnostics = {key: value for key, value in diagnostics.items() if key != "exception"}
    yield from flatten(diagnostics, "diagnostics")


def data_fields(event: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield what the application logged: `data`, and top-level keys the host does not define."""
    yield from flatten(event.get("data"), "data")
    for key, value in event.items():
        if key not in _HOST_KEYS:
            yield from flatten({key: value}, key)


_HOST_KEYS = frozenset(
    {"timestamp", "level", "message", "logger", "context", "diagnostics", "data"}
)


def level(event: dict[str, Any]) -> str:
    """Return the level in capitals, whatever it is."""
    return to_text(event.get("level")).upper()


def _exception(event: dict[str, Any]) -> dict[str, Any]:
    diagnostics = event.get("diagnostics")
    exception = diagnostics.get("exception") if isinstance(diagnostics, dict) else None
    return exception if isinstance(exception, dict) else {}
