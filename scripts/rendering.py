"""Rendering the template from the working tree, committed or not, without git and without trust."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from copier import run_copy

ROOT = Path(__file__).parents[1]

PLATFORMS = ("splunk_hec", "elasticsearch", "syslog_cef")

TEMPLATE_PARTS = ("template", "includes")
_LEFT_BEHIND = shutil.ignore_patterns("__pycache__", "*.py[co]", ".*_cache", ".venv", ".hypothesis")


def copy_template(target: Path) -> Path:
    """Copy what Copier reads to `target`, which must not exist, and return it.

    A copy without `.git` renders the files as they are now, and cannot change while tests run.
    """
    target.mkdir(parents=True)
    shutil.copy(ROOT / "copier.yml", target)
    for part in TEMPLATE_PARTS:
        shutil.copytree(ROOT / part, target / part, ignore=_LEFT_BEHIND)
    return target


def render(template: Path, target: Path, **answers: Any) -> Path:
    """Render `template` to `target` with `answers` and defaults, and return `target`.

    Raises:
        ValueError: a question refused its answer.
        copier.errors.UnsafeTemplateError: the template wants to run something.
    """
    run_copy(str(template), target, data=answers, defaults=True, unsafe=False, quiet=True)
    return target


def hide_origin(project: Path) -> None:
    """Replace where the template came from, which differs between machines, in the answers file."""
    answers = project / ".copier-answers.yml"
    text = re.sub(r"(?m)^_commit: .*\n", "", answers.read_text(encoding="utf-8"))
    text = re.sub(r"(?m)^_src_path: .*$", "_src_path: path-or-url-of-the-template", text)
    answers.write_text(text, encoding="utf-8")
