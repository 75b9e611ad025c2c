"""One node of OpenSearch or Elasticsearch on loopback, which can be killed and restarted."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .fetched import Unavailable, maven_zip

_NOBODY = 65_534
_START_SECONDS = 120.0
_STOP_SECONDS = 30.0
_HEAP = "512m"

SETTINGS = {
    "cluster.name": "integration",
    "node.name": "node-1",
    "network.host": "127.0.0.1",
    "discovery.type": "single-node",
    # A full disk of the machine would be answered with 429.
    "cluster.routing.allocation.disk.threshold_enabled": "false",
}


@dataclass(frozen=True)
class Product:
    """One of the two products, at the version that was checked."""

    name: str
    version: str
    sha256: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def variable(self) -> str:
        """Prefix of its environment variables."""
        return {"opensearch": "OPENSEARCH", "elasticsearch": "ES"}[self.name]


OPENSEARCH = Product(
    "opensearch", "2.19.6", "71d6d8b1c637f3faecda0752b184b1cc526fc6eaad59ec1408c6327bb00b9293"
)
ELASTICSEARCH = Product(
    "elasticsearch",
    "8.19.21",
    "215d5f3dbf0609a149f6218a9e47b6ae2df34ebbff3c5754e35f15a5e5393c8a",
    {"xpack.security.enabled": "false"},
)
PRODUCTS = {product.name: product for product in (OPENSEARCH, ELASTICSEARCH)}


class SearchNode:
    """A node with its data in a folder of its own.

    Args:
        product: What to run.
        folder: Empty; the node's data, logs and configuration.
        settings: More settings of the node, which win.
        secure: File name -> content to put into its configuration folder.
    """

    def __init__(
        self,
        product: Product,
        folder: Path,
        *,
        settings: Mapping[str, str] | None = None,
        secure: Mapping[str, bytes] | None = None,
    ) -> None:
        self.product = product
        self.port = _free_port()
        self.authorization: str | None = None
        self.ca: str | None = None
        """PEM text of the authority to trust; None: plain HTTP."""
        self._home = _home(product)
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._environment = self._lay_out({**product.settings, **(settings or {})}, secure or {})

    @property
    def url(self) -> str:
        """Base URL without a trailing slash."""
        return f"{'https' if self.ca else 'http'}://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and return when it answers.

        Raises:
            AssertionError: it ended or did not answer in time; the text ends with its log.
        """
        log = (self._folder / "console.log").open("ab")
        with log:
            self._process = subprocess.Popen(
                [str(self._home / "bin" / self.product.name)],
                env=self._environment,
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **_other_user(),
            )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.kill()
                tail = (self._folder / "console.log").read_text(errors="replace")[-3_000:]
                raise AssertionError(f"{self.product.name} does not start:\n{tail}")
            time.sleep(0.1)

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it in order."""
        self._end(signal.SIGTERM)

    def request(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return status and parsed body of an administrator's request; other text as it is."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310 - http and https of loopback
            self.url + path, data=data, method=method, headers={"Content-Type": "application/json"}
        )
        if self.authorization:
            request.add_header("Authorization", self.authorization)
        context = ssl.create_default_context(cadata=self.ca) if self.ca else None
        try:
            with urllib.request.urlopen(request, timeout=60, context=context) as answer:  # noqa: S310
                return answer.status, _parsed(answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return error.code, _parsed(error.read())

    def ok(self, method: str, path: str, body: Any = None) -> Any:
        """Return the parsed body of a request that must succeed."""
        status, answer = self.request(method, path, body)
        assert status < 300, f"{method} {path}: {status} {answer}"
        return answer

    def tool(self, name: str, *arguments: str) -> None:
        """Run one of the node's command-line tools on its configuration."""
        subprocess.run(
            [str(self._home / "bin" / name), *arguments],
            env=self._environment,
            cwd=self._folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=120,
            **_other_user(),
        )

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return self.request("GET", "/_cluster/health")[0] == 200
        return False

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(_STOP_SECONDS)
        # The launcher of Elasticsearch may end before the node itself does.
        deadline = time.monotonic() + _STOP_SECONDS
        while _group_lives(process.pid) and time.monotonic() < deadline:
            time.sleep(0.02)

    def _lay_out(self, settings: Mapping[str, str], secure: Mapping[str, bytes]) -> dict[str, str]:
        """Write the configuration and return the environment."""
        config = self._folder / "config"
        shutil.copytree(self._home / "config", config)
        for name in ("data", "logs", "tmp"):
            (self._folder / name).mkdir()
        lines = {
            **SETTINGS,
            "http.port": str(self.port),
            "transport.port": str(_free_port()),
            "path.data": str(self._folder / "data"),
            "path.logs": str(self._folder / "logs"),
            **settings,
        }
        text = "".join(f"{name}: {value}\n" for name, value in lines.items())
        (config / f"{self.product.name}.yml").write_text(text)
        # The one of the zip writes to the home folder, and asks for more memory than this needs.
        options = [f"-Xms{_HEAP}", f"-Xmx{_HEAP}", "-XX:+UseSerialGC"]
        options += [f"-Djava.io.tmpdir={self._folder / 'tmp'}"]
        options += ["18-:-Djava.security.manager=allow"] if self.product is OPENSEARCH else []
        (config / "jvm.options").write_text("\n".join([*options, ""]))
        for name, content in secure.items():
            (config / name).write_bytes(content)
        _give_away(self._folder)
        prefix = self.product.variable
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._folder),
            f"{prefix}_PATH_CONF": str(config),
            f"{prefix}_TMPDIR": str(self._folder / "tmp"),
            f"{prefix}_JAVA_HOME": _java_home(),
        }


@contextlib.contextmanager
def running(
    product: Product,
    *,
    settings: Mapping[str, str] | None = None,
    secure: Mapping[str, bytes] | None = None,
    users: Mapping[str, tuple[str, str]] | None = None,
    ca: str | None = None,
) -> Iterator[SearchNode]:
    """Run a node in a temporary folder.

    Args:
        product: What to run.
        settings: More settings of the node, which win.
        secure: File name -> content to put into its configuration folder.
        users: Name -> password and role, for Elasticsearch; requests are made as the first.
        ca: PEM text of the authority to trust; None: plain HTTP.

    Raises:
        Unavailable: it cannot be fetched or run here.
    """
    with tempfile.TemporaryDirectory(prefix=f"{product.name}-", ignore_cleanup_errors=True) as name:
        node = SearchNode(product, Path(name), settings=settings, secure=secure)
        node.ca = ca
        for user, (password, role) in reversed(list((users or {}).items())):
            node.tool("elasticsearch-users", "useradd", user, "-p", password, "-r", role)
            node.authorization = basic(user, password)
        try:
            node.start()
            yield node
        finally:
            node.kill()


def basic(username: str, password: str) -> str:
    """Return the value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


def _home(product: Product) -> Path:
    group = f"org.{product.name}.distribution.integ-test-zip"
    return maven_zip(group, product.name, product.version, product.sha256)


def _java_home() -> str:
    """Return the folder of a JDK of version 17 to 21, which both products run on.

    Raises:
        Unavailable: there is none.
    """
    java = shutil.which("java")
    if java is None:
        raise Unavailable("Java is not installed: 17 or 21 is needed")
    result = subprocess.run([java, "-version"], capture_output=True, text=True, check=True)
    version = re.search(r'version "(\d+)', result.stderr)
    if version is None or not 17 <= int(version[1]) <= 21:
        raise Unavailable("Java 17 to 21 is needed")
    return str(Path(java).resolve().parents[1])


def _other_user() -> dict[str, Any]:
    """Return how to start a process as nobody when we are root: both products refuse root."""
    if os.geteuid() != 0:
        return {}
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []}


def _give_away(folder: Path) -> None:
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, _NOBODY, _NOBODY)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
