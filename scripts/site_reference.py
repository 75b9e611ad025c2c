"""Write docs/reference/, and the reference in projects, from the code of the examples.

`make reference` runs it; a test compares.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from scripts.rendering import PLATFORMS, ROOT

FOLDER = ROOT / "docs" / "reference"
TEMPLATE = ROOT / "template"
TITLES = {
    "splunk_hec": "Splunk",
    "elasticsearch": "Elasticsearch and OpenSearch",
    "syslog_cef": "Syslog and SIEM",
}
MADE = "Written by `make reference` from the code; do not edit.\n"


def _example(platform: str) -> Path:
    return ROOT / "examples" / platform.replace("_", "-")


def package_of(platform: str, module: str = "") -> ModuleType:
    """Return the package of an example, or one of its modules, without installing it."""
    source = str(_example(platform) / "src")
    sys.path.insert(0, source)
    try:
        return importlib.import_module(f"acme_{platform}{module}")
    finally:
        sys.path.remove(source)


def config_of(platform: str) -> Any:
    """Return the settings class of a platform."""
    package = package_of(platform)
    (name,) = [name for name in package.__all__ if name.endswith("Config")]
    return getattr(package, name)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def _type(schema: dict[str, Any]) -> str:
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    names = []
    for each in options:
        values = each.get("enum") or ([each["const"]] if "const" in each else None)
        name = (
            " \\| ".join(f"`{value}`" for value in values) if values else each.get("type", "object")
        )
        bounds = {
            "minimum": ">=",
            "exclusiveMinimum": ">",
            "maximum": "<=",
            "exclusiveMaximum": "<",
        }
        limits = [f"{sign} {each[key]:.12g}" for key, sign in bounds.items() if key in each]
        names.append(" ".join([name, ", ".join(limits)]).strip())
    return _cell_once(" or ".join(dict.fromkeys(names)))


def _cell_once(text: str) -> str:
    return text.replace("<", "&lt;")


def settings_page() -> str:
    """Return a table of all settings for each platform."""
    parts = [
        "# Settings\n",
        MADE,
        "Each row is a field of the configuration class. As JSON Schema: "
        + ", ".join(f"[{TITLES[name]}](schema-{name}.json)" for name in PLATFORMS)
        + ". What belongs together, with examples, is on each platform's own page.\n",
    ]
    for platform in PLATFORMS:
        properties = config_of(platform).model_json_schema()
        parts += [
            f"## {TITLES[platform]}\n",
            "| Setting | Type | Default | Meaning |\n| --- | --- | --- | --- |",
        ]
        for name, schema in properties["properties"].items():
            default = (
                "required"
                if name in properties.get("required", ())
                else json.dumps(schema.get("default"))
            )
            meaning = _cell(schema.get("description", ""))
            parts.append(f"| `{name}` | {_type(schema)} | {_cell(default)} | {meaning} |")
        parts.append("")
    return "\n".join(parts)


def api_page() -> str:
    """Return the public Python names, with their signatures and docstrings."""
    parts = ["# Python API\n", MADE]
    for platform in PLATFORMS:
        package = package_of(platform)
        parts += [f"## {TITLES[platform]}: `acme_{platform}`\n", f"{inspect.getdoc(package)}\n"]
        parts += _public(platform)
    parts += ["## The engine's seams\n", "The same in every package, below `_delivery/`.\n"]
    return "\n".join([*parts, *_seams()])


def project_page(platform: str) -> str:
    """Return a page of a generated project, as a template: its Python names and its commands."""
    package = package_of(platform)
    parts = [
        "# Python API and command line\n",
        "<!-- Yours: `copier update` merges changes of the template into it. -->\n",
        "Written from the code by the template. `help()` and `--help` say what you have changed.\n",
        "The fields of `Stats` and the reasons are in [metrics.md](metrics.md), the settings in\n"
        f"[{platform}.md]({platform}.md) and [settings.md](settings.md).\n",
        "## `{{ package_name }}`\n",
        f"{inspect.getdoc(package)}\n",
        *_public(platform),
        "## The engine's seams\n",
        "Below `_delivery/`.\n",
        *_seams(),
        "## Command line\n",
        *_helps(platform),
    ]
    text = _formatted("\n".join(parts).rstrip() + "\n")
    (sink,) = [name for name in package.__all__ if name.endswith("Sink")]
    names = {
        f"ACME_{platform.upper()}": "{{ sink_name | upper }}",
        f"acme_{platform}": "{{ package_name }}",
        sink: "{{ class_name }}",
    }
    if leftovers := re.findall(r"\{[{%#]", text.replace("{{ package_name }}", "")):
        raise ValueError(f"Jinja would read {leftovers} in the page of {platform}")
    for name, variable in names.items():
        text = text.replace(name, variable)
    # Not as Python: `ruff format` would break lines by the length of the names of the project.
    return text.replace("```python\n", "```text\n")


def _formatted(page: str) -> str:
    """Return a page as a project's own formatter wants its blocks of Python."""
    command = ("-m", "ruff", "format", "--stdin-filename", str(_example("splunk_hec") / "page.md"))
    done = subprocess.run(
        [sys.executable, *command, "-"], input=page, capture_output=True, text=True, check=True
    )
    return done.stdout


def _public(platform: str) -> list[str]:
    package = package_of(platform)
    parts = []
    for name in package.__all__:
        thing = getattr(package, name)
        if inspect.isclass(thing) or inspect.isfunction(thing):
            parts += _described(thing, f"{name}", 3)
        if name.endswith("Sink"):
            parts += _methods(thing)
    return parts + _functions(package_of(platform, f".{platform}.mapping"), platform)


def _seams() -> list[str]:
    parts = []
    for module, names in SEAMS.items():
        loaded = package_of("splunk_hec", f"._delivery.{module}")
        for name in names:
            parts += _described(getattr(loaded, name), f"{module}.{name}", 3)
    return parts


SEAMS = {
    "ledger": ("Stats", "RefuseReason", "DropReason"),
    "records": ("Record", "Delivered", "Unconfirmed", "RetryLater", "Hold", "Rejected", "Split"),
    "exchange": ("Exchange",),
    "retry": ("RetryPolicy",),
    "breaker": ("CircuitBreaker",),
}
"""Module of the engine -> what a platform or an owner uses of it."""
MOST_FIELDS = 6
"""A class with more is a snapshot that nobody makes: `Stats`."""


def _described(thing: Any, name: str, level: int) -> list[str]:
    doc = inspect.getdoc(thing) or ""
    kind = "class" if inspect.isclass(thing) else "function"
    lines = [f"{'#' * level} `{name}`\n"]
    if is_dataclass(thing) and 0 < len(fields(thing)) <= MOST_FIELDS:
        made = _parameters(thing).partition(" -> ")[0].replace("(", "(self, ", 1)
        code = f"class {thing.__name__}:\n    def __init__{made}: ..."
        lines.append(f"```python\n{code}\n```\n")
    if kind == "function":
        lines.append(f"```python\n{_signature(thing, name)}\n```\n")
    return [*lines, f"{_prose(doc)}\n"]


def _signature(thing: Any, name: str) -> str:
    return f"def {name.rpartition('.')[2]}{_parameters(thing)}: ..."


def _parameters(thing: Any) -> str:
    """Return parameters and result, with annotations as they stand in the source."""
    return re.sub(r"(?<=[:>] )'([^']*)'", r"\1", str(inspect.signature(thing)))


def _prose(doc: str) -> str:
    """Return a docstring as Markdown: its sections as bold words with a list below."""
    parts = re.split(
        r"(?m)^(Args|Raises|Returns|Yields|Attributes):\n((?:(?: {4}.*)?(?:\n|\Z))+)", doc
    )
    text = parts[0].rstrip()
    for title, body in zip(parts[1::3], parts[2::3], strict=True):
        # What is indented more goes on with the item before it.
        items = re.sub(r"\n {4,}(?= )", " ", inspect.cleandoc(body).replace("\n    ", " "))
        plain = title in ("Returns", "Yields")
        lines = [items] if plain else [f"* {item}" for item in items.splitlines()]
        text += f"\n\n**{title}**\n\n" + "\n".join(lines)
    return text.replace("<", "&lt;")


def _methods(sink: type) -> list[str]:
    lines = []
    for name in ("start", "stop", "write", "write_serialized", "health_check", "stats"):
        method = getattr(sink, name, None)
        if method is not None and inspect.getdoc(method):
            asynchronous = "async " if inspect.iscoroutinefunction(method) else ""
            signature = f"{asynchronous}def {name}{_parameters(method)}: ..."
            lines += [
                f"#### `{name}`\n",
                f"```python\n{signature}\n```\n",
                f"{_prose(inspect.getdoc(method) or '')}\n",
            ]
    return lines


def _functions(module: ModuleType, platform: str) -> list[str]:
    lines = [f"### `{platform}.mapping`, yours\n", f"{_prose(inspect.getdoc(module) or '')}\n"]
    for name, thing in vars(module).items():
        if (
            inspect.isfunction(thing)
            and thing.__module__ == module.__name__
            and not name.startswith("_")
        ):
            lines += [
                f"#### `{platform}.mapping.{name}`\n",
                f"```python\n{_signature(thing, name)}\n```\n",
                f"{_prose(inspect.getdoc(thing) or '')}\n",
            ]
    return lines


ANSWERS = """\
# Answers, and what becomes of an event

{made}
Each platform has its table: made from the module that decides, or compared with it by a test.

{tables}

What the engine makes of an HTTP status about which a platform says nothing of its own:

| Status | What becomes of the request |
| --- | --- |
{rows}

`retry_statuses` and `drop_statuses` change what a status means.
"""
ANSWERED = {
    "Splunk: codes 0 to 28, and HTTP statuses without a code": (
        "splunk-hec/docs/splunk_hec.md#what-the-answers-mean"
    ),
    "Elasticsearch, OpenSearch: statuses of a document and of a request, error types": (
        "elasticsearch/docs/elasticsearch.md#what-becomes-of-a-document"
    ),
    "Syslog over RELP": "syslog-cef/docs/syslog_cef.md#relp-delivered-is-what-the-receiver-says",
    "Syslog over TCP and TLS, which have no answers: errors of the connection": (
        "syslog-cef/docs/syslog_cef_troubleshooting.md#by-answer"
    ),
}
"""Who answers -> where the table is, in examples/."""
_BECOMES = {
    "retry": "sent again, until the deadline",
    "hold": "on hold: nothing is lost, a person has to repair something",
    "split": "halved, until the one event that is to blame is found",
    "reject": "given up: dead letter, or dropped and counted",
}


def answers_page() -> str:
    """Return the page that leads to the tables of answers, with the one of the engine."""
    settings = package_of("splunk_hec", "._delivery.settings")
    named = {str(each): each for each in sorted(settings.HTTP_STATUS_CLASSES)}
    rest = {"another 3xx or 4xx": 418, "another 5xx": 599}
    rows = [
        f"| {name} | {_BECOMES[settings.http_status_class(status)]} |"
        for name, status in (named | rest).items()
    ]
    tables = [f"* [{title}](../../examples/{place})" for title, place in ANSWERED.items()]
    return ANSWERS.format(made=MADE, tables="\n".join(tables), rows="\n".join(rows))


def command_page() -> str:
    """Return the help of each command of each project."""
    parts = ["# Command line\n", MADE]
    for platform in PLATFORMS:
        parts += [f"## {TITLES[platform]}\n", *_helps(platform)]
    return "\n".join(parts)


def _helps(platform: str) -> list[str]:
    parts = []
    extra = ["setup"] if platform == "elasticsearch" else []
    for command in ["", "check", "replay", "schema", *extra]:
        words = [*command.split(), "--help"]
        title = f"python -m acme_{platform} {' '.join(words)}"
        parts.append(f"```text\n$ {title}\n{_help(platform, *words)}\n```\n")
    return parts


@functools.cache
def _help(platform: str, *words: str) -> str:
    result = subprocess.run(
        [sys.executable, "-m", f"acme_{platform}", *words],
        env={
            **os.environ,
            "PYTHONPATH": str(_example(platform) / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "COLUMNS": "88",
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    # Python 3.13 writes options differently.
    return result.stdout.rstrip()


def made() -> dict[Path, str]:
    """Return path -> text of all pages."""
    texts = {
        FOLDER / "settings.md": settings_page().rstrip() + "\n",
        FOLDER / "python-api.md": api_page().rstrip() + "\n",
        FOLDER / "answers.md": answers_page(),
        FOLDER / "command-line.md": command_page().rstrip() + "\n",
    }
    for platform in PLATFORMS:
        schema = json.dumps(config_of(platform).model_json_schema(), indent=2) + "\n"
        texts[FOLDER / f"schema-{platform}.json"] = schema
        texts[TEMPLATE / "deploy" / platform / "settings.schema.json"] = schema
        texts[TEMPLATE / "docs" / f"{platform}_api.md.jinja"] = project_page(platform)
    return texts


def main() -> None:
    """Write the files."""
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
