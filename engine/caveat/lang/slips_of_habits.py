"""The slips that come from other languages: YAML, JSON, SQL, FHIRPath, FHIR Shorthand.

Rule 1: a line of another language is one mistake, however much of it could not be read.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from caveat.lang.scan import VERBS, Piece
from caveat.lang.slip import Situation, Slip, put_before, put_for, slip_at
from caveat.lang.slips_of_order import ALL_CLAUSES

_SHORTHAND = frozenset(
    {"Alias", "Extension", "Profile", "Instance", "Id", "CodeSystem", "ValueSet", "Invariant", "RuleSet", "Title"}
)
_VALUES = frozenset({"string", "number", "code", "url"})
_FILLING = frozenset({"on", "at", "is", "the", "to", "of", "since", "by", "as", "in"})
_CALL = re.compile(r"(?:\.[A-Za-z]+\([^()\n]*\))+")
_OPERATORS = {
    "implies": "write `not A or B` for `A implies B`",
    "xor": "write `(A and not B) or (B and not A)`",
    "else": "write a second rule for the other case",
    "then": "a rule's verb says what is decided; delete what stands from here on",
    "but": "write `and`",
}


def another_language(s: Situation) -> Slip | None:
    """Catch a statement of YAML, JSON or FHIR Shorthand."""
    piece, following, third = s.piece(), s.piece(1), s.piece(2)
    line_end = s.text.find("\n", piece.start)
    line_end = len(s.text.rstrip()) if line_end < 0 else line_end
    if s.at == 0 and piece.text in _SHORTHAND and following.text == ":":
        help_ = 'write `extension NAME = "url";` or `codesystem NAME = "url";`'
        said = "rule files are not written in FHIR Shorthand"
        return Slip("CV003", said, piece.start, line_end, help_, fatal=True)
    if s.at == 0 and piece.text in {"{", "["}:
        help_ = 'write `reject NAME: URL on PATH because "...";`'
        return Slip("CV003", "rule files are not written in JSON", piece.start, len(s.text.rstrip()), help_, fatal=True)
    yaml = s.at == 1 and piece.text == ":" and "\n" in s.text[piece.end : following.start] and third.text == ":"
    if yaml and s.verb in VERBS | {"waive"}:
        help_ = f'write `{s.verb} NAME: URL on PATH because "...";`'
        return Slip("CV003", "rule files are not written in YAML", s.pieces[0].start, len(s.text.rstrip()), help_, fatal=True)
    return None


def filling(s: Situation) -> Slip | None:
    """Catch a mark or a small word between a word of the language and what belongs to it."""
    piece, before, following = s.piece(), s.piece(-1), s.piece(1)
    if s.verb == "test" and piece.text == "=" and "PATH" in s.kinds:
        return slip_at(before, "nothing stands between `on` and `=`", "write a path, such as `ImagingStudy.series`", ())
    first = s.at == 1 and s.verb not in {"caveat", "policy", "use", "import", "test", "reads"}
    if first or before.kind != "word" or s.kinds & {"COLON", "EQUAL", "CMP", "LPAR", "LBRACE", "COMMA", "SEMICOLON"}:
        return None
    if piece.text in {":", "=", "=>", "->", ":="}:
        said = f"no `{piece.text}` stands after `{before.text}`"
        return slip_at(piece, said, "delete it", put_for(piece, " "))
    if piece.text == "(" and "STRING" in s.kinds and following.kind == "string" and s.piece(2).text == ")":
        repair = ((piece.start, s.piece(2).end, f" {following.text} "),)
        return slip_at(piece, f"no parentheses stand after `{before.text}`", f"write `{before.text} {following.text}`", repair)
    fits = (following.kind == "number" and "DATE" in s.kinds) or (
        following.kind == "string" and "STRING" in s.kinds and "NAME" not in s.kinds
    )
    if piece.text in _FILLING and piece.text not in s.words and fits and before.text in ALL_CLAUSES | {"removed"}:
        return slip_at(piece, f"no `{piece.text}` stands after `{before.text}`", "delete it", put_for(piece, " "))
    if piece.text == "by" and following.kind == "string" and s.piece(2).kind == "number" and "DATE" in s.kinds:
        help_ = f"write the date; who assessed it is the `owner`: `owner {following.text}`"
        return slip_at(piece, f"no `by` stands after `{before.text}`", help_, ((piece.start, following.end, " "),))
    return None


def function_call(s: Situation) -> Slip | None:
    """Catch a function of FHIRPath after the value or after a path."""
    piece, before = s.piece(), s.piece(-1)
    if piece.text != "(" or "." not in before.text or before.end != piece.start:
        return None
    start = before.end - len(before.text.rsplit(".", 1)[1]) - 1
    match = _CALL.match(s.text, start)
    name = before.text.rsplit(".", 1)[1]
    end = match.end() if match else piece.end
    if "CMP" not in s.kinds:
        why = "a rule speaks of every repetition of an element; what distinguishes them is asked of the modifier's value"
        repair = ((start, end, " "),) if match else ()
        return Slip("CV003", f"paths have no functions such as `{name}()`", start, end, "delete it", (why,), repair, not repair)
    meant = {"exists": "value present", "hasValue": "value present", "empty": "not value present"}.get(name)
    if match and ".not()" in match.group():
        meant = {"value present": "not value present", "not value present": "value present"}.get(meant or "")
    help_ = f"write `{meant}`" if meant else "compare with one value, or with a list: `value in [A#x, A#y]`"
    repair = ((start, end, " present" if meant else ""),) if match else ()
    return Slip("CV003", f"there is no function `{name}()`", start, end, help_, (), repair, fatal=not repair)


def subject(s: Situation) -> Slip | None:
    """Catch a condition that does not begin with `value` or `part`."""
    piece, following, third = s.piece(), s.piece(1), s.piece(2)
    if not {"value", "part"} <= s.words or "LPAR" not in s.kinds:
        return None
    if re.fullmatch(r"value[A-Z]\w*", piece.text):
        return slip_at(piece, f"the value is called `value`, not `{piece.text}`", "write `value`", put_for(piece, "value"))
    if piece.text.lower() in {"present", "exists", "exist"} and following.text == "value":
        repair = ((piece.start, following.end, "value present"),)
        return slip_at(piece, f"`{piece.text}` stands before the value", "write `value present`", repair)
    if piece.kind in {"code", "string", "number"} and following.text in {"=", "!="} and third.text == "value":
        meant = f"value {following.text} {piece.text}"
        return slip_at(
            piece, "a comparison begins with `value` or `part`", f"write `{meant}`", ((piece.start, third.end, meant),)
        )
    if piece.text in {"=", "!=", "<", ">", "<=", ">=", "in"}:
        return slip_at(piece, f"nothing stands before `{piece.text}`", f"write `value {piece.text} ...`", put_before(s, " value"))
    return None


def part_in_parentheses(s: Situation) -> Slip | None:
    """Catch the url of a part without parentheses, or in other signs."""
    before = s.piece(-1)
    here = s.piece()
    part = before if before.text == "part" else here if here.start < s.offset and here.text.startswith("part.") else None
    if s.kinds != {"LPAR"} or part is None:
        return None
    match = re.compile(r'\s*[.\[:=]?\s*"?([A-Za-z0-9][^\s"\]=<>!;:,()]*)"?[\])]?').match(s.text, part.start + len("part"))
    if match is None:
        return slip_at(part, "`part` does not say which", 'write `part("url")`', ())
    meant = f'part("{match[1]}")'
    repair = ((part.start, match.end(), meant),)
    return Slip("CV003", "the url of a part stands in parentheses", part.start, match.end(), f"write `{meant}`", (), repair)


def value_in_brackets(s: Situation) -> Slip | None:
    """Catch `value[x]`."""
    piece, before = s.piece(), s.piece(-1)
    word = piece if piece.text == "value[x]" else before
    if "CMP" not in s.kinds or not s.text.startswith("value[x]", word.start):
        return None
    repair = ((word.start, word.start + len("value[x]"), "value"),)
    return Slip(
        "CV003",
        "the value is called `value` in conditions",
        word.start,
        word.start + len("value[x]"),
        "write `value`",
        (),
        repair,
    )


def unit(s: Situation) -> Slip | None:
    """Catch a unit after a number, as FHIRPath writes it."""
    piece, before = s.piece(), s.piece(-1)
    if before.kind != "number" or piece.kind != "string" or "and" not in s.words:
        return None
    why = "units are not converted, so a number is compared without them"
    help_ = f"compare the unit on its own: `and value.code = {piece.text}`"
    return slip_at(piece, "a unit stands after the number", help_, put_for(piece, " "), why)


def operator(s: Situation) -> Slip | None:
    """Catch words that join conditions in other languages."""
    piece = s.piece()
    meant = _OPERATORS.get(piece.text.lower())
    if meant is None or not {"and", "or"} <= s.words:
        return None
    joined = piece.text.lower() not in {"else", "then"}
    end = next((p for p in s.pieces[s.at + 1 :] if p.text in s.words - {"and", "or"} or p.text == ";"), None)
    repair = put_for(piece, "and") if joined else ((piece.start, end.start, " "),) if end is not None else ()
    return slip_at(piece, f"there is no `{piece.text}` in conditions", meant, repair)


def unclosed(s: Situation) -> Slip | None:
    """Catch a parenthesis or a list that is not closed."""
    piece = s.piece()
    closing = ")" if "RPAR" in s.kinds else "]" if "RSQB" in s.kinds else None
    if piece.text == ";" and s.piece(1).kind in _VALUES:
        return None
    if closing is None or not (piece.text in ALL_CLAUSES | {";", ""} or (piece.text in {"and", "or"} and closing == "]")):
        return None
    place = _opened(s, closing)
    if place is None:
        return None
    help_ = f"write `{closing}` before `{piece.text}`" if piece.text else f"write `{closing}`"
    return slip_at(place, f"this `{place.text}` is not closed", help_, put_before(s, closing))


def _opened(s: Situation, closing: str) -> Piece | None:
    depth, opening = 0, {")": "(", "]": "["}[closing]
    for piece in reversed(s.pieces[: s.at]):
        depth += (piece.text == closing) - (piece.text == opening)
        if depth < 0:
            return piece
    return None


SLIPS: tuple[Callable[[Situation], Slip | None], ...] = (
    another_language, filling, function_call, subject, part_in_parentheses, value_in_brackets, unit, operator, unclosed,
)  # fmt: skip
