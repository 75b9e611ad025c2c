# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""A setting that was renamed is read under its old name, wherever it was written down, with a warning."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

import pytest
from fapilog.core.settings import Settings
from pydantic import ValidationError

from acme_syslog_cef._command.configuration import (
    from_environment,
    make_sink,
)
from acme_syslog_cef._delivery.errors import ConfigurationError

from .plain import PlainConfig, PlainSink

URL = "http://127.0.0.1:1"
VARIABLE = "FAPILOG_SINK_CONFIG__EXTRA__RENAMED__"


class BaseConfig(PlainConfig):
    """Settings with one that had another name."""

    renamed: ClassVar[dict[str, str]] = {"buckets": "shards"}
    shards: int = 1


class Config(BaseConfig):
    """Settings that build on those, with two more."""

    renamed: ClassVar[dict[str, str]] = {"tags": "labels", "old_tags": "labels"}
    labels: tuple[str, ...] = ()


class TwiceConfig(Config):
    """Settings with one that was renamed again, and one that was renamed twice here."""

    renamed: ClassVar[dict[str, str]] = {"shards": "parts", "first": "second", "second": "third"}
    parts: int = 1
    third: int = 1


class BackAgainConfig(Config):
    """Settings with one that has its first name again."""

    renamed: ClassVar[dict[str, str]] = {"shards": "buckets"}
    buckets: int = 1


class RenamedSink(PlainSink):
    """A sink with these settings."""

    name = "renamed"
    config_class = Config


def test_keywords_and_mappings() -> None:
    """A class of settings, a sink, and the mapping that fapilog hands over: with a warning each."""
    for make in (
        lambda: Config(url=URL, buckets=3),  # type: ignore[call-arg]
        lambda: RenamedSink(url=URL, buckets="3").config,
        lambda: RenamedSink({"url": URL, "buckets": 3}).config,
    ):
        with pytest.warns(DeprecationWarning, match="buckets is called shards now"):
            assert make().shards == 3


def test_environment_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON is read under the old name as under the new one; fapilog and the command agree."""
    variables = {f"{VARIABLE}URL": URL, f"{VARIABLE}TAGS": '["a", "b"]', f"{VARIABLE}BUCKETS": "2"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    given = Settings().sink_config.extra["renamed"]
    assert given == from_environment("renamed", variables)
    with pytest.warns(DeprecationWarning, match="is called") as warned:
        config = RenamedSink(**given).config
    assert (config.labels, config.shards) == (("a", "b"), 2)
    assert len(warned) == 2


def test_new_names_are_silent() -> None:
    """Whoever has changed them hears nothing more."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert Config(url=URL, shards=2, labels=("a",)).shards == 2


@pytest.mark.parametrize(
    "given", [{"buckets": 1, "shards": 1}, {"tags": ["a"], "old_tags": ["a"]}], ids=str
)
def test_both_names_are_refused(given: dict[str, Any]) -> None:
    """Nobody can know which of the two is meant, even if they agree today."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        with pytest.raises(ValidationError, match="is the old name of"):
            Config(url=URL, **given)
        with (
            pytest.warns(RuntimeWarning, match="is the old name of"),
            pytest.raises(ConfigurationError),
        ):
            RenamedSink(url=URL, **given)


@pytest.mark.parametrize("name", ["buckets", "shards", "first", "second"])
def test_a_name_of_two_renamings_ago(name: str) -> None:
    """It is read with one warning, which names the name of today; with another name it is refused."""
    today = "parts" if name in ("buckets", "shards") else "third"
    with pytest.warns(DeprecationWarning, match=f"{name} is called {today} now") as warned:
        config = TwiceConfig.model_validate({"url": URL, name: 7})
    assert getattr(config, today) == 7
    assert len(warned) == 1
    with (
        pytest.raises(ValidationError, match=f"{name} is the old name of {today}"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", DeprecationWarning)
        TwiceConfig.model_validate({"url": URL, today: 7, name: 7})


def test_a_name_that_came_back() -> None:
    """The name of today is read in silence, the one between with a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert BackAgainConfig.model_validate({"url": URL, "buckets": 7}).buckets == 7
    with pytest.warns(DeprecationWarning, match="shards is called buckets now"):
        assert BackAgainConfig.model_validate({"url": URL, "shards": 7}).buckets == 7


def test_check_says_it() -> None:
    """Python hides such warnings as a rule, so the command shows them."""
    _, warned = make_sink(RenamedSink, {"url": URL, "buckets": 3})
    assert [text for text in warned if "buckets is called shards now" in text] == warned != []


def test_other_classes_do_not_know_the_name() -> None:
    """A table is of the settings it stands in."""
    with pytest.raises(ValidationError, match="buckets"):
        PlainConfig(url=URL, buckets=1)  # type: ignore[call-arg]
