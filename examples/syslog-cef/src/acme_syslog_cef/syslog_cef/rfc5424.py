# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent: `mapping.py`.
"""Messages of RFC 5424, and the header of RFC 3164; pure formatters over any text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .text import VALUE_MAX_CHARS, clean, fit, shorten, unique

FACILITIES = {
    # RFC 5424 section 6.2.1, table 1; kern (0) is the kernel's own.
    "user": 1, "mail": 2, "daemon": 3, "auth": 4, "syslog": 5, "lpr": 6, "news": 7, "uucp": 8,
    "cron": 9, "authpriv": 10, "ftp": 11, "local0": 16, "local1": 17, "local2": 18, "local3": 19,
    "local4": 20, "local5": 21, "local6": 22, "local7": 23,
}  # fmt: skip
HEADER_MAX_CHARS = {"hostname": 255, "app_name": 48, "procid": 128, "msgid": 32}
"""RFC 5424 section 6, ABNF."""
SD_NAME_MAX_CHARS = 32
"""RFC 5424 section 6, ABNF."""
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
"""RFC 3164 section 4.1.2: English, whatever the locale says."""

_PARAM_ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\", "]": "\\]", "\n": " ", "\t": " "})
_NO_ESCAPES: dict[int, str] = {}
_OMITTED_BYTES = len(' omitted="99999999"')


def priority(facility: str, severity: int) -> int:
    """Return the PRIVAL: facility * 8 + severity."""
    return FACILITIES[facility] * 8 + severity


def header_field(text: str, max_chars: int) -> str:
    """Make it PRINTUSASCII (33 to 126) within its limit; `-` if nothing is left."""
    return "".join(c if "!" <= c <= "~" else "_" for c in text[:max_chars]) or "-"


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


def sd_name(text: str) -> str:
    """Make it an SD-NAME: PRINTUSASCII without `=`, `]`, `"`, at most 32 characters."""
    name = header_field(text, SD_NAME_MAX_CHARS)
    return name.translate({ord(c): "_" for c in '=]"'})


def message(
    header: str, sd_id: str, params: Iterable[tuple[str, str]], text: str, *, max_bytes: int
) -> tuple[bytes, bool]:
    """Put a message together and say whether it had to be shortened.

    The text is cut; a param is never cut to make room, it is left out and counted in `omitted`. The
    text keeps half of the room if it needs it. It has no BOM: most receivers show one as a character.
    """
    text = clean(text).lstrip("\ufeff")
    room = max_bytes - len(header) - 1
    wanted = len(text.encode()) + 1
    element, shortened = _element(sd_id, params, room - min(wanted, room // 2))
    left = room - len(element.encode()) - 1
    body = fit(text, left, _NO_ESCAPES)
    line = f"{header} {element} {body}" if body else f"{header} {element}"
    return line.encode(), shortened or body is not text


def _element(sd_id: str, params: Iterable[tuple[str, str]], max_bytes: int) -> tuple[str, bool]:
    parts: list[str] = []
    taken = {"omitted": 1}
    omitted = 0
    shortened = False
    room = max_bytes - len(f"[{sd_id}]") - _OMITTED_BYTES
    for name, value in params:
        short = shorten(value, VALUE_MAX_CHARS)
        param = f'{unique(sd_name(name), SD_NAME_MAX_CHARS, taken)}="{_escape(short)}"'
        size = len(param.encode()) + 1
        if size > room:
            omitted += 1
            continue
        room -= size
        parts.append(param)
        shortened = shortened or short is not value
    if omitted:
        parts.append(f'omitted="{omitted}"')
    element = f"[{' '.join([sd_id, *parts])}]" if parts else "-"
    return element, shortened or omitted > 0


def _escape(value: str) -> str:
    return clean(value).translate(_PARAM_ESCAPES)
