# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Runs what docs/extending.md shows, as it stands there: its code, its settings, a receiver, a few events."""

from __future__ import annotations

import asyncio
import importlib
import re
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from acme_elasticsearch import plugin
from acme_elasticsearch._command.configuration import from_environment

from ..conformance.target import Target
from ..elasticsearch.target import running_target

PAGE = (Path(__file__).parents[2] / "docs" / "extending.md").read_text(encoding="utf-8")
HEADINGS = re.findall(r"(?m)^## (.+)$", PAGE)
SINK: type[Any] = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])
QUICK = {"linger_seconds": 0.01, "retry_initial_seconds": 0.01, "hold_seconds": 0.05}

_HOOKS = "my_app.log_hooks"


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


def defined(heading: str) -> dict[str, Any]:
    """Return what the code under a heading defines, run as a module of the package."""
    names: dict[str, Any] = {"__name__": "acme_elasticsearch.extending"}
    exec(compile(block(heading), "extending.md", "exec", dont_inherit=True), names)
    return names


def put_into(module: ModuleType, heading: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Do to a module what the code under a heading does when it is written at its end."""
    own = {name: dict(v) if type(v) is dict else v for name, v in vars(module).items()}
    names = dict(own)
    exec(compile(block(heading), "extending.md", "exec"), names)
    (changed,) = [name for name in own if names[name] != vars(module)[name]]
    monkeypatch.setattr(module, changed, names[changed])


@pytest.fixture(autouse=True)
def application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Write the application's module with the functions of the page; the vault is in `tmp_path`."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "my_app"
    folder.mkdir()
    (folder / "__init__.py").touch()
    code = "\n\n".join(block(name) for name in HEADINGS if _HOOKS in section(name))
    (folder / "log_hooks.py").write_text(code.replace("/run/vault", str(tmp_path)), "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    yield
    for name in [name for name in sys.modules if name.partition(".")[0] == "my_app"]:
        del sys.modules[name]


@contextmanager
def receiver() -> Iterator[tuple[Target, dict[str, Any]]]:
    """Run a receiver that takes everything; yields it and the settings that lead to it."""
    with running_target() as target:
        yield target, {**target.settings, **QUICK}


def write(sink: Any, *events: dict[str, Any], before_stop: Callable[[], object] = int) -> None:
    """Write the events, see that each is taken, and stop."""

    async def run() -> None:
        for event in events:
            assert await sink.write({"level": "INFO", **event})
        await asyncio.to_thread(before_stop)
        await sink.stop()

    asyncio.run(run())
