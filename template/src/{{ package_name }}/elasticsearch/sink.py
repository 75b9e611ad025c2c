# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. See `config.py` and `mapping.py`.
"""The sink as fapilog sees it: the parts of this platform, put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._delivery.credentials import Credential, credential
from .._delivery.delivery import Exchange
from .._delivery.host import DeliverySink
from .._delivery.http_client import http_endpoints
from .._delivery.http_status import with_moved_statuses
from .._delivery.records import HttpRequest, HttpResponse, Record
from .auth import basic, encoded_api_key
from .config import ElasticsearchConfig, sources
from .encoder import Encoder
from .request import RequestBuilder
from .response import classify


class ElasticsearchSink(DeliverySink[ElasticsearchConfig]):
    """fapilog sink for an Elasticsearch or OpenSearch data stream."""

    name = "elasticsearch"
    config_class = ElasticsearchConfig

    def encoder(self, config: ElasticsearchConfig) -> Callable[[dict[str, Any]], Record]:
        """Return the function that makes a record of an event."""
        return Encoder(config).encode

    def exchange(self, config: ElasticsearchConfig) -> Exchange[HttpRequest, HttpResponse]:
        """Return how batches are sent and what the answers mean.

        Raises:
            ConfigurationError: a TLS file or a proxy variable of the environment cannot be used.
        """
        secret = _authorization(config)
        build = RequestBuilder(
            config,
            user_agent=self.user_agent,
            authorization=None if secret is None else secret.value,
        ).build
        return Exchange(
            build=build,
            classify=with_moved_statuses(classify, config),
            endpoints=http_endpoints(config, user_agent=self.user_agent),
            credentials=() if secret is None else (secret,),
        )


def _authorization(config: ElasticsearchConfig) -> Credential | None:
    """Return the value of the Authorization header, made anew of what it is made of."""
    if sources(config, "api_key"):
        return credential(config, "api_key", lambda key: f"ApiKey {encoded_api_key(key)}")
    username = config.username
    if username is not None:
        return credential(config, "password", lambda password: basic(username, password))
    return None
