# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""A fapilog that nobody tested the sink with is named, and an unsupported one refused."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from acme_elasticsearch import _delivery
from acme_elasticsearch._delivery import host_version
from acme_elasticsearch._delivery.errors import ConfigurationError

from .plain import PlainSink

SOURCE = Path(_delivery.__file__).parents[2]


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Let a test say which version is installed."""
    monkeypatch.setattr(host_version, "_warned", set())
    return monkeypatch


def install(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    """Say which version is installed."""
    monkeypatch.setattr(host_version.importlib.metadata, "version", lambda name: version)


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
    with pytest.warns(RuntimeWarning, match=f"fapilog {version} is installed"):
        PlainSink(url="http://127.0.0.1:1", allow_untested_fapilog="true")


@pytest.mark.parametrize("version", ["0.19.0", "0.99.1", "unknown"])
def test_a_newer_one_is_named_once(installed: pytest.MonkeyPatch, version: str) -> None:
    """Within 0.x it probably works; so does one whose version makes no sense."""
    install(installed, version)
    with pytest.warns(RuntimeWarning, match=f"fapilog {version} is installed"):
        PlainSink(url="http://127.0.0.1:1")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        PlainSink(url="http://127.0.0.1:2")


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


@pytest.mark.parametrize(
    ("version", "said"),
    [("0.19.0", "RuntimeWarning"), ("1.0.0", "is not configured"), ("0.10.2", "is not configured")],
)
def test_a_user_sees_it_on_stderr(tmp_path: Path, version: str, said: str) -> None:
    """With metadata of such a version installed, in a process of its own."""
    folder = tmp_path / f"fapilog-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: fapilog\nVersion: {version}\n")
    code = "from tests.delivery.plain import PlainSink as Sink; Sink(url='http://127.0.0.1:1')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{SOURCE}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert said in done.stderr
    assert f"fapilog {version} is installed" in done.stderr
