"""What mkdocs asks while it builds: pages of the examples, navigation, links that lead out.

The pages of the generated projects are shown from examples/ as they stand there; nothing is copied
by hand. The navigation follows the folders, so that a new page appears without a list to keep.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]

SECTIONS = {
    "How-to": "how-to",
    "Explanation": "explanation",
    "Reference": "reference",
    "Platforms": "platforms",
    "Benchmarks": "benchmarks",
    "Migration": "migration",
    "Upstream": "upstream",
    "Decisions": "decisions",
    "Contributing": "contributing",
}
"""Title of a tab -> folder; a folder without pages gets none, one not named here is its own tab."""
TOP = {"index.md": "Start", "tutorial.md": "Tutorial"}
"""Page that is a tab of its own -> a title that is short enough for all tabs to fit."""
PLATFORM_TITLES = {
    "splunk-hec": "Splunk",
    "elasticsearch": "Elasticsearch and OpenSearch",
    "syslog-cef": "Syslog and SIEM",
}
FIRST = ("index.md", "README.md", "splunk_hec.md", "elasticsearch.md", "syslog_cef.md")
"""Pages that stand before the others of their folder, which are sorted by name."""
REPOSITORY_PAGES = ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_CODE = re.compile(r"(^(```|~~~).*?^\2)", re.DOTALL | re.MULTILINE)


def sources() -> dict[str, Path]:
    """Return site path -> file in the repository, of pages outside docs/."""
    found = {f"contributing/{name}": ROOT / name for name in REPOSITORY_PAGES}
    for example in PLATFORM_TITLES:
        folder = ROOT / "examples" / example
        found[f"platforms/{example}/index.md"] = folder / "README.md"
        for page in sorted((folder / "docs").glob("**/*.md")):
            name = page.relative_to(folder / "docs").as_posix()
            found[f"platforms/{example}/{name}"] = page
        for page in sorted((folder / "deploy").glob("**/*.md")):
            name = page.relative_to(folder).as_posix()
            found[f"platforms/{example}/{name}"] = page
    return {name: path for name, path in found.items() if path.is_file()}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are not in docs/."""
    for name, path in sources().items():
        files.append(File.generated(config, name, content=path.read_text(encoding="utf-8")))
    config.nav = navigation([file.src_uri for file in files.documentation_pages()])
    return files


def navigation(pages: list[str]) -> list[Any]:
    """Return the navigation for these pages: top pages, then a tab for each folder."""
    nav: list[Any] = [{title: name} for name, title in TOP.items() if name in pages]
    others = sorted(page for page in pages if "/" not in page and page not in TOP)
    folders = {page.partition("/")[0] for page in pages if "/" in page}
    for title, folder in SECTIONS.items():
        if folder in folders:
            nav.append({title: _section([page for page in pages if page.startswith(f"{folder}/")])})
    for folder in sorted(folders - set(SECTIONS.values())):
        inside = [page for page in pages if page.startswith(f"{folder}/")]
        nav.append({folder.replace("-", " ").capitalize(): _section(inside)})
    return nav + others


def _section(pages: list[str], depth: int = 1) -> list[Any]:
    here = [page for page in pages if page.count("/") == depth]
    nav: list[Any] = sorted(here, key=_order)
    names = {page.split("/")[depth] for page in pages if page.count("/") > depth}
    known = list(PLATFORM_TITLES)
    for name in sorted(names, key=lambda each: (known.index(each) if each in known else 99, each)):
        inside = [page for page in pages if page.split("/")[depth] == name]
        title = PLATFORM_TITLES.get(name, name.replace("-", " ").capitalize())
        nav.append({title: _section(inside, depth + 1)})
    return nav


def _order(page: str) -> tuple[int, str]:
    name = posixpath.basename(page)
    return (FIRST.index(name) if name in FIRST else len(FIRST), name)


def on_page_markdown(markdown: str, page: Any, files: Files, **_: Any) -> str:
    """Let links lead to pages of the site; one to a file that the site has not becomes its name."""
    source = sources().get(page.file.src_uri, ROOT / "docs" / page.file.src_uri)
    targets = {path: name for name, path in sources().items()}

    def replaced(match: re.Match[str]) -> str:
        text, link = match.groups()
        path, _, anchor = link.partition("#")
        if not path or ":" in path:
            return match[0]
        target = (source.parent / path).resolve()
        inside = targets.get(target) or _in_docs(target, files)
        if inside is None:
            folder = target.is_dir() and (targets.get(target / "README.md"))
            if not folder:
                return (
                    f"{text} (`{target.relative_to(ROOT).as_posix()}`)"
                    if target.exists()
                    else match[0]
                )
            inside = folder
        start = posixpath.dirname(page.file.src_uri) or "."
        return f"[{text}]({posixpath.relpath(inside, start)}{'#' + anchor if anchor else ''})"

    parts = _CODE.split(markdown)
    # Every third part is a block, and the one after it the fence that the expression remembers.
    return "".join(
        _LINK.sub(replaced, part) if number % 3 == 0 else part if number % 3 == 1 else ""
        for number, part in enumerate(parts)
    )


def _in_docs(target: Path, files: Files) -> str | None:
    docs = ROOT / "docs"
    if not target.is_relative_to(docs):
        return None
    name = target.relative_to(docs).as_posix()
    return name if files.get_file_from_path(name) else None
