"""The names that are refused are data in the template; here each list meets its source."""

import keyword
import re
import sys

import fapilog.plugins.sinks  # noqa: F401  (registers the host's sinks)
import pytest
from fapilog.core.settings import Settings
from fapilog.plugins import loader
from jinja2 import Environment, FileSystemLoader

from scripts.rendering import ROOT, render


@pytest.fixture(scope="module")
def reserved():
    """Return the module that the questions import."""
    environment = Environment(loader=FileSystemLoader(ROOT), autoescape=False)
    return environment.get_template("includes/reserved.jinja").module


def test_keywords_are_pythons(reserved) -> None:
    """Every keyword of this Python is refused, and nothing else by that list."""
    assert sorted(reserved.KEYWORDS) == sorted(keyword.kwlist)


def test_standard_library_is_complete(reserved) -> None:
    """Every public module of this Python's standard library is refused."""
    public = {name for name in sys.stdlib_module_names if not name.startswith("_")}
    assert public - set(reserved.STANDARD_LIBRARY) == set()


def test_host_sinks_are_complete(reserved) -> None:
    """Every sink, alias and configuration section of the host is refused as a sink's name."""
    sections = {name for name in type(Settings().sink_config).model_fields if name != "extra"}
    taken = {*loader.BUILTIN_SINKS, *loader.BUILTIN_ALIASES["fapilog.sinks"], *sections}
    assert taken - set(reserved.HOST_SINKS) == set()


def test_neighbours_are_complete(reserved, template, tmp_path) -> None:
    """Every package that a generated project depends on is refused as its name."""
    project = render(template, tmp_path / "project")
    pyproject = (project / "pyproject.toml").read_text(encoding="utf-8")
    dependencies = re.search(r"(?ms)^dependencies = \[(.*?)^\]", pyproject)[1]
    names = set(re.findall(r'(?m)^ +"([a-z]+)', dependencies))
    assert names == {"fapilog", "httpx", "orjson", "pydantic"}
    tools = set(re.findall(r'(?m)^ +"([a-z-]+)==', pyproject))
    assert {"build", "pytest-cov", "twine"} <= tools
    modules = names | {tool.replace("-", "_") for tool in tools}
    assert modules - set(reserved.NEIGHBOURS) == set()
