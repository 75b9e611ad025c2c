# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Certificates that do not prove who the target is: the events wait, and arrive once one does."""

from __future__ import annotations

import ssl
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import trustme

from ..support.fake_http import FakeHttpServer
from .books import account, offer, payloads, quick_delivery, settled, wait_for

CA = trustme.CA()
OTHER_CA = trustme.CA()
HOST = "127.0.0.1"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", HOST)


def context(authority: trustme.CA, host: str, expires_in: timedelta) -> ssl.SSLContext:
    """Return the context of a server with a certificate of that kind."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.now(timezone.utc) + expires_in
    since = until - timedelta(days=30)
    authority.issue_cert(host, not_before=since, not_after=until).configure_cert(made)
    return made


GOOD = context(CA, HOST, timedelta(days=1))


@pytest.mark.fault(18, promise=(1, 9, 18))
@pytest.mark.parametrize(
    ("wrong", "advice"),
    [
        (context(CA, HOST, timedelta(seconds=-5)), "renew it on the server"),
        (context(CA, "splunk.example.com", timedelta(days=1)), "correct the host"),
        (context(OTHER_CA, HOST, timedelta(days=1)), "set tls_ca_file"),
    ],
    ids=["expired", "wrong_host", "unknown_authority"],
)
def test_a_certificate_that_does_not_verify_holds_the_events(
    wrong: ssl.SSLContext, advice: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is sent to a stranger; once the server has a good certificate, everything is."""
    ca_file = tmp_path / "ca.pem"
    CA.cert_pem.write_to_path(str(ca_file))
    with FakeHttpServer(tls=wrong) as server:
        target = quick_delivery(server.url, tls_ca_file=ca_file, retry_deadline_seconds=0.001)
        offer(target, b"1", b"2")
        stats = wait_for(target.stats, lambda s: s.held and s.retried >= 4)
        assert (account(stats), server.requests) == ({"pending": 2}, [])
        server.tls = GOOD
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert payloads(server) == [b"1", b"2"]
    assert (account(stats), stats.ambiguous) == ({"delivered": 2}, 0)
    assert advice in caplog.text


@pytest.mark.fault(18, promise=(9, 18))
def test_an_authority_that_is_corrected_in_its_file_is_used(tmp_path: Path) -> None:
    """`tls_ca_file` is read again while delivery is on hold: no restart is needed."""
    ca_file = tmp_path / "ca.pem"
    OTHER_CA.cert_pem.write_to_path(str(ca_file))
    with FakeHttpServer(tls=GOOD) as server:
        target = quick_delivery(server.url, tls_ca_file=ca_file)
        offer(target, b"1")
        wait_for(target.stats, lambda s: s.held and s.retried >= 2)
        CA.cert_pem.write_to_path(str(ca_file))
        stats = wait_for(target.stats, settled)
        target.close(1.0)
    assert payloads(server) == [b"1"]
    assert account(stats) == {"delivered": 1}
