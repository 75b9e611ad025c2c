# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""What of an event goes where in Splunk. Change these functions to taste.

They are given the event as fapilog shapes it: timestamp, level, message, logger, context,
diagnostics, data. Any of these may be missing or have another type, so look things up with `at`.
What is returned is made safe for the wire afterwards: names, types, blank values and size.
"""

from __future__ import annotations

from typing import Any

from .config import SplunkHecConfig

Event = dict[str, Any]


def time(event: Event) -> Any:
    """Return the time of the event: ISO 8601 text, or seconds since the epoch."""
    return event.get("timestamp")


def body(event: Event) -> Any:
    """Return what people read and Splunk extracts fields from: all but the time and empty parts.

    Message, level and logger come first, since Splunk shows the text as it was sent.
    """
    first = {key: event.get(key) for key in ("message", "level", "logger")}
    merged = {**first, **event, "context": _without_nulls(event.get("context"))}
    return {key: value for key, value in merged.items() if key != "timestamp" and _filled(value)}


def fields(event: Event) -> dict[str, Any]:
    """Return the indexed fields, for fast searches with `tstats` and `name::value`.

    They cost disk space in Splunk, so keep them few. A name that also stands at the top of `body`
    would show twice in every search result; that is why the level is called `severity`.
    """
    return {
        "severity": event.get("level"),
        "service": at(event, "diagnostics", "service"),
        "env": at(event, "diagnostics", "env"),
        "correlation_id": at(event, "context", "correlation_id"),
        "trace_id": at(event, "context", "trace_id"),
        "span_id": at(event, "context", "span_id"),
    }


def metadata(event: Event, config: SplunkHecConfig) -> dict[str, Any]:
    """Return Splunk's `host`, `source`, `sourcetype`, `index`; None means the token's default."""
    return {
        "host": _text_at(event, config.host_field)
        or config.host
        or (at(event, "diagnostics", "host") if config.host_field is None else None),
        "source": _text_at(event, config.source_field) or config.source,
        "sourcetype": _text_at(event, config.sourcetype_field) or config.sourcetype,
        "index": _text_at(event, config.index_field) or config.index,
    }


def raw(event: Event) -> Any:
    """Return the line for the raw endpoint: a text, or a value that is sent as JSON."""
    return {"timestamp": event.get("timestamp"), **body(event)}


def at(event: Any, *path: str) -> Any:
    """Look up a nested value; None when any step is missing."""
    for key in path:
        event = event.get(key) if isinstance(event, dict) else None
    return event


def _text_at(event: Event, path: str | None) -> str | None:
    value = at(event, *path.split(".")) if path else None
    return value if isinstance(value, str) and value.strip() else None


def _without_nulls(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {key: item for key, item in value.items() if item is not None}


def _filled(value: Any) -> bool:
    return value is not None and value != {} and value != []
