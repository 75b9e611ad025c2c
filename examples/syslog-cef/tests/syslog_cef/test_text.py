# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Times, cuts and names that every receiver can read."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_syslog_cef.syslog_cef import (
    text,
)

from .events import TEXTS, quick

ESCAPES = str.maketrans({"\\": "\\\\", "=": "\\="})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-11-23T15:05:52.967Z", "2026-11-23T15:05:52.967Z"),
        ("2026-11-23T15:05:52Z", "2026-11-23T15:05:52.000Z"),
        ("2026-11-23t15:05:52,123456789z", "2026-11-23T15:05:52.123456Z"),
        ("2026-11-23 15:05:52.5+02:00", "2026-11-23T13:05:52.500Z"),
        ("2026-11-23T15:05:52-0530", "2026-11-23T20:35:52.000Z"),
        (1_795_446_352.967, "2026-11-23T15:05:52.967Z"),
        (0, "1970-01-01T00:00:00.000Z"),
    ],
    ids=str,
)
def test_timestamps_become_utc(value: Any, expected: str) -> None:
    """Whatever can be read comes out as UTC with at most six digits of fraction."""
    moment = text.parse_timestamp(value)

    assert moment is not None
    assert text.rfc3339(moment) == expected


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        "",
        "yesterday",
        "2026-11-23T15:05:52",
        "2026-02-30T00:00:00Z",
        "2026-11-23T23:59:60Z",
        "2026-11-23T15:05:52Z\n",
        "\u0662026-11-23T15:05:52Z",
        "1969-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "0001-01-01T00:00:00+23:59",
        1e300,
        -1e12,
        {"at": 1},
    ],
    ids=ascii,
)
def test_unreadable_timestamps_are_none(value: Any) -> None:
    """No zone, no such day, or a year that receivers misread: better no time than a wrong one."""
    assert text.parse_timestamp(value) is None


@quick
@given(TEXTS)
def test_clean_text_has_one_line_end(value: str) -> None:
    """Every line end becomes LF, any other control but TAB a space; a second pass adds nothing."""
    cleaned = text.clean(value)

    assert len(cleaned.splitlines()) <= cleaned.count("\n") + 1
    assert all(c in "\n\t" or c.isprintable() or ord(c) > 0x9F for c in cleaned)
    assert text.clean(cleaned) == cleaned


def test_printable_text_stays() -> None:
    """What needs no cleaning is not touched, spaces of other scripts included."""
    assert text.clean("a \xa0\u3000 \U0001f600") == "a \xa0\u3000 \U0001f600"
    assert text.clean("a\r\nb\rc\x85d\u2028e\0f") == "a\nb\nc\nd\ne f"


@quick
@given(TEXTS, st.integers(0, 80))
def test_fit_keeps_whole_characters(value: str, room: int) -> None:
    """The escaped text fits in bytes, and what is left is a prefix of the text and the mark."""
    fitted = text.fit(value, room, ESCAPES)

    assert len(fitted.translate(ESCAPES).encode()) <= room
    assert fitted == value or not fitted or value.startswith(fitted.removesuffix(text.mark(value)))


def test_fit_leaves_no_room_unused() -> None:
    """The cut is as late as bytes and escapes allow."""
    assert text.fit("\xe4\xe4\xe4\xe4\xe4\xe4", 10, ESCAPES) == "\xe4\xe4[...6]"
    assert text.fit("======", 10, ESCAPES) == "==[...6]"
    assert text.fit("abcdefghij", 10, ESCAPES) == "abcdefghij"
    assert text.fit("abcdefghij", 4, ESCAPES) == ""


def test_shortened_text_is_marked() -> None:
    """The mark counts, and says how long the text was."""
    assert text.shorten("x" * 10, 10) == "x" * 10
    assert text.shorten("x" * 11, 10) == "xxx[...11]"


@quick
@given(st.lists(st.sampled_from(["a", "a2", "aaaa", "aaa2"]), max_size=30))
def test_unique_names_stay_within_limit(names: list[str]) -> None:
    """However often a name comes, each gets one of its own within the limit."""
    taken: dict[str, int] = {}
    uniques = [text.unique(name, 4, taken) for name in names]

    assert len(set(uniques)) == len(names)
    assert all(len(name) <= 4 for name in uniques)
