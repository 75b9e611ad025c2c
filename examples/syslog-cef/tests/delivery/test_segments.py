# SPDX-License-Identifier: MIT-0
# Template-owned: `copier update` replaces this file. Put tests of your own in a file of your own.
"""Files of the spool: damage costs the damaged record, and nothing is read that was not written."""

import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acme_syslog_cef._delivery.frames import (
    ENTRY_BYTES,
    FORMAT,
    FRAME_BYTES,
    HEADER_BYTES,
    MARKER,
    Frame,
    Settled,
    Stem,
    encode_frame,
    encode_header,
    encode_settled,
    format_of,
)
from acme_syslog_cef._delivery.segments import Segment
from acme_syslog_cef._delivery.spool_cursor import Cursor
from acme_syslog_cef._delivery.spool_folder import make_folder

READ_BYTES = 64 * 1024  # what a cursor reads at once
SALT = 0x1234ABCD
PAYLOADS = st.lists(st.binary(max_size=60) | st.just(MARKER) | st.just(b""), min_size=1, max_size=6)


def frames_of(*payloads: bytes) -> list[Frame]:
    """Make frames with growing ids."""
    return [Frame(number, 5.5, 7.5, False, each) for number, each in enumerate(payloads, start=1)]


@contextmanager
def written(*payloads: bytes) -> Iterator[Segment]:
    """Write a segment into a folder of its own."""
    with tempfile.TemporaryDirectory() as directory:
        folder = make_folder(Path(directory, "spool"))
        segment = Segment.create(folder, 1)
        try:
            for frame in frames_of(*payloads):
                segment.append(frame, sync=False)
            segment.seal()
            yield Segment.found(folder, segment.stem)
        finally:
            segment.seal()
            folder.let_go()


def read(segment: Segment) -> tuple[list[bytes], int, bool]:
    """Return the payloads of a segment, its gaps, and whether its end is torn."""
    cursor = Cursor(segment)
    try:
        payloads = [frame.payload for frame in iter(cursor.next, None)]
        return payloads, cursor.gaps, cursor.torn
    finally:
        cursor.close()


def damage(segment: Segment, at: int, *, mask: int = 0xFF) -> None:
    """Change one byte of the file."""
    content = bytearray(segment.path.read_bytes())
    content[at] ^= mask
    segment.path.write_bytes(content)


def ends_of(payloads: list[bytes]) -> list[int]:
    """Return where each frame ends."""
    sizes = [FRAME_BYTES + len(payload) for payload in payloads]
    return [HEADER_BYTES + sum(sizes[: count + 1]) for count in range(len(sizes))]


def test_format() -> None:
    """The bytes of format 1 do not change: an older or newer version reads them, too."""
    checked = b"\x89SPOOL\r\n" + b"\x01\x00\x00\x00"
    assert encode_header() == checked + struct.pack("<I", crc32(checked))
    frame = Frame(7, 1.5, 2.5, True, b"payload")
    rest = struct.pack("<IIQddB", 7, crc32(b"payload", SALT), 7, 1.5, 2.5, 1)
    start = b"\xf5\xa7\x1dR" + struct.pack("<I", crc32(rest, SALT))
    assert encode_frame(frame, SALT) == start + rest + b"payload"
    entry = struct.pack("<QI", 3, 2)
    assert encode_settled([4, 3], SALT) == entry + struct.pack("<I", crc32(entry, SALT))
    assert (HEADER_BYTES, FRAME_BYTES, ENTRY_BYTES) == (16, 41, 16)


def test_format_is_found_in_the_header() -> None:
    """A newer format is known as such, and a damaged header is none."""
    header = encode_header()
    assert format_of(header) == FORMAT
    newer = struct.pack("<8sHxx", b"\x89SPOOL\r\n", FORMAT + 1)
    assert format_of(newer + struct.pack("<I", crc32(newer))) == FORMAT + 1
    assert format_of(header[:-1]) is None
    for at in range(len(header)):
        assert format_of(header[:at] + bytes([header[at] ^ 1]) + header[at + 1 :]) is None


def test_names() -> None:
    """A name gives number and salt back, and other files are left alone."""
    stem = Stem(12, 0xABC)
    assert str(stem) == "00000012-00000abc"
    assert Stem.parse(str(stem)) == stem
    assert Stem.parse(str(Stem(123_456_789, SALT))) == Stem(123_456_789, SALT)
    assert [Stem.parse(name) for name in ("", "1-00000abc", "00000012-0000ABC0", "x")] == 4 * [None]
    assert len({Stem.new(1).salt for _ in range(20)}) > 15


def test_frames_come_back_whole() -> None:
    """Everything that a frame says is read back, and no more than the segment is said to hold."""
    frames = [Frame(1, 5.5, 7.5, True, b"one"), Frame(2, 6.5, 8.5, False, b"")]
    with written() as empty:
        segment = Segment.create(empty.folder, 2)
        for frame in frames:
            segment.append(frame, sync=True)
        cursor = Cursor(segment)
        assert [cursor.next(), cursor.next(), cursor.next()] == [*frames, None]
        segment.append(frames[0], sync=False)
        assert cursor.next() == frames[0]
        assert (cursor.gaps, cursor.torn, cursor.offset) == (0, False, segment.size)
        cursor.close()
        segment.delete()


@pytest.mark.parametrize("size", [READ_BYTES - FRAME_BYTES, READ_BYTES, 3 * READ_BYTES])
def test_record_larger_than_one_read(size: int) -> None:
    """A frame may be longer than what is read at once, or end where a read ends."""
    payloads = [b"small", bytes(size), b"after"]
    with written(*payloads) as segment:
        assert read(segment) == (payloads, 0, False)


@pytest.mark.fault(28, promise=13)
@given(PAYLOADS, st.data())
@settings(max_examples=100)
def test_any_damaged_byte(payloads: list[bytes], data: st.DataObject) -> None:
    """It loses the record that it is in, if it is in any, and no other; nothing is made up."""
    with written(*payloads) as segment:
        at = data.draw(st.integers(0, segment.size - 1))
        damage(segment, at, mask=data.draw(st.integers(1, 255)))
        hit = next(index for index, end in enumerate(ends_of(payloads)) if at < end)
        left = payloads if at < HEADER_BYTES else payloads[:hit] + payloads[hit + 1 :]
        found, gaps, torn = read(segment)
    assert found == left
    assert (gaps, torn) == (
        int(at >= HEADER_BYTES and hit < len(payloads) - 1),
        at >= HEADER_BYTES and hit == len(payloads) - 1,
    )


@pytest.mark.fault(28, promise=13)
@given(PAYLOADS, st.data())
@settings(max_examples=100)
def test_any_cut(payloads: list[bytes], data: st.DataObject) -> None:
    """A file that ends early gives all records that are whole, whatever process or disk cut it."""
    with written(*payloads) as segment:
        at = data.draw(st.integers(0, segment.size))
        with segment.path.open("r+b") as file:
            file.truncate(at)
        found, gaps, _ = read(Segment.found(segment.folder, segment.stem))
    assert found == payloads[: sum(end <= at for end in ends_of(payloads))]
    assert gaps == 0


def test_payload_is_in_no_repr() -> None:
    """A frame that ends up in a message shows no event."""
    assert repr(Frame(7, 5.5, 7.5, False, b"secret")) == "Frame(7)"


def test_several_gaps_are_counted() -> None:
    """Stretches with a whole frame between them are different ones."""
    payloads = [b"%d" % number for number in range(6)]
    with written(*payloads) as segment:
        for hit in (0, 2, 3):
            damage(segment, ends_of(payloads)[hit] - 1)
        assert read(segment) == ([b"1", b"4", b"5"], 2, False)


def test_forged_frame_in_a_payload_is_no_record() -> None:
    """Who can choose payloads cannot make records: the salt is in no file."""
    forged = encode_frame(Frame(9, 5.5, 7.5, False, b"forged"), SALT)
    payloads = [b"before", b"text" + forged + b"text", b"after"]
    with written(*payloads) as segment:
        damage(segment, ends_of(payloads)[0])
        assert read(segment) == ([b"before", b"after"], 1, False)


@pytest.mark.parametrize("missing", range(6))
def test_marker_across_two_reads(missing: int) -> None:
    """The search for the next frame sees a marker of which one read has only the beginning."""
    payloads = [bytes(READ_BYTES + 1 - missing - FRAME_BYTES), b"after"]
    with written(*payloads) as segment:
        damage(segment, HEADER_BYTES)
        assert read(segment) == ([b"after"], 1, False)


@pytest.mark.parametrize("left", [0, HEADER_BYTES + 3, HEADER_BYTES + FRAME_BYTES + 20])
def test_file_that_shrinks_under_the_reader(left: int) -> None:
    """What somebody cut off is torn, and nobody waits for it."""
    with written(b"a" * 10, b"b" * 10) as segment:
        with segment.path.open("r+b") as file:
            file.truncate(left)
        found, _, torn = read(segment)
    assert found == ([b"a" * 10] if left > HEADER_BYTES + FRAME_BYTES else [])
    assert torn


@given(st.lists(st.lists(st.integers(1, 40), max_size=10), max_size=5))
def test_journal(settlings: list[list[int]]) -> None:
    """Exactly the ids that were noted are settled, in whatever order and however often."""
    settled = Settled(b"".join(encode_settled(numbers, SALT) for numbers in settlings), SALT)
    noted = {number for numbers in settlings for number in numbers}
    assert {number for number in range(60) if number in settled} == noted


@given(st.lists(st.integers(0, 20), min_size=1, unique=True), st.data())
def test_damaged_journal(numbers: list[int], data: st.DataObject) -> None:
    """A damaged or torn entry settles nothing, and the others still count."""
    journal = bytearray(b"".join(encode_settled([2 * number], SALT) for number in numbers))
    at = data.draw(st.integers(0, len(journal) - 1))
    journal[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.integers(at, len(journal)))
    whole = numbers[: cut // ENTRY_BYTES]
    left = {2 * number for index, number in enumerate(whole) if index != at // ENTRY_BYTES}
    settled = Settled(bytes(journal[:cut]), SALT)
    assert {number for number in range(60) if number in settled} == left


def test_journal_of_another_segment_settles_nothing() -> None:
    """Ids are counted anew in each folder; the salt tells the journals apart."""
    assert 1 not in Settled(encode_settled([1], SALT), SALT + 1)


def test_torn_journal_goes_on() -> None:
    """What is noted after a torn entry can be read, since the torn part is cut off first."""
    with written(b"a", b"b", b"c") as segment:
        assert segment.note([1]) == ENTRY_BYTES
        journal = segment.path.with_suffix(".done")
        journal.write_bytes(journal.read_bytes() + b"torn")
        found = Segment.found(segment.folder, segment.stem)
        assert found.disk_bytes == segment.size + ENTRY_BYTES
        found.note([3])
        assert read(found) == ([b"b"], 0, False)
