"""Every file of a project has one owner, and the project's own check notices what breaks that."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts import ownership
from scripts.rendering import PLATFORMS, ROOT, render
from scripts.updating import (
    RECORDED,
    WORKING_TREE,
    begin,
    clone_with_releases,
    commit,
    generate,
    git,
    update,
)
from tests.helpers import blocks_in, contents_of, run

ENGINE = "src/acme_splunk_hec/_delivery/retry.py"
LAYOUT = "tests/test_layout.py"
MAPPING = "src/acme_splunk_hec/splunk_hec/mapping.py"
CONFLICT = "<<<<<<< before updating\nours\n=======\ntheirs\n>>>>>>> after updating\n"


def manifest_of(project: Path) -> dict[str, Any]:
    """Return the rendered manifest."""
    return json.loads((project / "tools" / "ownership.json").read_text(encoding="utf-8"))


def test_manifest_is_current() -> None:
    """The manifest is what the files say; `make reference` makes it so again."""
    for path, text in ownership.made().items():
        assert path.read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    ("platform", "answers"),
    [
        *((platform, {}) for platform in PLATFORMS),
        (
            PLATFORMS[0],
            {"distribution_name": "a", "sink_name": "tests", "class_name": "TemplateSink"},
        ),
    ],
)
def test_every_file_has_one_owner(
    rendered, template: Path, tmp_path: Path, platform: str, answers: dict[str, str]
) -> None:
    """Nothing of a project is missing, twice, or of another project; every hash is right."""
    project = rendered(platform)
    if answers:
        project = render(template, tmp_path / "project", platform=platform, **answers)
    manifest, files = manifest_of(project), contents_of(project)
    owned = manifest["template_owned"]
    assert sorted([*owned, *manifest["yours"], *manifest["seeded"]]) == sorted(files)
    hashes = {path: hashlib.sha256(files[path]).hexdigest() for path in owned}
    unknown = {path for path, digest in owned.items() if digest is None}
    assert unknown == {".copier-answers.yml", "tools/ownership.json"}
    assert {path: owned[path] for path in owned.keys() - unknown} == {
        path: hashes[path] for path in owned.keys() - unknown
    }
    assert all((project / folder).is_dir() for folder in manifest["template_folders"])


def test_files_say_whose_they_are(rendered: Callable[[str], Path], platform: str) -> None:
    """The first lines of each file that can have a comment agree with the manifest."""
    project = rendered(platform)
    manifest, said = manifest_of(project), {}
    for path, content in contents_of(project).items():
        head = "\n".join(content.decode("utf-8").splitlines()[:4])
        found = re.search(r"(?m)^(?:#|<!--) (Template-owned|Yours|Seeded)\b", head)
        said[path] = ownership.CLASSES[found[1]] if found else ""
    for owner in ("template_owned", "yours", "seeded"):
        assert {said[path] for path in manifest[owner]} <= {owner, ""}
    silent = {path for path in said if not said[path] and not path.endswith(".json")}
    package = f"src/acme_{platform}"
    assert silent == {"LICENSE", ".copier-answers.yml", f"{package}/py.typed"}


def test_what_is_seeded_is_left_out_of_updates(rendered: Callable[[str], Path]) -> None:
    """`_exclude` names the seeded files and no others."""
    patterns = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))["_exclude"]
    once = [pattern for pattern in patterns if "_copier_operation" in pattern]
    seeded = manifest_of(rendered(PLATFORMS[0]))["seeded"]
    assert once == [
        f"{{% if _copier_operation == 'update' %}}/{name}{{% endif %}}" for name in seeded
    ]


@pytest.fixture
def project(rendered: Callable[[str], Path], tmp_path: Path) -> Path:
    """Return a project to be changed, without git."""
    return shutil.copytree(rendered("splunk_hec"), tmp_path / "project")


def check(project: Path) -> tuple[int, str]:
    """Run the project's own check; return the exit code and what it printed."""
    done = run(sys.executable, "tools/ownership.py", cwd=project, timeout=20)
    assert "Traceback" not in done.stdout
    return done.returncode, done.stdout


def documented(language: str) -> str:
    """Return the block of a language in the section for owners, with the tested package."""
    page = (ROOT / "template" / "docs" / "updating.md").read_text(encoding="utf-8")
    section = page.partition("\n## Who owns what\n")[2].partition("\n## ")[0]
    (block,) = [code for name, code in blocks_in(section) if name == language]
    return block.replace("acme_sink", "acme_splunk_hec")


def add(file: Path, text: str) -> None:
    """Append to a file, which need not exist."""
    with file.open("a", encoding="utf-8", newline="") as end:
        end.write(text)


@pytest.mark.parametrize("with_git", [False, True], ids=["plain", "git"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_new_project_is_in_order(
    rendered: Callable[[str], Path], tmp_path: Path, platform: str, with_git: bool
) -> None:
    """It says nothing, with and without git."""
    project = shutil.copytree(rendered(platform), tmp_path / "project")
    if with_git:
        begin(project)
    assert check(project) == (0, "")


def test_files_of_the_owner_are_the_owners(project: Path) -> None:
    """Edits, deletions and additions outside the engine are nobody's business."""
    add(project / MAPPING, "OURS = 1\n")
    add(project / "src/acme_splunk_hec/ours.py", "OURS = 1\n")
    add(project / "CHANGELOG.md", "Ours.\n")
    (project / "docs" / "metrics.md").unlink()
    assert check(project) == (0, "")


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        (ENGINE, "Use the `retry_*` settings instead."),
        (LAYOUT, "Put tests of your own in a file of your own."),
        ("src/acme_splunk_hec/_delivery/ledger.py", "docs/extending.md"),
        ("tools/ownership.py", ".template-edits"),
    ],
)
def test_an_edit_is_told_with_the_way_out(project: Path, name: str, instead: str) -> None:
    """The message names the file, what to use instead, and how to go back or to go on."""
    add(project / name, "# ours\n")
    code, said = check(project)
    assert code == 1
    assert said.startswith(f"{name}: edited, although it is the template's.")
    assert instead in said.splitlines()[0]
    assert "git checkout HEAD -- PATH" in said
    assert ".template-edits" in said


def test_the_way_back_works(project: Path) -> None:
    """An edit is undone with the commands that are printed, committed or not."""
    begin(project)
    add(project / ENGINE, "# ours\n")
    assert check(project)[0] == 1
    git("checkout", "HEAD", "--", ENGINE, cwd=project)
    assert check(project) == (0, "")
    add(project / ENGINE, "# ours\n")
    commit(project, "Ours")
    first = git("log", "--format=%h", "--", ENGINE, cwd=project).split()[-1]
    git("checkout", first, "--", ENGINE, cwd=project)
    assert check(project) == (0, "")


def test_line_ends_of_windows_are_no_edit(project: Path) -> None:
    """A checkout with CRLF has the same hashes."""
    for path in contents_of(project):
        text = (project / path).read_bytes()
        (project / path).write_bytes(text.replace(b"\n", b"\r\n"))
    assert check(project) == (0, "")


@pytest.mark.parametrize("with_git", [False, True], ids=["plain", "git"])
def test_deleted_and_added_files_are_told(project: Path, with_git: bool) -> None:
    """The engine is complete, and holds nothing of anybody else's."""
    if with_git:
        begin(project)
    (project / LAYOUT).unlink()
    (project / ".copier-answers.yml").unlink()
    added = "src/acme_splunk_hec/_delivery/ours.py"
    add(project / added, "OURS = 1\n")
    code, said = check(project)
    assert code == 1
    assert f"{LAYOUT}: deleted" in said
    assert ".copier-answers.yml: deleted" in said
    assert f"{added}: added to the engine" in said


def test_listed_edits_are_notices(project: Path) -> None:
    """Who means it says why, and the check goes on."""
    add(project / ENGINE, "# ours\n")
    (project / LAYOUT).unlink()
    added = "src/acme_splunk_hec/_command/ours.py"
    add(project / added, "OURS = 1\n")
    (project / "benchmarks" / "receiver.py").unlink()
    lines = f"{documented('text')}\n{LAYOUT} # not ours\n{added}  #new\n"
    (project / ".template-edits").write_text(lines, encoding="utf-8")
    code, said = check(project)
    assert code == 0
    assert sorted(line.partition(":")[0] for line in said.splitlines()) == ["notice"] * 4
    assert f"notice: {ENGINE}: edited, " in said
    assert "listed: not ours\n" in said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f"{ENGINE}  # a fix", "is as the template has it, remove the line"),
        (f"{MAPPING}  # ours", "is as the template has it, remove the line"),
        (LAYOUT, "needs a reason"),
        (f"{LAYOUT}  #", "needs a reason"),
    ],
)
def test_list_of_edits_is_kept_short(project: Path, line: str, expected: str) -> None:
    """A line for what is unchanged, or without a reason, is an error."""
    add(project / LAYOUT, "# ours\n")
    reason = "" if line.startswith(LAYOUT) else f"{LAYOUT}  # ours\n"
    (project / ".template-edits").write_text(f"{line}\n{reason}", encoding="utf-8")
    code, said = check(project)
    assert code == 1
    assert expected in said


@pytest.mark.parametrize("with_git", [False, True], ids=["plain", "git"])
def test_leftovers_of_an_update_are_told(project: Path, with_git: bool) -> None:
    """Markers and rejected changes are found wherever they are."""
    if with_git:
        begin(project)
    add(project / "README.md", CONFLICT)
    add(project / MAPPING, CONFLICT.replace("\n", "\r\n"))
    add(project / "docs" / "new.md", CONFLICT.replace("=======\n", "||||||| base\n=======\n"))
    add(project / "docs" / "metrics.md.rej", "@@ -1 +1 @@\n")
    code, said = check(project)
    assert code == 1
    told = [f"{name}: conflict markers" for name in ("README.md", MAPPING, "docs/new.md")]
    assert [line for line in told if line not in said] == []
    assert "docs/metrics.md.rej: a rejected change" in said
    assert len(said.splitlines()) == 4


def test_a_rejected_change_in_the_engine_is_told_once(project: Path) -> None:
    """It is no module that somebody added; a line in the list of edits does not help."""
    name = f"{ENGINE}.rej"
    add(project / name, "@@ -1 +1 @@\n")
    told = f"{name}: a rejected change, apply it by hand, then delete it\n"
    assert check(project) == (1, told)
    add(project / ".template-edits", f"{name}  # ours\n")
    code, said = check(project)
    assert code == 1
    assert told in said


@pytest.mark.skipif(os.name == "nt", reason="it is the shell's `head`")
@pytest.mark.parametrize("buffered", ["", "1"], ids=["buffered", "unbuffered"])
def test_who_reads_it_may_stop(project: Path, buffered: str) -> None:
    """`| head -1` ends in no traceback, and the exit code is still that of the check."""
    (project / ".template-edits").write_text("x  # ours\n" * 20_000, encoding="utf-8")
    script = '"$0" tools/ownership.py | head -1; echo "${PIPESTATUS[0]}"'
    shell = ("bash", "-c", script, sys.executable)
    done = run(*shell, cwd=project, env={"PYTHONUNBUFFERED": buffered}, timeout=20)
    first, code = done.stdout.splitlines()
    assert first.startswith(".template-edits: x is as the template has it")
    assert code == "1"


@pytest.mark.parametrize(
    "text",
    [
        "Title\n=======\n>>>>>>> quoted\n",
        "<<<<<<< quoted\n>>>>>>> quoted\n",
        ">>>>>>> a\n=======\n<<<<<<< b\n",
        "=======\n<<<<<<< a\n>>>>>>> b\n",
        " <<<<<<< a\n =======\n >>>>>>> b\n",
        "<<<<<<<\n=======\n>>>>>>>\n",
        "<<<<<<< a\n======= not\n>>>>>>> b\n",
        "\0<<<<<<< a\n\0\n<<<<<<< a\n=======\n>>>>>>> b\n",
    ],
)
def test_seven_characters_are_no_conflict(project: Path, text: str) -> None:
    """Titles, quoted mail, an indented example and binary files are left alone."""
    add(project / "docs" / "new.md", text)
    assert check(project) == (0, "")


def test_what_git_ignores_is_left_alone(project: Path) -> None:
    """Other people's files in an environment or a build are not looked at."""
    begin(project)
    for folder in (".venv", "dist"):
        (project / folder).mkdir()
        add(project / folder / "notes.md", CONFLICT)
        add(project / folder / "notes.md.rej", "")
    assert check(project) == (0, "")
    shutil.rmtree(project / ".git")
    (project / ".venv").rename(project / "env")
    add(project / "env" / "pyvenv.cfg", "")
    assert check(project) == (0, "")


def test_what_git_does_not_have_is_told(project: Path) -> None:
    """An update deletes or overwrites it, and no commit has the owner's edit."""
    add(project / ".gitignore", "*.env\n")
    begin(project)
    name = "deploy/splunk_hec/small-service.env"
    code, said = check(project)
    assert code == 1
    assert f"{name}: git does not have it" in said
    git("add", "--force", "deploy", cwd=project)
    assert check(project) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="pipes and links are others on Windows")
@pytest.mark.parametrize("with_git", [False, True], ids=["plain", "git"])
def test_odd_files_do_no_harm(project: Path, with_git: bool) -> None:
    """Pipes, links to nothing, to folders and to themselves, odd names: no wait, no traceback."""
    if with_git:
        begin(project)
    os.mkfifo(project / "pipe")
    (project / "nothing").symlink_to("nowhere")
    (project / "circle").symlink_to("circle")
    (project / "folder").symlink_to(project.parent)
    Path(os.fsdecode(os.fsencode(project) + b"/odd \xff\n.rej")).write_bytes(b"")
    (project / ENGINE).unlink()
    os.mkfifo(project / ENGINE)
    (project / LAYOUT).unlink()
    (project / LAYOUT).symlink_to("nowhere")
    (project / ".template-edits").mkdir()
    code, said = check(project)
    assert code == 1
    assert f"{ENGINE}: cannot be read as a file" in said
    assert f"{LAYOUT}: cannot be read as a file" in said
    assert ".rej: a rejected change" in said


@pytest.mark.parametrize("text", ["", CONFLICT, "[]", '{"template_owned": {}}'])
def test_broken_manifest_is_told(project: Path, text: str) -> None:
    """No manifest is no reason to find nothing."""
    (project / "tools" / "ownership.json").write_text(text, encoding="utf-8")
    add(project / "README.md", CONFLICT)
    code, said = check(project)
    assert code == 1
    assert "tools/ownership.json: cannot be read" in said
    assert "git checkout --theirs -- tools/ownership.json" in said
    assert "README.md: conflict markers" in said


def test_check_begins_with_it(project: Path) -> None:
    """`make check` stops before it makes an environment, and so does the hook."""
    add(project / ENGINE, "# ours\n")
    done = run("make", "check", f"PYTHON={sys.executable}", cwd=project)
    assert done.returncode == 2
    assert f"{ENGINE}: edited" in done.stdout
    assert not (project / ".venv").exists()
    printed = documented("console").splitlines()
    assert printed[0] == "$ make ownership"
    assert printed[1] in done.stdout.splitlines()
    hooks = yaml.safe_load((project / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [
        hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"] if "entry" in hook
    ]
    assert entries == ["python tools/ownership.py"]


@pytest.mark.nightly
def test_update_brings_the_check(tmp_path: Path) -> None:
    """A project of an older release has nothing to repair but what was edited."""
    releases = clone_with_releases(tmp_path / "template")
    release = RECORDED[-1]
    project = generate(releases, tmp_path / "sink", platform="syslog_cef", ref=release.tag)
    engine = project / "src" / "acme_sink" / "_delivery" / "tls.py"
    add(engine, "# ours\n")
    begin(project)
    update(project, f"--vcs-ref={WORKING_TREE}")
    code, said = check(project)
    assert code == 1
    assert said.startswith("src/acme_sink/_delivery/tls.py: edited")
    assert len(said.splitlines()) == 1 + 4
