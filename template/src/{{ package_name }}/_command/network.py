# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The way to an address, step by step: name, connection, TLS; and what may be wrong with each.

The client of a sink does the same in one go and can only say that it failed.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from .._delivery.socket_errors import transport_error

PORTS = {"http": 80, "https": 443, "tcp": 514, "udp": 514, "tls": 6514}
"""Scheme -> port of a URL without one; RFC 9110 section 4.2, RFC 5425 section 4.1."""
PLAIN = {"https": "http", "tls": "tcp"}
"""Scheme with TLS -> the same without."""
SECURE = {plain: secure for secure, plain in PLAIN.items()}
"""Scheme without TLS -> the same with it."""

_NO_TLS_SPOKEN = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")


@dataclass(frozen=True, slots=True)
class Address:
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
        if self.scheme not in ("http", "https"):
            return False
        proxies = getproxies()
        return bool(proxies.keys() & {self.scheme, "all"}) and not proxy_bypass(self.host)


def address_of(url: str) -> Address:
    """Take apart a URL that the configuration has checked already."""
    parts = urlsplit(url)
    port = parts.port or PORTS.get(parts.scheme, 0)
    return Address(parts.scheme, parts.hostname or "", port)


def look_up(address: Address, timeout_seconds: float) -> list[tuple[Any, ...]]:
    """Return what `getaddrinfo` finds.

    Raises:
        OSError: nothing, or no answer in time.
    """
    # A look-up knows no time limit; a thread that is left behind ends with the process.
    answers: queue.Queue[list[tuple[Any, ...]] | OSError] = queue.Queue()
    kind = socket.SOCK_DGRAM if address.scheme == "udp" else socket.SOCK_STREAM

    def ask() -> None:
        try:
            answers.put(list(socket.getaddrinfo(address.host, address.port, type=kind)))
        except OSError as error:
            answers.put(error)
        except UnicodeError:  # a label that is empty or too long
            answers.put(socket.gaierror(socket.EAI_NONAME, "not a host name"))

    threading.Thread(target=ask, name="look-up", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout_seconds)
    except queue.Empty:
        raise TimeoutError("timed out") from None
    if isinstance(answer, OSError):
        raise answer
    return answer


def connect(found: Sequence[tuple[Any, ...]], timeout_seconds: float) -> socket.socket:
    """Connect to the first of the addresses that takes a connection.

    Raises:
        OSError: what the last of them said.
    """
    deadline = time.monotonic() + timeout_seconds
    failure: OSError = TimeoutError("timed out")
    for family, kind, protocol, _, place in found:
        left = deadline - time.monotonic()
        if left <= 0:
            break
        connection = socket.socket(family, kind, protocol)
        try:
            connection.settimeout(left)
            connection.connect(place)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure


def speaks_tls(found: Sequence[tuple[Any, ...]], timeout_seconds: float) -> bool:
    """Whether the port answers a TLS handshake, whoever it is; nothing else is sent."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with contextlib.suppress(OSError), connect(found, timeout_seconds) as connection:
        connection.settimeout(timeout_seconds)
        with context.wrap_socket(connection):
            return True
    return False


def explain(error: OSError, address: Address) -> str:
    """Say what happened, why that may be, and what to do."""
    reason = transport_error(error, address.target).reason
    if isinstance(error, ssl.SSLCertVerificationError):
        return reason
    if isinstance(error, ssl.SSLError) and error.reason in _NO_TLS_SPOKEN:
        plain = PLAIN.get(address.scheme, "")
        return f"{reason}; the port answers without TLS: correct it, or use {plain}://"
    if isinstance(error, ssl.SSLError):
        return reason
    return f"{reason}: {_advice(error)}"


def _advice(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return "correct the host in the url, or the name service of this machine"
    if isinstance(error, TimeoutError):
        return "look for a firewall between here and there, and check host and port in the url"
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there: check the port in the url, and that the target runs"
    return "check host and port in the url, and the way to them"
