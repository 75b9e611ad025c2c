# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""What a send means: syslog has no answers, so the client's own knowledge is all there is."""

from __future__ import annotations

from .._delivery.records import Batch, FrameResponse, Verdict


def classify(response: FrameResponse, batch: Batch) -> Verdict:  # noqa: ARG001 - the engine's signature
    """Return the client's outcomes, one per record."""
    return response.outcomes
