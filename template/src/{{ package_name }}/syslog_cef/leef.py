# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Which value gets which key: `defaults.py`.
"""Records of the Log Event Extended Format, 1.0 and 2.0; a pure formatter over any text.

LEEF knows no escapes: what would end a value or a field is replaced by an underscore, a line end by a
space, a backslash in the header by a slash. Source: IBM "Log Event Extended Format (LEEF)".
"""

from __future__ import annotations

from collections.abc import Iterable

from .keys import Field, fitting
from .tables import LEEF_HEADER_MAX_CHARS, LEEF_KEYS
from .text import fit, one_line, pack, shorten

# A reader that knows CEF's escapes would take a backslash at the end for one.
_HEADER_REPLACEMENTS = str.maketrans({"|": "_", "\\": "/"})


def device(number: str, vendor: str, product: str, version: str) -> str:
    """Return the record up to the event id, which is the same for all records."""
    texts = {"vendor": vendor, "product": product, "version": version}
    names = (_header(text, LEEF_HEADER_MAX_CHARS[key], 252) for key, text in texts.items())
    return f"LEEF:{number}|{'|'.join(names)}|"


def record(
    head: str,
    event_id: str,
    fields: Iterable[Field],
    *,
    delimiter: str,
    replace_pipes: bool,
    max_bytes: int,
) -> tuple[bytes, bool]:
    r"""Put a record together and say whether it had to be shortened.

    `head` is ASCII: what stands before the record, and its `device`. A delimiter of "\t" is LEEF 1.0's,
    which is not named in the header. The last field is the free text that is cut to what is left.
    """
    named = "" if delimiter == "\t" else f"{delimiter}|"
    head = f"{head}{_header(event_id, LEEF_HEADER_MAX_CHARS['event_id'], 1_020)}|{named}"
    replacements = {ord("\n"): " ", ord("\t"): " "} | (
        {} if delimiter == "\t" else {ord(delimiter): "_"}
    )
    if replace_pipes:
        replacements[ord("|")] = "_"
    pairs: list[tuple[str, str]] = []
    shortened = False
    for field in fields:
        value, cut = fitting(field, LEEF_KEYS)
        pairs.append((f"{field.key}=", value))
        shortened = shortened or cut
    room = max_bytes - len(head.encode())
    attributes, left_out = pack(pairs, delimiter, room, replacements)
    return f"{head}{attributes}".encode(), shortened or left_out


def _header(text: str, max_chars: int, max_bytes: int) -> str:
    short = fit(shorten(one_line(text).strip(), max_chars), max_bytes, _HEADER_REPLACEMENTS)
    return short.translate(_HEADER_REPLACEMENTS) or "unknown"
