"""Judge blocks in order, in this process or in several; what comes out is the same.

Rule 1: this process alone reads, and hands out what comes back in order; the others judge. So the bytes that are judged are those
that are handed on, and a compressed stream is shared like any other.
Rule 2: each process has two blocks at most, in memory that is shared where the system forks: memory does not grow with the input.
Rule 3: a process that is lost, or fails, ends the run with `Lost`; nothing is passed over.
Rule 4: a process whose parent is gone ends by itself, for the pipe to it is closed.
"""

from __future__ import annotations

import mmap
import os
import signal
import sys
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

from caveat.bulk.blocks import BLOCK, Block, Blocks, Room
from caveat.bulk.channel import End, channel
from caveat.bulk.judging import Part, Plan, judged
from caveat.domain.decision import Verdict
from caveat.intake.reading import Form
from caveat.telemetry.logs import ERROR, INFO, Event, listening, log, log_bulk
from caveat.telemetry.watching import tell_block

_AHEAD: Final = 2

Source = Callable[[Callable[[], Room]], Blocks]
"""From what hands out room to the blocks that are read into it."""


class Lost(Exception):
    """A process that judged was lost, or failed; the run is incomplete. The message has no data in it."""


def parts(plan: Plan, source: Source, workers: int = 1) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `source` in order, each with what it came to; a block's bytes are gone with the next."""
    question, verdicts, size, is_whole = plan.question, Counter[Verdict](), 0, False
    try:
        for block, part in _parts(plan, source, workers):
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


def _parts(plan: Plan, source: Source, workers: int) -> Iterator[tuple[Block, Part]]:
    """Give the blocks of `source` in order, judged here or by several processes."""
    if workers == 1:
        room = bytearray(BLOCK)
        for block in source(lambda: room):
            yield block, judged(plan, block)
        return
    with _crew(plan, workers) as crew:
        yield from _shared_out(plan, source, crew)


def _shared_out(plan: Plan, source: Source, crew: _Crew) -> Iterator[tuple[Block, Part]]:
    """Give each process its turn, and take back in the same order what it says."""
    waiting: deque[tuple[Block, int | None]] = deque()
    reading = source(crew.room)
    turn, is_over = 0, False
    while waiting or not is_over:
        while not is_over and len(waiting) < crew.most:
            block = next(reading, None)
            is_over = block is None
            if block is None:
                break
            member = turn % crew.size if crew.can_hold(block) else None  # a line that needs room of its own is judged here
            if member is not None:
                crew.send(member, block)
                turn += 1
            waiting.append((block, member))
        if waiting:
            block, member = waiting.popleft()
            yield block, judged(plan, block) if member is None else crew.receive(member)
            crew.release(block)


class _Crew:
    """The processes: the pipes to them, and the memory shared with them, which there is where the system forks."""

    def __init__(self, pipes: Sequence[End], slots: Sequence[mmap.mmap]) -> None:
        self._pipes, self._slots = pipes, slots
        self._free = deque(slots)
        self.size = len(pipes)
        self.most = len(slots) or self.size  # a pipe that is full in both directions would stand still

    def room(self) -> Room:
        """Return room for a block: a slot that no process has, else memory of this process alone."""
        return self._free.popleft() if self._free else bytearray(BLOCK)

    def release(self, block: Block) -> None:
        """Take back the slot of a block that nobody needs any more."""
        if isinstance(block.room, mmap.mmap):
            self._free.append(block.room)

    def can_hold(self, block: Block) -> bool:
        """Return whether another process can judge a block: it is of whole lines, and lies where that can see it."""
        return not (block.is_cut or block.goes_on) and (isinstance(block.room, mmap.mmap) or not self._slots)

    def send(self, member: int, block: Block) -> None:
        """Give a block to a process; Lost where that is gone."""
        slot = next((n for n, each in enumerate(self._slots) if each is block.room), None)
        raw = None if slot is not None else bytes(block.view)
        with _losses():
            self._pipes[member].send((slot, raw, block.end, block.line, block.lines, block.offset))

    def receive(self, member: int) -> Part:
        """Wait for what the oldest block of a process came to; Lost where that is gone, or failed."""
        with _losses():
            said = self._pipes[member].receive()
        if isinstance(said, Part):
            return said
        raise Lost(f"a process failed while it judged ({said})")


@contextmanager
def _losses() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        raise Lost("a process that judged was lost") from None


@contextmanager
def _crew(plan: Plan, workers: int) -> Iterator[_Crew]:
    """Start the processes, and end them when there is nothing more to do."""
    import multiprocessing  # noqa: PLC0415  most runs have one process, and it takes as long to import as a file to scan

    forks = sys.platform == "linux" and threading.active_count() == 1  # a fork takes the locks of other threads with it
    context = multiprocessing.get_context("fork" if forks else "spawn")
    slots = [mmap.mmap(-1, BLOCK) for _ in range(_AHEAD * workers)] if forks else []
    pipes: list[End] = []
    started: list[Any] = []
    try:
        for number in range(workers):
            here, there = channel(context, has_bells=forks)
            pipes.append(here)
            process = context.Process(target=_serve, args=(there, pipes if forks else (), plan, slots, number), daemon=True)  # type: ignore[attr-defined]  # every context has it
            try:
                process.start()
            finally:
                there.close()
            started.append(process)
        yield _Crew(pipes, slots)
    finally:
        for pipe in pipes:
            pipe.close()
        for process in started:
            process.join(5)
            if process.is_alive():
                process.kill()


def _serve(pipe: End, others: Sequence[End], plan: Plan, slots: Sequence[mmap.mmap], number: int) -> None:
    """Judge what comes through `pipe` until it is closed. `others` are ends of pipes that a fork has taken with it."""
    for other in others:
        other.close()
    _spread(number)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all, and the first process ends the others
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
