# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Where settings come from: as fapilog reads them, and in which order they win."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from fapilog import Settings

from acme_syslog_cef._command.configuration import (
    from_environment,
    gather,
    make_sink,
    sink_class,
)
from acme_syslog_cef._delivery.errors import ConfigurationError

from ..delivery.plain import PlainSink

OWN = "FAPILOG_SINK_CONFIG__EXTRA__ACME"
SECRET = "s3cret-value"


@pytest.mark.parametrize(
    "variables",
    [
        {f"{OWN}__URL": "http://a", f"{OWN}__GZIP": "false"},
        {OWN.lower() + "__url": "http://a"},
        {"FAPILOG_SINK_CONFIG__EXTRA": '{"acme": {"url": "http://a", "n": 1}, "other": {"n": 2}}'},
        {"FAPILOG_SINK_CONFIG": '{"extra": {"acme": {"url": "http://a"}}}'},
        {OWN: '{"url": "http://a", "n": [1]}'},
        {OWN: '{"url": "http://a"}', f"{OWN}__N": "1"},
        {"FAPILOG_SINK_CONFIG__EXTRA": '{"acme": {"n": 1}}', f"{OWN}__URL": "http://a"},
        {f"{OWN}__MAP__X": "1", f"{OWN}__MAP__Y__Z": "2"},
        {"FAPILOG_SINK_CONFIG__EXTRA": '{"ACME": {"n": 1}}'},
        {"FAPILOG_SINK_CONFIG__EXTRA__ACME_TWO__URL": "http://b", "ACME": "{"},
        {},
    ],
    ids=str,
)
def test_environment_is_read_as_fapilog_reads_it(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the command checks is what the application will use."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert from_environment("acme", variables) == Settings().sink_config.extra.get("acme", {})


def test_the_more_special_variable_wins() -> None:
    """One variable per setting is the usual way, so it has the last word."""
    variables = {
        f"{OWN}__URL": "setting",
        OWN: '{"url": "sink", "a": "sink"}',
        "FAPILOG_SINK_CONFIG__EXTRA": '{"acme": {"url": "all", "a": "all", "b": "all"}}',
    }
    assert from_environment("acme", variables) == {"url": "setting", "a": "sink", "b": "all"}


def test_option_wins_over_file_and_file_over_environment(tmp_path: Path) -> None:
    """The nearer to the command, the stronger."""
    file = tmp_path / "settings.json"
    file.write_text('{"b": "file", "c": "file"}')
    variables = {f"{OWN}__{name}": "environment" for name in "ABC"}
    found = gather("acme", variables, str(file), ["c=option", "d=x=y"])
    assert found == {"a": "environment", "b": "file", "c": "option", "d": "x=y"}


def test_dash_is_the_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret store can hand its settings over without a file."""
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"token": "t"}'))
    assert gather("acme", {}, "-", []) == {"token": "t"}


@pytest.mark.parametrize(
    "text", [SECRET, f'"{SECRET}"', f'["{SECRET}"]', f'{"{"}"a": {SECRET}', ""]
)
@pytest.mark.parametrize("place", ["file", "variable"])
def test_what_is_no_object_is_refused_and_not_quoted(tmp_path: Path, text: str, place: str) -> None:
    """A secret may stand in the wrong place."""
    file = tmp_path / "settings.json"
    file.write_text(text if place == "file" else "{}")
    variables = {OWN: text} if place == "variable" else {}
    with pytest.raises(ConfigurationError, match="must hold a JSON object") as caught:
        gather("acme", variables, str(file), [])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("pair", [SECRET, f"={SECRET}"])
def test_a_pair_without_a_name_is_refused_and_not_quoted(pair: str) -> None:
    """`--set s3cret` forgot the name of the setting."""
    with pytest.raises(ConfigurationError, match="NAME=VALUE") as caught:
        gather("acme", {}, None, [pair])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("content", [None, b"\xff"], ids=["missing", "no text"])
def test_unreadable_file_is_named(tmp_path: Path, content: bytes | None) -> None:
    """The text says which file cannot be read."""
    file = tmp_path / "settings.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"settings\.json"):
        gather("acme", {}, str(file), [])


def test_the_class_of_the_entry_point_is_used() -> None:
    """A subclass in `plugin.py` decides, not the class of the platform."""
    assert sink_class(f"{PlainSink.__module__}:PlainSink") is PlainSink


def test_warnings_are_handed_over() -> None:
    """A dangerous setting is said in the command's own lines, once."""
    settings = {"url": "https://localhost", "tls_skip_verification": "true"}
    sink, warned = make_sink(PlainSink, settings)
    assert sink.config.tls_skip_verification
    assert [text.partition(" ")[0] for text in warned] == ["tls_skip_verification"]


def test_wrong_settings_raise_without_a_warning(recwarn: pytest.WarningsRecorder) -> None:
    """The command prints the error; a warning with a line of source code would say it twice."""
    with pytest.raises(ConfigurationError, match="no such setting"):
        make_sink(PlainSink, json.loads('{"url": "http://localhost", "tokn": "x"}'))
    assert len(recwarn) == 0
