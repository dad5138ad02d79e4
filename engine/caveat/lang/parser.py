"""From text to syntax: cuts a file into statements, reads each with Lark, and says what is wrong with those that do not read.

Rule 1: no text raises; every text is read or refused in time that grows with its length alone.
Rule 2: a mistake is reported once: a repair lets reading go on, and what fails before the repaired place is not reported.
Rule 3: a statement that reads only after repair is kept, so that the names it defines stay known; its diagnostic stops the policy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import cast

from lark import Lark, Token, Tree, UnexpectedInput
from lark.exceptions import UnexpectedToken

from caveat.domain.diagnostic import Diagnostic
from caveat.lang import slips, syntax
from caveat.lang.scan import BLANK, MAX_PIECES, Piece, pieces_of, statements_of
from caveat.lang.source import Draft, Edit, Source, source_of
from caveat.lang.transform import statement

EDITION = 1
MAX_BYTES = 1 << 20
MAX_RULES = 10_000
MAX_STRING = 4096
MAX_DEPTH = 64
MAX_REPORTED = 100
_MAX_REPAIRS = 20
_REPAIR_BUDGET = 1 << 18  # characters read again for the sake of repairs, in one file


@dataclass(frozen=True, slots=True)
class Parsed:
    """A file as far as it could be read, and everything wrong with it, in the order of the text."""

    file: syntax.File
    diagnostics: tuple[Diagnostic, ...]


def parse(text: str, name: str) -> Parsed:
    """Return the syntax of `text` and what is wrong with it; `name` goes into the spans. No text raises."""
    source = source_of(name, text)
    pieces = pieces_of(text)
    too_large = _too_large(source, pieces)
    if too_large:
        return Parsed(syntax.File(name, None, None, (), (), text), (too_large,))
    reading = _Reading(source)
    reading.read(pieces)
    comments = tuple(_comments(source, pieces))
    file = syntax.File(name, reading.edition, reading.header, tuple(reading.items), comments, text)
    return Parsed(file, tuple(_reported(reading.diagnostics)))


def parse_bytes(data: bytes, name: str) -> Parsed:
    """Return `parse` of strict UTF-8; one byte-order mark at the start is ignored, and columns count from after it."""
    try:
        text = data[: MAX_BYTES + 4].decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if len(data) <= MAX_BYTES:
            return _not_utf8(data, error, name)
        text = " " * (MAX_BYTES + 1)
    return parse(text, name)


def _not_utf8(data: bytes, error: UnicodeDecodeError, name: str) -> Parsed:
    before = data[: error.start].decode("utf-8-sig", "replace")
    source = source_of(name, before + "\ufffd")
    diagnostic = Diagnostic(
        "CV008",
        f"byte {data[error.start]:#04x} at offset {error.start} is not UTF-8",
        source.span(len(before), len(before) + 1),
        notes=("rule files are strict UTF-8, so that everyone reads the same urls and names",),
        help="save the file as UTF-8",
    )
    return Parsed(syntax.File(name, None, None, (), (), source.text), (diagnostic,))


def _too_large(source: Source, pieces: list[Piece]) -> Diagnostic | None:
    if len(source.text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        said = "the file is larger than 1 MiB"
    elif len(pieces) > MAX_PIECES:
        said = f"the file has more than {MAX_PIECES} words and marks"
    else:
        return None
    return Diagnostic("CV009", said, source.span(0, 0), help="split it, and bring the parts together with `import`")


def _comments(source: Source, pieces: list[Piece]) -> Iterator[syntax.Comment]:
    line_of_code = 0
    for piece in pieces:
        span = source.span(piece.start, piece.end)
        if piece.kind == "comment":
            yield syntax.Comment(piece.text.rstrip(), span.line == line_of_code, span)
        else:
            line_of_code = span.end_line


def _reported(diagnostics: list[Diagnostic]) -> list[Diagnostic]:
    ordered = sorted(diagnostics, key=lambda diagnostic: diagnostic.sort_key)
    if len(ordered) <= MAX_REPORTED:
        return ordered
    rest = len(ordered) - MAX_REPORTED
    last = ordered[MAX_REPORTED]
    closing = Diagnostic(last.code, f"{rest} more mistakes follow", last.span, help="repair the first ones and look again")
    return [*ordered[:MAX_REPORTED], closing]


# statements


@dataclass(slots=True)
class _Reading:
    """What has been read of one file so far."""

    source: Source
    edition: int | None = None
    header: syntax.Header | None = None
    items: list[syntax.Item] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    budget: int = _REPAIR_BUDGET

    def read(self, pieces: list[Piece]) -> None:
        """Read every statement."""
        for piece in pieces:
            if slip := slips.in_piece(piece):
                self.report(slip, Draft(self.source, 0, len(self.source.text)))
        for code in statements_of(pieces):
            self.read_statement(code)

    def report(self, slip: slips.Slip, draft: Draft) -> None:
        """Add one diagnostic."""
        self.diagnostics.append(slip.diagnostic(draft.span(slip.start, slip.end)))

    def read_statement(self, code: list[Piece]) -> None:
        """Read one statement."""
        draft = Draft(self.source, code[0].start, code[-1].end)
        outcome = _attempt(draft)
        if isinstance(outcome, _Stop):
            self.report(slips.explain(_situation(draft, code, outcome)), draft)
            return
        node = statement(outcome, draft)
        if isinstance(node, syntax.Number):
            self.edition = int(node.value)
        elif isinstance(node, syntax.Header):
            self.header = node
        else:
            self.items.append(node)


def _situation(draft: Draft, code: Iterable[Piece], stop: _Stop) -> slips.Situation:
    pieces = tuple(piece for piece in pieces_of(draft.text) if piece.kind not in BLANK)
    at = next((at for at, piece in enumerate(pieces) if piece.end > stop.offset), len(pieces))
    words = {word for kind in stop.kinds for word in _words().get(kind, ())}
    return slips.Situation(draft.text, pieces, stop.offset, at, stop.kinds, frozenset(words))


# Lark


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where Lark stopped, and the names of the terminals that could have stood there."""

    offset: int
    kinds: frozenset[str]


def _attempt(draft: Draft) -> Tree[Token] | _Stop:
    text = draft.text
    try:
        return cast("Tree[Token]", _lark().parse(text))
    except UnexpectedInput as error:
        at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        offset = len(text) if at_end else cast("int", error.pos_in_stream)
        return _Stop(offset, frozenset(error.interactive_parser.accepts()))


@cache
def _lark() -> Lark:
    """Build the parser from the grammar: 0.1 s once a process, cheaper than a cache that others could write to."""
    grammar = resources.files("caveat.lang").joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, start="statement", parser="lalr", lexer="contextual", propagate_positions=True, maybe_placeholders=False)


@cache
def _words() -> dict[str, tuple[str, ...]]:
    """Return the words that each terminal of words stands for."""
    bounded = {terminal.name: re.fullmatch(r"(?:\(\?:)?([A-Za-z0-9|-]+)\)?\(\?!.*", terminal.pattern.value) for terminal in _lark().terminals}
    return {name: tuple(match[1].split("|")) for name, match in bounded.items() if match}
