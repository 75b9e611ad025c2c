"""The documentation: the site builds, generated pages are current, code blocks and links work."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import pictures, site_reference, sizing
from scripts.rendering import PLATFORMS, ROOT
from scripts.site_hooks import navigation
from tests.helpers import run

pytestmark = pytest.mark.xdist_group("docs")

FENCE = re.compile(r"(?ms)^( *)```(\w*)[^\n]*\n(.*?)^\1```\s*$")
NOT_CHECKED = {
    "": "no language: plain text",
    "text": "output, or bytes on the wire",
    "dockerfile": "needs an engine of containers",
    "diff": "the steps of add-a-platform.md, which test_add_a_platform.py applies",
    "markdown": "the page that add-a-platform.md writes",
    "esql": "a query for a cluster with data",
    "kusto": "a query for Sentinel, which is a service",
    "sql": "a query for QRadar, which is a product",
}
"""Language of a block that no check is for -> why."""
PLACEHOLDER = re.compile(r"\{\{ (\w+)[ |\w]*\}\}")  # in what a page adds to the template
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
MINIMUM_BLOCKS = 50


def pages_of_the_repository() -> list[Path]:
    """Return the Markdown that is read as it stands."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def pages_of(project: Path) -> list[Path]:
    """Return the Markdown of a rendered project."""
    folders = [project / "docs", project / "deploy"]
    return [project / "README.md", *sorted(page for each in folders for page in each.rglob("*.md"))]


def blocks_of(page: Path) -> list[tuple[str, str]]:
    """Return language and text of each block of code."""
    text = page.read_text(encoding="utf-8")
    return [
        (language, re.sub(rf"(?m)^{indent}", "", code))
        for indent, language, code in FENCE.findall(text)
    ]


def parse_python(code: str) -> None:
    """Compile it; `await` may stand at the top, as in a notebook."""
    compile(code, "block", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)


def parse_shell(code: str) -> None:
    """Let bash read it without running it."""
    checked = subprocess.run(
        ["bash", "-n"], input=code, text=True, capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def parse_console(code: str) -> None:
    """Take the lines after a prompt, with what a backslash continues, as shell."""
    commands = [line[2:] for line in re.findall(r"(?m)^\$ (?:.*\\\n)*.*$", code)]
    readable = [re.sub(r"<[\w ]+>", "NAME", line) for line in commands or [code]]
    parse_shell("\n".join(readable))


def parse_rsyslog(code: str, folder: Path) -> None:
    """Ask rsyslog whether the configuration is valid, where there is an rsyslog with RELP."""
    if not (shutil.which("rsyslogd") and list(Path("/usr/lib").glob("*/rsyslog/omrelp.so"))):
        return
    file = folder / "block.conf"
    file.write_text(code.replace("/var/spool/rsyslog", str(folder)), encoding="utf-8")
    result = run("rsyslogd", "-N1", "-f", file, cwd=folder)
    assert result.returncode == 0, result.stdout


def parse_ini(code: str) -> None:
    """Read sections and keys."""
    ConfigParser(strict=False, interpolation=None, allow_no_value=True).read_string(code)


PARSERS: dict[str, Callable[[str], Any]] = {
    "python": parse_python,
    "sh": parse_shell,
    "bash": parse_shell,
    "console": parse_console,
    "json": json.loads,
    "yaml": lambda code: list(yaml.safe_load_all(code)),
    "ini": parse_ini,
}


def check_blocks(pages: list[Path], folder: Path) -> Counter[str]:
    """Parse every block of these pages, and return how many of which language."""
    seen: Counter[str] = Counter()
    for page in pages:
        for language, code in blocks_of(page):
            seen[language] += 1
            code = PLACEHOLDER.sub(r"\1", code)
            if language == "rsyslog":
                parse_rsyslog(code, folder)
            elif language not in NOT_CHECKED:
                assert language in PARSERS, f"{page}: nobody checks a block of {language}"
                try:
                    PARSERS[language](code)
                except Exception as error:
                    pytest.fail(f"{page}: {error}\n{code}")
    return seen


def test_blocks_of_the_repository(tmp_path: Path) -> None:
    """Every code block of the README and of docs/ is what it says it is."""
    seen = check_blocks(pages_of_the_repository(), tmp_path)
    print(dict(seen))
    assert seen.total() >= MINIMUM_BLOCKS
    assert seen["rsyslog"]


def test_blocks_of_a_project(
    rendered: Callable[[str], Path], platform: str, tmp_path: Path
) -> None:
    """Every code block of a generated project is what it says it is."""
    seen = check_blocks(pages_of(rendered(platform)), tmp_path)
    print(platform, dict(seen))
    assert seen["python"]
    assert seen["sh"]


def test_the_tutorial_works(rendered: Callable[[str], Path], tmp_path: Path) -> None:
    """The tutorial's receiver and its application, as they are printed, bring an event across."""
    blocks = [
        code for language, code in blocks_of(ROOT / "docs/tutorial.md") if language == "python"
    ]
    receiver, application = (code.replace("8088", "0") for code in blocks)
    receiver = receiver.replace(
        'HTTPServer(("127.0.0.1", 0), Collector).serve_forever()',
        'server = HTTPServer(("127.0.0.1", 0), Collector)\n'
        "    print(server.server_port, flush=True)\n"
        "    server.serve_forever()",
    )
    project = rendered("splunk_hec")
    (package,) = [path.name for path in (project / "src").iterdir() if path.is_dir()]
    quiet = {**os.environ, "PYTHONPATH": str(project / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
    server = subprocess.Popen(
        [sys.executable, "-c", receiver],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    try:
        port = server.stdout.readline().strip()
        code = application.replace("127.0.0.1:0", f"127.0.0.1:{port}").replace(
            "acme_splunk", package
        )
        # The project is not installed here: register its sink as an installation would.
        code = f"import fapilog.plugins.sinks, {package}.plugin as plugin\n" + _registered(code)
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=quiet,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        assert '"order accepted"' in server.stdout.readline()
        prefix = f"FAPILOG_SINK_CONFIG__EXTRA__{package.upper()}"
        checked = subprocess.run(
            [sys.executable, "-m", package, "check"],
            env={**quiet, f"{prefix}__URL": f"http://127.0.0.1:{port}", f"{prefix}__TOKEN": "any"},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert checked.returncode == 0, checked.stdout
        said = re.findall(r"(?m)^(ok|skipped|warning|FAILED) +(\w+)", checked.stdout)
        assert {name for state, name in said if state != "ok"} == {"TLS"}
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


def _registered(code: str) -> str:
    register = (
        "from fapilog.plugins import loader\n"
        "loader.register_builtin('fapilog.sinks', plugin.PLUGIN_METADATA['name'],"
        " getattr(plugin, plugin.PLUGIN_METADATA['entry_point'].split(':')[1]))\n"
    )
    return register + code


@pytest.mark.parametrize("module", [site_reference, pictures], ids=["reference", "pictures"])
def test_generated_pages_are_current(module: Any) -> None:
    """What is made from code is what the code says; `make reference` makes it so again."""
    newer = sys.version_info >= (3, 13)  # argparse writes its help differently
    stale = [
        path.name
        for path, text in module.made().items()
        if path.read_text(encoding="utf-8") != text
        and not (newer and path.name == "command-line.md")
    ]
    assert stale == []


def test_sizes_are_measured() -> None:
    """The table of sizes is what the encoders of the examples produce."""
    assert sizing.PAGE.read_text(encoding="utf-8") == sizing.made()


def test_the_site_builds(tmp_path: Path) -> None:
    """The strict build accepts every link and every anchor, and shows each page of the examples."""
    result = run(
        sys.executable,
        "-m",
        "mkdocs",
        "build",
        "--quiet",
        "--site-dir",
        tmp_path / "site",
        cwd=ROOT,
    )
    assert result.returncode == 0, result.stdout[-4_000:]
    pages = {
        path.relative_to(tmp_path / "site").as_posix()
        for path in (tmp_path / "site").rglob("*.html")
    }
    print(len(pages), "pages")
    for platform in PLATFORMS:
        folder = platform.replace("_", "-")
        assert f"platforms/{folder}/{platform}.html" in pages
    html = "".join((tmp_path / "site" / page).read_text(encoding="utf-8") for page in pages)
    assert re.findall(r'(?:<script|<img)[^>]+src="(https?://[^"]+)', html) == []
    assert re.findall(r'<link[^>]+rel="stylesheet"[^>]+href="(https?://[^"]+)', html) == []


def test_a_new_page_appears_in_the_navigation() -> None:
    """A page in a folder that nobody listed is found, behind the known ones."""
    nav = navigation(
        ["index.md", "how-to/a.md", "new-folder/b.md", "platforms/splunk-hec/index.md"]
    )
    assert nav == [
        "index.md",
        {"How-to": ["how-to/a.md"]},
        {"Platforms": [{"Splunk": ["platforms/splunk-hec/index.md"]}]},
        {"New folder": ["new-folder/b.md"]},
    ]


def test_links_in_the_repository_lead_somewhere() -> None:
    """A relative link of a page is a file or a folder that exists."""
    broken = []
    pages = [*pages_of_the_repository(), *sorted((ROOT / "examples").rglob("*.md"))]
    for page in pages:
        text = FENCE.sub("", page.read_text(encoding="utf-8"))
        for link in LINK.findall(re.sub(r"`[^`\n]*`", "", text)):
            path = link.partition("#")[0]
            if path and ":" not in path and not (page.parent / path).exists():
                broken.append(f"{page.relative_to(ROOT)}: {link}")
    assert broken == []


def test_the_readme_is_short() -> None:
    """Somebody who looks in for the first time reads it to the end."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 120
