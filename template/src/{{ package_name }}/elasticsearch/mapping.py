# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Which part of a fapilog event becomes which field of the document.

Fields follow the Elastic Common Schema (ECS). Whatever it has no place for goes to `labels`, as
text: the first type seen fixes a field's mapping, so user data in other types would make later
documents fail. Dots in its names are replaced, since Elasticsearch reads them as objects.
"""

from __future__ import annotations

from typing import Any

from .values import as_text, to_labels, utc_timestamp

ECS_VERSION = "8.11.0"
"""The version of the ECS fields that are used here."""

EVENT_FIELDS = {"level": "log.level", "logger": "log.logger"}
"""Key of the event -> ECS keyword field. What no table names becomes a label."""

CONTEXT_FIELDS = {
    "message_id": "event.id",
    "request_id": "http.request.id",
    "user_id": "user.id",
    "tenant_id": "organization.id",
    "trace_id": "trace.id",
    "span_id": "span.id",
}
"""Key of the event's `context` -> ECS keyword field."""

DIAGNOSTICS_FIELDS = {
    "host": "host.name",
    "service": "service.name",
    "version": "service.version",
    "env": "service.environment",
}
"""Key of the event's `diagnostics` -> ECS keyword field."""

ERROR_FIELDS = {
    "error.type": "error.type",
    "error.message": "error.message",
    "error.stack": "error.stack_trace",
}
"""Key of the event's `diagnostics.exception` -> ECS field."""

LONG_TEXT_FIELDS = frozenset({"message", "error.message", "error.stack_trace"})
"""Fields mapped as text. The encoder shortens all others to what a keyword can hold."""


def to_document(event: dict[str, Any], received_at: float) -> dict[str, Any]:
    """Return the document for an event, and use the event up.

    Args:
        event: A fapilog event as plain JSON types; any key may be missing or have any type.
        received_at: Seconds since the epoch, used when the event has no usable time of its own.
            What it had instead becomes the label `timestamp`: a date field would refuse it.
    """
    context, diagnostics, data = (_take(event, key) for key in ("context", "diagnostics", "data"))
    error = _take(diagnostics, "exception")
    timestamp = utc_timestamp(event.get("timestamp"))
    if timestamp is not None:
        del event["timestamp"]
    document: dict[str, Any] = {
        "@timestamp": timestamp or utc_timestamp(received_at),
        "message": as_text(event.pop("message", None)),
        "ecs": {"version": ECS_VERSION},
    }
    pid = diagnostics.get("pid")
    if isinstance(pid, int) and 0 <= pid < 2**63:  # a long
        document["process"] = {"pid": diagnostics.pop("pid")}
    if error.get("error.stack"):
        error.pop("error.frames", None)  # the same, in pieces
    _move(event, EVENT_FIELDS, document)
    _move(context, CONTEXT_FIELDS, document)
    _move(diagnostics, DIAGNOSTICS_FIELDS, document)
    _move(error, ERROR_FIELDS, document)
    labels = to_labels(event, context, data, error, {"diagnostics": diagnostics or None})
    if labels:
        document["labels"] = labels
    return document


def _take(holder: dict[str, Any], key: str) -> dict[str, Any]:
    """Remove and return the mapping at `key`; any other value as a mapping with that one entry."""
    value = holder.pop(key, None)
    return value if isinstance(value, dict) else {key: value}


def _move(source: dict[str, Any], fields: dict[str, str], document: dict[str, Any]) -> None:
    for key in [key for key in source if key in fields]:
        value = source.pop(key)
        if value is not None:
            *parents, name = fields[key].split(".")
            holder = document
            for parent in parents:
                holder = holder.setdefault(parent, {})
            holder[name] = as_text(value)
