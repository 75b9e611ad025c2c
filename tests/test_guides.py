"""The guides of a project: settings exist, links lead somewhere, steps work as written."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.render_examples import EXAMPLES
from scripts.rendering import PLATFORMS, ROOT
from tests.helpers import FENCE, blocks_of, install, run_python

GUIDES = ("access", "receiver", "troubleshooting")
SETTING = re.compile(r"`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`")

# Names in backticks that look like settings and are none, by what they are.
OF_STATS = {
    "pending_bytes",
    "dead_lettered",
    "delivered_unconfirmed",
    "oldest_seconds",
    "endpoint_up",
}
REASONS = {"buffer_full", "encode_error", "internal_error", "too_large"}
OF_SPLUNK = {"max_content_length", "sc_admin", "app_logs", "event_time"}
OF_ELASTICSEARCH = {
    "auto_configure",
    "create_doc",
    "cluster_block_exception",
    "flat_object",
    "illegal_argument_exception",
    "index_closed_exception",
    "index_not_found_exception",
    "require_alias",
    "require_data_stream",
    "security_exception",
    "validation_exception",
    "version_conflict_engine_exception",
}
OF_DOCUMENTS = {
    "as_is",
    "labels_dropped",
    "labels_other",
    "diagnostics_",
    "field_",
}
OF_EVENTS = {
    "correlation_id",
    "event_bytes",
    "event_truncated",
    "span_id",
    "trace_id",
    "user_id",
}
OF_FAPILOG = {"allow_external", "get_async_logger", "serialize_in_flush"}
OTHERS = {
    "post_fork",  # gunicorn's hook
    "worker_process_init",  # Celery's signal
    "last_success_at",  # EndpointStats
    "request_seconds",
    "latency_seconds",
    "half_open",
    "drop_newest",  # values of buffer_policy
    "drop_oldest",
}
KNOWN = (
    OF_STATS
    | REASONS
    | OF_SPLUNK
    | OF_ELASTICSEARCH
    | OF_DOCUMENTS
    | OF_EVENTS
    | OF_FAPILOG
    | OTHERS
)


@pytest.fixture
def project(rendered: Callable[[str], Path], platform: str) -> Path:
    """Return each platform's project in turn."""
    return rendered(platform)


def pages(project: Path) -> list[Path]:
    """Return all pages of a project that people write; `..._api.md` is made from the code."""
    written = [page for page in (project / "docs").glob("*.md") if not page.stem.endswith("_api")]
    return [project / "README.md", *sorted(written)]


SCHEMA = """
import sys
sys.path.insert(0, "src")
import importlib, json
plugin = importlib.import_module("{package}.plugin")
kind = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])
for text in json.load(sys.stdin):
    kind.config_class(**{{"url": "tls://siem.example.com"}} | text)
print(json.dumps(sorted(kind.config_class.model_fields)))
"""


def settings_of(project: Path, platform: str, given: list[dict[str, Any]]) -> set[str]:
    """Return the names of all settings, after a configuration was made of each of `given`."""
    program = SCHEMA.format(package=f"acme_{platform}")
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=project,
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    return set(json.loads(done.stdout))


def test_settings_in_the_text_exist(project: Path, platform: str) -> None:
    """What stands in backticks and looks like a setting is one, or a list says what it is."""
    known = settings_of(project, platform, []) | KNOWN
    found = {
        f"{page.name}: {name}"
        for page in pages(project)
        for name in SETTING.findall(page.read_text(encoding="utf-8"))
        if name not in known and not name.startswith((f"acme_{platform}", "fapilog_", "test_"))
    }
    assert sorted(found) == []


def test_no_name_is_listed_in_vain(rendered: Callable[[str], Path]) -> None:
    """A name that no page has any more leaves the lists above."""
    texts = "".join(page.read_text() for name in PLATFORMS for page in pages(rendered(name)))
    assert {name for name in KNOWN if f"`{name}`" not in texts} == set()


def test_variables_in_the_text_exist(project: Path, platform: str) -> None:
    """The last part of a variable for this sink is a setting."""
    known = settings_of(project, platform, [])
    variable = re.compile(rf"EXTRA__ACME_{platform.upper()}__([A-Z_]+[A-Z])")
    for page in pages(project):
        names = {name.lower() for name in variable.findall(page.read_text(encoding="utf-8"))}
        assert names - known == set(), page.name


def test_settings_in_blocks_are_valid(project: Path, platform: str) -> None:
    """Each block of JSON that has settings makes a configuration."""
    given = [
        json.loads(text)
        for name in GUIDES
        for language, text in blocks_of(project / "docs" / f"{platform}_{name}.md")
        if language == "json" and re.match(r'\{"(url|cef_keys)"', text)
    ]
    settings_of(project, platform, given)
    assert given or platform == "splunk_hec"  # its page shows variables


def test_links_lead_somewhere(project: Path) -> None:
    """Files exist in the project, and headings on their page."""
    wrong = []
    for page in pages(project):
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            if "://" in target or target.startswith("mailto:"):
                continue
            name, _, anchor = target.partition("#")
            file = page.parent / name if name else page
            if not file.exists() or (anchor and anchor not in anchors(file)):
                wrong.append(f"{page.name}: {target}")
    assert wrong == []


def test_gallery_leads_somewhere(rendered: Callable[[str], Path]) -> None:
    """Every row of `examples/README.md` has the same kind of link for each platform, to a file."""
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    links = re.findall(r"\]\(([\w-]+)/([^)]+)\)", text)
    wrong = [
        f"{name}/{path}" for name, path in links if not (rendered(EXAMPLES[name]) / path).is_file()
    ]
    assert wrong == []
    counts = {name: sum(1 for each, _ in links if each == name) for name in EXAMPLES}
    assert len(set(counts.values())) == 1
    assert min(counts.values()) >= 15


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/contributing/*.md"])
def test_links_of_this_repository_lead_somewhere(page: str) -> None:
    """The pages for contributors name files that exist."""
    for file in ROOT.glob(page):
        text = FENCE.sub("", file.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\(([^)#\s]+)", text):
            assert "://" in target or (file.parent / target).exists(), (file.name, target)


def anchors(page: Path) -> set[str]:
    """Return what GitHub makes of the headings of a page."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"(?m)^#+ (.*)$", text)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


def test_files_in_the_text_exist(project: Path) -> None:
    """What a guide calls `deploy/...` is there."""
    named = {
        name.rstrip("./")
        for page in pages(project)
        for name in re.findall(r"deploy/[\w./-]+", page.read_text(encoding="utf-8"))
    }
    assert {name for name in named if not (project / name).exists()} == set()
    assert len(named) >= 5


def test_all_platforms_have_the_same_guides(project: Path, platform: str) -> None:
    """Who knows one project finds their way in another; the shared page names no other platform."""
    for name in GUIDES:
        assert (project / "docs" / f"{platform}_{name}.md").is_file()
    shared = (project / "docs" / "deployment.md").read_text(encoding="utf-8")
    assert [other for other in PLATFORMS if other != platform and other in shared] == []


SHOWN = """
import importlib, json, sys
sys.path.insert(0, "src")
platform, given = sys.argv[1], json.loads(sys.argv[2])
package = importlib.import_module(f"acme_{platform}")
(config,) = [getattr(package, name) for name in package.__all__ if name.endswith("Config")]
encoder = importlib.import_module(f"acme_{platform}.{platform}.encoder").Encoder
event = {
    "timestamp": "2026-11-03T15:05:52.967Z",
    "level": "ERROR",
    "logger": "shop.payment",
    "message": "payment failed",
    "context": {"correlation_id": "c-1"},
    "data": {"order_id": 12},
}
if platform == "elasticsearch":
    event["diagnostics"] = {"host": "web1"}
print(encoder(config(**given)).encode(event).payload.decode())
"""


@pytest.mark.parametrize(
    ("platform", "settings"),
    [
        ("splunk_hec", {"url": "https://splunk.example.com:8088", "token": "t"}),
        ("elasticsearch", {"url": "https://es.example.com:9200"}),
    ],
)
def test_event_looks_as_the_page_shows_it(
    rendered: Callable[[str], Path], platform: str, settings: dict[str, str]
) -> None:
    """What the page about the receiver shows is what the encoder makes of that event."""
    project = rendered(platform)
    printed = run_python("-c", SHOWN, platform, json.dumps(settings), cwd=project)
    made = json.loads(printed.splitlines()[-1])
    page = project / "docs" / f"{platform}_receiver.md"
    shown = next(
        json.loads(t) for lang, t in blocks_of(page) if lang == "json" and '"message"' in t
    )
    assert shown == (made["event"] if platform == "splunk_hec" else made)


ROTATION = """
import asyncio, json, subprocess, sys, time
from pathlib import Path

sys.path[:0] = ["src", "."]
from acme_splunk_hec import AcmeSplunkHecSink
from tests.splunk_hec.fake_hec import FakeHec, Token
from tests.support.fake_http import FakeHttpServer

folder, block = Path(sys.argv[1]), sys.argv[2]
hec = FakeHec(tokens={"old": Token(), "new": Token()})
token = folder / "token"
token.write_text("old")


def replace_token(text):
    (folder / "new-token").write_text(text)
    subprocess.run(["sh", "-e", "-c", block], cwd=folder, check=True)


def wait(condition):
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


async def log(sink, number):
    assert await sink.write({"message": f"event {number}", "level": "INFO"})


async def main(url):
    sink = AcmeSplunkHecSink(url=url, token_file=token, linger_seconds=0, hold_seconds=60)
    await log(sink, 0)
    wait(lambda: sink.stats().delivered == 1)
    replace_token("new")  # the planned way: the new token first, then the old one is disabled
    hec.tokens["old"].enabled = False
    await log(sink, 1)
    wait(lambda: sink.stats().delivered == 2)
    held = sink.stats().held
    hec.tokens["new"].enabled = False  # a leak: disabled first
    hec.tokens["third"] = Token()
    await log(sink, 2)
    wait(lambda: sink.stats().held)
    replace_token("third")
    wait(lambda: sink.stats().delivered == 3)
    stats = sink.stats()
    await sink.stop()
    print(json.dumps([held, stats.delivered, stats.pending, dict(stats.dropped)]))


with FakeHttpServer(hec.answer) as server:
    asyncio.run(main(server.url))
"""


def test_a_token_is_replaced_by_the_steps_of_the_guide(
    rendered: Callable[[str], Path], tmp_path: Path
) -> None:
    """The page's commands, run as they stand but for the owner of the file: no event is lost."""
    project = rendered("splunk_hec")
    found = [text for _, text in blocks_of(project / "docs" / "splunk_hec_access.md")]
    (commands,) = [text for text in found if "token.new" in text]
    commands = commands.replace("sudo ", "").replace("-o root -g application ", "")
    commands = commands.replace("/etc/fapilog-sink", str(tmp_path))
    printed = run_python("-c", ROTATION, tmp_path, commands, cwd=project)
    assert json.loads(printed.splitlines()[-1]) == [False, 3, 0, {}]
    assert not (tmp_path / "new-token").exists()


def test_the_command_to_try_a_secret_reads_the_file(
    rendered: Callable[[str], Path], tmp_path: Path
) -> None:
    """`env $(grep ...)` hands a file of settings to `check`, also the JSON in it."""
    project = rendered("splunk_hec")
    text = (project / "docs" / "deployment.md").read_text(encoding="utf-8")
    (command,) = [each for each in re.findall(r"(?m)^env .*$", text)]
    given = (project / "deploy" / "splunk_hec" / "high-volume.env").read_text(encoding="utf-8")
    settings = tmp_path / "sink.env"
    settings.write_text(re.sub(r"hec(\d)\.example\.com:8088", r"127.0.0.1:\1", given))
    command = command.replace("/etc/fapilog-sink/sink.env", str(settings))
    command = command.replace("python", f"PYTHONPATH=src {sys.executable}", 1)
    done = subprocess.run(
        ["bash", "-c", f"{command} --no-event"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert re.findall(r"(?m)^https://127\.0\.0\.1:(\d)$", done.stdout) == ["1", "2", "3"]


LOGGER = """
import asyncio, sys
from fapilog import Settings, get_async_logger, get_logger
from acme_splunk_hec import AcmeSplunkHecSink

sink = AcmeSplunkHecSink(url="http://127.0.0.1:9", token="t", close_timeout_seconds=0.1)


async def write():
    logger = await get_async_CALL
    await logger.info("an event")
    await logger.drain()


if sys.argv[1] == "async":
    asyncio.run(write())
else:
    logger = get_CALL
    logger.info("an event")
    asyncio.run(logger.stop_and_drain())
"""


def logged(installed: Path, call: str, kind: str) -> tuple[str, str]:
    """Return "yes" or "no" for stdout and for the sink, whose target refuses connections."""
    variable = "FAPILOG_SINK_CONFIG__EXTRA__ACME_SPLUNK_HEC__"
    done = subprocess.run(
        [sys.executable, "-c", LOGGER.replace("CALL", call.removeprefix("get_")), kind],
        env={
            **os.environ,
            "PYTHONPATH": str(installed),
            "FAPILOG_CORE__SINKS": '["acme_splunk_hec"]',
            "FAPILOG_PLUGINS__ALLOW_EXTERNAL": "true",
            f"{variable}URL": "http://127.0.0.1:9",
            f"{variable}TOKEN": "t",
            f"{variable}CLOSE_TIMEOUT_SECONDS": "0.1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = ("an event" in done.stdout, "1 of 1 accepted events" in done.stderr)
    return "yes" if said[0] else "no", "yes" if said[1] else "no"


@pytest.mark.parametrize("kind", ["sync", pytest.param("async", marks=pytest.mark.nightly)])
def test_loggers_write_where_the_table_says(
    rendered: Callable[[str], Path], tmp_path: Path, kind: str
) -> None:
    """Each row of "Choose the loggers", in the installed host."""
    project = rendered("splunk_hec")
    text = (project / "docs" / "deployment.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| `(get_logger\(.*)` \| (\w+) \| (\w+) \|$", text)
    assert len(rows) == 5
    installed = install(project, tmp_path)
    assert [(call, *logged(installed, call, kind)) for call, _, _ in rows] == rows
