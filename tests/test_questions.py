"""What is asked, and what is refused with one sentence before a file is written."""

import zipfile
from pathlib import Path

import pytest
import yaml
from copier import run_copy

from scripts.rendering import ROOT, render
from tests.helpers import run_python

QUESTIONS = yaml.safe_load((ROOT / "copier.yml").read_text(encoding="utf-8"))
ASKED = {
    name: question
    for name, question in QUESTIONS.items()
    if not name.startswith("_") and question.get("ask", True)
}
RUNS_CODE = {"_tasks", "_jinja_extensions", "_migrations"}


def test_at_most_eight_questions() -> None:
    """Whoever wants a plugin answers eight questions at most."""
    assert len(ASKED) <= 8


@pytest.mark.parametrize("name", [name for name in QUESTIONS if not name.startswith("_")])
def test_question_is_complete(name: str) -> None:
    """Each question says what the answer becomes, has a default, and checks what it is given."""
    question = QUESTIONS[name]
    assert "ecome" in question["help"] or "ecord" in question["help"]
    assert "default" in question
    assert "choices" in question or "validator" in question


@pytest.mark.parametrize("name", ["platform", "distribution_name", "package_name", "sink_name"])
def test_help_says_what_is_fixed(name: str) -> None:
    """Identity answers say that they cannot change."""
    assert "Fixed at creation" in QUESTIONS[name]["help"]


def test_nothing_runs() -> None:
    """No task, extension or migration: a user never has to say --trust, nor ever had to."""
    assert RUNS_CODE & set(QUESTIONS) == set()


def test_defaults_alone_render(template: Path, tmp_path: Path) -> None:
    """`copier copy --defaults` needs no answer at all."""
    project = render(template, tmp_path / "project")
    assert (project / "src" / "acme_splunk_hec" / "plugin.py").is_file()


def refused(template: Path, tmp_path: Path, **answers: object) -> str:
    """Return the sentence with which answers are refused; nothing may have been written."""
    with pytest.raises(ValueError) as error:
        render(template, tmp_path / "project", **answers)
    assert not (tmp_path / "project").exists()
    return str(error.value)


LONG = "a" * 41

REFUSALS = [
    ("distribution_name", "", "no valid distribution name"),
    ("distribution_name", "-acme", "no valid distribution name"),
    ("distribution_name", "acme splunk", "no valid distribution name"),
    ("distribution_name", "acme\n", "no valid distribution name"),
    ("distribution_name", "acmé", "no valid distribution name"),
    ("distribution_name", "acme/../x", "no valid distribution name"),
    ("distribution_name", LONG, "more than 40 characters"),
    ("distribution_name", "3com", "no usable name"),
    ("distribution_name", "class", "keyword"),
    ("distribution_name", "json", "standard library"),
    ("distribution_name", "httpx", "the project itself uses"),
    ("distribution_name", "fapilog", "the project itself uses"),
    ("distribution_name", "loki", "fapilog prefers its own"),
    ("distribution_name", "rotating-file", "fapilog prefers its own"),
    ("package_name", "Acme", "no usable name"),
    ("package_name", "acme-splunk", "no usable name"),
    ("package_name", "_acme", "no usable name"),
    ("package_name", "acme__splunk", "no usable name"),
    ("package_name", "../acme", "no usable name"),
    ("package_name", "lambda", "keyword"),
    ("package_name", "logging", "standard library"),
    ("package_name", "tests", "the project itself uses"),
    ("package_name", LONG, "more than 40 characters"),
    ("sink_name", "stdout_json", "fapilog prefers its own"),
    ("sink_name", "grafana_loki", "fapilog prefers its own"),
    ("sink_name", "Splunk", "no usable name"),
    ("class_name", "splunkSink", "no usable class name"),
    ("class_name", "Splunk", "no usable class name"),
    ("class_name", "S" * 41 + "Sink", "more than 44 characters"),
    ("platform", "loki", "is not in"),
    ("license", "GPL", "is not in"),
    ("minimum_python", "3.9", "is not in"),
    ("copyright_year", 26, "four digits"),
    ("description", "", "must not be empty"),
    ("description", "  ", "must not be empty"),
    ("description", "two\nlines", "line breaks"),
    ("description", "two\u2028lines", "line breaks"),
    ("description", "bell \x07", "control characters"),
    ("description", "reversed \u202e text", "control characters"),
    ("description", "x" * 201, "200 is the most"),
    ("user_name", "a\rb", "line breaks"),
    ("user_name", "x" * 81, "80 is the most"),
    ("user_email", "nobody", "no e-mail address"),
    ("user_email", "a b@example.com", "no e-mail address"),
    ("user_email", "a@example.com\n", "no e-mail address"),
    ("user_email", '"a"@example.com', "no e-mail address"),
    ("created_for", "anything", "cannot be set"),
]


# A record given by hand for a project that does not exist yet: Copier says that it found none.
@pytest.mark.filterwarnings("ignore::copier.errors.MissingFileWarning")
@pytest.mark.parametrize(
    ("question", "answer", "sentence"), REFUSALS, ids=[f"{q}={a!r}"[:50] for q, a, _ in REFUSALS]
)
def test_answer_is_refused(
    template: Path, tmp_path: Path, question: str, answer: object, sentence: str
) -> None:
    """A wrong answer is refused in one readable sentence that names the question."""
    message = refused(template, tmp_path, **{question: answer})
    assert sentence in message
    assert question in message
    assert "\n" not in message.replace(str(answer), "")


@pytest.mark.filterwarnings("ignore::copier.errors.MissingFileWarning")
def test_foreign_record_is_refused(template: Path, tmp_path: Path) -> None:
    """A record that says something else than the answers is refused for a new project, too."""
    message = refused(template, tmp_path, created_for="elasticsearch a a a")
    assert 'was created with "elasticsearch"' in message


ACCEPTED = [
    ("distribution_name", "Acme.Splunk_2"),
    ("distribution_name", "a"),
    ("distribution_name", "a" * 40),
    ("distribution_name", "fapilog-acme"),
    ("distribution_name", "splunk-hec"),
    ("package_name", "match"),
    ("user_email", ""),
    ("user_email", "first.last+logs@sub.example.co.uk"),
]


@pytest.mark.parametrize(("question", "answer"), ACCEPTED)
def test_answer_is_accepted(template: Path, tmp_path: Path, question: str, answer: str) -> None:
    """The rules refuse no more than they have to."""
    render(template, tmp_path / "project", **{question: answer})


HOSTILE = {
    "quotes": "\"double\" and 'single' and '''three''' and \"\"\"three\"\"\"",
    "backslashes": r"C:\new\table \u0041 \N{DASH} ends with \\",
    "braces": "{{ 1 + 1 }} {% raw %} {# note #} ${{ github.token }} {} {0}",
    "emoji": "ships logs 🚀👩‍👩‍👧 to \U0001f4a9",
    "scripts": "Протокол ログ 日志 سجل יומן ςορτ",
    "yaml": "- key: [value, {a: b}] # no, &x *y !!python/object:os.system |",
    "toml": '] = "x" # [[tool]]',
    "html": "<!-- --> </p> <script>alert(1)</script> &amp; ```",
    "email": "A. Person <a@example.com>, B; C",
    "number": "3.10",
    "boolean": "no",
    "spaces": "  wide \u00a0 apart  ",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_free_text_is_harmless(template: Path, tmp_path: Path, text: str) -> None:
    """Whatever one line says, the project lints and builds, and the package says the same."""
    project = render(
        template,
        tmp_path / "project",
        description=text,
        user_name=text[:80],
        user_email="a@example.com",
    )
    recorded = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    assert (recorded["description"], recorded["user_name"]) == (text, text[:80])
    run_python("-m", "ruff", "check", "--no-cache", "src", cwd=project)
    run_python("-m", "ruff", "format", "--no-cache", "--check", "src", cwd=project)
    run_python("-m", "build", "--no-isolation", "--wheel", cwd=project)
    assert summary_of(project) == text.strip()
    run_python("-m", "twine", "check", "--strict", *(project / "dist").iterdir(), cwd=project)


def summary_of(project: Path) -> str:
    """Return what the wheel says the package is for."""
    (wheel,) = (project / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = archive.read(name).decode("utf-8")
    return metadata.partition("\nSummary: ")[2].partition("\n")[0].strip()


def test_text_is_not_rendered_twice(template: Path, tmp_path: Path) -> None:
    """Braces in an answer are text: a template in a template would run what a stranger wrote."""
    project = render(template, tmp_path / "project", description="{{ 6 * 7 }}")
    assert "{{ 6 * 7 }}" in (project / "README.md").read_text(encoding="utf-8")


def test_overrides_are_used(template: Path, tmp_path: Path) -> None:
    """Computed names can be given, each on its own."""
    answers = {"package_name": "one", "sink_name": "two", "class_name": "ThreeSink"}
    project = render(template, tmp_path / "project", **answers)
    pyproject = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert 'two = "one.plugin:ThreeSink"' in pyproject


def test_pretend_writes_nothing(template: Path, tmp_path: Path) -> None:
    """`--pretend` works, so that the curious can look first."""
    target = tmp_path / "project"
    run_copy(str(template), target, defaults=True, pretend=True, quiet=True)
    assert not target.exists()
