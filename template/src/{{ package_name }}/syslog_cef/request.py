# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Use the `framing` setting.
"""Batch -> frames: octet counting, lines, or messages as they are."""

from __future__ import annotations

from .._delivery.records import Batch, FrameRequest
from .config import SyslogCefConfig

_CONTROLS_TO_SPACES = bytes.maketrans(bytes([*range(0x20), 0x7F]), b" " * 33)


def octet_counted(message: bytes) -> bytes:
    """Put the length in bytes in front (RFC 6587 section 3.4.1, RFC 5425 section 4.3)."""
    return b"%d %b" % (len(message), message)


def line(message: bytes) -> bytes:
    """End with LF, the only one: receivers start a new message at every LF, some at NUL."""
    return message.translate(_CONTROLS_TO_SPACES) + b"\n"


def unframed(message: bytes) -> bytes:
    """Return the message: a datagram is one (RFC 5426 section 3.1), and RELP's client frames itself."""
    return message


class RequestBuilder:
    """Frames the messages of a batch, one frame per record."""

    def __init__(self, config: SyslogCefConfig) -> None:
        self._frame = octet_counted if config.framing == "octet" else line
        if not config.has_tail:
            self._frame = unframed

    def build(self, batch: Batch) -> FrameRequest:
        """Return the frames in the order of the records."""
        return FrameRequest([self._frame(record.payload) for record in batch])
