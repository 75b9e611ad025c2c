"""Record the demonstration as docs/pictures/demo.svg: `python -m scripts.demo_picture`.

Runs `demo/run.py` as it is and writes what it printed, line by line, as text on a dark ground.
"""

from __future__ import annotations

import subprocess
import sys
from html import escape

from scripts.rendering import ROOT

PICTURE = ROOT / "docs" / "pictures" / "demo.svg"
COLUMN, LINE, MARGIN = 8.43, 18, 16


def picture(lines: list[str]) -> str:
    """Return these lines as an SVG."""
    width = max(map(len, lines)) * COLUMN + 2 * MARGIN
    height = (len(lines) + 0.5) * LINE + 2 * MARGIN
    texts = "".join(
        f'<text x="{MARGIN}" y="{MARGIN + (number + 1) * LINE}">{escape(line)}</text>\n'
        for number, line in enumerate(lines)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" '
        'font-size="14" fill="#d7dde4" xml:space="preserve">\n'
        "<title>What make demo prints</title>\n"
        f'<rect width="100%" height="100%" rx="8" fill="#1d2530"/>\n{texts}</svg>\n'
    )


def main() -> int:
    """Run the demonstration, write the picture when it succeeded, and return its exit status."""
    command = [sys.executable, str(ROOT / "demo" / "run.py")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if result.returncode == 0:
        lines = ["$ make demo", *result.stdout.rstrip().splitlines()]
        PICTURE.write_text(picture(lines), encoding="utf-8")
    else:
        print(result.stdout, result.stderr)
    return result.returncode


if __name__ == "__main__":
    raise SystemExit(main())
