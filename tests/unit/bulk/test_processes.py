"""Several processes: what becomes of a run when one is lost, or fails, and of one that is not read to its end."""

from __future__ import annotations

import io
import mmap
import multiprocessing
import os
import signal
import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, Self

import pytest

from caveat import Guard
from caveat.bulk import blocks, crew, processes, ranges
from caveat.bulk.blocks import Block
from caveat.bulk.crew import Crew, Lost
from caveat.bulk.judging import Part, Plan, Told, judged
from caveat.bulk.processes import parts
from caveat.bulk.streams import Stream
from caveat.domain.decision import Verdict

GUARD = Guard.default()
PLAN = Plan(GUARD._question(b"", None, release=None, today=date(2026, 11, 25), intent="read", source=None))
BODY = b'{"resourceType":"Patient","modifierExtension":[]}\n' * 3000


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    _of_size(monkeypatch, 5000)


def _of_size(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    for module in (blocks, processes):
        monkeypatch.setattr(module, "BLOCK", size)


def run(workers: int) -> Iterator[tuple[Block, Part]]:
    return parts(PLAN, Stream("x", io.BytesIO(BODY), GUARD.limits), workers)


def lines(workers: int) -> list[int]:
    return [told.line for _, part in run(workers) for told in part.told]


def _others(found: Iterator[tuple[Block, Part]]) -> list[Any]:
    """Read on until other processes were started, and return them."""
    for _ in found:
        if started := multiprocessing.active_children():
            return started
    raise AssertionError("no process was started")


def test_order_is_kept() -> None:
    """Whoever judged a block, they come out in the order of the file."""
    assert lines(1) == lines(4) == list(range(1, 3001))


def _line(number: int) -> bytes:
    """One of several kinds: without a find, found and free, held, and held many in a row."""
    if number % 40 == 0 or 600 <= number < 900:
        return (
            b'{"resourceType":"Patient","id":"%d","modifierExtension":[{"url":"http://x.example/m","valueBoolean":true}]}'
            % number
        )
    if number % 7 == 0:
        return b'{"resourceType":"Patient","extension":[{"url":"http://x.example/e","valueString":"%d"}]}' % number
    return b'{"resourceType":"Patient","id":"%d"}' % number


@pytest.mark.parametrize(("workers", "rooms"), [(1, None), (1, 1), (1, 3), (1, 8), (2, 1), (3, 8)])
def test_lines_that_are_put_off_come_to_the_same(workers: int, rooms: int | None) -> None:
    """However blocks are read and lines put off: in order, what each comes to, and told what a strict check tells."""
    body = b"".join(_line(number) + b"\n" for number in range(1, 2001))
    scanning, strict = replace(PLAN, scans=True), PLAN

    def found(plan: Plan, **how: Any) -> tuple[list[Told], Counter[Verdict]]:
        told: list[Told] = []
        quiet: Counter[Verdict] = Counter()
        for block, part in parts(plan, Stream("x", io.BytesIO(body), GUARD.limits), **how):
            told += [
                each._replace(report=None, start=block.offset + each.start, end=block.offset + each.end) for each in part.told
            ]
            quiet += part.quiet
        return told, quiet

    told, quiet = found(scanning, workers=workers, rooms=rooms)
    assert (told, quiet) == found(strict, workers=1)
    assert [each.line for each in told] == [number for number in range(1, 2001) if b"modifier" in _line(number)]
    assert [body[each.start : each.end] for each in told] == [_line(each.line) for each in told]


def test_without_a_fork_it_is_the_same() -> None:
    """Beside other threads nothing is forked; what is judged then goes through a pipe."""
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    try:
        assert lines(2) == list(range(1, 3001))
    finally:
        done.set()
        thread.join()


def test_a_lost_process_ends_the_run() -> None:
    """A process that is killed is noticed, and the run does not end as if all had been judged."""
    found = run(2)
    for child in _others(found):
        os.kill(child.pid or 0, signal.SIGKILL)
    with pytest.raises(Lost):
        list(found)


def test_a_failing_process_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error in another process is said by its kind alone."""
    here = os.getpid()

    def fails(plan: Plan, block: Block) -> Part:
        if os.getpid() == here:
            return judged(plan, block)
        raise ZeroDivisionError("patient data")

    monkeypatch.setattr(processes, "judged", fails)
    # A fork takes what was patched along; earlier tests may have left a thread in this process, which would mean a fresh start.
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)
    with pytest.raises(Lost, match=r"a process failed while it judged \(ZeroDivisionError\)"):
        lines(2)


def test_a_run_that_is_left_leaves_no_process() -> None:
    """Who reads no further has no processes left behind."""
    found = run(3)
    assert len(_others(found)) == 2
    found.close()  # type: ignore[attr-defined]
    assert multiprocessing.active_children() == []


def test_the_memory_of_a_block_is_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """So other processes have something to judge to the end, and not only as long as there is new memory."""
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # as below
    give, given = Crew.give, Counter[bool]()

    def counting(self: Crew, question: object) -> int | None:
        member = give(self, question)
        given[member is not None] += 1
        return member

    monkeypatch.setattr(Crew, "give", counting)
    assert lines(2) == list(range(1, 3001))
    assert given[True] > processes._EACH + processes._OWN


def test_a_small_file_needs_no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read with the first blocks is judged here, however many processes may judge."""
    _of_size(monkeypatch, len(BODY) + 1)

    def never(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(Crew, "start", never)
    assert lines(4) == list(range(1, 3001))


def test_where_no_process_may_choose_its_core_all_is_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox that forbids it costs speed, and no answer."""

    def forbidden(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", forbidden, raising=False)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # as above
    assert lines(2) == list(range(1, 3001))


def test_a_process_that_is_interrupted_at_its_beginning_judges_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The terminal sends an interrupt to all; a process that is just forked neither dies of it nor shows where it was."""
    serve = crew._serve

    def interrupted(*asked: Any) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        serve(*asked)

    monkeypatch.setattr(crew, "_serve", interrupted)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # as above
    assert lines(2) == list(range(1, 3001))
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


@pytest.mark.parametrize("started", [0, 1])
@pytest.mark.parametrize("error", [BlockingIOError(11, "Resource temporarily unavailable"), AssertionError("no children here")])
def test_a_process_that_cannot_be_started_is_done_without(
    started: int, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Those that there are judge all lines, and it is logged."""
    fork = os.fork
    left = [fork] * started

    def full() -> int:
        if left:
            return left.pop()()
        raise error

    monkeypatch.setattr(os, "fork", full)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # as above
    with caplog.at_level("WARNING", logger="caveat"):
        assert lines(3) == list(range(1, 3001))
    assert "not all processes that were asked for could be started" in caplog.text
    assert multiprocessing.active_children() == []


def test_without_memory_to_share_one_process_judges(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is no fault of the input, which would be called unreadable."""

    class Full(mmap.mmap):
        def __new__(cls, *_: object) -> Self:
            raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(processes.mmap, "mmap", Full)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # as above
    assert lines(2) == list(range(1, 3001))


def test_a_thread_of_the_caller_is_not_forked_along(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though it begins when the first lines are handed out: how processes are started is asked when they are."""
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # as above
    found = run(2)
    next(found)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 2)
    monkeypatch.setattr(os, "fork", lambda: pytest.fail("forked beside a thread"))
    rest = [told.line for _, part in found for told in part.told]
    assert rest[-1] == 3000


@pytest.mark.parametrize("scans", [True, False])
@pytest.mark.parametrize(("workers", "rooms"), [(1, 1), (1, 3), (1, 8), (2, 1), (2, 8)])
def test_bytes_stay_for_as_many_blocks_as_there_are_rooms(
    workers: int, rooms: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, scans: bool
) -> None:
    """What is routed is written from there, while later blocks are read and judged."""
    monkeypatch.setattr(ranges, "RANGE", 20_000)
    monkeypatch.setattr(crew.threading, "active_count", lambda: 1)  # as above
    body = b"".join(_line(600 if number % 300 == 0 else 1) + b"\n" for number in range(1, 3001))
    path = tmp_path / "a.ndjson"
    path.write_bytes(body)
    kept: deque[Block] = deque(maxlen=rooms if workers == 1 else 1)
    with path.open("rb") as file:
        for block, _ in parts(replace(PLAN, scans=scans), Stream("x", file, GUARD.limits), workers, rooms=rooms):
            kept.append(block)
            assert all(bytes(each.view) == body[each.offset : each.offset + each.end] for each in kept)
    assert kept[-1].offset + kept[-1].end == len(body)
