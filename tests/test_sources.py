"""Shipped Python is real Python: it lints and type-checks before anything is rendered."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from scripts.rendering import PLATFORMS, ROOT
from tests.helpers import files_of, run_python

SOURCE = ROOT / "template" / "src" / "{{ package_name }}"
TESTS = ROOT / "template" / "tests"

LONGEST_NAME = 40


@pytest.fixture(scope="module")
def unrendered(rendered: Callable[[str], Path], tmp_path_factory) -> Path:
    """Return all platforms as they stand under template/, with a project's tool settings."""
    folder = tmp_path_factory.mktemp("unrendered")
    plain = shutil.ignore_patterns("*.jinja", "__pycache__", ".*_cache")
    shutil.copytree(SOURCE, folder / "src" / "sinkpkg", ignore=plain)
    shutil.copytree(TESTS / "support", folder / "tests" / "support", ignore=plain)
    shutil.copytree(ROOT / "template" / "tools", folder / "tools", ignore=plain)
    (folder / "src" / "sinkpkg" / "__init__.py").write_text('"""All platforms at once."""\n')
    shutil.copy(rendered(PLATFORMS[0]) / "pyproject.toml", folder)
    return folder


@pytest.mark.xdist_group("unrendered")
@pytest.mark.parametrize(
    "command",
    [("ruff", "check", "--no-cache"), ("ruff", "format", "--no-cache", "--check"), ("mypy",)],
    ids=lambda command: "-".join(command[:2]),
)
def test_sources_are_clean_before_rendering(unrendered: Path, command: tuple[str, ...]) -> None:
    """What a reviewer reads here has passed the checks that its owner will run."""
    run_python("-m", *command, cwd=unrendered)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_python_is_formatted_for_any_name(
    rendered: Callable[[str], Path], tmp_path: Path, platform: str
) -> None:
    """A name of 1 to 40 characters changes the length of lines, and never how they are broken."""
    pyproject = (rendered(platform) / "pyproject.toml").read_text(encoding="utf-8")
    templates = [
        path
        for path in files_of(ROOT / "template")
        if path.name.endswith(".py.jinja") and not set(path.parts) & (set(PLATFORMS) - {platform})
    ]
    environment = Environment(
        loader=FileSystemLoader(ROOT), undefined=StrictUndefined, keep_trailing_newline=True
    )
    for length in range(1, LONGEST_NAME + 1):
        answers = answers_for("a" * length, platform)
        folder = tmp_path / str(length)
        for path in templates:
            name = path.relative_to(ROOT).as_posix()
            target = folder / path.relative_to(ROOT / "template").with_suffix("")
            target = Path(str(target).replace("{{ package_name }}", answers["package_name"]))
            target.parent.mkdir(parents=True, exist_ok=True)
            text = environment.get_template(name).render(answers)
            target.write_text(text, encoding="utf-8", newline="\n")
        (folder / "pyproject.toml").write_text(
            re.sub(r"known-first-party = .*", f'known-first-party = ["{"a" * length}"]', pyproject)
        )
    run_python("-m", "ruff", "format", "--no-cache", "--check", ".", cwd=tmp_path)
    run_python("-m", "ruff", "check", "--no-cache", ".", cwd=tmp_path)


def answers_for(package_name: str, platform: str) -> dict[str, str]:
    """Return the answers as Copier would compute them, with every name as long as can be."""
    return {
        "platform": platform,
        "distribution_name": package_name,
        "package_name": package_name,
        "sink_name": package_name,
        "class_name": f"{package_name.title()}Sink",
        "license": "Proprietary",
        "minimum_python": "3.10",
    }
