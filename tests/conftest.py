"""One copy of the template, and one rendering of each platform, for all tests of a worker."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.rendering import PLATFORMS, copy_template, render
from scripts.updating import begin, edit_record, generate, small_template


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the template as it is in the working tree."""
    return copy_template(tmp_path_factory.mktemp("template") / "template")


@pytest.fixture(scope="session")
def rendered(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function that renders a platform once; what it returns is not to be changed."""
    projects: dict[str, Path] = {}

    def project(platform: str) -> Path:
        if platform not in projects:
            target = tmp_path_factory.mktemp(platform) / "project"
            projects[platform] = render(template, target, platform=platform)
        return projects[platform]

    return project


@pytest.fixture(params=PLATFORMS)
def platform(request: pytest.FixtureRequest) -> str:
    """Return each platform in turn."""
    return request.param


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a small template in git with one release; not to be changed."""
    return small_template(tmp_path_factory.mktemp("small") / "template")


@pytest.fixture(scope="session")
def of_small(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of it, in git; not to be changed."""
    return begin(generate(small, tmp_path_factory.mktemp("of-small") / "acme-sink"))


@pytest.fixture
def origin(small: Path, tmp_path: Path) -> Path:
    """Return a copy of the small template, for one test to change."""
    return shutil.copytree(small, tmp_path / "template")


@pytest.fixture
def small_project(of_small: Path, origin: Path, tmp_path: Path) -> Path:
    """Return a project that was made from `origin`, for one test to change."""
    copy = shutil.copytree(of_small, tmp_path / "acme-sink")
    edit_record(copy, _src_path=origin)
    return copy
