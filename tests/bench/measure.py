"""Measure cases side by side: one after the other in every round, so that what the machine does meanwhile falls on all alike.

Rule 1: a number is compared with others of its own table only; what is told is medians and ratios of them.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection

Case = Callable[[], object]
Prepared = Callable[[], Case]
"""Imports what it needs and returns the case: only the case is measured."""


@dataclass(frozen=True, slots=True)
class Took:
    """The median of what a case took: seconds by the clock, seconds of processors, and most memory in MB (0: not measured)."""

    wall: float
    cpu: float
    memory: float = 0.0


def interleaved(cases: Mapping[str, Case], rounds: int, seconds: float = 0.05) -> dict[str, Took]:
    """Return what each case took in this process; a short one is repeated until it fills `seconds`."""
    times = {name: _repeats(case, seconds) for name, case in cases.items()}
    taken: dict[str, list[Took]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            gc.collect()
            taken[name].append(_timed(case, times[name]))
    return {name: _median(each) for name, each in taken.items()}


def apart(cases: Mapping[str, Prepared], rounds: int) -> dict[str, Took]:
    """Return what each case took, each in a process of its own, which tells its memory too; children of it are counted."""
    taken: dict[str, list[Took]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            taken[name].append(_in_child(case))
    return {name: _median(each) for name, each in taken.items()}


def _repeats(case: Case, seconds: float) -> int:
    """Return how often a case fills `seconds`; it has then run once."""
    case()
    start = time.perf_counter()
    case()
    return max(1, int(seconds / max(time.perf_counter() - start, 1e-9)))


def _timed(case: Case, times: int) -> Took:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        case()
    return Took((time.perf_counter() - wall) / times, (time.process_time() - cpu) / times)


def _in_child(prepared: Prepared) -> Took:
    """Run a case once in a fresh process; the time is that of the case alone, without the start of the process.

    What other cases wrote is on the disk before: to write it is on nobody else's account. And a fork of this process would begin
    with its memory, and pay for each page of it that it changes.
    """
    os.sync()
    context = multiprocessing.get_context("spawn")
    reading, writing = context.Pipe(duplex=False)
    child = context.Process(target=_measured, args=(prepared, writing))
    child.start()
    writing.close()
    try:
        told = reading.recv()
    except EOFError:
        raise RuntimeError("a measured case failed; what it printed says why") from None
    finally:
        child.join()
    return Took(*told)


def _measured(prepared: Prepared, told_to: Connection) -> None:
    case = prepared()
    wall, before = time.perf_counter(), _used()
    case()
    told_to.send((time.perf_counter() - wall, _used() - before, _memory()))


def _used() -> float:
    """Return the seconds of processors that this process and its ended children used."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)


def _memory() -> float:
    """Return the most memory that this process or one of its children held, in MB."""
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def _median(taken: list[Took]) -> Took:
    return Took(*(statistics.median(getattr(each, name) for each in taken) for name in ("wall", "cpu", "memory")))
