"""The documentation: the site builds, generated pages are current, code blocks and links work."""

import ast
import json
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest
import yaml

from scripts import pictures, site_reference, sizing
from scripts.rendering import PLATFORMS, ROOT, render
from scripts.site_hooks import navigation, on_page_content
from tests.helpers import FENCE, blocks_of, install, run

pytestmark = pytest.mark.xdist_group("docs")

NOT_CHECKED = {
    "": "no language: plain text",
    "text": "output, or bytes on the wire",
    "dockerfile": "needs an engine of containers",
    "rsyslog": "needs an rsyslog with RELP: test_blocks_of_rsyslog",
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
    """Ask rsyslog whether the configuration is valid."""
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


def check_blocks(pages: list[Path]) -> Counter[str]:
    """Parse every block of these pages, and return how many of which language."""
    seen: Counter[str] = Counter()
    for page in pages:
        for language, code in blocks_of(page):
            seen[language] += 1
            code = PLACEHOLDER.sub(r"\1", code)
            if language not in NOT_CHECKED:
                assert language in PARSERS, f"{page}: nobody checks a block of {language}"
                try:
                    PARSERS[language](code)
                except Exception as error:
                    pytest.fail(f"{page}: {error}\n{code}")
    return seen


def test_blocks_of_the_repository() -> None:
    """Every code block of the README and of docs/ is what it says it is."""
    seen = check_blocks(pages_of_the_repository())
    print(dict(seen))
    assert seen.total() >= MINIMUM_BLOCKS


@pytest.mark.skipif(
    not (shutil.which("rsyslogd") and list(Path("/usr/lib").glob("*/rsyslog/omrelp.so"))),
    reason="rsyslog with RELP is not on this machine: its blocks are not checked",
)
def test_blocks_of_rsyslog(tmp_path: Path) -> None:
    """The real rsyslog takes each of its blocks."""
    pages = pages_of_the_repository()
    blocks = [code for page in pages for name, code in blocks_of(page) if name == "rsyslog"]
    for code in blocks:
        parse_rsyslog(code, tmp_path)
    assert blocks


def test_blocks_of_a_project(rendered: Callable[[str], Path], platform: str) -> None:
    """Every code block of a generated project is what it says it is."""
    seen = check_blocks(pages_of(rendered(platform)))
    print(platform, dict(seen))
    assert seen["python"]
    assert seen["sh"]


TUTORIAL = {"splunk_hec": "acme-splunk", "elasticsearch": "acme-elastic", "syslog_cef": "acme-siem"}
"""Platform -> name of the project, in the order of the receivers on the page."""


def tutorial(platform: str) -> tuple[str, str, str]:
    """Return the receiver of a platform, what sets its environment, and the application."""
    page = blocks_of(ROOT / "docs/tutorial.md")
    python = [code for language, code in page if language == "python"]
    settings = [code for language, code in page if language == "sh" and "CORE__SINKS" in code]
    assert (len(python), len(settings)) == (4, 3)
    number = list(TUTORIAL).index(platform)
    return python[number], settings[number], python[3]


@contextmanager
def running_receiver(code: str, port: str) -> Iterator[tuple[IO[str], str]]:
    """Run a receiver of the tutorial on a free port; yield what it prints, and that port."""
    assert port in code
    code = re.sub(
        r"    (\w.*)\.serve_forever\(\)",
        r"    server = \1\n"
        r"    print(server.server_address[1], flush=True)\n"
        r"    server.serve_forever()",
        code.replace(port, "0"),
    )
    server = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert server.stdout
    try:
        yield server.stdout, server.stdout.readline().strip()
    finally:
        server.kill()
        server.wait()
        server.stdout.close()


@pytest.mark.timeout(90)
@pytest.mark.parametrize("platform", TUTORIAL)
def test_the_tutorial_works(template: Path, tmp_path: Path, platform: str) -> None:
    """The tutorial's receiver, settings and application, as printed, bring an event across."""
    project = render(
        template, tmp_path / "project", platform=platform, distribution_name=TUTORIAL[platform]
    )
    environment = {"PYTHONPATH": str(install(project, tmp_path / "installed"))}
    receiver, settings, application = tutorial(platform)
    (port,) = re.findall(r"127\.0\.0\.1:(\d+)", settings)
    with running_receiver(receiver, port) as (printed, free):
        settings = settings.replace(port, free)

        def shell(*command: str) -> str:
            words = shlex.join([sys.executable, *command])
            result = run(
                *("bash", "-e", "-c", f"{settings}\n{words}"), cwd=tmp_path, env=environment
            )
            assert result.returncode == 0, result.stdout
            return result.stdout

        shell("-c", application)
        assert "order accepted" in printed.readline()
        if platform == "elasticsearch":  # the page says that `check` wants a real node
            return
        checked = shell("-m", TUTORIAL[platform].replace("-", "_"), "check")
        said = re.findall(r"(?m)^(ok|skipped|warning|FAILED) +(\w+)", checked)
        assert {name for state, name in said if state != "ok"} == {"TLS"}
        assert "test" in printed.readline()


@pytest.mark.parametrize("module", [site_reference, pictures], ids=["reference", "pictures"])
def test_generated_pages_are_current(module: Any) -> None:
    """What is made from code is what the code says; `make reference` makes it so again."""
    newer = sys.version_info >= (3, 13)  # argparse writes its help differently
    stale = [
        path.name
        for path, text in module.made().items()
        if path.read_text(encoding="utf-8") != text
        and not (newer and path.name.endswith(("command-line.md", "_api.md.jinja")))
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
        "build",  # not --quiet: then the strict mode counts no warnings
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
    upstream = (tmp_path / "site" / "upstream/index.html").read_text(encoding="utf-8")
    assert '<abbr title="examples/splunk-hec/tests/conformance/test_fapilog.py">' in upstream
    html = "".join((tmp_path / "site" / page).read_text(encoding="utf-8") for page in pages)
    assert re.findall(r'(?:<script|<img)[^>]+src="(https?://[^"]+)', html) == []
    assert re.findall(r'<link[^>]+rel="stylesheet"[^>]+href="(https?://[^"]+)', html) == []


def test_a_new_page_appears_in_the_navigation() -> None:
    """A page in a folder that nobody listed is found, behind the known ones."""
    nav = navigation(
        ["index.md", "how-to/a.md", "new-folder/b.md", "platforms/splunk-hec/index.md"]
    )
    assert nav == [
        {"Start": "index.md"},
        {"How-to": ["how-to/a.md"]},
        {"Platforms": [{"Splunk": ["platforms/splunk-hec/index.md"]}]},
        {"New folder": ["new-folder/b.md"]},
    ]


def test_names_in_tables_of_the_site_break() -> None:
    """Behind the first column, at underscores, in what is read; numbers stay whole."""
    name = "test_a_name_that_fills_a_column"
    row = f'<td>{name}</td><td title="{name}"><code>{name}</code></td><td>3 050 of 10 000</td>'
    breakable = name.replace("_", "_<wbr>")
    assert on_page_content(f"<p>{name}</p><tr>{row}</tr>") == (
        f'<p>{name}</p><tr><td>{name}</td><td title="{name}"><code>{breakable}</code></td>'
        "<td>3\u00a0050 of 10\u00a0000</td></tr>"
    )


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
