# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Set `url`, or `cloud_id`.
"""Addresses of a cluster: what is usable as one, and the one that a Cloud ID stands for."""

from __future__ import annotations

import base64
import re
from urllib.parse import urlsplit

_CONTROL_CHARACTERS = re.compile(r"[\x00-\x1f\x7f]")
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


def base_url(url: str) -> str:
    """Check a URL and take a slash off its end; no message quotes it, it may hold a secret.

    Raises:
        ValueError: it cannot be used.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    if not usable or _CONTROL_CHARACTERS.search(url) or " " in url:
        raise ValueError("must look like https://host:9200")
    if "@" in parts.netloc:
        raise ValueError("must hold no credentials: set `api_key`, or `username`, `password`")
    if "?" in url or "#" in url:
        raise ValueError("must hold no query and no fragment: give the base URL only")
    return url.rstrip("/")


def cloud_url(cloud_id: str) -> str:
    """Return the address that an Elastic Cloud ID stands for.

    It is `name:` and Base64 of `host[:port]$elasticsearch[:port]$kibana[:port]`; the name may be
    missing, and so may the padding. Source: the official clients, `parse_cloud_id`.

    Raises:
        ValueError: it is none.
    """
    encoded = cloud_id.rpartition(":")[2]
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True).decode()
        host, cluster = decoded.split("$")[:2]
    except ValueError:
        raise ValueError("is no Cloud ID: copy it from the page of the deployment") from None
    name, _, own_port = cluster.partition(":")
    host, _, port = host.partition(":")
    address = f"{name}.{host}:{own_port or port or '443'}"
    if not name or not host or not _HOST.fullmatch(address):
        raise ValueError("is no Cloud ID: copy it from the page of the deployment")
    return f"https://{address}"
