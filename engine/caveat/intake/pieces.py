"""A file made of pieces, which may end in a fault: what a compressed file inflates to, while it is inflated.

Rule 1: after a fault there is nothing more to read; whoever reads to the end asks `fault` before believing what was read.
"""

from __future__ import annotations

from collections.abc import Iterable
from io import BufferedReader, RawIOBase
from typing import IO, Any

from caveat.intake.json_reader import Unreadable

PIECE = 256 * 1024
"""How many bytes a piece has at most."""


class Pieces(RawIOBase):
    """A stream of the pieces handed over, `fault` being the one that it ended with; read it through `opened`."""

    def __init__(self, pieces: Iterable[bytes | Unreadable]) -> None:
        """Stand before the first piece."""
        super().__init__()
        self._pieces = iter(pieces)
        self._left = memoryview(b"")
        self.fault: Unreadable | None = None

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` with what comes next, and return how many bytes that were; 0 at the end, or at a fault."""
        while not self._left and self.fault is None:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            if isinstance(piece, Unreadable):
                self.fault = piece
            else:
                self._left = memoryview(piece)
        taken = self._left[: len(buffer)]
        buffer[: len(taken)] = taken
        self._left = self._left[len(taken) :]
        return len(taken)


def opened(pieces: Pieces) -> IO[bytes]:
    """Return a file that reads `pieces`, with `readline`."""
    return BufferedReader(pieces, PIECE)
