"""How far a long run is, told to a terminal and to nobody else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PATIENCE = 2.0
"""After how many seconds a run tells how far it is."""
_AGAIN = 0.5


@contextmanager
def progress() -> Iterator[Callable[[int, int, int | None], None]]:
    """Give what is to be told how many resources there were, how many bytes of the input were read, and how many it has.

    Nothing is told of a short run, nor where standard output is a terminal too: there its own lines are seen.
    """
    if not (sys.stderr.isatty() and not sys.stdout.isatty()):
        yield lambda _number, _done, _size: None
        return
    began = time.monotonic()
    told, widest = began + _PATIENCE - _AGAIN, 0

    def step(number: int, done: int, size: int | None) -> None:
        """Tell how far it is, at most every so often."""
        nonlocal told, widest
        now = time.monotonic()
        if now < told + _AGAIN:
            return
        told = now
        said = how_far(number, done, size, now - began)
        widest = max(widest, len(said))
        sys.stderr.write("\r" + said.ljust(widest))
        sys.stderr.flush()

    yield step
    if widest:
        sys.stderr.write("\r" + " " * widest + "\r")


def how_far(number: int, done: int, size: int | None, seconds: float) -> str:
    """Say how many resources there were, at what rate, and how long the input at hand will take; the last where it is known."""
    said = f"{number:,} resources, {number / seconds:,.0f} a second"
    if not size or not done:
        return said
    left = seconds * (size - done) / done
    return f"{said}, {100 * done // size} %, {left:,.0f} s left"
