# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Which value gets which key: `defaults.py`.
"""Records of the Common Event Format; a pure formatter over any text.

Source of limits and escapes: ArcSight "CEF Implementation Standard", document version 27.
"""

from __future__ import annotations

from collections.abc import Iterable

from .keys import Field, fitting
from .tables import CEF_1_KEYS, CEF_HEADER_MAX_CHARS, CEF_KEYS
from .text import fit, one_line, pack, shorten

KINDS: dict[int, dict[str, int | str]] = {0: CEF_KEYS, 1: {**CEF_KEYS, **CEF_1_KEYS}}
"""Dictionary of CEF:0 and of CEF:1."""

_HEADER_ESCAPES = str.maketrans({"\\": "\\\\", "|": "\\|"})
_VALUE_ESCAPES = str.maketrans({"\\": "\\\\", "=": "\\=", "\n": "\\n", "\t": " "})


def device(number: int, vendor: str, product: str, version: str) -> str:
    """Return the record up to the class id, which is the same for all records."""
    texts = {"vendor": vendor, "product": product, "version": version}
    names = (_header(text, CEF_HEADER_MAX_CHARS[key], 252) for key, text in texts.items())
    return f"CEF:{number}|{'|'.join(names)}|"


def record(
    head: str,
    class_id: str,
    name: str,
    severity: int,
    fields: Iterable[Field],
    *,
    max_bytes: int,
    kinds: dict[str, int | str] = CEF_KEYS,
) -> tuple[bytes, bool]:
    """Put a record together and say whether its extension had to be shortened.

    `head` is ASCII: what stands before the record, and its `device`. Class id and name get at most
    a quarter of the room each. The last field is the free text that is cut to what is left; any
    other field that does not fit is left out.
    """
    room = max_bytes - len(head)
    class_id_text = _header(class_id, CEF_HEADER_MAX_CHARS["class_id"], room // 4)
    name_text = _header(name, CEF_HEADER_MAX_CHARS["name"], room // 4)
    head = f"{head}{class_id_text}|{name_text}|{severity}|"
    pairs: list[tuple[str, str]] = []
    shortened = False
    for field in fields:
        value, cut = fitting(field, kinds)
        label = f"{field.key}Label={field.label} " if field.label else ""
        pairs.append((f"{label}{field.key}=", value))
        shortened = shortened or cut
    # The pipe is not escaped in a value: strict readers would show the backslash.
    extension, left_out = pack(pairs, " ", max_bytes - len(head.encode()), _VALUE_ESCAPES)
    return f"{head}{extension}".encode(), shortened or left_out


def _header(text: str, max_chars: int, max_bytes: int) -> str:
    short = fit(shorten(one_line(text).strip(), max_chars), max_bytes, _HEADER_ESCAPES)
    return short.translate(_HEADER_ESCAPES) or "unknown"  # several parsers break on an empty field
