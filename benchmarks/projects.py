"""Render the three projects that are measured: `python -m benchmarks.projects <folder>`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from scripts.rendering import PLATFORMS, copy_template, render


def render_projects(folder: Path) -> list[Path]:
    """Render each platform anew below `folder`, and return their `src` folders."""
    shutil.rmtree(folder, ignore_errors=True)
    template = copy_template(folder / "template")
    return [
        render(template, folder / platform, platform=platform) / "src" for platform in PLATFORMS
    ]


if __name__ == "__main__":
    render_projects(Path(sys.argv[1]))
