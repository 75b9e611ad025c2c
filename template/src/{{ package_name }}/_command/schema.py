# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. The settings: the platform's `config.py`.
"""`schema`: the settings as JSON Schema, for editors, for generators and for reviews."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a configuration; settings stand in the order of the source.

    What a validator checks beyond types and bounds (a URL, two settings that belong together) is
    not in it: `check` finds that.
    """
    return {"$schema": DIALECT, **model.model_json_schema()}


def run(model: type[BaseModel]) -> int:
    """Print the schema."""
    print(json.dumps(schema_of(model), indent=2))
    return 0
