# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A fapilog that nobody tested the sink with is named, and an unsupported one refused."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from acme_splunk_hec._delivery import host_version
from acme_splunk_hec._delivery.errors import ConfigurationError

from .plain import PlainSink


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let a test say which version is installed."""
    monkeypatch.setattr(host_version, "_warned", set())
    return monkeypatch


def install(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Say which version is installed."""
    found = {"Version": version}
    monkeypatch.setattr(host_version.importlib.metadata, "metadata", lambda name: found)


def test_the_installed_one_is_supported() -> None:
    """Nothing is said of it. If this fails: run the suite, and read docs/updating.md."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PlainSink(url="http://127.0.0.1:1")
    assert host_version.is_supported(host_version.host_version())


@pytest.mark.parametrize("version", ["0.10.2", "0.4.0", "1.0.0", "1.0.0rc1", "2.3"])
def test_an_unsupported_one_is_refused_and_heard(
    installed: pytest.MonkeyPatch, version: str
) -> None:
    """By an exception and a warning that say what to do; a named setting overrides it and warns."""
    install(installed, version)
    with (
        pytest.warns(RuntimeWarning, match="allow_untested_fapilog"),
        pytest.raises(ConfigurationError, match=r"tested with 0\.11 to 0\.18"),
    ):
        PlainSink(url="http://127.0.0.1:1")
    with pytest.warns(RuntimeWarning, match=f"fapilog {version} is installed.*allow_untested"):
        PlainSink(url="http://127.0.0.1:1", allow_untested_fapilog="true")


@pytest.mark.parametrize(
    "version", ["0.19.0", "0.99.1", "unknown", "0.0.0", "0.0.0.dev7+g1a2b3c", "0.0.0+local"]
)
def test_an_untested_one_is_named_once(installed: pytest.MonkeyPatch, version: str) -> None:
    """Within 0.x it probably works; so does one whose version tells nothing, as a checkout's without tags."""
    install(installed, version)
    with pytest.warns(RuntimeWarning, match=f"fapilog {re.escape(version)} is installed"):
        PlainSink(url="http://127.0.0.1:1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PlainSink(url="http://127.0.0.1:2")


def test_a_warning_names_who_made_the_sink(installed: pytest.MonkeyPatch) -> None:
    """By module and line, and no source is printed: a secret may stand in it."""
    install(installed, "0.19.0")
    with pytest.warns(RuntimeWarning) as heard:
        PlainSink(url="http://127.0.0.1:1")
    printed = warnings.formatwarning(
        heard[0].message, heard[0].category, heard[0].filename, heard[0].lineno
    )
    assert printed.startswith(f"<{__name__}>:{heard[0].lineno}: RuntimeWarning: sink 'plain': ")
    assert printed.count("\n") == 1
    line = Path(__file__).read_text(encoding="utf-8").splitlines()[heard[0].lineno - 1]
    assert "PlainSink(" in line


def test_metadata_without_a_version_stops_nothing(
    installed: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A damaged installation is not the sink's to judge."""
    folder = tmp_path / "fapilog-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: fapilog\n")
    installed.syspath_prepend(str(tmp_path))
    assert host_version.host_version() == ""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PlainSink(url="http://127.0.0.1:1")


@pytest.mark.parametrize("version", ["0.11.0", "0.18.9"])
def test_others_are_not_named(installed: pytest.MonkeyPatch, version: str) -> None:
    """They were tested."""
    install(installed, version)
    PlainSink(url="http://127.0.0.1:1")
    assert host_version.is_supported(version)
