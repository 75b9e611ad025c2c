# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Functions of the application's, given as an object or as "module:function"."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, WithJsonSchema

_FORM = 'must be a function, or "module:function"'


def load_hook(value: object) -> Callable[..., Any]:
    """Return the function that a setting names.

    Raises:
        ValueError: it is no function, or the module has none of that name.
    """
    found = _imported(value) if isinstance(value, str) else value
    if not callable(found):
        raise ValueError(_FORM)
    if inspect.iscoroutinefunction(found):
        raise ValueError("must be a plain function: nobody would await an `async def`")
    return found  # type: ignore[no-any-return]


def _imported(value: str) -> Any:
    module, colon, name = value.strip().partition(":")
    if not (module and colon and name):
        raise ValueError(_FORM)
    problem = ""
    try:
        return getattr(importlib.import_module(module), name)
    except Exception as error:
        problem = type(error).__name__
    # Raised outside of the handler and without the name: it could be a secret in the wrong place.
    raise ValueError(f"names a function that cannot be imported ({problem})")


Hook: TypeAlias = Annotated[
    Callable[..., Any], BeforeValidator(load_hook), WithJsonSchema({"type": "string"})
]
"""The type of a setting that holds a function."""
