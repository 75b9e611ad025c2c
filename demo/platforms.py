# SPDX-License-Identifier: MIT-0
"""What differs between the platforms: answers for Copier, receiver, faults, sink settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from receivers.bulk import API_KEY
from receivers.hec import TOKEN

Settings = Mapping[str, str]


@dataclass(frozen=True)
class Platform:
    """One row of the demo."""

    name: str
    """The answer to the template's question `platform`."""
    distribution: str
    receiver: str
    """Which receiver judges it: see `receivers/__main__.py`."""
    faults: tuple[str, ...]
    """How the receiver misbehaves after it was killed once, in this order."""
    why_duplicates: str
    """Why an event may arrive twice after a cut connection; empty when none may."""
    settings: Callable[[int], Settings]
    """Settings of the sink for a receiver on that port of 127.0.0.1."""


def _splunk(port: int) -> Settings:
    return {"url": f"http://127.0.0.1:{port}", "token": TOKEN}


def _elasticsearch(port: int) -> Settings:
    return {"url": f"http://127.0.0.1:{port}", "api_key": API_KEY}


def _syslog(port: int) -> Settings:
    # The tail is what is sent again after a cut; four seconds outlast what the demo does.
    return {"url": f"tcp://127.0.0.1:{port}", "format": "cef", "tail_max_seconds": "4"}


PLATFORMS = {
    platform.name: platform
    for platform in (
        Platform(
            name="splunk_hec",
            distribution="demo-splunk-hec",
            receiver="hec",
            faults=("429", "503"),
            why_duplicates="HEC without acknowledgement gives an event no identity: a request "
            "whose answer was cut off is sent again.",
            settings=_splunk,
        ),
        Platform(
            name="elasticsearch",
            distribution="demo-elasticsearch",
            receiver="bulk",
            faults=("429", "503"),
            why_duplicates="",
            settings=_elasticsearch,
        ),
        Platform(
            name="syslog_cef",
            distribution="demo-syslog-cef",
            receiver="syslog",
            faults=("reset",),
            why_duplicates="Syslog over TCP answers nothing: after a cut connection the last part "
            "of the stream is sent again.",
            settings=_syslog,
        ),
    )
}
