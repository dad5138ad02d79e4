"""All members of a gzip file, wholly and checked, or a reason; never more than the limits allow."""

from __future__ import annotations

import gzip
import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.intake.gzip_reader import inflate
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import FREE_BYTES, Limits
from caveat.intake.pieces import PIECE, Pieces, opened

ONE = gzip.compress(b'{"resourceType":"Basic"}', mtime=0)
TWO = gzip.compress(b" ", mtime=0)
EMPTY = gzip.compress(b"", mtime=0)


def with_header(flags: int, fields: bytes, content: bytes = b"{}") -> bytes:
    """Return a member with the header fields given."""
    packed = zlib.compressobj(wbits=-15)
    body = packed.compress(content) + packed.flush()
    head = b"\x1f\x8b\x08" + bytes([flags]) + b"\0" * 6 + fields
    return head + body + struct.pack("<2L", zlib.crc32(content), len(content))


class Dripping(io.BytesIO):
    """A file that gives a few bytes at a time, as a pipe does."""

    def __init__(self, raw: bytes, sizes: list[int]) -> None:
        super().__init__(raw)
        self.sizes = sizes
        self.turn = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.turn += 1
        most = self.sizes[self.turn % len(self.sizes)]
        return super().read(most if size is None or size < 0 else min(most, size))


def read(raw: bytes, limits: Limits = Limits(), sizes: list[int] | None = None) -> tuple[bytes, str | None]:
    """Return all content that was given, and the code of the fault that it ended with."""
    pieces = list(inflate(Dripping(raw, sizes) if sizes else io.BytesIO(raw), limits))
    faults = [piece for piece in pieces if isinstance(piece, Unreadable)]
    assert len(faults) <= 1
    assert faults == pieces[len(pieces) - len(faults) :]
    content = [piece for piece in pieces if isinstance(piece, bytes)]
    assert all(0 < len(piece) <= PIECE for piece in content)
    return b"".join(content), faults[0].code if faults else None


WHOLE = {
    "one member": (ONE, b'{"resourceType":"Basic"}'),
    "two members": (ONE + TWO, b'{"resourceType":"Basic"} '),
    "an empty first member": (EMPTY + ONE, b'{"resourceType":"Basic"}'),
    "nothing at all in it": (EMPTY + EMPTY, b""),
    "a name": (with_header(8, b"a.json\0"), b"{}"),
    "a long comment": (with_header(16, b"c" * 100_000 + b"\0"), b"{}"),
    "an extra field": (with_header(4, struct.pack("<H", 3) + b"abc"), b"{}"),
    "stored": (gzip.compress(b"{}" * 100_000, 0, mtime=0), b"{}" * 100_000),
    "a piece to the byte": (gzip.compress(bytes(PIECE), mtime=0), bytes(PIECE)),
    "pieces to the byte": (gzip.compress(bytes(2 * PIECE), mtime=0), bytes(2 * PIECE)),
    "more than a piece": (gzip.compress(bytes(PIECE + 1), mtime=0), bytes(PIECE + 1)),
}


@pytest.mark.parametrize(("raw", "content"), WHOLE.values(), ids=WHOLE)
def test_a_whole_file_is_read_whole(raw: bytes, content: bytes) -> None:
    """Every member counts, whatever its header says of it; Python's own reader agrees."""
    assert read(raw) == (content, None)
    assert gzip.decompress(raw) == content


FAULTY = {
    "nothing": (b"", "not-gzip"),
    "plain": (b'{"resourceType":"Basic"}', "not-gzip"),
    "zlib": (zlib.compress(b"{}"), "not-gzip"),
    "zip": (b"PK\3\4", "not-gzip"),
    "half a mark": (b"\x1f", "gzip-truncated"),
    "a mark": (b"\x1f\x8b", "gzip-truncated"),
    "no trailer": (ONE[:-8], "gzip-truncated"),
    "half a trailer": (ONE[:-1], "gzip-truncated"),
    "half a second member": (ONE + TWO[:-1], "gzip-truncated"),
    "half a second mark": (ONE + b"\x1f", "gzip-truncated"),
    "wrong checksum": (ONE[:-8] + b"\0\0\0\0" + ONE[-4:], "gzip-corrupt"),
    "wrong size": (ONE[:-4] + b"\0\0\0\0", "gzip-corrupt"),
    "another method": (b"\x1f\x8b\x07" + ONE[3:], "gzip-corrupt"),
    "reserved flags": (b"\x1f\x8b\x08\xe0" + ONE[4:], "gzip-corrupt"),
    "damaged content": (ONE[:10] + b"\xff" * 10 + ONE[20:], "gzip-corrupt"),
    "something after it": (ONE + b"x", "gzip-trailing"),
    "zeros after it": (ONE + b"\0" * 512, "gzip-trailing"),
    "a damaged second member": (ONE + b"\x1f\x8b\xff\xff", "gzip-corrupt"),
    "an endless name": (with_header(8, b"a" * 1_000_000 + b"\0"), "gzip-corrupt"),
    "an endless comment": (with_header(16, b"a" * 1_000_000), "gzip-corrupt"),
    "empty members without end": (EMPTY * 50_000 + ONE, "gzip-corrupt"),
}


@pytest.mark.parametrize(("raw", "code"), FAULTY.values(), ids=FAULTY)
def test_a_faulty_file_ends_in_its_fault(raw: bytes, code: str) -> None:
    """No fault raises, and none passes for the end of the file."""
    assert read(raw)[1] == code


def test_a_file_is_cut_anywhere_and_never_passes() -> None:
    """Every beginning of a file but the whole of it, and that of its first member, is refused."""
    raw = ONE + TWO
    for end in range(len(raw)):
        assert (read(raw[:end])[1] is None) == (end == len(ONE)), end


def test_every_bit_counts_that_carries_anything() -> None:
    """A bit that is flipped is refused, or changes nothing of the content: time, system and level of the header."""
    for place in range(8 * len(ONE)):
        flipped = bytearray(ONE)
        flipped[place // 8] ^= 1 << place % 8
        content, code = read(bytes(flipped))
        assert code is not None or content == b'{"resourceType":"Basic"}', place


def test_the_size_is_bounded() -> None:
    """At the limit a file is read, one byte beyond it is not, over all its members."""
    raw = gzip.compress(b"a" * 100) + gzip.compress(b"a" * 100)
    assert read(raw, Limits(inflated=200)) == (b"a" * 200, None)
    assert read(raw, Limits(inflated=199))[1] == "inflated-size"


def test_the_ratio_is_bounded_beyond_the_first_bytes() -> None:
    """What is very regular is read while it is short; a bomb ends soon after the bytes that are free."""
    short, bomb = gzip.compress(bytes(FREE_BYTES)), gzip.compress(bytes(50 * FREE_BYTES))
    assert read(short, Limits(ratio=1)) == (bytes(FREE_BYTES), None)
    content, code = read(bomb)
    assert code == "inflated-ratio"
    assert len(content) <= 5 * FREE_BYTES
    assert read(bomb, Limits(ratio=1100))[1] is None


def test_only_pieces_of_any_size_are_asked_for() -> None:
    """Where a piece ends with what zlib was given, zlib is asked for the rest before the file is."""
    raw = gzip.compress(bytes(PIECE + 200), mtime=0)
    for size in range(1, 40):
        assert read(raw, sizes=[size]) == (bytes(PIECE + 200), None)


def test_a_nested_file_is_not_inflated_again() -> None:
    """One level only."""
    assert read(gzip.compress(ONE)) == (ONE, None)


@given(
    st.lists(st.tuples(st.binary(max_size=200), st.integers(0, 9)), min_size=1, max_size=6),
    st.lists(st.integers(1, 50), min_size=1, max_size=5),
)
def test_members_and_reads_of_any_size_give_the_whole(members: list[tuple[bytes, int]], sizes: list[int]) -> None:
    """However content is split over members and reads, what is given is what Python's own reader inflates."""
    raw = b"".join(gzip.compress(content, level) for content, level in members)
    assert read(raw, sizes=sizes) == (gzip.decompress(raw), None)


@given(st.binary(max_size=300), st.sampled_from([b"", ONE[:10]]))
def test_any_bytes_give_content_or_a_fault(noise: bytes, start: bytes) -> None:
    """Nothing raises; what is given without a fault is what Python's own reader gives."""
    raw = start + noise
    content, code = read(raw)
    if code is None:
        assert content == gzip.decompress(raw)


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.integers(1, 60))
def test_pieces_read_as_the_file_that_they_make(pieces: list[bytes], size: int) -> None:
    """By lines, by any number of bytes, and whole."""
    whole = b"".join(pieces)
    assert opened(Pieces(pieces)).read() == whole
    assert list(opened(Pieces(pieces))) == list(io.BytesIO(whole))
    file = opened(Pieces(pieces))
    assert b"".join(iter(lambda: file.read(size), b"")) == whole


def test_pieces_end_at_a_fault() -> None:
    """What comes after it is not read, and asking again changes nothing."""
    fault = Unreadable("x", "y")
    source = Pieces([b"a\nb", fault, b"c"])
    file = opened(source)
    assert (file.read(), source.fault, file.read()) == (b"a\nb", fault, b"")
