# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Addresses of receivers: what is legal, and what it means."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from .tables import DEFAULT_PORTS

LOCAL = ("unix", "unixgram")
"""Sockets of this machine: the url has a path instead of host and port."""

_HOST_AND_PORT = "url must name a host and a port from 1 to 65535, e.g. tcp://[::1]:514"


def host_and_port(url: str) -> tuple[str, int]:
    """Return host name or address, without brackets, and the port or the default of the scheme.

    A local socket has its path for a host, and 0 for a port.
    """
    parts = urlsplit(url)
    if parts.scheme in LOCAL:
        return parts.path, 0
    return parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme]


def checked_url(url: str) -> str:
    """Return the url.

    Raises:
        ValueError: it cannot work; the text says what to write, and does not repeat it.
    """
    parts = _split(url)
    if parts.scheme not in {*DEFAULT_PORTS, *LOCAL}:
        raise ValueError(
            "url must begin with tcp://, tls://, udp://, relp://, relps://, unix:// or unixgram://,"
            " e.g. tls://siem.example"
        )
    if parts.username is not None or parts.password is not None:
        raise ValueError("url must not hold a user name or password: syslog knows none")
    if parts.scheme in LOCAL:
        if parts.netloc or not parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("url must name an absolute path, e.g. unixgram:///dev/log")
        return url
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise ValueError("url must end after the port: syslog knows no path, query or fragment")
    if not _is_host(parts.hostname) or not _has_valid_port(parts):
        raise ValueError(_HOST_AND_PORT)
    return url


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError(_HOST_AND_PORT) from None


def _is_host(host: str | None) -> bool:
    try:
        return bool(host) and bool(str(host).encode("idna"))
    except UnicodeError:
        return False


def _has_valid_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False
