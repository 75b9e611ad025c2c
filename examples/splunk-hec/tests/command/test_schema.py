# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The JSON Schema says of the settings what the model does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from acme_splunk_hec._command import configuration
from acme_splunk_hec._command.main import DIALECT, main
from acme_splunk_hec.plugin import PLUGIN_METADATA

MODEL = configuration.sink_class(PLUGIN_METADATA["entry_point"]).config_class
TYPES: dict[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
    "array": list,
    "object": dict,
}


@pytest.fixture
def schema(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """What the command prints for this project."""
    assert main(["schema"], metadata=PLUGIN_METADATA, program="x") == 0
    printed: dict[str, Any] = json.loads(capsys.readouterr().out)
    return printed


def problems(schema: dict[str, Any], config: dict[str, Any]) -> list[str]:
    """Validate by the keywords that the schema of a flat configuration uses."""
    found = [name for name in schema.get("required", []) if name not in config]
    for name, value in config.items():
        rule = schema["properties"].get(name)
        if rule is None:
            found += [name] if schema["additionalProperties"] is False else []
        elif not any(_fits(option, value) for option in rule.get("anyOf", [rule])):
            found.append(name)
    return found


def _fits(rule: dict[str, Any], value: Any) -> bool:
    if "enum" in rule:
        return value in rule["enum"]
    if not isinstance(value, TYPES[rule["type"]]):
        return False
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return isinstance(value, bool) == (rule["type"] == "boolean")
    inside = rule.get("minimum", value) <= value <= rule.get("maximum", value)
    return inside and value > rule.get("exclusiveMinimum", value - 1)


def test_settings_are_those_of_the_model(schema: dict[str, Any]) -> None:
    """All settings, in the order of the source, each with what it is for; no others are allowed."""
    assert schema["$schema"] == DIALECT
    assert list(schema["properties"]) == list(MODEL.model_fields)
    assert [n for n, rule in schema["properties"].items() if not rule.get("description")] == []
    assert schema["additionalProperties"] is False


def test_required_settings_and_defaults(schema: dict[str, Any]) -> None:
    """A setting is required, or has its default in the schema, which fits its own type."""
    for name, field in MODEL.model_fields.items():
        rule = schema["properties"][name]
        assert (name in schema["required"]) == field.is_required() != ("default" in rule)
    defaults = {n: rule["default"] for n, rule in schema["properties"].items() if "default" in rule}
    assert problems({**schema, "required": []}, defaults) == []
    assert defaults["batch_max_events"] == 1_000


def test_good_configuration_fits(schema: dict[str, Any]) -> None:
    """What the model takes the schema takes."""
    required = dict.fromkeys(schema["required"], "https://log.example.com")
    good = {"batch_max_events": 10, "linger_seconds": 0.5, "buffer_policy": "drop_oldest"}
    assert problems(schema, required | good | {"dead_letter_path": None}) == []


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("batch_max_events", 0),
        ("batch_max_events", "ten"),
        ("retry_initial_seconds", 0),
        ("buffer_policy", "drop_all"),
        ("tls_skip_verification", "no"),
        ("no_such_setting", 1),
    ],
)
def test_bad_configuration_does_not_fit(
    schema: dict[str, Any], setting: str, value: object
) -> None:
    """What the model refuses the schema refuses: type, bound, choice, name."""
    required = dict.fromkeys(schema["required"], "https://log.example.com")
    assert problems(schema, {**required, setting: value}) == [setting]


def test_missing_setting_does_not_fit(schema: dict[str, Any]) -> None:
    """The URL has no default."""
    assert "url" in problems(schema, {})


def test_secrets_are_marked(schema: dict[str, Any]) -> None:
    """An editor hides what is `password`, and shows no stored value of what is `writeOnly`."""
    secrets = [name for name, field in MODEL.model_fields.items() if "SecretStr" in str(field)]
    for name in secrets:
        rule = schema["properties"][name]
        (rule,) = [each for each in rule.get("anyOf", [rule]) if each["type"] != "null"]
        value = rule.get("additionalProperties", rule)  # those of a mapping are the secrets
        assert (value["format"], rule["writeOnly"]) == ("password", True)


def test_schema_needs_no_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is wanted before there is one."""
    monkeypatch.setenv("FAPILOG_SINK_CONFIG", "no JSON")
    assert main(["schema"], metadata=PLUGIN_METADATA, program="x") == 0
