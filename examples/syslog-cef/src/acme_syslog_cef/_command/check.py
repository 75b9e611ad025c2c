# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""`check`: can this machine deliver to the target, and if not, at which step does it end?"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from .._delivery.host import DeliverySink
from .._delivery.host_version import TESTED, host_version, is_tested
from .._delivery.tls import client_context
from .network import (
    LOCAL,
    PLAIN,
    SECURE,
    Address,
    Found,
    address_of,
    connect,
    explain,
    look_up,
    speaks_tls,
)
from .platform import platform_module
from .probe import Connector, Probe
from .steps import FAILED, OK, SKIPPED, WARNING

NAME, CONNECTION, TLS, EVENT = "name", "connection", "TLS", "test event"
EXPIRY_DAYS = 14
"""A certificate that ends sooner gets a warning."""

_LEAST_SECONDS = 0.1
_HANDSHAKE_SECONDS = (
    2.0  # whoever does not speak TLS may wait for the end of a line that never comes
)


class Check:
    """Goes step by step, prints one line for each, and skips what depends on a failed one.

    Args:
        sink: A sink with the configuration to check.
        program: What the test event says of its sender.
        timeout_seconds: Time for each address; None: what the settings allow.
        event: Whether to send a test event.
    """

    def __init__(
        self, sink: DeliverySink[Any], program: str, timeout_seconds: float | None, *, event: bool
    ) -> None:
        self._config = sink.config
        self._user_agent = sink.user_agent
        self._probe = Probe(sink, program)
        self._platform = platform_module(type(sink), "check")
        self._event = event
        longest = self._config.connect_timeout_seconds + self._config.request_timeout_seconds
        self._timeout_seconds = longest if timeout_seconds is None else timeout_seconds
        self._deadline = 0.0
        self._reached = True  # every address, so that what a platform finds is about the target
        self.failed = 0
        """Steps that failed so far."""

    def run(self) -> int:
        """Check the host and every address; returns the exit code."""
        self._look_at_host()
        for url, connector in zip(self._config.urls, self._probe.connectors, strict=True):
            self._deadline = time.monotonic() + self._timeout_seconds
            self._check(address_of(url), connector)
        self._check_platform()
        print(f"{self.failed} step(s) failed" if self.failed else "no step failed", flush=True)
        return 1 if self.failed else 0

    def _look_at_host(self) -> None:
        version = host_version()
        text = f"{version or 'of unknown version'}; tested with {TESTED}"
        self.say(OK if is_tested(version) else WARNING, "fapilog", text)

    def say(self, state: str, step: str, text: str) -> None:
        """Print one line."""
        self.failed += state == FAILED
        print(f"{state:<9}{step:<14} {text}", flush=True)

    def _skip(self, why: str, *steps: str) -> None:
        for step in steps:
            self.say(SKIPPED, step, why)

    def _check(self, address: Address, connector: Connector) -> None:
        print(f"{address.scheme}://{'' if address.scheme in LOCAL else address.target}", flush=True)
        found: Found = ()
        if address.scheme in LOCAL:
            self._skip("a socket of this machine has none", NAME, CONNECTION, TLS)
        elif address.proxied:
            self._skip("the environment names a proxy, which does this", NAME, CONNECTION, TLS)
        else:
            found = self._look_up(address)
            if not found or not self._connect(address, found):
                self._reached = False
                self._skip("a step before it failed", EVENT)
                return
        if not self._event:
            self._skip("--no-event", EVENT)
        elif self._platform is None or not self._platform.SENDS_EVENT:
            self._send(address, connector, found)

    def _check_platform(self) -> None:
        """Let the platform look closer: why an event was refused, too, it may know better."""
        if self._platform is None or not self._reached:
            return
        print("what only this platform knows", flush=True)
        longest = self._timeout_seconds
        config = self._config.model_copy(
            update={
                name: min(getattr(self._config, name), longest)
                for name in ("connect_timeout_seconds", "request_timeout_seconds")
            }
        )
        steps = self._platform.platform_steps(
            config, user_agent=self._user_agent, event=self._event
        )
        for step in steps:
            self.say(step.state, step.name, step.text)

    def _look_up(self, address: Address) -> Found:
        try:
            found = look_up(address, self._connect_seconds())
        except OSError as error:
            self.say(FAILED, NAME, explain(error, address))
            self._skip("the host is not known", CONNECTION, TLS)
            return ()
        places = dict.fromkeys(str(place[0]) for *_, place in found)
        self.say(OK, NAME, f"{address.host}: {', '.join(places)}")
        return found

    def _connect(self, address: Address, found: Found) -> bool:
        if address.scheme == "udp":
            self._skip("UDP has none: nothing tells whether somebody listens", CONNECTION)
            self._skip("UDP has none: everyone on the way can read the events", TLS)
            return True
        start = time.monotonic()
        try:
            connection = connect(found, self._connect_seconds())
        except OSError as error:
            self.say(FAILED, CONNECTION, explain(error, address))
            self._skip("there is no connection", TLS)
            return False
        with connection:
            place = address._replace(host=connection.getpeername()[0])
            milliseconds = (time.monotonic() - start) * 1_000
            self.say(OK, CONNECTION, f"{place.target} in {milliseconds:.0f} ms")
            return self._secure(address, connection)

    def _secure(self, address: Address, connection: socket.socket) -> bool:
        if address.scheme not in PLAIN:
            self._skip(f"{address.scheme}:// has none: all on the way can read along", TLS)
            return True
        connection.settimeout(self._connect_seconds())
        context = client_context(self._config)
        try:
            with context.wrap_socket(connection, server_hostname=address.host) as secured:
                self._describe(secured)
        except OSError as error:
            silent = isinstance(error, (TimeoutError, ssl.SSLEOFError, ConnectionError))
            hint = "; perhaps the port speaks no TLS" if silent else ""
            self.say(FAILED, TLS, explain(error, address) + hint)
            return False
        return True

    def _describe(self, secured: ssl.SSLSocket) -> None:
        certificate, version = secured.getpeercert(), secured.version()
        if not certificate:
            self.say(WARNING, TLS, f"{version}, certificate NOT verified: set tls_ca_file instead")
            return
        seconds = ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()
        days = int(seconds // 86_400)
        self.say(OK, TLS, f"{version}, certificate verified, valid for {days} more days")
        if days < EXPIRY_DAYS:
            self.say(WARNING, TLS, f"the certificate ends in {days} days: renew it on the server")

    def _send(self, address: Address, connector: Connector, found: Found) -> None:
        finding = self._probe.send(connector, self._left())
        text = finding.text
        doubtful = not finding.understood and address.scheme in SECURE
        if doubtful and speaks_tls(found, min(_HANDSHAKE_SECONDS, self._left())):
            text += f"; the port speaks TLS: use {SECURE[address.scheme]}://"
        self.say(finding.state, EVENT, text)

    def _left(self) -> float:
        return max(_LEAST_SECONDS, self._deadline - time.monotonic())

    def _connect_seconds(self) -> float:
        return min(float(self._config.connect_timeout_seconds), self._left())
