"""Other processes that answer what they are asked, each in order.

Rule 1: each has few questions at a time: what waits in memory does not grow with the input.
Rule 2: a process that is lost, or fails, ends the run with `Lost`; nothing is passed over. One that cannot be started is done
without.
Rule 3: a process whose parent is gone ends by itself, for the pipe to it is closed.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from typing import Any, NamedTuple, Self, TypeVar, cast

from caveat.bulk.channel import End, channel
from caveat.telemetry.logs import WARNING, Event, log

_Q = TypeVar("_Q")
_A = TypeVar("_A")


class Lost(RuntimeError):
    """A process that judged was lost, or failed; the run is incomplete. The message has no data in it."""


class _Failed(NamedTuple):
    """What comes instead of an answer: the kind of the error."""

    kind: str


def can_fork() -> bool:
    """Return whether processes are forked here: with what they know, and nothing has to be sent to them."""
    return sys.platform == "linux" and threading.active_count() == 1  # a fork takes the locks of other threads with it


class Crew:
    """The other processes, at most `size` of them once they are started, and the pipes to them.

    Each has at most so many questions at a time, the one that it answers among them.
    """

    def __init__(self, size: int, most_each: int) -> None:
        self.size, self._most_each = size, most_each
        self._pipes: list[End] = []
        self._started: list[Any] = []
        self._asked: list[int] = []  # how many questions each process has

    def __enter__(self) -> Self:
        return self

    @cached_property
    def forks(self) -> bool:
        """Whether they are forked: to be asked when they are started and not before, for there may be threads by then."""
        return can_fork()

    @property
    def most(self) -> int:
        """How many questions all of them may have; a pipe that is full in both directions would stand still."""
        return self.size * (self._most_each if self.forks else 1)

    @property
    def is_started(self) -> bool:
        """Whether there are other processes."""
        return bool(self._started)

    def start(self, answer: Callable[[Any], Any]) -> None:
        """Start the processes, in which `answer` makes of a question what comes back; as many as the system gives, or none."""
        import multiprocessing  # noqa: PLC0415  most runs have one process, and it takes as long to import as a file to scan

        context = multiprocessing.get_context("fork" if self.forks else "spawn")
        _spread(0)
        try:
            for number in range(1, self.size + 1):
                self._start_one(context, answer, number)
        except (OSError, AssertionError) as error:  # no more processes, pipes or memory, or this one may have no children
            log(Event.FEWER, WARNING, kind=type(error).__name__, processes=1 + len(self._started))

    def _start_one(self, context: Any, answer: Callable[[Any], Any], number: int) -> None:
        here, there = channel(context, has_bells=self.forks)
        asked = (there, [*self._pipes, here] if self.forks else (), answer, number)
        with _uninterrupted():
            try:
                process = context.Process(target=_serve, args=asked, daemon=True)
                process.start()
            except BaseException:
                here.close()
                raise
            finally:
                there.close()
            self._pipes.append(here)
            self._asked.append(0)
            self._started.append(process)

    def __exit__(self, *_: object) -> None:
        """End the processes: there is nothing more to do."""
        for pipe in self._pipes:
            pipe.close()
        for process in self._started:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()

    def give(self, question: object) -> int | None:
        """Give a question to the process that has the fewest, and return that, None where none may have another."""
        if not self._asked:
            return None
        member = min(range(len(self._asked)), key=self._asked.__getitem__)
        if self._asked[member] == (self._most_each if self.forks else 1):
            return None
        with self._losses():
            self._pipes[member].send(question)
        self._asked[member] += 1
        return member

    def in_order(
        self, asked: Iterable[_Q], give: Callable[[_Q], int | None], here: Callable[[_Q], _A], own: int
    ) -> Iterator[tuple[_Q, _A]]:
        """Give what is asked, each with its answer, in order: of the process that `give` says has it, else as found `here`.

        As many are under way as the others may have, and `own` more, for whose turn this process waits.
        """
        waiting: deque[tuple[_Q, _A | None, int | None]] = deque()
        for each in asked:
            member = give(each)
            waiting.append((each, here(each) if member is None else None, member))
            while waiting and (len(waiting) == self.most + own or self._is_answered(waiting[0][2])):
                yield self._answered(*waiting.popleft())
        while waiting:
            yield self._answered(*waiting.popleft())

    def _is_answered(self, member: int | None) -> bool:
        """Return whether nobody waits long for the next answer of a process."""
        return member is None or self._pipes[member].has_said()

    def _answered(self, each: _Q, answer: _A | None, member: int | None) -> tuple[_Q, _A]:
        return each, cast("_A", answer if member is None else self._receive(member))

    def _receive(self, member: int) -> Any:
        """Wait for the answer to the oldest question of a process; Lost where that is gone, or failed."""
        with self._losses():
            said = self._pipes[member].receive()
        self._asked[member] -= 1
        if isinstance(said, _Failed):
            raise Lost(f"a process failed while it judged ({said.kind})")
        return said

    @contextmanager
    def _losses(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, OSError):
            hint = "" if self.forks else '; where processes are not forked, a script needs `if __name__ == "__main__":`'
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


def _serve(pipe: End, others: Sequence[End], answer: Callable[[Any], Any], number: int) -> None:
    """Answer what comes through `pipe` until it is closed. `others` are ends of pipes that a fork has taken with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all, and the first process ends the others
    for other in others:
        other.close()
    _spread(number)
    with suppress(EOFError, OSError):
        while True:
            pipe.send(_found(answer, pipe.receive()))


def _spread(number: int) -> None:
    """Stand on a core of one's own, and be free to leave it: Linux leaves a process that mostly waits where it was forked."""
    if not hasattr(os, "sched_setaffinity"):
        return
    with suppress(OSError):  # a sandbox may forbid it, and a core may be gone meanwhile: it is for speed alone
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})
        os.sched_setaffinity(0, cores)


def _found(answer: Callable[[Any], Any], question: Any) -> Any:
    try:
        return answer(question)
    except Exception as error:  # noqa: BLE001  the name of its kind crosses to the other process, and nothing of its words
        return _Failed(type(error).__name__)
