# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the setting `extra_headers`.
"""HTTP headers of the owner's: kept as pairs, since settings are hashable, with values that stay private."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, SecretStr, WithJsonSchema

# Whose request it is, how long and in which form; the rest belongs to one connection (RFC 9110 7.6.1).
ENGINE_HEADERS = {
    "authorization", "cookie", "user-agent", "accept", "accept-encoding", "content-encoding",
    "content-length", "content-type", "connection", "expect", "host", "keep-alive", "proxy-authorization",
    "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip
"""Names, in lower case, that no setting may replace."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110 5.6.2
_SECRET = {"type": "string", "format": "password", "writeOnly": True}
_VALUE = re.compile(r"[!-~]([ -~]*[!-~])?")


def checked_headers(
    headers: Collection[tuple[str, SecretStr]], reserved: Collection[str]
) -> tuple[tuple[str, SecretStr], ...]:
    """Return the headers if each can be sent and none is the sink's own.

    Args:
        headers: Name and value.
        reserved: More names, in lower case, that the platform sets itself.

    Raises:
        ValueError: says which rule is broken, and no value.
    """
    names = [name.lower() for name, _ in headers]
    if taken := sorted({*names} & {*ENGINE_HEADERS, *reserved}):
        raise ValueError(f"{taken[0]} is set by the sink")
    if not all(_NAME.fullmatch(name) for name in names):
        raise ValueError("a name must be one of RFC 9110: letters, digits, hyphens")
    if len(set(names)) < len(names):
        raise ValueError("a name is given twice; upper and lower case are the same")
    if not all(_VALUE.fullmatch(value.get_secret_value()) for _, value in headers):
        raise ValueError("a value must be printable ASCII, without line ends or blanks around it")
    return tuple(headers)


def pairs_of(value: Any) -> Any:
    """Return a mapping as pairs, and pairs as they are.

    Raises:
        ValueError: it is neither; how to write one, without the value.
    """
    if not isinstance(value, (Mapping, tuple, list)):
        raise ValueError('write a JSON object, e.g. {"a": "b"}')
    return tuple(value.items()) if isinstance(value, Mapping) else value


EMPTY_OBJECT = Field(json_schema_extra={"default": {}})
"""For the type of such a setting: in the schema its default is an object, too, not the list of no pairs."""

ExtraHeaders: TypeAlias = Annotated[
    tuple[tuple[str, SecretStr], ...],
    BeforeValidator(pairs_of),
    WithJsonSchema({"type": "object", "additionalProperties": _SECRET, "writeOnly": True}),
    EMPTY_OBJECT,
]
"""The type of the setting: header name -> value, as a mapping or as JSON."""
