# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""The layout keeps its promises: who may import whom, and no setting without documentation."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic.fields import FieldInfo

from acme_syslog_cef import plugin

PROJECT = Path(__file__).parents[1]
PACKAGE = PROJECT / "src" / "acme_syslog_cef"
SINK = getattr(plugin, plugin.PLUGIN_METADATA["entry_point"].partition(":")[2])
CONFIG = SINK.config_class
PLATFORM = PACKAGE / CONFIG.__module__.split(".")[1]

PURE = ("config", "mapping", "encoder", "request", "response")
ENGINE_FOR_PURE = ("._delivery.records", "._delivery.settings")
IMPURE = {"asyncio", "fapilog", "httpx", "logging", "socket", "ssl", "threading"}

MODULES = sorted(PACKAGE.rglob("*.py"))
ENGINE = sorted((PACKAGE / "_delivery").glob("*.py"))
COMMAND = sorted((PACKAGE / "_command").glob("*.py"))


def _name_of(path: Path) -> str:
    return "." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts)


def _imports(path: Path) -> Iterator[str]:
    """Yield dotted names; the package's own begin with a dot, whichever way they are written."""
    parts = path.relative_to(PACKAGE).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (_own_name(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ["", *parts[: len(parts) - node.level + 1]] if node.level else []
            module = [*base, node.module] if node.module else base
            yield from (_own_name(".".join([*module, alias.name])) for alias in node.names)


def _own_name(name: str) -> str:
    top, _, rest = name.partition(".")
    return f".{rest}" if top == PACKAGE.name else name


def _within(name: str, modules: tuple[str, ...]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def test_imports_are_understood() -> None:
    """The rules below see relative, absolute and module imports alike."""
    found = set(_imports(PLATFORM / "sink.py"))
    assert any(_within(name, ("._delivery.host",)) for name in found)
    assert any(_within(name, (_name_of(PLATFORM / "config"),)) for name in found)


@pytest.mark.parametrize("module", PURE)
def test_pure_modules_know_two_engine_modules(module: str) -> None:
    """What decides about bytes imports the vocabulary and the settings, and nothing that acts."""
    own = _name_of(PLATFORM)
    for name in _imports(PLATFORM / f"{module}.py"):
        if name.startswith("."):
            assert _within(name, (own, *ENGINE_FOR_PURE)), name
            assert not _within(name, (f"{own}.sink",)), name
        else:
            assert name.partition(".")[0] not in IMPURE, name


@pytest.mark.parametrize("path", MODULES, ids=_name_of)
def test_only_sinks_and_host_know_fapilog(path: Path) -> None:
    """A new fapilog can break two files at most."""
    knows = any(_within(name, ("fapilog",)) for name in _imports(path))
    assert not knows or _name_of(path) in ("._delivery.host", _name_of(PLATFORM / "sink.py"))


@pytest.mark.parametrize("path", ENGINE, ids=_name_of)
def test_engine_knows_no_platform(path: Path) -> None:
    """The engine is the same for every platform and can be lifted out."""
    own = [name for name in _imports(path) if name.startswith(".")]
    assert [name for name in own if not _within(name, ("._delivery",))] == []


@pytest.mark.parametrize("path", MODULES, ids=_name_of)
def test_only_platform_parts_that_act_import_host(path: Path) -> None:
    """Nothing in the engine depends on the host adapter, nor does what is pure."""
    imports_host = any(_within(name, ("._delivery.host",)) for name in _imports(path))
    acts = path.parent == PLATFORM and path.stem not in PURE
    is_front = _name_of(path) == ".__init__"  # the package exports `sinks`
    assert not imports_host or acts or is_front or path in COMMAND


@pytest.mark.parametrize("path", COMMAND, ids=_name_of)
def test_command_line_knows_no_platform(path: Path) -> None:
    """It gets the sink by the name in `PLUGIN_METADATA`, so it is the same for every platform."""
    own = [name for name in _imports(path) if name.startswith(".")]
    assert [name for name in own if not _within(name, ("._command", "._delivery"))] == []


@pytest.mark.parametrize("path", MODULES, ids=_name_of)
def test_nobody_imports_the_command_line(path: Path) -> None:
    """An application pays for no command, and no command can change what it does.

    What a platform adds to a command uses the words of the command line, and is imported by nobody else.
    """
    imports_command = any(_within(name, ("._command",)) for name in _imports(path))
    adds = path.parent == PLATFORM and path.stem in ("check", "setup")
    assert not imports_command or path in COMMAND or _name_of(path) == ".__main__" or adds


def _rows(page: Path) -> dict[str, str]:
    """Return setting -> default, from the rows of the tables on a page."""
    found = {}
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("| `") and len(cells) >= 3:
            found[cells[0].strip("`")] = cells[1].strip('`"')
    return found


DOCUMENTED = {
    **_rows(PROJECT / "docs" / "settings.md"),
    **_rows(PROJECT / "docs" / f"{PLATFORM.name}.md"),
}


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    default: Any = field.get_default(call_default_factory=True)
    if default is None:
        return "none"
    if isinstance(default, bool):
        return str(default).lower()
    if not default and isinstance(default, (tuple, frozenset)):
        return "[]"
    return _plain(str(default))


def _plain(text: str) -> str:
    """Leave out what makes numbers readable: 5 000 000, 5_000_000 and 1.0 for 1."""
    return text.replace(" ", "").replace("_", "").removesuffix(".0")


@pytest.mark.parametrize("setting", CONFIG.model_fields)
def test_setting_is_documented(setting: str) -> None:
    """Every setting has a row with its default, on the platform's page or on the shared one."""
    row = f"| `{setting}` | its default | its meaning |"
    assert setting in DOCUMENTED, f"docs/settings.md needs a row: {row}"
    assert _plain(DOCUMENTED[setting]) == _default(CONFIG.model_fields[setting])


def test_documentation_has_no_other_settings() -> None:
    """A row for a setting that does not exist sends people the wrong way."""
    assert set(DOCUMENTED) - set(CONFIG.model_fields) == set()
