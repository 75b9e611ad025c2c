# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The shared settings: strings from the environment, bounds, and values that stay private."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from acme_syslog_cef._delivery.configure import load_config
from acme_syslog_cef._delivery.errors import ConfigurationError
from acme_syslog_cef._delivery.settings import (
    HOLD,
    REJECT,
    RETRY,
    SPLIT,
    DeliverySettings,
    HttpSettings,
    http_status_class,
)

SECRET = "hunter2-s3cret"


class Settings(DeliverySettings):
    """A platform's settings with one field of each shape that the environment cannot carry."""

    token: SecretStr = SecretStr("")
    plain: str = ""
    hosts: list[str] = []  # noqa: RUF012 - pydantic copies it
    ports: tuple[int, ...] = ()
    names: set[str] | None = None
    labels: dict[str, str] | None = None
    extras: Mapping[str, int] | None = None
    order: Sequence[str] = ()
    bare: dict = {}  # type: ignore[type-arg]  # noqa: RUF012 - pydantic copies it


@pytest.mark.fault(promise=24)
def test_strings_are_converted() -> None:
    """An environment knows only strings; fapilog hands them over as they are."""
    settings = Settings.model_validate(
        {
            "batch_max_events": "7",
            "linger_seconds": "0.25",
            "buffer_policy": "drop_oldest",
            "dead_letter_path": "/var/lib/dead.jsonl",
            "token": SECRET,
        }
    )
    assert settings.batch_max_events == 7
    assert settings.linger_seconds == 0.25
    assert settings.buffer_policy == "drop_oldest"
    assert settings.dead_letter_path == Path("/var/lib/dead.jsonl")
    assert settings.token.get_secret_value() == SECRET


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("hosts", '["a", "b"]', ["a", "b"]),
        ("hosts", ' ["a"] ', ["a"]),
        ("ports", "[1, 2]", (1, 2)),
        ("names", '["a"]', {"a"}),
        ("labels", '{"a": "1"}', {"a": "1"}),
        ("extras", '{"a": 1}', {"a": 1}),
        ("order", '["b", "a"]', ["b", "a"]),
        ("bare", '{"a": 1}', {"a": 1}),
    ],
)
def test_lists_and_mappings_come_as_json(name: str, text: str, value: object) -> None:
    """A setting that is a list or a mapping is written as JSON in the environment."""
    assert getattr(Settings.model_validate({name: text}), name) == value


def test_text_that_looks_like_json_stays_text() -> None:
    """Only settings that are collections are parsed."""
    settings = Settings(plain='["a"]', token=SecretStr("[1]"))
    assert settings.plain == '["a"]'
    assert settings.token.get_secret_value() == "[1]"


@pytest.mark.fault(promise=(10, 24))
@pytest.mark.parametrize(
    "given",
    [
        {"batch_max_events": SECRET},
        {"hosts": f'["{SECRET}'},
        {"ports": f'["{SECRET}"]'},
        {"labels": SECRET},
        {"token": [SECRET]},
        {"buffer_policy": SECRET},
        {"token_": SECRET},
    ],
    ids=lambda given: next(iter(given)),
)
def test_values_are_not_in_errors(given: dict[str, Any]) -> None:
    """A wrong value may be a secret in the wrong place: the error names the setting alone."""
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(given)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value)
    assert next(iter(given)) in str(caught.value)


class OverHttp(HttpSettings, Settings):
    """Those of a platform that speaks HTTP."""


@pytest.mark.parametrize(
    ("names", "form"),
    [
        ("retry_statuses ports", "a JSON list"),
        ("extra_headers", "a JSON object"),
    ],
)
def test_plain_text_for_a_collection_is_told_its_form(names: str, form: str) -> None:
    """The error says what to write, which `a valid tuple` does not, and nothing of the text."""
    for name in names.split():
        with pytest.raises(ConfigurationError) as caught, pytest.warns(RuntimeWarning):
            load_config("x", OverHttp, {name: SECRET}, {})
        assert f"configured: {name}: write {form}, e.g. " in str(caught.value)
        assert SECRET not in str(caught.value)


@pytest.mark.fault(promise=24)
def test_unknown_setting_is_refused() -> None:
    """A misspelt setting must not be a default without a word."""
    with pytest.raises(ValidationError, match="batch_max_event\n"):
        Settings.model_validate({"batch_max_event": 1})


def test_settings_are_frozen_and_comparable() -> None:
    """Sinks with equal settings share a delivery, so settings cannot change later."""
    settings = DeliverySettings()
    assert hash(settings) == hash(DeliverySettings())
    with pytest.raises(ValidationError, match="frozen"):
        settings.batch_max_events = 2  # type: ignore[misc]


@pytest.mark.parametrize(
    "name", [name for name, field in DeliverySettings.model_fields.items() if field.metadata]
)
@pytest.mark.parametrize("value", [-1, "-0.5", "nan", "-inf", "", "many"])
def test_numbers_out_of_bounds_are_refused(name: str, value: object) -> None:
    """No number can be negative, and none can be something else."""
    with pytest.raises(ValidationError, match=name):
        DeliverySettings.model_validate({name: value})


@pytest.mark.fault(12, promise=6)
@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        (100, HOLD),
        (301, HOLD),
        (302, HOLD),
        (400, SPLIT),
        (401, HOLD),
        (403, HOLD),
        (404, HOLD),
        (405, HOLD),
        (407, HOLD),
        (408, RETRY),
        (411, HOLD),
        (413, SPLIT),
        (415, HOLD),
        (422, HOLD),
        (425, RETRY),
        (428, REJECT),
        (429, RETRY),
        (499, HOLD),
        (500, RETRY),
        (501, HOLD),
        (502, RETRY),
        (503, RETRY),
        (504, RETRY),
        (505, HOLD),
        (599, RETRY),
    ],
)
def test_http_status_class(status: int, meaning: str) -> None:
    """A bare status never costs data: what waiting does not cure is held for a person."""
    assert http_status_class(status) == meaning
