# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""`check`: can this machine deliver to the target, and if not, at which step does it end?"""

from __future__ import annotations

import socket
import ssl
import time
from typing import Any

from .._delivery.host import DeliverySink
from .._delivery.tls import client_context
from .network import PLAIN, SECURE, Address, address_of, connect, explain, look_up, speaks_tls
from .probe import FAILED, OK, WARNING, Connector, Probe

SKIPPED = "skipped"
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
        self,
        sink: DeliverySink[Any],
        *,
        program: str,
        timeout_seconds: float | None,
        event: bool,
    ) -> None:
        self._config = sink.config
        self._probe = Probe(sink, program)
        self._event = event
        longest = self._config.connect_timeout_seconds + self._config.request_timeout_seconds
        self._timeout_seconds = longest if timeout_seconds is None else timeout_seconds
        self._deadline = 0.0
        self.failed = 0
        """Steps that failed so far."""

    def run(self) -> int:
        """Check every address; returns the exit code."""
        urls = [self._config.url, *getattr(self._config, "failover_urls", ())]
        for url, connector in zip(urls, self._probe.connectors, strict=True):
            self._deadline = time.monotonic() + self._timeout_seconds
            self._check(address_of(url), connector)
        print(f"{self.failed} step(s) failed" if self.failed else "no step failed", flush=True)
        return 1 if self.failed else 0

    def say(self, state: str, step: str, text: str) -> None:
        """Print one line."""
        self.failed += state == FAILED
        print(f"{state:<9}{step:<15}{text}", flush=True)

    def _check(self, address: Address, connector: Connector) -> None:
        print(f"{address.scheme}://{address.target}", flush=True)
        found: list[tuple[Any, ...]] = []
        if address.proxied:
            for step in (NAME, CONNECTION, TLS):
                self.say(SKIPPED, step, "the environment names a proxy, which does this")
        else:
            found = self._look_up(address)
            if not found or not self._connect(address, found):
                self.say(SKIPPED, EVENT, "a step before it failed")
                return
        self._send(address, connector, found)

    def _look_up(self, address: Address) -> list[tuple[Any, ...]]:
        try:
            found = look_up(address, self._connect_seconds())
        except OSError as error:
            self.say(FAILED, NAME, explain(error, address))
            for step in (CONNECTION, TLS):
                self.say(SKIPPED, step, "the host is not known")
            return []
        places = dict.fromkeys(str(place[0]) for *_, place in found)
        self.say(OK, NAME, f"{address.host}: {', '.join(places)}")
        return found

    def _connect(self, address: Address, found: list[tuple[Any, ...]]) -> bool:
        if address.scheme == "udp":
            self.say(SKIPPED, CONNECTION, "UDP has none: nothing tells whether somebody listens")
            self.say(SKIPPED, TLS, "UDP has none: everyone on the way can read the events")
            return True
        start = time.monotonic()
        try:
            connection = connect(found, self._connect_seconds())
        except OSError as error:
            self.say(FAILED, CONNECTION, explain(error, address))
            self.say(SKIPPED, TLS, "there is no connection")
            return False
        with connection:
            place = Address(address.scheme, connection.getpeername()[0], address.port)
            milliseconds = (time.monotonic() - start) * 1_000
            self.say(OK, CONNECTION, f"{place.target} in {milliseconds:.0f} ms")
            return self._secure(address, connection)

    def _secure(self, address: Address, connection: socket.socket) -> bool:
        if address.scheme not in PLAIN:
            self.say(SKIPPED, TLS, f"{address.scheme}:// has none: all on the way can read along")
            return True
        context = client_context(self._config)
        connection.settimeout(self._connect_seconds())
        try:
            with context.wrap_socket(connection, server_hostname=address.host) as secured:
                self._describe(secured)
        except TimeoutError as error:
            text = f"{explain(error, address)}; perhaps the port speaks no TLS"
            self.say(FAILED, TLS, text)
            return False
        except OSError as error:
            self.say(FAILED, TLS, explain(error, address))
            return False
        return True

    def _describe(self, secured: ssl.SSLSocket) -> None:
        certificate = secured.getpeercert()
        if not certificate:
            text = f"{secured.version()}, certificate NOT verified: set tls_ca_file instead"
            self.say(WARNING, TLS, text)
            return
        seconds = ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()
        days = int(seconds // 86_400)
        self.say(OK, TLS, f"{secured.version()}, certificate verified, valid for {days} more days")
        if days < EXPIRY_DAYS:
            self.say(WARNING, TLS, f"the certificate ends in {days} days: renew it on the server")

    def _send(self, address: Address, connector: Connector, found: list[tuple[Any, ...]]) -> None:
        if not self._event:
            self.say(SKIPPED, EVENT, "--no-event")
            return
        finding = self._probe.send(connector, self._left())
        text = finding.text
        if not finding.understood and address.scheme in SECURE:
            seconds = min(_HANDSHAKE_SECONDS, self._left())
            if speaks_tls(found, seconds):
                text += f"; the port speaks TLS: use {SECURE[address.scheme]}://"
        self.say(finding.state, EVENT, text)

    def _left(self) -> float:
        return max(_LEAST_SECONDS, self._deadline - time.monotonic())

    def _connect_seconds(self) -> float:
        return min(float(self._config.connect_timeout_seconds), self._left())
