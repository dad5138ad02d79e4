"""From the names on the command line to documents: files, folders, and standard input.

Rule 1: every input named gives a document, a document that is not read, or the reason why there is none; never silence.
Rule 2: what a file holds follows from its name, as `caveat.documents` says. Standard input (`-`) is one document, unless lines
are asked for.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from caveat.documents import READ, Absent, Document, Item, Kind, NotRead, ending_of, items_of, kind_of
from caveat.intake.limits import Limits

__all__ = ["Absent", "Document", "Item", "LinesFile", "NotRead", "items", "items_in_blocks"]


@dataclass(frozen=True, slots=True)
class LinesFile:
    """A file of one document a line that is to be read in blocks; `size` is None where nobody can tell."""

    name: str
    file: IO[bytes]
    size: int | None


def items(names: Iterable[str], *, lines: bool, limits: Limits = Limits()) -> Iterator[Item]:
    """Give what the inputs `names` hold, in order; `lines` reads every input but folders and archives as one document a line."""
    yield from (item for item in _items(names, limits, lines=lines, in_blocks=False) if not isinstance(item, LinesFile))


def items_in_blocks(names: Iterable[str], *, lines: bool, limits: Limits = Limits()) -> Iterator[Item | LinesFile]:
    """Give the same, but each file of lines whole, to be read before the next item is asked for."""
    yield from _items(names, limits, lines=lines, in_blocks=True)


def _items(names: Iterable[str], limits: Limits, *, lines: bool, in_blocks: bool) -> Iterator[Item | LinesFile]:
    for name in names:
        if name == "-":
            yield from _stream("-", sys.stdin.buffer, limits, Kind.LINES if lines else Kind.ONE, in_blocks=in_blocks)
        elif Path(name).is_dir():
            yield from _folder(name, limits, in_blocks=in_blocks)
        else:
            yield from _file(name, limits, lines=lines, named=True, in_blocks=in_blocks)


def _stream(name: str, file: IO[bytes], limits: Limits, kind: Kind, *, in_blocks: bool) -> Iterator[Item | LinesFile]:
    """Give what an open file holds, or the file itself."""
    if not (in_blocks and kind is Kind.LINES):
        yield from items_of(name, file, limits, kind)
        return
    yield LinesFile(name, file, _size_of(file))


def _size_of(file: IO[bytes]) -> int | None:
    """Return how many bytes an open file has, None where it is a pipe or the like."""
    try:
        told = os.fstat(file.fileno())
    except OSError:
        return None
    return told.st_size if stat.S_ISREG(told.st_mode) else None


def _folder(name: str, limits: Limits, *, in_blocks: bool) -> Iterator[Item | LinesFile]:
    """Give what the files of a folder hold, those below it too, sorted by path; files with other endings are passed over."""
    unseen: list[OSError] = []
    found: list[str] = []
    for folder, below, files in os.walk(name, onerror=unseen.append):
        found += [os.path.join(folder, file) for file in files if file.lower().endswith(READ)]  # noqa: PTH118  a path keeps the spelling of the command line
        for path in (os.path.join(folder, each) for each in below):  # noqa: PTH118  as above
            if os.path.islink(path):  # noqa: PTH114  as above
                yield Absent(path, "is a link to a folder, which is not followed; name it to have it checked")
    yield from (Absent(str(error.filename), f"cannot be read: {error.strerror}") for error in unseen)
    if not found and not unseen:
        yield Absent(name, f"holds no file that ends in {', '.join(READ)}")
    for path in sorted(found):
        yield from _file(path, limits, lines=False, named=False, in_blocks=in_blocks)


def _file(name: str, limits: Limits, *, lines: bool, named: bool, in_blocks: bool) -> Iterator[Item | LinesFile]:
    """Give what one file holds, or why it gives nothing."""
    kind = kind_of(name)
    try:
        is_regular = stat.S_ISREG(Path(name).stat().st_mode)
        if named and is_regular and not lines and ending_of(name) not in READ:
            yield Absent(name, f"is not checked: its name ends in none of {', '.join(READ)}; `--ndjson` reads any file as lines")
        elif not named and not is_regular:
            yield Absent(name, "is not checked: it is no file but a pipe or a device")
        elif kind is Kind.ARCHIVE and not is_regular:
            yield Absent(name, "is not checked: an archive must be a file")
        else:
            with Path(name).open("rb") as file:
                kind = Kind.LINES if lines and kind is not Kind.ARCHIVE else kind
                yield from _stream(name, file, limits, kind, in_blocks=in_blocks)
    except (OSError, ValueError) as error:
        yield Absent(name, f"cannot be read: {getattr(error, 'strerror', None) or 'no file can have this name'}")
