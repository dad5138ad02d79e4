"""Judge blocks in order, in this process or in several; what comes out is the same.

Rule 1: this process alone reads, and hands out what comes back in order. So the bytes that are judged are those that are handed
on, and a compressed stream is shared like any other. It judges too: whatever no other process is free for. A scan whose bytes
nobody is handed may go by `ranges` of the file instead.
Rule 2: each of the others has two blocks at most, in memory that is shared where the system forks: memory does not grow with the
input.
Rule 3: the first blocks are judged here, before the others are started: a small file needs none, and a fork takes along what was
learned from them.
"""

from __future__ import annotations

import mmap
import os
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Final

from caveat.bulk.blocks import BLOCK, Block, Room, in_turn
from caveat.bulk.crew import Crew, Lost, can_fork
from caveat.bulk.judging import Left, Part, Plan, judged, looked_at, read_on
from caveat.bulk.ranges import ranges_looked_at
from caveat.bulk.streams import Stream
from caveat.domain.decision import Verdict
from caveat.intake.reading import Form
from caveat.telemetry.logs import ERROR, INFO, Event, listening, log, log_bulk
from caveat.telemetry.watching import tell_block

_EACH: Final = 2  # blocks that another process has: the one that it judges, and the next
_ALONE: Final = 5  # blocks, before other processes are started: about as many as are behind the last range
_GROUP: Final = 32  # blocks of which lines are read together
_RANGES: Final = 8  # the same of ranges
_LARGE: Final = 1 << 26  # bytes of a file, from which on two processes scan it in less time than one
_OWN: Final = 4  # blocks that wait for their turn, judged here

_Looked = tuple[Block, Part, list[Left]]
"""A block, what it came to so far, and copies of the lines that are still to be read."""


def parts(plan: Plan, stream: Stream, workers: int = 1, *, rooms: int | None = 1) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `stream` in order, each with what it came to.

    A block's bytes are gone with the next one; where one process judges, with the one after so many `rooms`. None says that
    nobody looks at the bytes: a block may then come without them, or with those of another.
    """
    question, verdicts, size, is_whole = plan.question, Counter[Verdict](), 0, False
    try:
        for block, part in _parts(plan, stream, workers, rooms):
            size += block.end
            tell_block(part.counted, question.policy.named, question.release.value, Form.JSON.value, block.end)
            _log(part, verdicts)
            yield block, part
        is_whole = True
    finally:
        log_bulk(verdicts, size, is_whole=is_whole)


def _log(part: Part, verdicts: Counter[Verdict]) -> None:
    """Write which lines Caveat failed on, and add the others up where somebody will read that."""
    for _, kind in part.failed:
        log(Event.BLOCK_FAILED, ERROR, kind=kind)
    if listening(Event.BULK, INFO) is not None:
        verdicts.update(part.quiet)
        verdicts.update(told.verdict for told in part.told)


def workers_that_pay(plan: Plan, stream: Stream) -> int:
    """Return by how many processes a stream is judged soonest where nobody says: two scan a large file, one judges any other."""
    size = stream.plain[1] if stream.plain is not None else 0
    return 2 if plan.only_scans and size >= _LARGE and can_fork() and len(os.sched_getaffinity(0)) > 1 else 1


def _parts(plan: Plan, stream: Stream, workers: int, rooms: int | None) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `stream` in order, judged here or by several processes."""
    if workers > 1:
        yield from _by_ranges(plan, stream, workers) if rooms is None else _by_blocks(plan, stream, workers)
    elif not plan.scans:
        for block in stream.blocks(in_turn(rooms or 1)):
            yield block, judged(plan, block)
    else:
        group, needed = (_GROUP, 1) if rooms is None else (rooms, 2 * rooms - 1)
        looked = ((block, *looked_at(plan, block)) for block in stream.blocks(in_turn(needed)))
        yield from _in_groups(plan, looked, group)


def _by_ranges(plan: Plan, stream: Stream, workers: int) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `stream` in order, judged by several processes: by ranges of the file as far as that goes."""
    last = None
    with closing(ranges_looked_at(plan, stream, workers)) as looked:
        for last, part in _in_groups(plan, looked, _RANGES):
            yield last, part
    yield from _by_blocks(plan, stream if last is None else stream.behind(last), workers)


def _by_blocks(plan: Plan, stream: Stream, workers: int) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `stream` in order: read here, and judged by several processes."""
    with Crew(workers - 1, _EACH) as crew:
        shared = _Shared(plan, crew)
        reading = stream.blocks(shared.room)
        for block in islice(reading, _ALONE):
            yield block, judged(plan, block)
        if not reading.is_over:
            shared.start()
        for block, part in crew.in_order(reading, shared.send, partial(judged, plan), _OWN - 1):
            yield block, part
            shared.release(block)


def _in_groups(plan: Plan, looked: Iterable[_Looked], most: int) -> Iterator[tuple[Block, Part]]:
    """Judge blocks in groups: what is to be read of several is read at once, for to scan between leaves nothing in the caches."""
    group: list[_Looked] = []
    try:
        for each in looked:
            group.append(each)
            if len(group) == most or each[1].told:
                yield from _read_on(plan, group)
                group = []
    except (OSError, Lost):  # what was read before is told
        yield from _read_on(plan, group)
        raise
    yield from _read_on(plan, group)


def _read_on(plan: Plan, group: Sequence[_Looked]) -> Iterator[tuple[Block, Part]]:
    for _, part, left in group:
        read_on(plan, part, left)
    for block, part, _ in group:
        yield block, part


class _Shared:
    """The other processes, and the memory for blocks that is shared with them, which there is where the system forks."""

    def __init__(self, plan: Plan, crew: Crew) -> None:
        self._plan, self._crew = plan, crew
        self._own = bytearray(BLOCK)
        self._slots: list[mmap.mmap] = []
        self._free: deque[mmap.mmap] = deque()

    def start(self) -> None:
        """Start the processes, where the system gives the memory that is shared with them."""
        if self._crew.forks:
            try:
                self._slots = [mmap.mmap(-1, BLOCK) for _ in range(self._crew.most + _OWN)]
            except OSError:
                return
            self._free.extend(self._slots)
        self._crew.start(partial(_answer, self._plan, self._slots))

    def room(self) -> Room:
        """Return room for a block: a slot that no process has, else memory of this process alone."""
        return self._free.popleft() if self._free else self._own if not self._crew.is_started else bytearray(BLOCK)

    def release(self, block: Block) -> None:
        """Take back the slot of a block that nobody needs any more."""
        if isinstance(block.room, mmap.mmap):
            self._free.append(block.room)

    def send(self, block: Block) -> int | None:
        """Give a block to the process that has the fewest, and return that, None where none is free; Lost where it is gone.

        A line that is too long, or that needs room which no other process sees, is for this one.
        """
        slot = next((n for n, each in enumerate(self._slots) if each is block.room), None)
        if block.is_cut or block.goes_on or (self._slots and slot is None):
            return None
        raw = None if slot is not None else bytes(block.view)
        return self._crew.give((slot, raw, block.end, block.line, block.lines, block.offset))


def _answer(plan: Plan, slots: Sequence[mmap.mmap], sent: tuple[int | None, bytes | None, int, int, int, int]) -> Part:
    """Return what a block that was sent to another process comes to there."""
    slot, raw, end, line, lines, offset = sent
    return judged(plan, Block(slots[slot] if slot is not None else bytearray(raw or b""), end, line, lines, offset))
