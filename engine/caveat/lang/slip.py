"""One mistake in a rule file: what to say about it, and how the text would read without it."""

from __future__ import annotations

from dataclasses import dataclass

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang.scan import Piece

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
        """Return the slip as a diagnostic at `span`."""
        return Diagnostic(self.code, self.message, span, notes=self.notes, help=self.help)


@dataclass(frozen=True, slots=True)
class Situation:
    """Where reading stopped: a statement's text and pieces, the offset, and what could have stood there.

    `at` is the index of the piece that the offset is in, `len(pieces)` at the end; `kinds` are the grammar's names of what could
    stand there, `words` the keywords among them. `lines` holds the line of each piece, counted from the statement's first.
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
