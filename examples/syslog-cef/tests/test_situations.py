# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""The filled-in settings in `deploy/` are valid, and events arrive with each of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fapilog import get_logger
from fapilog.core.settings import Settings

from acme_syslog_cef import plugin
from acme_syslog_cef._command.configuration import (
    from_environment,
    variable_of,
)

from .syslog_cef import target as receivers

SINK = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])
FILES = sorted((Path(__file__).parents[1] / "deploy").glob("*/*.env"))
EVENTS = 50

# Where files are on a server, and the addresses and certificates that a test has not.
FOLDERS = ("/var/lib/fapilog-sink", "/etc/fapilog-sink")
OF_THE_SERVER = {
    "url",
    "failover_urls",
    "tls_ca_file",
    "tls_client_cert_file",
    "tls_client_key_file",
}


def variables_of(path: Path) -> dict[str, str]:
    """Return name -> value as systemd, docker and kubectl read them: nothing is unquoted."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


@pytest.fixture(params=FILES, ids=lambda path: path.stem)
def variables(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, str]:
    """Return the variables of each file, with folders of this test."""
    found = variables_of(request.param)
    for number, folder in enumerate(FOLDERS):
        (tmp_path / str(number)).mkdir()
        there = str(tmp_path / str(number))
        found = {name: value.replace(folder, there) for name, value in found.items()}
    return found


def test_settings_are_valid(variables: dict[str, str]) -> None:
    """Every setting exists, and has a value that fits; all of them are read."""
    given = from_environment(SINK.name, variables)
    config = SINK.config_class(**given)
    assert set(given) == {
        name.removeprefix(f"{variable_of(SINK.name)}__").lower()
        for name in variables
        if name.startswith(variable_of(SINK.name))
    }
    assert config.url


def test_fapilog_reads_them(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Fapilog finds the sink switched on, and knows each of its own settings."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.core.sinks == [SINK.name]
    assert settings.plugins.allow_external
    for name, value in variables.items():
        if name.startswith("FAPILOG_CORE__"):
            found = getattr(settings.core, name.removeprefix("FAPILOG_CORE__").lower())
            assert found == type(found)(json.loads(value)), name


@pytest.fixture
def target(variables: dict[str, str]) -> Iterator[receivers.Target]:
    """Run a receiver, which acknowledges where the settings ask for that."""
    asks = variables.get(f"{variable_of(SINK.name)}__ACK") == "on"
    running: Any = receivers.acknowledging_target() if asks else receivers.running_target()
    with running as found:
        yield found


def test_events_arrive(
    variables: dict[str, str], target: receivers.Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With these settings every event arrives once, and the books agree; secrets come from files."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    given = from_environment(SINK.name, variables)
    given = {name: value for name, value in given.items() if name not in OF_THE_SERVER}
    for name in ("token_file", "api_key_file"):
        if name in given:
            secret = target.settings.get("token", "id:key")
            Path(given[name]).write_text(f"{secret}\n", encoding="utf-8")
    sink = SINK(**given, url=target.settings["url"])
    logger = get_logger("situation", settings=Settings(), sinks=[sink], reuse=False)
    for number in range(EVENTS):
        logger.error(f"event {number}")
    asyncio.run(logger.stop_and_drain())
    assert sorted(target.messages()) == sorted(f"event {number}" for number in range(EVENTS))
    stats = sink.stats()
    assert (stats.delivered, stats.pending, dict(stats.dropped)) == (EVENTS, 0, {})
