"""Keeps Python's cyclic garbage collector out of what grows large and holds no cycles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep the collector from looking at large trees again and again while they grow.

    A tree holds no cycles, and is gone by reference counting. Threads that pause at the same time leave it as it was.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
