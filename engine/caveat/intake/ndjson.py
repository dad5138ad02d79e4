"""NDJSON: one document a line, cut at line feeds and nowhere else.

Rule 1: no line is held in memory beyond what a document may have; a longer one comes cut, and is refused for its size.
Rule 2: a line that is too long is a document, whatever its first bytes are: blanks may have anything behind them.
Rule 3: what stands after the last line feed is a line, unless a fault of the file has cut it off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import IO


def bounded_lines(file: IO[bytes], limit: int, is_whole: Callable[[], bool] = lambda: True) -> Iterator[bytes]:
    """Give the lines of `file` without their line feeds, of one of more than `limit` bytes the first `limit` + 1.

    `is_whole` is asked at the end of the file whether that is its end.
    """
    while line := file.readline(limit + 2):
        kept = line.removesuffix(b"\n")
        while line and not line.endswith(b"\n"):
            line = file.readline(limit + 2)
        if not line and not is_whole():
            return
        yield kept[: limit + 1]


def documents(lines: Iterable[bytes], limit: int) -> Iterator[tuple[int, bytes]]:
    """Give each line that has anything on it, or has more than `limit` bytes and may be cut, with its number from 1.

    The number counts the empty ones too.
    """
    for number, line in enumerate(lines, 1):
        raw = line.removesuffix(b"\n")
        if not is_blank(raw, limit):
            yield number, raw


def is_blank(line: bytes, limit: int) -> bool:
    """Return whether nothing is on a line, of which more than `limit` bytes may be the beginning of one that is cut."""
    return len(line) <= limit and not line.strip(b" \t\r")
