"""House rules about size: who owns the project must be able to read it."""

import ast
from pathlib import Path

import pytest

from scripts.rendering import PLATFORMS, ROOT
from tests.helpers import files_of

SOURCE = ROOT / "template" / "src" / "{{ package_name }}"
ENGINE = sorted((SOURCE / "_delivery").glob("*.py"))
OWNED = [SOURCE / platform / name for platform in PLATFORMS for name in ("config.py", "mapping.py")]
SHIPPED = [path for path in files_of(SOURCE) if path.suffix == ".py"]

FUNCTION_LINES = 60
TYPICAL_FUNCTION_LINES = 25
ENGINE_MODULE_LINES = 250
OWNED_MODULE_LINES = 150
ENGINE_LINES = 2_200
PLATFORM_LINES = 800
TABLES = [SOURCE / "splunk_hec" / "answers.py"]
"""Modules that are a table of the protocol and nothing else: data, which nobody has to follow."""


def name_of(path: Path) -> str:
    """Return a short name for a test's id."""
    return path.relative_to(SOURCE).as_posix()


def code_lines(path: Path) -> set[int]:
    """Return the numbers of the lines that hold code: no comment, no blank line, no docstring."""
    text = path.read_text(encoding="utf-8")
    numbered = enumerate(text.splitlines(), start=1)
    lines = {number for number, line in numbered if line.strip() and line.strip()[0] != "#"}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, node.end_lineno + 1))
    return lines


def function_lengths(path: Path) -> dict[str, int]:
    """Return function -> lines of code."""
    lines = code_lines(path)
    return {
        node.name: len(lines & set(range(node.lineno, node.end_lineno + 1)))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_functions_fit_on_a_screen(path: Path) -> None:
    """No function has more than 60 lines of code."""
    lengths = function_lengths(path)
    assert {name: lines for name, lines in lengths.items() if lines > FUNCTION_LINES} == {}


def test_most_functions_are_short() -> None:
    """Nine of ten functions have at most 25 lines of code."""
    lengths = sorted(lines for path in SHIPPED for lines in function_lengths(path).values())
    assert lengths[len(lengths) * 9 // 10] <= TYPICAL_FUNCTION_LINES


@pytest.mark.parametrize("path", ENGINE, ids=name_of)
def test_engine_modules_are_small(path: Path) -> None:
    """A module of the engine has at most 250 lines."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= ENGINE_MODULE_LINES


@pytest.mark.parametrize("path", OWNED, ids=name_of)
def test_owned_modules_are_small(path: Path) -> None:
    """A module that its owner edits has at most 150 lines."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= OWNED_MODULE_LINES


def test_engine_can_be_read_in_a_day() -> None:
    """The engine has at most 2 200 lines of code in all."""
    assert sum(len(code_lines(path)) for path in ENGINE) <= ENGINE_LINES


@pytest.mark.parametrize("platform", PLATFORMS)
def test_platform_can_be_read_in_an_hour(platform: str) -> None:
    """A platform has at most 800 lines of code in all, tables of its protocol aside."""
    modules = [path for path in (SOURCE / platform).glob("*.py") if path not in TABLES]
    assert sum(len(code_lines(path)) for path in modules) <= PLATFORM_LINES


@pytest.mark.parametrize("path", TABLES, ids=name_of)
def test_tables_are_tables(path: Path) -> None:
    """What is not counted has no function and decides nothing."""
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    acting = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.If, ast.For, ast.While)
    assert [node for node in nodes if isinstance(node, acting)] == []


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_file_says_whose_it_is(path: Path) -> None:
    """The first two lines of a shipped file are its licence and its owner."""
    licence, owner = path.read_text(encoding="utf-8").splitlines()[:2]
    owned = path in OWNED
    assert licence == "# SPDX-License-Identifier: MIT-0"
    assert owner.startswith("# Yours: " if owned else "# Template-owned: ")
