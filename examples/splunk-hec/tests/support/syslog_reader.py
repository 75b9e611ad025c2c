# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Strict readers of RFC 5424, RFC 3164 headers, CEF and LEEF, written from the grammars.

They share nothing with the code under test, and raise `ValueError` or `LookupError` on any breach.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_HEADER = re.compile(
    r"<(0|[1-9][0-9]{0,2})>1 (-|[^ ]+) ([!-~]{1,255}) ([!-~]{1,48}) ([!-~]{1,128}) ([!-~]{1,32}) "
)
_TIMESTAMP = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_RFC3164 = re.compile(
    r"<(0|[1-9][0-9]{0,2})>"
    r"((?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (?: [1-9]|[12][0-9]|3[01])"
    r" (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]) ([!-9;-~]+) "
)
_SD_NAME = re.compile(r"[!#-<>-\\^-~]{1,32}")
_CEF_SEVERITY = re.compile(r"[0-9]|10")
_CEF_KEY = re.compile(r"(?:^| )([A-Za-z0-9]+)=")
_CEF_ESCAPES = {"\\": "\\", "=": "=", "n": "\n", "r": "\r"}


@dataclass(frozen=True)
class Message:
    """A message of RFC 5424, unescaped."""

    priority: int
    timestamp: str
    hostname: str
    app_name: str
    procid: str
    msgid: str
    structured_data: dict[str, dict[str, str]]
    text: str


@dataclass(frozen=True)
class CefRecord:
    """A CEF record, unescaped."""

    vendor: str
    product: str
    version: str
    class_id: str
    name: str
    severity: int
    extension: dict[str, str]


@dataclass(frozen=True)
class LeefRecord:
    """A LEEF record; it knows no escapes."""

    vendor: str
    product: str
    version: str
    event_id: str
    attributes: dict[str, str]


def read_rfc5424(data: bytes) -> Message:
    """Read one whole message."""
    line = data.decode()
    match = _HEADER.match(line)
    if match is None or int(match[1]) > 191:
        raise ValueError(f"bad header: {line!r}")
    _check_timestamp(match[2])
    elements, position = _structured_data(line, match.end())
    rest = line[position:]
    if rest and not rest.startswith(" "):
        raise ValueError(f"no space before MSG: {line!r}")
    header = (match[3], match[4], match[5], match[6])
    return Message(int(match[1]), match[2], *header, elements, rest[1:])


def read_rfc3164(data: bytes) -> tuple[int, str, str, str]:
    """Return priority, time, host and the rest of a BSD message without a tag."""
    line = data.decode()
    match = _RFC3164.match(line)
    if match is None:
        raise ValueError(f"bad header: {line!r}")
    return int(match[1]), match[2], match[3], line[match.end() :]


def read_cef(line: str) -> CefRecord:
    """Read one record that begins with `CEF:0|`."""
    if not line.isprintable() and any(ord(c) < 32 or c in "\x85\u2028\u2029" for c in line):
        raise ValueError(f"control character: {line!r}")
    fields, extension = _cef_header(line)
    version, vendor, product, device_version, class_id, name, severity = fields
    if version != "CEF:0" or "" in fields or not _CEF_SEVERITY.fullmatch(severity):
        raise ValueError(f"bad header: {fields}")
    for text, limit in zip(fields[1:], (63, 63, 31, 1023, 512, 2), strict=True):
        if len(text) > limit:
            raise ValueError(f"over {limit} characters: {text!r}")
    pairs = _cef_extension(extension)
    return CefRecord(vendor, product, device_version, class_id, name, int(severity), pairs)


def read_leef(line: str) -> LeefRecord:
    """Read one record that begins with `LEEF:1.0|` or `LEEF:2.0|`."""
    number, vendor, product, version, event_id, rest = line.split("|", 5)
    delimiter = "\t"
    if number == "LEEF:2.0":
        delimiter, bar, rest = rest[0], rest[1], rest[2:]
        if bar != "|" or delimiter.isalnum() or not "!" <= delimiter <= "~":
            raise ValueError(f"bad delimiter: {line!r}")
    elif number != "LEEF:1.0":
        raise ValueError(f"bad version: {number}")
    if any(c != delimiter and (ord(c) < 32 or c in "\x7f\x85\u2028\u2029") for c in line):
        raise ValueError(f"control character: {line!r}")
    for text, limit in ((vendor, 63), (product, 63), (version, 31), (event_id, 255)):
        if not 0 < len(text) <= limit:
            raise ValueError(f"empty or over {limit} characters: {text!r}")
    attributes: dict[str, str] = {}
    for pair in rest.split(delimiter):
        key, equals, value = pair.partition("=")
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", key) or key in attributes:
            raise ValueError(f"bad or second attribute {pair!r}: {line!r}")
        attributes[key] = value
    return LeefRecord(vendor, product, version, event_id, attributes)


def _check_timestamp(text: str) -> None:
    if text == "-":
        return
    if not _TIMESTAMP.fullmatch(text):
        raise ValueError(f"bad timestamp: {text!r}")
    datetime.strptime(text[:19], "%Y-%m-%dT%H:%M:%S")


def _structured_data(line: str, position: int) -> tuple[dict[str, dict[str, str]], int]:
    if line[position] == "-":
        return {}, position + 1
    elements: dict[str, dict[str, str]] = {}
    while position < len(line) and line[position] == "[":
        name, position = _name(line, position + 1)
        params, position = _params(line, position)
        if name in elements:
            raise ValueError(f"SD-ID twice: {name}")
        elements[name] = params
    if not elements:
        raise ValueError(f"no structured data: {line!r}")
    return elements, position


def _name(line: str, position: int) -> tuple[str, int]:
    match = _SD_NAME.match(line, position)
    if match is None:
        raise ValueError(f"bad name at {position}: {line!r}")
    return match[0], match.end()


def _params(line: str, position: int) -> tuple[dict[str, str], int]:
    params: dict[str, str] = {}
    while line[position] == " ":
        name, position = _name(line, position + 1)
        if line[position : position + 2] != '="' or name in params:
            raise ValueError(f"bad or second param {name}: {line!r}")
        params[name], position = _value(line, position + 2)
    if line[position] != "]":
        raise ValueError(f"element does not end at {position}: {line!r}")
    return params, position + 1


def _value(line: str, position: int) -> tuple[str, int]:
    value = ""
    while line[position] != '"':
        if line[position] == "]":
            raise ValueError(f"raw bracket in a value: {line!r}")
        if line[position] == "\\":
            position += 1
            if line[position] not in '"\\]':
                raise ValueError(f"escape of nothing: {line!r}")
        value += line[position]
        position += 1
    return value, position + 1


def _cef_header(line: str) -> tuple[list[str], str]:
    fields: list[str] = []
    current, position = "", 0
    while len(fields) < 7:
        character = line[position]
        if character == "\\":
            position += 1
            if line[position] not in "\\|":
                raise ValueError(f"escape of nothing: {line!r}")
            current += line[position]
        elif character == "|":
            fields.append(current)
            current = ""
        else:
            current += character
        position += 1
    return fields, line[position:]


def _cef_extension(text: str) -> dict[str, str]:
    if not text:
        return {}
    keys = list(_CEF_KEY.finditer(text))
    if not keys or keys[0].start() != 0:
        raise ValueError(f"no key at the start: {text!r}")
    ends = [key.start() for key in keys[1:]] + [len(text)]
    pairs: dict[str, str] = {}
    for key, end in zip(keys, ends, strict=True):
        value = text[key.end() : end]
        if key[1] in pairs or not value:
            raise ValueError(f"empty or second {key[1]}: {text!r}")
        pairs[key[1]] = _cef_unescape(value)
    return pairs


def _cef_unescape(value: str) -> str:
    plain, position = "", 0
    while position < len(value):
        character = value[position]
        if character == "=":
            raise ValueError(f"raw equals sign: {value!r}")
        if character == "\\":
            position += 1
            character = _CEF_ESCAPES[value[position]]
        plain += character
        position += 1
    return plain
