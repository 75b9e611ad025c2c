# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What the keys of CEF and LEEF take, and what becomes of a value that they do not."""

import pytest

from acme_syslog_cef.syslog_cef.keys import (
    Field,
    problem_of,
    typed,
)
from acme_syslog_cef.syslog_cef.tables import (
    CEF_1_KEYS,
    CEF_CONSUMER_KEYS,
    CEF_IPV6_KEYS,
    CEF_KEYS,
    LEEF_KEYS,
    LEEF_RESERVED,
)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("act", "any | text", "any | text"),
        ("src", " 192.0.2.1 ", "192.0.2.1"),
        ("src", "localhost", None),
        ("src", "fe80::1%eth0", None),
        ("destinationTranslatedAddress", "2001:db8::1", None),
        ("spt", "65535", "65535"),
        ("spt", "65536", None),
        ("spt", "-1", None),
        ("spt", "\u0661", None),
        ("smac", "00:0D:60:AF:1B:61", "00:0D:60:AF:1B:61"),
        ("smac", "000D60AF1B61", None),
        ("cn1", "-9223372036854775808", "-9223372036854775808"),
        ("cn1", "9223372036854775808", None),
        ("cnt", "1.5", None),
        ("cfp1", "1.5e3", "1.5e3"),
        ("cfp1", "nan", None),
        ("cfp1", "1_0", None),
        ("start", "2026-11-23T15:05:52.967Z", "1795446352967"),
        ("start", "1795446352967", "1795446352967"),
        ("start", "yesterday", None),
        ("c6a1", "2001:db8::1", "2001:db8::1"),
        ("c6a1", "192.0.2.1", None),
    ],
)
def test_cef_keys_take_their_type(key: str, value: str, expected: str | None) -> None:
    """A value that is not of the type of its key is not written under it."""
    field = typed(key, value, "", CEF_KEYS)

    assert (field and field.value) == expected


@pytest.mark.parametrize("key", CEF_IPV6_KEYS)
def test_ipv6_has_its_own_fields(key: str) -> None:
    """Keys for IPv4 have a custom field, with the label of the standard, for IPv6."""
    field = typed(key, "2001:db8::7", "", CEF_KEYS)

    assert field == Field(CEF_IPV6_KEYS[key][0], "2001:db8::7", CEF_IPV6_KEYS[key][1])


def test_leef_takes_both_kinds_of_address() -> None:
    """LEEF makes no difference."""
    assert typed("src", "2001:db8::7", "", LEEF_KEYS) == Field("src", "2001:db8::7")


def test_tables_do_not_contradict_each_other() -> None:
    """A key is for producers or for consumers; CEF 1.2 only adds."""
    assert CEF_CONSUMER_KEYS.isdisjoint({**CEF_KEYS, **CEF_1_KEYS})
    assert CEF_KEYS.keys().isdisjoint(CEF_1_KEYS)
    assert LEEF_RESERVED.isdisjoint(LEEF_KEYS)
    assert all(problem_of(key, LEEF_KEYS, LEEF_RESERVED, labels=False) == "" for key in LEEF_KEYS)
