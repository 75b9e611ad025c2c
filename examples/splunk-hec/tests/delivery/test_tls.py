# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""TLS on real sockets: who is trusted, who is not, and what is said about a wrong file."""

from __future__ import annotations

import socket
import ssl
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
import trustme

from acme_splunk_hec._delivery.errors import (
    ConfigurationError,
    TransportError,
)
from acme_splunk_hec._delivery.http_client import (
    HttpClient,
)
from acme_splunk_hec._delivery.records import (
    HttpRequest,
)
from acme_splunk_hec._delivery.settings import (
    DeliverySettings,
    HttpSettings,
    TlsSettings,
)
from acme_splunk_hec._delivery.tls import (
    client_context,
)

from ..support.fake_http import FakeHttpServer

CA = trustme.CA()
OTHER_CA = trustme.CA()


class _Settings(HttpSettings, TlsSettings, DeliverySettings):
    """Settings as a platform composes them."""


@pytest.fixture
def ca_file(tmp_path: Path) -> Path:
    """The certificate of the authority that signed the server's."""
    path = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(str(path))
    return path


@pytest.fixture
def client_files(tmp_path: Path) -> tuple[Path, Path]:
    """A client certificate and its key."""
    certificate = CA.issue_cert("client@example.com")
    chain, key = tmp_path / "client.pem", tmp_path / "client.key"
    certificate.cert_chain_pems[0].write_to_path(str(chain))
    certificate.private_key_pem.write_to_path(str(key))
    return chain, key


def server_context(host: str = "127.0.0.1", *, ask_client: bool = False) -> ssl.SSLContext:
    """Return the context of a server whose certificate is for `host`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    CA.issue_cert(host).configure_cert(context)
    if ask_client:
        CA.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def post(server: FakeHttpServer, **settings: Any) -> int:
    """Send one request and return the status of the answer."""
    client = HttpClient(server.url, settings=_Settings(**settings), user_agent="acme/1.0")
    try:
        return client.send(HttpRequest("/", {}, b"payload"), 5.0).status
    finally:
        client.close(1.0)


def refusal(server: FakeHttpServer, **settings: Any) -> TransportError:
    """Return the error of a request that TLS must prevent."""
    with pytest.raises(TransportError) as caught:
        post(server, **settings)
    assert server.requests == []
    return caught.value


def test_own_authority_is_trusted(ca_file: Path) -> None:
    """`tls_ca_file` names whom to trust."""
    with FakeHttpServer(tls=server_context()) as server:
        assert post(server, tls_ca_file=ca_file) == 200


def test_own_authority_replaces_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `tls_ca_file` set, the authorities of the system count no more."""
    system, other = tmp_path / "system.pem", tmp_path / "other.pem"
    CA.cert_pem.write_to_path(str(system))
    OTHER_CA.cert_pem.write_to_path(str(other))
    monkeypatch.setenv("SSL_CERT_FILE", str(system))
    with FakeHttpServer(tls=server_context()) as server:
        assert refusal(server, tls_ca_file=other).configuration
        assert post(server) == 200


@pytest.mark.fault(18, promise=18)
@pytest.mark.parametrize("host", ["splunk.example.com", "127.0.0.2"])
def test_wrong_host_is_refused(ca_file: Path, host: str) -> None:
    """A certificate of somebody else proves nothing; waiting will not change that."""
    with FakeHttpServer(tls=server_context(host)) as server:
        error = refusal(server, tls_ca_file=ca_file)
    assert (error.configuration, error.ambiguous) == (True, False)


@pytest.mark.fault(18, promise=18)
def test_unknown_authority_is_refused_with_advice() -> None:
    """The most frequent mistake gets the setting that cures it."""
    with FakeHttpServer(tls=server_context()) as server:
        error = refusal(server)
    assert (error.configuration, error.ambiguous) == (True, False)
    assert "tls_ca_file" in error.reason


def test_client_certificate_is_shown(ca_file: Path, client_files: tuple[Path, Path]) -> None:
    """Mutual TLS with `tls_client_cert_file` and `tls_client_key_file`."""
    chain, key = client_files
    with FakeHttpServer(tls=server_context(ask_client=True)) as server:
        given = {"tls_client_cert_file": chain, "tls_client_key_file": key}
        assert post(server, tls_ca_file=ca_file, **given) == 200


def test_client_certificate_may_hold_its_key(
    ca_file: Path, client_files: tuple[Path, Path]
) -> None:
    """Without `tls_client_key_file` the key is in `tls_client_cert_file`."""
    chain, key = client_files
    chain.write_bytes(chain.read_bytes() + key.read_bytes())
    with FakeHttpServer(tls=server_context(ask_client=True)) as server:
        assert post(server, tls_ca_file=ca_file, tls_client_cert_file=chain) == 200


def test_missing_client_certificate_fails(ca_file: Path) -> None:
    """A server that asks for a certificate gets no request without one."""
    with FakeHttpServer(tls=server_context(ask_client=True)) as server:
        refusal(server, tls_ca_file=ca_file)


def test_old_tls_is_refused() -> None:
    """TLS 1.1 and older are broken."""
    assert client_context(_Settings()).minimum_version == ssl.TLSVersion.TLSv1_2


def test_plain_server_is_a_configuration_error() -> None:
    """https:// on a port without TLS will not work later, either."""
    with socket.create_server(("127.0.0.1", 0)) as plain:
        answer = threading.Thread(target=_answer_400, args=(plain,))
        answer.start()
        client = HttpClient(
            f"https://127.0.0.1:{plain.getsockname()[1]}", settings=_Settings(), user_agent="a/1"
        )
        with pytest.raises(TransportError) as caught:
            client.send(HttpRequest("/", {}, b""), 5.0)
        answer.join()
    assert caught.value.configuration


def _answer_400(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with connection:
        connection.recv(65_536)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.fault(promise=18)
def test_skipped_verification_warns() -> None:
    """The dangerous setting works, and nobody can say they were not told."""
    context = server_context("other.example.com")
    warns = pytest.warns(RuntimeWarning, match="tls_skip_verification")
    with FakeHttpServer(tls=context) as server, warns:
        assert post(server, tls_skip_verification=True) == 200


@pytest.mark.parametrize(
    ("setting", "content"),
    [
        ("tls_ca_file", None),
        ("tls_ca_file", "no certificate"),
        ("tls_ca_file", ""),
        ("tls_client_cert_file", None),
        ("tls_client_cert_file", "no certificate"),
    ],
)
def test_unusable_file_names_its_setting(tmp_path: Path, setting: str, content: str | None) -> None:
    """The text says which setting, which file, and what it should be."""
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigurationError, match=f"{setting}.*file.pem.*give"):
        client_context(_Settings(**{setting: path}))


def test_missing_key_names_its_setting(client_files: tuple[Path, Path]) -> None:
    """`load_cert_chain` would not say which of its two files is missing."""
    chain, key = client_files
    key.unlink()
    settings = _Settings(tls_client_cert_file=chain, tls_client_key_file=key)
    with pytest.raises(ConfigurationError, match=r"tls_client_key_file.*No such file"):
        client_context(settings)


def test_key_without_certificate_is_refused(client_files: tuple[Path, Path]) -> None:
    """Half a pair would be ignored without a word."""
    with pytest.raises(ConfigurationError, match="tls_client_cert_file"):
        client_context(_Settings(tls_client_key_file=client_files[1]))


def test_encrypted_key_does_not_ask(client_files: tuple[Path, Path]) -> None:
    """OpenSSL would ask for the password on the terminal, and a service would hang."""
    from cryptography.hazmat.primitives import serialization

    chain, path = client_files
    key = serialization.load_pem_private_key(path.read_bytes(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"password"),
    )
    path.write_bytes(encrypted)
    with pytest.raises(ConfigurationError, match="unencrypted"):
        client_context(_Settings(tls_client_cert_file=chain, tls_client_key_file=path))


@pytest.mark.fault(18, promise=18)
def test_an_expired_certificate_gets_its_own_advice(ca_file: Path) -> None:
    """Another authority or host name would not help; a new certificate does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    days = [datetime(2020, 1, day, tzinfo=timezone.utc) for day in (1, 2)]
    CA.issue_cert("127.0.0.1", not_before=days[0], not_after=days[1]).configure_cert(context)
    with FakeHttpServer(tls=context) as server:
        client = HttpClient(
            server.url, settings=_Settings(tls_ca_file=ca_file), user_agent="acme/1.0"
        )
        with pytest.raises(TransportError, match="renew it on the server") as caught:
            client.send(HttpRequest("/", {}, b""), 5.0)
        client.close(1.0)
    assert caught.value.configuration
