"""Draw docs/pictures/*.svg, boxes and arrows: `make reference`; a test compares."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from scripts.rendering import ROOT

FOLDER = ROOT / "docs" / "pictures"
LINE = 17
BLUE, GREEN, RED, GREY = "#e3eefc", "#e2f5e6", "#fdeaea", "#f1f3f5"


@dataclass(frozen=True)
class Box:
    """A rectangle with lines of text; the first line is bold."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    fill: str = BLUE

    def svg(self) -> str:
        """Return the element."""
        top = self.y + self.height / 2 - (len(self.lines) - 1) * LINE / 2 + 5
        texts = "".join(
            f'<text x="{self.x + self.width / 2:g}" y="{top + number * LINE:g}"'
            f"{' font-weight=' + chr(34) + 'bold' + chr(34) if number == 0 else ''}>{escape(line)}</text>\n"
            for number, line in enumerate(self.lines)
        )
        return (
            f'<rect x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="6" '
            f'fill="{self.fill}" stroke="#33475b"/>\n{texts}'
        )


@dataclass(frozen=True)
class Arrow:
    """A line with a head, and a word beside its middle."""

    start: tuple[int, int]
    end: tuple[int, int]
    word: str = ""

    def svg(self) -> str:
        """Return the element."""
        (x1, y1), (x2, y2) = self.start, self.end
        label = (
            f'<text x="{(x1 + x2) / 2 + (6 if x1 == x2 else 0):g}" y="{(y1 + y2) / 2 - (0 if x1 == x2 else 6):g}" '
            f'font-size="12"{" text-anchor=" + chr(34) + "start" + chr(34) if x1 == x2 else ""}>'
            f"{escape(self.word)}</text>\n"
        )
        line = f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#33475b" marker-end="url(#head)"/>\n'
        return line + (label if self.word else "")


def drawing(title: str, width: int, height: int, parts: list[Box | Arrow]) -> str:
    """Return a whole SVG."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="14" text-anchor="middle">\n'
        f"<title>{escape(title)}</title>\n"
        '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" '
        'orient="auto"><path d="M0 0L10 5L0 10z" fill="#33475b"/></marker></defs>\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
        + "".join(part.svg() for part in parts)
        + "</svg>\n"
    )


def architecture() -> str:
    """Return what is made of what."""
    parts: list[Box | Arrow] = [
        Box(20, 30, 170, 80, ("This template", "questions, code,", "tests"), GREY),
        Arrow((190, 56), (290, 56), "copier copy"),
        Arrow((190, 90), (290, 90), "copier update"),
        Box(290, 20, 400, 200, (), "#ffffff"),
        Box(
            310,
            60,
            170,
            140,
            ("The platform", "config, mapping: yours", "encoder, request,", "response, sink"),
            GREEN,
        ),
        Box(
            500,
            60,
            170,
            140,
            ("The engine", "_delivery/", "buffer, batches,", "retries, spool, books"),
            BLUE,
        ),
        Box(430, 30, 120, 22, ("Your package",), "#ffffff"),
        Box(290, 270, 180, 60, ("Your application", "logs through fapilog"), GREY),
        Arrow((380, 270), (380, 220), "write, write_serialized"),
        Box(770, 80, 150, 90, ("The target", "Splunk, Elastic,", "OpenSearch, SIEM"), GREY),
        Arrow((690, 110), (770, 110), "requests"),
        Arrow((770, 150), (690, 150), "answers"),
        Box(560, 270, 180, 60, ("stats()", "for your metrics"), GREY),
        Arrow((650, 220), (650, 270)),
    ]
    return drawing("The template, a package made by it, and what it talks to", 940, 350, parts)


def life() -> str:
    """Return what happens to an event."""
    parts: list[Box | Arrow] = [
        Box(20, 30, 130, 60, ("write()", "on fapilog's side"), GREY),
        Arrow((150, 60), (200, 60)),
        Box(200, 30, 120, 60, ("Encode", "at once"), GREEN),
        Arrow((320, 60), (370, 60)),
        Box(370, 30, 140, 60, ("Buffer", "memory or disk"), BLUE),
        Arrow((510, 60), (560, 60)),
        Box(560, 30, 140, 60, ("Batch, request", "sender thread"), BLUE),
        Arrow((700, 60), (760, 60)),
        Box(760, 30, 130, 60, ("The target", "answers"), GREY),
        Box(
            195,
            140,
            300,
            60,
            ("refused: write returns False", "cannot be encoded, or buffer full"),
            RED,
        ),
        Arrow((260, 90), (260, 140)),
        Arrow((440, 90), (440, 140)),
        Arrow((825, 90), (825, 140)),
        Box(760, 140, 130, 60, ("Judge", "each event"), GREEN),
        Arrow((640, 170), (640, 90), "again: retry, hold, halve"),
        Arrow((760, 170), (641, 170)),
        Arrow((825, 200), (825, 250)),
        Box(700, 250, 190, 50, ("delivered",), "#d3f0d9"),
        Arrow((760, 190), (600, 250)),
        Box(480, 250, 190, 50, ("dead-lettered", "rejected or too old"), RED),
        Arrow((760, 182), (390, 250)),
        Box(260, 250, 190, 50, ("dropped, counted", "by reason"), RED),
    ]
    return drawing("One event, from write to its one outcome", 910, 320, parts)


def made() -> dict[Path, str]:
    """Return path -> text of all pictures."""
    return {
        FOLDER / "architecture.svg": architecture(),
        FOLDER / "life-of-an-event.svg": life(),
    }


def main() -> None:
    """Write the files."""
    for path, text in made().items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
