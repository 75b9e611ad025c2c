# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a command has tried, and what came of it: one line each. Imports nothing."""

from __future__ import annotations

from typing import NamedTuple

OK, WARNING, FAILED, SKIPPED = "ok", "warning", "FAILED", "skipped"


class Step(NamedTuple):
    """One thing that was looked at or done. Holds no secret, no event and nothing that a server wrote."""

    state: str
    """`OK`, `WARNING`, `FAILED` or `SKIPPED`."""
    name: str
    text: str = ""
    """What was found, and how to repair it."""
