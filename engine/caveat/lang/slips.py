"""The mistakes people really make in rule files, and what to tell them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang.scan import Piece


@dataclass(frozen=True, slots=True)
class Slip:
    """What to say about one mistake, and how to write the text so that reading can go on.

    Places are offsets in the text at hand; `repair` holds (start, end, replacement), empty when nothing sensible can be read on.
    """

    code: str
    message: str
    start: int
    end: int
    label: str = ""
    notes: tuple[str, ...] = ()
    help: str | None = None
    repair: tuple[tuple[int, int, str], ...] = ()

    def diagnostic(self, span: Span) -> Diagnostic:
        """Return the slip as a diagnostic at `span`."""
        return Diagnostic(self.code, self.message, span, label=self.label, notes=self.notes, help=self.help)


@dataclass(frozen=True, slots=True)
class Situation:
    """Where reading stopped: the statement's text and pieces, the offset, and what could have stood there.

    `at` is the index of the piece that the offset is in, `len(pieces)` at the end; `words` are the keywords that could stand there,
    `kinds` the grammar's names of everything that could.
    """

    text: str
    pieces: tuple[Piece, ...]
    offset: int
    at: int
    kinds: frozenset[str]
    words: frozenset[str]


def in_piece(piece: Piece) -> Slip | None:
    """Return the slip that a piece is by itself, wherever it stands."""
    if piece.kind in LAWFUL:
        return None
    return Slip("CV006", f"no such character `{piece.text}`", piece.start, piece.end)


LAWFUL = frozenset({"comment", "string", "path", "code", "number", "word", "mark"})


def explain(situation: Situation) -> Slip:
    """Return what to say where reading stopped."""
    end = situation.pieces[situation.at].end if situation.at < len(situation.pieces) else len(situation.text)
    return Slip("CV003", "unexpected", situation.offset, end)
