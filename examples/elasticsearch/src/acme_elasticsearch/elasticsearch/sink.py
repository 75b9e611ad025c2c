# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. See `config.py` and `mapping.py`.
"""The sink as fapilog sees it: the parts of this platform, put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._delivery.delivery import Exchange
from .._delivery.host import DeliverySink
from .._delivery.http_client import HttpClient
from .._delivery.records import HttpRequest, HttpResponse, Record
from .._delivery.tls import context_for
from .config import ElasticsearchConfig
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
        user_agent, context = self.user_agent, context_for(config.url, config)

        def connect() -> HttpClient:
            return HttpClient(config.url, settings=config, user_agent=user_agent, context=context)

        build = RequestBuilder(config, user_agent=user_agent).build
        return Exchange(build=build, classify=classify, connect=connect)
