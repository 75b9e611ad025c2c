"""The host's defects: there where docs/upstream/ says so, and noticed when they go."""

import ast
import re
import shutil
import sys
import sysconfig
import venv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.environments import HOSTS, pins
from scripts.process_ends import python_with
from scripts.rendering import ROOT
from tests.helpers import run

UPSTREAM = ROOT / "docs" / "upstream"
SCRIPTS = sorted(UPSTREAM.glob("[0-9]*.py"))
FIXED_HOST = ROOT / "tests" / "fixed_host" / "sitecustomize.py"
PINNED = pins()["fapilog"]
ROW = re.compile(
    r"(?m)^\| \[(?P<number>\d+)\]\((?P<script>\S+)\) \| (?P<defect>.+) \| (?P<seen>.+)"
    r" \| (?P<workaround>.+) \| \[`(?P<test>\w+)`\]\((?P<file>\S+)\) \|$"
)


def release(version: str) -> list[int]:
    """Return a version's numbers, to compare it with another."""
    return [int(number) for number in version.split(".")]


@dataclass(frozen=True)
class Defect:
    """What a script says of itself."""

    script: Path
    title: str
    seen: str
    """Versions, and behind them the one that has fixed it."""

    def is_fixed_in(self, host: str) -> bool:
        """Whether the script knows that this version has fixed it."""
        fixed = re.search(r"Fixed in ([\d.]+\d)", self.seen)
        return fixed is not None and release(host) >= release(fixed[1])

    def is_recorded_on(self, host: str) -> bool:
        """Whether the script names this version."""
        return host in re.findall(r"[\d.]+\d", self.seen)


def defect_of(script: Path) -> Defect:
    """Read the docstring of a script."""
    docstring = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or ""
    title, *_, last = docstring.split("\n\n")
    return Defect(script, title, " ".join(last.split())[len("Seen on fapilog ") : -1])


def rows() -> dict[str, re.Match[str]]:
    """Return the rows of the index by the name of their script."""
    text = (UPSTREAM / "README.md").read_text(encoding="utf-8")
    return {match["script"]: match for match in ROW.finditer(text)}


def problem(defect: Defect, host: str, python: Path | str) -> str:
    """Run a script, and return how it contradicts the index about this host; empty: it does not."""
    result = run(python, defect.script, cwd=UPSTREAM, timeout=30)
    name = f"docs/upstream/{defect.script.name}"
    said = re.findall(r"(?m)^(fapilog|expected:|seen:)", result.stdout)
    if result.returncode not in (0, 1) or sorted(set(said)) != ["expected:", "fapilog", "seen:"]:
        return f"{name} cannot tell (exit code {result.returncode}):\n{result.stdout}"
    if result.returncode == 1 and not defect.is_fixed_in(host):
        return (
            f'fapilog {host} no longer has the defect "{defect.title}"\n{result.stdout}'
            f"The workaround can go when {host} is the lowest supported version. It is:"
            f" {rows()[defect.script.name]['workaround']}\n"
            f"Until then write `Fixed in {host}.` into {name} and its row of the index"
        )
    if result.returncode == 0 and not defect.is_recorded_on(host):
        return f"{name} shows its defect on fapilog {host} too: add that to it and to its row"
    return ""


def names(scripts: list[Path]) -> list[str]:
    """Return the numbers, for the ids of tests."""
    return [script.name[:2] for script in scripts]


each_script = pytest.mark.parametrize("script", SCRIPTS, ids=names(SCRIPTS))


@pytest.fixture(scope="module")
def fixed_host(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of an environment whose fapilog has none of the defects."""
    folder = tmp_path_factory.mktemp("fixed_host")
    venv.create(folder, with_pip=False)
    (packages,) = folder.rglob("site-packages")
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    shutil.copy(FIXED_HOST, packages)
    return folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def test_the_index_lists_each_script() -> None:
    """A row for each script, with what the script says of itself."""
    found = {name: (row["number"], row["defect"], row["seen"]) for name, row in rows().items()}
    defects = [defect_of(script) for script in SCRIPTS]
    assert len(defects) >= 10
    assert found == {d.script.name: (d.script.name[:2], d.title, d.seen) for d in defects}


def test_the_index_names_tests_that_exist() -> None:
    """Who wants to remove a workaround finds the test that would fail."""
    missing = [
        row["test"]
        for row in rows().values()
        if f"def {row['test']}(" not in (UPSTREAM / row["file"]).read_text(encoding="utf-8")
    ]
    assert missing == []


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit('crashed')", "cannot tell (exit code 1)"),
        ("import no_such_module", "cannot tell (exit code 1)"),
        ("print('fapilog 1\\nexpected: 1\\nseen: 0'); raise SystemExit(2)", "cannot tell"),
        ("print('fapilog 1\\nexpected: 1\\nseen: 0')", "on fapilog 9.0 too"),
    ],
)
def test_the_judge_is_strict(tmp_path: Path, code: str, said: str) -> None:
    """A script that crashes has not found anything fixed, and what is not recorded is said."""
    script = tmp_path / "broken.py"
    script.write_text(code, encoding="utf-8")
    assert said in problem(Defect(script, "A defect.", "0.11.0."), "9.0", sys.executable)


@pytest.mark.nightly
@each_script
def test_the_pinned_host_is_as_described(script: Path) -> None:
    """Red when the host has fixed something: then a workaround can go, in time."""
    assert problem(defect_of(script), PINNED, sys.executable) == ""


@pytest.mark.nightly
@pytest.mark.xdist_group("hosts")
@pytest.mark.parametrize("host", HOSTS)
@each_script
def test_every_host_is_as_described(script: Path, host: str) -> None:
    """What the index says of each version; the lowest is what a workaround is kept for."""
    assert problem(defect_of(script), host, python_with(host)) == ""


@pytest.mark.nightly
@each_script
def test_a_repair_is_noticed(script: Path, fixed_host: Path) -> None:
    """On a host without the defect the script says so, and the text names what can go."""
    defect = defect_of(script)
    found = problem(defect, PINNED, fixed_host)
    if defect.is_fixed_in(PINNED):
        assert found == ""
    else:
        assert found.startswith(f'fapilog {PINNED} no longer has the defect "{defect.title}"')
        assert "It is: [`" in found


OWNERS_TESTS = ("tests/conformance", "tests/delivery/test_host.py", "tests/delivery/test_event.py")
ASKS_FOR_A_DEFECT = """
import asyncio
from fapilog import get_logger

class Sink:
    name = "sink"
    stops = 0
    async def stop(self):
        Sink.stops += 1
    async def write(self, entry):
        pass

def test_stop_is_not_called():
    logger = get_logger("sink", sinks=[Sink()], reuse=False)
    logger.info("an event")
    asyncio.run(logger.stop_and_drain())
    assert Sink.stops == 0
"""


@pytest.mark.nightly
@pytest.mark.xdist_group("owners")  # one at a time: each runs three programs at once
@pytest.mark.timeout(600)
def test_owners_do_not_depend_on_a_defect(
    rendered: Callable[[str], Path], platform: str, fixed_host: Path
) -> None:
    """A project's own tests are green on a host that has fixed all of it, and tell the news."""
    command = ("-m", "pytest", "-p", "no:cacheprovider", *OWNERS_TESTS)
    result = run(fixed_host, *command, cwd=rendered(platform), timeout=600)
    assert result.returncode == 0, result.stdout[-6_000:]
    assert f"notice: fapilog {PINNED} delivers every event of: A script that just" in result.stdout


@pytest.mark.nightly
def test_a_test_that_asks_for_a_defect_is_red(tmp_path: Path, fixed_host: Path) -> None:
    """Otherwise the test above would prove nothing: a project's run has the repaired host."""
    (tmp_path / "test_defect.py").write_text(ASKS_FOR_A_DEFECT, encoding="utf-8")
    command = ("-m", "pytest", "-p", "no:cacheprovider")
    assert "1 passed" in run(sys.executable, *command, cwd=tmp_path).stdout
    assert "assert 1 == 0" in run(fixed_host, *command, cwd=tmp_path).stdout
