# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Which value goes where: `mapping.py`.
"""Event -> one message without framing, in the configured format."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any

from .._delivery.records import Record
from . import cef, mapping, rfc5424
from .config import SyslogCefConfig
from .text import parse_timestamp, rfc3339, to_text, unique

Event = dict[str, Any]


class Encoder:
    """Formats events; the same event gives the same bytes.

    Args:
        config: Format, names and limits.
        hostname: Name of this machine, unless the configuration has one.
        clock: Seconds since 1970; RFC 3164 takes it for an event whose time cannot be read.
    """

    def __init__(
        self, config: SyslogCefConfig, *, hostname: str, clock: Callable[[], float] = time.time
    ) -> None:
        self._config = config
        self._hostname = config.hostname or hostname
        self._clock = clock
        self._sd_id = f"fapilog@{config.enterprise_id}"
        self._device = cef.device(config.cef_vendor, config.cef_product, config.cef_version)
        self._format = self._cef if config.format == "cef" else self._rfc5424

    def encode(self, event: Event) -> Record:
        """Return the message as `Record.payload`, no longer than the configured limit."""
        moment = parse_timestamp(event.get("timestamp"))
        payload, truncated = self._format(event, moment)
        return Record(payload, truncated)

    def _rfc5424(self, event: Event, moment: datetime | None) -> tuple[bytes, bool]:
        return rfc5424.message(
            self._rfc5424_header(event, moment),
            self._sd_id,
            _params(event, moment),
            mapping.message_with_stack(event),
            max_bytes=self._config.payload_max_bytes,
        )

    def _cef(self, event: Event, moment: datetime | None) -> tuple[bytes, bool]:
        before = self._before_cef(event, moment)
        return cef.record(
            before + self._device,
            mapping.event_class_id(event),
            mapping.message_text(event),
            mapping.cef_severity(event),
            self._cef_fields(event, moment),
            max_bytes=self._config.payload_max_bytes,
        )

    def _before_cef(self, event: Event, moment: datetime | None) -> str:
        if self._config.cef_header == "none":
            return ""
        if self._config.cef_header == "rfc5424":
            return f"{self._rfc5424_header(event, moment)} - "
        moment = moment or datetime.fromtimestamp(self._clock(), timezone.utc)
        # RFC 3164 knows no zone: receivers take the local one.
        header = rfc5424.rfc3164_header(self._priority(event), moment.astimezone(), self._hostname)
        return f"{header} "

    def _rfc5424_header(self, event: Event, moment: datetime | None) -> str:
        return rfc5424.header(
            self._priority(event),
            rfc3339(moment) if moment else "-",
            hostname=self._hostname,
            app_name=self._config.app_name,
            procid=str(os.getpid()),
            msgid=mapping.message_id(event),
        )

    def _priority(self, event: Event) -> int:
        return rfc5424.priority(self._config.facility, mapping.syslog_severity(event))

    def _cef_fields(self, event: Event, moment: datetime | None) -> Iterator[cef.Field]:
        taken: dict[str, int] = {}
        if moment is not None:
            yield cef.Field("rt", str(round(moment.timestamp() * 1000)))
        yield cef.Field("dvchost", self._hostname)
        yield cef.Field("dvcpid", str(os.getpid()))
        for name, value in _texts(mapping.host_fields(event)):
            key, label = mapping.CEF_KEYS.get(name, ("", ""))
            if key and key not in taken:
                taken[key] = 1
                yield cef.Field(key, value, label)
            else:
                yield _own_field(name, value, taken)
        for name, value in _texts(_rest(event, moment)):
            yield _own_field(name, value, taken)
        yield cef.Field("msg", mapping.message_text(event))


def _params(event: Event, moment: datetime | None) -> Iterator[tuple[str, str]]:
    yield from _texts(mapping.host_fields(event))
    yield from _texts(_rest(event, moment))


def _rest(event: Event, moment: datetime | None) -> Iterator[tuple[str, Any]]:
    if moment is None:
        yield "timestamp", event.get("timestamp")  # what could not be read is kept as it was
    yield from mapping.data_fields(event)


def _texts(fields: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    return ((name, to_text(value)) for name, value in fields if value is not None)


def _own_field(name: str, value: str, taken: dict[str, int]) -> cef.Field:
    key = cef.own_key(mapping.CEF_OWN_KEY_PREFIX, name)
    return cef.Field(unique(key, cef.OWN_KEY_MAX_CHARS, taken), value)
