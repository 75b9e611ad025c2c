# SPDX-License-Identifier: MIT-0
# Yours: `copier update` merges changes of the template into it.
"""Who the plugin is: the class that fapilog loads, its name, its version, its metadata.

The name is the same in three places, since fapilog looks a sink up by each: `name` below, the
entry point in pyproject.toml, and `PLUGIN_METADATA`.
"""

from __future__ import annotations

from typing import Any

from .syslog_cef import sink

__version__ = "0.1.0"
"""The version of the distribution; the build reads it from this line."""


class AcmeSyslogCefSink(sink.SyslogCefSink):
    """The sink under this project's own name; everything it does is inherited."""

    name = "acme_syslog_cef"
    user_agent = f"acme-syslog-cef/{__version__}"


PLUGIN_METADATA: dict[str, Any] = {
    "name": AcmeSyslogCefSink.name,
    "version": __version__,
    "plugin_type": "sink",
    "entry_point": f"{__name__}:AcmeSyslogCefSink",
    "description": "Sends events to a SIEM that takes syslog.",
    "author": "The acme-syslog-cef developers",
    "license": "MIT",
    "api_version": "1.0",
    "compatibility": {
        "min_fapilog_version": "0.11.0",
        "max_fapilog_version": "1.0.0.dev0",  # before everything that is called 1.0
        "python_version": ">=3.10",
    },
}
"""What the plugin says of itself. fapilog reads `name`; it leaves compatibility to the plugin."""
