# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Settings of the Elasticsearch sink: flat, so that environment variables can carry them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from .._delivery.settings import DeliverySettings, HttpSettings, TargetSettings, TlsSettings
from .addresses import base_url, cloud_url
from .auth import AWS_HEADERS, AuthSettings
from .targets import TargetIndexSettings


class ElasticsearchConfig(
    TargetIndexSettings, AuthSettings, TargetSettings, HttpSettings, TlsSettings, DeliverySettings
):
    """Where events go, as whom, and how large they may be."""

    url: str
    """Base URL, http or https, e.g. `https://es.example.com:9200`; it may have a path."""
    failover_urls: tuple[str, ...] = ()
    """More nodes of the same cluster, used when `url` does not take events, in this order."""
    cloud_id: str | None = None
    """Elastic Cloud ID, instead of `url`."""
    documents: Literal["ecs", "flat", "raw", "as_is"] = "ecs"
    """Shape of documents: ECS fields and labels; flat names with typed values; the event with safe
    names and numbers; or the event as fapilog wrote it, in a third of the time."""
    ids: bool = True
    """Give each document an id, so that a resend is not stored twice. Off: time-series streams."""
    id_field: str | None = None
    """Field of the event, e.g. `context.message_id`, that is the id; events without it get one."""
    gzip: bool = True
    """Compress request bodies."""
    document_max_bytes: int = Field(default=1_000_000, ge=10_000, le=100_000_000)
    """A longer document (JSON, before compression) is shortened, and marked as shortened."""
    label_names_max: int = Field(default=800, ge=1, le=100_000)
    """Names of labels (or of fields of `flat` documents) that a process uses; the rest becomes one
    text. Guards the 1 000 fields of an index; labels mapped as `flattened` need no guard."""

    # The servers advise 5 to 15 MB or 1 000 to 5 000 small documents per bulk request.
    batch_max_bytes: int = Field(default=5_000_000, ge=1_000, le=100_000_000)
    """Close a batch when its payloads reach this many bytes (before compression)."""
    batch_max_events: int = Field(default=1_000, ge=1, le=100_000)
    """Close a batch at this many events."""

    own_headers: ClassVar[frozenset[str]] = AWS_HEADERS

    @model_validator(mode="before")
    @classmethod
    def _url_of_cloud_id(cls, data: Any) -> Any:
        """Let a Cloud ID stand for the address."""
        if not isinstance(data, dict) or not isinstance(data.get("cloud_id"), str):
            return data
        url = cloud_url(data["cloud_id"])
        if data.get("url", url) != url:
            raise ValueError("set either `url` or `cloud_id`, not both")
        return {**data, "url": url}

    @field_validator("url")
    @classmethod
    def _check_url(cls, url: str) -> str:
        return base_url(url)

    @field_validator("failover_urls")
    @classmethod
    def _check_urls(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(base_url(url) for url in urls)

    @model_validator(mode="after")
    def _check_ids(self) -> ElasticsearchConfig:
        if self.id_field is not None and not self.ids:
            raise ValueError("`id_field` needs `ids`")
        return self

    @model_validator(mode="after")
    def _check_as_is(self) -> ElasticsearchConfig:
        if self.documents == "as_is" and (self.routes or self.id_field is not None):
            raise ValueError(
                "`documents` as_is looks at no field: not at `id_field`, nor for routes"
            )
        return self
