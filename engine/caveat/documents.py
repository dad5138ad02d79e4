"""From a file to the documents in it, by its name: JSON, XML, NDJSON, each also as gzip, and zip archives of them.

Rule 1: what a file is follows from its name alone; only a bare `.gz` is looked into, whether its first line is a whole document.
Rule 2: every file gives documents, what could not be read, or the reason why it gives neither; never silence.
Rule 3: a file that turns out damaged is refused: its last item is what could not be read, whatever was read before it.
Rule 4: one level only: what is compressed in a compressed file is not read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import chain
from pathlib import PurePath
from typing import IO, Final

from caveat.formats.printable import printable
from caveat.intake.gzip_reader import inflate
from caveat.intake.json_reader import SPACE, Unreadable, read_json
from caveat.intake.limits import Limits
from caveat.intake.ndjson import bounded_lines, documents
from caveat.intake.pieces import Pieces, opened
from caveat.intake.reading import Form
from caveat.intake.zip_reader import Member, content_of, members_of

PLAIN: Final = (".json", ".xml", ".ndjson", ".jsonl")
READ: Final = (*PLAIN, ".gz", ".zip")
"""The endings of the files that are read, in any case; `.gz` after any other, or alone."""
_FORMS: Final = {".json": Form.JSON, ".xml": Form.XML}
_LINES: Final = (".ndjson", ".jsonl")
_PACKED: Final = (".gz", ".tgz", ".zip", ".tar", ".bz2", ".xz", ".7z", ".zst", ".rar")
_UNFINISHED: Final = frozenset({"truncated", "syntax", "empty", "encoding"})
_NOT_INSPECTED: Final = Unreadable("not-inspected", "a compressed file within the archive is not looked into; unpack it first")


@dataclass(frozen=True, slots=True)
class Document:
    """One document as received and decompressed: `form` where its name says it, `line` from 1 where the file has one a line."""

    name: str
    raw: bytes
    form: Form | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class NotRead:
    """A file, or a member of one, that could not be read, or not to its end: it is reported as unreadable."""

    name: str
    fault: Unreadable


@dataclass(frozen=True, slots=True)
class Absent:
    """A file that gives no document, and why. `fails` is False where that is lawful, as for a file without a line."""

    name: str
    message: str
    fails: bool = True


Item = Document | NotRead | Absent


class Kind(Enum):
    """What a file holds."""

    ONE = "one document"
    LINES = "one document a line"
    EITHER = "one document, or one a line"
    ARCHIVE = "files"


def ending_of(name: str) -> str:
    """Return the last ending of a file's name, in lower case."""
    return PurePath(name).suffix.lower()


def kind_of(name: str) -> Kind:
    """Return what the file `name` holds, by its name; one document where that says nothing."""
    ending = ending_of(name)
    if ending == ".zip":
        return Kind.ARCHIVE
    inner = ending_of(name[: -len(ending)]) if ending == ".gz" else ending
    if inner in _LINES:
        return Kind.LINES
    return Kind.EITHER if ending == ".gz" and inner not in _FORMS else Kind.ONE


def items_of(name: str, file: IO[bytes], limits: Limits, kind: Kind | None = None) -> Iterator[Item]:
    """Give what the file `name` holds, which `file` reads; `kind` is said where it does not follow from the name.

    An archive must be able to seek. Reading may raise OSError.
    """
    kind = kind or kind_of(name)
    if kind is Kind.ARCHIVE:
        yield from _archive(name, file, limits)
    elif ending_of(name) == ".gz":
        yield from _inflated(name, inflate(file, limits), limits, kind)
    else:
        yield from _plain(name, file, limits, kind)


def document_of(name: str, file: IO[bytes], limits: Limits) -> Document | NotRead:
    """Return the one document that the file `name` holds, or why it could not be read."""
    if ending_of(name) != ".gz":
        return Document(name, file.read(limits.bytes + 1), _form_of(name))
    return _whole(name, Pieces(inflate(file, limits)), limits)


# what a stream holds


def _plain(name: str, file: IO[bytes], limits: Limits, kind: Kind) -> Iterator[Item]:
    """Give the documents of a file that is not compressed."""
    if kind is Kind.LINES:
        yield from _lines(name, file, limits, None)
    else:
        yield Document(name, file.read(limits.bytes + 1), _form_of(name))


def _inflated(name: str, pieces: Iterator[bytes | Unreadable], limits: Limits, kind: Kind) -> Iterator[Item]:
    """Give the documents of a stream in pieces, then the fault that it ended with."""
    if kind is Kind.EITHER:
        kind, taken = _looked_into(pieces, limits)
        pieces = chain(taken, pieces)
    source = Pieces(pieces)
    if kind is Kind.LINES:
        yield from _lines(name, opened(source), limits, source)
    else:
        yield _whole(name, source, limits)


def _whole(name: str, source: Pieces, limits: Limits) -> Document | NotRead:
    """Return the one document of a stream in pieces; one that is too large is cut, and refused for its size."""
    raw = opened(source).read(limits.bytes + 1)
    return Document(name, raw, _form_of(name)) if source.fault is None else NotRead(name, source.fault)


def _lines(name: str, file: IO[bytes], limits: Limits, source: Pieces | None) -> Iterator[Item]:
    """Give a document for each line that has anything on it; `source` is what is inflated, where `file` reads that."""
    number = 0
    lines = bounded_lines(file, limits.bytes, lambda: source is None or source.fault is None)
    for number, raw in documents(lines, limits.bytes):
        yield Document(name, raw, Form.JSON, number)
    if source is not None and source.fault is not None:
        yield NotRead(name, source.fault)
    elif not number:
        yield Absent(name, "holds no line with anything on it", fails=False)


def _form_of(name: str) -> Form | None:
    """Return the form that a name says a document has; within `.gz` it is the ending before that."""
    ending = ending_of(name)
    return _FORMS.get(ending_of(name[: -len(ending)]) if ending == ".gz" else ending)


def _looked_into(pieces: Iterator[bytes | Unreadable], limits: Limits) -> tuple[Kind, list[bytes | Unreadable]]:
    """Return whether a stream holds lines, and what was taken of it to see that: its first line is whole, and more follows."""
    taken: list[bytes | Unreadable] = []
    first: list[bytes] = []
    for piece in pieces:
        taken.append(piece)
        if isinstance(piece, Unreadable) or sum(map(len, first)) > limits.bytes:
            break
        start = piece if first else piece.lstrip(SPACE)
        first += [start] if start else []
        if not any(b"\n" in part for part in (start, *first[:1])):
            continue
        line, _, more = b"".join(first).partition(b"\n")
        if not more.strip(SPACE):
            first = [line + b"\n"]
            continue
        read = read_json(line, limits)
        is_whole = not (isinstance(read, Unreadable) and read.code in _UNFINISHED)
        return Kind.LINES if is_whole else Kind.ONE, taken
    return Kind.ONE, taken


# archives


def _archive(name: str, file: IO[bytes], limits: Limits) -> Iterator[Item]:
    """Give what the members of an archive hold that are named like files that are read; others are passed over as in a folder."""
    members = members_of(file, limits)
    if isinstance(members, Unreadable):
        yield NotRead(name, members)
        return
    passed = 0
    for member in members:
        given = 0
        for given, item in enumerate(_member(f"{name}/{printable(member.name)}", file, member, limits), 1):  # noqa: B007  counted
            yield item
        passed += not (given or member.is_folder)
    if passed == sum(not member.is_folder for member in members):
        yield Absent(name, f"holds no member that ends in {', '.join(PLAIN)}")
    elif passed:
        yield Absent(name, f"has members of other names, which are not checked: {passed}", fails=False)


def _member(name: str, file: IO[bytes], member: Member, limits: Limits) -> Iterator[Item]:
    """Give what one member holds."""
    ending = ending_of("x" + PurePath(member.name).name)  # a member called `.json` is read, as in a folder
    if member.is_folder:
        return
    if ending in _PACKED:
        yield NotRead(name, _NOT_INSPECTED)
    elif ending in PLAIN:
        yield from _inflated(name, content_of(file, member), limits, kind_of(member.name))
