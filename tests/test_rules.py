"""House rules about size: who owns the project must be able to read it."""

import ast
from pathlib import Path

import pytest

from scripts.rendering import PLATFORMS, ROOT
from tests.helpers import files_of

SOURCE = ROOT / "template" / "src" / "{{ package_name }}"
ENGINE = sorted((SOURCE / "_delivery").glob("*.py"))
OPTIONAL = [path for path in ENGINE if path.stem.startswith(("spool", "segment", "frame"))]
COMMAND = sorted((SOURCE / "_command").glob("*.py"))
OWNED = [SOURCE / platform / name for platform in PLATFORMS for name in ("config.py", "mapping.py")]
OWNED += [SOURCE / "syslog_cef" / name for name in ("formats.py", "defaults.py")]
SHIPPED = [path for path in files_of(SOURCE) if path.suffix == ".py"]

FUNCTION_LINES = 60
TYPICAL_FUNCTION_LINES = 25
ENGINE_MODULE_LINES = 250
OWNED_MODULE_LINES = 150
ENGINE_LINES = 3_160  # decision 11
OPTIONAL_LINES = 1_000
PLATFORM_LINES = 800
COMMAND_LINES = 850  # decision 12
PLATFORM_MOST = {"elasticsearch": 960, "syslog_cef": 1_050}  # decisions 14 and 13; others 800
OPERATOR_LINES = 600
ON_DEMAND_LINES = 200

# Tables are data. What an operator runs by hand, and what one setting alone loads, counts apart.
TABLES = {
    "elasticsearch/answers.py",
    "splunk_hec/answers.py",
    "syslog_cef/defaults.py",
    "syslog_cef/tables.py",
}
OPERATOR = {
    "elasticsearch/admin.py",
    "elasticsearch/check.py",
    "elasticsearch/objects.py",
    "elasticsearch/setup.py",
    "splunk_hec/check.py",
    "syslog_cef/check.py",
}
ON_DEMAND = {"elasticsearch/splice.py", "splunk_hec/splice.py", "syslog_cef/relp.py"}


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


@pytest.mark.parametrize("path", ENGINE + COMMAND, ids=name_of)
def test_engine_modules_are_small(path: Path) -> None:
    """A module of the engine or of the command line has at most 250 lines."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= ENGINE_MODULE_LINES


@pytest.mark.parametrize("path", OWNED, ids=name_of)
def test_owned_modules_are_small(path: Path) -> None:
    """A module that its owner edits has at most 150 lines."""
    lines = len(path.read_text(encoding="utf-8").splitlines())
    assert lines <= OWNED_MODULE_LINES


def test_engine_can_be_read_in_a_day() -> None:
    """What is always imported has at most 3 160 lines of code, what is off by default 1 000."""
    optional = sum(len(code_lines(path)) for path in OPTIONAL)
    assert sum(len(code_lines(path)) for path in ENGINE) - optional <= ENGINE_LINES
    assert optional <= OPTIONAL_LINES


@pytest.mark.parametrize("platform", PLATFORMS)
def test_platform_can_be_read_in_an_hour(platform: str) -> None:
    """A platform has at most 800 lines of code; what is not always loaded has limits of its own."""
    lines = {name_of(path): len(code_lines(path)) for path in (SOURCE / platform).glob("*.py")}
    most = PLATFORM_MOST.get(platform, PLATFORM_LINES)
    always = lines.keys() - TABLES - OPERATOR - ON_DEMAND
    assert sum(lines[name] for name in always) <= most
    assert sum(lines[name] for name in lines.keys() & OPERATOR) <= OPERATOR_LINES
    assert sum(lines[name] for name in lines.keys() & ON_DEMAND) <= ON_DEMAND_LINES


@pytest.mark.parametrize("name", sorted(TABLES))
def test_tables_are_tables(name: str) -> None:
    """What is not counted has no function and decides nothing."""
    nodes = list(ast.walk(ast.parse((SOURCE / name).read_text(encoding="utf-8"))))
    acting = (
        ast.FunctionDef,
        ast.AsyncFunctionDef,
        ast.Lambda,
        ast.If,
        ast.For,
        ast.While,
        ast.Try,
    )
    assert [node for node in nodes if isinstance(node, acting)] == []


def test_command_line_is_small() -> None:
    """The command line has at most 850 lines of code in all."""
    assert sum(len(code_lines(path)) for path in COMMAND) <= COMMAND_LINES


@pytest.mark.parametrize("path", SHIPPED, ids=name_of)
def test_file_says_whose_it_is(path: Path) -> None:
    """The first two lines of a shipped file are its licence and its owner."""
    licence, owner = path.read_text(encoding="utf-8").splitlines()[:2]
    owned = path in OWNED
    assert licence == "# SPDX-License-Identifier: MIT-0"
    assert owner.startswith("# Yours: " if owned else "# Template-owned: ")
