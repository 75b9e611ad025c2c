# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. `check` and `setup` of the command line use it.
"""Single requests to a cluster, as an administrator makes them, and which product answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from .._delivery.errors import ConfigurationError
from .._delivery.records import HttpRequest, HttpResponse
from .client import BulkClient
from .config import ElasticsearchConfig
from .credentials import authorization, signature

ELASTICSEARCH = "elasticsearch"
OPENSEARCH = "opensearch"

_NO_HANDLER = (400, 405, 410)  # as both products answer for an API that is not installed
_MISSING_API = re.compile(rb"no handler found|Incorrect HTTP method|not available|not_available")


@dataclass(frozen=True, slots=True)
class Product:
    """Who answers."""

    name: str
    """`ELASTICSEARCH` or `OPENSEARCH`."""
    version: tuple[int, ...] = ()
    """Empty: it did not say."""

    def __str__(self) -> str:
        """Return name and version for a message."""
        return f"{self.name} {'.'.join(map(str, self.version)) or 'of an unknown version'}"


class Admin:
    """Talks to the first address of a cluster with the credentials of the configuration.

    Args:
        config: Address, credentials, TLS and time-outs.
        user_agent: Product and version of this package.

    Raises:
        ConfigurationError: TLS files, credentials or what signs for AWS cannot be used.
    """

    def __init__(self, config: ElasticsearchConfig, *, user_agent: str) -> None:
        self._client = BulkClient(
            config.url, config=config, user_agent=user_agent, sign=signature(config)
        )
        self._secret = authorization(config)
        self._timeout_seconds = config.request_timeout_seconds
        self._flavour = config.flavour

    def request(self, method: str, path: str, body: Any = None) -> HttpResponse:
        """Send one request and return its answer, whatever its status.

        Raises:
            DeliveryError: no answer came, or there are no credentials.
        """
        data = b"" if body is None else orjson.dumps(body)
        return self.send(method, path, data, "application/json" if data else "")

    def send(self, method: str, path: str, body: bytes, content_type: str) -> HttpResponse:
        """Send one request with a body that is bytes already; as `request`."""
        headers = {"Accept": "application/json"}
        if content_type:
            headers["Content-Type"] = content_type
        if self._secret is not None:
            headers["Authorization"] = self._secret.value()
        return self._client.send(HttpRequest(path, headers, body, method), self._timeout_seconds)

    def product(self) -> Product:
        """Return who answers, as far as it says so or the settings do.

        Raises:
            ConfigurationError: neither tells.
            DeliveryError: no answer came.
        """
        answer = self.request("GET", "/")
        version = parsed(answer).get("version")
        version = version if isinstance(version, dict) else {}
        number = re.match(r"(\d+)\.(\d+)\.(\d+)", str(version.get("number", "")))
        numbers = tuple(int(part) for part in number.groups()) if number else ()
        if version.get("distribution") == OPENSEARCH:
            return Product(OPENSEARCH, numbers)
        if "x-elastic-product" in answer.headers or self._flavour == ELASTICSEARCH:
            return Product(ELASTICSEARCH, numbers)
        if self._flavour == OPENSEARCH:
            return Product(OPENSEARCH, numbers)
        if numbers and "distribution" not in version:
            return Product(ELASTICSEARCH, numbers)  # before 7.14
        raise ConfigurationError(
            f"the product is not known (GET / is answered with {answer.status}): set `flavour`"
        )

    def close(self) -> None:
        """Close the connection."""
        self._client.close(0.0)


def parsed(answer: HttpResponse) -> dict[str, Any]:
    """Return the JSON object of an answer; empty: it is none."""
    try:
        value = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return value if isinstance(value, dict) else {}


def lacks_api(answer: HttpResponse) -> bool:
    """Whether the server has no such API: a plugin or a licence is missing, or it is serverless."""
    return answer.status in _NO_HANDLER and bool(_MISSING_API.search(answer.body))


def problem(answer: HttpResponse) -> str:
    """Return status and error type of an answer: its text could quote what we sent."""
    error = parsed(answer).get("error")
    kind = error.get("type") if isinstance(error, dict) else None
    named = isinstance(kind, str) and re.fullmatch(r"[a-z_]{1,64}", kind)
    return f"HTTP {answer.status}{f' {kind}' if named else ''}"
