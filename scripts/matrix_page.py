"""Write docs/reference/compatibility.md from what `make matrix` found: `make reference`."""

from __future__ import annotations

import functools
import importlib.util
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

from scripts import faked_host, platforms
from scripts.environments import HOSTS, LIBRARIES
from scripts.faults import TITLES
from scripts.matrix import RESULT
from scripts.rendering import PLATFORMS, ROOT, copy_template, render

PAGE = RESULT.with_suffix(".md")
_PROJECT = "examples/splunk-hec/tests"
_ENDS_TEST = f"{_PROJECT}/conformance/test_process_ends.py"
_CONFORMANCE = f"{_PROJECT}/conformance"
_SYNC = f"{_CONFORMANCE}/test_fapilog.py::test_a_drained_sync_logger_has_delivered"
_ASYNC = f"{_CONFORMANCE}/test_fapilog.py::test_a_drained_async_logger_has_delivered"
_ARRIVES = f"{_ENDS_TEST}::test_what_is_promised_arrives"
_GRACE = f"{_CONFORMANCE}/test_drain_grace.py::test_a_slow_neighbour"
_SHAPE = f"{_CONFORMANCE}/test_envelopes.py::test_the_event_has_the_shape_of_this_version"
_ENVELOPE = f"{_CONFORMANCE}/test_envelopes.py::test_the_serialized_form_is_the_envelope"
_VALUES = f"{_CONFORMANCE}/test_envelopes.py::test_values_and_exceptions_are_readable"
_REFUSED = f"{_CONFORMANCE}/test_host_fallback.py::test_what_is_refused_is_on_stderr"
_SIXTEEN = f"{_CONFORMANCE}/test_sixteen_at_once.py::test_from_the_host"
_HOST = f"{_PROJECT}/delivery/test_host.py"
_CANCELLED = f"{_HOST}::test_a_cancelled_wait_does_not_escape"
_ATTRIBUTE = f"{_HOST}::test_an_attribute_error_is_no_success_on_the_serialized_path"
_RECORDED = "tests/test_matrix.py::test_the_pinned_host_behaves_as_recorded"

QUESTIONS = {
    "script_runs_on": ("A script's logger calls the sink on", _SYNC),
    "sync_in_loop_runs_on": ("A synchronous logger in a running loop calls it on", _ARRIVES),
    "async_runs_on": ("An asynchronous logger calls it on", _ASYNC),
    "calls_on_write": ("Called beside `write`, drain included", _SYNC),
    "calls_on_write_serialized": ("Called beside `write_serialized`", _SYNC),
    "left_task_in_a_script": ("A drain in a script: a task of the sink is", _GRACE),
    "left_task_in_an_async_program": ("`drain()` in an asynchronous program: it is", _ARRIVES),
    "writes_at_once": ("Writes at once, preset `production`", _SIXTEEN),
    "after_a_cancelled_write": ("Events that arrive after a write that was cancelled", _CANCELLED),
    "refused_event": ("An event that the sink refuses is", _REFUSED),
    "attribute_error": ("An AttributeError in `write_serialized`: the event is", _ATTRIBUTE),
    "full_queue": ("A caller waits for an event that fapilog's full queue drops", _RECORDED),
    "equal_errors": ("Equal errors that arrive", _RECORDED),
    "event_keys": ("Keys of an event", _SHAPE),
    "envelope": ("Envelope of `write_serialized`", _ENVELOPE),
    "correlation_id": ("`context.correlation_id` that nobody set", _SHAPE),
    "message_id": ("`context.message_id`", _SHAPE),
    "origin": ("`diagnostics.origin`", _SHAPE),
    "more_levels": ("Levels beside debug, info, warning, error", _RECORDED),
    "values_in_data": ("A date and a NaN in `data` arrive as", _VALUES),
}
"""Question of host_probe.py -> its name on the page, and the test that is about it."""

HEAD = """\
# Compatibility

Written by `make reference` from [compatibility.json](compatibility.json), which `make matrix`
writes: the suite that each generated project has for fapilog, run for each platform in an
environment of its own. This run: {date}, {minutes} minutes, {tests} tests in {cells} runs, {wrong}.

`make matrix-diagonal` runs each fapilog and each Python once, in a minute or two.
"""

SLOW = """\
Slow variations of the process ends run once for each fapilog, and with the lowest dependencies;
therefore those numbers are higher.
"""

WRONG_VERSION = """\
fapilog does not look at the versions that a plugin names, so the sink does when it is made. This is
what a real program saw with metadata of another version installed; the code was fapilog {host}'s.
"""

ANSWERS = """\
Answers of [host_probe.py](../../scripts/host_probe.py), a program in which a sink watches what
fapilog does: {asked_on}. [test_matrix.py](../../tests/test_matrix.py) asks the pinned one again.
What to do about a difference: [From version to version](../migration/fapilog-versions.md).
"""


def page(result: dict[str, Any], seen: dict[str, faked_host.Seen]) -> str:
    """Return the whole page."""
    parts = [
        _head(result),
        "## fapilog and Python\n",
        _matrix(result["cells"]),
        SLOW,
        _not_run(result),
        "## Lowest and newest dependencies\n",
        _dependencies(result["cells"]),
        "## What differs between versions of fapilog\n",
        _differences(result["hosts"]),
        "## Which ends of a process are safe\n",
        _ends(result["hosts"]),
        "## A version that was not tested\n",
        _wrong_versions(seen),
        "## Versions of the platforms\n",
        _platforms(),
    ]
    return "\n".join(parts)


def result() -> dict[str, Any]:
    """Return what the last run found."""
    found: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8"))
    return found


@functools.cache
def what_users_see() -> dict[str, faked_host.Seen]:
    """Run the program for each version that was not tested, and return what it showed."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        template = copy_template(folder / "template")
        project = render(template, folder / "project", platform=PLATFORMS[0])
        return {
            version: faked_host.seen(project, version, folder / version)
            for version in faked_host.VERSIONS
        }


def _head(result: dict[str, Any]) -> str:
    cells = result["cells"]
    wrong = sum(bool(cell["failed"] or cell["problem"]) for cell in cells)
    again = sum(bool(cell.get("failed_first")) for cell in cells)
    green = f"all green, {again} of them when run again" if again else "all green"
    return HEAD.format(
        date=result["date"],
        minutes=result["minutes"],
        tests=sum(cell["passed"] for cell in cells),
        cells=len(cells),
        wrong=f"**{wrong} of them wrong**" if wrong else green,
    )


def _matrix(cells: Iterable[dict[str, Any]]) -> str:
    """Return fapilog and platform by Python."""
    pinned = [cell for cell in cells if cell["dependencies"] == "pinned"]
    pythons = list(dict.fromkeys(cell["python"] for cell in pinned))
    said = {
        (cell["versions"]["fapilog"], cell["platform"], cell["python"]): _said(cell)
        for cell in pinned
    }
    rows = [
        [host, TITLES[platform], *(said.get((host, platform, each), "not run") for each in pythons)]
        for host in HOSTS
        for platform in PLATFORMS
    ]
    return _table(["fapilog", "Platform", *(f"Python {each}" for each in pythons)], rows)


def _said(cell: dict[str, Any]) -> str:
    words = [f"{cell['passed']} passed"] if cell["passed"] else []
    if cell["skipped"]:
        words.append(f"{sum(cell['skipped'].values())} skipped")
    if cell["failed"]:
        words.append(f"**{len(cell['failed'])} failed**")
    if cell["problem"]:
        words.append("**did not run**")
    return ", ".join(words)


def _not_run(result: dict[str, Any]) -> str:
    """Say what was left out, and what went wrong."""
    lines = [
        f"- Not run: Python {minor}: {why}." for minor, why in result["pythons_skipped"].items()
    ]
    reasons = dict.fromkeys(reason for cell in result["cells"] for reason in cell["skipped"])
    lines += [f"- Skipped: {reason}." for reason in reasons]
    for cell in result["cells"]:
        host, platform = cell["versions"].get("fapilog"), TITLES[cell["platform"]]
        where = f"fapilog {host}, Python {cell['python']}, {platform}"
        first = [name.rpartition("::")[2] for name in cell.get("failed_first", [])]
        wrong = [*cell["failed"], *filter(None, [cell["problem"]])]
        lines += [f"- Wrong: {where}: `{each}`." for each in wrong]
        if first and not wrong:
            lines.append(
                f"- Run again, since at first this failed: {where}: `{'`, `'.join(first)}`."
            )
    return "\n".join(lines) + "\n"


def _dependencies(cells: Iterable[dict[str, Any]]) -> str:
    """Return one row for each environment with other libraries, and one for the pinned ones."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for cell in cells:
        versions = cell["versions"]
        if cell["dependencies"] == "pinned" and versions["fapilog"] != HOSTS[-1]:
            continue
        key = (cell["dependencies"], cell["python"], versions.get("fapilog", ""))
        row = rows.setdefault(key, [*key, *(versions.get(name, "") for name in LIBRARIES)])
        row.append(_said(cell))
    head = ["Dependencies", "Python", "fapilog", *LIBRARIES, *(TITLES[each] for each in PLATFORMS)]
    return _table(head, rows.values())


def _differences(hosts: dict[str, Any]) -> str:
    """Return a table of the answers that differ, and one of those that are the same in all."""
    asked_on = ", ".join(f"{host} on Python {found['python']}" for host, found in hosts.items())
    differ, same = [], []
    for question, (title, test) in QUESTIONS.items():
        answers = [found["answers"][question] for found in hosts.values()]
        file, _, name = test.partition("::")
        proof = f"[{name}](../../{file})"
        if len(set(answers)) > 1:
            differ.append([title, *answers, proof])
        else:
            same.append([title, answers[0], proof])
    head = ["", *hosts, "Test"]
    return "\n".join(
        [
            ANSWERS.format(asked_on=asked_on),
            _table(head, differ),
            "The same in all:\n",
            _table(["", "All", "Test"], same),
        ]
    )


def _ends(hosts: dict[str, Any]) -> str:
    """Return how many events of how many arrived at each end, by host."""
    ends = _project_module("ends")

    def most(end: Any) -> int:
        return len(ends.expected(end))

    rows = [
        [
            end.how,
            _promise(end),
            *(_arrived(found["ends"].get(end.name), most(end)) for found in hosts.values()),
        ]
        for end in ends.ENDS
    ]
    return "\n".join(
        [
            f"How many of {ends.EVENTS} events arrived in three runs, beside what is promised"
            f" ([{Path(_ENDS_TEST).name}](../../{_ENDS_TEST})).\n"
            "A project's `docs/process-ends.md` says what to do about each.\n",
            _table(["End", "Promised", *hosts], rows),
        ]
    )


def _promise(end: Any) -> str:
    if not end.promised:
        return "nothing"
    return "every event" if end.drained else "every event older than 0.25 s"


def _arrived(counts: dict[str, int] | None, most: int) -> str:
    if counts is None:
        return "not run"
    return ", ".join(
        "all" if number == most else str(number) for number in sorted(map(int, counts))
    )


def _wrong_versions(seen: dict[str, faked_host.Seen]) -> str:
    parts = [WRONG_VERSION.format(host=HOSTS[-1])]
    for version, found in seen.items():
        fate = "the event arrived" if found.delivered else "fapilog printed the event on stdout"
        parts.append(f"### fapilog {version}\n")
        parts.append(f"On stderr, with the sink named in fapilog's settings; {fate}:\n")
        parts.append(f"```text\n{found.by_name}```\n")
        if found.raised:
            parts.append("The application that makes the sink itself gets the exception, too:\n")
            parts.append(f"```text\n{found.raised}\n```\n")
    return "\n".join(parts)


def _platforms() -> str:
    rows = [
        [
            each.platform,
            each.name,
            each.versions,
            each.how,
            each.note,
            f"[{Path(each.proof).name}](../../{each.proof})",
        ]
        for each in platforms.receivers()
    ]
    return _table(["Platform", "Receiver", "Versions", "How", "Note", "See"], rows)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = list(head)
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines) + "\n"


def _project_module(name: str) -> ModuleType:
    """Load a module of the conformance suite that holds no Jinja."""
    path = ROOT / "template" / "tests" / "conformance" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"conformance_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def made() -> dict[Path, str]:
    """Return path -> text of the page."""
    return {PAGE: page(result(), what_users_see()).rstrip() + "\n"}


def main() -> None:
    """Write the page."""
    for path, text in made().items():
        path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
