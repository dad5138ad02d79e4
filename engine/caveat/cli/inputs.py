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
from pathlib import Path

from caveat.documents import READ, Absent, Document, Item, Kind, NotRead, ending_of, items_of, kind_of
from caveat.intake.limits import Limits

__all__ = ["Absent", "Document", "Item", "NotRead", "items"]


def items(names: Iterable[str], *, lines: bool, limits: Limits = Limits()) -> Iterator[Item]:
    """Give what the inputs `names` hold, in order; `lines` reads every input but folders and archives as one document a line."""
    for name in names:
        if name == "-":
            yield from items_of("-", sys.stdin.buffer, limits, Kind.LINES if lines else Kind.ONE)
        elif Path(name).is_dir():
            yield from _folder(name, limits)
        else:
            yield from _file(name, limits, lines=lines, named=True)


def _folder(name: str, limits: Limits) -> Iterator[Item]:
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
        yield from _file(path, limits, lines=False, named=False)


def _file(name: str, limits: Limits, *, lines: bool, named: bool) -> Iterator[Item]:
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
                yield from items_of(name, file, limits, Kind.LINES if lines and kind is not Kind.ARCHIVE else kind)
    except (OSError, ValueError) as error:
        yield Absent(name, f"cannot be read: {getattr(error, 'strerror', None) or 'no file can have this name'}")
