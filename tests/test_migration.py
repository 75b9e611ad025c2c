"""The migration guides: tables are what was seen, settings exist, old and new programs run."""

import asyncio
import inspect
import json
import logging.handlers
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fapilog import get_logger
from fapilog.plugins.sinks.http_client import HttpSink, HttpSinkConfig
from fapilog.plugins.sinks.webhook import WebhookSinkConfig

from scripts import migrations, seen
from scripts.migrations import GUIDES, SINK, Guide
from scripts.rendering import ROOT
from scripts.site_reference import config_of
from tests.helpers import install, run_python

MIGRATION = ROOT / "docs" / "migration"
QUICK = ("event_shape", "failing", "presets")
"""Programs that take about a second."""


def results() -> dict[str, seen.Answers]:
    """Return what the programs printed when `python -m scripts.seen` was last called."""
    recorded: dict[str, seen.Answers] = json.loads(seen.RESULTS.read_text(encoding="utf-8"))
    return recorded


def test_programs_are_clean() -> None:
    """What the guides show keeps to the rules of this repository."""
    run_python("-m", "ruff", "check", "--no-cache", MIGRATION, cwd=ROOT)
    run_python("-m", "ruff", "format", "--check", "--no-cache", MIGRATION, cwd=ROOT)


def test_the_tables_are_the_results() -> None:
    """Nobody edits a table by hand; each program has its table, and each version its column."""
    recorded = results()
    assert sorted(recorded) == sorted(seen.PROGRAMS)
    assert {tuple(answers) for answers in recorded.values()} == {seen.HOSTS}
    page = seen.PAGE.read_text(encoding="utf-8")
    assert seen.page(recorded) == page
    assert re.findall(r"<!-- seen: (\w+) -->", page) == list(seen.PROGRAMS)


def test_what_a_version_changes_is_marked() -> None:
    """A row whose answers differ stands in the first table, with the new answer in bold."""
    answers = {host: {"moves": "a", "stays": "b"} for host in seen.HOSTS}
    answers[seen.HOSTS[-1]]["moves"] = "c"
    assert seen.tables(answers).splitlines()[2:] == [
        "| moves | a | a | a | a | **c** |",
        "",
        "| The same in all of them | |",
        "| --- | --- |",
        "| stays | b |",
    ]


@pytest.mark.parametrize("program", QUICK)
def test_the_installed_fapilog_does_what_the_page_says(program: str) -> None:
    """The last column is what the fapilog of these tests does."""
    assert seen.seen(program, sys.executable) == results()[program][seen.HOSTS[-1]]


@pytest.mark.nightly
@pytest.mark.xdist_group("hosts")
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("program", seen.PROGRAMS)
def test_every_fapilog_does_what_the_page_says(program: str) -> None:
    """Each program prints the same again, with each version of fapilog."""
    assert seen.seen_by_all(program) == results()[program]


guides = pytest.mark.parametrize("guide", GUIDES.values(), ids=GUIDES)
ROW = re.compile(r"(?m)^\| `(\w+)`(?: \(\w+\))? \| (.*?) \| (?:`(\w+)`)? ?\| (.*?) ?\| .*\|$")
TABLE = re.compile(r"(?s)\n## Settings side by side\n(.*?)\n## ")


def settings_of(guide: Guide) -> list[tuple[str, str, str, str]]:
    """Return old name, its default, new name and its default, of each row of a guide."""
    text = migrations.path_of(guide).read_text(encoding="utf-8")
    (section,) = TABLE.findall(text)
    rows = ROW.findall(section)
    assert len(rows) == len(re.findall(r"(?m)^\| `", section))
    return rows


def shown(default: Any) -> str:
    """Return a default as the tables write it."""
    if default is None or default == "":
        return "none" if default is None else "empty"
    return f"`{getattr(default, 'value', default)}`"


def new_defaults(platform: str) -> dict[str, str]:
    """Return setting -> default of a generated project."""
    schema = config_of(platform).model_json_schema()
    required = schema.get("required", ())
    return {
        name: "required" if name in required else shown(field.get("default"))
        for name, field in schema["properties"].items()
    }


def of_model(model: Any) -> dict[str, str]:
    """Return field -> default."""
    return {
        name: "required"
        if field.is_required()
        else shown(field.get_default(call_default_factory=True))
        for name, field in model.model_fields.items()
    }


def of_function(function: Any) -> dict[str, str]:
    """Return parameter -> default."""
    return {
        name: "required" if each.default is each.empty else shown(each.default)
        for name, each in inspect.signature(function).parameters.items()
    }


OF_PEERS = """
import inspect, json
from elastic_transport import NodeConfig, Transport
from elasticsearch import Elasticsearch, helpers
from splunk_handler import SplunkHandler

def parameters(*functions):
    return {
        name: "required" if each.default is each.empty
        else "none" if each.default is None else f"`{each.default}`"
        for function in functions
        for name, each in inspect.signature(function).parameters.items()
    }

print(json.dumps({
    "from-splunk-handler": parameters(SplunkHandler),
    "from-elasticsearch-py": parameters(Elasticsearch)
    | parameters(Transport, NodeConfig, helpers.streaming_bulk),
}))
"""


def old_defaults(guide: Guide) -> dict[str, str]:
    """Return setting -> default of what a guide leads away from."""
    if guide.page == "from-fapilog-http":
        return of_model(WebhookSinkConfig) | of_model(HttpSinkConfig)
    if guide.page == "from-syslog-handler":
        handler = logging.handlers.SysLogHandler
        attributes = {name: shown(getattr(handler, name)) for name in ("ident", "append_nul")}
        return of_function(handler) | attributes
    return {}


@guides
def test_settings_are_those_that_exist(guide: Guide) -> None:
    """Each row names a setting of the generated project and its default, as they are."""
    rows = settings_of(guide)
    assert rows
    known = new_defaults(guide.platform)
    assert {(new, default) for _, _, new, default in rows if new} <= set(known.items())
    old = old_defaults(guide)
    if not guide.peers:
        assert {(name, default) for name, default, _, _ in rows} <= set(old.items())


@guides
def test_names_in_the_text_exist(guide: Guide) -> None:
    """What the text calls a setting is one, of the generated project or of what it replaces."""
    text = re.sub(r"(?ms)^```.*?^```$", "", migrations.path_of(guide).read_text(encoding="utf-8"))
    names = set(re.findall(r"`([a-z]+(?:_[a-z]+)+)`", text))
    old = {name for name, _, _, _ in settings_of(guide)} | set(old_defaults(guide))
    assert names - set(new_defaults(guide.platform)) - old - NAMED == set()


NAMED = {
    "splunk_handler",
    "streaming_bulk",
    "async_streaming_bulk",
    "as_is",
    "drop_on_full",
    "drop_newest",
    "drop_oldest",
    "max_queue_size",
    "enable_stdlib_bridge",
    "priority_map",
}
"""Names of libraries and functions, values of settings, settings of fapilog."""


@guides
def test_programs_are_whole(guide: Guide) -> None:
    """A page shows each program of its table, and each is Python."""
    shown_there = migrations.programs(guide)
    assert list(shown_there) == list(guide.columns)
    for program in shown_there.values():
        compile(program, guide.page, "exec")
        assert migrations.PORT in migrations.prepared(program, "none")


@guides
def test_tables_have_every_fault(guide: Guide) -> None:
    """The table of a page has a line for each fault, and a cell for each program."""
    rows = rows_of(guide)
    assert list(rows) == [migrations.FAULTS[fault] for fault in guide.faults]
    assert {len(cells) for cells in rows.values()} == {len(guide.columns)}


def rows_of(guide: Guide) -> dict[str, list[str]]:
    """Return fault -> cells of the table that the programs made."""
    text = migrations.path_of(guide).read_text(encoding="utf-8")
    lines = text.partition("<!-- runs -->")[2].partition("<!-- end -->")[0].strip().splitlines()[2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {first: rest for first, *rest in cells}


Installed = Callable[[str], tuple[Path, Path]]


@pytest.fixture(scope="session")
def installed(rendered: Callable[[str], Path], tmp_path_factory) -> Installed:
    """Return a function that gives a project, and the folder in which it is installed."""
    made: dict[str, Path] = {}

    def project_and_place(platform: str) -> tuple[Path, Path]:
        if platform not in made:
            target = tmp_path_factory.mktemp("installed") / platform
            made[platform] = install(rendered(platform), target)
        return rendered(platform), made[platform]

    return project_and_place


@pytest.mark.xdist_group("migration")
@guides
def test_programs_run(guide: Guide, installed: Installed) -> None:
    """Without a fault the old programs that can run here, and the new one, bring every event."""
    columns = [SINK] if guide.peers else guide.columns
    found = {
        name: migrations.outcome(guide, name, "none", *installed(guide.platform))
        for name in columns
    }
    assert set(found.values()) == {"all"}, found


def runs() -> Iterator[Any]:
    """Yield every line of every table."""
    for guide in GUIDES.values():
        for fault in guide.faults:
            yield pytest.param(guide, fault, id=f"{guide.page}-{fault}")


@pytest.mark.nightly
@pytest.mark.xdist_group("migration")
@pytest.mark.parametrize(("guide", "fault"), list(runs()))
def test_programs_do_what_the_page_says(guide: Guide, fault: str, installed: Installed) -> None:
    """Old and new programs lose, keep and double what their page says they do."""
    if guide.peers and not migrations.PEERS.is_dir():
        pytest.skip(
            "`make build/benchmarks/venv/.ready` makes the environment with the old libraries"
        )
    found = [
        migrations.outcome(guide, column, fault, *installed(guide.platform))
        for column in guide.columns
    ]
    assert found == rows_of(guide)[migrations.FAULTS[fault]]


@pytest.mark.nightly
@pytest.mark.parametrize("page", [name for name, guide in GUIDES.items() if guide.peers])
def test_old_defaults_are_those_of_the_libraries(page: str) -> None:
    """Names and defaults in the first columns are those of the pinned libraries."""
    if not migrations.PEERS.is_dir():
        pytest.skip(
            "`make build/benchmarks/venv/.ready` makes the environment with the old libraries"
        )
    printed = subprocess.run(
        [migrations.PEERS / "bin" / "python", "-c", OF_PEERS], capture_output=True, check=True
    ).stdout
    rows = settings_of(GUIDES[page])
    assert {(name, default) for name, default, _, _ in rows} <= set(
        json.loads(printed)[page].items()
    )


def test_the_old_sinks_call_a_lost_event_processed() -> None:
    """Nobody answers, and a drain says that all is well."""
    sink = HttpSink(endpoint="http://127.0.0.1:9/", timeout_seconds=1)
    logger = get_logger("migration", sinks=[sink], reuse=False)
    for number in range(3):
        logger.info(f"event {number}")
    result = asyncio.run(logger.stop_and_drain())
    assert (result.processed, result.dropped) == (3, 0)


def test_the_old_handler_writes_a_text_as_it_is() -> None:
    """No time, no host, no application; a line end inside, a NUL behind."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        handler = logging.handlers.SysLogHandler(
            listener.getsockname(), facility="local0", socktype=socket.SOCK_STREAM
        )
        connection, _ = listener.accept()
        handler.emit(logging.LogRecord("shop", logging.INFO, "", 1, "one\ntwo", None, None))
        handler.close()
        with connection:
            assert connection.makefile("rb").read() == b"<134>one\ntwo\0"


RELEASES = MIGRATION / "template-versions.md"


def test_every_release_has_a_section() -> None:
    """What the changelog tells of, the page says what to do about."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    page = RELEASES.read_text(encoding="utf-8")
    told = re.findall(r"(?m)^## (Unreleased|[\d.]+)", changelog)
    assert [name for name in re.findall(r"(?m)^### (\S+)", page) if name in told] == told
    assert set(re.findall(r"(?m)^### (\S+)", page)) <= {*told, "Unreleased"}


def test_a_renamed_setting_is_read_under_its_old_name() -> None:
    """The page lists only renames that happened; the old name is read, and the new one said."""
    renamed = re.findall(r"(?m)^\| `(\w+)` \| `(\w+)` \|$", RELEASES.read_text(encoding="utf-8"))
    config = config_of("syslog_cef")
    given = {"url": "tcp://siem.example.com", "format": "cef"}
    assert renamed
    assert dict(renamed).items() <= config.renamed.items()
    for old, new in renamed:
        value = "none" if new == "header" else "any"
        with pytest.warns(DeprecationWarning, match=f"{old} is called {new} now"):
            assert getattr(config(**given, **{old: value}), new) == value
