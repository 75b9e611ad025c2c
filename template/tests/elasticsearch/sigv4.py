# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""The server's side of AWS Signature Version 4, written from the specification and not from botocore.

Source: "Create a signed AWS API request", AWS IAM user guide.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from urllib.parse import quote, unquote, urlsplit

from ..support.fake_http import Received


def is_signed(received: Received, *, secret: str, region: str, service: str) -> bool:
    """Whether the signature is right for what arrived, byte for byte."""
    pattern = (
        r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+), "
        r"SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
    )
    found = re.fullmatch(pattern, received.headers.get("authorization", ""))
    if found is None or not found["scope"].endswith(f"/{region}/{service}/aws4_request"):
        return False
    moment = received.headers["x-amz-date"]
    text = "\n".join(
        ["AWS4-HMAC-SHA256", moment, found["scope"], _hash(_canonical(received, found["names"]))]
    )
    key = f"AWS4{secret}".encode()
    for part in found["scope"].split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex() == found["signature"]


def _canonical(received: Received, names: str) -> str:
    url = urlsplit(received.path)
    pairs = [pair.partition("=") for pair in url.query.split("&") if pair]
    query = sorted((quote(unquote(k), safe="~"), quote(unquote(v), safe="~")) for k, _, v in pairs)
    headers = [f"{name}:{' '.join(received.headers[name].split())}\n" for name in names.split(";")]
    return "\n".join(
        [
            received.method,
            quote(url.path, safe="/~"),
            "&".join(f"{key}={value}" for key, value in query),
            "".join(headers),
            names,
            hashlib.sha256(received.raw_body).hexdigest(),
        ]
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
