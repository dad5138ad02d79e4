"""The two ends between which objects go from one process to another.

Rule 1: whoever waits is woken by a bell, where there are bells, and not by the pipe itself: Linux wakes the reader of a pipe on
the core of its writer, so that processes that do little else than wait for each other would all stay on one core.
Rule 2: the bell rings before the object is sent. Who is woken for nothing waits for the pipe; nobody misses what was sent.
"""

from __future__ import annotations

import os
import select
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection


class End:
    """One end: `rings` is the bell of who is at the other end, `hears` is its own; None where there are no bells."""

    def __init__(self, pipe: Connection, rings: int | None = None, hears: int | None = None) -> None:
        self._pipe, self._rings, self._hears = pipe, rings, hears
        self._waits = None
        if hears is not None:
            self._waits = select.poll()
            self._waits.register(hears, select.POLLIN)
            self._waits.register(pipe.fileno(), select.POLLIN)

    def send(self, what: object) -> None:
        """Send an object; OSError when nobody is there any more."""
        if self._rings is not None:
            os.eventfd_write(self._rings, 1)
        self._pipe.send(what)

    def receive(self) -> Any:
        """Wait for an object and return it; EOFError or OSError when nobody is there any more."""
        if self._waits is not None and self._hears is not None:
            self._waits.poll()
            with suppress(BlockingIOError):
                os.eventfd_read(self._hears)
        return self._pipe.recv()

    def has_said(self) -> bool:
        """Return whether who waits now waits no longer than it takes to send an object; so too when nobody is there any more."""
        try:
            return bool(self._waits.poll(0)) if self._waits is not None else self._pipe.poll()
        except OSError:
            return True

    def close(self) -> None:
        """Close the pipe, which ends who waits at the other end, and let go of the bells."""
        self._pipe.close()
        for bell in (self._rings, self._hears):
            if bell is not None:
                os.close(bell)
        self._rings = self._hears = None


def channel(context: Any, *, has_bells: bool) -> tuple[End, End]:
    """Return two ends, each with what it closes; with bells only for a process that is forked, and on Linux."""
    here, there = context.Pipe()
    if not has_bells:
        return End(here), End(there)
    with ExitStack() as undone:
        undone.callback(here.close)
        undone.callback(there.close)
        one, other = (_kept(os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC), undone) for _ in range(2))
        ends = End(here, rings=other, hears=one), End(there, rings=_kept(os.dup(one), undone), hears=_kept(os.dup(other), undone))
        undone.pop_all()
        return ends


def _kept(bell: int, undone: ExitStack) -> int:
    """Return a bell that is let go of where what comes next fails."""
    undone.callback(os.close, bell)
    return bell
