"""From a stream of bytes to blocks of whole lines, in constant memory.

Rule 1: blocks follow each other without a gap: together they are the stream, byte for byte.
Rule 2: a block ends behind a line feed, or at the end of the stream, or within a line that is longer than the limit.
Rule 3: what a fault has cut off after the last line feed is in no block.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any, Final

from caveat.intake.byte_search import count

BLOCK: Final = 1 << 20
"""How many bytes a block has, unless a line needs more: few calls, and little that leaves the cache of a core."""

Room = bytearray | mmap.mmap


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines: the first `end` bytes of `room`, which a later block overwrites, the next one where there is one room.

    `line` is the number of the first line, from 1, `lines` how many begin here, `offset` the place of the first byte in the
    stream. Of a line that is longer than the limit the first block `is_cut`, and those after it `goes_on`. Where nobody looks at
    the bytes, `room` may be empty.
    """

    room: Room
    end: int
    line: int
    lines: int
    offset: int
    is_cut: bool = False
    goes_on: bool = False

    @property
    def view(self) -> memoryview:
        """The bytes of the block."""
        return memoryview(self.room)[: self.end]


class Blocks:
    """The blocks of `file`, which has `readinto`; each in what `room` hands out, or in room of its own where a line needs more.

    A line is held up to `limit` bytes. `is_whole` is asked at the end whether that is the end. `line` and `offset` say where the
    stream stands at the beginning, and then behind the blocks given.
    """

    def __init__(
        self,
        file: Any,
        limit: int,
        room: Callable[[], Room],
        *,
        is_whole: Callable[[], bool] = lambda: True,
        line: int = 1,
        offset: int = 0,
    ) -> None:
        self.line, self.offset = line, offset
        self._file, self._limit, self._room, self._is_whole = file, limit, room, is_whole
        self._left, self._is_over, self._is_within = b"", False, False
        self._spare: Room | None = None  # handed out, and not needed after all

    @property
    def is_over(self) -> bool:
        """Whether all of the file was read; what was read last may be still to be given."""
        return self._is_over

    def __iter__(self) -> Iterator[Block]:
        return self

    def __next__(self) -> Block:
        while self._left or not self._is_over:
            room, end = self._filled()
            block = self._rest(room, end) if self._is_within else self._lines(room, end)
            if block is not None:
                return block
        raise StopIteration

    def _filled(self) -> tuple[Room, int]:
        """Return room with what was left of the last block and what follows it, and how many bytes those are."""
        end = len(self._left)
        room, self._spare = self._spare or self._room(), None
        if len(room) <= end:  # a line that needs room of its own
            room, self._spare = bytearray(2 * end), room
        view = memoryview(room)
        view[:end] = self._left
        while end < len(view):
            taken = self._file.readinto(view[end:])
            if not taken:
                self._is_over = True
                break
            end += taken
        self._left = b""
        return room, end

    def _lines(self, room: Room, end: int) -> Block | None:
        """Return the whole lines of what was read, or the beginning of one that is too long; None where more must be read."""
        cut = room.rfind(b"\n", 0, end) + 1
        if self._is_over:
            cut = end if self._is_whole() else cut
        elif not cut and end > self._limit:
            self._is_within = True
            return self._block(room, end, is_cut=True)
        else:
            self._left = bytes(memoryview(room)[cut:end])
        if cut:
            return self._block(room, cut)
        self._spare = self._spare or room
        return None

    def _rest(self, room: Room, end: int) -> Block | None:
        """Return more of a line that is too long, up to its line feed."""
        cut = room.find(b"\n", 0, end) + 1
        if cut:
            self._is_within = False
            self._left = bytes(memoryview(room)[cut:end])
        return self._block(room, cut or end, goes_on=True) if end else None

    def _block(self, room: Room, end: int, *, is_cut: bool = False, goes_on: bool = False) -> Block:
        """Return the first `end` bytes of `room` as a block, and stand behind it."""
        view = memoryview(room)[:end]
        lines = 0 if goes_on else count(view, b"\n") + (view[-1] != ord("\n"))
        block = Block(room, end, self.line, lines, self.offset, is_cut=is_cut, goes_on=goes_on)
        self.line, self.offset = self.line + lines, self.offset + end
        return block


def in_turn(number: int) -> Callable[[], Room]:
    """Return what hands out so many rooms, one after the other and again; each is made when it is first needed."""
    return partial(next, cycle(bytearray(BLOCK) for _ in range(number)))
