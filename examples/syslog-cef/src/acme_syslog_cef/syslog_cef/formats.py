# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""The part of the settings that says what a message looks like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .._delivery.settings import under_new_names
from .cef import KINDS
from .keys import problem_of
from .pairs import KeyMap, SeverityMap, checked
from .tables import (
    CEF_1_KEYS,
    CEF_CONSUMER_KEYS,
    FACILITIES,
    FORMAT_HEADERS,
    FORMAT_MAX_BYTES,
    LEEF_KEYS,
    LEEF_RESERVED,
    PRESETS,
    RENAMED,
)

Facility = Literal[
    "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
]  # fmt: skip
_NAME = r"^[ -~]*[!-~][ -~]*$"
_SD_TARGET = r"([A-Za-z0-9_.-]{1,20} )?[!#-<>-\\^-~]{1,32}"


class FormatSettings(BaseModel):
    """Mixed into the settings of the sink."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    renamed: ClassVar[Mapping[str, str]] = RENAMED

    preset: Literal["arcsight", "sentinel", "sc4s", "qradar"] | None = None
    """Settings that a receiver is known to want; one that is given beside it wins."""
    format: Literal["rfc5424", "rfc3164", "cef", "leef", "json"] = "rfc5424"
    """What one message is. RFC 5424 with structured data is read by every syslog receiver and keeps all
    fields; RFC 3164 has the message alone; a CEF or LEEF record is for a SIEM that asks for it; JSON is the
    whole event."""
    header: Literal["rfc5424", "rfc3164", "none"] | None = None
    """CEF, LEEF, JSON: what stands before the record. None: `rfc3164` for CEF and LEEF, without a tag, as
    ArcSight, Microsoft Sentinel and QRadar want it, and `rfc5424` for JSON. `none` is for agents."""
    message_max_bytes: int | None = Field(default=None, ge=1_024, le=1_000_000)
    """A message, header included, is shortened to this. None: 8096, since rsyslog splits longer ones
    unless its `maxMessageSize` is raised, and 1024 for RFC 3164."""
    facility: Facility = "local0"
    """Facility in the PRI. Not `user`, which many programs use, so that a receiver can tell them
    apart."""
    facility_map: KeyMap = ()
    """Level -> another facility, e.g. {"AUDIT": "authpriv"}."""
    severity_map: SeverityMap = ()
    """Level -> syslog severity, 0 (emergency) to 7 (debug), in addition to those in `defaults.py`."""
    cef_severity_map: SeverityMap = ()
    """Level -> severity of CEF and LEEF, 0 to 10, in addition to those in `defaults.py`."""
    app_name: str = Field(default="fapilog", pattern=r"^[!-~]{1,48}$")
    """APP-NAME of RFC 5424, tag of RFC 3164: 1 to 48 printable ASCII characters without spaces."""
    hostname: str | None = Field(default=None, pattern=r"^[!-~]{1,255}$")
    """HOSTNAME of the messages and `dvchost` of CEF; None: what this machine calls itself."""
    event_id_field: str = "logger"
    """Field, with dots for depth, that is MSGID, class id of CEF and event id of LEEF."""
    event_name_field: str = "message"
    """Field, with dots for depth, that is the name in CEF."""
    enterprise_id: int = Field(default=32473, ge=1, le=4_294_967_295)
    """IANA private enterprise number in the SD-IDs `fapilog@<number>` and `data@<number>`. 32473 is the one
    reserved for documentation (RFC 5612): set your organisation's."""
    bom: bool = False
    """RFC 5424: begin the text with a byte order mark. The RFC asks for it, most receivers show it."""
    sd_keys: KeyMap = ()
    """RFC 5424: field -> "NAME" or "ELEMENT NAME", e.g. {"data.order.id": "order id"}; "" leaves it out."""
    device_vendor: str = Field(default="fapilog", pattern=_NAME, max_length=63)
    """CEF and LEEF: printable ASCII; vendor and product together are unique to one product."""
    device_product: str = Field(default="application", pattern=_NAME, max_length=63)
    """CEF and LEEF: printable ASCII."""
    device_version: str = Field(default="1.0", pattern=_NAME, max_length=31)
    """CEF and LEEF: the version of your application."""
    replace_pipes: bool = False
    """A pipe becomes an underscore in the header of CEF and in the values of LEEF: for receivers that split
    at every pipe."""
    cef_number: Literal[0, 1] = 0
    """Number after `CEF:`. 1 allows the keys that CEF 1.2 added; some receivers look for `CEF:0`."""
    cef_time: Literal["epoch", "text"] = "epoch"
    """Form of `rt`: milliseconds since 1970, or `Nov 23 2026 15:05:52.967 UTC`."""
    cef_keys: KeyMap = ()
    """Field -> "KEY" or "KEY LABEL", e.g. {"data.client": "src", "data.order": "cs1 order"}; "" leaves it
    out."""
    leef_version: Literal["1.0", "2.0"] = "2.0"
    """LEEF 1.0 separates by TAB, which rsyslog replaces; 2.0 by `leef_delimiter`."""
    leef_delimiter: str = Field(default="^", pattern=r"^[!#$%&*+,;^~]$")
    """LEEF 2.0: one character; in a value it becomes an underscore."""
    leef_keys: KeyMap = ()
    """Field -> attribute, e.g. {"data.client": "src"}; "" leaves it out."""

    @model_validator(mode="before")
    @classmethod
    def _with_preset(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("preset"), str):
            given = under_new_names(cls, data)
            return {**PRESETS.get(given["preset"], {}), **given}
        return data

    @field_validator("facility_map")
    @classmethod
    def _check_facilities(cls, pairs: KeyMap) -> KeyMap:
        return checked(pairs, lambda name: "" if name in FACILITIES else "no facility of that name")

    @field_validator("severity_map")
    @classmethod
    def _check_severities(cls, pairs: SeverityMap) -> SeverityMap:
        if any(severity > 7 for _, severity in pairs):
            raise ValueError("severities of syslog are numbers from 0 to 7")
        return pairs

    @field_validator("sd_keys")
    @classmethod
    def _check_sd_keys(cls, pairs: KeyMap) -> KeyMap:
        return checked(pairs, _SD_TARGET)

    @field_validator("leef_keys")
    @classmethod
    def _check_leef_keys(cls, pairs: KeyMap) -> KeyMap:
        return checked(pairs, lambda key: problem_of(key, LEEF_KEYS, LEEF_RESERVED, labels=False))

    @model_validator(mode="after")
    def _check_format(self) -> FormatSettings:
        if self.header not in (None, self.format) and self.format.startswith("rfc"):
            raise ValueError(f"header has no effect with format {self.format}")
        refused = CEF_CONSUMER_KEYS | (frozenset() if self.cef_number else frozenset(CEF_1_KEYS))
        kinds = KINDS[self.cef_number]
        checked(self.cef_keys, lambda key: problem_of(key, kinds, refused, labels=True))
        return self

    @property
    def effective_header(self) -> str:
        """What stands before the record."""
        return self.header or FORMAT_HEADERS[self.format]

    @property
    def format_max_bytes(self) -> int:
        """Longest message of this format, whatever carries it."""
        return self.message_max_bytes or FORMAT_MAX_BYTES[self.format]
