"""What a project is cannot change later: an update would delete files that its owner has edited."""

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from copier import run_copy, run_recopy, run_update
from copier.errors import CopierAnswersInterrupt

from scripts.updating import ANSWERS, FIRST, append, begin, commit, git, recorded_in
from tests.helpers import at_terminal, contents_of

IDENTITY = {
    "platform": "elasticsearch",
    "distribution_name": "other-splunk",
    "package_name": "other_splunk",
    "sink_name": "other_splunk",
}


@dataclass(frozen=True)
class Project:
    """A project made from version 1.0.0 of a template that has a version 1.1.0."""

    path: Path

    @property
    def answers(self) -> dict[str, object]:
        """What is on record."""
        return recorded_in(self.path)


@pytest.fixture(scope="module")
def released(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a git repository with two releases of the template."""
    repository = tmp_path_factory.mktemp("released") / "template"
    shutil.copytree(template, repository)
    # A few files are enough to see whether one is touched, and render in a fraction of the time.
    for folder in ("tests", "src/{{ package_name }}/_delivery", "tools"):
        shutil.rmtree(repository / "template" / folder)
    begin(repository)
    git("tag", "--annotate", FIRST, "--message", FIRST, cwd=repository)
    append(repository / "template" / "docs" / "updating.md", "\nNew in 1.1.0.\n")
    commit(repository, "Second", tag="v1.1.0")
    return repository


@pytest.fixture(scope="module")
def original(released: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project made from the first release; not to be changed."""
    path = tmp_path_factory.mktemp("original") / "acme-splunk"
    data = {"distribution_name": "acme-splunk"}
    run_copy(str(released), path, data=data, vcs_ref=FIRST, defaults=True, quiet=True)
    return begin(path)


@pytest.fixture
def project(original: Path, tmp_path: Path) -> Project:
    """Return a project of the test's own."""
    shutil.copytree(original, tmp_path / "acme-splunk")
    return Project(tmp_path / "acme-splunk")


def update(project: Project, **options: object) -> None:
    """Update as `copier update` does, without trust."""
    run_update(project.path, overwrite=True, unsafe=False, quiet=True, **options)


def recopy(project: Project, **options: object) -> None:
    """Copy again as `copier recopy` does, without trust."""
    run_recopy(project.path, overwrite=True, unsafe=False, quiet=True, **options)


OPERATIONS = pytest.mark.parametrize("operation", [update, recopy], ids=["update", "recopy"])


@OPERATIONS
def test_nothing_changes_the_identity_by_itself(project: Project, operation) -> None:
    """An ordinary update brings the new version, without a warning and without trust."""
    before = project.answers
    operation(project, defaults=True)
    assert "New in 1.1.0." in (project.path / "docs" / "updating.md").read_text(encoding="utf-8")
    assert {**project.answers, "_commit": ""} == {**before, "_commit": ""}


@OPERATIONS
@pytest.mark.parametrize("name", IDENTITY)
def test_data_cannot_change_it(project: Project, operation, name: str) -> None:
    """`-d` is refused with a sentence that says what the project is, before a file is touched."""
    before = contents_of(project.path)
    with pytest.raises(ValueError, match="was created with") as error:
        operation(project, data={name: IDENTITY[name]}, defaults=True)
    assert str(project.answers[name]) in str(error.value)
    assert contents_of(project.path) == before


@pytest.mark.parametrize("name", IDENTITY)
def test_a_removed_record_does_not_open_the_door(project: Project, name: str) -> None:
    """A hand edit or a bad merge that drops the record leaves the answers to compare with."""
    path = project.path / ANSWERS
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith("created_for:")]
    assert len(kept) == len(lines) - 1
    path.write_text("".join(kept), encoding="utf-8")
    commit(project.path, "Without the record")
    before = contents_of(project.path)
    with pytest.raises(ValueError, match="was created with"):
        update(project, data={name: IDENTITY[name]}, defaults=True)
    assert contents_of(project.path) == before
    update(project, defaults=True)
    assert project.answers["created_for"] == "splunk_hec acme-splunk acme_splunk acme_splunk"


@OPERATIONS
@pytest.mark.parametrize("name", IDENTITY)
def test_record_cannot_be_overruled(project: Project, operation, name: str) -> None:
    """Giving the record along with the change does not help: the one on disk counts."""
    before = contents_of(project.path)
    names = {key: str(project.answers[key]) for key in IDENTITY} | {name: IDENTITY[name]}
    data = {**names, "created_for": " ".join(names.values())}
    with pytest.raises(ValueError, match="was created with"):
        operation(project, data=data, defaults=True)
    assert contents_of(project.path) == before


@OPERATIONS
def test_record_cannot_be_replaced(project: Project, operation) -> None:
    """A wrong record alone is refused, too."""
    before = contents_of(project.path)
    with pytest.raises(ValueError, match="cannot be set"):
        operation(project, data={"created_for": "a b c d"}, defaults=True)
    assert contents_of(project.path) == before


def test_second_copy_cannot_change_it(project: Project, released: Path) -> None:
    """`copier copy` over a project is held to the record as well."""
    before = contents_of(project.path)
    data = {"platform": "syslog_cef"}
    with pytest.raises(ValueError, match="was created with"):
        run_copy(str(released), project.path, data=data, defaults=True, overwrite=True, quiet=True)
    assert contents_of(project.path) == before


def test_edited_answers_file_is_noticed(project: Project) -> None:
    """An answer changed by hand in the answers file disagrees with the record."""
    answers = project.path / ANSWERS
    text = answers.read_text(encoding="utf-8")
    answers.write_text(text.replace("platform: splunk_hec", "platform: elasticsearch"))
    commit(project.path, "By hand")
    before = contents_of(project.path)
    with pytest.raises(ValueError, match="was created with"):
        update(project, defaults=True)
    assert contents_of(project.path) == before


DOWN, ENTER, CLEAR, INTERRUPT = "\x1b[B", "\r", "\x15", "\x03"
# Enough for Copier 9.18, which also asks what later versions only compute.
ENTERS = ENTER * 12


@OPERATIONS
def test_menu_offers_no_other_platform(project: Project, operation) -> None:
    """Asked again, the arrow keys find no other platform; the rest can be answered as usual."""
    at_terminal(f"{DOWN}{DOWN}" + ENTERS, operation, project)
    assert project.answers["platform"] == "splunk_hec"
    assert not (project.path / "src" / "acme_splunk" / "elasticsearch").exists()


@OPERATIONS
@pytest.mark.parametrize("name", ["platform", "sink_name"])
def test_data_cannot_change_it_among_questions(project: Project, operation, name: str) -> None:
    """`-d` is refused as well when the other questions are asked."""
    before = contents_of(project.path)
    with pytest.raises(ValueError, match="was created with"):
        at_terminal(ENTERS, operation, project, data={name: IDENTITY[name]})
    assert contents_of(project.path) == before


@OPERATIONS
@pytest.mark.parametrize("name", ["distribution_name", "package_name", "sink_name"])
def test_typed_change_is_not_taken(project: Project, operation, name: str) -> None:
    """A changed name does not leave the prompt, not even when the question is asked for."""
    before = contents_of(project.path)
    keys = f"{CLEAR}{IDENTITY[name]}{ENTER}{INTERRUPT}"
    with pytest.raises(CopierAnswersInterrupt) as interrupt:
        at_terminal(keys, operation, project, ask=[name], skip_answered=True)
    assert interrupt.value.last_question.var_name == name
    assert contents_of(project.path) == before


@OPERATIONS
def test_other_answers_can_change(project: Project, operation) -> None:
    """What is not identity can be answered anew."""
    operation(project, data={"license": "Apache-2.0"}, defaults=True)
    assert "Apache License" in (project.path / "LICENSE").read_text(encoding="utf-8")
    assert project.answers["platform"] == "splunk_hec"
