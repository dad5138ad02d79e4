"""Write to the outputs of a run, while the next blocks are judged.

Rule 1: what was put is written in order; what cannot be written is said of the output, by whatever is asked next, and after it
nothing more is written. What cannot be made durable is said too; what waits then may still be written, for nobody goes by it.
Rule 2: few blocks wait to be written, and of large ones one: memory does not grow with the input.
Rule 3: `sync` comes back when all that was put is durable, and not before. What is written is made durable meanwhile, bit by bit,
so that there is little left to wait for.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Final

Batch = list[tuple[Path, memoryview | bytes]]

_WAITING: Final = 7
_LARGE: Final = 1 << 22  # bytes of a block with all that is said of it, beyond which few wait: lines that are long, or all held
_DURABLE: Final = 1 << 25  # bytes, after which what was written is made durable
ROOMS: Final = _WAITING + 1
"""How many blocks there are at a time: the one whose lines are put, and those before it that may wait to be written."""


class Incomplete(Exception):
    """A run whose outputs are not to be used; the message says why, and has no data in it."""


class Outputs:
    """Open files by their paths; `behind` says that a thread writes, where no process is to be forked."""

    def __init__(self, files: Mapping[Path, IO[bytes]], *, behind: bool) -> None:
        self._files, self._behind = files, behind
        self._batch: Batch = []
        self._waiting = 0
        self._fault: Exception | None = None
        self._given, self._done = SimpleQueue[Batch | None](), SimpleQueue[Exception | None]()
        self._writer: threading.Thread | None = None
        self._syncing: threading.Thread | None = None

    def put(self, path: Path, raw: memoryview | bytes) -> None:
        """Add to what is to be written to a file; its bytes are to stay until `ROOMS` blocks later."""
        self._batch.append((path, raw))

    def end_block(self) -> None:
        """Have what was put written; Incomplete where what was put before could not be."""
        batch, self._batch = self._batch, []
        if self._writer is None and self._behind:
            self._begin()
        if self._writer is None:
            _write(self._files, batch)
            return
        self._given.put(batch)
        self._waiting += 1
        self._wait(_WAITING if _size(batch) <= _LARGE else 1)

    def _begin(self) -> None:
        """Start the thread that writes; where the system gives none, all is written here."""
        writer = threading.Thread(target=self._write_all, name="caveat-writer", daemon=True)
        try:
            writer.start()
            self._writer = writer
        except RuntimeError:
            self._behind = False

    def sync(self) -> None:
        """Make durable all that was put; Incomplete where that fails."""
        self.end_block()
        self._wait(0)
        self._end_syncing()
        for path, file in self._files.items():
            with said_of(path):
                file.flush()
        self._make_durable()
        self._wait(0)

    def close(self) -> None:
        """Close the files, once what waits is written; what was to be durable has been made so before."""
        if self._writer is not None:
            self._given.put(None)
            self._writer.join()
            self._writer = None
        self._end_syncing()
        for file in self._files.values():
            with suppress(OSError):  # what is in its buffer is of no run that goes on
                file.close()

    def _wait(self, left: int) -> None:
        """Wait until no more than `left` blocks are to be written."""
        while self._fault is None and self._waiting > left:
            fault = self._done.get()
            self._waiting -= 1
            if fault is not None:
                self._fault = fault
        if self._fault is not None:
            raise self._fault

    def _write_all(self) -> None:
        """Write each batch in turn, until there is no more, or one cannot be written."""
        written = 0
        while (batch := self._given.get()) is not None:
            try:
                _write(self._files, batch)
            except Exception as fault:  # noqa: BLE001  it is raised again by who waits
                self._done.put(fault)
                return
            written += _size(batch)
            if written >= _DURABLE and self._begins_syncing():
                written = 0
            self._done.put(None)

    def _begins_syncing(self) -> bool:
        """Have what was written made durable meanwhile; return False where that goes on from before."""
        if self._syncing is not None and self._syncing.is_alive():
            return False
        syncing = threading.Thread(target=self._make_durable, name="caveat-sync", daemon=True)
        with suppress(RuntimeError):  # the system gives no thread: `sync` has all the more to do
            syncing.start()
            self._syncing = syncing
        return True

    def _make_durable(self) -> None:
        """Make durable what was handed to the system."""
        for path, file in self._files.items():
            try:
                os.fsync(file.fileno())
            except OSError as error:
                self._fault = _incomplete(path, error)

    def _end_syncing(self) -> None:
        if self._syncing is not None:
            self._syncing.join()


def _size(batch: Batch) -> int:
    return sum(len(raw) for _, raw in batch)


def _write(files: Mapping[Path, IO[bytes]], batch: Batch) -> None:
    for path, raw in batch:
        try:
            files[path].write(raw)
        except OSError as error:
            raise _incomplete(path, error) from None


@contextmanager
def said_of(path: Path) -> Iterator[None]:
    """Say of an output that cannot be written that it is that one; what was kept before is still good to be resumed."""
    try:
        yield
    except OSError as error:
        raise _incomplete(path, error) from None


def _incomplete(path: Path, error: OSError) -> Incomplete:
    return Incomplete(f"cannot write {path}: {error.strerror}; what is in the .partial files can be resumed")
