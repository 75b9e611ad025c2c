# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. See `config.py` and `mapping.py`.
"""The sink as fapilog sees it: the parts of this platform, put together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._delivery.delivery import Exchange
from .._delivery.event import SerializedEvent
from .._delivery.host import DeliverySink
from .._delivery.http_status import with_moved_statuses
from .._delivery.records import HttpRequest, HttpResponse, Record
from .client import bulk_endpoints
from .config import ElasticsearchConfig
from .credentials import authorization, signature
from .encoder import Encoder
from .request import RequestBuilder
from .response import classifier


class ElasticsearchSink(DeliverySink[ElasticsearchConfig]):
    """fapilog sink for Elasticsearch or OpenSearch: a data stream, an alias or an index."""

    name = "elasticsearch"
    config_class = ElasticsearchConfig

    def encoder(self, config: ElasticsearchConfig) -> Callable[[dict[str, Any]], Record]:
        """Return the function that makes a record of an event."""
        return Encoder(config).encode

    def splicer(
        self, config: ElasticsearchConfig
    ) -> Callable[[SerializedEvent], Record | None] | None:
        """Return the function that makes a document of JSON, if documents are events as they are."""
        if config.documents != "as_is":
            return None
        from .splice import Splicer  # for this setting alone

        return Splicer(config).splice

    def exchange(self, config: ElasticsearchConfig) -> Exchange[HttpRequest, HttpResponse]:
        """Return how batches are sent and what the answers mean.

        Raises:
            ConfigurationError: a TLS file, a proxy variable of the environment or what signs for
                AWS cannot be used.
        """
        secret = authorization(config)
        build = RequestBuilder(
            config,
            user_agent=self.user_agent,
            authorization=None if secret is None else secret.value,
        ).build
        return Exchange(
            build=build,
            classify=with_moved_statuses(classifier(config), config),
            endpoints=bulk_endpoints(config, user_agent=self.user_agent, sign=signature(config)),
            credentials=() if secret is None else (secret,),
        )
