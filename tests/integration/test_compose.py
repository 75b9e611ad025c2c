"""Docker Compose itself reads the files of `deploy/`: `make integration-compose`, no daemon."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scripts.receivers.hec import Unavailable, built
from scripts.rendering import ROOT
from tests.helpers import run

pytestmark = [pytest.mark.integration, pytest.mark.timeout(900)]

MODULE = ROOT / "scripts" / "receivers" / "compose_module"
PASSWORDS = {
    "SPLUNK_PASSWORD": "Password-1",
    "HEC_TOKEN": "00000000-0000-0000-0000-000000000000",
    "ELASTIC_PASSWORD": "Password-2",
    "OPENSEARCH_PASSWORD": "Password-3",
}
SERVICES = {
    # Platform -> service -> its ports on loopback, and the password that it is given.
    "splunk_hec": {"splunk": (["8000", "8088"], "Password-1")},
    "elasticsearch": {
        "elasticsearch": (["9200"], "Password-2"),
        "opensearch": (["9200"], "Password-3"),
    },
    "syslog_cef": {"rsyslog": (["5514"], None)},
}


@pytest.fixture(scope="module")
def compose() -> list[str | Path]:
    """Return the command: the plugin of Docker, else one built here, else skip."""
    docker = shutil.which("docker")
    if docker and run(docker, "compose", "version", cwd=ROOT).returncode == 0:
        return [docker, "compose"]
    try:
        return [built(MODULE, "docker-compose", "github.com/docker/compose/v2/cmd")]
    except Unavailable as problem:
        print(f"\nNOT RUN: the compose files: {problem}")
        pytest.skip(str(problem))


def resolved(compose: list[str | Path], file: Path, **given: str) -> dict[str, Any]:
    """Return the services of a file as Compose would start them, whatever their profile."""
    command = [*compose, "-f", file, "--profile", "*", "config", "--format", "json"]
    result = run(*command, cwd=file.parent, env=given)
    assert result.returncode == 0, result.stdout
    services: dict[str, Any] = json.loads(result.stdout)["services"]
    return services


def test_compose_takes_the_file(
    rendered: Callable[[str], Path], platform: str, compose: list[str | Path]
) -> None:
    """Services, their ports and passwords are what they should be; what is mounted is a file."""
    file = rendered(platform) / "deploy" / platform / "compose.yaml"
    services = resolved(compose, file, **PASSWORDS)
    assert services.keys() == SERVICES[platform].keys()
    for name, (ports, password) in SERVICES[platform].items():
        service = services[name]
        assert [port["published"] for port in service["ports"]] == ports
        assert {port["host_ip"] for port in service["ports"]} == {"127.0.0.1"}
        given = service.get("environment", {})
        assert password is None or password in given.values()
        assert all(Path(each["source"]).is_file() for each in service.get("volumes", []))
        assert "image" in service or "FROM" in service["build"]["dockerfile_inline"]


@pytest.mark.parametrize(
    ("missing", "said"),
    [("SPLUNK_PASSWORD", "at least 8 characters"), ("HEC_TOKEN", "a GUID")],
)
def test_compose_asks_for_a_password(
    rendered: Callable[[str], Path], compose: list[str | Path], missing: str, said: str
) -> None:
    """Without one it starts no Splunk, and says what is missing."""
    file = rendered("splunk_hec") / "deploy" / "splunk_hec" / "compose.yaml"
    given = PASSWORDS | {missing: ""}
    result = run(*compose, "-f", file, "config", cwd=file.parent, env=given)
    assert result.returncode != 0
    assert f"{missing} is missing a value: {said}" in result.stdout


def test_compose_reads_the_settings_as_written(
    rendered: Callable[[str], Path], platform: str, compose: list[str | Path], tmp_path: Path
) -> None:
    """`env_file` hands on each value whole, JSON included."""
    files = sorted((rendered(platform) / "deploy" / platform).glob("*.env"))
    assert len(files) == 3
    for settings in files:
        file = tmp_path / "compose.yaml"
        file.write_text(f"services: {{a: {{image: 'a:1', env_file: '{settings.as_posix()}'}}}}")
        lines = settings.read_text(encoding="utf-8").splitlines()
        written = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
        assert resolved(compose, file)["a"]["environment"] == written
