# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""LEEF records, read back by a reader written from the guide."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_syslog_cef.syslog_cef import (
    leef,
)
from acme_syslog_cef.syslog_cef.keys import (
    Field,
)
from acme_syslog_cef.syslog_cef.text import (
    clean,
    one_line,
)

from ..support.syslog_reader import read_leef
from .events import TEXTS, quick

HEADS = {
    "^": leef.device("2.0", "Acme", "Shop", "1.0"),
    "\t": leef.device("1.0", "Acme", "Shop", "1.0"),
}


def record(event_id: str, fields: list[Field], delimiter: str = "^", **options: bool) -> str:
    """Format a record with room for everything."""
    options = {"replace_pipes": False, **options}
    head = HEADS[delimiter]
    data, _ = leef.record(head, event_id, fields, delimiter=delimiter, max_bytes=100_000, **options)
    return data.decode()


@quick
@given(TEXTS, TEXTS, TEXTS, st.booleans())
@pytest.mark.parametrize("delimiter", ["^", "\t"])
def test_no_text_leaves_its_field(
    delimiter: str, event_id: str, value: str, msg: str, pipes: bool
) -> None:
    """Delimiters, pipes and line ends of any value are replaced; the rest comes back."""
    fields = [Field("cat", "x"), Field("ownKey", value), Field("msg", msg)]
    read = read_leef(record(event_id, fields, delimiter, replace_pipes=pipes))
    safe = str.maketrans(({"^": "_"} if delimiter == "^" else {}) | ({"|": "_"} if pipes else {}))
    expected = {
        key: clean(text).strip().replace("\n", " ").replace("\t", " ").translate(safe)
        for key, text in {"cat": "x", "ownKey": value, "msg": msg}.items()
    }

    assert (read.vendor, read.product, read.version) == ("Acme", "Shop", "1.0")
    assert read.event_id == (
        one_line(event_id).strip().replace("|", "_").replace("\\", "/") or "unknown"
    )
    assert read.attributes == {key: text for key, text in expected.items() if text}


@quick
@given(st.lists(TEXTS, min_size=1, max_size=9), TEXTS, st.integers(400, 3_000))
def test_limit_holds_in_bytes(values: list[str], event_id: str, max_bytes: int) -> None:
    """A record never exceeds its limit and stays valid."""
    fields = [Field("cat", "x")]
    fields += [Field(f"own{n}", value * 9) for n, value in enumerate(values)]
    fields.append(Field("msg", event_id * 50))
    data, _ = leef.record(
        HEADS["^"], event_id[:20], fields, delimiter="^", replace_pipes=True, max_bytes=max_bytes
    )

    assert len(data) <= max_bytes
    assert read_leef(data.decode()).vendor == "Acme"


def test_replacements_are_those_that_the_page_names() -> None:
    """There is no escape: underscore for what separates, space for line ends, slash for backslash."""
    fields = [Field("msg", "a|b^c=d\\e\r\nf\tg")]

    assert record("a|b\\", fields) == ("LEEF:2.0|Acme|Shop|1.0|a_b/|^|msg=a|b_c=d\\e f g")
    assert record("i", fields, replace_pipes=True).endswith("|msg=a_b_c=d\\e f g")
    assert record("i", fields, "\t") == "LEEF:1.0|Acme|Shop|1.0|i|msg=a|b^c=d\\e f g"


@pytest.mark.parametrize(("key", "limit"), [("usrName", 255), ("ownKey", 1_023)])
def test_limits_of_attributes_hold(key: str, limit: int) -> None:
    """A value is cut to the longest its attribute allows, and marked."""
    read = read_leef(record("i", [Field(key, "\xe4" * 5_000), Field("msg", "m")]))

    assert (len(read.attributes[key]), read.attributes[key][-9:]) == (limit, "[...5000]")
