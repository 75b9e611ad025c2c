"""A suite is worth what it notices: every planted fault must turn the project's own tests red."""

import importlib
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.rendering import PLATFORMS, ROOT
from tests.helpers import run
from tests.planted.fault import Fault

# What is the same in all projects is tested in one.
SHARED = ("command", "engine", "faults", "soak", "spool")
ENGINE_IN = "splunk_hec"
TESTS_FAILED = 1
CHANCES = 3  # a race may go well once, on a busy machine

PLANTED = [
    pytest.param(name if name in PLATFORMS else ENGINE_IN, fault, id=f"{name}-{fault.name}")
    for name in (*PLATFORMS, *SHARED)
    for fault in importlib.import_module(f"tests.planted.{name}").FAULTS
]

# Only the plugins that a project needs: loading all that are installed here takes most of the time.
PLUGINS = ("-p", "pytest_timeout", "-p", "no_shrinking", "-p", "no:cacheprovider")
ENVIRONMENT = {
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PYTHONPATH": str(ROOT / "tests" / "planted"),
}


@pytest.mark.parametrize(("platform", "fault"), PLANTED)
def test_fault_is_noticed(
    rendered: Callable[[str], Path], tmp_path: Path, platform: str, fault: Fault
) -> None:
    """The suite fails, by a test and not by an accident, when the fault is there.

    That it passes without the fault is shown by `test_generated.py`.
    """
    project = tmp_path / "project"
    shutil.copytree(rendered(platform), project)
    plant(fault, project)
    command = (sys.executable, "-m", "pytest", "-x", "-q", *PLUGINS, fault.caught_by)
    for _ in range(CHANCES):
        result = run(*command, cwd=project, env=ENVIRONMENT)
        if result.returncode == TESTS_FAILED:
            return
    pytest.fail(f"nothing noticed it: {result.stdout[-3_000:]}")


def plant(fault: Fault, project: Path) -> None:
    """Replace the fault's text, which must be there exactly once."""
    (package,) = (project / "src").iterdir()
    path = package / fault.path
    text = path.read_text(encoding="utf-8")
    assert text.count(fault.find) == 1, f"{fault.name}: its text must occur once in {fault.path}"
    changed = text.replace(fault.find, fault.replace)
    assert changed != text
    compile(changed, str(path), "exec")
    path.write_text(changed, encoding="utf-8")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_enough_faults_are_planted(platform: str) -> None:
    """At least eight faults per platform, each with a name of its own."""
    faults = importlib.import_module(f"tests.planted.{platform}").FAULTS
    assert len({fault.name for fault in faults}) == len(faults) >= 8
