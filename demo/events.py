# SPDX-License-Identifier: MIT-0
"""What the demo's application logs, and how a receiver finds it again.

The text of an event follows from its number alone, so a receiver can tell whether it arrived
unharmed without being told anything by the application.
"""

from __future__ import annotations

import re

_NUMBER = re.compile(r"demo event ([0-9]+):")


def text_of(number: int) -> str:
    """Say what the message of event `number` is; every seventh is hard on framing and escaping."""
    if number % 7 == 0:
        return f'demo event {number}: Zoë said "3|4 = [x] \\o/"\nand then nothing 🌱'
    return f"demo event {number}: order accepted"


def number_in(text: str) -> int | None:
    """Find the number of the event whose message starts in `text`; None when there is none."""
    found = _NUMBER.search(text)
    return int(found[1]) if found else None


def same_line(text: str) -> str:
    """Fold every run of white space to one blank, as protocols without line breaks do."""
    return " ".join(text.split())
