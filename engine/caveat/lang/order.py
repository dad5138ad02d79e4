"""The order of statements in a file: the edition first, then the header, then the rest; and what is no statement at all."""

from __future__ import annotations

from caveat.lang.scan import INNER, Piece
from caveat.lang.slip import Slip

EDITION = 1

_CLAUSES = frozenset(
    {
        "as",
        "when",
        "kind",
        "because",
        "severity",
        "implemented",
        "assessed",
        "from",
        "until",
        "see",
        "record",
        "ticket",
        "approved",
        "on",
    }
)
_SETTINGS = INNER["policy"]
_GIVEN = INNER["test"]
_WHY_EDITION = "the edition says by which rules the file is read, so that an older file keeps its meaning"

Opening = tuple[Piece, ...]


def misplaced(openings: list[Opening]) -> dict[int, Slip]:
    """Return what is wrong with the order of statements, by the number of the statement.

    `openings` holds the first three pieces of each. A statement named here is not read. Number -1 speaks of the whole file.
    """
    found = {at: slip for at, opening in enumerate(openings) if (slip := _no_statement(opening))}
    found |= _editions(openings)
    headers = [at for at, opening in enumerate(openings) if opening[0].text == "policy"]
    for at in headers[1:]:
        found[at] = _slip(
            openings[at], "a file has one policy header", "merge the two headers, or split the file and `import` it"
        )
    if headers and headers[0] > 1 and any(at not in found for at in range(1, headers[0])):
        found[headers[0]] = _slip(
            openings[headers[0]], "the policy header stands after other statements", "move it to just after `caveat 1;`"
        )
    return found


def _slip(opening: Opening, message: str, help_: str, code: str = "CV003", notes: tuple[str, ...] = ()) -> Slip:
    return Slip(code, message, opening[0].start, opening[0].end, help_, notes, fatal=True)


def _editions(openings: list[Opening]) -> dict[int, Slip]:
    places = [at for at, opening in enumerate(openings) if opening[0].text.lower() == "caveat"]
    if not places and openings and (said := _not_written(openings[0])):
        return {0: _slip(openings[0], said, "write `caveat 1;`", "CV004", (_WHY_EDITION,))}
    if not places:
        start, end = (openings[0][0].start, openings[0][0].end) if openings else (0, 0)
        help_ = "write `caveat 1;` as the first line"
        return {-1: Slip("CV004", "the file does not begin with its edition", start, end, help_, (_WHY_EDITION,))}
    if places[0] > 0:
        help_ = "move it to the first line"
        first = {
            places[0]: _slip(openings[places[0]], "the edition stands after other statements", help_, "CV004", (_WHY_EDITION,))
        }
    else:
        first = _unknown(openings[0])
    later = {at: _slip(openings[at], "the file names its edition twice", "delete the second one") for at in places[1:]}
    return first | later


def _not_written(opening: Opening) -> str | None:
    """Return what is wrong with a first statement that looks like an edition under another word."""
    kinds = [piece.kind for piece in opening]
    if kinds[0] == "number":
        return "the edition has no word before its number"
    looks_so = opening[0].text in {"edition", "version"} or kinds == ["word", "number", "mark"]
    return f"the edition is not written `{opening[0].text}`" if looks_so else None


def _unknown(opening: Opening) -> dict[int, Slip]:
    number = opening[1] if len(opening) > 1 else None
    if number is None or number.text == str(EDITION) or number.text in {";", ":", "="}:
        return {}
    help_ = "write `caveat 1;`, or install a version of caveat that knows the edition"
    notes = ("this version knows edition 1",)
    return {0: Slip("CV005", f"no such edition `{number.text}`", number.start, number.end, help_, notes, fatal=True)}


def _no_statement(opening: Opening) -> Slip | None:
    word = opening[0].text
    if word == ";":
        return _slip(opening, "this `;` ends nothing", "delete it: a block in braces needs none")
    if word == "}":
        return _slip(opening, "this `}` closes nothing", "delete it, or write the `{` that it should close")
    if word == "owner":
        return _slip(opening, "`owner` stands outside a rule and outside the policy header", "move it into one of them")
    if word in _CLAUSES:
        notes = ("a rule ends at its `;`, and its clauses stand before it",)
        return _slip(opening, f"`{word}` stands outside a rule", "delete the `;` before it", notes=notes)
    if word in _SETTINGS:
        help_ = 'move it between the braces of `policy "..." version "..." { ... }`'
        return _slip(opening, f"`{word}` is a setting, and stands outside the policy header", help_)
    if word in _GIVEN:
        return _slip(opening, f"`{word}` stands outside a test", 'move it between the braces of `test "..." { ... }`')
    if word == "require":
        return _slip(
            opening,
            "`require` stands outside a `govern`",
            "move it between the braces of `govern name: definitions of ... { ... }`",
        )
    return None
