# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Events of every kind that the engine hands to an encoder, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
exceptions = st.fixed_dictionaries(
    {},
    optional={name: values for name in ("error.type", "error.message", "error.stack", "x")},
)
sections = st.dictionaries(
    text | st.sampled_from(["pid", "host", "trace_id", "a.b", "a_b"]), values, max_size=4
)
events = st.fixed_dictionaries(
    {},
    optional={
        "timestamp": values | st.datetimes().map(lambda moment: moment.isoformat() + "Z"),
        "level": values,
        "message": values,
        "logger": values,
        "context": sections | values,
        "diagnostics": sections | st.builds(dict, exception=exceptions | values) | values,
        "data": sections | values,
        "other": values,
    },
)
deep = st.lists(text | st.sampled_from(["_id", "a.b"]), max_size=25)
"""Names of objects inside one another."""
