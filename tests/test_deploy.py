"""What projects ship in `deploy/` is of the form that its reader wants; what can run here, runs."""

import configparser
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import trustme
import yaml

from tests.helpers import run

# Keys of a service of the compose specification that our files use; another one may be a typo.
COMPOSE_KEYS = {"image", "build", "profiles", "environment", "volumes", "ports"}
SPLUNK_FILES = ("inputs", "indexes", "props", "savedsearches")
SECRETS = "/etc/fapilog-sink"


@pytest.fixture
def deploy(rendered: Callable[[str], Path], platform: str) -> Path:
    """Return the folder of each platform's project in turn."""
    return rendered(platform) / "deploy"


def documents(path: Path) -> list[Any]:
    """Return the documents of a YAML file."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def variables(path: Path) -> dict[str, str]:
    """Return the last part of each variable in an environment file, and its value."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = [line.split("=", 1) for line in lines if line and line[0] != "#"]
    return {name.rpartition("__")[2]: value for name, value in pairs}


def splunk_file(folder: Path, name: str) -> configparser.RawConfigParser:
    """Read a configuration file of Splunk, whose names keep their case and may hold colons."""
    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#",), interpolation=None, strict=True
    )
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string((folder / f"{name}.conf").read_text(encoding="utf-8"))
    return parser


def test_each_platform_has_the_same_kinds_of_files(deploy: Path, platform: str) -> None:
    """Three situations, a real target to try, alerts, and two ways to run an application."""
    names = {path.relative_to(deploy).as_posix() for path in deploy.rglob("*")}
    situations = {
        f"{platform}/{name}.env" for name in ("small-service", "audit-trail", "high-volume")
    }
    common = {"alerts.yaml", "application.service", "kubernetes.yaml", f"{platform}/compose.yaml"}
    assert situations | common <= names


def test_shell_reads_the_settings_as_written(deploy: Path, platform: str) -> None:
    """The command in the head of each file hands on every value whole."""
    for path in (deploy / platform).glob("*.env"):
        text = path.read_text(encoding="utf-8")
        (command,) = re.findall(r"(?m)^#   (env .*) python -m \w+ check$", text)
        shown = run("sh", "-c", f"{command} env".replace("FILE", path.name), cwd=path.parent)
        lines = {line for line in text.splitlines() if line and line[0] != "#"}
        assert lines <= set(shown.stdout.splitlines())
        assert lines


def test_compose_file(deploy: Path, platform: str) -> None:
    """Images have versions, ports are on loopback, and no password is in the file."""
    (compose,) = documents(deploy / platform / "compose.yaml")
    assert set(compose) == {"services"}
    for service in compose["services"].values():
        assert set(service) <= COMPOSE_KEYS
        image = (
            service.get("image")
            or re.findall("FROM (.*)", service["build"]["dockerfile_inline"])[0]
        )
        assert re.fullmatch(r"[a-z0-9./-]+:\d[\w.-]*", image)
        assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in service["ports"])
        secrets = {k: v for k, v in service.get("environment", {}).items() if "PASSWORD" in k}
        assert all(value.startswith("${") for value in secrets.values())
        for volume in service.get("volumes", []):
            assert (deploy / platform / volume.partition(":")[0]).is_file()


def test_secrets_are_mounted_where_the_settings_look(deploy: Path, platform: str) -> None:
    """What the environment files name below `/etc/fapilog-sink` is what the Secret is made of."""
    named = {
        Path(value).name
        for path in (deploy / platform).glob("*.env")
        for value in variables(path).values()
        if value.startswith(SECRETS)
    }
    text = (deploy / "kubernetes.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"--from-file=(\S+)", text)) == named
    assert named


def test_kubernetes_manifest(deploy: Path, platform: str, tmp_path: Path) -> None:
    """Volumes and mounts agree, the spool fits on its disk, and the pod has time to end."""
    ((manifest),) = documents(deploy / "kubernetes.yaml")
    assert (manifest["apiVersion"], manifest["kind"]) == ("apps/v1", "StatefulSet")
    pod = manifest["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    volumes = {each["name"] for each in pod["volumes"]}
    claims = {
        each["metadata"]["name"]: each["spec"] for each in manifest["spec"]["volumeClaimTemplates"]
    }
    mounts = {each["name"]: each for each in container["volumeMounts"]}
    assert set(mounts) == volumes | set(claims)
    assert mounts["secrets"]["mountPath"] == SECRETS
    assert "subPath" not in mounts["secrets"]
    audit = variables(deploy / platform / "audit-trail.env")
    assert audit["SPOOL_DIRECTORY"].startswith(mounts["state"]["mountPath"])
    disk = int(claims["state"]["resources"]["requests"]["storage"].removesuffix("Gi")) * 2**30
    assert disk > int(audit["SPOOL_MAX_BYTES"]) + 100_000_000
    assert pod["terminationGracePeriodSeconds"] >= 20
    assert (
        manifest["spec"]["selector"]["matchLabels"]
        == manifest["spec"]["template"]["metadata"]["labels"]
    )


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not on this machine"
)
def test_unit_file(deploy: Path, tmp_path: Path) -> None:
    """The service manager itself finds nothing wrong, once the program is one that exists."""
    text = (deploy / "application.service").read_text(encoding="utf-8")
    assert "StateDirectory=fapilog-sink\n" in text
    unit = tmp_path / "application.service"
    unit.write_text(text.replace("/opt/application/bin/python", sys.executable), encoding="utf-8")
    result = run("systemd-analyze", "verify", "--man=no", unit, cwd=tmp_path)
    complaints = [line for line in result.stdout.splitlines() if "application.service" in line]
    assert complaints == []
    unit.write_text(unit.read_text().replace("TimeoutStopSec=30", "TimeoutStopSecs=30"))
    assert "application.service" in run("systemd-analyze", "verify", unit, cwd=tmp_path).stdout


def test_splunk_files(rendered: Callable[[str], Path]) -> None:
    """Stanzas parse, and indexes and source types are the same ones everywhere."""
    folder = rendered("splunk_hec") / "deploy" / "splunk_hec"
    files = {name: splunk_file(folder, name) for name in SPLUNK_FILES}
    token = files["inputs"]["http://fapilog_sink"]
    indexes = set(files["indexes"].sections())
    assert set(token["indexes"].split(", ")) == indexes
    assert token["index"] in indexes
    assert token["sourcetype"] in files["props"]
    for path in folder.glob("*.env"):
        given = variables(path)
        assert given["INDEX"] in indexes
        assert given["SOURCETYPE"] in files["props"]
    queries = [files["savedsearches"][name]["search"] for name in files["savedsearches"].sections()]
    page = ElementTree.parse(folder / "dashboard.xml")
    queries += [query.text or "" for query in page.iter("query")]
    assert len(queries) == 4
    for query in queries:
        assert set(re.findall(r"index=(\w+)", query)) <= indexes, query
        assert query.count("(") == query.count(")")


RSYSLOG = shutil.which("rsyslogd") or shutil.which("/usr/sbin/rsyslogd")


@pytest.mark.skipif(RSYSLOG is None, reason="rsyslog is not on this machine")
@pytest.mark.parametrize("name", ["rsyslog.conf", "rsyslog-relay.conf"])
def test_rsyslog_takes_the_file(rendered: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    """`rsyslogd -N1` finds nothing wrong, once there are certificates."""
    text = (rendered("syslog_cef") / "deploy" / "syslog_cef" / name).read_text(encoding="utf-8")
    authority, folder = trustme.CA(), tmp_path / "tls"
    folder.mkdir()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    authority.cert_pem.write_to_path(folder / "siem-ca.pem")
    own = authority.issue_cert("relay.example.com")
    own.cert_chain_pems[0].write_to_path(folder / "relay.pem")
    own.private_key_pem.write_to_path(folder / "relay.key")
    text = text.replace("/etc/rsyslog.d/tls", str(folder)).replace(
        "/var/spool/rsyslog", str(tmp_path)
    )
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    result = run(RSYSLOG, "-N1", "-f", file, cwd=tmp_path)
    if "could not load module" in result.stdout:
        pytest.skip("rsyslog has no RELP or TLS on this machine")
    assert result.returncode == 0, result.stdout
    assert "error" not in result.stdout.lower(), result.stdout
