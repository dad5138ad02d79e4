"""Judge blocks in order, in this process or in several; what comes out is the same.

Rule 1: this process alone reads, and hands out what comes back in order. So the bytes that are judged are those that are handed
on, and a compressed stream is shared like any other. It judges too: whatever no other process is free for.
Rule 2: each of the others has two blocks at most, in memory that is shared where the system forks: memory does not grow with the
input.
Rule 3: a process that is lost, or fails, ends the run with `Lost`; nothing is passed over.
Rule 4: a process whose parent is gone ends by itself, for the pipe to it is closed.
Rule 5: the first blocks are judged here, before the others are started: a small file needs none, and a fork takes along what was
learned from them.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import islice
from typing import Any, Final, NamedTuple, Self

from caveat.bulk.ahead import read_ahead
from caveat.bulk.blocks import BLOCK, Block, Blocks, Room, Source, in_turn
from caveat.bulk.channel import End, channel
from caveat.bulk.judging import Left, Part, Plan, judged, looked_at, read_on
from caveat.domain.decision import Verdict
from caveat.intake.reading import Form
from caveat.telemetry.logs import ERROR, INFO, Event, listening, log, log_bulk
from caveat.telemetry.watching import tell_block

_AHEAD: Final = 2
_ALONE: Final = 2  # blocks, before other processes are started
_GROUP: Final = 32  # blocks of which lines are read together
_OWN: Final = 4  # blocks that wait for their turn, judged here


class Lost(RuntimeError):
    """A process that judged was lost, or failed; the run is incomplete. The message has no data in it."""


def parts(plan: Plan, source: Source, workers: int = 1, *, rooms: int = 1, ahead: bool = False) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `source` in order, each with what it came to.

    A block's bytes are gone with the next one; where one process judges, with the one after so many `rooms`. There a scan, which
    takes no longer than reading, reads `ahead` if it may: in a thread, and a block's bytes may be gone before it is given.
    """
    question, verdicts, size, is_whole = plan.question, Counter[Verdict](), 0, False
    try:
        for block, part in _parts(plan, source, workers, rooms=rooms, ahead=ahead):
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


def _parts(plan: Plan, source: Source, workers: int, *, rooms: int, ahead: bool) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `source` in order, judged here or by several processes."""
    if workers > 1:
        yield from _by_several(plan, source, workers)
    elif plan.scans and ahead:
        yield from _in_groups(plan, read_ahead(source), _GROUP)
    elif plan.scans:
        yield from _in_groups(plan, source(in_turn(2 * rooms - 1)), rooms)
    else:
        for block in source(in_turn(rooms)):
            yield block, judged(plan, block)


def _by_several(plan: Plan, source: Source, workers: int) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `source` in order, judged by several processes."""
    with _Crew(plan, workers - 1) as crew:
        reading = source(crew.room)
        for block in islice(reading, _ALONE):
            yield block, judged(plan, block)
        if not reading.is_over:
            with _faults_of_starting():
                crew.start()
        yield from _shared_out(plan, reading, crew)


def _in_groups(plan: Plan, blocks: Iterable[Block], most: int) -> Iterator[tuple[Block, Part]]:
    """Judge blocks in groups: what is to be read of several is read at once, for to scan between leaves nothing in the caches."""
    group: list[tuple[Block, Part, list[Left]]] = []
    try:
        for block in blocks:
            group.append((block, *looked_at(plan, block)))
            if len(group) == most or group[-1][1].told:
                yield from _read_on(plan, group)
                group = []
    except OSError:  # what was read before is told
        yield from _read_on(plan, group)
        raise
    yield from _read_on(plan, group)


def _read_on(plan: Plan, group: Sequence[tuple[Block, Part, list[Left]]]) -> Iterator[tuple[Block, Part]]:
    for _, part, left in group:
        read_on(plan, part, left)
    for block, part, _ in group:
        yield block, part


def _shared_out(plan: Plan, reading: Blocks, crew: _Crew) -> Iterator[tuple[Block, Part]]:
    """Give each block to a process that is free, else judge it here, and hand out in order what they came to."""
    waiting: deque[_Given] = deque()
    for block in reading:
        member = crew.send(block)
        waiting.append(_Given(block, judged(plan, block) if member is None else Part(), member))
        while waiting and (len(waiting) >= crew.most or crew.has_judged(waiting[0])):
            yield from _handed_out(crew, waiting.popleft())
    while waiting:
        yield from _handed_out(crew, waiting.popleft())


def _handed_out(crew: _Crew, given: _Given) -> Iterator[tuple[Block, Part]]:
    """Give a block with what it came to."""
    yield given.block, given.part if given.member is None else crew.receive(given.member)
    crew.release(given.block)


class _Given(NamedTuple):
    """A block, what it came to where it was judged here, and else the process that has it."""

    block: Block
    part: Part
    member: int | None = None


class _Crew:
    """The other processes: the pipes to them, and the memory shared with them, which there is where the system forks."""

    def __init__(self, plan: Plan, size: int) -> None:
        self._plan, self._size = plan, size
        self._own = bytearray(BLOCK)
        self._pipes: list[End] = []
        self._started: list[Any] = []
        self._has: list[int] = []  # how many blocks each process has
        self._slots: list[mmap.mmap] = []
        self._free: deque[mmap.mmap] = deque()
        self._most_each = 1  # a pipe that is full in both directions would stand still
        self.most = 1

    def __enter__(self) -> Self:
        return self

    def start(self) -> None:
        """Start the processes."""
        import multiprocessing  # noqa: PLC0415  most runs have one process, and it takes as long to import as a file to scan

        forks = sys.platform == "linux" and threading.active_count() == 1  # a fork takes the locks of other threads with it
        context = multiprocessing.get_context("fork" if forks else "spawn")
        self._slots = [mmap.mmap(-1, BLOCK) for _ in range(_AHEAD * self._size + _OWN)] if forks else []
        self._free.extend(self._slots)
        self._most_each = _AHEAD if forks else 1
        self.most = self._most_each * self._size + _OWN - 1
        _spread(0)
        for number in range(1, self._size + 1):
            here, there = channel(context, has_bells=forks)
            self._pipes.append(here)
            asked = (there, self._pipes if forks else (), self._plan, self._slots, number)
            process = context.Process(target=_serve, args=asked, daemon=True)  # type: ignore[attr-defined]  # every context has it
            with _uninterrupted():
                try:
                    process.start()
                finally:
                    there.close()
                self._started.append(process)
            self._has.append(0)

    def __exit__(self, *_: object) -> None:
        """End the processes: there is nothing more to do."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._started:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()

    def room(self) -> Room:
        """Return room for a block: a slot that no process has, else memory of this process alone."""
        return self._free.popleft() if self._free else self._own if not self._started else bytearray(BLOCK)

    def release(self, block: Block) -> None:
        """Take back the slot of a block that nobody needs any more."""
        if isinstance(block.room, mmap.mmap):
            self._free.append(block.room)

    def send(self, block: Block) -> int | None:
        """Give a block to the process that has the fewest, and return that, None where none is free; Lost where it is gone.

        A line that is too long, or that needs room which no other process sees, is for this one.
        """
        slot = next((n for n, each in enumerate(self._slots) if each is block.room), None)
        if not self._has or block.is_cut or block.goes_on or (self._slots and slot is None):
            return None
        member = min(range(len(self._has)), key=self._has.__getitem__)
        if self._has[member] == self._most_each:
            return None
        raw = None if slot is not None else bytes(block.view)
        with _losses(forks=bool(self._slots)):
            self._pipes[member].send((slot, raw, block.end, block.line, block.lines, block.offset))
        self._has[member] += 1
        return member

    def has_judged(self, given: _Given) -> bool:
        """Return whether nobody waits long for what a block came to."""
        return given.member is None or self._pipes[given.member].has_said()

    def receive(self, member: int) -> Part:
        """Wait for what the oldest block of a process came to; Lost where that is gone, or failed."""
        with _losses(forks=bool(self._slots)):
            said = self._pipes[member].receive()
        self._has[member] -= 1
        if isinstance(said, Part):
            return said
        raise Lost(f"a process failed while it judged ({said})")


@contextmanager
def _losses(*, forks: bool) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        hint = "" if forks else '; where processes are not forked, a script needs `if __name__ == "__main__":`'
        raise Lost(f"a process that judged was lost{hint}") from None


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold back what the terminal sends until a process is known here, and passes that over itself: none is left behind."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _faults_of_starting() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Lost(f"another process could not be started: {error.strerror}") from None


def _serve(pipe: End, others: Sequence[End], plan: Plan, slots: Sequence[mmap.mmap], number: int) -> None:
    """Judge what comes through `pipe` until it is closed. `others` are ends of pipes that a fork has taken with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all, and the first process ends the others
    for other in others:
        other.close()
    _spread(number)
    with suppress(EOFError, OSError):
        while True:
            slot, raw, end, line, lines, offset = pipe.receive()
            room = slots[slot] if slot is not None else bytearray(raw)
            pipe.send(_answer(plan, Block(room, end, line, lines, offset)))


def _spread(number: int) -> None:
    """Stand on a core of one's own, and be free to leave it: Linux leaves a process that mostly waits where it was forked."""
    if not hasattr(os, "sched_setaffinity"):
        return
    with suppress(OSError):  # a sandbox may forbid it, and a core may be gone meanwhile: it is for speed alone
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
        os.sched_setaffinity(0, cores)


def _answer(plan: Plan, block: Block) -> Part | str:
    try:
        return judged(plan, block)
    except Exception as error:  # noqa: BLE001  the name of its kind crosses to the other process, and nothing of its words
        return type(error).__name__
