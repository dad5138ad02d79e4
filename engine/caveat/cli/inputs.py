"""From the names on the command line to documents: files, folders, lines, and standard input.

Rule 1: every input named gives a document, a document that is not read, or the reason why there is none; never silence.
Rule 2: what a file is follows from its name alone: `.ndjson` and `.jsonl` are one document a line, all else is one document.
Standard input (`-`) is one document, unless lines are asked for.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from caveat.intake.limits import Limits
from caveat.intake.ndjson import bounded_lines, documents
from caveat.intake.reading import Form, form_named

_LINES = (".ndjson", ".jsonl")
_READ = (".json", ".xml", *_LINES)
_LATER = (".gz",)
_LISTED = (*_READ, *(f"{ending}.gz" for ending in _READ))
_LATER_WORDS = {".gz": "gzip is not read by this version of Caveat; decompress it first"}


@dataclass(frozen=True, slots=True)
class Document:
    """One document as received; `line` counts from 1 where the file has one a line.

    `form` is how it is written, as far as its file's name says: None for standard input, which is what it begins as.
    """

    name: str
    raw: bytes
    line: int | None = None
    form: Form | None = None


@dataclass(frozen=True, slots=True)
class NotRead:
    """A document that this version does not read: it is reported as unreadable."""

    name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Absent:
    """An input that gives no document, and why. `fails` is False where that is lawful, as for a file without a line."""

    name: str
    message: str
    fails: bool = True


Item = Document | NotRead | Absent


def items(names: Iterable[str], *, lines: bool, limits: Limits = Limits()) -> Iterator[Item]:
    """Give what the inputs `names` hold, in order; `lines` reads every input but folders as one document a line."""
    for name in names:
        if name == "-":
            yield from _stream("-", sys.stdin.buffer, limits, lines=lines)
        elif Path(name).is_dir():
            yield from _folder(name, limits)
        else:
            yield from _file(name, limits, lines=lines, named=True)


def _folder(name: str, limits: Limits) -> Iterator[Item]:
    """Give what the files of a folder hold, those below it too, sorted by path; files with other endings are passed over."""
    unseen: list[OSError] = []
    found = [
        os.path.join(folder, file)  # noqa: PTH118  a path keeps the spelling of the command line
        for folder, _, files in os.walk(name, onerror=unseen.append)
        for file in files
        if file.lower().endswith(_LISTED)
    ]
    yield from (Absent(str(error.filename), f"cannot be read: {error.strerror}") for error in unseen)
    if not found and not unseen:
        yield Absent(name, f"holds no file that ends in {', '.join(_READ)}")
    for path in sorted(found):
        yield from _file(path, limits, lines=False, named=False)


def _file(name: str, limits: Limits, *, lines: bool, named: bool) -> Iterator[Item]:
    """Give what one file holds, or why it gives nothing."""
    ending = Path(name).suffix.lower()
    try:
        is_regular = stat.S_ISREG(Path(name).stat().st_mode)
        if named and is_regular and not lines and ending not in (*_READ, *_LATER):
            yield Absent(name, f"is not checked: its name ends in none of {', '.join(_READ)}; `--ndjson` reads any file as lines")
            return
        with Path(name).open("rb") as file:
            if ending in _LATER:
                yield NotRead(name, "not-read-yet", _LATER_WORDS[ending])
            else:
                yield from _stream(name, file, limits, lines=lines or ending in _LINES)
    except (OSError, ValueError) as error:
        yield Absent(name, f"cannot be read: {getattr(error, 'strerror', None) or 'no file can have this name'}")


def _stream(name: str, file: IO[bytes], limits: Limits, *, lines: bool) -> Iterator[Item]:
    """Give the one document of a stream, or one for each line that has anything on it."""
    if not lines:
        yield Document(name, file.read(limits.bytes + 1), form=form_named(name))
        return
    number = 0
    for number, raw in documents(bounded_lines(file, limits.bytes)):
        yield Document(name, raw, number, Form.JSON)
    if not number:
        yield Absent(name, "holds no line with anything on it", fails=False)
