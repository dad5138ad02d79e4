"""Scan a large file by several processes, each of which reads byte ranges of it for itself: no bytes go to another to be scanned.

Rule 1: ranges follow each other without a gap, and are whole lines. What a range holds is read by the process that looks at it,
once; the lines that are to be judged are copied out of what was looked at.
Rule 2: what is found is told in order, by this process, which looks at ranges too while the others have enough to do.
Rule 3: they end before a range in which more than little is found, or of which each line is to be looked at by itself, before a
line that is long, before bytes that cannot be read, and before the end of the file: there the file is read as any other.
Rule 4: few ranges are under way at a time, and little is kept of each: memory does not grow with the file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from time import time_ns
from typing import Final, NamedTuple

from caveat.bulk.blocks import Block, Blocks, Room, in_turn
from caveat.bulk.crew import Crew, can_fork
from caveat.bulk.judging import Left, Part, Plan, little_left, proved_free
from caveat.bulk.streams import Stream

RANGE: Final = 1 << 22
"""How many bytes a range has, without the rest of its last line."""
_REST: Final = 1 << 16  # bytes that this may have
_STEP: Final = 1 << 12  # bytes of it that are read together
_OWN: Final = 6  # ranges that wait for their turn, looked at here
_EACH: Final = 4  # ranges that another process has, so that it need not wait while this one judges what was found


class _Range(NamedTuple):
    """Whole lines of a file: where they begin, and how many bytes they are."""

    offset: int
    size: int


class _Seen(NamedTuple):
    """What a look at a range came to: how many lines there are, copies of those to be read, and when it began, in nanoseconds.

    The number of the first line is 1.
    """

    lines: int
    left: list[Left]
    began: int


_Look = Callable[[_Range], _Seen | None]


def ranges_looked_at(plan: Plan, stream: Stream, workers: int) -> Generator[tuple[Block, Part, list[Left]], None, None]:
    """Give ranges from where `stream` stands as blocks without their bytes, what each came to so far, and the lines to be read.

    There is none where Rule 3 says so, nor where the system cannot fork.
    """
    if not plan.only_scans or stream.plain is None or not can_fork():
        return
    file, size = stream.plain
    look, line = partial(_look, plan, file, in_turn(1)), stream.line
    with Crew(workers - 1, _EACH) as crew:
        for each, seen in _in_order(crew, look, _ranges(file, stream.offset, size)):
            if seen is None:
                return
            left = [((line + number - 1, start, end), raw) for (number, start, end), raw in seen.left]
            block = Block(bytearray(), each.size, line, seen.lines, each.offset)
            yield block, proved_free(plan, seen.lines - len(left), seen.began), left
            line += seen.lines


def _in_order(crew: Crew, look: _Look, ranges: Iterator[_Range]) -> Iterator[tuple[_Range, _Seen | None]]:
    """Give each range with what a look at it came to; the first before other processes are started, perhaps for nothing."""
    for first in islice(ranges, 1):
        yield first, look(first)
    for second in islice(ranges, 1):
        if crew.forks:
            crew.start(look)
            yield from crew.in_order(chain([second], ranges), crew.give, look, _OWN)


def _ranges(file: int, offset: int, size: int) -> Iterator[_Range]:
    """Give the ranges of an open file of `size` bytes, from `offset` on."""
    while offset + RANGE < size:
        end = _line_end(file, offset + RANGE)
        if end is None:
            return
        yield _Range(offset, end - offset)
        offset = end


def _line_end(file: int, offset: int) -> int | None:
    """Return the place behind the line that has the byte before `offset`, None where that is far, or cannot be read."""
    with suppress(OSError):  # whoever reads on says it
        for begin in range(offset - 1, offset - 1 + _REST, _STEP):
            found = os.pread(file, _STEP, begin).find(b"\n")
            if found >= 0:
                return begin + found + 1
    return None


def _look(plan: Plan, file: int, room: Callable[[], Room], each: _Range) -> _Seen | None:
    """Read a range, and look at it; None where it is to be read as any other part of the file, by Rule 3."""
    began, reading = time_ns(), _Bytes(file, each)
    lines, left, is_ended = 0, list[Left](), False
    for block in Blocks(reading, plan.question.limits.bytes, room):
        found = little_left(plan, block)
        if found is None:
            return None
        left += [((number, block.offset + start, block.offset + end), raw) for (number, start, end), raw in found]
        lines += block.lines
        is_ended = block.view[-1] == ord("\n")
    return _Seen(lines, left, began) if reading.is_whole and is_ended else None


class _Bytes:
    """The bytes of a range, to be read; `is_whole` says whether all of them were there."""

    def __init__(self, file: int, each: _Range) -> None:
        self._file, self._at, self._end = file, each.offset, each.offset + each.size

    @property
    def is_whole(self) -> bool:
        return self._at == self._end

    def readinto(self, view: memoryview) -> int:
        """Fill the view as far as there is anything to be had, and return how far."""
        try:
            taken = os.preadv(self._file, [view[: self._end - self._at]], self._at)
        except OSError:  # whoever reads on says it
            return 0
        self._at += taken
        return taken
