# SPDX-License-Identifier: MIT-0
"""A syslog receiver on TCP: octet counting and LF framing, told apart frame by frame.

Framing: RFC 6587 section 3.4. Messages: RFC 5424 section 6, or the form without a tag that carries
CEF (`<PRI>Mmm dd hh:mm:ss HOST CEF:0|...`). Nothing is answered: syslog over TCP knows no answer.
"""

from __future__ import annotations

import re
import socket
import struct
import sys
import threading
import time

from events import number_in, same_line, text_of

from .journal import Journal

_FOR_EVER = 3_600  # seconds
_LARGEST_FRAME = 8_192
_COUNT = re.compile(rb"([1-9][0-9]{0,5}) ")
_RFC5424 = re.compile(
    r"<(?P<pri>[1-9][0-9]{0,2})>1 "
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d) "
    r"[!-~]{1,255} [!-~]{1,48} [!-~]{1,128} [!-~]{1,32} "
    r'(?P<data>-|(?:\[[!-~]{1,32}(?: [!-~]{1,32}="(?:[^"\\\]]|\\["\\\]])*")*\])+)'
    r"(?: \ufeff?(?P<message>.*))?",
    re.DOTALL,
)
_RFC3164 = re.compile(
    r"<(?P<pri>[1-9][0-9]{0,2})>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ 1-3][0-9] "
    r"\d\d:\d\d:\d\d [!-~]+ (?P<message>.*)",
    re.DOTALL,
)
_CEF_HEADER = re.compile(r"CEF:[01]" + r"\|((?:[^|\\]|\\[|\\])*)" * 6 + r"\|(?P<extension>.*)")
_CEF_KEY = re.compile(r"(?:^| )([A-Za-z0-9_]+)(?<!\\)=")
_CEF_ESCAPE = re.compile(r"\\(.)")


def serve(journal: Journal, port: int) -> None:
    """Take messages on 127.0.0.1 until the process is killed."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_receive, args=(connection, journal), daemon=True).start()


def _receive(connection: socket.socket, journal: Journal) -> None:
    buffer = bytearray()
    connection.settimeout(0.1)
    with connection:
        while True:
            mode = journal.mode()
            if mode == "hang":  # reads no more: the kernel takes what comes, a kill loses it
                journal.answered("hang")
                time.sleep(_FOR_EVER)
            if mode == "reset":
                _reset(connection)
                journal.answered("reset")
                return
            try:
                chunk = connection.recv(65_536)
            except TimeoutError:
                continue
            except OSError:
                return  # the sender cut the connection: what it owes, it must send again
            if not chunk:
                return
            buffer += chunk
            try:
                journal.take([str(number_of(frame)) for frame in _frames(buffer)])
            except ValueError as error:
                journal.complain(str(error))
                return


def _reset(connection: socket.socket) -> None:
    """Close with RST: what the kernel holds unread is lost, as when a receiver crashes."""
    layout = "hh" if sys.platform == "win32" else "ii"  # struct linger
    linger = struct.pack(layout, 1, 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    connection.close()


def _frames(buffer: bytearray) -> list[bytes]:
    """Take the complete frames out of `buffer`.

    Raises:
        ValueError: the stream is out of step, after which nothing in it can be trusted.
    """
    frames: list[bytes] = []
    at = 0
    while at < len(buffer):
        end = _end_of_counted(buffer, at) if buffer[at] != ord("<") else _end_of_line(buffer, at)
        if end is None:
            break
        start, stop, at = end
        frames.append(bytes(buffer[start:stop]))
    del buffer[:at]
    return frames


def _end_of_counted(buffer: bytearray, at: int) -> tuple[int, int, int] | None:
    count = _COUNT.match(buffer, at)
    if count is None:
        if re.fullmatch(rb"[1-9][0-9]{0,5}", buffer[at : at + 7]):
            return None  # the count itself is still under way
        raise ValueError(f"a frame begins with {bytes(buffer[at : at + 20])!r}")
    stop = count.end() + int(count[1])
    if int(count[1]) > _LARGEST_FRAME:
        raise ValueError(f"a frame of {int(count[1])} bytes")
    return (count.end(), stop, stop) if stop <= len(buffer) else None


def _end_of_line(buffer: bytearray, at: int) -> tuple[int, int, int] | None:
    stop = buffer.find(b"\n", at)
    if max(stop, len(buffer) if stop < 0 else stop) - at > _LARGEST_FRAME:
        raise ValueError("a line that is too long")
    return None if stop < 0 else (at, stop, stop + 1)


def number_of(frame: bytes) -> int:
    """Return the number of the event in one message.

    Raises:
        ValueError: the message is malformed, or its text was damaged.
    """
    text = frame.decode()
    found = _RFC5424.fullmatch(text) or _RFC3164.fullmatch(text)
    if found is None:
        raise ValueError(f"neither RFC 5424 nor RFC 3164: {text!r}")
    if not 8 <= int(found["pri"]) <= 191:
        raise ValueError(f"PRI {found['pri']}")
    if any(letter in text for letter in "\r\n\0"):
        raise ValueError(f"a raw line break or NUL: {text!r}")
    message = found["message"] or ""
    texts = _cef_values(message) if message.startswith("CEF:") else [message]
    for candidate in texts:
        number = number_in(candidate)
        if number is not None and same_line(candidate) == same_line(text_of(number)):
            return number
    raise ValueError(f"no undamaged message of the demo in {text!r}")


def _cef_values(message: str) -> list[str]:
    """Return the values of a CEF extension, unescaped (CEF implementation standard)."""
    header = _CEF_HEADER.fullmatch(message)
    if header is None:
        raise ValueError(f"not a CEF header: {message!r}")
    extension = header["extension"]
    keys = list(_CEF_KEY.finditer(extension))
    ends = [key.start() for key in keys[1:]] + [len(extension)]
    return [
        _CEF_ESCAPE.sub(_unescape, extension[key.end() : end])
        for key, end in zip(keys, ends, strict=True)
    ]


def _unescape(escape: re.Match[str]) -> str:
    return {"n": "\n", "r": "\r"}.get(escape[1], escape[1])
