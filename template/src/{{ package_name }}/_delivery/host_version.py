# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the setting `allow_untested_fapilog`.
"""Whether the installed fapilog is one that this sink was tested with; fapilog itself does not look."""

from __future__ import annotations

import importlib.metadata
import re
import warnings

from .configure import heard

OLDEST = (0, 11)
"""An older fapilog loses what its sinks hold when a program ends."""
NEWEST_TESTED = (0, 18)
FIRST_UNSUPPORTED = (1, 0)
"""A new major version may call sinks in another way."""
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
    """Whether this sink may run with it; what cannot be read is."""
    release = _release(version)
    return release is None or OLDEST <= release < FIRST_UNSUPPORTED


def is_tested(version: str) -> bool:
    """Whether this sink was tested with it."""
    release = _release(version)
    return release is not None and OLDEST <= release <= NEWEST_TESTED


def check_host(name: str, *, allow_untested: bool) -> None:
    """Refuse a fapilog that is too old or too new; warn once in a process of one that is newer than tested.

    Raises:
        ConfigurationError: not supported, and not allowed by the setting; also issued as a RuntimeWarning.
    """
    version = host_version()
    found = f"fapilog {version} is installed, and this sink was tested with {TESTED}"
    if not is_supported(version) and not allow_untested:
        way_out = f"install one of those, or set allow_untested_fapilog to run with {version}"
        raise heard(name, f"{found}: {way_out}")
    if not version or is_tested(version) or version in _warned:
        return
    _warned.add(version)
    warnings.warn(f"sink {name!r}: {found}", RuntimeWarning, stacklevel=4)


def _release(version: str) -> tuple[int, int] | None:
    match = re.match(r"(\d+)\.(\d+)", version)
    return None if match is None else (int(match[1]), int(match[2]))
