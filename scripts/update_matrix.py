"""Print, for each recorded release and platform, whether an update to the working tree is right.

Run as `python -m scripts.update_matrix`. Needs git and the history of this repository, no network.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from scripts.rendering import PLATFORMS
from scripts.running import contents_of
from scripts.updating import (
    ANSWERS,
    RECORDED,
    WORKING_TREE,
    begin,
    clone_with_releases,
    commit,
    copier,
    generate,
    unmerged,
    update,
)

_SEEDED = "CHANGELOG.md"


def _compared(project: Path) -> dict[str, bytes]:
    """Return the files that an update has to bring to the state of a new project."""
    found = contents_of(project)
    return {name: found[name] for name in found if name not in {ANSWERS, _SEEDED}}


def _update(project: Path, fresh: Path) -> bool:
    update(project)
    return not unmerged(project) and _compared(project) == _compared(fresh)


def _again(project: Path, fresh: Path) -> bool:
    commit(project, "Updated")
    update(project)
    return _compared(project) == _compared(fresh)


def _check(project: Path, _: Path) -> bool:
    return copier("check-update", "--quiet", cwd=project).returncode == 0


SCENARIOS: dict[str, Callable[[Path, Path], bool]] = {
    "update": _update,
    "update again": _again,
    "check-update": _check,
}


def main() -> int:
    """Print one line for each case; return 1 if one of them is wrong."""
    wrong = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        template = clone_with_releases(folder / "template")
        for platform in PLATFORMS:
            fresh = generate(template, folder / platform, platform=platform, ref=WORKING_TREE)
            for release in RECORDED:
                target = folder / f"{release.version}-{platform}"
                project = begin(generate(template, target, platform=platform, ref=release.tag))
                for scenario, right in SCENARIOS.items():
                    began = time.monotonic()
                    good = right(project, fresh)
                    wrong += not good
                    seconds = time.monotonic() - began
                    print(
                        f"{release.version:8} {platform:14} {scenario:13}"
                        f" {'ok' if good else 'WRONG':6} {seconds:5.1f} s",
                        flush=True,
                    )
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
