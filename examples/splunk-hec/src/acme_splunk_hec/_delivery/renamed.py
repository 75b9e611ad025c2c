# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What was renamed stands in `renamed` of the settings.
"""Settings under a name that they had once; it is read for one major version, with a warning."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any


def under_new_names(model: type, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings, however they were given, under the names of today.

    Args:
        model: A class of settings; it and each of its bases may have a table `renamed`: old name -> new,
            in the order of the releases: what is new in one entry may be old in a later one. The table of
            a base counts as older.
        given: What it is to be made of.

    Raises:
        ValueError: a setting is given under both names.
    """
    tables = [vars(base).get("renamed", {}) for base in reversed(model.__mro__)]
    renamed = [names for table in tables for names in table.items()]
    settings = dict(given)
    for old in given:
        new = old
        for before, after in renamed:
            new = after if new == before else new
        if new == old:
            continue
        if new in settings:
            raise ValueError(f"{old} is the old name of {new}: give {new} alone")
        text = f"the setting {old} is called {new} now; the next major version knows {new} alone"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        settings[new] = settings.pop(old)
    return settings
