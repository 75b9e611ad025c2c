# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Set `flavour`, or `aws_region`.
"""The HTTP client of this platform: it learns what the server does not know, and signs for AWS."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from .._delivery.http_client import HttpClient
from .._delivery.records import HttpRequest, HttpResponse
from .._delivery.settings import endpoint_name
from .config import ElasticsearchConfig
from .request import DEMAND, without_demand
from .response import refuses_demand

Sign = Callable[[str, HttpRequest], Mapping[str, str]]
"""(URL, request) -> the headers of the signed request."""


class BulkClient(HttpClient):
    """Sends bulk requests to one address; see `HttpClient`.

    Args:
        url: Base URL.
        config: Timeouts, TLS and the flavour.
        user_agent: Product and version.
        sign: Makes the headers of a request when it is sent; None: they are in the request.
    """

    def __init__(
        self, url: str, *, config: ElasticsearchConfig, user_agent: str, sign: Sign | None = None
    ) -> None:
        super().__init__(url, settings=config, user_agent=user_agent)
        self._learns = config.flavour == "auto"
        self._demands = True
        self._sign = sign

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpResponse:
        """Send a request, without what the server turned out not to know.

        A server that does not know a parameter refuses the whole request before it stores anything.

        Raises:
            TransportError: no complete answer came.
        """
        if not self._demands:
            return self._dispatch(_undemanding(request), timeout_seconds)
        response = self._dispatch(request, timeout_seconds)
        if self._learns and refuses_demand(response) and DEMAND in request.path:
            self._demands = False
            return self._dispatch(_undemanding(request), timeout_seconds)
        return response

    def _dispatch(self, request: HttpRequest, timeout_seconds: float) -> HttpResponse:
        if self._sign is not None:
            headers = self._sign(self._url + request.path, request)
            request = replace(request, headers=headers)
        return super().send(request, timeout_seconds)


def bulk_endpoints(
    config: ElasticsearchConfig, *, user_agent: str, sign: Sign | None
) -> dict[str, Callable[[], BulkClient]]:
    """Return how to make a client for each address; TLS files are read each time."""

    def connector(url: str) -> Callable[[], BulkClient]:
        return lambda: BulkClient(url, config=config, user_agent=user_agent, sign=sign)

    return {endpoint_name(url): connector(url) for url in config.urls}


def _undemanding(request: HttpRequest) -> HttpRequest:
    return replace(request, path=without_demand(request.path))
