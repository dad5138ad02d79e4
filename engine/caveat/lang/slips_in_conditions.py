"""The slips in conditions: comparisons, codes, values and lists."""

from __future__ import annotations

import re
from collections.abc import Callable

from caveat.lang.scan import Piece
from caveat.lang.slip import Situation, Slip, put_before, put_for, slip_at

WIDTH = 60
_COMPARISONS = {"is": "=", "equals": "=", "eq": "=", "are": "=", "ne": "!=", "like": "=", "exists": "present", "exist": "present"}
_NO_VALUES = frozenset(
    {"when", "kind", "because", "owner", "severity", "implemented", "assessed", "from", "until", "see", "record", "and", "or"}
)


def wrong_code(s: Situation) -> Slip | None:
    """Catch a code with another sign than `#`, with its system in small letters, or without a system."""
    if "CODE" not in s.kinds:
        return None
    piece = s.piece()
    if piece.kind == "code":
        meant = piece.text.split("#")[0].upper() + "#" + piece.text.split("#", 1)[1]
        return slip_at(
            piece,
            f"`{piece.text}` is no code",
            f"write `{meant}`",
            put_for(piece, meant),
            "names of code systems are written in upper case",
        )
    match = re.compile(r"([A-Za-z]\w*)\s*(?:[|:/]|\s#|#\s|\s)\s*([A-Za-z0-9][\w-]*(?:\.\w+)*)(?=[\s\];,)])").match(
        s.text, piece.start
    )
    if match and match[1][0].isupper() and match[2] not in _NO_VALUES:
        meant = f"{match[1].upper()}#{match[2]}"
        why = "a code is its system's name, `#`, and the code"
        return Slip(
            "CV003",
            f"`{match.group()}` is no code",
            piece.start,
            match.end(),
            f"write `{meant}`",
            (why,),
            ((piece.start, match.end(), meant),),
        )
    return _bare_value(piece)


def _bare_value(piece: Piece) -> Slip | None:
    lower = piece.text.lower()
    if lower in {"true", "false"}:
        return slip_at(piece, f"`{piece.text}` is written in lower case", f"write `{lower}`", put_for(piece, lower))
    if lower in {"null", "none", "empty", "missing"}:
        return slip_at(
            piece,
            f"there is no value `{piece.text}`",
            "to ask whether there is a value, write `value present` or `not value present`",
            put_for(piece, '""'),
        )
    if piece.kind == "word" and piece.text not in _NO_VALUES | {"value", "part", "not"}:
        help_ = f'write `SYSTEM#{piece.text}` for a code of a system, `"{piece.text}"` for a text or a plain `code`'
        return slip_at(piece, f"`{piece.text}` is no value", help_, put_for(piece, f'"{piece.text}"'))
    return None


def value_after_or(s: Situation) -> Slip | None:
    """Catch a value where a condition must stand, as in `value = "a" or "b"`."""
    piece, joint, operator = s.piece(), s.piece(-1), s.piece(-3)
    if "value" not in s.words or piece.kind not in {"string", "code", "number"} or joint.text not in {"or", "and"}:
        return None
    if operator.text not in {"=", "!=", "<", "<=", ">", ">="}:
        return None
    start = next((at for at in range(s.at - 4, -1, -1) if s.pieces[at].text in {"when", "and", "or", "not", "("}), s.at - 4)
    left = s.text[s.pieces[start].end : operator.start].strip()
    listed = f"{left} in [{s.piece(-2).text}, {piece.text}]"
    meant = {"!=": f"not {listed}", "=": listed}.get(operator.text, f"{left} {operator.text} {piece.text}")
    said = f"`{joint.text}` joins conditions, and `{piece.text}` is only a value"
    return slip_at(piece, said, f"write `{meant}`", put_before(s, f" {left} {operator.text} "))


def wrong_list(s: Situation) -> Slip | None:
    """Catch a list after `in` without brackets, or in other ones."""
    piece = s.piece()
    if "LSQB" not in s.kinds:
        return None
    if piece.text in {"(", "{"}:
        closing = {"(": ")", "{": "}"}[piece.text]
        end = next((later for later in s.pieces[s.at :] if later.text == closing), None)
        repair = put_for(piece, "[") + (put_for(end, "]") if end is not None else ())
        return slip_at(piece, f"a list after `in` stands in `[...]`, not `{piece.text}`", "write `[` and `]`", repair)
    end_at = s.at
    while end_at < len(s.pieces) and (s.pieces[end_at].kind in {"code", "string", "number"} or s.pieces[end_at].text == ","):
        end_at += 1
    if end_at == s.at:
        return None
    stop = s.pieces[end_at - 1].end
    help_ = (
        f"write `[{s.text[piece.start : stop]}]`" if stop - piece.start < WIDTH else "write `[` before the list and `]` after it"
    )
    closed = end_at < len(s.pieces) and s.pieces[end_at].text == "]"
    repair = ((piece.start, piece.start, "["), *(() if closed else ((stop, stop, "]"),)))
    return Slip("CV003", "a list after `in` stands in `[...]`", piece.start, stop, help_, (), repair)


def wrong_comparison(s: Situation) -> Slip | None:
    """Catch `not in`, `is`, `matches` and the like where a comparison must stand."""
    piece, following = s.piece(), s.piece(1)
    if "CMP" not in s.kinds:
        return None
    lower = piece.text.lower()
    said_of_sql = _sql(s, piece, following)
    if said_of_sql is not None:
        return said_of_sql
    if piece.text == "not" and following.text in {"in", "present"}:
        help_ = f"write `not` before the condition: `not value {following.text} ...`"
        return Slip(
            "CV003",
            f"`not` stands between the value and `{following.text}`",
            piece.start,
            following.end,
            help_,
            (),
            put_for(piece, " "),
        )
    if lower in {"is", "are"} and following.text in {"in", "present"}:
        return slip_at(piece, f"`{piece.text}` says nothing here", "delete it", put_for(piece, " "))
    if lower in {"is", "are"} and following.text == "not":
        help_ = "write `!=`, or `not value present`"
        return Slip(
            "CV003",
            f"there is no comparison `{piece.text} not`",
            piece.start,
            following.end,
            help_,
            (),
            ((piece.start, following.end, "!="),),
        )
    if lower in {"matches", "contains", "startswith", "like", "~"}:
        why = "the language has no regular expressions, so that every rule can be proven"
        return slip_at(
            piece,
            f"there is no comparison `{piece.text}`",
            "compare with one value, or with a list: `value in [A#x, A#y]`",
            put_for(piece, "="),
            why,
        )
    if lower in _COMPARISONS:
        meant = _COMPARISONS[lower]
        return slip_at(piece, f"there is no comparison `{piece.text}`", f"write `{meant}`", put_for(piece, meant))
    if piece.text == ":":
        return slip_at(piece, "equality is written `=`", "write `=`", put_for(piece, "="))
    return None


def _sql(s: Situation, piece: Piece, following: Piece) -> Slip | None:
    """Catch `IN (...)`, `IS NULL`, `NOT =` and `BETWEEN`."""
    lower, third = piece.text.lower(), s.piece(2)
    closing = next((later for later in s.pieces[s.at + 1 :] if later.text in {")", "]"}), None)
    if piece.text in {"IN", "In"} and following.text in {"(", "["} and closing is not None:
        meant = f"in [{s.text[following.end : closing.start]}]"
        help_ = f"write `{meant}`" if len(meant) < WIDTH else "write `in [` before the list and `]` after it"
        repair = (*put_for(piece, "in"), *put_for(following, "["), *put_for(closing, "]"))
        said = f"a list is written `in [...]`, not `{piece.text} {following.text}...{closing.text}`"
        return Slip("CV003", said, piece.start, closing.end, help_, (), repair)
    if lower in {"is", "=", "!="} and (following.text.lower() in _NOTHING or third.text.lower() in _NOTHING):
        negated = following.text.lower() in {"not", "!"} or lower == "!="
        end = third if following.text.lower() in {"not", "!"} else following
        if end.text.lower() not in _NOTHING:
            return None
        meant = "value present" if negated else "not value present"
        return Slip(
            "CV003",
            f"there is no value `{end.text}`",
            piece.start,
            end.end,
            f"write `{meant}`",
            (),
            ((piece.start, end.end, "present"),),
        )
    if piece.text == "not" and following.text in {"=", "=="}:
        repair = ((piece.start, following.end, "!="),)
        return Slip("CV003", "inequality is written `!=`", piece.start, following.end, "write `!=`", (), repair)
    between = s.pieces[s.at + 1 : s.at + 4]
    if lower == "between" and len(between) == 3 and between[1].text.lower() == "and":  # noqa: PLR2004 - low, `and`, high
        left = s.piece(-1).text
        meant = f">= {between[0].text} and {left} <= {between[2].text}"
        repair = ((piece.start, between[2].end, meant),)
        return Slip(
            "CV003", f"there is no comparison `{piece.text}`", piece.start, between[2].end, f"write `{left} {meant}`", (), repair
        )
    return None


_NOTHING = frozenset({"null", "none", "nil", "empty", "missing"})


SLIPS: tuple[Callable[[Situation], Slip | None], ...] = (value_after_or, wrong_comparison, wrong_list, wrong_code)
