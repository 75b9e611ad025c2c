# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Which value goes where: `defaults.py`, `mapping.py`.
"""Event -> one message without framing, in the configured format."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from typing import Any, NamedTuple

from .._delivery.records import Record
from . import cef, defaults, json_text, leef, mapping, rfc5424
from .config import SyslogCefConfig
from .keys import OWN_KEY_MAX_CHARS, Field, own_key, typed
from .tables import LEEF_KEYS, MONTHS, REGISTERED_SD_IDS
from .text import one_line, parse_timestamp, pick, rfc3339, to_text, unique

Event = dict[str, Any]

_MSGIDS = {"cef": "CEF", "leef": "LEEF"}


class _Value(NamedTuple):
    """A value of an event: its name in the key maps, the part of the name that is shown, its text."""

    field: str
    name: str
    text: str


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
        self._max_bytes = config.payload_max_bytes
        self._facilities = dict(config.facility_map)
        self._severities = {**defaults.SYSLOG_SEVERITIES, **dict(config.severity_map)}
        self._cef_severities = {**defaults.CEF_SEVERITIES, **dict(config.cef_severity_map)}
        self._sd_keys = {**defaults.SD_KEYS, **dict(config.sd_keys)}
        self._cef_keys = {**defaults.CEF_KEYS, **dict(config.cef_keys)}
        self._leef_keys = {**defaults.LEEF_KEYS, **dict(config.leef_keys)}
        # The header of CEF; LEEF knows no pipes there at all.
        self._pipe = "_" if config.replace_pipes else "|"
        names = (config.device_vendor, config.device_product, config.device_version)
        self._cef_device = cef.device(
            config.cef_number, *(name.replace("|", self._pipe) for name in names)
        )
        self._leef_device = leef.device(config.leef_version, *names)
        self._format = getattr(self, f"_{config.format}")

    def encode(self, event: Event) -> Record:
        """Return the message as `Record.payload`, no longer than the configured limit."""
        moment = parse_timestamp(event.get("timestamp"))
        payload, truncated = self._format(event, moment)
        return Record(payload, truncated)

    def _rfc5424(self, event: Event, moment: datetime | None) -> tuple[bytes, bool]:
        return rfc5424.message(
            self._rfc5424_header(event, moment),
            self._sd_id("fapilog"),
            self._params(event, moment),
            mapping.message_with_stack(event),
            max_bytes=self._max_bytes,
            bom=self._config.bom,
        )

    def _rfc3164(self, event: Event, moment: datetime | None) -> tuple[bytes, bool]:
        text = one_line(mapping.message_with_stack(event))
        return rfc5424.plain(self._head(event, moment, tag=True), text, max_bytes=self._max_bytes)

    def _json(self, event: Event, moment: datetime | None) -> tuple[bytes, bool]:
        # Without a tag, receivers of RFC 3164 take the first key for one.
        return json_text.record(
            self._head(event, moment, tag=True), event, max_bytes=self._max_bytes
        )

    def _cef(self, event: Event, moment: datetime | None) -> tuple[bytes, bool]:
        name = to_text(pick(event, self._config.event_name_field)) or mapping.message_text(event)
        return cef.record(
            self._head(event, moment) + self._cef_device,
            self._event_id(event).replace("|", self._pipe),
            name.replace("|", self._pipe),
            self._cef_severity(event),
            self._cef_fields(event, moment),
            max_bytes=self._max_bytes,
            kinds=cef.KINDS[self._config.cef_number],
        )

    def _leef(self, event: Event, moment: datetime | None) -> tuple[bytes, bool]:
        config = self._config
        return leef.record(
            self._head(event, moment) + self._leef_device,
            self._event_id(event),
            self._leef_fields(event, moment),
            delimiter=config.leef_delimiter if config.leef_version == "2.0" else "\t",
            replace_pipes=config.replace_pipes,
            max_bytes=self._max_bytes,
        )

    def _head(self, event: Event, moment: datetime | None, *, tag: bool = False) -> str:
        header = self._config.effective_header
        if header == "none":
            return ""
        if header == "rfc5424":
            return f"{self._rfc5424_header(event, moment)} - "
        moment = moment or datetime.fromtimestamp(self._clock(), timezone.utc)
        # RFC 3164 knows no zone: receivers take the local one.
        text = rfc5424.rfc3164_header(self._priority(event), moment.astimezone(), self._hostname)
        return f"{text} {rfc5424.tag(self._config.app_name, os.getpid())} " if tag else f"{text} "

    def _rfc5424_header(self, event: Event, moment: datetime | None) -> str:
        return rfc5424.header(
            self._priority(event),
            rfc3339(moment) if moment else "-",
            hostname=self._hostname,
            app_name=self._config.app_name,
            procid=str(os.getpid()),
            # Receivers look for the text `CEF:0`: no field of an event may bring it into a header.
            msgid=_MSGIDS.get(self._config.format) or self._event_id(event),
        )

    def _priority(self, event: Event) -> int:
        level = mapping.level(event)
        severity = self._severities.get(level, defaults.UNKNOWN_SEVERITY)
        return rfc5424.priority(self._facilities.get(level, self._config.facility), severity)

    def _cef_severity(self, event: Event) -> int:
        return self._cef_severities.get(mapping.level(event), defaults.UNKNOWN_CEF_SEVERITY)

    def _event_id(self, event: Event) -> str:
        return to_text(pick(event, self._config.event_id_field)) or to_text(event.get("logger"))

    def _sd_id(self, element: str) -> str:
        if element in REGISTERED_SD_IDS:
            return element
        return f"{element}@{self._config.enterprise_id}"

    def _params(self, event: Event, moment: datetime | None) -> Iterator[tuple[str, str, str]]:
        for value in _values(event, moment):
            target = self._sd_keys.get(value.field)
            if target == "":
                continue
            element, _, name = target.rpartition(" ") if target else ("", "", value.name)
            home = "data" if value.field.startswith("data.") else "fapilog"
            yield self._sd_id(element or home), name, value.text

    def _cef_fields(self, event: Event, moment: datetime | None) -> Iterator[Field]:
        if moment is not None:
            yield Field("rt", _cef_time(moment, self._config.cef_time))
        yield Field("dvchost", self._hostname)
        yield Field("dvcpid", str(os.getpid()))
        taken = dict.fromkeys(("rt", "dvchost", "dvcpid", "msg"), 1)
        kinds = cef.KINDS[self._config.cef_number]
        yield from _keyed(_values(event, moment), self._cef_keys, kinds, taken)
        yield Field("msg", mapping.message_text(event))

    def _leef_fields(self, event: Event, moment: datetime | None) -> Iterator[Field]:
        if moment is not None:
            yield Field("devTime", str(round(moment.timestamp() * 1000)))
        yield Field("sev", str(max(1, self._cef_severity(event))))
        # Not `identHostName`, which is that of a user's machine.
        host = own_key(defaults.OWN_KEY_PREFIX, "host")
        yield Field(host, self._hostname)
        taken = dict.fromkeys(("devTime", "sev", host, "msg"), 1)
        yield from _keyed(_values(event, moment), self._leef_keys, LEEF_KEYS, taken)
        yield Field("msg", mapping.message_text(event))


def _values(event: Event, moment: datetime | None) -> Iterator[_Value]:
    for name, value in mapping.host_fields(event):
        if value is not None:
            yield _Value(name, name, to_text(value))
    if moment is None and event.get("timestamp") is not None:
        # What could not be read is kept as it was.
        yield _Value("timestamp", "timestamp", to_text(event["timestamp"]))
    for name, value in mapping.data_fields(event):
        if value is not None:
            yield _Value(f"data.{name}", name, to_text(value))


def _keyed(
    values: Iterator[_Value],
    keys: dict[str, str],
    kinds: dict[str, int | str],
    taken: dict[str, int],
) -> Iterator[Field]:
    """Yield each value under its key; under one of its own if it has none, or does not fit it."""
    for value in values:
        target = keys.get(value.field)
        if target == "":
            continue
        key, _, label = (target or "").partition(" ")
        field = typed(key, value.text, label, kinds) if key else None
        if field is None or field.key in taken:
            own = own_key(defaults.OWN_KEY_PREFIX, value.name)
            field = Field(unique(own, OWN_KEY_MAX_CHARS, taken), value.text)
        taken[field.key] = taken.get(field.key, 1)
        yield field


def _cef_time(moment: datetime, form: str) -> str:
    if form == "epoch":
        return str(round(moment.timestamp() * 1000))
    milliseconds = moment.microsecond // 1000
    return f"{MONTHS[moment.month - 1]} {moment:%d %Y %H:%M:%S}.{milliseconds:03} UTC"
