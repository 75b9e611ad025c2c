"""A rendered project against nodes of Elasticsearch; `make integration-elasticsearch` runs it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import trustme

from scripts.receivers.fetched import Unavailable
from scripts.receivers.search_node import ELASTICSEARCH, SearchNode, running
from tests.integration.bulk_cluster import Load, run_live_suite, run_load, set_up

PASSWORD = "a b:c!9 d"
ROLES = b"""
sink:
  indices:
    - names: ["logs-*"]
      privileges: ["create_doc", "auto_configure"]
nothing: {}
"""
USERS = {
    "admin": (PASSWORD, "superuser"),
    "sink": (PASSWORD, "sink"),
    "guest": (PASSWORD, "nothing"),
}

pytestmark = [pytest.mark.integration, pytest.mark.timeout(1_500)]


@pytest.fixture(scope="module")
def node() -> Iterator[SearchNode]:
    """Return a node without security."""
    try:
        with running(ELASTICSEARCH) as started:
            yield started
    except Unavailable as problem:
        print(f"\nNOT RUN: Elasticsearch: {problem}")
        pytest.skip(f"Elasticsearch is not available: {problem}")


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the PEM file of an authority."""
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority = trustme.CA()
    authority.cert_pem.write_to_path(path)
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(path.with_name("node.key"))
    path.with_name("node.crt").write_bytes(
        b"".join(each.bytes() for each in issued.cert_chain_pems)
    )
    return path


@pytest.fixture(scope="module")
def secured(ca: Path) -> Iterator[SearchNode]:
    """Return a node with TLS, an administrator, and users with the least rights and with none."""
    settings = {
        "xpack.security.enabled": "true",
        "xpack.security.autoconfiguration.enabled": "false",
        "xpack.security.http.ssl.enabled": "true",
        "xpack.security.http.ssl.key": "node.key",
        "xpack.security.http.ssl.certificate": "node.crt",
    }
    secure = {name: ca.with_name(name).read_bytes() for name in ("node.key", "node.crt")}
    secure["roles.yml"] = ROLES
    try:
        with running(
            ELASTICSEARCH, settings=settings, secure=secure, users=USERS, ca=ca.read_text()
        ) as started:
            yield started
    except Unavailable as problem:
        print(f"\nNOT RUN: Elasticsearch with TLS: {problem}")
        pytest.skip(f"Elasticsearch is not available: {problem}")


def test_live_suite(rendered: Callable[[str], Path], node: SearchNode) -> None:
    """The project's own tests for a live cluster pass."""
    run_live_suite(rendered("elasticsearch"), {"url": node.url})


def test_load_with_faults(
    rendered: Callable[[str], Path], node: SearchNode, tmp_path: Path
) -> None:
    """A cut answer, a write block, a killed node: nothing is lost, nothing doubled."""
    load = Load(rendered("elasticsearch"), node, tmp_path)
    try:
        run_load(load, node)
    finally:
        load.close()


def test_live_suite_with_tls(
    rendered: Callable[[str], Path], secured: SearchNode, ca: Path
) -> None:
    """The same over TLS with basic authentication, as an administrator."""
    settings = {"username": "admin", "password": PASSWORD, "tls_ca_file": str(ca)}
    run_live_suite(rendered("elasticsearch"), {"url": secured.url, **settings})


def test_least_rights(
    rendered: Callable[[str], Path], secured: SearchNode, ca: Path, tmp_path: Path
) -> None:
    """The role of `deploy/` is enough to create the data stream and its documents."""
    set_up(secured, "keyword")
    sink = {"username": "sink", "password": PASSWORD, "tls_ca_file": str(ca)}
    load = Load(rendered("elasticsearch"), secured, tmp_path, sink)
    try:
        load.start("write", count=3_000, poison_every=1_000)
        assert load.books()["delivered"] == 3_000
        assert len(load.messages()) == 3_000
        load.start("check")
        steps = load.books()
        assert [state for state, _, _ in steps] == ["ok", "ok", "skipped", "ok", "skipped"], steps
    finally:
        load.close()


@pytest.mark.parametrize(
    ("user", "password", "said"),
    [("guest", PASSWORD, "grant create_doc"), ("sink", "wrong password", "check `api_key`")],
)
def test_no_rights(
    rendered: Callable[[str], Path],
    secured: SearchNode,
    ca: Path,
    tmp_path: Path,
    user: str,
    password: str,
    said: str,
) -> None:
    """Nothing is given up; whoever runs `check` learns what is missing."""
    settings = {"username": user, "password": password, "tls_ca_file": str(ca)}
    settings |= {"close_timeout_seconds": 1.0}
    load = Load(rendered("elasticsearch"), secured, tmp_path, settings)
    try:
        load.start("check")
        assert [detail for state, _, detail in load.books() if state == "FAILED" and said in detail]
    finally:
        load.close()
