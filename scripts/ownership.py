"""Write `template/tools/ownership.json.jinja`: who owns which file of a generated project.

`make reference` runs it; a test fails when the manifest is not what the files say. Each file says
in its first lines whose it is: "Template-owned", "Yours" or "Seeded"; what has no place for a
comment is listed below. The manifest holds the SHA-256 of template-owned files; Copier takes it
while it renders of those that hold names of the project.
"""

from __future__ import annotations

import hashlib
import re
import tempfile
from pathlib import Path

from scripts.rendering import PLATFORMS, ROOT, copy_template

MANIFEST = ROOT / "template" / "tools" / "ownership.json.jinja"
ANSWERS = "{{ _copier_conf.answers_file }}"
TEMPLATE, YOURS, SEEDED = "template_owned", "yours", "seeded"
CLASSES = {"Template-owned": TEMPLATE, "Yours": YOURS, "Seeded": SEEDED}
HEADER = re.compile(r"(?m)^(?:#|<!--) (Template-owned|Yours|Seeded)\b")
HEADER_LINES = 15

# Files without a place for a comment.
WITHOUT_HEADER = {
    ANSWERS: TEMPLATE,
    "LICENSE": YOURS,
    "src/{{ package_name }}/py.typed": TEMPLATE,
    "tools/ownership.json": TEMPLATE,
}
# No hash of these: the first differs between projects, the second cannot hold its own.
WITHOUT_HASH = {ANSWERS, "tools/ownership.json"}
# In these an update may bring a file of any name.
TEMPLATE_FOLDERS = ["src/{{ package_name }}/_command", "src/{{ package_name }}/_delivery"]


def owner_of(name: str, text: str) -> str:
    """Return the class of a file, from its path in a project and what it says itself.

    Raises:
        ValueError: nobody says whose it is.
    """
    if name in WITHOUT_HEADER:
        return WITHOUT_HEADER[name]
    said = HEADER.search("\n".join(text.splitlines()[:HEADER_LINES]))
    if said:
        return CLASSES[said[1]]
    if name.startswith("deploy/") and name.endswith(".json"):
        return YOURS
    raise ValueError(f"template/{name} says nowhere whose it is: begin as its neighbours do")


def digest(content: bytes) -> str:
    """Return the SHA-256 of a text, which is the same on Windows."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def made() -> dict[Path, str]:
    """Return path -> text of the manifest."""
    with tempfile.TemporaryDirectory() as folder:
        template = copy_template(Path(folder, "copy")) / "template"
        files = {
            path.relative_to(template).as_posix(): path.read_bytes()
            for path in sorted(template.rglob("*"))
            if path.is_file()
        }
    own = MANIFEST.relative_to(ROOT / "template").as_posix()
    return {MANIFEST: _manifest(files | {own: b""})}


def main() -> None:
    """Write the manifest anew."""
    for path, text in made().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _manifest(files: dict[str, bytes]) -> str:
    """Return the manifest's template, of path below template/ -> content."""
    entries: dict[str, dict[str, str]] = {name: {} for name in (SEEDED, TEMPLATE, YOURS)}
    for source, content in sorted(files.items()):
        name = source.removesuffix(".jinja")
        owner = owner_of(name, content.decode("utf-8"))
        value = f": {_value(source, name, content)}" if owner == TEMPLATE else ""
        entries[owner][name] = f'"{name}"{value}'
    folders = _lines({name: f'"{name}"' for name in TEMPLATE_FOLDERS})
    return (
        "{#- Written by `make reference` from the first lines of each file. -#}\n{\n"
        f'  "template_folders": [\n{folders}\n  ],\n'
        f'  "seeded": [\n{_lines(entries[SEEDED])}\n  ],\n'
        f'  "template_owned": {{\n{_lines(entries[TEMPLATE])}\n  }},\n'
        f'  "yours": [\n{_lines(entries[YOURS])}\n  ]\n'
        "}\n"
    )


def _value(source: str, name: str, content: bytes) -> str:
    """Return the hash of a file as JSON, or what makes Copier write it."""
    if name in WITHOUT_HASH:
        return "null"
    if not source.endswith(".jinja"):
        return f'"{digest(content)}"'
    rendered = f"{{% include 'template/{source}' %}}"
    return f"\"{{% filter hash('sha256') %}}{rendered}{{% endfilter %}}\""


def _lines(entries: dict[str, str]) -> str:
    """Return lines of JSON; those of one platform first, since a comma follows on each of them."""
    lines = []
    for platform in PLATFORMS:
        own = [text for name, text in entries.items() if _platform_of(name) == platform]
        if own:
            group = "".join(f"    {text},\n" for text in own)
            lines.append(f"{{%- if platform == '{platform}' %}}\n{group}{{%- endif %}}\n")
    common = [f"    {text}" for name, text in entries.items() if not _platform_of(name)]
    return "".join(lines) + ",\n".join(common)


def _platform_of(name: str) -> str:
    """Return the platform whose projects alone have this file, or ""."""
    parts = [part.partition(".")[0] for part in name.split("/")]
    for platform in PLATFORMS:
        if platform in parts or parts[-1].startswith(f"{platform}_"):
            return platform
    return ""


if __name__ == "__main__":
    main()
