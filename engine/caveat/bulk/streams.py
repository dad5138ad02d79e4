"""From a file to the stream of lines in it: as it is, or inflated piece by piece.

Rule 1: that a gzip file is damaged, or inflates too far, is known when its blocks are over: whoever reads them asks `fault`.
"""

from __future__ import annotations

import io
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from caveat.bulk.blocks import Block, Blocks, Room
from caveat.documents import ending_of
from caveat.domain.errors import UsageError
from caveat.intake.gzip_reader import inflate
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.pieces import Pieces

_SKIP = 1 << 20


class Stream:
    """The lines of the file `name`, which `file` reads; from a place on, of which `line` and `offset` are known."""

    def __init__(self, name: str, file: IO[bytes], limits: Limits, *, line: int = 1, offset: int = 0) -> None:
        self.name, self._limits, self._source = name, limits, file
        self._pieces = Pieces(inflate(file, limits)) if ending_of(name) == ".gz" else None
        self._file: Any = self._pieces or file
        self.line, self.offset = line, offset
        if offset:
            self._pass_over(offset)

    @property
    def fault(self) -> Unreadable | None:
        """Why the file is not believed, once its blocks are over."""
        return self._pieces.fault if self._pieces is not None else None

    @property
    def plain(self) -> tuple[int, int] | None:
        """The descriptor and the size of a file that is the stream, byte for byte, and not read yet; None of any other."""
        try:
            file, at = self._source.fileno(), self._source.tell()
            told = os.fstat(file)
        except OSError:  # it is no file, or none in which there are places
            return None
        is_file = self._pieces is None and stat.S_ISREG(told.st_mode)
        return (file, told.st_size) if is_file and at == self.offset else None

    def behind(self, block: Block) -> Stream:
        """Return the stream of a file that is not compressed, to be read from behind a block of it."""
        return Stream(self.name, self._source, self._limits, line=block.line + block.lines, offset=block.offset + block.end)

    def blocks(self, room: Callable[[], Room]) -> Blocks:
        """Return the blocks of the file, in what `room` hands out."""
        return Blocks(
            self._file, self._limits.bytes, room, is_whole=lambda: self.fault is None, line=self.line, offset=self.offset
        )

    def read_until(self, block: Block) -> int:
        """Return how many bytes of the file were read up to the end of `block`, or somewhat more where it is compressed."""
        return block.offset + block.end if self._pieces is None else self._source.tell()

    def _pass_over(self, offset: int) -> None:
        """Stand behind the first `offset` bytes of the stream."""
        if self._pieces is None:
            self._file.seek(offset, io.SEEK_SET)
            return
        room = memoryview(bytearray(_SKIP))
        while offset and (taken := self._pieces.readinto(room[: min(offset, _SKIP)])):
            offset -= taken


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading; UsageError when it cannot be read, at once or later."""
    try:
        with _file(path) as file:
            yield file
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None


def _file(path: Path) -> IO[bytes]:
    try:
        return path.open("rb")
    except ValueError:  # a NUL, or half of a surrogate pair
        raise UsageError(f"cannot read {str(path)!r}: no file can have this name") from None
