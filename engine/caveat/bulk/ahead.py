"""Read blocks in a thread, while those before them are judged.

Rule 1: what comes out is what `source` gives, in order; what went wrong in reading is raised where the block would have come.
Rule 2: few blocks are read ahead: memory does not grow with the input.
Rule 3: the thread is gone when nobody wants more. It ends with the blocks that there is room for, so only what gives bytes soon
is read so: a file, and no pipe.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Final

from caveat.bulk.blocks import Block, Blocks, Source, in_turn

_ROOMS: Final = 4
"""How many blocks there are at a time: one that is judged, one that is read, and those between."""


def read_ahead(source: Source) -> Iterator[Block]:
    """Give the blocks of `source`; a block's bytes are gone with the next."""
    reading = source(in_turn(_ROOMS))
    first = next(reading, None)
    if first is None:
        return
    if reading.is_over:  # a small file: there is nothing to be gained
        yield first
        yield from reading
        return
    free, ready = SimpleQueue[bool](), SimpleQueue[Block | Exception | None]()
    for _ in range(_ROOMS - 1):
        free.put(True)
    reader = threading.Thread(target=_read, args=(reading, free, ready), name="caveat-reader", daemon=True)
    try:
        reader.start()
    except RuntimeError:  # the system gives no thread
        yield first
        yield from reading
        return
    try:
        block: Block | Exception | None = first
        while block is not None:
            if isinstance(block, Exception):
                raise block
            yield block
            free.put(True)
            block = ready.get()
    finally:
        free.put(False)
        reader.join()


def _read(reading: Blocks, free: SimpleQueue[bool], ready: SimpleQueue[Block | Exception | None]) -> None:
    """Read a block into each room that is free, until there is none any more, or nobody wants it."""
    try:
        while free.get():
            block = next(reading, None)
            ready.put(block)
            if block is None:
                return
    except Exception as error:  # noqa: BLE001  it is raised again by who takes the block
        ready.put(error)
