"""Statements that stand within the braces of another: found, so that both are read, and one message says what happened.

Rule 1: only a block that is closed again after them encloses statements; one that is never closed has lost its `}`.
"""

from __future__ import annotations

from dataclasses import dataclass

from caveat.lang.scan import INNER, Piece, begins_statement
from caveat.lang.slip import Slip

Code = list[Piece]


@dataclass(frozen=True, slots=True)
class Cut:
    """A statement to read: its pieces, and the stretches within it that belong to others."""

    code: Code
    holes: tuple[tuple[int, int], ...] = ()


def cut_out(statements: list[Code]) -> tuple[list[Cut], list[Slip]]:
    """Return the statements, those within another after it, and what is to be said of them."""
    cuts, slips, at = [], [], 0
    while at < len(statements):
        end = _closed_at(statements, at)
        if end is None:
            cuts.append(Cut(statements[at]))
            at += 1
            continue
        inner = [each for each in statements[at + 1 : end + 1] if _is_statement(each)]
        rest = [each for each in statements[at + 1 : end + 1] if not _is_statement(each)]
        holes = tuple((each[0].start, each[-1].end) for each in inner)
        cuts.append(Cut([*statements[at], *(piece for each in rest for piece in each)], holes))
        cuts += map(Cut, inner)
        slips.append(_slip(statements[at], inner))
        at = end + 1
    return cuts, slips


def _closed_at(statements: list[Code], at: int) -> int | None:
    """Return where the block that statement `at` opens is closed, when statements of their own stand before that."""
    block = statements[at][0].text
    if block not in INNER or _depth(statements[at]) != 1:
        return None
    for number, code in enumerate(statements[at + 1 :], at + 1):
        if _is_statement(code):
            if code[0].text in {"caveat", "policy", block} or _depth(code) != 0:
                return None
        elif code[0].text not in INNER[block] | {"}"}:
            return None
        elif _depth(code) < 0:
            return number if any(map(_is_statement, statements[at + 1 : number])) else None
    return None


def _is_statement(code: Code) -> bool:
    return begins_statement(code, 0)


def _depth(code: Code) -> int:
    """Return how many braces a statement leaves open."""
    return sum(_STEPS.get(piece.text, 0) for piece in code if piece.kind == "mark")


_STEPS = {"{": 1, "}": -1}


def _slip(block: Code, inner: list[Code]) -> Slip:
    """Say that statements stand within a block; of several the first is named, and how many there are."""
    first, what, others = inner[0][0], block[0].text, len(inner) - 1
    notes = (f"so do {others} more statements" if others > 1 else "so does one more statement",) if others else ()
    said = f"`{first.text}` stands within the braces of a `{what}`, and is a statement of its own"
    help_ = f"move {'them' if others else 'it'} behind the `}}` of the `{what}`"
    return Slip("CV003", said, first.start, first.end, help_, notes)
