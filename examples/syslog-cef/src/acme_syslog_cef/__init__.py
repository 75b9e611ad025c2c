# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""A fapilog sink for a SIEM that takes syslog: the sink, its configuration, its version."""

from .plugin import AcmeSyslogCefSink, __version__
from .syslog_cef.config import SyslogCefConfig

__all__ = ["AcmeSyslogCefSink", "SyslogCefConfig", "__version__"]
