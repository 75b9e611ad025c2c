# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Events as the engine hands them to an encoder, ordinary and hostile."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

quick = settings(max_examples=25, deadline=None)
"""Few examples: hostile pieces are in nearly every one of them."""

EVENT: dict[str, Any] = {
    "timestamp": "2026-11-23T15:05:52.967Z",
    "level": "ERROR",
    "message": "payment failed",
    "logger": "shop.payment",
    "context": {"correlation_id": "c-1", "user_id": "u-7"},
    "diagnostics": {
        "origin": "native",
        "service": "shop",
        "exception": {
            "error.type": "ValueError",
            "error.message": "no card",
            "error.stack": "Traceback\n  line 1",
            "error.frames": [{"file": "shop.py"}],
        },
    },
    "data": {"order": {"id": 12, "paid": False}, "tags": ["a", "b"], "note": None},
}
"""An event with a value in every place."""

HOSTILE = [
    "<0>1 - evil evil - - - x",
    "a\n<13>1 - forged - - - - x",
    "a\r\n12 <13>1 - forge",
    'x"] [x@1 a="b"][fapilog@32473 level="EMERG"]',
    "a|b|10|src=6.6.6.6 act=x",
    "a=b\\=c\\\\ \\n cs1Label=x",
    "a\0b\x1b[31mc\x7fd",
    "a\x85b\u2028c\u2029d",
    "\ufeff\U0001f600 \xe4\u0627\u0644 \u202e",
    "tab\tdelim^caret;~",
    "   ",
    "CEF:0|x|y|z|1|n|10|msg=x",
    "9 <9>x",
    "%s {0} $(id) ${x} #012",
    "\xe4" * 3_000,
    "x" * 1_000_000,
]
"""Texts that have broken some sender of logs."""

_NASTY = st.sampled_from(
    [
        *'|=\\]["<>\r\n\t\0\x1b\x7f\x85\u2028\u2029\ufeff\U0001f600\xe4',
        "<0>1 ",
        "\n<13>1 - forged - - - - x",
        " src=6.6.6.6",
        "CEF:0|",
        "9 ",
        "\\n",
        '"] [x@1 a="',
    ]
)
TEXTS = st.lists(st.one_of(_NASTY, st.text(max_size=5)), max_size=6).map("".join)
"""Any text, with everything that has a meaning in one of the formats."""

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**63),
        st.floats(allow_nan=False, allow_infinity=False),
        TEXTS,
        TEXTS.map(lambda text: text * 200),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=8,
)
"""Any value JSON can hold."""

EVENTS = st.fixed_dictionaries(
    {},
    optional={
        "timestamp": st.one_of(
            VALUES,
            st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
            st.floats(0, 4e9),
        ),
        "level": st.one_of(VALUES, st.sampled_from(["DEBUG", "AUDIT", "CRITICAL", "nonsense"])),
        "message": VALUES,
        "logger": VALUES,
        "context": VALUES,
        "diagnostics": st.one_of(VALUES, st.fixed_dictionaries({"exception": VALUES})),
        "data": VALUES,
        "extra": VALUES,
    },
)
"""Any event, with any key missing or holding any value."""
