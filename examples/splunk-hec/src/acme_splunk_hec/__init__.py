# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""A fapilog sink for Splunk's HTTP Event Collector: the sink, its configuration, its version.

`sinks()` lists the sinks of this process, also those that fapilog loaded by name.
"""

from ._delivery.host import live_sinks as sinks
from .plugin import AcmeSplunkHecSink, __version__
from .splunk_hec.config import SplunkHecConfig

__all__ = [
    "AcmeSplunkHecSink",
    "SplunkHecConfig",
    "__version__",
    "sinks",
]
