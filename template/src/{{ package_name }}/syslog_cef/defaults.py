# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Which level is how severe, and which field gets which key: data only.

The settings `severity_map`, `cef_severity_map`, `sd_keys`, `cef_keys` and `leef_keys` add to these tables
or replace entries. A field of the application has the name `data.<field>`; "" leaves a field out.
"""

from __future__ import annotations

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
    # 0-3 low, 4-6 medium, 7-8 high, 9-10 very high; LEEF's `sev`, too, where 0 becomes 1.
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
UNKNOWN_SEVERITY = 6
UNKNOWN_CEF_SEVERITY = 3
"""A level that nobody listed counts as INFO, as in the host."""

SD_KEYS: dict[str, str] = {}
"""RFC 5424: field -> "NAME", or "ELEMENT NAME" for another element than `fapilog` (what the host says) and
`data` (what the application says)."""

CEF_KEYS = {
    # Field -> "KEY" of the CEF dictionary, or "KEY LABEL" for a custom field.
    "logger": "cat",
    "message_id": "externalId",
    "user_id": "suid",
    "service": "deviceProcessName",
    "error_message": "reason",
    "correlation_id": "cs1 correlationId",
    "request_id": "cs2 requestId",
    "trace_id": "cs3 traceId",
    "span_id": "cs4 spanId",
    "tenant_id": "cs5 tenantId",
    "error_type": "cs6 errorType",
}
LEEF_KEYS = {
    # Field -> attribute that the receiver knows.
    "logger": "cat",
    "user_id": "usrName",
    "service": "resource",
    "tenant_id": "domain",
}
OWN_KEY_PREFIX = "fapilog"
"""CEF and LEEF: every other field becomes `<prefix><FieldName>`, so that no data can pose as a known key."""
