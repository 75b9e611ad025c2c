# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A whole event as one line of JSON, valid however little room there is; a pure formatter."""

from __future__ import annotations

from typing import Any

import orjson

from .text import fit, to_text

_ESCAPES = {code: f"\\u{code:04x}" for code in range(0x20)} | {0x22: '\\"', 0x5C: "\\\\"}


def record(head: str, event: dict[str, Any], *, max_bytes: int) -> tuple[bytes, bool]:
    """Return the event behind `head` (ASCII), and whether it had to be shortened.

    When room is short, the message is cut, but keeps half of the room if it needs it; any other key that
    does not fit is left out whole, and counted in `omitted`.
    """
    whole = orjson.dumps(event)
    room = max_bytes - len(head)
    if len(whole) <= room:
        return head.encode() + whole, False
    room -= len('{"message":"","omitted":99999999}')
    text = to_text(event.get("message"))
    reserved = min(room // 2, len(text[:room].translate(_ESCAPES).encode()))
    kept: dict[str, Any] = {}
    for key, value in event.items():
        size = len(orjson.dumps({key: value})) - 1  # without braces, with a comma
        if key != "message" and size <= room - reserved:
            kept[key] = value
            room -= size
    if "message" in event:
        kept["message"] = fit(text, room, _ESCAPES)
    omitted = len(event) - len(kept)
    if omitted:
        kept["omitted"] = omitted
    return head.encode() + orjson.dumps(kept), True
