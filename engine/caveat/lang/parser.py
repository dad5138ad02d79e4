"""From text to syntax: cuts a file into statements, reads each with Lark, and says what is wrong with those that do not read.

Rule 1: no text raises; every text is read or refused in time that grows with its length alone.
Rule 2: a mistake is reported once: a repair lets reading go on, and what fails before the repaired place is not reported.
Rule 3: a statement that reads only after repair is kept: the names it defines stay known, and its diagnostic stops the policy.
"""

from __future__ import annotations

import hashlib
import pkgutil
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import dropwhile, islice
from typing import Any, cast

from lark import Lark, Token, Tree, UnexpectedInput
from lark import __version__ as lark_version
from lark.exceptions import UnexpectedToken
from lark.grammar import Rule
from lark.lexer import TerminalDef

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.domain.errors import CaveatError
from caveat.lang import grammar_table, order, slips, syntax
from caveat.lang.enclosed import Cut, cut_out
from caveat.lang.scan import BLANK, MAX_PIECES, Piece, pieces_of, statements_of
from caveat.lang.slip import Situation, Slip
from caveat.lang.slips_in_pieces import slips_in
from caveat.lang.source import Draft, Edit, Source, source_of
from caveat.lang.transform import statement

MAX_BYTES = 1 << 20
MAX_RULES = 10_000
MAX_DEPTH = 64
MAX_REPORTED = 100
_MAX_REPAIRS = 20
_REPAIR_BUDGET = 1 << 17  # characters read again for the sake of repairs, in one file


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
    last = ordered[MAX_REPORTED]
    closing = Diagnostic(
        last.code, "there are more mistakes from here on", last.span, help="repair the first ones and look again"
    )
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
    trials: int = _REPAIR_BUDGET
    rules: int = 0
    inside: set[tuple[str, Span]] = field(default_factory=set)  # what has been said of single pieces

    @property
    def is_over(self) -> bool:
        """Whether enough has been said: what follows is not read."""
        return len(self.diagnostics) > MAX_REPORTED or self.rules > MAX_RULES

    def read(self, pieces: list[Piece]) -> None:
        """Read every statement, in order."""
        whole = Draft(self.source, 0, len(self.source.text))
        inside = list(islice(slips_in(self.source.text, pieces), MAX_REPORTED + 1))
        for slip in inside:
            self.report(slip, whole)
        self.inside = {(said.code, said.span) for said in self.diagnostics if said.code in {"CV003", "CV006"}}
        statements = [code for whole_code in statements_of(pieces) if (code := _without_strange_start(whole_code))]
        cuts, enclosed = cut_out(statements)
        misplaced = order.misplaced([tuple(cut.code[:3]) for cut in cuts])
        for slip in (*enclosed, *misplaced.values()):
            self.report(slip, whole)
        waiting = sorted(inside, key=lambda slip: slip.start)
        for at, cut in enumerate(cuts):
            if self.is_over:
                break
            slips_inside = _taken(waiting, cut)
            if at not in misplaced:
                self.read_statement(cut, slips_inside)
        if any(diagnostic.code == "CV005" for diagnostic in self.diagnostics):  # another edition may mean anything
            self.diagnostics = [diagnostic for diagnostic in self.diagnostics if diagnostic.code == "CV005"]

    def report(self, slip: Slip, draft: Draft) -> None:
        """Add one diagnostic."""
        self.diagnostics.append(slip.diagnostic(draft.span(slip.start, slip.end)))

    def reads(self, text: str) -> bool:
        """Return whether a text is a lawful statement; False too when enough has been tried."""
        self.trials -= len(text)
        return self.trials >= 0 and not isinstance(_attempt(text), _Stop)

    def report_once(self, slip: Slip, draft: Draft) -> None:
        """Add what reading stopped at, unless a slip of one piece there has said it; of two the one that helps more stays."""
        span = draft.span(slip.start, slip.end)
        rivals = {
            at: other.span
            for at, other in enumerate(self.diagnostics)
            if (other.code, other.span) in self.inside and span.start < other.span.end and other.span.start < span.end
        }
        same = any((said.start, said.end) == (span.start, span.end) for said in rivals.values())
        if rivals and (slip.help is None or (same and slip.help == "delete it")):
            return
        self.diagnostics = [other for at, other in enumerate(self.diagnostics) if at not in rivals]
        self.report(slip, draft)

    def read_statement(self, cut: Cut, inside: list[Slip]) -> None:
        """Read one statement, with the slips inside its pieces repaired, and what belongs to others blanked."""
        draft = Draft(self.source, cut.code[0].start, cut.code[-1].end)
        too_deep = _too_deep(cut.code)
        if too_deep is not None:
            self.report(too_deep, Draft(self.source, 0, 0))
            return
        if any(slip.fatal for slip in inside):
            return
        for slip in inside:
            draft = _edited(draft, slip.repair) or draft
        self.settle(_edited(draft, [(start, end, " ") for start, end in cut.holes]) or draft)

    def settle(self, draft: Draft) -> None:
        """Keep the statement, repaired as often as it takes and tells something new."""
        seen = reached = -1
        for _ in range(_MAX_REPAIRS):
            outcome = _attempt(draft.text)
            if not isinstance(outcome, _Stop):
                self.keep(statement(outcome, draft))
                return
            place = draft.origin(outcome.offset)
            if outcome.kinds == {"$END"} and place == draft.end and draft.ends_repaired:  # only a repair stands after it
                draft = draft.without_end
                continue
            if outcome.kinds == {"$END"} and draft.start < place < draft.end:  # another statement, whose beginning nobody knew
                whole, draft = draft.split(place)
                self.settle(whole)
                seen = reached = -1
                continue
            if place < reached or place <= seen or self.is_over:
                return
            slip = slips.explain(_situation(draft, outcome), self.reads)
            self.report_once(slip, draft)
            repaired = None if slip.fatal else _repaired(draft, slip)
            self.budget -= len(draft.text)
            if repaired is None or self.budget < 0:
                return
            seen, reached = place, max(draft.origin(end, of_end=True) for _, end, _ in slip.repair[:1])
            draft = repaired
            if not draft.text.strip():
                return

    def keep(self, node: syntax.Item | syntax.Header | syntax.Number) -> None:
        """Put a statement in its place."""
        if isinstance(node, syntax.Number):
            self.edition = int(node.value) if self.edition is None else self.edition
        elif isinstance(node, syntax.Header):
            self.header = node if self.header is None else self.header
        else:
            self.items.append(node)
            self.count(node)

    def count(self, item: syntax.Item) -> None:
        """Count the rules, and stop at one too many."""
        self.rules += isinstance(item, syntax.Rule)
        if self.rules == MAX_RULES + 1:
            help_ = "split the file, and bring the parts together with `import`"
            self.diagnostics.append(Diagnostic("CV009", f"the file has more than {MAX_RULES} rules", item.span, help=help_))


def _without_strange_start(code: list[Piece]) -> list[Piece]:
    """Leave out characters before a statement that have been reported already, so that its first word is its first."""
    return list(dropwhile(lambda piece: piece.kind == "strange", code))


def _taken(waiting: list[Slip], cut: Cut) -> list[Slip]:
    """Take the slips that stand before the end of a statement, and not in a part of it that belongs to another."""
    before = [slip for slip in waiting if slip.start < cut.code[-1].end]
    taken = [slip for slip in before if not any(start <= slip.start < end for start, end in cut.holes)]
    waiting[:] = [slip for slip in waiting if slip not in taken]
    return taken


def _repaired(draft: Draft, slip: Slip) -> Draft | None:
    """Return the draft with the slip's repair, or None where there is none or it would undo an earlier one."""
    edits = [(draft.origin(start), draft.origin(end, of_end=end > start), text) for start, end, text in slip.repair]
    return _edited(draft, edits) if edits else None


def _edited(draft: Draft, edits: Iterable[tuple[int, int, str]]) -> Draft | None:
    repaired: Draft | None = draft
    for start, end, text in edits:
        inside = draft.start <= start <= end <= draft.end
        repaired = repaired.edited(Edit(start, end, text)) if repaired is not None and inside else None
    return repaired


def _too_deep(code: list[Piece]) -> Slip | None:
    """Return the place where parentheses and `not` nest deeper than a recursive reader can follow."""
    levels: list[int] = [0]
    for piece in code:
        if piece.text == "(":
            levels.append(levels[-1] + 1)
        elif piece.text == "not":
            levels[-1] += 1
        elif piece.text == ")" and len(levels) > 1:
            levels.pop()
        elif piece.text in {"and", "or", ";"}:
            levels[-1] = levels[-2] + 1 if len(levels) > 1 else 0
        if levels[-1] > MAX_DEPTH:
            help_ = "give the parts rules of their own, or write a list: `value in [A#x, A#y]`"
            return Slip("CV007", f"the condition is nested deeper than {MAX_DEPTH}", piece.start, piece.end, help_)
    return None


def _situation(draft: Draft, stop: _Stop) -> Situation:
    text = draft.text
    pieces = tuple(piece for piece in pieces_of(text) if piece.kind not in BLANK)
    at = next((at for at, piece in enumerate(pieces) if piece.end > stop.offset), len(pieces))
    words = {word for kind in stop.kinds for word in _words().get(kind, ())}
    return Situation(text, pieces, stop.offset, at, stop.kinds, frozenset(words))


# Lark


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where Lark stopped, and the names of the terminals that could have stood there."""

    offset: int
    kinds: frozenset[str]


def _attempt(text: str) -> Tree[Token] | _Stop:
    try:
        return _lark().parse(text)
    except UnexpectedInput as error:
        at_end = isinstance(error, UnexpectedToken) and error.token.type == "$END"
        offset = len(text) if at_end else cast("int", error.pos_in_stream)
        kinds: set[str] = error.interactive_parser.accepts()  # type: ignore[no-untyped-call]
        return _Stop(offset, frozenset(kinds))


@dataclass(frozen=True, slots=True)
class CompiledGrammar:
    """The grammar as one version of Lark has compiled it; `digest` is the SHA-256 of its text."""

    lark: str
    digest: str
    data: dict[str, Any]
    memo: dict[int, Any]


def compiled_grammar() -> CompiledGrammar:
    """Compile the grammar, for `build_table` to keep."""
    text = _grammar()
    data, memo = _built(text).memo_serialize([TerminalDef, Rule])
    return CompiledGrammar(lark_version, hashlib.sha256(text).hexdigest(), data, memo)


@cache
def _lark() -> Lark:
    """Return the parser: from the table that comes with the package when it is of this Lark and this grammar, else built."""
    text = _grammar()
    if lark_version == grammar_table.LARK and hashlib.sha256(text).hexdigest() == grammar_table.GRAMMAR:
        loaded: Lark = Lark._load_from_dict(grammar_table.DATA, grammar_table.MEMO)  # type: ignore[no-untyped-call]  # noqa: SLF001  as Lark's own standalone parsers do
        return loaded
    return _built(text)


def _grammar() -> bytes:
    text = pkgutil.get_data(__name__, "grammar.lark")
    if text is None:
        raise CaveatError("the package was installed in a way that its grammar cannot be read from")
    return text


def _built(text: bytes) -> Lark:
    options: dict[str, Any] = {"parser": "lalr", "lexer": "contextual", "propagate_positions": True, "maybe_placeholders": False}
    return Lark(text.decode(), start="statement", **options)


@cache
def _words() -> dict[str, tuple[str, ...]]:
    """Return the words that each terminal of words stands for."""
    bounded = {
        terminal.name: re.fullmatch(r"(?:\(\?:)?([A-Za-z0-9|-]+)\)?\(\?!.*", terminal.pattern.value)
        for terminal in _lark().terminals
    }
    return {name: tuple(match[1].split("|")) for name, match in bounded.items() if match}
