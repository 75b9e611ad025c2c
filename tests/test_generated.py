"""Each platform's project does what its `make check` does, and its wheel delivers an event."""

import os
import re
import shlex
import sys
import venv
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import pytest

from scripts.rendering import PLATFORMS, ROOT, render
from tests.helpers import blocks_of, run, run_python
from tests.receivers import RECEIVERS

pytestmark = pytest.mark.parametrize(
    "platform",
    [pytest.param(name, marks=pytest.mark.xdist_group(f"generated-{name}")) for name in PLATFORMS],
)


@pytest.fixture(scope="session")
def projects(template: Path, tmp_path_factory) -> Callable[[str], Path]:
    """Return a function that renders a platform once, to be run and built in."""
    made: dict[str, Path] = {}

    def project(platform: str) -> Path:
        if platform not in made:
            target = tmp_path_factory.mktemp(f"generated-{platform}") / "project"
            made[platform] = render(template, target, platform=platform)
        return made[platform]

    return project


@pytest.fixture
def project(projects: Callable[[str], Path], platform: str) -> Path:
    """Return the rendered project of a platform."""
    return projects(platform)


def test_format_is_a_no_op(project: Path) -> None:
    """What is rendered is formatted."""
    run_python("-m", "ruff", "format", "--no-cache", "--check", cwd=project)


def test_lints(project: Path) -> None:
    """Ruff finds nothing."""
    run_python("-m", "ruff", "check", "--no-cache", cwd=project)


def test_types(project: Path, platform: str) -> None:
    """Mypy in strict mode finds nothing."""
    cache = ROOT / ".mypy_cache" / "generated" / platform
    run_python("-m", "mypy", "--cache-dir", cache, cwd=project, timeout=240)


def test_suite_is_green(project: Path) -> None:
    """The generated suite passes, covers at least 90 %, and is quick."""
    printed = run_python(
        *("-m", "pytest", "--cov", "-q", "-p", "no:cacheprovider"), cwd=project, timeout=240
    )
    assert "Required test coverage of 90.0% reached" in printed
    print(printed[-2000:])


README_CHECK = """
import os, re, sys
sys.path.insert(0, "src")
os.environ.update(SPLUNK_HEC_TOKEN="token", ELASTICSEARCH_API_KEY="id:key")
text = open("README.md", encoding="utf-8").read()
(block,) = re.findall(r"```python\\n(.*?)^logger = ", text, re.S | re.M)
space = {}
exec(block, space)
((name, given),) = space["settings"].sink_config.extra.items()
package = __import__(name)
config = next(getattr(package, item) for item in package.__all__ if item.endswith("Config"))
config(**given)
named = {key.lower() for key in re.findall(rf"EXTRA__{name.upper()}__([A-Z_]+)=", text)}
assert named == set(given), (named, set(given))
"""


def test_readme_configuration_is_valid(project: Path) -> None:
    """The smallest configuration in the README is one, in both forms."""
    run_python("-W", "error", "-c", README_CHECK, cwd=project)


@pytest.fixture
def wheel(project: Path) -> Path:
    """Return the project's wheel, built once."""
    if not (project / "dist").exists():
        run_python("-m", "build", "--no-isolation", cwd=project)
    (wheel,) = (project / "dist").glob("*.whl")
    return wheel


def test_builds(project: Path, wheel: Path) -> None:
    """Wheel and sdist build, PyPI would take them, and the wheel holds what it should."""
    (sdist,) = (project / "dist").glob("*.tar.gz")
    run_python("-m", "twine", "check", "--strict", wheel, sdist, cwd=project)
    names = ZipFile(wheel).namelist()
    (package,) = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert f"{package}/py.typed" in names
    assert f"{package}/_delivery/delivery.py" in names
    assert [name for name in names if name.endswith("licenses/LICENSE")]


PROGRAM = """
import asyncio
from fapilog import get_logger

logger = get_logger("acceptance")
logger.info("delivered by the wheel", answer=42)
asyncio.run(logger.stop_and_drain())
"""
SECRETS = {"SPLUNK_HEC_TOKEN": "token", "ELASTICSEARCH_API_KEY": "id:key"}


def test_wheel_delivers(project: Path, wheel: Path, platform: str, tmp_path: Path) -> None:
    """In a clean environment fapilog loads the sink by its name, in both forms of the README."""
    python = install(wheel, tmp_path)
    blocks = blocks_of(project / "README.md")
    address = re.compile(r"\b(https|tls)://[\w.-]+\.example\.com(:\d+)?")
    (code,) = [text for language, text in blocks if language == "python"]
    (exports,) = [text for language, text in blocks if language == "sh" and "export " in text]
    with RECEIVERS[platform]() as (settings, received):
        code, exports = (address.sub(str(settings["url"]), text) for text in (code, exports))
        exports = exports.replace("...", "id:key")
        result = run(python, "-W", "error", "-c", code, cwd=tmp_path, env=SECRETS)
        assert result.returncode == 0, result.stdout
        assert received.wait_for(b"order accepted"), result.stdout
        command = f"{exports}\n{shlex.join([str(python), '-c', PROGRAM])}"
        result = run("bash", "-e", "-c", command, cwd=tmp_path)
        assert result.returncode == 0, result.stdout
        assert received.wait_for(b"delivered by the wheel"), result.stdout


def install(wheel: Path, folder: Path) -> Path:
    """Install a wheel with the dependencies it declares, at the versions tested here."""
    pinned = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    constraints = folder / "constraints.txt"
    # Without hashes: pip would ask for one of the wheel that was built a moment ago.
    # Without extras: a constraint has none.
    lines = re.findall(r"(?m)^[a-z0-9][^\\\n]*(?= \\$)", re.sub(r"\[[a-z,]+\]", "", pinned))
    constraints.write_text("\n".join(lines), encoding="utf-8")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    options = ("--quiet", "--disable-pip-version-check", "--constraint", constraints)
    run_python("-m", "pip", "--python", python, "install", *options, wheel, cwd=folder)
    return python


@pytest.mark.nightly
@pytest.mark.timeout(600)
def test_make_check(template: Path, platform: str, tmp_path: Path) -> None:
    """From a fresh copy, `make check` makes its own environment and is green."""
    project = render(template, tmp_path / "project", platform=platform)
    result = run("make", "check", f"PYTHON={sys.executable}", cwd=project, timeout=600)
    assert result.returncode == 0, result.stdout[-6_000:]


@pytest.mark.nightly
@pytest.mark.timeout(2_400)
def test_slow_tests_are_green(project: Path) -> None:
    """Outages, crowds, a thousand cycles: `make check` leaves out what takes minutes."""
    arguments = ("-q", "-m", "slow", "-p", "no:cacheprovider")
    run_python("-m", "pytest", *arguments, cwd=project, timeout=2_400)
