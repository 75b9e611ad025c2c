# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The ways to get the sink into fapilog: as an instance, by its name in settings, from the environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from fapilog import get_logger
from fapilog.core.settings import Settings
from fapilog.plugins.loader import load_plugin

from .hosting import HOST, SINK, log, make_logger, own_entry_points, put_distribution
from .target import Target

MESSAGES = ["one", "two"]
PREFIX = f"FAPILOG_SINK_CONFIG__EXTRA__{SINK.name.upper()}__"


@pytest.fixture
def _installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let fapilog find the sink by its entry point, also where the package is not installed."""
    put_distribution(tmp_path, "the-sink", "1.0", own_entry_points())
    monkeypatch.syspath_prepend(str(tmp_path))


def the_sink(logger: Any) -> Any:
    """Return the sink that fapilog made; it must not have replaced it by stdout."""
    (sink,) = [each for each in logger._sinks if type(each) is SINK] or [None]
    assert sink is not None, f"{HOST} did not make the sink, but {logger._sinks}"
    return sink


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("validation", ["disabled", "strict"])
def test_by_name_in_settings(target: Target, validation: str) -> None:
    """`core.sinks` names it, `sink_config.extra` configures it; the strictest validation lets it pass."""
    settings = Settings(
        core={"sinks": [SINK.name]},
        plugins={"allow_external": True, "validation_mode": validation},
        sink_config={"extra": {SINK.name: target.settings | {"batch_max_events": 7}}},
    )
    logger = make_logger("by-name", settings=settings)
    assert the_sink(logger).config.batch_max_events == 7
    log(logger, MESSAGES)
    assert target.messages() == MESSAGES, HOST


@pytest.mark.usefixtures("_installed")
@pytest.mark.parametrize("form", ["one variable", "a variable each"])
def test_from_the_environment(target: Target, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """The variables of the documentation, with a logger that gets no settings in the code."""
    monkeypatch.setenv("FAPILOG_CORE__SINKS", json.dumps([SINK.name]))
    monkeypatch.setenv("FAPILOG_PLUGINS__ALLOW_EXTERNAL", "true")
    settings = target.settings | {"batch_max_events": 7}
    if form == "one variable":
        monkeypatch.setenv("FAPILOG_SINK_CONFIG__EXTRA", json.dumps({SINK.name: settings}))
    else:
        for name, value in settings.items():
            monkeypatch.setenv(PREFIX + name.upper(), str(value))
    logger = get_logger("from-the-environment", reuse=False)
    assert the_sink(logger).config.batch_max_events == 7
    log(logger, MESSAGES)
    assert target.messages() == MESSAGES, HOST


@pytest.mark.usefixtures("_installed")
def test_by_entry_point(target: Target) -> None:
    """The loader of fapilog finds the class that the project names; it makes an instance like any other."""
    sink = load_plugin("fapilog.sinks", SINK.name, dict(target.settings))
    assert type(sink) is SINK, HOST
    log(make_logger("as-an-instance", sink), MESSAGES)
    assert target.messages() == MESSAGES, HOST
