"""Scan a large file by several processes, each of which reads stretches of it for itself: no bytes go from one to another.

Rule 1: stretches follow each other without a gap, and are whole lines. Each is read once, by the process that looks at it. The
lines that are to be judged are copied out of what was looked at.
Rule 2: what is found is told in order, by this process, which looks at stretches too while the others have enough to do.
Rule 3: it ends before a stretch in which more than little is found, or of which each line is to be looked at by itself, before a
line that is long, before bytes that cannot be read, and before the end of the file: there the file is read as any other.
Rule 4: few stretches are under way at a time, and little is kept of each: memory does not grow with the file.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import chain, islice
from typing import Final, NamedTuple

from caveat.bulk.blocks import Block, Blocks, Room, in_turn
from caveat.bulk.crew import Crew, can_fork
from caveat.bulk.judging import Left, Plan, left_of
from caveat.bulk.streams import Stream

STRETCH: Final = 1 << 22
"""How many bytes a stretch has, without the rest of its last line."""
_REST: Final = 1 << 16  # bytes that this may have
_STEP: Final = 1 << 12  # bytes of it that are looked at together
_OWN: Final = 6  # stretches that wait for their turn, looked at here
_EACH: Final = 4  # stretches that another process has, so that it need not wait while this one judges what was found


class _Stretch(NamedTuple):
    """Whole lines of a file: where they begin, and how many bytes they are."""

    offset: int
    size: int


class _Looked(NamedTuple):
    """What a look at a stretch came to: how many lines it has, and copies of those to be read, its first being line 1."""

    lines: int
    left: list[Left]


_Looks = Callable[[_Stretch], _Looked | None]


def stretches_looked_at(plan: Plan, stream: Stream, workers: int) -> Iterator[tuple[Block, list[Left]]]:
    """Give blocks from where `stream` stands, without their bytes, each with the lines to be read; the others are proved free.

    There is no block where Rule 3 says so, nor where the system cannot fork.
    """
    if not plan.only_scans or stream.plain is None or not can_fork():
        return
    file, size = stream.plain
    stretches, line = _stretches(file, stream.offset, size), stream.line
    look = partial(_look, plan, file, in_turn(1))
    for stretch, looked in chain(_alone(look, stretches), _shared_out(look, stretches, workers - 1)):
        if looked is None:
            return
        left = [((line + number - 1, start, end), raw) for (number, start, end), raw in looked.left]
        yield Block(bytearray(), stretch.size, line, looked.lines, stretch.offset), left
        line += looked.lines


def _alone(look: _Looks, stretches: Iterator[_Stretch]) -> Iterator[tuple[_Stretch, _Looked | None]]:
    """Give the first stretch with what a look at it came to: other processes are started for nothing where that is too much."""
    for stretch in islice(stretches, 1):
        yield stretch, look(stretch)


def _shared_out(look: _Looks, stretches: Iterable[_Stretch], others: int) -> Iterator[tuple[_Stretch, _Looked | None]]:
    """Give each stretch with what a look at it came to: by a process that is free for it, else here."""
    waiting: deque[tuple[_Stretch, _Looked | None, int | None]] = deque()
    most = _EACH * others + _OWN
    with Crew(others, _EACH) as crew:
        for stretch in stretches:
            if not crew.is_started:
                crew.start(look)
            member = crew.free()
            if member is not None:
                crew.ask(member, stretch)
            waiting.append((stretch, look(stretch) if member is None else None, member))
            while waiting and (len(waiting) == most or waiting[0][2] is None or crew.has_answered(waiting[0][2])):
                yield _ended(crew, *waiting.popleft())
        while waiting:
            yield _ended(crew, *waiting.popleft())


def _ended(crew: Crew, stretch: _Stretch, looked: _Looked | None, member: int | None) -> tuple[_Stretch, _Looked | None]:
    """Return a stretch with what a look at it came to, here or in another process."""
    return stretch, looked if member is None else crew.receive(member)


def _stretches(file: int, offset: int, size: int) -> Iterator[_Stretch]:
    """Give the stretches of an open file of `size` bytes, from `offset` on."""
    while offset + STRETCH < size:
        end = _line_end(file, offset + STRETCH)
        if end is None:
            return
        yield _Stretch(offset, end - offset)
        offset = end


def _line_end(file: int, offset: int) -> int | None:
    """Return where the line ends that has the byte before `offset`, behind its line feed; None where that is far."""
    for begin in range(offset - 1, offset - 1 + _REST, _STEP):
        found = os.pread(file, _STEP, begin).find(b"\n")
        if found >= 0:
            return begin + found + 1
    return None


def _look(plan: Plan, file: int, room: Callable[[], Room], stretch: _Stretch) -> _Looked | None:
    """Read a stretch, and look at it; None where it is to be read as any other part of the file, by Rule 3."""
    reading = _Bytes(file, stretch)
    lines, left = 0, list[Left]()
    for block in Blocks(reading, plan.question.limits.bytes, room):
        found = left_of(plan, block)
        if found is None:
            return None
        left += [((number, block.offset + start, block.offset + end), raw) for (number, start, end), raw in found]
        lines += block.lines
    return _Looked(lines, left) if reading.is_whole else None


class _Bytes:
    """The bytes of a stretch, to be read; `is_whole` says whether all of them were there."""

    def __init__(self, file: int, stretch: _Stretch) -> None:
        self._file, self._at, self._end = file, stretch.offset, stretch.offset + stretch.size

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
