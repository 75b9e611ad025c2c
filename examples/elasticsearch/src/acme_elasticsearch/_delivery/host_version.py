# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the setting `allow_untested_fapilog`.
"""Whether the installed fapilog is one that this sink was tested with; fapilog itself does not look."""

from __future__ import annotations

import importlib.metadata
import re

from .configure import heard, warn_maker

OLDEST = (0, 11)
"""An older fapilog loses what its sinks hold when a program ends."""
NEWEST_TESTED = (0, 18)
FIRST_UNSUPPORTED = (1, 0)
"""A new major version may call sinks in another way."""
UNKNOWN = (0, 0)
"""What cannot be read. A checkout without tags calls itself 0.0.0; fapilog holds it compatible, too."""
TESTED = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST_TESTED[0]}.{NEWEST_TESTED[1]}"

_warned: set[str] = set()


def host_version() -> str:
    """Return the version of the installed fapilog; empty when its metadata does not tell."""
    try:
        found = importlib.metadata.metadata("fapilog")
    except importlib.metadata.PackageNotFoundError:
        return ""
    if "Version" not in found:  # asking for it anyway is deprecated since Python 3.12
        return ""
    return found["Version"]


def is_supported(version: str) -> bool:
    """Whether this sink may run with it; what cannot be read may be a supported one."""
    return _release(version) == UNKNOWN or OLDEST <= _release(version) < FIRST_UNSUPPORTED


def is_tested(version: str) -> bool:
    """Whether this sink was tested with it."""
    return OLDEST <= _release(version) <= NEWEST_TESTED


def check_host(name: str, *, allow_untested: bool) -> None:
    """Refuse a fapilog that is too old or too new; warn once in a process of another that is not tested.

    Raises:
        ConfigurationError: not supported, and not allowed by the setting; also issued as a RuntimeWarning.
    """
    version = host_version()
    found = f"fapilog {version} is installed, and this sink was tested with {TESTED}"
    if not is_supported(version):
        if not allow_untested:
            way_out = f"install one of those, or set allow_untested_fapilog to run with {version}"
            raise heard(name, f"{found}: {way_out}")
        found += "; allow_untested_fapilog lets it run"
    if version and not is_tested(version) and version not in _warned:
        _warned.add(version)
        warn_maker(f"sink {name!r}: {found}")


def _release(version: str) -> tuple[int, int]:
    match = re.match(r"(\d+)\.(\d+)", version)
    return UNKNOWN if match is None else (int(match[1]), int(match[2]))
