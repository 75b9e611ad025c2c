# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The way to an address, step by step: name, connection, TLS; and what may be wrong with each.

The client of a sink does the same in one go and can only say that it failed.
"""

from __future__ import annotations

import queue
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from .._delivery.socket_errors import transport_error

PORTS = {"http": 80, "https": 443, "tcp": 514, "udp": 514, "tls": 6514, "relp": 2514, "relps": 2514}
"""Scheme -> port of a URL without one; RFC 9110 section 4.2, RFC 5425 section 4.1."""
LOCAL = ("unix", "unixgram")
"""Schemes of sockets on this machine, which have neither name nor port."""
PLAIN = {"https": "http", "tls": "tcp", "relps": "relp"}
"""Scheme with TLS -> the same without."""
SECURE = {"http": "https", "tcp": "tls", "relp": "relps"}
"""Scheme without TLS -> the same with it."""

_NO_TLS_SPOKEN = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
_ADVICE: tuple[tuple[type[OSError], str], ...] = (
    (socket.gaierror, "correct the host in the url, or the name service of this machine"),
    (TimeoutError, "look for a firewall on the way, and check host and port in the url"),
    (ConnectionRefusedError, "nothing listens there: check the port, and that the target runs"),
    (OSError, "check host and port in the url, and the way to them"),
)

Found = Sequence[tuple[Any, ...]]
"""What `getaddrinfo` returns."""


class Address(NamedTuple):
    """Where a URL leads to."""

    scheme: str
    host: str
    port: int

    @property
    def target(self) -> str:
        """`host:port`, an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def proxied(self) -> bool:
        """Whether the environment names a proxy on the way."""
        named = getproxies().keys() & {self.scheme, "all"} and not proxy_bypass(self.host)
        return self.scheme in ("http", "https") and bool(named)


def address_of(url: str) -> Address:
    """Take apart a URL that the configuration has checked already."""
    parts = urlsplit(url)
    return Address(parts.scheme, parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0))


def look_up(address: Address, timeout_seconds: float) -> Found:
    """Return the addresses of a name.

    Raises:
        OSError: there is none, or no answer in time.
    """
    # A look-up knows no time limit; a thread that is left behind ends with the process.
    answers: queue.Queue[Found | Exception] = queue.Queue()
    kind = socket.SOCK_DGRAM if address.scheme == "udp" else socket.SOCK_STREAM

    def ask() -> None:
        try:
            answers.put(socket.getaddrinfo(address.host, address.port, type=kind))
        except (OSError, UnicodeError) as error:
            answers.put(error)

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_seconds)
    except queue.Empty:
        raise TimeoutError("timed out") from None
    if isinstance(answer, UnicodeError):  # a label that is empty or too long
        raise socket.gaierror(socket.EAI_NONAME, "no host name")
    if isinstance(answer, Exception):
        raise answer
    return answer


def connect(found: Found, timeout_seconds: float) -> socket.socket:
    """Connect to the first of the addresses that takes a connection.

    Raises:
        OSError: what the last of them said.
    """
    deadline = time.monotonic() + timeout_seconds
    failure: OSError = TimeoutError("timed out")
    for *_, place in found:
        left = deadline - time.monotonic()
        try:
            if left > 0:
                return socket.create_connection(place[:2], left)
        except OSError as error:
            failure = error
    raise failure


def speaks_tls(found: Found, timeout_seconds: float) -> bool:
    """Whether the port answers a TLS handshake, whoever it is; nothing else is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with connect(found, timeout_seconds) as connection, context.wrap_socket(connection):
            return True
    except OSError:
        return False


def explain(error: OSError, address: Address) -> str:
    """Say what happened, why that may be, and what to do."""
    reason = transport_error(error, address.target).reason
    if isinstance(error, ssl.SSLError):
        if error.reason in _NO_TLS_SPOKEN:
            plain = PLAIN.get(address.scheme, "")
            reason += f"; the port answers without TLS: correct it, or use {plain}://"
        return reason
    return f"{reason}: {next(advice for kind, advice in _ADVICE if isinstance(error, kind))}"
