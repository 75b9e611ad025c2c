# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""The settings of the Splunk sink; those that every sink has are in `_delivery/settings.py`.

Add a setting here, read it in `mapping.py`, and add its row to `docs/splunk_hec.md`.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from .._delivery.settings import DeliverySettings, TlsSettings

_PATHS = ("", "/services/collector", "/services/collector/event", "/services/collector/event/1.0")
_TOKEN = re.compile(r"[!-~]+")


class SplunkHecConfig(TlsSettings, DeliverySettings):
    """Where the events go, who sends them, and what Splunk calls them."""

    url: str
    """Scheme, host and port of the collector, e.g. "https://splunk.example.com:8088"."""
    token: SecretStr
    """The HEC token; sent in the Authorization header only."""
    host: str | None = Field(default=None, min_length=1, max_length=255)
    """Value of Splunk's `host`; None: the host of the event, or else the token's default."""
    source: str | None = Field(default=None, min_length=1, max_length=255)
    """Value of Splunk's `source`; None: the token's default."""
    sourcetype: str | None = Field(default=None, min_length=1, max_length=255)
    """Value of Splunk's `sourcetype`; None: the token's default."""
    index: str | None = Field(default=None, min_length=1, max_length=255)
    """Index to write to; the token must be allowed to. None: the token's default."""
    gzip: bool = True
    """Compress the request bodies."""
    event_max_bytes: int = Field(default=4_900_000, ge=10_000, le=100_000_000)
    """A longer envelope is cut to this many bytes and marked; Splunk's limit is 5 MB by default."""

    @field_validator("url")
    @classmethod
    def _base_url(cls, url: str) -> str:
        """Reduce the URL to scheme, host and port; no message quotes it, it may hold a secret."""
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

    @field_validator("token")
    @classmethod
    def _plain_token(cls, token: SecretStr) -> SecretStr:
        """Accept what fits into a header; files and environments like to add a line end."""
        text = token.get_secret_value().strip()
        if not text:
            raise ValueError("is empty: set it to the HEC token from Splunk's data inputs")
        if not _TOKEN.fullmatch(text):
            raise ValueError("holds blanks or special characters: give the bare HEC token")
        return SecretStr(text)

    @field_validator("host", "source", "sourcetype", "index")
    @classmethod
    def _not_blank(cls, value: str | None) -> str | None:
        if value is not None and not value.strip():
            raise ValueError("is blank: leave it out to use the default of the token")
        return value
