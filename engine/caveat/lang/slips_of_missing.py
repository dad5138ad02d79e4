"""The slips of one word left out: what stands there shows which word it was.

Rule 1: the missing word is put in by the repair, so that what it belongs to is read and not complained of.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from caveat.lang.scan import VERBS, Piece
from caveat.lang.slip import Situation, Slip, put_before, slip_at
from caveat.lang.slips_of_blocks import BLOCKS
from caveat.lang.slips_of_order import ALL_CLAUSES

_LITERALS = frozenset({"string", "code", "number"})
_CONDITIONS = frozenset({"value", "part", "not", "("})


def _missing(s: Situation, word: str, *, help_: str | None = None) -> Slip:
    piece = s.piece()
    shown = piece.text if len(piece.text) <= 40 else "..."  # noqa: PLR2004 - what fits a line of help
    repair = ((s.after_previous, s.after_previous, f" {word} "),)
    return slip_at(piece, f"missing `{word}` before `{shown}`", help_ or f"write `{word} {shown}`", repair)


def first_word(s: Situation) -> Slip | None:
    """Catch a statement without its first word."""
    piece, following = s.piece(), s.piece(1).text
    if s.at != 0 or piece.text in VERBS | BLOCKS:
        return None
    if piece.kind == "string":
        word = {"version": "policy", "{": "test", "as": "import", ";": "use"}.get(following)
    elif piece.kind == "word" and following == "=":
        word = "codesystem" if piece.text[0].isupper() else "extension"
    elif piece.kind in {"word", "path"} and piece.text[0].isupper() and following == "{":
        word = "reads"
    else:
        word = "reads" if piece.text == "all" and following == "of" else None
    if word is not None:
        return _missing(s, word)
    if piece.kind == "word" and following == ":" and piece.text not in _STARTS:
        return slip_at(piece, f"no verb stands before `{piece.text}`", f"write `reject {piece.text}: ...`, or another verb", ())
    return None


_STARTS = frozenset({"extension", "codesystem", "deprecate", "import", "use", "caveat", "waive", "invariant"})


def clause_word(s: Situation) -> Slip | None:
    """Catch the text, the date, the condition of a clause without the word of the clause."""
    piece, following = s.piece(), s.piece(1)
    if "SEMICOLON" not in s.kinds or s.verb not in VERBS | {"waive"} or (s.piece(-2).text == "as" and s.verb in VERBS):
        return None
    given = {earlier.text for earlier in s.pieces}
    if "and" in s.words and piece.text in _CONDITIONS and not (piece.text == "(" and s.piece(-1).text == "value"):
        help_ = "write `and` or `or` between the two conditions"
        return slip_at(piece, f"missing `and` or `or` before `{piece.text}`", help_, put_before(s, " and"))
    if piece.text == "value" and "record" in s.words and (following.text in ALL_CLAUSES or following.text == ";"):
        return _missing(s, "record")
    if piece.text in _CONDITIONS and "when" in s.words:
        return _missing(s, "when")
    if piece.text == "by" and following.kind == "string":
        return _missing(s, "approved" if s.verb == "waive" else "implemented")
    words: tuple[str, ...] = ()
    if piece.kind == "string" and (s.piece(-1).kind != "string" or s.on_new_line):
        words = ("because", "owner", "ticket" if s.verb == "waive" else "see")
    elif piece.kind == "number" and re.match(r"\d{4}-\d\d-\d\d$", piece.text):
        words = ("from", "until") if s.verb == "waive" or "assessed" in given else ("assessed", "from", "until")
    word = next((word for word in words if word in s.words and word not in given), None)
    return None if word is None else _missing(s, word)


def word_of_test(s: Situation) -> Slip | None:
    """Catch a test's modifier without `modifier`, `=` or `as`, and an expectation without its rule or `at`."""
    piece, before = s.piece(), s.piece(-1)
    if s.verb != "test":
        return None
    if "modifier" in s.words and piece.kind in {"word", "string"} and s.piece(1).text == "on":
        return _missing(s, "modifier")
    if "EQUAL" in s.kinds and _is_literal(piece):
        return _missing(s, "=")
    if piece.kind == "string" and before.text == "at" and s.piece(-2).text == "by":
        return slip_at(before, "nothing stands between `by` and `at`", "write the name of the rule that decides", ())
    if piece.kind == "string" and "at" in s.words:
        return _missing(s, "at")
    if (
        "as" in s.words
        and piece.kind == "word"
        and "SEMICOLON" in s.kinds
        and re.fullmatch(r"[A-Z]\w*|boolean|string|code|complex|integer|uri|date|decimal", piece.text)
    ):
        return _missing(s, "as")
    return None


def _is_literal(piece: Piece) -> bool:
    return piece.kind in _LITERALS or piece.text in {"true", "false"}


def comparison(s: Situation) -> Slip | None:
    """Catch a value without the sign that compares it."""
    piece = s.piece()
    if "CMP" in s.kinds and piece.text == "[":
        return _missing(s, "in", help_="write `in` before the list")
    if "CMP" not in s.kinds or not _is_literal(piece) or piece.start < s.offset:
        return None
    return _missing(s, "=")


def word_of_waiver(s: Situation) -> Slip | None:
    """Catch a waiver whose `for` was read as a name, because nothing stands before it."""
    piece, before = s.piece(), s.piece(-1)
    if s.verb != "waive" or "for" not in s.words or before.text != "for":
        return None
    why = "a waiver names the rule that it softens, or `unknown` where no rule speaks"
    repair = ((before.start, before.start, " unknown "),)
    return slip_at(before, "the waiver does not say what it waives", f"write `unknown for {piece.text}`", repair, why)


def word_of_deprecation(s: Situation) -> Slip | None:
    """Catch a deprecation without `use`, `from` or `removed`."""
    piece = s.piece()
    if s.verb != "deprecate":
        return None
    if piece.kind == "number" and s.words & {"from", "removed"}:
        return _missing(s, "from" if "from" in s.words else "removed")
    if piece.kind == "word" and "use" in s.words and s.piece(1).text in {"from", "."}:
        return _missing(s, "use")
    return None


def comma(s: Situation) -> Slip | None:
    """Catch releases, verdicts and statuses in a list without commas."""
    piece = s.piece()
    listed = re.fullmatch(r"R4B?|R5|draft|active|retired|clear|accept|warn|exclude|narrative|review|reject", piece.text)
    if s.verb == "invariant" and s.words == {"for"} and not listed and piece.kind in {"word", "string"}:
        return _missing(s, "for")
    if "COMMA" not in s.kinds or not listed or piece.kind != "word" or piece.text in s.words or s.verb in VERBS:
        return None
    return slip_at(piece, "missing `,` in a list", f"write `,` before `{piece.text}`", put_before(s, ","))


SLIPS: tuple[Callable[[Situation], Slip | None], ...] = (
    first_word, clause_word, word_of_test, comparison, word_of_waiver, word_of_deprecation, comma,
)  # fmt: skip
