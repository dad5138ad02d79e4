"""The slips that show in one piece of text wherever it stands: foreign signs, quotes, comments, urls without quotes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from caveat.lang.scan import BLANK, OTHER_VERBS, VERBS, Piece
from caveat.lang.slip import Slip
from caveat.lang.spelling import FORBIDDEN

MAX_STRING = 4096

_LAWFUL = frozenset({"comment", "path", "code", "number", "word"})
_SIGNS = {
    "==": ("=", "equality is written `=`"),
    "===": ("=", "equality is written `=`"),
    "!==": ("!=", "inequality is written `!=`"),
    "<>": ("!=", "inequality is written `!=`"),
    "&&": ("and", "write `and`"),
    "&": ("and", "write `and`"),
    "||": ("or", "write `or`"),
    "!": ("not ", "write `not` before the condition"),
    "::": (":", "write `:`"),
    "=~": ("=", "compare with one value, or with a list: `value in [A#x, A#y]`"),
    "≠": ("!=", "inequality is written `!=`"),
    "≤": ("<=", "write `<=`"),
    "≥": (">=", "write `>=`"),
}
_NO_REGEX = "the language has no regular expressions, so that every rule can be proven"


def slips_in(text: str, pieces: list[Piece]) -> Iterator[Slip]:
    """Yield every slip that a piece is by itself, and every character that may stand nowhere."""
    for match in FORBIDDEN.finditer(text):
        yield _forbidden(match.group(), match.start())
    strange_until, before = -1, ""
    over_lines = _over_lines(pieces)
    for piece in pieces:
        if piece.kind == "strange":
            in_path = piece.text == "/" and text[piece.start - 1 : piece.start].isalnum()  # what stands before it says more
            if piece.start != strange_until and not in_path and not FORBIDDEN.match(piece.text):
                yield _strange(piece, text)
            strange_until = piece.end
        elif piece.kind in _LAWFUL:
            if piece.kind != "comment" and len(piece.text) > MAX_STRING:
                said = f"the word is too long: {len(piece.text)} characters"
                yield Slip("CV009", said, piece.start, piece.end, f"keep words to {MAX_STRING} characters", fatal=True)
        elif piece in over_lines:
            if (last := over_lines[piece]) is not None:
                yield _over_lines_slip(text, piece, last)
        elif slip := _in_piece(piece, begins=before in {"", ";", "}"}):
            yield slip
        before = before if piece.kind in BLANK else piece.text


_BEGINNINGS = VERBS | OTHER_VERBS.keys() | {
    "policy", "use", "import", "extension", "codesystem", "reads", "waive", "deprecate", "govern", "invariant", "test", "caveat",
}  # fmt: skip


def _word_in_quotes(piece: Piece) -> Slip:
    word = piece.text[1:-1]
    said = "the words of the language stand without quotes"
    return Slip("CV006", said, piece.start, piece.end, f"write `{word}`", repair=((piece.start, piece.end, word),))


def _in_piece(piece: Piece, *, begins: bool) -> Slip | None:
    if begins and piece.kind in {"quoted", "curly"} and piece.text[1:-1] in _BEGINNINGS:
        return _word_in_quotes(piece)
    match piece.kind:
        case "mark":
            return _sign(piece)
        case "string":
            return _string(piece)
        case "unclosed":
            return _unclosed(piece)
        case "quoted" | "curly":
            return _foreign_quotes(piece)
        case "url":
            return _bare_url(piece)
        case "package":
            repair = ((piece.start, piece.end, f'"{piece.text}"'),)
            said, help_ = "a package and its version stand in quotes", f'write `"{piece.text}"`'
            return Slip("CV003", said, piece.start, piece.end, help_, repair=repair)
        case "regex":
            help_ = "a pattern is a url ending in `/*` (one more segment) or `/**` (any number)"
            return Slip(
                "CV006",
                f"`{piece.text}` looks like a regular expression",
                piece.start,
                piece.end,
                help_,
                (_NO_REGEX,),
                fatal=True,
            )
        case _:
            return _foreign_comment(piece)


def _sign(piece: Piece) -> Slip | None:
    if piece.text not in _SIGNS:
        return None
    written, help_ = _SIGNS[piece.text]
    code = "CV003" if set(piece.text) <= set("=!<>") and piece.text != "!" else "CV006"
    notes = (_NO_REGEX,) if piece.text == "=~" else ()
    padded = f" {written} " if written.isalpha() else written
    repair = ((piece.start, piece.end, padded),)
    return Slip(code, f"there is no `{piece.text}` in rule files", piece.start, piece.end, help_, notes, repair)


def _string(piece: Piece) -> Slip | None:
    if len(piece.text) > MAX_STRING + 2:
        said = f"the string is too long: {len(piece.text) - 2} characters"
        return Slip("CV009", said, piece.start, piece.end, f"keep strings to {MAX_STRING} characters")
    wrong = re.search(r'\\(?:[^"\\nt/u]|u(?![0-9A-Fa-f]{4}))', re.sub(r"\\\\", "..", piece.text))
    if wrong:
        start = piece.start + wrong.start()
        help_ = 'write `\\\\` for a backslash; the escapes are `\\"`, `\\\\`, `\\/`, `\\n`, `\\t` and `\\uXXXX`'
        repair = ((start, start + 1, "\\\\"),)
        return Slip("CV006", f"no such escape `{wrong.group()}` in a string", start, start + 2, help_, repair=repair)
    half = _half_pair(piece.text)
    if half is None:
        return None
    start = piece.start + half
    help_ = "write the pair, or the character itself"
    return Slip(
        "CV006",
        f"`{piece.text[half : half + 6]}` is half a character",
        start,
        start + 6,
        help_,
        repair=((start, start + 6, "?"),),
    )


def _half_pair(literal: str) -> int | None:
    r"""Return where a `\uD800` to `\uDFFF` stands without its other half."""
    if "\\u" not in literal:
        return None
    plain = re.sub(r"\\\\", "..", literal)
    paired = re.sub(r"\\u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}", "." * 12, plain)
    match = re.search(r"\\u[dD][89a-fA-F]", paired)
    return None if match is None else match.start()


def _unclosed(piece: Piece) -> Slip:
    bare = re.sub(r"\s+//.*$|\s+$", "", piece.text)
    bare = re.sub(r"(?<=.)\s*[;,{\]]+$", "", bare)
    if bare == '"':
        said, notes = "a string on this line is not closed", ('this `"` opens a string that nothing closes',)
        return Slip("CV001", said, piece.start, piece.start + 1, 'close every string with `"` on its line', notes, fatal=True)
    end = piece.start + len(bare)
    help_ = 'close it with `"` on the same line; a line break inside a string is written `\\n`'
    repair: tuple[tuple[int, int, str], ...] = ((end, end, '"'),)
    stray = len(bare) - len(bare.rstrip("\\"))
    fatal = "\\" in bare and stray % 2 == 1
    return Slip("CV001", "the string is not closed", piece.start, end, help_, repair=() if fatal else repair, fatal=fatal)


def _over_lines(pieces: list[Piece]) -> dict[Piece, Piece | None]:
    """Return the strings that begin on one line and end on another, by their pieces: the last by the first, None by the last."""
    found: dict[Piece, Piece | None] = {}
    first: Piece | None = None
    for piece in pieces:
        if piece.kind == "mark" and piece.text in {";", "{", "}"}:
            first = None
        elif piece.kind == "unclosed" and first is None:
            first = piece
        elif piece.kind == "unclosed" and first is not None:
            found |= {first: piece, piece: None} if re.match(r'"\s*(?:;|$|[a-z]+ )', piece.text) else {}
            first = None
    return found


def _over_lines_slip(text: str, first: Piece, last: Piece) -> Slip:
    end = last.start + 1
    inner = " ".join(text[first.start + 1 : last.start].replace("\\", "\\\\").split())
    help_ = "write it on one line; a line break inside a string is written `\\n`"
    repair = ((first.start, end, f'"{inner}"'),)
    return Slip("CV001", "the string is not closed on its line", first.start, first.end, help_, repair=repair)


def _foreign_quotes(piece: Piece) -> Slip:
    inner = piece.text[1:-1].replace("\\", "\\\\").replace('"', '\\"')
    which = (
        "angle brackets"
        if piece.text[0] == "<"
        else "single quotes"
        if piece.text[0] == "'"
        else "backquotes"
        if piece.text[0] == "`"
        else "typographic quotes"
    )
    repair = ((piece.start, piece.end, f'"{inner}"'),)
    help_ = f'write `"{piece.text[1:-1]}"`'
    return Slip("CV006", f'strings stand between `"`, not {which}', piece.start, piece.end, help_, repair=repair)


def _bare_url(piece: Piece) -> Slip:
    repair = ((piece.start, piece.end, f'"{piece.text}"'),)
    notes = ("without quotes the text from `//` on would be a comment",) if "//" in piece.text else ()
    return Slip("CV003", "a url stands between quotes", piece.start, piece.end, f'write `"{piece.text}"`', notes, repair)


def _foreign_comment(piece: Piece) -> Slip:
    sign = piece.text[0] if piece.text.startswith("#") else "/* */" if piece.text.startswith("/*") else piece.text[:2]
    sign = "<!-- -->" if piece.text.startswith("<!") else sign
    first = piece.text.split("\n", 1)[0]
    repair = ((piece.start, piece.end, " "),)
    return Slip(
        "CV006", f"`{sign}` is no comment here", piece.start, piece.start + len(first), "comments begin with `//`", repair=repair
    )


def _named(char: str) -> str:
    return f"U+{ord(char):04X} {unicodedata.name(char, '')}".strip()


def _forbidden(char: str, at: int) -> Slip:
    notes = ("it is invisible, and can make a person read another rule than the one in force",)
    help_ = f"delete it; inside a string it is written `\\u{ord(char):04X}`" if char != "\r" else "end lines with a line feed"
    return Slip("CV006", f"no such character {_named(char)}", at, at + 1, help_, notes, ((at, at + 1, " "),))


_VARIABLE = re.compile(r"[$%][A-Za-z][\w.-]*")
_SYSTEM_IN_QUOTES = re.compile(r'"([A-Za-z]\w*)"$')
_CODE = re.compile(r"[A-Za-z0-9](?:[\w.-]*\w)?")
_WIDTH = 80
_UNTIL = re.compile(r"-\s*[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _variable(name: str, piece: Piece) -> Slip:
    """Return the slip of a name as FHIRPath or FHIR Shorthand marks it."""
    of_condition = name.startswith("%") or name.partition(".")[0] == "$this"
    written = "value" if of_condition else name[1:]
    why = (
        "conditions speak of the modifier's value and its parts alone" if of_condition else "names are written as they are given"
    )
    end = piece.start + len(name)
    repair = ((piece.start, end, written),)
    return Slip("CV006", f"there is no `{name}` in rule files", piece.start, end, f"write `{written}`", (why,), repair)


def _strange(piece: Piece, text: str) -> Slip:
    char = piece.text
    variable = _VARIABLE.match(text, piece.start) if char in "$%" else None
    if variable:
        return _variable(variable.group(), piece)
    system = _SYSTEM_IN_QUOTES.search(text, max(0, piece.start - _WIDTH), piece.start) if char == "#" else None
    code = _CODE.match(text, piece.end)
    if system and code:
        written = f"{system[1].upper()}#{code.group()}"
        why = "names of code systems are written in upper case, without quotes"
        repair = ((system.start(), code.end(), written),)
        said = f"`{text[system.start() : code.end()]}` is no code"
        return Slip("CV006", said, system.start(), code.end(), f"write `{written}`", (why,), repair)
    if char == "-" and _UNTIL.match(text, piece.start):
        repair = ((piece.start, piece.end, " until "),)
        return Slip("CV006", "two dates are joined by `until`, not `-`", piece.start, piece.end, "write `until`", repair=repair)
    if char in _SIGNS:
        written, help_ = _SIGNS[char]
        return Slip(
            "CV006",
            f"there is no `{char}` in rule files",
            piece.start,
            piece.end,
            help_,
            repair=((piece.start, piece.end, written),),
        )
    said, help_ = f"no such character `{char}`", "outside strings and comments rule files are plain ASCII"
    written = "x" if char.isalpha() else "-" if unicodedata.category(char) == "Pd" else " "
    if char.isspace():
        said, help_ = f"no such white space: {_named(char)}", "type a plain space"
    elif char.isascii():
        help_ = "delete it"
    elif written == "-":
        help_ = "write a plain `-`"
    return Slip("CV006", said, piece.start, piece.end, help_, repair=((piece.start, piece.end, written),))
