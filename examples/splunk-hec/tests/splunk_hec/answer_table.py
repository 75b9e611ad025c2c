# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Writes the table of answers into `docs/splunk_hec.md`: `python -m tests.splunk_hec.answer_table`."""

from __future__ import annotations

from pathlib import Path

from acme_splunk_hec._delivery.settings import (
    HOLD,
    REJECT,
    RETRY,
    SPLIT,
)
from acme_splunk_hec.splunk_hec.answers import (
    BUSY,
    CODES,
    INDEX,
    OK,
    OTHER_STATUSES,
    POISON,
    STATUSES,
    Code,
    Status,
)

PAGE = Path(__file__).parents[2] / "docs" / "splunk_hec.md"
BEGIN = "<!-- From answers.py: python -m tests.splunk_hec.answer_table -->\n"
END = "<!-- End -->\n"

_CLASSES = {
    OK: "delivered",
    POISON: "one event is bad",
    INDEX: "one event's index",
    HOLD: "on hold",
    RETRY: "sent again",
    SPLIT: "halved",
    REJECT: "given up",
}


def tables() -> str:
    """Return both tables as Markdown."""
    lines = [
        "| Code | HTTP | Splunk's text | What happens | Meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for code, row in sorted(CODES.items()):
        lines.append(
            f"| {code} | {row.status} | {row.text} | {_class(row)} | {row.advice or 'accepted'} |"
        )
    lines += [
        "",
        "Without a code of Splunk's:",
        "",
        "| HTTP | What happens | Meaning |",
        "| --- | --- | --- |",
    ]
    for status, plain in sorted(STATUSES.items()):
        lines.append(f"| {status} | {_class(plain)} | {plain.advice} |")
    for digit, plain in sorted(OTHER_STATUSES.items()):
        lines.append(f"| other {digit}xx | {_class(plain)} | {plain.advice} |")
    return "\n".join(lines) + "\n"


def page_with(text: str, table: str) -> str:
    """Return the page with the part between the marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, found, after = rest.partition(END)
    if not found:
        raise ValueError("the page has lost its marks")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def _class(row: Code | Status) -> str:
    words = _CLASSES[row.meaning]
    if row is CODES[BUSY]:
        words += " from the numbered event on"
    if row.meaning == OK and row.advice:
        words += ", slower from now on"
    return f"{words}, perhaps twice" if row.ambiguous else words


if __name__ == "__main__":
    PAGE.write_text(page_with(PAGE.read_text("utf-8"), tables()), "utf-8")
