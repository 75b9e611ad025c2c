# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Settings of the Elasticsearch sink: flat, so that environment variables can carry them."""

from __future__ import annotations

import base64
import re
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from .._delivery.settings import DeliverySettings, TlsSettings

_STREAM_NAME = re.compile(r"(?P<type>[^-]+)-(?P<dataset>[^-]+)-(?P<namespace>.+)", re.DOTALL)
_REFUSED_IN_NAMES = re.compile(r'[\\/*?"<>|,#:\s\x00-\x1f\x7f]')
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_PART_MAX_BYTES = 100
_NAME_MAX_BYTES = 255
_CLOUD_KEY_PREFIX = "essu_"


class ElasticsearchConfig(TlsSettings, DeliverySettings):
    """Where events go, as whom, and how large they may be."""

    url: str
    """Base URL, http or https, e.g. `https://es.example.com:9200`; it may have a path."""
    data_stream: str = "logs-fapilog-default"
    """Data stream to create documents in, as type-dataset-namespace."""
    api_key: SecretStr | None = None
    """API key: the `encoded` value of the create answer, or `id:key`. Not for OpenSearch."""
    username: str | None = None
    """User for basic authentication, together with `password`."""
    password: SecretStr | None = None
    """Password for basic authentication."""
    gzip: bool = True
    """Compress request bodies."""
    document_max_bytes: int = Field(default=1_000_000, ge=10_000, le=100_000_000)
    """A longer document (JSON, before compression) is shortened, and marked as shortened."""

    # The servers advise 5 to 15 MB or 1 000 to 5 000 small documents per bulk request.
    batch_max_bytes: int = Field(default=5_000_000, ge=1_000, le=100_000_000)
    """Close a batch when its payloads reach this many bytes (before compression)."""
    batch_max_events: int = Field(default=1_000, ge=1, le=100_000)
    """Close a batch at this many events."""

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
        except ValueError:
            usable = False
        if not usable or _CONTROL_CHARACTERS.search(url) or " " in url:
            raise ValueError("must look like https://host:9200")
        if "@" in parts.netloc:
            raise ValueError("must hold no credentials: set `api_key`, or `username`, `password`")
        if "?" in url or "#" in url:
            raise ValueError("must hold no query and no fragment: give the base URL only")
        return url.rstrip("/")

    @field_validator("data_stream")
    @classmethod
    def _check_data_stream(cls, name: str) -> str:
        """Check by the rules of the data stream naming scheme, which both products share."""
        parts = _STREAM_NAME.fullmatch(name)
        if parts is None:
            raise ValueError("must be type-dataset-namespace, e.g. logs-fapilog-default")
        if name != name.lower() or _REFUSED_IN_NAMES.search(name):
            raise ValueError('must be lower case, without spaces and \\ / * ? " < > | , # :')
        if name[0] in "_+.":
            raise ValueError("must start with a letter or a digit")
        longest = max(len(parts["dataset"].encode()), len(parts["namespace"].encode()))
        if longest > _PART_MAX_BYTES or len(name.encode()) > _NAME_MAX_BYTES:
            raise ValueError("is too long: dataset and namespace take 100 bytes each, all 255")
        return name

    @field_validator("api_key")
    @classmethod
    def _check_api_key(cls, api_key: SecretStr | None) -> SecretStr | None:
        if api_key is not None:
            encoded_api_key(api_key.get_secret_value())
        return api_key

    @model_validator(mode="after")
    def _check_authentication(self) -> ElasticsearchConfig:
        if (self.username is None) != (self.password is None):
            raise ValueError("`username` and `password` belong together: set both or none")
        if self.api_key is not None and self.username is not None:
            raise ValueError("set either `api_key` or `username` and `password`, not both")
        if self.username is not None and self.password is not None:
            _check_basic(self.username, self.password.get_secret_value())
        return self


def encoded_api_key(api_key: str) -> str:
    """Return what follows `ApiKey ` in the Authorization header.

    An `id:key` pair is Base64-encoded; the `encoded` form already is, and encoding it again would
    be answered with 401. A colon tells them apart, since Base64 has none. Keys of Elastic Cloud
    that start with `essu_` go as they are.

    Raises:
        ValueError: it is neither; the text does not quote it.
    """
    if re.search(r"\s", api_key) or not api_key.isascii() or not api_key.isprintable():
        raise ValueError("must hold no spaces, line ends or non-ASCII characters")
    if re.fullmatch(r"[^:]+:[^:]+", api_key):
        return base64.b64encode(api_key.encode()).decode()
    if api_key.startswith(_CLOUD_KEY_PREFIX) or _is_encoded_pair(api_key):
        return api_key
    raise ValueError("must be the `encoded` value of the create-API-key answer, or `id:key`")


def _is_encoded_pair(text: str) -> bool:
    try:
        return b":" in base64.b64decode(text, validate=True)
    except ValueError:
        return False


def _check_basic(username: str, password: str) -> None:
    """Check by RFC 7617 section 2."""
    if not username or not password:
        raise ValueError("`username` and `password` must not be empty: leave both out for none")
    if ":" in username:
        raise ValueError("`username` must hold no colon")
    if _CONTROL_CHARACTERS.search(username + password):
        raise ValueError("`username` and `password` must hold no line ends or control characters")
