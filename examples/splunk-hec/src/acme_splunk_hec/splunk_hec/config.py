# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""The settings of the Splunk sink; those that every sink has are in `_delivery/settings.py`.

Add a setting here, read it in `mapping.py`, and add its row to `docs/splunk_hec.md`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from .._delivery.settings import (
    DeliverySettings,
    Hook,
    HttpSettings,
    TargetSettings,
    TlsSettings,
)

_PATHS = ("", "/services/collector", "/services/collector/event", "/services/collector/event/1.0")
_TOKEN = re.compile(r"[!-~]+")
TOKEN_SETTINGS = ("token", "token_file", "token_env", "token_provider")
_FIELDS = ("host_field", "source_field", "sourcetype_field", "index_field")
MAPPED_ONLY = (*_FIELDS, "auto_extract_timestamp")


class SplunkHecConfig(TargetSettings, HttpSettings, TlsSettings, DeliverySettings):
    """Where the events go, who sends them, and what Splunk calls them."""

    url: str
    """Scheme, host and port of the collector, e.g. "https://splunk.example.com:8088"."""
    failover_urls: tuple[str, ...] = ()
    """More collectors of the same Splunk, used when `url` does not take events, in this order."""
    token: SecretStr | None = None
    """The HEC token; sent in the Authorization header only. Give it in one of these four ways."""
    token_file: Path | None = None
    """File that holds the token; read for each request, so that a new one is used at once."""
    token_env: str | None = None
    """Environment variable that holds the token; read for each request."""
    token_provider: Hook | None = None
    """Function, or "module:function", that returns the token; asked again when Splunk refuses it."""
    endpoint: Literal["event", "raw"] = "event"
    """"event": JSON with metadata for each event; "raw": lines, which the sourcetype takes apart."""
    events: Literal["mapped", "as_is"] = "mapped"
    """"mapped": as `mapping.py` says; "as_is": the event as fapilog wrote it, in a third of the time."""
    host: str | None = Field(default=None, min_length=1, max_length=255)
    """Value of Splunk's `host`; None: the host of the event, or else the token's default."""
    source: str | None = Field(default=None, min_length=1, max_length=255)
    """Value of Splunk's `source`; None: the token's default."""
    sourcetype: str | None = Field(default=None, min_length=1, max_length=255)
    """Value of Splunk's `sourcetype`; None: the token's default."""
    index: str | None = Field(default=None, min_length=1, max_length=255)
    """Index to write to; the token must be allowed to. None: the token's default."""
    host_field: str | None = None
    """Where in the event its `host` stands, e.g. "data.node"; missing there: the setting above."""
    source_field: str | None = None
    """The same for `source`."""
    sourcetype_field: str | None = None
    """The same for `sourcetype`."""
    index_field: str | None = None
    """The same for `index`."""
    auto_extract_timestamp: bool = False
    """Let Splunk find the time in the text of the event, by the rules of its sourcetype."""
    ack: Literal["off", "on", "auto"] = "auto"
    """Whether Splunk has to acknowledge that events are replicated; "auto": if the token has that on."""
    ack_poll_seconds: float = Field(default=1.0, ge=0.05, le=60)
    """Time between two questions for acknowledgements."""
    ack_deadline_seconds: float = Field(default=300.0, gt=0, le=86_400)
    """What is not acknowledged for so long is sent again, on a new channel."""
    gzip: bool = True
    """Compress the request bodies."""
    event_max_bytes: int = Field(default=4_900_000, ge=10_000, le=100_000_000)
    """A longer envelope is cut to this many bytes and marked; Splunk's limit is 5 MB by default."""

    own_headers: ClassVar[frozenset[str]] = frozenset({"x-splunk-request-channel"})

    @field_validator("url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        return base_url(url)

    @field_validator("failover_urls")
    @classmethod
    def _base_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(base_url(url) for url in urls)

    @field_validator("token")
    @classmethod
    def _plain_token(cls, token: SecretStr | None) -> SecretStr | None:
        return None if token is None else SecretStr(plain_token(token.get_secret_value()))

    @model_validator(mode="after")
    def _one_token(self) -> SplunkHecConfig:
        given = [name for name in TOKEN_SETTINGS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"set one of {', '.join(TOKEN_SETTINGS)}, not {len(given)} of them")
        return self

    @model_validator(mode="after")
    def _fits_endpoint(self) -> SplunkHecConfig:
        if self.endpoint == "raw" and self.events == "as_is":
            raise ValueError('events "as_is" needs endpoint "event"')
        given = [name for name in MAPPED_ONLY if getattr(self, name)]
        if given and self.endpoint == "raw":
            raise ValueError(f'{given[0]} has no effect with endpoint "raw"')
        if given and self.events == "as_is":
            raise ValueError(f'{given[0]} has no effect with events "as_is"')
        return self

    @field_validator("host", "source", "sourcetype", "index")
    @classmethod
    def _not_blank(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("is blank: leave it out to use the default of the token")
        return value


def base_url(url: str) -> str:
    """Reduce a URL to scheme, host and port; no message quotes it, it may hold a secret."""
    try:
        parts = urlsplit(url.strip())
        complete = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, an unclosed bracket
        complete = False
    if not complete or parts.scheme not in ("http", "https") or " " in parts.netloc:
        raise ValueError("must be scheme, host and port: https://splunk.example.com:8088")
    if "@" in parts.netloc:
        raise ValueError("must not hold credentials: put the HEC token into `token`")
    if parts.query or parts.fragment:
        raise ValueError("must not hold a query: put the HEC token into `token`")
    if parts.path.rstrip("/") not in _PATHS:
        raise ValueError("must not hold a path: the sink appends /services/collector/event")
    return f"{parts.scheme}://{parts.netloc}"


def plain_token(text: str) -> str:
    """Accept what fits into a header; files and environments like to add a line end."""
    text = text.strip()
    if not text:
        raise ValueError("is empty: set it to the HEC token from Splunk's data inputs")
    if not _TOKEN.fullmatch(text):
        raise ValueError("holds blanks or special characters: give the bare HEC token")
    return text
