"""The programs of docs/how-to/shutdown.md, as they stand there, under their hosts: what arrives."""

import contextlib
import hashlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.rendering import ROOT
from tests.helpers import blocks_in, install, run, run_python
from tests.receivers import Received, splunk

pytestmark = [
    pytest.mark.xdist_group("shutdown"),
    pytest.mark.skipif(os.name == "nt", reason="SIGTERM is of POSIX"),
]

PAGE = ROOT / "docs" / "how-to" / "shutdown.md"
RUN_HERE = {
    "A script",
    "An asyncio program",
    "FastAPI under uvicorn",
    "gunicorn",
    "Celery",
    "AWS Lambda",
}
NOT_RUN = {"Kubernetes": "a part of a manifest; tests/test_deploy.py reads the whole one"}
"""Section with a block of code -> why no test runs it."""
REQUESTS = 40
PATIENCE_SECONDS = 60.0


def section(title: str) -> list[tuple[str, str]]:
    """Return language and text of the blocks below a heading."""
    (text,) = re.findall(rf"(?ms)^## {title}$(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"))
    return blocks_in(text)


def python_of(title: str) -> list[str]:
    """Return the Python of a section."""
    return [code for language, code in section(title) if language == "python"]


@pytest.fixture(scope="module")
def plugin(
    rendered: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """Return an environment in which the Splunk example is installed."""
    folder = tmp_path_factory.mktemp("installed")
    return {"PYTHONPATH": str(install(rendered("splunk_hec"), folder))}


@pytest.fixture
def sink(plugin: dict[str, str]) -> Iterator[tuple[dict[str, str], Received]]:
    """Return the environment of a program whose events go to a receiver, and that receiver."""
    with splunk() as (settings, received):
        yield (
            {
                **plugin,
                "FAPILOG_CORE__SINKS": '["acme_splunk_hec"]',
                "FAPILOG_PLUGINS__ALLOW_EXTERNAL": "true",
                "FAPILOG_SINK_CONFIG__EXTRA": json.dumps({"acme_splunk_hec": settings}),
            },
            received,
        )


@pytest.fixture(scope="module")
def frameworks() -> Path:
    """Return the folder of programs of an environment with the frameworks, kept in build/."""
    wanted = ROOT / "tests" / "hosts" / "requirements.txt"
    digest = hashlib.sha256(wanted.read_bytes()).hexdigest()
    folder = ROOT / "build" / "shutdown" / "venv"
    ready = folder / "ready"
    if not ready.exists() or ready.read_text(encoding="utf-8") != digest:
        venv.create(folder, clear=True, with_pip=False)
        options = ("--quiet", "--disable-pip-version-check", "--require-hashes")
        arguments = ("--python", folder / "bin" / "python", "install", *options, "-r", wanted)
        run_python("-m", "pip", *arguments, cwd=ROOT, timeout=600)
        ready.write_text(digest, encoding="utf-8")
    return folder / "bin"


class Host:
    """A process that logs, what it prints, and an end by SIGTERM."""

    def __init__(self, command: list[str], folder: Path, environment: dict[str, str]) -> None:
        self.log = folder / "host.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=folder, env={**os.environ, **environment}, stdout=log, stderr=log
            )

    def wait_until(self, condition: Callable[[], bool]) -> None:
        """Wait for it; fail with what the process printed when it ended or takes too long."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.01)

    def terminate(self) -> int:
        """Send SIGTERM, as a service manager does, and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_SECONDS)


@contextlib.contextmanager
def host(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[Host]:
    """Run a program; it is killed if the test leaves it behind."""
    started = Host(command, folder, environment)
    try:
        yield started
    finally:
        started.process.kill()
        started.process.wait()


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def answers(url: str) -> bool:
    """Say whether a GET of the address succeeds."""
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=10) as answer:
        return answer.status == 200
    return False


def test_every_program_is_run_or_listed() -> None:
    """A section with code is one that a test here runs, or has its reason."""
    titles = re.findall(r"(?m)^## (.*)$", PAGE.read_text(encoding="utf-8"))
    assert {title for title in titles if section(title)} == RUN_HERE | NOT_RUN.keys()


def test_script(sink: tuple[dict[str, str], Received], tmp_path: Path) -> None:
    """It ends at once after its last event, and all have arrived."""
    environment, received = sink
    (code,) = python_of("A script")
    line = 'logger.info("done", number=0)'
    assert line in code
    code = code.replace(line, f'[logger.info("done", number=n) for n in range({REQUESTS})]')
    result = run(sys.executable, "-c", code, cwd=tmp_path, env=environment)
    assert result.returncode == 0, result.stdout
    assert received.numbers() == list(range(REQUESTS))


def test_asyncio_program(sink: tuple[dict[str, str], Received], tmp_path: Path) -> None:
    """Its last events arrive after SIGTERM, too."""
    environment, received = sink
    (code,) = python_of("An asyncio program")
    with host([sys.executable, "-u", "-c", code], tmp_path, environment) as program:
        program.wait_until(lambda: len(received.numbers()) > 0)
        assert program.terminate() == 0, program.log.read_text()
        (logged,) = re.findall(r"(\d+) events logged", program.log.read_text())
    assert received.numbers() == list(range(int(logged)))


LAMBDA = """
import os
for number in range(3):
    assert handler({"number": number}, None) == {"statusCode": 200}
os._exit(0)  # frozen: nothing runs after the handler has returned
"""


def test_lambda_handler(sink: tuple[dict[str, str], Received], tmp_path: Path) -> None:
    """What a call logged has arrived before it returns; Lambda itself is a service."""
    environment, received = sink
    (code,) = python_of("AWS Lambda")
    result = run(sys.executable, "-c", code + LAMBDA, cwd=tmp_path, env=environment)
    assert result.returncode == 0, result.stdout
    assert received.numbers() == [0, 1, 2]


@pytest.mark.nightly
@pytest.mark.timeout(900)
@pytest.mark.parametrize("title", ["FastAPI under uvicorn", "gunicorn"])
def test_web_server(
    sink: tuple[dict[str, str], Received], frameworks: Path, tmp_path: Path, title: str
) -> None:
    """It is told to end right after its last answer: every request's event arrives once."""
    environment, received = sink
    names = ("service.py", "gunicorn.conf.py")
    for name, code in zip(names, python_of(title), strict=False):
        (tmp_path / name).write_text(code, encoding="utf-8")
    (command,) = [code for language, code in section(title) if language == "sh"]
    assert "8000" in command
    port = free_port()
    program, *arguments = shlex.split(command.replace("8000", str(port)))
    words = [str(frameworks / "python"), "-m", program, *arguments]
    with host(words, tmp_path, {**environment, "PYTHONDONTWRITEBYTECODE": "1"}) as server:
        url = f"http://127.0.0.1:{port}/orders"
        server.wait_until(lambda: answers(f"{url}/0"))
        for number in range(1, REQUESTS):
            assert answers(f"{url}/{number}"), server.log.read_text()
        # uvicorn ends itself with the signal again, once it is done.
        assert server.terminate() in (0, -signal.SIGTERM), server.log.read_text()
        assert received.numbers() == list(range(REQUESTS)), server.log.read_text()


BROKER = """
application.conf.update(
    broker_url="filesystem://",
    broker_transport_options={"data_folder_in": "queue", "data_folder_out": "queue"},
)
"""
SEND = f"import tasks\nfor number in range({REQUESTS}): tasks.accept.delay(number)"


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_celery_worker(
    sink: tuple[dict[str, str], Received], frameworks: Path, tmp_path: Path
) -> None:
    """Two workers take tasks from a folder; after SIGTERM every event has arrived once."""
    environment, received = sink
    # So that nothing is sent before the end.
    environment["FAPILOG_SINK_CONFIG__EXTRA__ACME_SPLUNK_HEC__LINGER_SECONDS"] = "60"
    (code,) = python_of("Celery")
    (tmp_path / "tasks.py").write_text(code + BROKER, encoding="utf-8")
    (tmp_path / "queue").mkdir()
    (command,) = [code for language, code in section("Celery") if language == "sh"]
    python = str(frameworks / "python")
    with host([python, "-m", *shlex.split(command)], tmp_path, environment) as worker:
        worker.wait_until(lambda: " ready." in worker.log.read_text())
        sent = run(python, "-c", SEND, cwd=tmp_path, env=environment)
        assert sent.returncode == 0, sent.stdout
        worker.wait_until(lambda: worker.log.read_text().count(" succeeded in ") == REQUESTS)
        assert received.numbers() == []
        assert worker.terminate() == 0, worker.log.read_text()
        assert received.numbers() == list(range(REQUESTS)), worker.log.read_text()
