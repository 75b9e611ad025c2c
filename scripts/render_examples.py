"""Render examples/ anew with the answers recorded there: `python -m scripts.render_examples`."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml

from scripts.rendering import PLATFORMS, ROOT, copy_template, hide_origin, render

EXAMPLES = {platform.replace("_", "-"): platform for platform in PLATFORMS}


def answers_of(name: str) -> dict[str, Any]:
    """Return the answers on record in an example; of a new one, those it is to have."""
    recorded = ROOT / "examples" / name / ".copier-answers.yml"
    if recorded.exists():
        answers = yaml.safe_load(recorded.read_text(encoding="utf-8"))
        return {key: value for key, value in answers.items() if not key.startswith("_")}
    return {
        "platform": EXAMPLES[name],
        "distribution_name": f"acme-{name}",
        "user_name": "Acme Ltd",
        "user_email": "logging@acme.example",
        "copyright_year": 2026,
    }


def render_example(name: str, template: Path, target: Path) -> Path:
    """Render one example to `target`, which must not exist, and return it."""
    answers = answers_of(name)
    answers.pop("created_for", None)
    render(template, target, **answers)
    hide_origin(target)
    return target


def main() -> None:
    """Replace every example by a fresh rendering."""
    with tempfile.TemporaryDirectory() as scratch:
        template = copy_template(Path(scratch, "template"))
        for name in EXAMPLES:
            fresh = render_example(name, template, Path(scratch, name))
            shutil.rmtree(ROOT / "examples" / name, ignore_errors=True)
            shutil.copytree(fresh, ROOT / "examples" / name)
            print(f"examples/{name}")


if __name__ == "__main__":
    main()
