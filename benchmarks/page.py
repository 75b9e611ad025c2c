"""The page: made from the JSON alone, so that a test can say whether the two agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .goals import judged

INTRODUCTION = """\
# Benchmarks

<!-- Made by `make benchmark` from results.json; do not edit. -->

Each run is a sending process and a receiver in a process of its own. Every event carries a
number, and the receiver says which of them it got: none, once, or twice. The audit comes after
the timed part. Rows that are compared run in turn, so that a noisy moment hits all of them;
figures are medians, and the spread is from the slowest to the fastest run. Rates are from the
first `write` until the last event is acknowledged, or for streams until the receiver has read it.

The events have 265 bytes as JSON unless a table says otherwise, with texts that gzip cannot take
for one another. Bodies are gzipped, except where a peer cannot.

*Bare loop* is the ceiling: the same splice, join, gzip level 1 and POST in one loop and one
thread, without a bound, a ledger or a retry. CPU is that of the sending process. *Grown* is the
largest resident set less that before the first event; in an unpaced run all events may wait in
the buffer.

`make benchmark` runs all of it in about 20 minutes, `make benchmark-quick` in a few; `make
benchmark-gate` runs what the nightly job checks, and `make benchmark-outage` the outage in real
time. `benchmarks/clients/` has the settings of ours and of each peer.
"""


def page(result: dict[str, Any]) -> str:
    """Return the Markdown page of a result."""
    return "\n".join([INTRODUCTION, *_about(result), *_goals(result), *_groups(result)]) + "\n"


def rows_of(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the rows of a result by name."""
    return {row["name"]: row for group in result["groups"] for row in group["rows"]}


def _about(result: dict[str, Any]) -> Iterator[str]:
    about = result["about"]
    yield "## Where and when\n"
    yield f"{about['date']}, commit `{about['commit']}`: {about['machine']}.\n"
    yield ", ".join(f"{name} {version}" for name, version in about["versions"].items()) + ".\n"
    yield (
        "What the receiver itself takes from a client that replays a prepared body: "
        + ", ".join(f"{path} {_round(rate)}/s" for path, rate in result["ceilings"].items())
        + ".\n"
    )


def _goals(result: dict[str, Any]) -> Iterator[str]:
    yield "## Goals\n"
    yield "| Goal | Asked | Reached | |\n| --- | ---: | ---: | --- |"
    for line in judged(rows_of(result)):
        yield f"| {line['text']} | {line['goal']} | {line['reached']} | {_yes(line['met'])} |"
    yield "\n![Events a second, steady](steady.svg)\n"
    yield "![Memory in an outage](outage.svg)\n"
    yield "![Scaling](scaling.svg)\n"


def _groups(result: dict[str, Any]) -> Iterator[str]:
    for group in result["groups"]:
        yield f"## {group['title'][0].upper()}{group['title'][1:]}\n"
        runs = len(group["rows"][0]["runs"])
        yield f"{group['about']} Runs: {runs}.\n"
        yield (
            "| | events/s | spread | CPU µs/event | grown MiB | wire bytes/event | lost | twice"
            " | late | given up |\n| --- |" + " ---: |" * 9
        )
        for row in group["rows"]:
            yield _line(row)
        yield ""
        yield from _notes(group["rows"])


def _line(row: dict[str, Any]) -> str:
    median, audit = row["median"], row["audit"]
    spread = f"{_round(min(row['runs']))} to {_round(max(row['runs']))}"
    cells = [
        row["label"],
        _round(median["events_per_second"]),
        spread,
        f"{median['cpu_us']:.1f}",
        f"{median['grown_mib']:.0f}",
        f"{median['wire_bytes_per_event']:.0f}",
        str(audit["lost"]),
        str(audit["duplicated"]),
        str(audit["out_of_order"]),
        str(audit["given_up"]),
    ]
    return "| " + " | ".join(cells) + " |"


def _notes(rows: list[dict[str, Any]]) -> Iterator[str]:
    notes = [note for row in rows if (note := _note(row))]
    yield from notes
    if notes:
        yield ""


def _note(row: dict[str, Any]) -> str:
    more = row["more"]
    parts = []
    if "write_us" in more:
        parts.append("`write` " + _percentiles(more["write_us"], "µs"))
    if "acknowledged_ms" in more:
        parts.append("until acknowledged " + _percentiles(more["acknowledged_ms"], "ms"))
    if "stop_seconds" in more:
        parts.append(f"`stop` took {more['stop_seconds']:.2f} s with {more['pending']:.0f} pending")
    if "import_sink_ms" in more:
        parts.append(
            f"import of fapilog {more['import_fapilog_ms']:.0f} ms, of the package beside it"
            f" {more['import_sink_ms']:.0f} ms, construction {more['construct_ms']:.1f} ms,"
            f" first event until `stop` returned {more['first_event_ms']:.1f} ms"
        )
    if "recovery_per_second" in more:
        parts.append(f"recovery at {_round(more['recovery_per_second'])}/s")
    return f"* {row['label']}: {'; '.join(parts)}" if parts else ""


def _percentiles(values: dict[str, float], unit: str) -> str:
    return f"median {values['p50']:.3g} {unit}, 99 % {values['p99']:.3g} {unit}"


def _round(rate: float) -> str:
    """Return three digits: more would be noise."""
    if rate >= 1000:
        digits = len(str(int(rate))) - 3
        rate = round(rate, -digits)
    return f"{rate:,.0f}".replace(",", " ")


def _yes(met: bool) -> str:
    return "yes" if met else "**no**"
