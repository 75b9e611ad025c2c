"""Paths under template/ can be checked out everywhere and read by everyone."""

import re

import pytest

from scripts.rendering import ROOT
from tests.helpers import files_of

TEMPLATE = ROOT / "template"
FILES = files_of(TEMPLATE)
ALLOWED_IN_TESTS = {"{{ package_name }}", "{{ platform }}", "{{ class_name }}", "{{ sink_name }}"}


@pytest.mark.parametrize("text", ["{%", "{#", '"', "'", "|", "\\", ":", "*", "?", "<", ">"])
def test_path_holds_no(text: str) -> None:
    """A condition in a name hides the tree, and some characters do not exist on Windows."""
    assert [path for path in FILES if text in path.relative_to(TEMPLATE).as_posix()] == []


def test_paths_are_short() -> None:
    """A path has at most 120 characters."""
    assert [path for path in FILES if len(path.relative_to(TEMPLATE).as_posix()) > 120] == []


def test_only_two_paths_are_computed() -> None:
    """The package's folder and the answers file are the only names that depend on answers."""
    parts = {part for path in FILES for part in path.relative_to(TEMPLATE).parts if "{" in part}
    assert parts == {"{{ package_name }}", "{{ _copier_conf.answers_file }}.jinja"}


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.name.endswith(".py.jinja") and "tests" in path.parts],
    ids=lambda path: path.relative_to(TEMPLATE).as_posix(),
)
def test_tests_take_only_names(path) -> None:
    """A generated test is plain Python but for the names it imports."""
    text = path.read_text(encoding="utf-8")
    assert set(re.findall(r"\{[{%#].*?[}%#]\}", text)) <= ALLOWED_IN_TESTS
    assert not re.search(r"\{[%#]", text)


def test_shipped_python_is_plain() -> None:
    """The engine and the platforms hold no Jinja: what is read here is what the owner gets."""
    package = TEMPLATE / "src" / "{{ package_name }}"
    computed = {path.name for path in files_of(package) if path.suffix == ".jinja"}
    assert computed == {"__init__.py.jinja", "__main__.py.jinja", "plugin.py.jinja"}
