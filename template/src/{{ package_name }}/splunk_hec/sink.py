# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Override its methods in `plugin.py`.
"""The Splunk sink: puts encoder, request, client and classifier together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._delivery.credentials import credential
from .._delivery.delivery import Exchange
from .._delivery.event import SerializedEvent
from .._delivery.host import DeliverySink
from .._delivery.http_client import HttpClient, http_endpoints
from .._delivery.http_status import with_moved_statuses
from .._delivery.records import HttpRequest, HttpResponse, Record
from .client import HecClient
from .config import SplunkHecConfig, plain_token
from .encoder import Encoder
from .request import RequestBuilder
from .response import classify


class SplunkHecSink(DeliverySink[SplunkHecConfig]):
    """fapilog sink for Splunk's HTTP Event Collector."""

    name = "splunk_hec"
    config_class = SplunkHecConfig

    def encoder(self, config: SplunkHecConfig) -> Callable[[dict[str, Any]], Record]:
        """Return the function that turns an event into a HEC envelope, or into a raw line."""
        encoder = Encoder(config)
        return encoder.encode_raw if config.endpoint == "raw" else encoder.encode

    def splicer(self, config: SplunkHecConfig) -> Callable[[SerializedEvent], Record | None] | None:
        """Return the function that puts JSON into an envelope, if events go as they are."""
        if config.events != "as_is":
            return None
        from .splice import Splicer  # for this setting alone

        return Splicer(config).splice

    def exchange(self, config: SplunkHecConfig) -> Exchange[HttpRequest, HttpResponse]:
        """Return how batches become requests and answers become outcomes.

        Raises:
            ConfigurationError: a TLS file or a proxy variable of the environment cannot be used.
        """
        token = credential(config, "token", plain_token)

        def connector(connect: Callable[[], HttpClient]) -> Callable[[], HecClient]:
            return lambda: HecClient(connect(), config=config, token=token.value)

        plain = http_endpoints(config, user_agent=self.user_agent)
        return Exchange(
            build=RequestBuilder(config, token.value).build,
            classify=with_moved_statuses(classify, config),
            endpoints={name: connector(connect) for name, connect in plain.items()},
            credentials=(token,),
        )
