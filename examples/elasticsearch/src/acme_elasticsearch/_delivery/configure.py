# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. The settings: the platform's `config.py`.
"""From whatever form configuration comes in to a checked object, or to a complaint that is heard.

fapilog swallows the exception of a sink that cannot be made and logs to stdout instead, so every problem
is issued as a RuntimeWarning, too. No text holds a value: it could be a secret in the wrong place.
"""

from __future__ import annotations

import difflib
import logging
import sys
import warnings
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .errors import ConfigurationError

ModelT = TypeVar("ModelT", bound=BaseModel)

# What pydantic calls "Field required" and "a valid tuple".
_LIST = 'write a JSON list, e.g. ["a", "b"] or [1, 2]'
_INSTEAD = {"missing": "it is missing", "tuple_type": _LIST, "frozen_set_type": _LIST}
_BETWEEN = ("fapilog", __name__.partition(".")[0])


def load_config(
    name: str,
    model: type[ModelT],
    config: ModelT | Mapping[str, Any] | None,
    settings: Mapping[str, Any],
) -> ModelT:
    """Make the configuration of the sink `name` from an object, a mapping or single settings.

    Raises:
        ConfigurationError: with every wrong setting, its problem and what it is for, and no value.
    """
    problem = ""
    try:
        if isinstance(config, model):
            if not settings:
                return config
            problem = "give either a configuration object or single settings, not both"
        elif config is None or isinstance(config, Mapping):
            return model.model_validate({**(config or {}), **settings})
        else:
            problem = f"config must be a {model.__name__} or a mapping, not {type(config).__name__}"
    except ValidationError as error:
        problem = _describe(error, model)
    except ConfigurationError as error:
        problem = str(error)
    # Raised outside the handler: the original exception may hold the values, secrets among them.
    raise heard(name, problem)


def heard(name: str, problem: str) -> ConfigurationError:
    """Warn about a problem and return the exception to raise."""
    message = f"sink {name!r} is not configured: {problem}"
    warn_maker(message)
    return ConfigurationError(message)


def warn_maker(message: str) -> None:
    """Issue a RuntimeWarning for whoever made the sink: the first module outside of fapilog and of here.

    With a `stacklevel` instead, the line of code would be printed, and a secret may stand in it.
    """
    frame, name = sys._getframe(1), __name__
    while frame.f_back and name.partition(".")[0] in _BETWEEN:
        frame = frame.f_back
        name = str(frame.f_globals.get("__name__"))
    said = frame.f_globals.setdefault("__warningregistry__", {})
    try:
        warnings.warn_explicit(message, RuntimeWarning, f"<{name}>", frame.f_lineno, name, said)
    finally:
        # A filter hid it, or made an exception of it, which fapilog swallows: it is heard all the same.
        if (message, RuntimeWarning, frame.f_lineno) not in said:
            logging.getLogger("fapilog_sink").error(message)


def _describe(error: ValidationError, model: type[BaseModel]) -> str:
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(_describe_one(problem, model) for problem in problems)


def _describe_one(problem: Any, model: type[BaseModel]) -> str:
    names = [str(part) for part in problem["loc"]]
    setting = ".".join(names) or "settings"
    if problem["type"] == "extra_forbidden":
        similar = difflib.get_close_matches(setting, model.model_fields, n=1)
        return f"{setting}: there is no such setting" + "".join(f"; is it {s}?" for s in similar)
    field = model.model_fields.get(names[0]) if names else None
    meaning = " ".join(field.description.split()) if field and field.description else ""
    text = _INSTEAD.get(problem["type"], problem["msg"].removeprefix("Value error, "))
    return f"{setting}: {text}" + (f" ({meaning})" if meaning else "")
