# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. What is sent: the platform's `mapping.py`.
"""The vocabulary of the engine: what travels, and what can become of it.

One `Record` per event and one `Outcome` per record, never per request. Nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, TypeVar


@dataclass(slots=True, eq=False)
class Record:
    """One event in its wire form; compared by identity."""

    payload: bytes = field(repr=False)
    """What goes on the wire for this event, without the framing between records."""
    truncated: bool = False
    """The encoder shortened the event and marked it as shortened."""
    accepted_at: float = 0.0
    """Seconds on the delivery's age clock when the buffer took it; the engine sets it."""
    attempts: int = 0
    """Requests that carried this record so far; the engine counts them."""
    place: object = field(default=None, repr=False)
    """Where the spool keeps it; None: in memory only."""


Batch: TypeAlias = Sequence[Record]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The target has the record."""

    warning: str = ""
    """Not empty when the target took it but complained, e.g. "queue approaches its limit"."""
    slow_down: bool = False
    """The target asks for less from now on: a pause, and fewer requests at a time."""
    confirmed: bool = True
    """False when no answer exists to say so: a datagram, the aged tail of a TCP stream."""


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Sent but not settled: the record stays pending until the client says what became of it."""

    token: int
    slow_down: bool = False
    """As in `Delivered`."""


@dataclass(frozen=True, slots=True)
class RetryLater:
    """Not delivered for a reason that passes; sent again until the record's deadline."""

    reason: str
    after_seconds: float | None = None
    """The server's own wish (Retry-After). 0.0: resend at once, this record was not the problem."""
    ambiguous: bool = False
    """The target may have stored it although no answer came: a resend may be a duplicate."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Configuration or credentials are wrong: keep the data, alert, try again slowly."""

    reason: str
    """What is wrong and what to do next; never a secret, nor server text that could echo one."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The target will never take this record: dead letter, or dropped and counted."""

    reason: str


Outcome: TypeAlias = Delivered | Unconfirmed | RetryLater | Hold | Rejected


@dataclass(frozen=True, slots=True)
class Split:
    """The request was refused as a whole (413, an unexplained 400): halve it, find the culprit."""

    reason: str
    too_large: bool = False
    """The size is to blame (413): later batches are made smaller, too."""
    first: int = 0
    """The culprit is among the first so many: cut behind them; 0: nothing is known, cut in the middle."""
    ambiguous: int = 0
    """So many of the records may be in the target although the request was refused."""


Verdict: TypeAlias = Sequence[Outcome] | Split
"""What an answer means: exactly one outcome per record, by position, or `Split`."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What became of the records that were `Unconfirmed(token)`."""

    token: int
    outcome: Delivered | RetryLater


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """One request; `path` is appended to the configured base URL and may carry a query."""

    path: str
    headers: Mapping[str, str] = field(repr=False)  # carries the credentials
    body: bytes = field(repr=False)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer to one `HttpRequest`, already decompressed."""

    status: int
    body: bytes = field(default=b"", repr=False)  # may quote events, or echo a token
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # names in lower case
    retry_after_seconds: float | None = None
    """Retry-After as seconds from now, whether it came as a number or as an HTTP date."""


@dataclass(frozen=True, slots=True)
class FrameRequest:
    """Frames for a stream, or datagrams: one per record, in order, framing included."""

    frames: Sequence[bytes] = field(repr=False)


@dataclass(frozen=True, slots=True)
class FrameResponse:
    """What a client without an answering protocol knows after a send: one outcome per frame."""

    outcomes: Sequence[Delivered | Unconfirmed | RetryLater | Rejected]


RequestT = TypeVar("RequestT")
ResponseT = TypeVar("ResponseT")
RequestT_contra = TypeVar("RequestT_contra", contravariant=True)
ResponseT_co = TypeVar("ResponseT_co", covariant=True)


class Client(Protocol[RequestT_contra, ResponseT_co]):
    """One connection to the target. Called from one sender thread, blocking, never from a loop."""

    def send(self, request: RequestT_contra, timeout_seconds: float) -> ResponseT_co:
        """Send and wait for the answer.

        Raises:
            TransportError: no usable answer came within `timeout_seconds`.
        """
        ...

    def poll(self, now: float) -> Sequence[Confirmation]:
        """Say what became of `Unconfirmed` records since the last call; must not block."""
        ...

    def close(self, timeout_seconds: float) -> Sequence[Confirmation]:
        """End the connection in order and settle every token still open, as far as can be known.

        The last call: a sender that has more to send makes a new client.
        """
        ...
