# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a platform adds to the command line: a module `check`, and perhaps a module `setup`.

check.platform_steps(config, *, user_agent, event) -> Iterator[Step]    check.SENDS_EVENT: bool
setup.setup_steps(config, *, user_agent, action) -> Iterator[Step]      setup.SHOW, APPLY, REMOVE
"""

from __future__ import annotations

import importlib
import importlib.util
from types import ModuleType
from typing import Any

from .._delivery.host import DeliverySink


def platform_module(kind: type[DeliverySink[Any]], name: str) -> ModuleType | None:
    """Return the module of that name beside the sink or one of its bases; None: there is none.

    Args:
        kind: The sink's class, perhaps the owner's own.
        name: `check` or `setup`.
    """
    for base in kind.__mro__:
        package, _, module = base.__module__.rpartition(".")
        if module == "sink" and importlib.util.find_spec(f"{package}.{name}") is not None:
            return importlib.import_module(f"{package}.{name}")
    return None
