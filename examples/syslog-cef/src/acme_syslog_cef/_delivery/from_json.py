# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Settings that are lists or mappings, from environment variables, which know only strings."""

from __future__ import annotations

import json
import typing
from collections.abc import Collection
from typing import Any

from pydantic import BaseModel


def from_json(model: type[BaseModel], key: str, value: Any) -> Any:
    """Return the value of a setting, parsed if it is JSON for a list or a mapping."""
    field = model.model_fields.get(key)
    is_json = isinstance(value, str) and value.lstrip().startswith(("[", "{"))
    if field is None or not is_json or not _takes_collection(field.annotation):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value  # pydantic then says which type it wanted


def _takes_collection(annotation: Any) -> bool:
    options = (annotation, *typing.get_args(annotation))  # `X | None` has its X among the latter
    kinds = [typing.get_origin(option) or option for option in options]
    return any(isinstance(kind, type) and _is_collection(kind) for kind in kinds)


def _is_collection(kind: type) -> bool:
    return issubclass(kind, Collection) and not issubclass(kind, (str, bytes))
