"""Puts what is to be recorded into groups, so that many answers wait for the disk once.

Rule 1: a group is closed when it is large, or has waited; nothing of it is answered before all of it is recorded.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Final, TypeVar

T = TypeVar("T")

MOST: Final = 500
"""How many a group has at most."""
LONGEST: Final = 0.5
"""How many seconds after its first a group takes another one in."""


def grouped(items: Iterable[T], most: int = MOST, longest: float = LONGEST) -> Iterator[list[T]]:
    """Give `items` in groups, in their order; where they raise, what came before is given first."""
    source, stopped = iter(items), False
    while not stopped:
        group: list[T] = []
        error: Exception | None = None
        until = time.monotonic() + longest
        with _collector_paused():
            try:
                for item in source:
                    group.append(item)
                    if len(group) >= most or time.monotonic() >= until:
                        break
                else:
                    stopped = True
            except Exception as raised:  # noqa: BLE001  it is raised again below
                error = raised
        if group:
            yield group
        if error is not None:
            raise error


@contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep Python's cyclic garbage collector from looking at the trees of a group again and again while it grows.

    They hold no cycles, and are gone by reference counting.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
