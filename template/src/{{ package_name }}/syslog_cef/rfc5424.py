# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent: `defaults.py` and `mapping.py`.
"""Messages of RFC 5424, and the header of RFC 3164; pure formatters over any text."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from datetime import datetime

from .tables import FACILITIES, HEADER_MAX_CHARS, MONTHS, SD_NAME_MAX_CHARS, TAG_MAX_CHARS
from .text import VALUE_MAX_CHARS, clean, fit, shorten, unique

_PARAM_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "]": "\\]", "\n": " ", "\t": " "})
_TO_ESCAPE = re.compile(r'["\\\]]')
_NO_ESCAPES: dict[int, str] = {}
_NOT_PRINTUSASCII = re.compile(r"[^!-~]")
_NOT_IN_SD_NAME = re.compile(r'[^!-~]|[="\]]')
_NOT_IN_TAG = re.compile(r"[^A-Za-z0-9_.-]")


def priority(facility: str, severity: int) -> int:
    """Return the PRIVAL: facility * 8 + severity."""
    return FACILITIES[facility] * 8 + severity


def header_field(text: str, max_chars: int) -> str:
    """Make it PRINTUSASCII (33 to 126) within its limit; `-` if nothing is left."""
    return _printable(text[:max_chars])


# What is remembered is cut before: texts of events may be of any length.
@functools.lru_cache(maxsize=1_024)
def _printable(text: str) -> str:
    return _NOT_PRINTUSASCII.sub("_", text) or "-"


def header(
    prival: int, timestamp: str, *, hostname: str, app_name: str, procid: str, msgid: str
) -> str:
    """Return everything before the structured data, without the space behind it."""
    fields = {"hostname": hostname, "app_name": app_name, "procid": procid, "msgid": msgid}
    safe = (header_field(value, HEADER_MAX_CHARS[name]) for name, value in fields.items())
    return f"<{prival}>1 {timestamp} {' '.join(safe)}"


def rfc3164_header(prival: int, moment: datetime, hostname: str) -> str:
    """Return `<PRI>Mmm dd hh:mm:ss host` in the zone of `moment` (RFC 3164 section 4.1).

    The day is padded with a space and the host has no domain; colons would end it at rsyslog.
    """
    is_ipv4 = hostname.replace(".", "").isdigit()
    host = header_field(hostname if is_ipv4 else hostname.split(".")[0], 255).replace(":", "-")
    date = f"{MONTHS[moment.month - 1]} {moment.day:2}"
    return f"<{prival}>{date} {moment:%H:%M:%S} {host}"


def tag(app_name: str, procid: int) -> str:
    """Return `TAG[pid]:` of RFC 3164 section 4.1.3, with what receivers take in a tag."""
    return f"{_NOT_IN_TAG.sub('_', app_name)[:TAG_MAX_CHARS]}[{procid}]:"


def sd_name(text: str) -> str:
    """Make it an SD-NAME: PRINTUSASCII without `=`, `]`, `"`, at most 32 characters."""
    return _sd_name(text[:SD_NAME_MAX_CHARS])


@functools.lru_cache(maxsize=4_096)
def _sd_name(text: str) -> str:
    return _NOT_IN_SD_NAME.sub("_", text) or "-"


def message(
    header: str,
    home: str,
    params: Iterable[tuple[str, str, str]],
    text: str,
    *,
    max_bytes: int,
    bom: bool = False,
) -> tuple[bytes, bool]:
    """Put a message together and say whether it had to be shortened.

    `params` are SD-ID, name and value; `home` is the SD-ID that counts what was `omitted`. The text is cut;
    a param is never cut to make room, it is left out. The text keeps half of the room if it needs it. It has
    no BOM unless asked for: most receivers show one as a character.
    """
    text = clean(text).lstrip("\ufeff")
    before = " \ufeff" if bom and text else " "
    room = max_bytes - len(header) - 1
    wanted = len(text.encode()) + len(before.encode())
    elements, shortened = _elements(home, params, room - min(wanted, room // 2))
    body = fit(text, room - len(elements.encode()) - len(before.encode()), _NO_ESCAPES)
    line = f"{header} {elements}{before}{body}" if body else f"{header} {elements}"
    return line.encode(), shortened or body is not text


def plain(header: str, text: str, *, max_bytes: int) -> tuple[bytes, bool]:
    """Put a text on one line behind a header, and say whether it had to be shortened."""
    body = fit(text, max_bytes - len(header), _NO_ESCAPES)
    return f"{header}{body}".encode(), body is not text


def _elements(
    home: str, params: Iterable[tuple[str, str, str]], max_bytes: int
) -> tuple[str, bool]:
    elements: dict[str, str] = {}
    taken: dict[str, dict[str, int]] = {}
    omitted = 0
    shortened = False
    room = max_bytes - len(f'[{home} omitted="99999999"]')
    for sd_id, name, value in params:
        short = shorten(value, VALUE_MAX_CHARS)
        names = taken.setdefault(sd_id, {"omitted": 1})
        param = f' {unique(sd_name(name), SD_NAME_MAX_CHARS, names)}="{_escape(short)}"'
        size = len(param.encode()) + (0 if sd_id in elements else len(sd_id) + 2)
        if size > room:
            omitted += 1
            continue
        room -= size
        elements[sd_id] = elements.get(sd_id, "") + param
        shortened = shortened or short is not value
    if omitted:
        elements[home] = elements.get(home, "") + f' omitted="{omitted}"'
    # No space between elements: behind one, receivers take the rest for the MSG.
    text = "".join(f"[{sd_id}{inner}]" for sd_id, inner in elements.items())
    return text or "-", shortened or omitted > 0


def _escape(value: str) -> str:
    if value.isprintable() and not _TO_ESCAPE.search(value):
        return value  # the usual case
    return clean(value).translate(_PARAM_ESCAPES)
