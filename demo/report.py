# SPDX-License-Identifier: MIT-0
"""The verdict on a run and its table: pure functions of the evidence."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

from rehearsal import Evidence


@dataclass(frozen=True)
class Count:
    """The figures of a run."""

    logged: int
    accepted: int
    refused: int
    delivered: int
    retried: int
    ambiguous: int
    dropped: int
    dead_lettered: int
    pending: int
    unique: int
    duplicates: int
    missing: int


def count(evidence: Evidence) -> Count:
    """Put the figures of both sides next to each other."""
    sink: dict[str, Any] = evidence.books["sink"]
    received = evidence.received
    return Count(
        logged=evidence.books["host"]["submitted"],
        accepted=sink["accepted"],
        refused=sum(sink["refused"].values()),
        delivered=sink["delivered"],
        retried=sink["retried"],
        ambiguous=sink["ambiguous"],
        dropped=sum(sink["dropped"].values()),
        dead_lettered=sink["dead_lettered"],
        pending=sink["pending"],
        unique=len(received),
        duplicates=received.total() - len(received),
        missing=len(set(range(evidence.events)) - set(received)),
    )


def problems(evidence: Evidence) -> list[str]:
    """Say in sentences what is wrong; an empty list is a success."""
    found = count(evidence)
    return [
        *_problems_of_the_run(evidence, found),
        *_problems_of_the_books(found),
        *_problems_of_the_receiver(evidence, found),
    ]


def _problems_of_the_run(evidence: Evidence, found: Count) -> list[str]:
    dropped = evidence.books["host"]["dropped"]
    unseen = [fault for fault in evidence.platform.faults if not evidence.answers[fault]]
    checks = [
        (found.logged != evidence.events, f"{found.logged} of {evidence.events} events logged"),
        (dropped, f"fapilog itself dropped {dropped} events before the sink saw them"),
        (unseen, f"the receiver never got to show {unseen}"),
        (not found.retried, "nothing was retried, although the receiver failed"),
    ]
    return [text for wrong, text in checks if wrong]


def _problems_of_the_books(found: Count) -> list[str]:
    settled = found.delivered + found.dropped + found.dead_lettered + found.pending
    lost = found.refused + found.dropped + found.dead_lettered
    checks = [
        (
            found.accepted + found.refused != found.logged,
            "the sink was not offered what was logged",
        ),
        (found.accepted != settled, f"the ledger does not balance: {found}"),
        (lost, f"the sink gave up {lost} events"),
        (found.pending, f"{found.pending} events were still pending at the exit"),
    ]
    return [text for wrong, text in checks if wrong]


def _problems_of_the_receiver(evidence: Evidence, found: Count) -> list[str]:
    allowed = found.ambiguous if evidence.platform.why_duplicates else 0
    strangers = [number for number in evidence.received if number >= evidence.events]
    checks = [
        (found.missing, f"{found.missing} events never arrived"),
        (strangers, f"events arrived that nobody logged: {strangers[:5]}"),
        (
            found.unique != found.delivered,
            f"the sink counts {found.delivered} delivered, the receiver {found.unique}",
        ),
        (
            found.duplicates > allowed,
            f"{found.duplicates} duplicates, where the sink can explain {allowed}",
        ),
    ]
    broken_rules = [f"against the protocol: {text[:300]}" for text in evidence.complaints[:3]]
    return [text for wrong, text in checks if wrong] + broken_rules


def table(evidence: Evidence) -> str:
    """Lay the two sides out next to each other, with a line on what happened in between."""
    found = count(evidence)
    left = [
        ("logged", found.logged),
        ("accepted", found.accepted),
        ("delivered", found.delivered),
        ("retried", found.retried),
        ("dropped", found.dropped),
        ("dead-lettered", found.dead_lettered),
        ("pending", found.pending),
    ]
    right = [("unique", found.unique), ("duplicates", found.duplicates), ("missing", found.missing)]
    lines = [f"{evidence.platform.name}", f"  {'application and sink':24}  receiver"]
    for row, (name, value) in enumerate(left):
        other = f"  {right[row][0]:12}{right[row][1]:>9}" if row < len(right) else ""
        lines.append(f"  {name:14}{value:>9} {other}".rstrip())
    lines.append(_indented(_story(evidence)))
    if found.duplicates:
        why = evidence.platform.why_duplicates or "No duplicate is explained."
        lines.append(_indented(f"{why} The sink counts {found.ambiguous} such resends."))
    return "\n".join(lines)


def _indented(text: str) -> str:
    return textwrap.fill(text, 88, initial_indent="  ", subsequent_indent="  ")


def _story(evidence: Evidence) -> str:
    faults = dict.fromkeys(evidence.platform.faults)
    shown = [f"{fault} x {evidence.answers[fault]}" for fault in faults]
    conflicts = evidence.answers["item 409"]
    if conflicts:
        shown.append(f"409 for {conflicts} documents it had")
    busy = evidence.answers["item 429"]
    if busy:
        shown.append(f"429 for {busy} single documents")
    return f"Receiver killed at {evidence.killed_at} events; answered {', '.join(shown)}."
