# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What the conformance tests need of a platform: a running receiver."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """A receiver that takes everything."""

    settings: dict[str, Any]
    """Keyword arguments of the sink; JSON types only, since some travel on a command line."""
    messages: Callable[[], list[str]]
    """Returns the messages of the events, in the order of their arrival."""
    received: Callable[[], bytes]
    """Returns all bytes that arrived, without their compression."""
