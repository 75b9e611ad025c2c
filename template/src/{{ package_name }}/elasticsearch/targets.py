# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Its settings are explained in `docs/`.
"""Where documents go: one data stream, write alias or index, and what an event may choose of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from .values import as_text, look_up

DATA_STREAM = "data_stream"
ALIAS = "alias"
INDEX = "index"

_STREAM_NAME = re.compile(r"(?P<type>[^-]+)-(?P<dataset>[^-]+)-(?P<namespace>.+)", re.DOTALL)
_REFUSED_IN_NAMES = re.compile(r'[\\/*?"<>|,#:\s\x00-\x1f\x7f]')
_DATE_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_DATE_DIRECTIVES = frozenset("YmdHVGj")  # digits only, so that a name stays a name
_PART_MAX_BYTES = 100
_NAME_MAX_BYTES = 255
_AN_INSTANT = datetime(2026, 12, 31, 23, tzinfo=timezone.utc)


class TargetIndexSettings(BaseModel):
    """What is written to; mixed into the platform's settings."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    data_stream: str = "logs-fapilog-default"
    """Data stream to create documents in, as type-dataset-namespace."""
    alias: str | None = None
    """Write alias of a series of indices, instead of a data stream."""
    index: str | None = None
    """Plain index, instead of a data stream; may have a date of UTC in it, as `app-%Y.%m.%d`."""
    dataset_field: str | None = None
    """Field of the event, e.g. `data.dataset`, that names the dataset of its data stream."""
    namespace_field: str | None = None
    """Field of the event that names the namespace of its data stream."""
    routes_max: int = Field(default=50, ge=1, le=1_000)
    """Data streams that events may choose; what would need one more goes to `data_stream`."""
    flavour: Literal["auto", "elasticsearch", "opensearch"] = "auto"
    """Product. `auto` demands a data stream (not a stray index) where the server knows how to."""

    @field_validator("data_stream")
    @classmethod
    def _check_data_stream(cls, name: str) -> str:
        """Check by the rules of the data stream naming scheme, which both products share."""
        parts = _STREAM_NAME.fullmatch(name)
        if parts is None:
            raise ValueError("must be type-dataset-namespace, e.g. logs-fapilog-default")
        check_name(name)
        longest = max(len(parts["dataset"].encode()), len(parts["namespace"].encode()))
        if longest > _PART_MAX_BYTES:
            raise ValueError("is too long: dataset and namespace take 100 bytes each")
        return name

    @field_validator("alias")
    @classmethod
    def _check_alias(cls, name: str | None) -> str | None:
        return None if name is None else check_name(name)

    @field_validator("index")
    @classmethod
    def _check_index(cls, pattern: str | None) -> str | None:
        if pattern is None:
            return None
        if not _DATE_DIRECTIVES.issuperset(_DATE_DIRECTIVE.findall(pattern)):
            raise ValueError("takes the date parts %Y, %m, %d, %H, %G, %V and %j only")
        check_name(_AN_INSTANT.strftime(pattern))
        return pattern

    @model_validator(mode="after")
    def _one_target(self) -> TargetIndexSettings:
        chosen = {"data_stream", "alias", "index"} & self.model_fields_set
        given = sorted(name for name in chosen if getattr(self, name) is not None)
        if len(given) > 1:
            raise ValueError(f"set one of {' and '.join(given)}")
        if self.routes and self.target != DATA_STREAM:
            raise ValueError("dataset_field and namespace_field need a data stream")
        return self

    @property
    def target(self) -> str:
        """`DATA_STREAM`, `ALIAS` or `INDEX`."""
        if self.alias is not None:
            return ALIAS
        return DATA_STREAM if self.index is None else INDEX

    @property
    def target_name(self) -> str:
        """Name of what is written to; with the parts of a date still in it."""
        return self.alias or self.index or self.data_stream

    @property
    def is_dated(self) -> bool:
        """Whether the name of the index has a date in it."""
        return self.target == INDEX and "%" in self.target_name

    @property
    def routes(self) -> bool:
        """Whether an event may choose."""
        return self.dataset_field is not None or self.namespace_field is not None


def check_name(name: str) -> str:
    """Return the name of an index, an alias or a data stream.

    Raises:
        ValueError: the servers would refuse it.
    """
    if name != name.lower() or _REFUSED_IN_NAMES.search(name):
        raise ValueError('must be lower case, without spaces and \\ / * ? " < > | , # :')
    if not name or name[0] in "-_+.":
        raise ValueError("must start with a letter or a digit")
    if len(name.encode()) > _NAME_MAX_BYTES:
        raise ValueError("is too long: a name takes 255 bytes")
    return name


@dataclass(frozen=True, slots=True)
class Place:
    """Where one document goes."""

    index: str | None = None
    """For the action line; None: where the request goes."""
    refused: str | None = None
    """The data stream that the event asked for and that would be one too many."""


class Router:
    """Chooses the target of each event; knows how many it has chosen."""

    def __init__(self, settings: TargetIndexSettings) -> None:
        self._settings = settings
        self._dated = settings.target_name if settings.is_dated else None
        self._chosen: set[str] = set()

    def place(self, event: dict[str, Any], now: float) -> Place:
        """Return where an event goes.

        The date of an index is that of the receipt: dates of events would make an index each.
        It is chosen once, so that a resend after midnight meets the document it may have stored.
        """
        if self._dated is not None:
            return Place(datetime.fromtimestamp(now, timezone.utc).strftime(self._dated))
        settings = self._settings
        if not settings.routes:
            return Place()
        kind, dataset, namespace = settings.data_stream.split("-", 2)
        dataset = _part(event, settings.dataset_field, dash="_") or dataset
        namespace = _part(event, settings.namespace_field, dash="-") or namespace
        name = f"{kind}-{dataset}-{namespace}"
        if name == settings.data_stream:
            return Place()
        if name not in self._chosen:
            if len(self._chosen) >= settings.routes_max:
                return Place(refused=name)
            self._chosen.add(name)
        return Place(name)


def _part(event: dict[str, Any], field: str | None, *, dash: str) -> str:
    """Return a part of a data stream's name that the servers take; empty: the event has none."""
    value = None if field is None else look_up(event, field)
    if value is None or isinstance(value, (dict, list)):
        return ""
    name = _REFUSED_IN_NAMES.sub("_", as_text(value).lower()).replace("-", dash)
    return name.encode()[:_PART_MAX_BYTES].decode(errors="ignore")
