# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""One name in every place where fapilog looks: a difference loses events without a word."""

import importlib.metadata
from pathlib import Path

import pytest
from fapilog.plugins import loader
from fapilog.plugins.metadata import PluginMetadata, validate_fapilog_compatibility
from fapilog.plugins.versioning import is_plugin_api_compatible, parse_api_version

import acme_elasticsearch as package
from acme_elasticsearch import plugin
from acme_elasticsearch._delivery.host_version import (
    host_version,
    is_supported,
)

PYPROJECT = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
METADATA = PluginMetadata.model_validate(plugin.PLUGIN_METADATA)
SINK = getattr(plugin, METADATA.entry_point.partition(":")[2])


def test_entry_point_is_the_name() -> None:
    """The host loads by entry point and routes by the instance's name: both must be one string."""
    section = PYPROJECT.partition('[project.entry-points."fapilog.sinks"]\n')[2]
    expected = f'{SINK.name} = "{METADATA.entry_point}"'
    assert section.partition("\n")[0] == expected


def test_metadata_has_the_name() -> None:
    """The host compares the metadata with the class and warns when they disagree."""
    assert METADATA.name == SINK.name


def test_name_is_canonical() -> None:
    """Names with upper case or hyphens find the class, but not its configuration."""
    assert SINK.name == SINK.name.lower().replace("-", "_")


def test_name_is_not_the_hosts() -> None:
    """On a collision fapilog silently takes its own sink."""
    taken = {*loader.BUILTIN_SINKS, *loader.BUILTIN_ALIASES["fapilog.sinks"]}
    assert SINK.name not in taken


def test_metadata_agrees_with_the_host() -> None:
    """The installed fapilog is one that the plugin says it works with."""
    assert METADATA.plugin_type == "sink"
    assert is_plugin_api_compatible(parse_api_version(METADATA.api_version))
    assert validate_fapilog_compatibility(METADATA), host_version()


@pytest.mark.parametrize(
    ("version", "supported"),
    [
        *[(version, True) for version in ("0.11.0", "0.18.1", "0.19.0", "0.99.9")],
        *[(version, True) for version in ("0.0.0", "0.0.0.dev3", "0.0.0+local")],
        *[(version, False) for version in ("0.10.2", "1.0.0a1", "1.0.0", "2.3")],
    ],
)
def test_metadata_agrees_with_the_sink(
    monkeypatch: pytest.MonkeyPatch, version: str, supported: bool
) -> None:
    """The host's function, which nobody calls, and the sink's own check draw one line."""
    monkeypatch.setattr(importlib.metadata, "version", lambda name: version)
    assert validate_fapilog_compatibility(METADATA) is supported
    assert is_supported(version) is supported


def test_lowest_fapilog_is_the_dependencys() -> None:
    """Metadata and dependency name the same lowest fapilog."""
    lowest = PYPROJECT.partition('"fapilog>=')[2].partition(",")[0]
    required = METADATA.compatibility.min_fapilog_version
    assert required in (lowest, f"{lowest}.0")


def test_version_is_everywhere_the_same() -> None:
    """Package, metadata and the user agent carry one version."""
    distribution = PYPROJECT.partition('\nname = "')[2].partition('"')[0]
    assert METADATA.version == package.__version__
    assert SINK.user_agent == f"{distribution}/{package.__version__}"


def test_package_exports_what_it_names() -> None:
    """`__all__` is the sink, its configuration, the version and the live sinks; all exist."""
    expected = {SINK.__name__, SINK.config_class.__name__, "__version__", "sinks"}
    assert set(package.__all__) == expected
    assert getattr(package, SINK.__name__) is SINK
    assert getattr(package, SINK.config_class.__name__) is SINK.config_class
