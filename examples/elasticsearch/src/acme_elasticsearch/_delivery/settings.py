# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. A platform's `config.py` overrides defaults.
"""Settings that every platform shares: flat, frozen, checked at construction, units in the names.

Values may arrive as strings, since the host hands over environment variables as they are.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .extra_headers import ExtraHeaders, checked_headers
from .from_json import from_json
from .hooks import Hook as Hook
from .renamed import under_new_names as under_new_names

BufferPolicy = Literal["block", "drop_newest", "drop_oldest"]
EndpointPolicy = Literal["failover", "balance"]
Fsync = Literal["always", "interval", "never"]
MEMORY_DEADLINE_SECONDS = 600.0
"""What `retry_deadline_seconds` is without a spool, unless it is set."""

RETRY = "retry"
HOLD = "hold"
SPLIT = "split"
REJECT = "reject"

HTTP_STATUS_CLASSES: dict[int, str] = {
    # The platform looks at its own error codes first; this is what a bare status means.
    400: SPLIT,  # unexplained: find the one record that is to blame
    408: RETRY,
    413: SPLIT,
    425: RETRY,
    428: REJECT,
    429: RETRY,
    501: HOLD,
    505: HOLD,
}


def http_status_class(status: int) -> str:
    """Say what an HTTP status without a platform's own error code means for a whole request.

    Everything a person has to repair (authentication, path, content type, redirects) is `HOLD`, so
    that a mistake in a proxy costs time and not data; 5xx is `RETRY`.
    """
    known = HTTP_STATUS_CLASSES.get(status)
    if known is not None:
        return known
    return RETRY if status >= 500 else HOLD


def may_be_stored(status: int) -> bool:
    """Whether events may be in the target although it says this; of all 5xx a busy server's 503 denies it."""
    return status >= 500 and status != 503


class DeliverySettings(BaseModel):
    """How events are buffered, batched, retried and given up, on every platform."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        validate_default=True,
        use_attribute_docstrings=True,  # what a setting is for is told with its problem
    )

    renamed: ClassVar[Mapping[str, str]] = {}
    """Old name of a setting -> its name of today; each class has a table of its own."""

    event_filter: Hook | None = None
    """Function, or "module:function", that is given each event, a dict, and returns whether to send it."""
    batch_max_bytes: int = Field(default=1_000_000, ge=1_000, le=100_000_000)
    """Close a batch when its payloads reach this many bytes (before compression)."""
    batch_max_events: int = Field(default=1_000, ge=1, le=100_000)
    """Close a batch at this many events."""
    linger_seconds: float = Field(default=1.0, ge=0, le=60)
    """Close a batch when its oldest event has waited this long."""
    buffer_max_bytes: int = Field(default=64 * 1024 * 1024, ge=10_000)
    """Memory for events that are not settled yet, retries included (payloads plus overhead)."""
    buffer_max_events: int = Field(default=500_000, ge=1)
    """Second bound of the buffer, in events."""
    buffer_policy: BufferPolicy = "block"
    """When the buffer is full: wait a little then refuse, refuse at once, or drop the oldest."""
    block_timeout_seconds: float = Field(default=0.05, ge=0, le=1)
    """Policy "block": how long one write waits for room before the event is refused."""
    retry_initial_seconds: float = Field(default=0.5, gt=0, le=60)
    """Upper end of the first random pause after a failure; it doubles with each further failure."""
    retry_max_seconds: float = Field(default=30.0, gt=0, le=3_600)
    """No random pause is longer than this."""
    retry_after_max_seconds: float = Field(default=300.0, ge=0, le=86_400)
    """A Retry-After of the server is honoured up to this long."""
    retry_deadline_seconds: float | None = Field(default=None, gt=0)
    """Age at which an event that still fails is given up; it stands still while on hold. None: 600 with
    the buffer in memory, no end with a spool."""
    hold_seconds: float = Field(default=30.0, gt=0, le=3_600)
    """While configuration or credentials are wrong: time between two attempts, and two alerts."""
    connect_timeout_seconds: float = Field(default=5.0, gt=0, le=300)
    """Time for a connection to stand, TLS included."""
    request_timeout_seconds: float = Field(default=30.0, gt=0, le=600)
    """Time for a request to be answered, or for a stream to take a batch."""
    close_timeout_seconds: float = Field(default=5.0, ge=0, le=300)
    """How long `stop()`, the end of the interpreter and that of an event loop in the main thread wait for
    what is still pending."""
    max_connections: int = Field(default=1, ge=1, le=4)
    """Requests on their way together; more than 1 gives up the order of events. It starts with one, adds
    while the target keeps up, and halves on 429, 503 and time-outs."""
    endpoint_policy: EndpointPolicy = "failover"
    """With `failover_urls`: prefer the first that works, or "balance": take turns."""
    stats_callback: Hook | None = None
    """Function, or "module:function", that is given a `Stats` every interval, in a sender thread."""
    stats_interval_seconds: float = Field(default=10.0, gt=0, le=3_600)
    """Time between two calls of `stats_callback`."""
    allow_untested_fapilog: bool = False
    """Run with a fapilog that this sink does not support, and warn, instead of refusing it."""
    spool_directory: Path | None = None
    """Folder for events on disk, which outlive the process, instead of the buffer in memory. One folder
    for one target: whoever uses it next sends what is left in it. None: memory."""
    spool_max_bytes: int = Field(default=1024 * 1024 * 1024, ge=100_000)
    """Disk that the spool of one process takes at most; then `buffer_policy` decides."""
    spool_fsync: Fsync = "interval"
    """When events are safe from a power failure: "always" before `write` returns, every "interval", or
    "never" (when the system likes). Killing the process loses nothing in any of these."""
    spool_fsync_seconds: float = Field(default=1.0, gt=0, le=60)
    """The interval of `spool_fsync`."""
    dead_letter_path: Path | None = None
    """File (JSON Lines, mode 0600) for events given up or refused for good; None: dropped, counted."""
    dead_letter_max_bytes: int = Field(default=100_000_000, ge=1_000)
    """The dead-letter file takes no more than this; what comes after is dropped and counted."""

    @property
    def deadline_seconds(self) -> float:
        """Age at which an event that still fails is given up."""
        if self.retry_deadline_seconds is not None:
            return self.retry_deadline_seconds
        return MEMORY_DEADLINE_SECONDS if self.spool_directory is None else float("inf")

    @field_validator("spool_directory")
    @classmethod
    def _home(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser()

    @field_validator("dead_letter_path")
    @classmethod
    def _usable_file(cls, path: Path | None) -> Path | None:
        """Find out now, and not when events are being lost, that they could not be kept."""
        if path is None:
            return None
        path = path.expanduser()
        if path.is_dir():
            raise ValueError("must be a file and not a folder")
        if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
            raise ValueError("must be in a folder that exists and can be written to: create it")
        return path

    @model_validator(mode="before")
    @classmethod
    def _as_given(cls, data: Any) -> Any:
        """Take old names, and JSON for lists and mappings: environment variables know only strings."""
        if not isinstance(data, dict):
            return data
        settings = under_new_names(cls, data)
        return {key: from_json(cls, key, value) for key, value in settings.items()}


class TargetSettings(BaseModel):
    """Where the target is; mixed into a platform's settings, which checks each URL."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    url: str
    """Address of the target."""
    failover_urls: tuple[str, ...] = ()
    """More addresses of the same target, used when `url` does not take events, in this order."""

    @property
    def urls(self) -> tuple[str, ...]:
        """All addresses, in the order of preference."""
        return (self.url, *self.failover_urls)

    @model_validator(mode="after")
    def _one_kind_of_address(self) -> TargetSettings:
        """Keep credentials and events from a less protected way, and each address from being used twice."""
        if len({urlsplit(url).scheme for url in self.urls}) > 1:
            raise ValueError("failover_urls must begin with the same scheme as url")
        if len({endpoint_name(url) for url in self.urls}) < len(self.urls):
            raise ValueError("failover_urls must name other hosts or ports than url, each once")
        return self


def endpoint_name(url: str) -> str:
    """Return host, port and path of an address, for messages and statistics; never credentials."""
    parts = urlsplit(url)
    return parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")


class HttpSettings(BaseModel):
    """Headers, and what a bare HTTP status means; mixed into the settings of platforms that speak HTTP."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    retry_statuses: frozenset[int] = frozenset()
    """HTTP statuses that are sent again until the deadline, whatever they would mean otherwise."""
    drop_statuses: frozenset[int] = frozenset()
    """HTTP statuses after which the events of the request are given up: dead letter, or dropped."""
    extra_headers: ExtraHeaders = ()
    """HTTP headers of every request, for a gateway, e.g. {"X-Tenant": "a"}; the values are kept secret."""
    own_headers: ClassVar[frozenset[str]] = frozenset()
    """Headers, in lower case, that the platform sets and `extra_headers` must not."""

    @field_validator("extra_headers")
    @classmethod
    def _headers(cls, headers: ExtraHeaders) -> ExtraHeaders:
        return checked_headers(headers, cls.own_headers)

    @model_validator(mode="after")
    def _statuses(self) -> HttpSettings:
        """Refuse what cannot be meant."""
        both = self.retry_statuses & self.drop_statuses
        if both:
            raise ValueError(f"{min(both)} is in retry_statuses and in drop_statuses")
        for status in self.retry_statuses | self.drop_statuses:
            if not 300 <= status <= 599:
                raise ValueError("retry_statuses and drop_statuses take statuses from 300 to 599")
        return self


class TlsSettings(BaseModel):
    """How TLS connections are verified; mixed into a platform's settings."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    tls_ca_file: Path | None = None
    """PEM file with the certificate authorities to trust instead of the default ones."""
    tls_client_cert_file: Path | None = None
    """PEM file with the client certificate chain, for mutual TLS."""
    tls_client_key_file: Path | None = None
    """PEM file with the client's private key; None: it is in `tls_client_cert_file`."""
    tls_skip_verification: bool = False
    """DANGEROUS: accept any certificate. Warns at construction."""
