# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""A fapilog sink for a SIEM that takes syslog: the sink, its configuration, its version.

`sinks()` lists the sinks of this process, also those that fapilog loaded by name.
"""

from ._delivery.host import live_sinks as sinks
from .plugin import AcmeSyslogCefSink, __version__
from .syslog_cef.config import SyslogCefConfig

__all__ = [
    "AcmeSyslogCefSink",
    "SyslogCefConfig",
    "__version__",
    "sinks",
]
