"""The slips in what a statement says: paths, types, dates, verdicts, releases, texts without quotes."""

from __future__ import annotations

import re
from collections.abc import Callable

from caveat.lang import slips_in_conditions, slips_of_choices
from caveat.lang.scan import VERBS, Piece
from caveat.lang.slip import Situation, Slip, put_before, put_for, slip_at
from caveat.lang.slips_of_order import ANYWHERE

_KEYWORDS_AFTER_TYPE = frozenset(
    {"when", "kind", "because", "owner", "severity", "implemented", "assessed", "from", "until", "see", "record"}
)
_RELEASES = {
    "4.0.1": "R4",
    "4.0": "R4",
    "4.3.0": "R4B",
    "4.3": "R4B",
    "5.0.0": "R5",
    "5.0": "R5",
    "r4": "R4",
    "r4b": "R4B",
    "r5": "R5",
}
_MONTHS = 12


_KEYWORDS = _KEYWORDS_AFTER_TYPE | {"as", "on", "version", "ticket", "approved", "by", "for", "use", "removed", "and", "or", "at"}
_MISSING = {
    "PATH": "a path, such as `ImagingStudy.series`",
    "DTYPE": "a type, such as `CodeableConcept`",
    "DATE": "a date, such as `2026-06-30`",
    "FHIRVER": "a release: `R4`, `R4B` or `R5`",
    "WAIVED": "`warn`, `exclude`, `narrative` or `review`",
    "DEFAULT": "`reject`, `review` or `exclude`",
    "VERDICT": "a verdict, such as `reject`",
    "CODE": 'a value, such as `DCM#113001`, `true` or `"text"`',
    "INTENT": "`read` or `modify`",
    "STATUS": "`draft`, `active` or `retired`",
    "NAME": "a name",
    "INT": "a whole number, such as `90`",
    "KIND": "what kind of modifier it is",
    "SEVERITY": "`critical`, `high`, `medium` or `low`",
}


def value_missing(s: Situation) -> Slip | None:
    """Catch a keyword or a closing mark where a value must stand."""
    piece, before = s.piece(), s.piece(-1)
    kind = next((kind for kind in _MISSING if kind in s.kinds), None)
    if kind is None or (
        piece.text not in _KEYWORDS and piece.text not in {";", ",", "]", ")", "}", "{", ":", "|"} and piece.kind != "end"
    ):
        return None
    if piece.text in s.words or (s.kinds & {"SEMICOLON", "COMMA", "ELEMENT"}):
        return None
    if s.verb == "caveat":
        return slip_at(before, "the edition has no number", "write `caveat 1;`", put_before(s, " 1"))
    end = "the end" if piece.kind == "end" else f"`{piece.text}`"
    return slip_at(before, f"nothing stands between `{before.text}` and {end}", f"write {_MISSING[kind]}", ())


def wrong_path(s: Situation) -> Slip | None:
    """Catch a path with an index, a capital or small letter in the wrong place, quotes, or another separator."""
    begin = _path_begins(s)
    match = None if begin is None else _LIKE_A_PATH.match(s.text, begin)
    if begin is None or match is None:
        return None
    found = match.group().strip('"')
    if found in ANYWHERE:
        return slip_at(s.piece(), f"there is no path `{found}`", "write `*.**` for anywhere", put_for(s.piece(), "*.**"))
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
    """Catch a type without `as`, `as` without a type, or types in a list with commas."""
    piece, before = s.piece(), s.piece(-1)
    if s.piece(-2).text == "as" and before.text in _KEYWORDS_AFTER_TYPE and s.verb in VERBS:
        gone = s.piece(-2)
        return slip_at(
            gone, "`as` names no type", "write a type after it, such as `as CodeableConcept`, or delete it", put_for(gone, " ")
        )
    types = s.kinds & {"VBAR"}
    if types and piece.text in {",", "or", "/"} and re.match(r"[A-Za-z]", s.piece(1).text) and s.piece(1).text not in s.words:
        return slip_at(piece, f"types are listed with `|`, not `{piece.text}`", "write `|`", put_for(piece, "|"))
    if (
        "as" in s.words
        and s.verb in VERBS
        and re.fullmatch(r"[A-Z][A-Za-z]+|boolean|string|code|integer|decimal|date(?:Time)?|uri", piece.text)
    ):
        return slip_at(piece, f"missing `as` before the type `{piece.text}`", f"write `as {piece.text}`", put_before(s, " as"))
    return None


def wrong_verdict(s: Situation) -> Slip | None:
    """Catch a word where one of a few verdicts must stand."""
    piece = s.piece()
    lower = piece.text.lower()
    others = {
        "deny": "reject",
        "block": "reject",
        "forbid": "reject",
        "allow": "accept",
        "understand": "accept",
        "understood": "accept",
    }
    if piece.kind != "word" or not {"exclude", "review"} <= s.words:
        return None
    if lower in s.words:
        return slip_at(piece, f"`{piece.text}` is written in lower case", f"write `{lower}`", put_for(piece, lower))
    if s.verb == "waive":
        why = "a waiver softens to `warn`, `exclude`, `narrative` or `review`; it never accepts and need not reject"
        return slip_at(piece, f"a waiver cannot give `{piece.text}`", "write one of these four", put_for(piece, "review"), why)
    if others.get(lower) in s.words:
        return slip_at(piece, f"there is no verdict `{piece.text}`", f"write `{others[lower]}`", put_for(piece, others[lower]))
    if s.verb == "policy":
        why = "a default is `reject`, `review` or `exclude`: what no rule names is never understood"
        return slip_at(piece, f"a default cannot be `{piece.text}`", "write `reject` or `review`", put_for(piece, "reject"), why)
    return None


def waiver_without_verdict(s: Situation) -> Slip | None:
    """Catch a waiver that does not say what it gives instead."""
    piece = s.piece()
    if s.verb != "waive" or "as" not in s.words or piece.kind == "path":
        return None
    if piece.text in {"to", "give", "gives", "="}:
        return slip_at(piece, f"what a waiver gives stands after `as`, not `{piece.text}`", "write `as`", put_for(piece, "as"))
    if piece.text in {"warn", "exclude", "narrative", "review"}:
        return slip_at(piece, f"missing `as` before `{piece.text}`", f"write `as {piece.text}`", put_before(s, " as"))
    if piece.text in {"from", "until", "owner", "because", "ticket", "approved", ";"}:
        return slip_at(
            s.piece(-1),
            "the waiver does not say what it gives instead",
            "write `as review`, or another of `warn`, `exclude`, `narrative`",
            put_before(s, " as review"),
        )
    return None


def wrong_date(s: Situation) -> Slip | None:
    """Catch a date in quotes, day first, with slashes, or without a day."""
    piece = s.piece()
    if piece.kind == "number" and piece.start < s.offset and "T" in piece.text:
        why = "dates are written year, month, day; a rule holds for whole days, in UTC"
        return slip_at(piece, "a date has no time", f"write `{piece.text[:10]}`", put_for(piece, piece.text[:10]), why)
    named = _MONTH_NAMED.match(s.text, piece.start)
    if "DATE" in s.kinds and named is not None and piece.kind in {"number", "word"} and (meant := _month_named(named)):
        repair = ((piece.start, named.end(), meant),)
        why = "dates are written year, month, day, without quotes"
        said = f"`{named.group()}` is no date here"
        return Slip("CV003", said, piece.start, named.end(), f"write `{meant}`", (why,), repair)
    if (
        "DATE" not in s.kinds
        or piece.kind not in {"string", "number", "word"}
        or ("STRING" in s.kinds and piece.kind == "string")
    ):
        return None
    if "NUMBER" in s.kinds and not re.search(r"[0-9][./:-][0-9]+[./:-][0-9]", piece.text):
        return None
    meant = _date(piece.text.strip('"'))
    why = "dates are written year, month, day, without quotes"
    if meant is None:
        return slip_at(piece, f"`{piece.text}` is no date", "write it as `2026-06-30`", (), why) if piece.kind != "word" else None
    return slip_at(piece, f"`{piece.text}` is no date here", f"write `{meant}`", put_for(piece, meant), why)


def _date(text: str) -> str | None:
    match = re.match(r"(\d{4})[-./]?(\d\d?)(?:[-./]?(\d\d?))?(?:T.*)?$", text)
    if match:
        return f"{match[1]}-{int(match[2]):02}-{int(match[3] or 1):02}"
    match = re.match(r"(\d\d?)[-./](\d\d?)[-./](\d{4}|\d\d)$", text)
    if not match:
        return None
    year = match[3] if len(match[3]) > 2 else f"20{match[3]}"  # noqa: PLR2004 - the digits of a short year
    day, month = (match[1], match[2]) if int(match[2]) <= _MONTHS else (match[2], match[1])
    return f"{year}-{int(month):02}-{int(day):02}"


_MONTH_NAMED = re.compile(r"(?:([A-Za-z]{3,9})\.?[ -])?(\d\d?)(?:st|nd|rd|th)?[.,]?[ -]*(?:([A-Za-z]{3,9})\.?,?[ -]*)?(\d{4})\b")
_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905 - twelve names
_OTHER_NAMES = {"mai": 5, "mär": 3, "okt": 10, "dez": 12, "fév": 2, "avr": 4, "aoû": 8, "jui": 6}


def _month_named(match: re.Match[str]) -> str | None:
    word = (match[1] or match[3] or "").lower()[:3]
    month = _NAMES.index(word) + 1 if word in _NAMES else _OTHER_NAMES.get(word)
    return None if month is None else f"{match[4]}-{month:02}-{int(match[2]):02}"


def wrong_release(s: Situation) -> Slip | None:
    """Catch a FHIR release in quotes, in small letters or as a number."""
    piece = s.piece()
    if "FHIRVER" not in s.kinds:
        return None
    bare = piece.text.strip('"')
    meant = _RELEASES.get(bare.lower(), bare if bare in {"R4", "R4B", "R5"} else None)
    if meant is None:
        return (
            slip_at(piece, f"no such FHIR release `{bare}`", "the releases are `R4`, `R4B` and `R5`", put_for(piece, "R4"))
            if bare
            else None
        )
    return slip_at(piece, f"a FHIR release is not written `{piece.text}`", f"write `{meant}`", put_for(piece, meant))


def wrong_text(s: Situation) -> Slip | None:
    """Catch a text without quotes, a missing one, or a quote inside one."""
    piece, before = s.piece(), s.piece(-1)
    if (
        before.kind == "string"
        and before.end == piece.start
        and piece.kind in {"word", "number", "string"}
        and "STRING" not in s.kinds
    ):
        return _quote_inside(s, before)
    if "STRING" not in s.kinds or s.kinds & {"NAME", "CODE", "NUMBER", "SEMICOLON"}:
        return None
    if piece.kind in {"end", "mark"} or piece.text in _KEYWORDS:
        if before.text == "resource":
            help_ = 'write the name of a file after it: `resource "fixtures/study.json"`'
            return slip_at(before, "`resource` names no file", help_, put_before(s, ' ""'))
        return slip_at(
            before,
            f"`{before.text}` has no text",
            f'write a text in quotes after it: `{before.text} "..."`',
            put_before(s, ' ""'),
        )
    if piece.kind not in {"word", "number", "path", "code"}:
        return None
    end = _run(s)
    run = " ".join(s.text[piece.start : end].split())
    said = run if len(run) <= _SHORT else f"{run[:_SHORT]}..."
    return Slip(
        "CV003", f"`{said}` stands without quotes", piece.start, end, f'write `"{said}"`', (), ((piece.start, end, f'"{run}"'),)
    )


_SHORT = 60


def _run(s: Situation) -> int:
    """Return the end of the words that were meant as one text: until the next clause, mark or line."""
    end = s.piece().end
    for at in range(s.at + 1, len(s.pieces)):
        piece, following = s.pieces[at], s.piece(at + 1 - s.at)
        clause = piece.text in _KEYWORDS and following.kind in {"string", "number", "code", "unclosed"}
        inside = piece.kind in {"word", "number", "path", "strange"} and '"' not in piece.text
        if clause or not inside or "\n" in s.text[end : piece.start] or (s.verb not in VERBS and end != piece.start):
            break
        if piece.text in {"as", "version"} and s.verb not in VERBS:
            break
        end = piece.end
    return end


def _quote_inside(s: Situation, first: Piece) -> Slip | None:
    line_end = s.text.find("\n", first.start)
    line_end = len(s.text) if line_end < 0 else line_end
    last = s.text.rfind('"', first.end, line_end)
    if last < 0:
        return None
    inner = s.text[first.start + 1 : last]
    escaped = re.sub(r'(?<!\\)"', r'\\"', inner)
    help_ = 'write `\\"` for a quote inside a string'
    return Slip(
        "CV003",
        'a `"` inside the string ends it',
        first.end - 1,
        first.end,
        help_,
        (),
        ((first.start, last + 1, f'"{escaped}"'),),
    )


def days_missing(s: Situation) -> Slip | None:
    """Catch a number of days without the word, or with a unit."""
    piece = s.piece()
    if s.words != {"days"}:
        return None
    if piece.kind == "word":
        return slip_at(
            piece,
            f"spans of time are given in days, not `{piece.text}`",
            "write `days`, and their number",
            put_for(piece, "days"),
        )
    return slip_at(s.piece(-1), "missing `days`", f"write `{s.piece(-1).text} days`", put_before(s, " days"))


SLIPS: tuple[Callable[[Situation], Slip | None], ...] = (
    slips_of_choices.word_of_clause, value_missing, wrong_text, wrong_release, *slips_in_conditions.SLIPS, wrong_date,
    wrong_type, waiver_without_verdict, wrong_verdict, slips_of_choices.one_of_few, wrong_path, days_missing,
)  # fmt: skip
