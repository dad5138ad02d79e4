"""One mistake in a rule file: what to say about it, and how the text would read without it."""

from __future__ import annotations

from dataclasses import dataclass

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang.scan import Piece
from caveat.lang.spelling import FORBIDDEN

_LONGEST = 300

Repair = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Slip:
    """What to say about one mistake, at offsets in the text at hand.

    `repair` holds (start, end, replacement) with which reading can go on; `fatal` says that it cannot, and the statement is lost.
    """

    code: str
    message: str
    start: int
    end: int
    help: str | None = None
    notes: tuple[str, ...] = ()
    repair: Repair = ()
    fatal: bool = False

    def diagnostic(self, span: Span) -> Diagnostic:
        """Return the slip as a diagnostic at `span`, each part of it one line that is safe to show."""
        help_ = None if self.help is None else _one_line(self.help)
        return Diagnostic(self.code, _one_line(self.message), span, notes=tuple(map(_one_line, self.notes)), help=help_)


def _one_line(text: str) -> str:
    plain = FORBIDDEN.sub(lambda match: f"\\u{ord(match[0]):04X}", " ".join(text.split("\n")))
    return plain if len(plain) <= _LONGEST else f"{plain[: _LONGEST - 3]}..."


@dataclass(frozen=True, slots=True)
class Situation:
    """Where reading stopped: a statement's text and pieces, the offset, and what could have stood there.

    `at` is the index of the piece that the offset is in, `len(pieces)` at the end; `kinds` are the grammar's names of what could
    stand there, `words` the keywords among them.
    """

    text: str
    pieces: tuple[Piece, ...]
    offset: int
    at: int
    kinds: frozenset[str]
    words: frozenset[str]

    def piece(self, ahead: int = 0) -> Piece:
        """Return the piece where reading stopped, or so many after it; past the edges an empty one of kind `end`."""
        at = self.at + ahead
        return self.pieces[at] if 0 <= at < len(self.pieces) else Piece("end", "", len(self.text))

    @property
    def verb(self) -> str:
        """The first word of the statement."""
        return self.pieces[0].text if self.pieces else ""

    @property
    def after_previous(self) -> int:
        """The end of the piece before: where something missing should have stood."""
        return self.pieces[self.at - 1].end if self.at else 0

    @property
    def on_new_line(self) -> bool:
        """Whether a line ends between the piece before and this one."""
        return "\n" in self.text[self.after_previous : self.piece().start]


CLOSING = {"{": "}", "[": "]", "(": ")"}
"""What closes each kind of bracket."""


def closing_of(pieces: tuple[Piece, ...], at: int) -> int:
    """Return the index of the piece that closes the bracket at `at`, `len(pieces)` when none does."""
    depth = 0
    for index in range(at, len(pieces)):
        depth += (pieces[index].text in CLOSING) - (pieces[index].text in CLOSING.values())
        if depth == 0:
            return index
    return len(pieces)


def slip_at(piece: Piece, message: str, help_: str | None, repair: Repair, *notes: str) -> Slip:
    """Return a CV003 at `piece`, fatal without a repair."""
    return Slip("CV003", message, piece.start, piece.end, help_, notes, repair, fatal=not repair)


def put_for(piece: Piece, text: str) -> Repair:
    """Return the repair that writes `text` in place of `piece`."""
    return ((piece.start, piece.end, text),)


def put_before(s: Situation, text: str) -> Repair:
    """Return the repair that writes `text` just after the piece before."""
    return ((s.after_previous, s.after_previous, text),)
