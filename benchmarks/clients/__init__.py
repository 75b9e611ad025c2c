"""What sends: the sinks, the bare loop, the peers. Each is a function from a `Load` to a `Sent`."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from ..load import Load, Sent

_HOMES = {
    "ours": "ours",
    "host": "host",
    "latency": "ours",
    "outage": "ours",
    "shutdown": "ours",
    "startup": "ours",
    "bare_bulk": "bare",
    "bare_hec": "bare",
    "es_async": "bulk",
    "es_sync": "bulk",
    "opensearch": "bulk",
    "opensearch_async": "bulk",
    "splunk_handler": "hec",
    "hass_splunk": "hec",
    "fapilog_http": "hec",
    "sysloghandler": "syslog",
    "sysloghandler_emit": "syslog",
    "rfc5424_handler": "syslog",
    "rsyslog": "relay",
}


def client(name: str) -> Callable[[Load], Sent]:
    """Return the function that sends; only the libraries of that one are imported."""
    module = import_module(f".{_HOMES[name]}", __package__)
    send: Callable[[Load], Sent] = getattr(module, name)
    return send
