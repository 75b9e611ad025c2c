"""A list of a plugin's settings that comes from the environment stays text.

`FAPILOG_CORE__SINKS='["a"]'` becomes a list. `FAPILOG_SINK_CONFIG__EXTRA__PROBE__TAGS='["a"]'`
reaches the plugin `probe` as the text `'["a"]'`, and `parse_plugin_config`, which exists to turn
settings into a model, refuses it. Numbers and booleans arrive as text, too, but pydantic converts
those.

Why it matters: environment variables are how containers are configured. A plugin with one list
among its settings cannot be made from them, and is then replaced by stdout.

Seen on fapilog 0.11.0, 0.14.0, 0.15.0, 0.16.0, 0.18.1.
"""

import os
import sys
from importlib.metadata import version
from typing import Any

from fapilog import Settings
from fapilog.plugins.utils import parse_plugin_config
from pydantic import BaseModel, ValidationError


class Config(BaseModel):
    """The settings of a plugin."""

    number: int
    tags: list[str]


def parsed(raw: dict[str, Any]) -> str:
    """Return what the host's function makes of it."""
    try:
        return repr(parse_plugin_config(Config, raw))
    except ValidationError as error:
        return f"refused: {error.errors()[0]['msg']}"


def main() -> int:
    """Return 0 while the defect is there, 1 when it is fixed, 2 when this script cannot tell."""
    os.environ["FAPILOG_CORE__SINKS"] = '["probe"]'
    os.environ["FAPILOG_SINK_CONFIG__EXTRA__PROBE__NUMBER"] = "7"
    os.environ["FAPILOG_SINK_CONFIG__EXTRA__PROBE__TAGS"] = '["a", "b"]'
    settings = Settings()
    raw = settings.sink_config.extra["probe"]
    from_environment = parsed(raw)
    print("fapilog", version("fapilog"))
    print("expected:", parsed({"number": 7, "tags": ["a", "b"]}))
    print("seen:", from_environment, "of", raw)
    if settings.core.sinks != ["probe"]:
        return 2
    return 0 if from_environment.startswith("refused") else 1


if __name__ == "__main__":
    sys.exit(main())
