# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The real host around the sink: its version, the sink's entry point, a logger that is drained."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fapilog import get_logger
from fapilog.core.settings import Settings

from acme_elasticsearch import plugin
from acme_elasticsearch._delivery.host_version import (
    UNKNOWN,
    _release,
    host_version,
)

SINK: type[Any] = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])
HOST = f"fapilog {host_version()}"
"""For the message of a test that depends on what the host does."""
PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"

_SECTION = '[project.entry-points."fapilog.sinks"]\n'


def since(major: int, minor: int) -> bool:
    """Whether the host is of this version or newer; one that does not tell is taken for the newest."""
    release = _release(host_version())
    return release == UNKNOWN or release >= (major, minor)


def put_distribution(folder: Path, name: str, version: str, entry_points: str = "") -> None:
    """Make a folder for `sys.path` whose metadata says that this distribution is installed."""
    metadata = folder / f"{name}-{version}.dist-info"
    metadata.mkdir()
    text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    (metadata / "METADATA").write_text(text, encoding="utf-8")
    (metadata / "entry_points.txt").write_text(entry_points, encoding="utf-8")


def own_entry_points() -> str:
    """Return the entry points of pyproject.toml as a wheel has them: nothing has to be installed."""
    section = PYPROJECT.read_text(encoding="utf-8").partition(_SECTION)[2]
    line = section.partition("\n")[0]
    return "[fapilog.sinks]\n" + line.replace('"', "")


def make_logger(name: str, *sinks: Any, settings: Settings | None = None) -> Any:
    """Return a logger of its own, with the sinks given or with those that the settings name."""
    given = {"sinks": list(sinks)} if sinks else {}
    return get_logger(name, settings=settings or Settings(), reuse=False, **given)


def log(logger: Any, messages: Iterable[str]) -> None:
    """Log, and drain as fapilog asks a script to do."""
    for message in messages:
        logger.info(message)
    asyncio.run(logger.stop_and_drain())
