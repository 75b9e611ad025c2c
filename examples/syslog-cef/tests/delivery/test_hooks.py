# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Functions of the application's, as settings."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from acme_syslog_cef._delivery.settings import Hook


class Config(BaseModel):
    """A setting that holds a function."""

    hook: Hook | None = None


def test_a_function_and_its_name() -> None:
    """An environment variable can only name it."""
    assert Config(hook=len).hook is len
    assert Config.model_validate({"hook": " collections:OrderedDict "}).hook is OrderedDict
    assert Config().hook is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (7, "must be a function"),
        ("len", "must be a function"),
        (":len", "must be a function"),
        ("collections:", "must be a function"),
        ("no_such_module:f", "names a function that cannot be imported .ModuleNotFoundError."),
        (
            "collections:no_such_function",
            "names a function that cannot be imported .AttributeError.",
        ),
        ("string:digits", "must be a function"),
    ],
)
def test_what_is_none_is_refused(value: Any, said: str) -> None:
    """At construction, and not when it is needed."""
    with pytest.raises(ValidationError, match=said):
        Config(hook=value)


@pytest.mark.parametrize("value", ["asyncio:sleep", asyncio.sleep], ids=["name", "function"])
def test_a_coroutine_function_is_refused(value: Any) -> None:
    """What it returns is true whatever it would say, and nobody awaits it."""
    with pytest.raises(ValidationError, match="must be a plain function"):
        Config(hook=value)


def test_it_has_a_schema() -> None:
    """A configuration with a function in it can still be described as JSON Schema."""
    options = Config.model_json_schema()["properties"]["hook"]["anyOf"]
    assert {"type": "string"} in options
