"""The slips in what stands between braces: `reads`, the settings of a policy, what a test gives and expects."""

from __future__ import annotations

import re
from collections.abc import Callable

from caveat.lang.scan import INNER, Piece
from caveat.lang.slip import Situation, Slip, closing_of, put_before, put_for, slip_at

BLOCKS = frozenset({"policy", "test", "govern", "reads"})
_OTHER_WORDS = {
    "policy": {
        "author": "owner", "contact": "owner", "steward": "owner", "release": "fhir", "releases": "fhir", "app": "application",
        "otherwise": "default", "fallback": "default", "waiver": "waivers",
    },
    "test": {
        "assert": "expect", "then": "expect", "should": "expect", "assume": "modifier", "given": "modifier", "when": "modifier",
        "extension": "modifier", "url": "modifier", "date": "today", "now": "today", "input": "resource", "file": "resource",
        "release": "fhir", "mode": "intent",
    },
    "govern": {"must": "require", "check": "require", "need": "require"},
}  # fmt: skip


def reads_without_braces(s: Situation) -> Slip | None:
    """Catch the elements of `reads` without braces or in others, and `reads` without elements."""
    if s.verb != "reads" or s.at == 0:
        return None
    if s.at == 1:
        return _elements_first(s)
    piece, of = s.piece(), s.piece(-1)
    if piece.text == "," and "SEMICOLON" in s.kinds:
        help_ = f"write `reads all of {of.text}; reads all of {s.piece(1).text};`"
        return slip_at(piece, "each `reads` names one type", help_, ())
    if "LBRACE" not in s.kinds or s.at != 2:  # noqa: PLR2004 - the pieces `reads` and its path
        return None
    if piece.text == "," and s.piece(1).text[:1].isupper() and any(later.text == "{" for later in s.pieces):
        help_ = f"write one `reads` for `{of.text}`, and one for `{s.piece(1).text}`, each with its elements"
        return slip_at(piece, "each `reads` names the elements of one type", help_, ())
    rest = [later for later in s.pieces[s.at :] if later.text not in {":", "(", ")", "[", "]", "{", "}", ";", ",", "and"}]
    paths = [of, *rest]
    if rest and all(path.text[0].isupper() for path in paths):
        several = "; ".join(_one_read(path.text) for path in paths)
        return slip_at(piece, "each `reads` names the elements of one type", f"write `{several}`", ())
    if not rest:
        help_ = f"write {_one_read(of.text, ticked=True)}, or `reads all of {_type(of.text)};`"
        return slip_at(of, f"this `reads` does not say which elements of `{of.text}`", help_, ())
    if not all(re.fullmatch(r'"?[a-z]\w*(?:\[x\])?(?:\.\w+(?:\[x\])?)*"?', element.text) for element in rest):
        return None
    meant = "{ " + ", ".join(element.text.strip('"') for element in rest) + " }"
    end = s.pieces[-1].end
    said = "the elements of `reads` stand in braces"
    return Slip("CV003", said, piece.start, rest[-1].end, f"write `reads {of.text} {meant}`", (), ((piece.start, end, meant),))


def _type(path: str) -> str:
    return path.partition(".")[0]


def _one_read(path: str, *, ticked: bool = False) -> str:
    root, _, element = path.partition(".")
    return f"`reads {root} {{ id, status }}`" if ticked and not element else f"reads {root} {{ {element or '...'} }}"


def _elements_first(s: Situation) -> Slip | None:
    """Catch the elements before their type."""
    at = next((at for at in range(s.at, len(s.pieces) - 1) if s.pieces[at].text in {"from", "of", "on", "in"}), None)
    if at is None or s.piece().kind != "word" or not s.piece().text[0].islower() or s.piece().text == "all":
        return None
    elements = ", ".join(piece.text for piece in s.pieces[s.at : at] if piece.text != ",")
    return slip_at(
        s.piece(), "the type stands before its elements", f"write `reads {s.pieces[at + 1].text} {{ {elements} }}`", ()
    )


def elements_of_reads(s: Situation) -> Slip | None:
    """Catch elements in quotes, with their type, with a star, with braces of their own, or with `;` between them."""
    piece, before = s.piece(), s.piece(-1)
    if s.verb != "reads" or not s.kinds & {"ELEMENT", "COMMA"} or s.at < 3:  # noqa: PLR2004 - `reads`, a path and `{`
        return None
    of = s.pieces[1].text
    if piece.text == ";":
        return slip_at(piece, "lists are written with `,`, not `;`", "write `,`", put_for(piece, ","))
    if piece.text == "{" and "COMMA" in s.kinds:
        help_ = f"write `{before.text}.{s.piece(1).text}`"
        return slip_at(piece, "elements below others are joined by `.`, without braces", help_, ())
    if "ELEMENT" not in s.kinds:
        return None
    bare = piece.text.strip('"')
    if piece.kind == "path" or bare == "*":
        help_ = f"write `reads all of {of};`"
        return slip_at(piece, f"`{piece.text}` is no element", help_, put_for(piece, " id"))
    if piece.kind == "string" and re.fullmatch(r"[a-z][\w.]*", bare):
        return slip_at(piece, "elements are written without quotes", f"write `{bare}`", put_for(piece, bare))
    if bare.startswith(f"{of}."):
        meant = bare.removeprefix(f"{of}.")
        return slip_at(piece, f"elements are written without their type `{of}`", f"write `{meant}`", put_for(piece, meant))
    return None


def braces(s: Situation) -> Slip | None:
    """Catch a brace is missing."""
    piece, before = s.piece(), s.piece(-1)
    block = s.pieces[0].text if s.pieces else ""
    if "LBRACE" in s.kinds and piece.text != "{" and block in BLOCKS:
        if piece.text == ";":
            help_ = f"write `{{` and `}}` after it, with what belongs to the `{block}` between them"
            return slip_at(before, f"missing `{{` of the `{block}`", help_, put_for(piece, " {}"))
        opening = put_for(piece, "{") if piece.text in {":", "=", "("} else put_before(s, " {")
        if any(later.text == "}" for later in s.pieces[s.at :]):
            return slip_at(before, f"missing `{{` of the `{block}`", "write `{` after it", opening)
        closing = ((s.pieces[-1].end, len(s.text), " }"),)
        help_ = "write `{` after it, and `}` after the last line"
        return slip_at(before, f"missing `{{` and `}}` of the `{block}`", help_, (*opening, *closing))
    if "RBRACE" in s.kinds and piece.kind == "end":
        return slip_at(
            s.pieces[0],
            f"the `{{` of this `{block}` is not closed",
            "write `}` after its last line",
            ((s.after_previous, len(s.text), "}"),),
        )
    return None


def comma_for_semicolon(s: Situation) -> Slip | None:
    """Catch a `,` at the end of what stands in a block."""
    piece, before = s.piece(), s.piece(-1)
    inner = INNER.get(s.verb, frozenset()) | {"}"}
    comma = piece if piece.text == "," and "COMMA" not in s.kinds and "SEMICOLON" in s.kinds else None
    following = s.piece(1)
    if comma is None and before.text == "," and piece.text in inner and s.at > 1:
        comma, following = before, piece
    if comma is None or following.text not in inner:
        return None
    return slip_at(comma, f"each part of a `{s.verb}` ends with `;`, not `,`", "write `;`", put_for(comma, ";"))


def other_word(s: Situation) -> Slip | None:
    """Catch a word of a block under another name."""
    piece = s.piece()
    meant = _OTHER_WORDS.get(s.verb, {}).get(piece.text.lower())
    if meant is None or meant not in s.words or "RBRACE" not in s.kinds:
        return None
    return slip_at(piece, f"there is no `{piece.text}` in a `{s.verb}`", f"write `{meant}`", put_for(piece, meant))


def word_missing(s: Situation) -> Slip | None:
    """Catch what a policy or a test gives without the word that says what it is."""
    piece, before = s.piece(), s.piece(-1)
    if "RBRACE" not in s.kinds or before.text not in {"{", ";", "}"}:
        return None
    if "application" in s.words and s.piece(1).text == "version":
        return slip_at(
            piece, f"missing `application` before `{piece.text}`", "write `application` before it", put_before(s, " application")
        )
    meant = next((word for word, pattern in _GIVEN_BY.items() if word in s.words and re.fullmatch(pattern, piece.text)), None)
    if meant is None:
        return None
    return slip_at(piece, f"missing `{meant}` before `{piece.text}`", f"write `{meant} {piece.text}`", put_before(s, f" {meant}"))


_GIVEN_BY = {
    "intent": "modify|read",
    "fhir": "R4|R4B|R5",
    "today": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "resource": r'"[^"]*\.json"',
    "require": "modifier|status|context|publisher|package|unchanged",
    "owner": r'"[^"]*"',
    "expect": "clear|accept|warn|exclude|narrative|review|reject",
    "default": "review|reject|exclude",
}


def document_in_test(s: Situation) -> Slip | None:
    """Catch a document itself where the name of its file stands."""
    opening = s.piece()
    if s.verb != "test" or s.piece(-1).text != "resource" or opening.text not in {"{", "["}:
        return None
    end = closing_of(s.pieces, s.at)
    meant = f'"fixtures/{_type_of(s.pieces[s.at : end])}.json"'
    ended = end + 1 < len(s.pieces) and s.pieces[end + 1].text == ";"
    repair = ((opening.start, s.pieces[end].end, meant + ("" if ended else ";")),) if end < len(s.pieces) else ()
    help_ = f"put the document into a file, and write `resource {meant};`"
    note = "where only the modifier matters, `modifier NAME on PATH;` needs no document"
    return slip_at(opening, "`resource` takes the name of a file, not the document itself", help_, repair, note)


def _type_of(document: tuple[Piece, ...]) -> str:
    """Return a name for the file of a document: its type, where it says one."""
    at = next((at for at, piece in enumerate(document) if piece.text.strip('"') == "resourceType"), len(document))
    said = document[at + 2].text.strip('"') if at + 2 < len(document) else ""
    return said.lower() if re.fullmatch("[A-Za-z]+", said) else "document"


def expectation(s: Situation) -> Slip | None:
    """Catch the rule of an expectation without `by`, and a value without `=`."""
    piece, following = s.piece(), s.piece(1)
    if s.verb != "test":
        return None
    if "by" in s.words and piece.kind == "word" and "STRING" not in s.kinds:
        if piece.text in {"because", "from", "via", "with", "through", "due"} and following.kind == "word":
            return slip_at(
                piece, f"the rule that decides stands after `by`, not `{piece.text}`", "write `by`", put_for(piece, "by")
            )
        if following.text in {";", "}", "at"} and not _near(piece, s):
            return slip_at(piece, f"missing `by` before `{piece.text}`", f"write `by {piece.text}`", put_before(s, " by"))
    if "EQUAL" in s.kinds and piece.text in {"value", "is", "with", ":", "equals"} and following.kind != "end":
        return slip_at(piece, f"the value of a modifier stands after `=`, not `{piece.text}`", "write `=`", put_for(piece, "="))
    return None


def _near(piece: Piece, s: Situation) -> bool:
    """Whether a word is a ground of the language, in capitals or mistyped: what could stand there says more."""
    return piece.text.lower() in s.words or piece.text in INNER["test"]


SLIPS: tuple[Callable[[Situation], Slip | None], ...] = (
    reads_without_braces, elements_of_reads, document_in_test, comma_for_semicolon, other_word, word_missing, expectation,
)  # fmt: skip
