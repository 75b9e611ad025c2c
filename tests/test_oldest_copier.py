"""The oldest Copier that the template asks for makes, checks, updates and refuses as the newest."""

from __future__ import annotations

import re
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from scripts.rendering import PLATFORMS, ROOT
from scripts.updating import append, commit, copier, mapping_of, recorded_in, unmerged
from tests.helpers import contents_of

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("oldest-copier")]

OLDEST = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))["_min_copier_version"]


def _python_with(version: str) -> Path:
    """Return an interpreter that has this Copier: made below build/ when it is not there yet."""
    folder = ROOT / "build" / f"copier-{version}"
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    if not (folder / ".ready").exists():
        venv.create(folder, clear=True, with_pip=True)
        command = [python, "-m", "pip", "install", "--quiet", f"copier=={version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"Copier {version} cannot be installed here: {done.stderr.strip()[-300:]}")
        (folder / ".ready").touch()
    return python


@pytest.fixture(scope="module")
def oldest() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return the oldest `copier`."""
    python = _python_with(f"{OLDEST}.0")

    def command(*arguments: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        return copier(*arguments, cwd=cwd, python=python)

    assert re.search(rf"\b{re.escape(OLDEST)}\.0\b", command("--version", cwd=ROOT).stdout)
    return command


@pytest.mark.parametrize("platform", PLATFORMS)
def test_oldest_makes_the_same_project(
    template: Path, rendered: Callable[[str], Path], oldest, tmp_path: Path, platform: str
) -> None:
    """Byte for byte: one platform, not three; no question stays open."""
    target = tmp_path / "project"
    data = ("--defaults", "--quiet", f"--data=platform={platform}")
    result = oldest("copy", *data, template, target, cwd=tmp_path)
    assert result.returncode == 0, result.stdout
    assert contents_of(target) == contents_of(rendered(platform))


def test_oldest_updates_and_refuses(small_project: Path, origin: Path, oldest) -> None:
    """It says what there is, keeps what the owner did, and does not change the platform."""
    append(mapping_of(small_project, "splunk_hec"), "\n\nOURS = 1\n")
    commit(small_project, "Ours")
    append(origin / "template" / "docs" / "updating.md", "\nNew.\n")
    commit(origin, "New", tag="v1.1.0")
    before = contents_of(small_project)
    refused = oldest("update", "--defaults", "--data=platform=elasticsearch", cwd=small_project)
    assert refused.returncode == 1
    assert 'this project was created with "splunk_hec"' in refused.stdout
    assert contents_of(small_project) == before
    assert oldest("check-update", "--quiet", cwd=small_project).returncode == 2
    result = oldest("update", "--defaults", cwd=small_project)
    assert result.returncode == 0, result.stdout
    assert unmerged(small_project) == []
    assert recorded_in(small_project)["_commit"] == "v1.1.0"
    assert "New." in (small_project / "docs" / "updating.md").read_text(encoding="utf-8")
    assert "OURS = 1" in mapping_of(small_project, "splunk_hec").read_text(encoding="utf-8")
    assert oldest("check-update", "--quiet", cwd=small_project).returncode == 0
