# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Settings of the Elasticsearch sink: flat, so that environment variables can carry them."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from .._delivery.settings import (
    DeliverySettings,
    Hook,
    HttpSettings,
    TargetSettings,
    TlsSettings,
)
from .auth import check_basic, encoded_api_key

_STREAM_NAME = re.compile(r"(?P<type>[^-]+)-(?P<dataset>[^-]+)-(?P<namespace>.+)", re.DOTALL)
_REFUSED_IN_NAMES = re.compile(r'[\\/*?"<>|,#:\s\x00-\x1f\x7f]')
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_PART_MAX_BYTES = 100
_NAME_MAX_BYTES = 255


class ElasticsearchConfig(TargetSettings, HttpSettings, TlsSettings, DeliverySettings):
    """Where events go, as whom, and how large they may be."""

    url: str
    """Base URL, http or https, e.g. `https://es.example.com:9200`; it may have a path."""
    failover_urls: tuple[str, ...] = ()
    """More nodes of the same cluster, used when `url` does not take events, in this order."""
    data_stream: str = "logs-fapilog-default"
    """Data stream to create documents in, as type-dataset-namespace."""
    api_key: SecretStr | None = None
    """API key: the `encoded` value of the create answer, or `id:key`. Not for OpenSearch."""
    api_key_file: Path | None = None
    """File that holds the API key; read for each request, so that a new one is used at once."""
    api_key_env: str | None = None
    """Environment variable that holds the API key; read for each request."""
    api_key_provider: Hook | None = None
    """Function, or "module:function", that returns the API key; asked again when it is refused."""
    username: str | None = None
    """User for basic authentication, together with one of the next four."""
    password: SecretStr | None = None
    """Password for basic authentication."""
    password_file: Path | None = None
    """File that holds the password; read for each request."""
    password_env: str | None = None
    """Environment variable that holds the password; read for each request."""
    password_provider: Hook | None = None
    """Function, or "module:function", that returns the password; asked again when it is refused."""
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
        return base_url(url)

    @field_validator("failover_urls")
    @classmethod
    def _check_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(base_url(url) for url in urls)

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
        keys, passwords = sources(self, "api_key"), sources(self, "password")
        if len(keys) > 1 or len(passwords) > 1:
            raise ValueError(f"set one of {' and '.join(keys if len(keys) > 1 else passwords)}")
        if (self.username is None) != (not passwords):
            raise ValueError("`username` and `password` belong together: set both or none")
        if keys and self.username is not None:
            raise ValueError("set either `api_key` or `username` and `password`, not both")
        if self.username is not None and self.password is not None:
            check_basic(self.username, self.password.get_secret_value())
        return self


def sources(config: ElasticsearchConfig, secret: str) -> list[str]:
    """Return which of the four settings of a secret are set."""
    names = (secret, f"{secret}_file", f"{secret}_env", f"{secret}_provider")
    return [name for name in names if getattr(config, name) is not None]


def base_url(url: str) -> str:
    """Check a URL and take a slash off its end; no message quotes it, it may hold a secret."""
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
