"""What a project has on disk outlives `copier update`: newest code reads files of every release."""

from __future__ import annotations

import json
import os
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.releases import Release
from scripts.rendering import ROOT, TEMPLATE_PARTS, render
from scripts.updating import PACKAGE, RECORDED, git
from tests.helpers import release_cases, run

EVENTS = 20
ALWAYS = {(RECORDED[0], "splunk_hec"), (RECORDED[-1], "splunk_hec")}
WITHOUT_SPOOL = {"0.1.0"}
SETTINGS: dict[str, dict[str, Any]] = {
    "splunk_hec": {"url": "http://127.0.0.1:1", "token": "t"},
    "elasticsearch": {"url": "http://127.0.0.1:1"},
    "syslog_cef": {"url": "tcp://127.0.0.1:1"},
}
"""Nobody listens there."""

# Run by the code of the release: writes events, stops without waiting, prints the books.
WRITE = f"""
import asyncio, json, sys
from {PACKAGE} import plugin

async def write(settings):
    sink = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])(**settings)
    for number in range({EVENTS}):
        assert await sink.write({{"message": f"event {{number}}", "level": "INFO"}})
    await sink.stop()
    stats = sink.stats()
    print(json.dumps({{"pending": stats.pending, "dead_lettered": stats.dead_lettered}}))

asyncio.run(write(json.loads(sys.argv[1])))
"""

# Run by the newest code: prints what the receiver of its tests gets.
RECEIVE = f"""
import asyncio, json, os, subprocess, sys, time
from {PACKAGE} import plugin
from tests.{{platform}}.target import running_target

with running_target() as target:
    spool, dead_letters = sys.argv[1:]
    settings = {{{{**target.settings, "linger_seconds": 0.01}}}}
    if spool:
        kind = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])
        sink = kind(**settings, spool_directory=spool)
        deadline = time.monotonic() + 20
        while len(target.messages()) < {EVENTS} and time.monotonic() < deadline:
            time.sleep(0.01)
        asyncio.run(sink.stop())
    else:
        variable = "FAPILOG_SINK_CONFIG__EXTRA__{PACKAGE.upper()}"
        os.environ[variable] = json.dumps({{{{**settings, "dead_letter_path": dead_letters}}}})
        subprocess.run([sys.executable, "-m", "{PACKAGE}", "replay"], check=True, stdout=sys.stderr)
    print(json.dumps(target.messages()))
"""


@pytest.fixture(scope="module")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Return a function that renders a platform from a commit; "": from the working tree."""
    projects: dict[tuple[str, str], Path] = {}

    def rendered(commit: str, platform: str) -> Path:
        if (commit, platform) not in projects:
            folder = tmp_path_factory.mktemp("release")
            source = _checked_out(commit, folder) if commit else template
            answers = {"platform": platform, "distribution_name": PACKAGE.replace("_", "-")}
            projects[commit, platform] = render(source, folder / "project", **answers)
        return projects[commit, platform]

    return rendered


def _checked_out(commit: str, folder: Path) -> Path:
    archive = folder / "template.tar"
    git("archive", "--output", archive, commit, "copier.yml", *TEMPLATE_PARTS, cwd=ROOT)
    with tarfile.open(archive) as files:
        files.extractall(folder / "template", filter="data")
    return folder / "template"


def _python(project: Path, program: str, *arguments: str) -> Any:
    """Run a program with the package of a project and return the JSON in its last line."""
    paths = {
        "PYTHONPATH": os.pathsep.join((str(project / "src"), str(project))),
        "NO_PROXY": "127.0.0.1",
    }
    result = run(sys.executable, "-c", program, *arguments, cwd=project, env=paths)
    assert result.returncode == 0, result.stdout[-4_000:]
    return json.loads(result.stdout.splitlines()[-1])


def _leave(project: Path, platform: str, **files: Path) -> dict[str, int]:
    """Let the code of a release leave its events in a file, since it reaches nobody."""
    settings = {**SETTINGS[platform], **{name: str(path) for name, path in files.items()}}
    return _python(project, WRITE, json.dumps({**settings, "close_timeout_seconds": 0}))


def _receive(project: Path, platform: str, *files: str | Path) -> list[str]:
    """Let the newest code send what is in a spool, or in a file of dead letters."""
    return _python(project, RECEIVE.format(platform=platform), *map(str, files))


@pytest.mark.parametrize(("release", "platform"), release_cases(ALWAYS))
def test_newest_code_reads_files_of(
    release: Release, platform: str, project: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """Each event of a spool is delivered, and `replay` delivers each dead letter, once."""
    old, new = project(release.commit, platform), project("", platform)
    expected = sorted(f"event {number}" for number in range(EVENTS))

    letters = tmp_path / "dead.jsonl"
    books = _leave(old, platform, dead_letter_path=letters)
    assert books == {"pending": 0, "dead_lettered": EVENTS}
    assert sorted(_receive(new, platform, "", letters)) == expected
    assert not letters.exists()

    if release.version not in WITHOUT_SPOOL:
        spool = tmp_path / "spool"
        books = _leave(old, platform, spool_directory=spool)
        assert books == {"pending": EVENTS, "dead_lettered": 0}
        assert list(spool.rglob("*.spool"))
        assert sorted(_receive(new, platform, spool, "")) == expected
        assert list(spool.rglob("*.spool")) == []
