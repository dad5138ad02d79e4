"""Blocks that a thread reads ahead are those that are read one by one, and so is what goes wrong in reading them."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.bulk import blocks
from caveat.bulk.ahead import read_ahead
from caveat.bulk.blocks import Block, Blocks, Source, in_turn

SIZE = 16
LIMIT = 40


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(blocks, "BLOCK", SIZE)
        yield


def source_of(file: Any) -> Source:
    return lambda room: Blocks(file, LIMIT, room)


def said(block: Block) -> tuple[object, ...]:
    return bytes(block.view), block.line, block.lines, block.offset, block.is_cut, block.goes_on


@given(
    st.binary().map(lambda raw: raw.replace(b"a", b"\n")) | st.lists(st.sampled_from([b"x\n", b"y" * 60, b"\n"])).map(b"".join)
)
def test_the_blocks_are_those_that_are_read_one_by_one(raw: bytes) -> None:
    """Whatever the stream: the same bytes, lines and places, long lines among them, and none is overwritten before the next."""
    alone = [said(block) for block in Blocks(io.BytesIO(raw), LIMIT, in_turn(1))]
    ahead = []
    for number, block in enumerate(read_ahead(source_of(io.BytesIO(raw)))):
        if number < 3:
            time.sleep(0.0005)  # the reader reads as far ahead as it may
        ahead.append(said(block))
    assert ahead == alone


class _Failing(io.BytesIO):
    def readinto(self, buffer: Any) -> int:
        if self.tell() >= 6 * SIZE:
            raise OSError(5, "as if the disk were broken")
        return super().readinto(buffer)


def test_what_goes_wrong_in_reading_is_raised_behind_what_was_read() -> None:
    """Every block before it is given first."""
    given_ = []
    with pytest.raises(OSError, match="as if the disk were broken"):
        given_.extend(bytes(block.view) for block in read_ahead(source_of(_Failing(b"abc\n" * 100))))
    assert b"".join(given_) == b"abc\n" * 24


def test_who_reads_no_further_leaves_no_thread() -> None:
    """The thread ends with who reads, at whatever block."""
    for number in range(6):
        reading = read_ahead(source_of(io.BytesIO(b"abc\n" * 1000)))
        for _ in range(number):
            next(reading)
        reading.close()  # type: ignore[attr-defined]
        assert not [each for each in threading.enumerate() if each.name == "caveat-reader"]


def test_a_small_file_needs_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read with the first block is given without one."""
    monkeypatch.setattr(threading, "Thread", None)
    assert [bytes(block.view) for block in read_ahead(source_of(io.BytesIO(b"abc\nd")))] == [b"abc\nd"]
    assert not list(read_ahead(source_of(io.BytesIO(b""))))


def test_where_there_is_no_thread_blocks_are_read_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system that gives no thread costs speed, and no line."""

    def refused(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refused)
    assert b"".join(bytes(block.view) for block in read_ahead(source_of(io.BytesIO(b"abc\n" * 100)))) == b"abc\n" * 100
