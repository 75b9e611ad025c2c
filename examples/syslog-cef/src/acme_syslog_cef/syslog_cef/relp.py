# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `relp_window` setting.
"""A client for RELP: syslog with an acknowledgement for each message, over TCP or TLS.

A message is `Unconfirmed` until the receiver's `rsp`. What has none when the connection is lost is sent
again: everything arrives, the last `window` messages perhaps twice. Source: the description of the protocol
that comes with librelp, version 0 of it; compared with what rsyslog's imrelp says.
"""

from __future__ import annotations

import contextlib
import re
import ssl
from collections.abc import Sequence
from typing import Any, NamedTuple

from .._delivery.errors import TransportError
from .._delivery.records import (
    Confirmation,
    Delivered,
    FrameRequest,
    FrameResponse,
    RetryLater,
    Unconfirmed,
)
from .._delivery.socket_errors import transport_error
from .stream import SyslogStreamClient

OFFER = b"relp_version=0\nrelp_software=fapilog-sink\ncommands=syslog"
MAX_TXNR = 999_999_999

_OPEN_TXNR = 1
_CHUNK_BYTES = 65_536
_MAX_READS = 64
_HEADER_MAX_BYTES = 64
_HEADER = re.compile(rb"(\d{1,9}) ([A-Za-z]{1,32}) (\d{1,9})(?=[ \n])")


class Answer(NamedTuple):
    """A frame of the receiver."""

    txnr: int
    command: bytes
    data: bytes


class AnswerReader:
    """Splits what a receiver says into frames: `TXNR SP COMMAND SP DATALEN [SP DATA] LF`."""

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, data: bytes) -> list[Answer]:
        """Return the frames that `data` completes.

        Raises:
            ValueError: this is not RELP.
        """
        self._pending += data
        answers: list[Answer] = []
        while match := _HEADER.match(self._pending):
            begin = match.end()
            end = begin + (int(match[3]) + 1 if int(match[3]) else 0)
            if len(self._pending) <= end:
                return answers
            if self._pending[end : end + 1] != b"\n":
                raise ValueError("no RELP")
            answers.append(Answer(int(match[1]), match[2], self._pending[begin + 1 : end]))
            self._pending = self._pending[end + 1 :]
        if len(self._pending) > _HEADER_MAX_BYTES or b"\n" in self._pending:
            raise ValueError("no RELP")
        return answers


def frame(txnr: int, command: bytes, data: bytes = b"") -> bytes:
    """Return a frame; `txnr` is 1 to `MAX_TXNR`."""
    return b"%d %b %d%b%b\n" % (txnr, command, len(data), b" " if data else b"", data)


class RelpClient(SyslogStreamClient):
    """Sends messages to one host and port; implements `Client[FrameRequest, FrameResponse]`.

    Args:
        host: Name or address; resolved again for every connection.
        port: TCP port.
        window: Messages on their way without an acknowledgement. A receiver that owes one for longer than
            `stall_timeout_seconds` is given up.
        **options: As for `SyslogStreamClient`.
    """

    def __init__(self, host: str, port: int, *, window: int, **options: Any) -> None:
        super().__init__(host, port, **options)
        self._window = window
        self._unanswered: dict[int, tuple[int, float]] = {}  # transaction -> token, when written
        self._txnr = _OPEN_TXNR
        self._reader = AnswerReader()
        self._welcome: bytes | None = None

    def send(self, request: FrameRequest, timeout_seconds: float) -> FrameResponse:
        """Write all messages, as many at a time as the window allows.

        The outcome of a message that was not written is `RetryLater`; what became of one that was is told by
        `poll`, however the send ends.

        Raises:
            TransportError: No message was written.
        """
        deadline = self._clock() + timeout_seconds
        frames = request.frames
        tokens: list[int] = []
        try:
            self._open_session(deadline)
            while len(tokens) < len(frames):
                room = self._window - len(self._unanswered)
                if room <= 0:
                    self._read(self._seconds_to(deadline))
                    continue
                self._write(frames[len(tokens) : len(tokens) + room], tokens, deadline)
                self._read_all()
        except (OSError, TransportError) as error:
            failure = self._failure(error)
            self._lose(failure)
            if not tokens or failure.configuration:
                raise failure from error
            unwritten = [RetryLater(failure.reason)] * (len(frames) - len(tokens))
            return FrameResponse([*map(Unconfirmed, tokens), *unwritten])
        return FrameResponse([*map(Unconfirmed, tokens)])

    def poll(self, now: float) -> Sequence[Confirmation]:
        """Take the acknowledgements that have come; give up a receiver that is gone or owes one too long."""
        if self._socket is not None:
            try:
                self._read_all()
                oldest = next(iter(self._unanswered.values()), None)
                if oldest is not None and now - oldest[1] > self._stall_timeout_seconds:
                    raise TimeoutError("timed out")
            except (OSError, TransportError) as error:
                self._lose(self._failure(error))
        return self._take_news()

    def close(self, timeout_seconds: float) -> Sequence[Confirmation]:
        """Wait for what is owed and end the session; what is not acknowledged by then is not delivered."""
        deadline = self._clock() + timeout_seconds
        if self._socket is not None:
            failure = TransportError(f"{self._target} acknowledged nothing before the end")
            try:
                while self._unanswered:
                    self._read(self._seconds_to(deadline))
                self._socket.settimeout(self._seconds_to(deadline))
                self._socket.sendall(frame(self._next_txnr(), b"close"))
                while True:  # until it ends the session, too: the error is the way out
                    self._read(self._seconds_to(deadline))
            except (OSError, TransportError) as error:
                failure = self._failure(error)
            with contextlib.suppress(OSError):
                self._shut_down(self._socket, self._clock() + 0.1)
            self._lose(failure)
        return self._take_news()

    def _open_session(self, deadline: float) -> None:
        if self._socket is not None:
            try:
                self._read_all()
                return
            except (OSError, TransportError) as error:
                self._lose(self._failure(error))
        self._socket = self._connect(deadline)
        self._reader, self._welcome, self._txnr = AnswerReader(), None, _OPEN_TXNR
        deadline = min(deadline, self._clock() + self._connect_timeout_seconds)
        self._socket.settimeout(self._seconds_to(deadline))
        self._socket.sendall(frame(_OPEN_TXNR, b"open", OFFER))
        while self._welcome is None:
            self._read(self._seconds_to(deadline))
        if not self._welcome.startswith(b"200") or b"syslog" not in self._welcome:
            raise self._no_relp()

    def _write(self, messages: Sequence[bytes], tokens: list[int], deadline: float) -> None:
        """Write messages and note each as unanswered, even if the writing fails half-way."""
        assert self._socket is not None
        data = bytearray()
        for message in messages:
            if data and len(data) + len(message) > _CHUNK_BYTES:
                break
            txnr, token = self._next_txnr(), next(self._tokens)
            data += frame(txnr, b"syslog", message)
            self._unanswered[txnr] = (token, self._clock())
            tokens.append(token)
        self._socket.settimeout(self._seconds_to(deadline))
        self._socket.sendall(data)

    def _next_txnr(self) -> int:
        # 1 is the session's own: it does not come again.
        self._txnr = self._txnr + 1 if self._txnr < MAX_TXNR else _OPEN_TXNR + 1
        return self._txnr

    def _read_all(self) -> None:
        for _ in range(_MAX_READS):
            if not self._read(0.0):
                return

    def _read(self, wait_seconds: float) -> bool:
        """Read once; False if nothing has come. Raises OSError or TransportError when the session ends."""
        assert self._socket is not None
        self._socket.settimeout(wait_seconds)
        try:
            data = self._socket.recv(_CHUNK_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return False
        if not data:
            raise TransportError(f"{self._target} closed the connection", ambiguous=True)
        try:
            answers = self._reader.feed(data)
        except ValueError:
            raise self._no_relp() from None
        for answer in answers:
            self._take(answer)
        return True

    def _take(self, answer: Answer) -> None:
        if answer.command == b"serverclose":
            raise TransportError(f"{self._target} ended the session", ambiguous=True)
        if answer.txnr == _OPEN_TXNR:
            self._welcome = answer.data
        token, _ = self._unanswered.pop(answer.txnr, (0, 0.0))
        status = answer.data[:3]
        shown = status.decode() if status.isdigit() else "unknown"
        refused = RetryLater(f"{self._target} did not take a message (RELP status {shown})")
        if token:
            outcome = Delivered() if status == b"200" else refused
            self._news.append(Confirmation(token, outcome))

    def _lose(self, failure: TransportError) -> None:
        lost = RetryLater(failure.reason, after_seconds=0.0, ambiguous=True)
        self._news += [Confirmation(token, lost) for token, _ in self._unanswered.values()]
        self._unanswered.clear()
        super()._lose(failure)

    def _take_news(self) -> list[Confirmation]:
        news, self._news = self._news, []
        return news

    def _seconds_to(self, deadline: float) -> float:
        if self._clock() >= deadline:
            raise TimeoutError("timed out")
        return deadline - self._clock()

    def _failure(self, error: OSError | TransportError) -> TransportError:
        return error if isinstance(error, TransportError) else transport_error(error, self._target)

    def _no_relp(self) -> TransportError:
        advice = "check the port in the url, and whether the receiver takes syslog over RELP"
        return TransportError(f"{self._target} does not speak RELP: {advice}", configuration=True)
