"""The slips in what a statement says: paths, types, dates, codes, lists, conditions, releases, texts without quotes."""

from __future__ import annotations

import re
from collections.abc import Callable

from caveat.lang.scan import VERBS, Piece
from caveat.lang.slip import Repair, Situation, Slip

_KEYWORDS_AFTER_TYPE = frozenset({"when", "kind", "because", "owner", "severity", "implemented", "assessed", "from", "until", "see", "record"})
_RELEASES = {"4.0.1": "R4", "4.0": "R4", "4.3.0": "R4B", "4.3": "R4B", "5.0.0": "R5", "5.0": "R5", "r4": "R4", "r4b": "R4B", "r5": "R5"}
WIDTH = 60
_COMPARISONS = {"is": "=", "equals": "=", "eq": "=", "are": "=", "ne": "!=", "like": "=", "exists": "present", "exist": "present"}


def _at(piece: Piece, message: str, help_: str | None, repair: Repair, *notes: str) -> Slip:
    return Slip("CV003", message, piece.start, piece.end, help_, notes, repair, fatal=not repair)


def _replace(piece: Piece, text: str) -> Repair:
    return ((piece.start, piece.end, text),)


def _before(s: Situation, text: str) -> Repair:
    return ((s.after_previous, s.after_previous, text),)


def wrong_path(s: Situation) -> Slip | None:
    """A path with an index, a capital or small letter in the wrong place, quotes, or another separator."""
    begin = _path_begins(s)
    match = None if begin is None else _LIKE_A_PATH.match(s.text, begin)
    if begin is None or match is None:
        return None
    found = match.group().strip('"')
    meant = _path(found)
    if meant == match.group():
        return None
    repair = ((begin, match.end(), meant),)
    return Slip("CV003", f"`{found}` is no path", begin, match.end(), f"write `{meant}`", _why_path(match.group()), repair)


_LIKE_A_PATH = re.compile(r'"?(?:\*\*|\*|[A-Za-z]\w*)(?:[./](?:\w+|\*\*?)|\[[0-9]*\*?\])*"?')


def _path_begins(s: Situation) -> int | None:
    """Return where the path begins that reading stopped in or just after."""
    piece, before = s.piece(), s.piece(-1)
    if "PATH" in s.kinds or (piece.start < s.offset and piece.text[:1].isupper()):
        return piece.start
    adjacent = before.end == piece.start and (before.text[:1].isupper() or before.kind == "path")
    return before.start if adjacent and piece.text in {"[", "/", "."} else None


def _path(found: str) -> str:
    root, *rest = [part for part in re.split(r"[./]", re.sub(r"\[[0-9*]*\]", "", found)) if part]
    if root == "**":
        return "*.**"
    below = [part[0].lower() + part[1:] if part[0].isalpha() else "**" for part in rest]
    return ".".join([root[0].upper() + root[1:], *below])


def _why_path(found: str) -> tuple[str, ...]:
    if '"' in found:
        return ("paths are written without quotes",)
    if "[" in found:
        return ("paths have no indexes: a rule speaks of every repetition of an element",)
    if "/" in found:
        return ("the parts of a path are joined by `.`",)
    if "*" in found:
        return ("`.**` means the element and everything below it",)
    return ("a path begins with a FHIR type in capitals, and its elements begin with a small letter",)


def wrong_type(s: Situation) -> Slip | None:
    """A type without `as`, `as` without a type, or types in a list with commas."""
    piece, before = s.piece(), s.piece(-1)
    if s.piece(-2).text == "as" and before.text in _KEYWORDS_AFTER_TYPE and s.verb in VERBS:
        gone = s.piece(-2)
        return _at(gone, "`as` names no type", "write a type after it, such as `as CodeableConcept`, or delete it", _replace(gone, " "))
    types = s.kinds & {"VBAR"}
    if types and piece.text in {",", "or", "/"} and re.match(r"[A-Za-z]", s.piece(1).text) and s.piece(1).text not in s.words:
        return _at(piece, f"types are listed with `|`, not `{piece.text}`", "write `|`", _replace(piece, "|"))
    if "as" in s.words and s.verb in VERBS and re.fullmatch(r"[A-Z][A-Za-z]+|boolean|string|code|integer|decimal|date(?:Time)?|uri", piece.text):
        return _at(piece, f"missing `as` before the type `{piece.text}`", f"write `as {piece.text}`", _before(s, " as"))
    return None


def wrong_verdict(s: Situation) -> Slip | None:
    """A word where one of a few verdicts must stand."""
    piece = s.piece()
    lower = piece.text.lower()
    others = {"deny": "reject", "block": "reject", "forbid": "reject", "allow": "accept", "understand": "accept", "understood": "accept"}
    if piece.kind != "word" or not {"exclude", "review"} <= s.words:
        return None
    if s.verb == "waive":
        why = "a waiver softens to `warn`, `exclude`, `narrative` or `review`; it never accepts and need not reject"
        return _at(piece, f"a waiver cannot give `{piece.text}`", "write one of these four", _replace(piece, "review"), why)
    if lower in s.words:
        return _at(piece, f"`{piece.text}` is written in lower case", f"write `{lower}`", _replace(piece, lower))
    if others.get(lower) in s.words:
        return _at(piece, f"there is no verdict `{piece.text}`", f"write `{others[lower]}`", _replace(piece, others[lower]))
    if s.verb == "policy":
        why = "a default is `reject`, `review` or `exclude`: what no rule names is never understood"
        return _at(piece, f"a default cannot be `{piece.text}`", "write `reject` or `review`", _replace(piece, "reject"), why)
    return None


def waiver_without_verdict(s: Situation) -> Slip | None:
    """A waiver does not say what it gives instead."""
    piece = s.piece()
    if s.verb != "waive" or "as" not in s.words or piece.kind == "path":
        return None
    if piece.text in {"to", "give", "gives", "="}:
        return _at(piece, f"what a waiver gives stands after `as`, not `{piece.text}`", "write `as`", _replace(piece, "as"))
    if piece.text in {"warn", "exclude", "narrative", "review"}:
        return _at(piece, f"missing `as` before `{piece.text}`", f"write `as {piece.text}`", _before(s, " as"))
    if piece.text in {"from", "until", "owner", "because", "ticket", "approved", ";"}:
        return _at(s.piece(-1), "the waiver does not say what it gives instead", "write `as review`, or another of `warn`, `exclude`, `narrative`", _before(s, " as review"))
    return None


def wrong_date(s: Situation) -> Slip | None:
    """A date in quotes, day first, with slashes, or without a day."""
    piece = s.piece()
    if "DATE" not in s.kinds or piece.kind not in {"string", "number", "word"} or "STRING" in s.kinds and piece.kind == "string":
        return None
    if "NUMBER" in s.kinds and not re.search(r"[0-9][./:-][0-9]+[./:-][0-9]", piece.text):
        return None
    meant = _date(piece.text.strip('"'))
    why = "dates are written year, month, day, without quotes"
    if meant is None:
        return _at(piece, f"`{piece.text}` is no date", "write it as `2026-06-30`", (), why) if piece.kind != "word" else None
    return _at(piece, f"`{piece.text}` is no date here", f"write `{meant}`", _replace(piece, meant), why)


def _date(text: str) -> str | None:
    match = re.match(r"(\d{4})[-./]?(\d\d?)(?:[-./]?(\d\d?))?(?:T.*)?$", text)
    if match:
        return f"{match[1]}-{int(match[2]):02}-{int(match[3] or 1):02}"
    match = re.match(r"(\d\d?)[-./](\d\d?)[-./](\d{4})$", text)
    if not match:
        return None
    day, month = (match[1], match[2]) if int(match[2]) <= 12 else (match[2], match[1])
    return f"{match[3]}-{int(month):02}-{int(day):02}"


def wrong_code(s: Situation) -> Slip | None:
    """A code with another sign than `#`, with its system in small letters, or without a system."""
    if "CODE" not in s.kinds:
        return None
    piece = s.piece()
    if piece.kind == "code":
        meant = piece.text[0:0] + piece.text.split("#")[0].upper() + "#" + piece.text.split("#", 1)[1]
        return _at(piece, f"`{piece.text}` is no code", f"write `{meant}`", _replace(piece, meant), "names of code systems are written in upper case")
    match = re.compile(r"([A-Za-z]\w*)\s*(?:[|:/]|\s#|#\s|\s)\s*([A-Za-z0-9][\w-]*(?:\.\w+)*)(?=[\s\];,)])").match(s.text, piece.start)
    if match and match[1][0].isupper() and match[2] not in {"and", "or"} | _KEYWORDS_AFTER_TYPE:
        meant = f"{match[1].upper()}#{match[2]}"
        why = "a code is its system's name, `#`, and the code"
        return Slip("CV003", f"`{match.group()}` is no code", piece.start, match.end(), f"write `{meant}`", (why,), ((piece.start, match.end(), meant),))
    return _bare_value(s, piece)


def _bare_value(s: Situation, piece: Piece) -> Slip | None:
    lower = piece.text.lower()
    if lower in {"true", "false"}:
        return _at(piece, f"`{piece.text}` is written in lower case", f"write `{lower}`", _replace(piece, lower))
    if lower in {"null", "none", "empty", "missing"}:
        return _at(piece, f"there is no value `{piece.text}`", "to ask whether there is a value, write `value present` or `not value present`", _replace(piece, '""'))
    if piece.kind == "word" and piece.text not in _KEYWORDS_AFTER_TYPE | {"value", "part", "not"}:
        help_ = f'write `SYSTEM#{piece.text}` for a code of a system, `"{piece.text}"` for a text or a plain `code`'
        return _at(piece, f"`{piece.text}` is no value", help_, _replace(piece, f'"{piece.text}"'))
    return None


def wrong_list(s: Situation) -> Slip | None:
    """A list after `in` without brackets, or in other ones."""
    piece = s.piece()
    if "LSQB" not in s.kinds:
        return None
    if piece.text in {"(", "{"}:
        closing = {"(": ")", "{": "}"}[piece.text]
        end = next((later for later in s.pieces[s.at :] if later.text == closing), None)
        repair = _replace(piece, "[") + (_replace(end, "]") if end is not None else ())
        return _at(piece, f"a list after `in` stands in `[...]`, not `{piece.text}`", "write `[` and `]`", repair)
    end_at = s.at
    while end_at < len(s.pieces) and (s.pieces[end_at].kind in {"code", "string", "number"} or s.pieces[end_at].text == ","):
        end_at += 1
    if end_at == s.at:
        return None
    stop = s.pieces[end_at - 1].end
    help_ = f"write `[{s.text[piece.start : stop]}]`" if stop - piece.start < WIDTH else "write `[` before the list and `]` after it"
    repair = ((piece.start, piece.start, "["), (stop, stop, "]"))
    return Slip("CV003", "a list after `in` stands in `[...]`", piece.start, stop, help_, (), repair)


def wrong_comparison(s: Situation) -> Slip | None:
    """`not in`, `is`, `matches` and the like where a comparison must stand."""
    piece, following = s.piece(), s.piece(1)
    if "CMP" not in s.kinds:
        return None
    if piece.text == "not" and following.text in {"in", "present"}:
        help_ = f"write `not` before the condition: `not value {following.text} ...`"
        return Slip("CV003", f"`not` stands between the value and `{following.text}`", piece.start, following.end, help_, (), _replace(piece, " "))
    if piece.text in {"is", "are"} and following.text in {"in", "present"}:
        return _at(piece, f"`{piece.text}` says nothing here", "delete it", _replace(piece, " "))
    if piece.text in {"is", "are"} and following.text == "not":
        help_ = "write `!=`, or `not value present`"
        return Slip("CV003", f"there is no comparison `{piece.text} not`", piece.start, following.end, help_, (), ((piece.start, following.end, "!="),))
    if piece.text in {"matches", "contains", "startswith", "like", "~"}:
        why = "the language has no regular expressions, so that every rule can be proven"
        return _at(piece, f"there is no comparison `{piece.text}`", "compare with one value, or with a list: `value in [A#x, A#y]`", _replace(piece, "="), why)
    if piece.text in _COMPARISONS:
        meant = _COMPARISONS[piece.text]
        return _at(piece, f"there is no comparison `{piece.text}`", f"write `{meant}`", _replace(piece, meant))
    if piece.text == ":":
        return _at(piece, "equality is written `=`", "write `=`", _replace(piece, "="))
    return None


def wrong_release(s: Situation) -> Slip | None:
    """A FHIR release in quotes, in small letters or as a number."""
    piece = s.piece()
    if "FHIRVER" not in s.kinds:
        return None
    bare = piece.text.strip('"')
    meant = _RELEASES.get(bare.lower(), bare if bare in {"R4", "R4B", "R5"} else None)
    if meant is None:
        return _at(piece, f"no such FHIR release `{bare}`", "the releases are `R4`, `R4B` and `R5`", _replace(piece, "R4")) if bare else None
    return _at(piece, f"a FHIR release is not written `{piece.text}`", f"write `{meant}`", _replace(piece, meant))


def wrong_text(s: Situation) -> Slip | None:
    """A text without quotes, a missing one, or a quote inside one."""
    piece, before = s.piece(), s.piece(-1)
    if before.kind == "string" and before.end == piece.start and piece.kind in {"word", "number", "string"} and "STRING" not in s.kinds:
        return _quote_inside(s, before)
    if "STRING" not in s.kinds or s.kinds & {"NAME", "CODE", "NUMBER", "SEMICOLON"}:
        return None
    if piece.kind in {"end", "mark"} or piece.text in _KEYWORDS_AFTER_TYPE | {"on", "as"}:
        return _at(before, f"`{before.text}` has no text", f'write a text in quotes after it: `{before.text} "..."`', _before(s, ' ""'))
    if piece.kind in {"word", "number", "path", "code"}:
        return _at(piece, f"`{piece.text}` stands without quotes", f'write `"{piece.text}"`', _replace(piece, f'"{piece.text}"'))
    return None


def _quote_inside(s: Situation, first: Piece) -> Slip | None:
    line_end = s.text.find("\n", first.start)
    line_end = len(s.text) if line_end < 0 else line_end
    last = s.text.rfind('"', first.end, line_end)
    if last < 0:
        return None
    inner = s.text[first.start + 1 : last]
    escaped = re.sub(r'(?<!\\)"', r'\\"', inner)
    help_ = 'write `\\"` for a quote inside a string'
    return Slip("CV003", 'a `"` inside the string ends it', first.end - 1, first.end, help_, (), ((first.start, last + 1, f'"{escaped}"'),))


def days_missing(s: Situation) -> Slip | None:
    """A number of days without the word, or with a unit."""
    piece = s.piece()
    if s.words != {"days"}:
        return None
    if piece.kind == "word":
        return _at(piece, f"spans of time are given in days, not `{piece.text}`", "write `days`, and their number", _replace(piece, "days"))
    return _at(s.piece(-1), "missing `days`", f"write `{s.piece(-1).text} days`", _before(s, " days"))


SLIPS: tuple[Callable[[Situation], Slip | None], ...] = (
    wrong_text, wrong_release, wrong_comparison, wrong_list, wrong_date, wrong_code, wrong_type, waiver_without_verdict,
    wrong_verdict, wrong_path, days_missing,
)  # fmt: skip
