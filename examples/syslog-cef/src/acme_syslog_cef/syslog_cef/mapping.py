# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Which value of an event goes where: severities, fields, CEF keys.

Escaping, limits and unique names are the formats' business; what is returned here can be any text.
An event has the keys timestamp, level, message, logger, context, diagnostics, data; any may be
missing or hold any JSON type.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .text import flatten, to_text

SYSLOG_SEVERITIES = {
    # RFC 5424 section 6.2.1. Emergency (0) is not offered: receivers write it to every terminal.
    "ALERT": 1,
    "CRITICAL": 2,
    "FATAL": 2,
    "ERROR": 3,
    "WARNING": 4,
    "WARN": 4,
    "SECURITY": 4,  # the host ranks it above CRITICAL so that no filter drops it, not as an outage
    "NOTICE": 5,
    "AUDIT": 5,
    "INFO": 6,
    "DEBUG": 7,
    "TRACE": 7,
}
CEF_SEVERITIES = {
    # 0-3 low, 4-6 medium, 7-8 high, 9-10 very high.
    "ALERT": 10,
    "CRITICAL": 10,
    "FATAL": 10,
    "ERROR": 8,
    "SECURITY": 7,
    "WARNING": 6,
    "WARN": 6,
    "NOTICE": 4,
    "AUDIT": 4,
    "INFO": 3,
    "DEBUG": 1,
    "TRACE": 1,
}

CEF_KEYS = {
    # Name in `host_fields` -> key of the CEF dictionary and, for custom strings, their label.
    "logger": ("cat", ""),
    "message_id": ("externalId", ""),
    "user_id": ("suid", ""),
    "service": ("deviceProcessName", ""),
    "error_message": ("reason", ""),
    "correlation_id": ("cs1", "correlationId"),
    "request_id": ("cs2", "requestId"),
    "trace_id": ("cs3", "traceId"),
    "span_id": ("cs4", "spanId"),
    "tenant_id": ("cs5", "tenantId"),
    "error_type": ("cs6", "errorType"),
}
CEF_OWN_KEY_PREFIX = "fapilog"
"""Every other field becomes `<prefix><FieldName>`, so that no data can pose as a dictionary key."""


def syslog_severity(event: dict[str, Any]) -> int:
    """Return 1 (alert) to 7 (debug); a level nobody listed is 6 (informational), as in the host."""
    return SYSLOG_SEVERITIES.get(_level(event), 6)


def cef_severity(event: dict[str, Any]) -> int:
    """Return 0 to 10; a level nobody listed counts as INFO."""
    return CEF_SEVERITIES.get(_level(event), 3)


def message_text(event: dict[str, Any]) -> str:
    """Return the message alone."""
    return to_text(event.get("message"))


def message_with_stack(event: dict[str, Any]) -> str:
    """Return the MSG of RFC 5424: the message, and the stack below it when there is one."""
    stack = _exception(event).get("error.stack")
    return f"{message_text(event)}\n{to_text(stack)}" if stack else message_text(event)


def message_id(event: dict[str, Any]) -> str:
    """Return the MSGID of RFC 5424, the type of the message: the logger, which code chooses."""
    return to_text(event.get("logger"))


def event_class_id(event: dict[str, Any]) -> str:
    """Return the Device Event Class ID of CEF: the logger, which code chooses."""
    return to_text(event.get("logger"))


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


def _level(event: dict[str, Any]) -> str:
    return to_text(event.get("level")).upper()


def _exception(event: dict[str, Any]) -> dict[str, Any]:
    diagnostics = event.get("diagnostics")
    exception = diagnostics.get("exception") if isinstance(diagnostics, dict) else None
    return exception if isinstance(exception, dict) else {}
