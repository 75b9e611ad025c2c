# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Each example of docs/extending.md does what the page says: run as it stands there, on a real socket."""

from __future__ import annotations

import asyncio
import importlib
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from acme_syslog_cef import plugin
from acme_syslog_cef._command.configuration import from_environment
from acme_syslog_cef.syslog_cef import mapping

from .support.fake_syslog import FakeSyslogServer

PAGE = (Path(__file__).parents[1] / "docs" / "extending.md").read_text(encoding="utf-8")
SINK = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])
HOOKS = "my_app.log_hooks"
QUICK = {"linger_seconds": 0.01, "retry_initial_seconds": 0.01, "hold_seconds": 0.05}
SECRET: dict[str, str] = {}


def section(heading: str) -> str:
    """Return the text under a heading."""
    return PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def block(heading: str, language: str = "python") -> str:
    """Return the one block of code under a heading."""
    (found,) = re.findall(rf"```{language}\n(.*?)```", section(heading), re.DOTALL)
    return str(found)


def exported(heading: str) -> dict[str, Any]:
    """Return the settings that the variables under a heading make."""
    words = shlex.split(block(heading, "sh"))
    variables = dict(word.split("=", 1) for word in words if word != "export")
    assert len(words) == 2 * len(variables)
    return from_environment(SINK.name, variables)


@pytest.fixture(autouse=True)
def _application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write the application's module with the functions of the page."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "my_app"
    folder.mkdir()
    (folder / "__init__.py").touch()
    named = [name for name in re.findall(r"(?m)^## (.+)$", PAGE) if HOOKS in section(name)]
    code = "\n\n".join(block(name) for name in named)
    (folder / "log_hooks.py").write_text(code.replace("/run/vault", str(tmp_path)), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_app"]:
        del sys.modules[name]


@contextmanager
def receiver() -> Iterator[tuple[Any, dict[str, Any]]]:
    """Run a receiver that takes everything; yields it and the settings that lead to it."""
    with FakeSyslogServer() as server:
        yield server, {"url": f"tcp://{server.host}:{server.port}", **QUICK}


def write(sink: Any, *events: dict[str, Any], before_stop: Callable[[], object] = int) -> None:
    """Write the events, see that each is taken, and stop."""

    async def run() -> None:
        for event in events:
            assert await sink.write({"level": "INFO", **event})
        await asyncio.to_thread(before_stop)
        await sink.stop()

    asyncio.run(run())


def arrived(server: Any, count: int = 1) -> str:
    """Return all that the receiver got, when it has so many messages."""
    return b"\n".join(server.wait_for(count)).decode()


def test_mapping(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page puts into `mapping.py` is in what arrives."""
    own = {name: dict(v) if type(v) is dict else v for name, v in vars(mapping).items()}
    space = dict(own)
    exec(compile(block("Mapping"), "extending.md", "exec"), space)
    changed = [name for name in own if space[name] != vars(mapping)[name]]
    assert len(changed) == 1
    monkeypatch.setattr(mapping, changed[0], space[changed[0]])
    with receiver() as (server, settings):
        write(SINK(**settings, **SECRET), {"message": "m"})
        assert "[INFO] m" in arrived(server)


def test_encoder() -> None:
    """The class of the page writes its site into each message."""
    space: dict[str, Any] = {"__name__": "acme_syslog_cef.extending"}
    exec(compile(block("Encoder"), "extending.md", "exec", dont_inherit=True), space)
    with receiver() as (server, settings):
        write(space["AcmeSyslogCefSink"](**settings, **SECRET), {"message": "paid"})
        assert "berlin: paid" in arrived(server)


def test_event_filter() -> None:
    """What the function does not want is counted, and does not arrive."""
    with receiver() as (server, settings):
        sink = SINK(**settings, **SECRET, **exported("Event filter"))
        write(sink, {"message": "noise", "logger": "healthcheck"}, {"message": "paid"})
        assert "paid" in arrived(server)
        assert "noise" not in arrived(server)
    assert (sink.stats().filtered, sink.stats().delivered) == (1, 1)


def test_metrics_callback(capsys: pytest.CaptureFixture[str]) -> None:
    """The last figures are those of the close."""
    with receiver() as (_, settings):
        write(SINK(**settings, **SECRET, **exported("Metrics callback")), {"message": "m"})
    assert capsys.readouterr().out.splitlines()[-1] == "log sink: 1 delivered, 0 left out, 0 lost"


def test_renamed_settings() -> None:
    """The old name is read, with a warning."""
    space: dict[str, Any] = {"__name__": "acme_syslog_cef.extending"}
    exec(compile(block("Renamed settings"), "extending.md", "exec", dont_inherit=True), space)
    with receiver() as (_, settings), pytest.warns(DeprecationWarning, match="is called team now"):
        assert space["ShopConfig"](**settings, **SECRET, squad="blue").team == "blue"


def test_each_example_has_a_test() -> None:
    """A heading is tested here by its name, and the files that the page names exist."""
    for heading in re.findall(r"(?m)^## (.+)$", PAGE):
        assert callable(globals()[f"test_{heading.lower().replace(' ', '_')}"])
    project = Path(__file__).parents[1]
    named = set(re.findall(r"`((?:tests|src)/[\w/.]+)`", PAGE))
    assert len(named) >= 6
    assert [name for name in sorted(named) if not (project / name).is_file()] == []
