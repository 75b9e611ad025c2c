# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Set `documents`; ECS is in `mapping.py`.
"""Documents that are not ECS: `flat` names with typed values, or the event as it is.

Both leave types to the mapping of the index. A field that is a number today and a text tomorrow is
then refused (400): `ecs` has text in all labels to avoid that.
"""

from __future__ import annotations

from typing import Any

from .values import Names, as_text, label_name, leaves, utc_timestamp

TEXT_MAX_CHARS = 8_000
"""Longest text inside a list; see `KEYWORD_MAX_CHARS` in `encoder.py`."""

_OBJECT_DEPTH = 18  # `index.mapping.depth.limit` is 20
_RENAMED = "fields_renamed"


def flat_document(event: dict[str, Any], received_at: float) -> dict[str, Any]:
    """Return one level of fields: `{"data": {"order": {"id": 7}}}` becomes `order_id: 7`."""
    document = _head(event, received_at)
    sections = [event]
    for key in ("context", "data"):
        value = event.pop(key, None)
        sections.append(value if isinstance(value, dict) else {key: value})
    names = Names(*document)
    for section in sections:
        for path, value in leaves(section):
            document[_unique(names, path)] = _typed(value)
    return _counted(document, names)


def raw_document(event: dict[str, Any], received_at: float) -> dict[str, Any]:
    """Return the event with its own structure; only `timestamp` becomes `@timestamp`."""
    document = _head(event, received_at)
    names = Names(*document)
    for key, value in event.items():
        document[_unique(names, (key,))] = _nested(value, names, 1)
    return _counted(document, names)


def as_is_document(event: dict[str, Any], received_at: float) -> dict[str, Any]:
    """Return the event with an `@timestamp`, and nothing else changed."""
    timestamp = utc_timestamp(event.get("timestamp")) or utc_timestamp(received_at)
    return {**event, "@timestamp": timestamp}


def _head(event: dict[str, Any], received_at: float) -> dict[str, Any]:
    timestamp = utc_timestamp(event.get("timestamp"))
    if timestamp is not None:
        del event["timestamp"]
    return {
        "@timestamp": timestamp or utc_timestamp(received_at),
        "message": as_text(event.pop("message", None)),
    }


def _counted(document: dict[str, Any], names: Names) -> dict[str, Any]:
    if names.renamed:
        document[names.unique((_RENAMED,))] = names.renamed
    return document


def _unique(names: Names, path: tuple[str, ...]) -> str:
    """Keep clear of `_id`, `_index` and the like, which a document must not have."""
    if label_name(path).startswith("_"):
        names.renamed += 1
        path = ("field" + label_name(path[:1]), *path[1:])
    return names.unique(path)


def _nested(value: Any, names: Names, depth: int) -> Any:
    if isinstance(value, dict):
        if depth >= _OBJECT_DEPTH:
            return as_text(value)[:TEXT_MAX_CHARS]
        inner = Names()
        plain = {
            inner.unique((key,)): _nested(item, names, depth + 1) for key, item in value.items()
        }
        names.renamed += inner.renamed
        return plain
    if isinstance(value, list):
        return [_short(_nested(item, names, depth + 1)) for item in value]
    return _typed(value)


def _typed(value: Any) -> Any:
    """Keep scalars and lists of one kind of them; a number that no `long` can hold becomes text."""
    if isinstance(value, dict):
        return as_text(value)
    if isinstance(value, list):
        kinds = {type(item) for item in value}
        alike = len(kinds) <= 1 and not kinds & {dict, list}
        return [_short(_typed(item)) for item in value] if alike else as_text(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 2**63:
        return str(value)
    return value


def _short(value: Any) -> Any:
    return value[:TEXT_MAX_CHARS] if isinstance(value, str) else value
