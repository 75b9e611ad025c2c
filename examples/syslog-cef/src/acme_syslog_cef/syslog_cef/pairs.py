# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Settings that are a mapping, kept as pairs: sinks with equal, hashable settings share one delivery."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from .._delivery.extra_headers import EMPTY_OBJECT, pairs_of

KeyMap: TypeAlias = Annotated[
    tuple[tuple[str, str], ...],
    BeforeValidator(pairs_of),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "string"}}),
    EMPTY_OBJECT,
]
"""Field or level -> text."""
SeverityMap: TypeAlias = Annotated[
    tuple[tuple[str, Annotated[int, Field(ge=0, le=10)]], ...],
    BeforeValidator(pairs_of),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "integer"}}),
    EMPTY_OBJECT,
]
"""Level -> number."""


def checked(pairs: KeyMap, rule: str | Callable[[str], str]) -> KeyMap:
    """Return the pairs if every value that is not empty passes.

    Args:
        pairs: As configured.
        rule: A pattern, or a function that says what is wrong with a value, "" if nothing is.

    Raises:
        ValueError: names the field and the problem.
    """
    for name, value in pairs:
        if isinstance(rule, str):
            problem = "" if re.fullmatch(rule, value) else "no legal name"
        else:
            problem = rule(value)
        if value and problem:
            raise ValueError(f"{name}: {problem}")
    return pairs
