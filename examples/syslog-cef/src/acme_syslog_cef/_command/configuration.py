# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. The settings: the platform's `config.py`.
"""Where the commands get the configuration from: options, a file, and the variables fapilog reads.

No text here quotes a value: it could be a secret in the wrong place.
"""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from .._delivery.errors import ConfigurationError
from .._delivery.host import DeliverySink

SECTION = "FAPILOG_SINK_CONFIG"
"""fapilog's name for the settings of sinks; below it `EXTRA` holds those of plugins."""


def sink_class(entry_point: str) -> type[DeliverySink[Any]]:
    """Import the sink named by `module:class`, so that a subclass of the owner's is used."""
    module, _, name = entry_point.partition(":")
    return cast("type[DeliverySink[Any]]", getattr(import_module(module), name))


def make_sink(
    kind: type[DeliverySink[Any]], settings: Mapping[str, Any]
) -> tuple[DeliverySink[Any], list[str]]:
    """Return the sink, and what it warned of at its construction.

    Raises:
        ConfigurationError: a setting is missing or wrong.
    """
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        # The spool is the application's: a command neither locks it nor sends what is in it.
        sink = kind({**settings, "spool_directory": None})
    kinds = (RuntimeWarning, DeprecationWarning)  # the latter is seldom shown elsewhere
    texts = [str(each.message) for each in caught if each.category in kinds]
    return sink, list(dict.fromkeys(texts))  # once each: TLS is set up per connection


def gather(
    name: str, environment: Mapping[str, str], file: str | None, pairs: Sequence[str]
) -> dict[str, Any]:
    """Collect the settings of the sink `name`: what comes later in the arguments wins.

    Args:
        name: The sink's name, as in fapilog's settings.
        environment: Variables of the process.
        file: A file with a JSON object of settings; `-` is the standard input.
        pairs: `NAME=VALUE` each.

    Raises:
        ConfigurationError: a file or a variable is no JSON object, or a pair is none.
    """
    settings = from_environment(name, environment)
    if file is not None:
        settings.update(_json_object(_text_of(file), f"--settings {file}"))
    for pair in pairs:
        setting, equals, value = pair.partition("=")
        if not equals or not setting:
            raise ConfigurationError("--set must be followed by NAME=VALUE")
        settings[setting] = value
    return settings


def from_environment(name: str, environment: Mapping[str, str]) -> dict[str, Any]:
    """Read the variables that fapilog reads for the sink `name`; the more special one wins."""
    variables = {key.upper(): value for key, value in environment.items()}
    own = variable_of(name)
    settings: dict[str, Any] = {}
    for variable, path in ((SECTION, ("extra", name)), (f"{SECTION}__EXTRA", (name,)), (own, ())):
        value: Any = _json_object(variables.get(variable, "{}"), variable)
        for part in path:
            value = value.get(part, {}) if isinstance(value, dict) else {}
        settings.update(value if isinstance(value, dict) else {})
    for key, text in variables.items():
        if key.startswith(f"{own}__"):
            *parents, setting = key.removeprefix(f"{own}__").lower().split("__")
            place = settings
            for parent in parents:
                if not isinstance(place.get(parent), dict):
                    place[parent] = {}
                place = place[parent]
            place[setting] = text
    return settings


def variable_of(name: str) -> str:
    """Return the variable of a sink, to which `__<SETTING>` is appended for one setting."""
    return f"{SECTION}__EXTRA__{name}".upper()


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "it does not hold UTF-8 text"
    raise ConfigurationError(f"--settings: cannot read {file} ({problem})")


def _json_object(text: str, where: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where} must hold a JSON object")
    return value
