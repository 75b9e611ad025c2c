# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""A fapilog sink for Splunk's HTTP Event Collector: the sink, its configuration, its version."""

from .plugin import AcmeSplunkHecSink, __version__
from .splunk_hec.config import SplunkHecConfig

__all__ = ["AcmeSplunkHecSink", "SplunkHecConfig", "__version__"]
