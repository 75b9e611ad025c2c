# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Change what is sent in `mapping.py`.
"""Values and names that Elasticsearch and OpenSearch take in any version."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import orjson

_NAME_MAX_CHARS = 128
_UNSAFE = re.compile(r'[\s.*"\x00-\x1f\x7f]')
_REFUSED = re.compile(r'[\s*"\x00-\x1f\x7f]|^\.|\.\.|\.$')  # a single dot makes an object
_ISO_8601 = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?:\.([0-9]{1,9}))?(Z|[+-][0-9]{2}:[0-9]{2})?"
)
_YEARS = range(1970, 2262)  # what `date_nanos` can hold; `date` holds more


class Names:
    """Gives every value of one object a name that no server refuses and that no other value has.

    Args:
        taken: Names that are in use already.
    """

    def __init__(self, *taken: str) -> None:
        self._taken = set(taken)
        self._numbers: dict[str, int] = {}
        self.renamed = 0
        """Names that a server would have refused."""

    def unique(self, path: tuple[str, ...]) -> str:
        """Return a name for the value at a path; a name that is taken gets a number."""
        base = name = label_name(path)
        if name != "_".join(path) or "" in path:
            self.renamed += any(_REFUSED.search(key) or not key for key in path)
        while name in self._taken:
            self._numbers[base] = self._numbers.get(base, 1) + 1
            name = f"{base}_{self._numbers[base]}"
        self._taken.add(name)
        return name


def to_labels(*sections: dict[str, Any]) -> dict[str, str]:
    """Return all values as text under flat names; null is left out, as Elasticsearch ignores it.

    `{"http": {"method": "GET"}}` becomes `http_method`. Names that a server would have refused are
    made safe, and counted in the label `labels_renamed`.
    """
    names = Names()
    labels = {
        names.unique(path): as_text(value)
        for section in sections
        for path, value in leaves(section)
    }
    if names.renamed:
        labels[names.unique(("labels_renamed",))] = str(names.renamed)
    return labels


def label_name(path: tuple[str, ...]) -> str:
    """Return a name that no version of Elasticsearch or OpenSearch refuses."""
    return _safe("_".join(path)[:_NAME_MAX_CHARS])


@functools.lru_cache(maxsize=4_096)  # of texts that are cut: an event's names may be of any length
def _safe(name: str) -> str:
    return _UNSAFE.sub("_", name) or "_"


def leaves(
    section: dict[str, Any], prefix: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield path and value of everything in nested objects that is neither null nor an object."""
    for key, value in section.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*prefix, key))
        elif value is not None:
            yield (*prefix, key), value


def utc_timestamp(value: Any) -> str | None:
    """Return ISO 8601 in UTC for an ISO string or seconds since the epoch; None if it is neither.

    A string without a zone is taken as UTC, as Elasticsearch does. Years are 1970 to 2261.
    """
    try:
        if isinstance(value, str):
            second, fraction = _parse_iso(value)
            return None if second is None else f"{second}.{fraction}Z"
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            moment = datetime.fromtimestamp(value, timezone.utc)
            second = _utc_second(moment)
            return None if second is None else f"{second}.{moment.microsecond // 1000:03d}Z"
    except (ValueError, OverflowError, OSError):
        pass  # not a date: 31 February, a leap second, a number out of range
    return None


def look_up(event: dict[str, Any], path: str) -> Any:
    """Return what is at a dotted path like `data.order.id`; None: nothing."""
    found: Any = event
    for key in path.split("."):
        found = found.get(key) if isinstance(found, dict) else None
    return found


def as_text(value: Any) -> str:
    """Return text as it is, None as nothing, and everything else as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value).decode()


def _parse_iso(text: str) -> tuple[str | None, str]:
    match = _ISO_8601.fullmatch(text)
    if match is None:
        raise ValueError("not ISO 8601")
    day, clock, fraction, zone = match.groups()
    offset = "+00:00" if zone in (None, "Z") else zone
    return _second(f"{day}T{clock}{offset}"), fraction or "000"


@functools.lru_cache(maxsize=64)  # events come in the order of time
def _second(text: str) -> str | None:
    return _utc_second(datetime.fromisoformat(text))


def _utc_second(moment: datetime) -> str | None:
    """Return a time up to the second; None: a year that no server takes."""
    moment = moment.astimezone(timezone.utc)
    return moment.isoformat()[:19] if moment.year in _YEARS else None
