# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file.
"""Framing: one record is one frame, whatever is in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acme_syslog_cef._delivery.records import (
    Delivered,
    FrameResponse,
    Record,
    Rejected,
)
from acme_syslog_cef.syslog_cef.config import (
    SyslogCefConfig,
)
from acme_syslog_cef.syslog_cef.request import (
    RequestBuilder,
)
from acme_syslog_cef.syslog_cef.response import (
    classify,
)

from ..support.fake_syslog import FrameReader
from .events import TEXTS, quick


def frames(
    texts: list[str], url: str = "tcp://siem.example", framing: str = "octet"
) -> list[bytes]:
    """Frame texts as the messages of one batch."""
    config = SyslogCefConfig.model_validate({"url": url, "framing": framing})
    records = [Record(text.encode()) for text in texts]
    return list(RequestBuilder(config).build(records).frames)


@pytest.mark.fault(25, promise=20)
@quick
@given(st.lists(TEXTS.map(lambda text: f"<9>{text}"), max_size=5))
def test_counted_frames_come_back_unchanged(texts: list[str]) -> None:
    """The count is in bytes, so that no content can break out of its frame."""
    reader = FrameReader()

    assert reader.feed(b"".join(frames(texts))) == [text.encode() for text in texts]
    assert reader.error == ""


@pytest.mark.fault(25, promise=20)
@quick
@given(st.lists(TEXTS.map(lambda text: f"<9>{text}"), max_size=5))
def test_lines_end_where_the_record_ends(texts: list[str]) -> None:
    """With LF framing each record is one line without control characters, of the same length."""
    reader = FrameReader()
    lines = reader.feed(b"".join(frames(texts, framing="lf")))

    assert [len(line) for line in lines] == [len(text.encode()) for text in texts]
    assert reader.error == ""


def test_line_replaces_controls_by_spaces() -> None:
    """A line end inside a message would be a second, forged message."""
    assert frames(["<9>a\r\nb\0c\x7f\xe4"], framing="lf") == ["<9>a  b c \xe4\n".encode()]


@pytest.mark.parametrize("framing", ["octet", "lf"])
def test_datagrams_have_no_framing(framing: str) -> None:
    """UDP carries the message alone, whatever framing is set."""
    assert frames(["<9>a\nb"], "udp://siem.example", framing) == [b"<9>a\nb"]


@pytest.mark.fault(25, promise=20)
def test_tls_is_counted_by_default() -> None:
    """RFC 5425 knows octet counting only."""
    assert frames(["<9>\xe4"], "tls://siem.example") == [b"5 <9>\xc3\xa4"]


def test_outcomes_are_the_clients() -> None:
    """There is no answer to interpret: what the client knows of each record is the verdict."""
    outcomes: list[Delivered | Rejected] = [Delivered(confirmed=False), Rejected("too large")]

    assert classify(FrameResponse(outcomes), [Record(b"a"), Record(b"b")]) == outcomes
