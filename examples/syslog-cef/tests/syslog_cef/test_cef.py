# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""CEF records, read back by a reader written from the standard."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_syslog_cef.syslog_cef import (
    cef,
)
from acme_syslog_cef.syslog_cef.keys import (
    Field,
    own_key,
)
from acme_syslog_cef.syslog_cef.text import (
    clean,
    one_line,
)

from ..support.syslog_reader import read_cef
from .events import TEXTS, quick

HEAD = cef.device(0, "Acme", "Shop", "1.0")


@pytest.mark.fault(23, 24, promise=19)
@quick
@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_no_text_leaves_its_field(class_id: str, name: str, value: str, msg: str) -> None:
    """Pipes, equals signs, backslashes and line ends of any value stay inside that value."""
    fields = [Field("act", "done"), Field("ownKey", value), Field("msg", msg)]
    data, shortened = cef.record(HEAD, class_id, name, 5, fields, max_bytes=100_000)
    record = read_cef(data.decode())
    expected = {"act": "done", "ownKey": clean(value).strip(), "msg": clean(msg).strip()}

    assert (record.vendor, record.product, record.version) == ("Acme", "Shop", "1.0")
    assert record.severity == 5
    assert record.extension == {
        key: text.replace("\t", " ") for key, text in expected.items() if text
    }
    assert record.name == (one_line(name).strip() or "unknown")
    assert record.class_id == (one_line(class_id).strip() or "unknown")
    assert not shortened


@quick
@given(st.lists(TEXTS, min_size=1, max_size=9), TEXTS, st.integers(300, 3_000))
def test_limit_holds_in_bytes(values: list[str], name: str, max_bytes: int) -> None:
    """A record never exceeds its limit and stays valid."""
    fields = [Field(f"own{n}", value * 9, "label") for n, value in enumerate(values)]
    fields.append(Field("msg", name * 50))
    data, _ = cef.record(HEAD, name * 9, name * 9, 5, fields, max_bytes=max_bytes)

    assert len(data) <= max_bytes
    assert read_cef(data.decode()).severity == 5


def test_escapes_are_those_of_the_standard() -> None:
    """Header: backslash and pipe. Values: backslash, equals sign, line ends; the pipe stays."""
    fields = [Field("msg", "a|b=c\\d\r\ne\u2028f")]
    data, _ = cef.record(HEAD, "a|b=c\\d", "two\nlines", 5, fields, max_bytes=1_000)

    assert data == (b"CEF:0|Acme|Shop|1.0|a\\|b=c\\\\d|two lines|5|msg=a|b\\=c\\\\d\\ne\\nf")


@pytest.mark.parametrize(
    ("key", "limit"), [("msg", 1_023), ("externalId", 40), ("cs1", 4_000), ("fapilogX", 1_023)]
)
def test_dictionary_limits_hold(key: str, limit: int) -> None:
    """A value is cut to the longest its key allows, in characters, and marked."""
    fields = [Field(key, "\xe4" * 5_000), Field("act", "x")]
    data, shortened = cef.record(HEAD, "1", "n", 5, fields, max_bytes=20_000)
    value = read_cef(data.decode()).extension[key]

    assert (len(value), value[-9:], shortened) == (limit, "[...5000]", True)


def test_free_text_gives_way() -> None:
    """The last field is cut before another one is left out."""
    fields = [Field("reason", "r" * 300), Field("msg", "m" * 900)]
    data, shortened = cef.record(HEAD, "1", "n", 5, fields, max_bytes=700)
    record = read_cef(data.decode())

    assert record.extension["reason"] == "r" * 300
    assert record.extension["msg"].endswith("m[...900]")
    assert (len(data), shortened) == (700, True)


def test_label_travels_with_its_value() -> None:
    """A custom string has its label beside it; without a value neither is written."""
    fields = [
        Field("cs1", "v", "correlationId"),
        Field("cs2", "  ", "requestId"),
        Field("msg", "m"),
    ]
    data, _ = cef.record(HEAD, "1", "n", 5, fields, max_bytes=1_000)

    assert data.endswith(b"|cs1Label=correlationId cs1=v msg=m")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("order.id", "fapilogOrderId"),
        ("src", "fapilogSrc"),
        ("a b=c|d", "fapilogABCD"),
        ("\xe4\xf6", "fapilogField"),
        ("", "fapilogField"),
        ("x" * 99, "fapilogX" + "x" * 55),
    ],
)
def test_own_keys_are_letters_and_digits(name: str, expected: str) -> None:
    """Any name becomes one word that no parser stumbles over and the dictionary does not know."""
    assert own_key("fapilog", name) == expected
