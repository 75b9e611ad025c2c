# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Which value of an event goes where."""

from typing import Any

import pytest

from acme_syslog_cef.syslog_cef import (
    defaults,
    mapping,
)

from .events import EVENT


def test_no_level_is_an_emergency() -> None:
    """Severity 0 is written to every terminal by receivers, so nothing maps to it."""
    assert min(defaults.SYSLOG_SEVERITIES.values()) > 0


@pytest.mark.parametrize("level", ["error", "ERROR", ["ERROR"], None, 5])
def test_level_is_text_in_capitals(level: Any) -> None:
    """Whatever a level is, it can be looked up."""
    assert mapping.level({"level": level}) in ("ERROR", '["ERROR"]', "", "5")


def test_host_fields_come_in_order_of_use() -> None:
    """Context and exception are fields of their own; stack and frames are not."""
    assert list(mapping.host_fields(EVENT)) == [
        ("level", "ERROR"),
        ("logger", "shop.payment"),
        ("correlation_id", "c-1"),
        ("user_id", "u-7"),
        ("error_type", "ValueError"),
        ("error_message", "no card"),
        ("origin", "native"),
        ("service", "shop"),
    ]


def test_data_is_flattened() -> None:
    """Nested data gets dotted names, and keys the host does not define are data as well."""
    assert list(mapping.data_fields({**EVENT, "extra": {"x": 1}, "flag": True})) == [
        ("order.id", 12),
        ("order.paid", False),
        ("tags", ["a", "b"]),
        ("note", None),
        ("extra.x", 1),
        ("flag", True),
    ]


def test_stack_follows_the_message() -> None:
    """An exception's stack is part of the MSG of RFC 5424, below the message."""
    assert mapping.message_with_stack(EVENT) == "payment failed\nTraceback\n  line 1"
    assert mapping.message_with_stack({"message": "m"}) == "m"


def test_message_may_be_anything() -> None:
    """A message that is no text is written as JSON, a missing one is empty."""
    assert mapping.message_text({"message": {"a": 1}}) == '{"a":1}'
    assert mapping.message_text({}) == ""
