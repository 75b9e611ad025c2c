# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a check says about a receiver, and what it does not claim."""

import datetime
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from acme_syslog_cef._command.steps import FAILED, OK, WARNING, Step
from acme_syslog_cef.syslog_cef.check import (
    PROOFS,
    platform_steps,
)
from acme_syslog_cef.syslog_cef.config import (
    SyslogCefConfig,
)

from ..support.fake_relp import FakeRelpServer
from ..support.fake_syslog import FakeSyslogServer
from ..support.syslog_reader import read_cef, read_rfc3164, read_rfc5424


def check(timeout_seconds: float = 5.0, **settings: Any) -> list[Step]:
    """Check a configuration."""
    given = {"request_timeout_seconds": timeout_seconds, **settings}
    return list(platform_steps(SyslogCefConfig.model_validate(given)))


def test_message_goes_in_the_configured_format() -> None:
    """The test message has the form of all others, and TCP proves what it proves."""
    with FakeSyslogServer() as server:
        target = f"127.0.0.1:{server.port}"
        steps = check(url=f"tcp://{target}", format="cef")

        assert steps == [Step(OK, f"{target} message", PROOFS["tcp"])]
        assert "only a look there tells" in steps[0].text
        assert read_cef(read_rfc3164(server.frames[0])[3]).class_id == "fapilog.check"


def test_every_address_is_checked() -> None:
    """One that does not answer is named, and the next is tried."""
    with FakeSyslogServer() as server:
        with socket.create_server(("127.0.0.1", 0)) as closed:
            nobody = f"127.0.0.1:{closed.getsockname()[1]}"
        somebody = f"127.0.0.1:{server.port}"
        steps = check(url=f"tcp://{nobody}", failover_urls=[f"tcp://{somebody}"])

    assert [(step.name, step.state) for step in steps] == [
        (f"{nobody} message", FAILED),
        (f"{somebody} message", OK),
    ]
    assert nobody in steps[0].text


def test_relp_receiver_confirms() -> None:
    """Over RELP the receiver itself says that it has the message."""
    with FakeRelpServer() as server:
        (step,) = check(url=f"relp://127.0.0.1:{server.port}")

        assert (step.state, step.text) == (OK, "acknowledged by the receiver")
        assert len(server.acknowledged) == 1


def test_relp_receiver_that_says_nothing_fails() -> None:
    """A message without an acknowledgement is no success."""
    with FakeRelpServer() as server:
        server.hold()
        (step,) = check(0.3, url=f"relp://127.0.0.1:{server.port}")

    assert step.state == FAILED
    assert "in time" in step.text


def test_datagram_proves_nothing() -> None:
    """A datagram that went out is told as that."""
    with FakeSyslogServer("udp") as server:
        (step,) = check(url=f"udp://127.0.0.1:{server.port}")

        assert (step.state, step.text) == (OK, PROOFS["udp"])
        assert read_rfc5424(server.wait_for(1)[0]).msgid == "fapilog.check"


def test_tls_problems_are_explained(tmp_path: Path) -> None:
    """An unknown authority, a wrong name and a certificate that ends soon each have their own advice."""
    authority, other = trustme.CA(), trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    other.cert_pem.write_to_path(str(tmp_path / "other.pem"))
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3, hours=1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", not_after=end).configure_cert(context)
    with FakeSyslogServer(tls=context) as server:
        good, bad = str(tmp_path / "ca.pem"), str(tmp_path / "other.pem")
        (unknown,) = check(url=f"tls://localhost:{server.port}", tls_ca_file=bad)
        (misnamed,) = check(url=f"tls://127.0.0.1:{server.port}", tls_ca_file=good)
        soon, passed = check(url=f"tls://localhost:{server.port}", tls_ca_file=good)

    assert (unknown.state, misnamed.state) == (FAILED, FAILED)
    assert "set tls_ca_file" in unknown.text
    assert "correct the host" in misnamed.text
    assert (soon.state, passed.state) == (WARNING, OK)
    assert "ends in 3 days" in soon.text


def test_refused_client_certificate_is_explained(tmp_path: Path) -> None:
    """A receiver that wants a client certificate refuses after the handshake; the check still sees it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    strict = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(strict)
    authority.configure_trust(strict)
    strict.verify_mode = ssl.CERT_REQUIRED
    with FakeSyslogServer(tls=strict) as server:
        url = f"tls://localhost:{server.port}"
        (step,) = check(url=url, tls_ca_file=str(tmp_path / "ca.pem"))

    assert step.state == FAILED
    assert "TLS" in step.text or "connection" in step.text


@pytest.mark.parametrize("scheme", ["unix", "unixgram"])
@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets here")
def test_missing_local_socket_fails(tmp_path: Path, scheme: str) -> None:
    """A path where nobody listens is named."""
    (step,) = check(url=f"{scheme}://{tmp_path}/nobody")

    assert step.state == FAILED
    assert "nobody" in step.text
