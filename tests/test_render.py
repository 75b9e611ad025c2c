"""Every combination of answers renders to files that parse, and to nothing else."""

import ast
import json
import sys
from itertools import product
from pathlib import Path

import pytest
import yaml

from scripts.rendering import PLATFORMS, render
from tests.helpers import TEXT_SUFFIXES, files_of, leftovers_in

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

LICENSES = ("MIT", "Apache-2.0", "BSD-3-Clause", "Proprietary")
PYTHONS = ("3.10", "3.11", "3.12", "3.13")

PARSERS = {
    ".json": json.loads,
    ".py": ast.parse,
    ".toml": tomllib.loads,
    ".yaml": lambda text: list(yaml.safe_load_all(text)),
    ".yml": lambda text: list(yaml.safe_load_all(text)),
}

OF_THE_TEMPLATE = {"copier.yml", "includes", "examples", "scripts", "demo", "requirements.txt"}


@pytest.mark.parametrize(
    ("platform", "license", "minimum_python"), list(product(PLATFORMS, LICENSES, PYTHONS))
)
def test_combination_renders(
    template: Path, tmp_path: Path, platform: str, license: str, minimum_python: str
) -> None:
    """Every platform, licence and Python gives files that parse, and records what was asked."""
    answers = {"platform": platform, "license": license, "minimum_python": minimum_python}
    project = render(template, tmp_path / "project", **answers)
    for path in files_of(project):
        check_file(path)
    check_answers(project, answers)
    check_pyproject(project, license, minimum_python)


def check_file(path: Path) -> None:
    """Check that a file is text in good order, was rendered, and parses."""
    assert path.suffix in TEXT_SUFFIXES, path
    text = path.read_bytes().decode("utf-8")
    assert leftovers_in(text) == [], path
    assert "\r" not in text, path
    assert not text or (text.endswith("\n") and not text.endswith("\n\n")), path
    if path.name != ".copier-answers.yml":
        assert [line for line in text.splitlines() if line != line.rstrip()] == [], path
    PARSERS.get(path.suffix, str)(text)


def check_answers(project: Path, answers: dict[str, str]) -> None:
    """Check that the answers file holds what was given, and the identity."""
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert {key: recorded[key] for key in answers} == answers
    names = ("platform", "distribution_name", "package_name", "sink_name")
    assert recorded["created_for"] == " ".join(recorded[name] for name in names)


def check_pyproject(project: Path, license: str, minimum_python: str) -> None:
    """Check that the metadata says what was asked for."""
    metadata = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    tested = [name for name in metadata["classifiers"] if "Python :: 3." in name]
    assert metadata["requires-python"] == f">={minimum_python}"
    assert tested == [
        f"Programming Language :: Python :: {version}"
        for version in PYTHONS[PYTHONS.index(minimum_python) :]
    ]
    assert license in metadata["license"]


def test_only_the_chosen_platform_is_there(template: Path, tmp_path: Path, platform: str) -> None:
    """No file of the others is left, and no folder that could be imported."""
    project = render(template, tmp_path / "project", platform=platform, distribution_name="acme")
    names = {path.stem for path in project.rglob("*")}
    assert names & set(PLATFORMS) == {platform}


def test_nothing_of_the_template_leaks(template: Path, tmp_path: Path, platform: str) -> None:
    """What belongs to this repository stays here."""
    project = render(template, tmp_path / "project", platform=platform)
    assert {path.name for path in project.iterdir()} & OF_THE_TEMPLATE == set()
    for path in files_of(project):
        text = path.read_text(encoding="utf-8")
        assert str(template) not in text or path.name == ".copier-answers.yml", path
        assert ".jinja" not in text, path


def test_rendering_is_repeatable(template: Path, tmp_path: Path, platform: str) -> None:
    """Two renderings are equal: an update compares three of them."""
    first = render(template, tmp_path / "first", platform=platform)
    second = render(template, tmp_path / "second", platform=platform)
    assert [path.relative_to(first) for path in files_of(first)] == [
        path.relative_to(second) for path in files_of(second)
    ]
    for path in files_of(first):
        assert path.read_bytes() == (second / path.relative_to(first)).read_bytes()


def test_message_names_the_next_steps(
    template: Path, tmp_path: Path, platform: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """After the copy a user reads what to do next, for the platform that was chosen."""
    from copier import run_copy

    run_copy(str(template), tmp_path / "project", data={"platform": platform}, defaults=True)
    message = capsys.readouterr().err.partition("is ready")[2]
    assert f"docs/{platform}.md" in message
    assert [f"\n{step}. " in message for step in range(1, 7)] == [True] * 6


def test_ordinary_copy(copie, template: Path, platform: str) -> None:
    """pytest-copie agrees: no error, and the answers as given."""
    result = copie.copy({"platform": platform}, template_dir=template)
    assert result.exception is None
    assert result.answers["platform"] == platform


def test_ordinary_refusal(copie, template: Path) -> None:
    """pytest-copie agrees on a refusal, too."""
    result = copie.copy({"distribution_name": "json"}, template_dir=template)
    assert "standard library" in str(result.exception)
