# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""A fapilog sink for Elasticsearch or OpenSearch: the sink, its configuration, its version.

`sinks()` lists the sinks of this process, also those that fapilog loaded by name.
"""

from ._delivery.host import live_sinks as sinks
from .elasticsearch.config import ElasticsearchConfig
from .plugin import AcmeElasticsearchSink, __version__

__all__ = [
    "AcmeElasticsearchSink",
    "ElasticsearchConfig",
    "__version__",
    "sinks",
]
