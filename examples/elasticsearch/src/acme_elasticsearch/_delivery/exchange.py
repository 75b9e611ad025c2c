# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the platform's `request.py`, `response.py`.
"""One request and what its answer means, whatever goes wrong on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from .credentials import Credential
from .errors import ConfigurationError, TransportError
from .records import Batch, Client, Hold, RequestT, ResponseT, RetryLater, Split, Verdict


@dataclass(frozen=True, slots=True)
class Exchange(Generic[RequestT, ResponseT]):
    """What a platform brings: two functions without state, and clients with a connection each."""

    build: Callable[[Batch], RequestT]
    """Make the request that carries a batch. A ConfigurationError holds; nothing is sent."""
    classify: Callable[[ResponseT, Batch], Verdict]
    """Say what an answer means: one outcome per record by position, or `Split`."""
    endpoints: Mapping[str, Callable[[], Client[RequestT, ResponseT]]]
    """Host and port -> make a client, which connects when it first sends; in order of preference.

    Called again after a hold, so that files are read again; a ConfigurationError holds.
    """
    credentials: Sequence[Credential] = ()
    """Secrets that `build` uses."""


def attempt(
    exchange: Exchange[Any, Any], client: Client[Any, Any], batch: Batch, timeout_seconds: float
) -> Verdict:
    """Send a batch once. Never raises: a fault of the network or of the code is an outcome, too."""
    try:
        request = exchange.build(batch)
    except ConfigurationError as error:
        return [Hold(str(error))] * len(batch)
    except Exception as error:
        # Perhaps one record is to blame: halving finds it, or holds if none can be sent.
        return Split(f"building the request failed with {type(error).__name__}")
    try:
        verdict = exchange.classify(client.send(request, timeout_seconds), batch)
        if isinstance(verdict, Split) or len(verdict) == len(batch):
            return verdict
    except TransportError as error:
        if error.configuration:
            return [Hold(error.reason)] * len(batch)
        return [RetryLater(error.reason, ambiguous=error.ambiguous)] * len(batch)
    except Exception as error:
        reason = f"reading the answer failed with {type(error).__name__}"
        return [RetryLater(reason, ambiguous=True)] * len(batch)
    # Pairing outcomes with the wrong records would lose some and duplicate others.
    reason = f"{len(verdict)} outcomes for {len(batch)} records"
    return [RetryLater(reason, ambiguous=True)] * len(batch)
