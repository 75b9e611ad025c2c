"""One copy of the template, and one rendering of each platform, for all tests of a worker."""

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.rendering import PLATFORMS, copy_template, render


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
