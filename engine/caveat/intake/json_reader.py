"""Read JSON strictly: one tree that every conforming reader would see too, or the reason why there is none.

Rule 1: a name that stands twice in one object is refused, wherever and however it is spelt, because readers differ on which
one counts (FHIR R4 2.6.2: "Property names SHALL be unique").
Rule 2: what is refused is refused whole; no tree is returned in part.
Rule 3: bad data is an `Unreadable`, never an exception, and no message repeats anything of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from typing import Any, Final

import jiter

from caveat.intake.byte_search import count, find, translate
from caveat.intake.limits import Limits

NUMBER: Final = (int, Decimal, float)
"""The types of a number in a tree, for `isinstance`. One written without fraction and exponent is read as `int`, every other as
`Decimal`, which keeps its digits; `float` stands only in trees that a caller handed in. `bool` is no number, although Python
calls it an `int`: ask for it first."""

_DEFAULT: Final = Limits()
_BOM: Final = b"\xef\xbb\xbf"
_UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
_SPACE: Final = b" \t\r\n"
_SPACED_COLONS: Final = (b" :", b"\t:", b"\r:", b"\n:")
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_DIGITS: Final = bytes(ord("1") if byte in b"0123456789" else ord(" ") for byte in range(256))
_PLACE: Final = re.compile(r" at line ([0-9]+) column ([0-9]+)\Z")
# Below this size the parse that catches duplicates costs no more than the proof that there are none (measured).
_PROOF_PAYS: Final = 1024


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why there is no tree: a stable reason code in kebab-case, and one sentence that repeats nothing of the document.

    Codes: `empty`, `size`, `encoding`, `duplicate-key`, `depth`, `number-limit`, `truncated`, `syntax`, and for trees that a
    caller handed in `not-json`.
    """

    code: str
    message: str


_TOO_DEEP: Final = Unreadable("depth", "objects and arrays are nested more deeply than the limit allows")
_TOO_LONG: Final = Unreadable("number-limit", "a number has more digits or a larger exponent than the limit allows")
_TOO_MANY: Final = Unreadable("size", "there are more properties and array elements than the limit allows")
_TOO_LARGE: Final = Unreadable("size", "the document has more bytes than the limit allows")
_EMPTY: Final = Unreadable("empty", "there is no document: it has no bytes, or only white space")
_NOT_UTF_8: Final = Unreadable("encoding", "the document is not UTF-8: it begins as UTF-16 or UTF-32 does")
_TWO_MARKS: Final = Unreadable("encoding", "the document begins with more than one byte order mark")
_FOREIGN: Final = Unreadable(
    "not-json", "the tree holds something other than dict with str names, list, str, numbers, bool and None"
)
_NOT_FINITE: Final = Unreadable("not-json", "the tree holds a number that is infinite or no number")
_SURROGATE: Final = Unreadable("encoding", "a string has half of a surrogate pair, which is no character")

# What jiter's messages begin with, and what is said instead: they may quote names of the document, these never do.
_REASONS: Final[tuple[tuple[str, str, str], ...]] = (
    ("Detected duplicate key", "duplicate-key", "a name stands twice in one object"),
    ("recursion limit exceeded", "depth", _TOO_DEEP.message),
    ("number out of range", "number-limit", _TOO_LONG.message),
    ('Internal error: "InvalidOperation', "number-limit", _TOO_LONG.message),
    ("invalid unicode code point", "encoding", "a string is not UTF-8"),
    ("lone leading surrogate in hex escape", "encoding", _SURROGATE.message),
    ("unexpected end of hex escape", "encoding", _SURROGATE.message),
    ("EOF while parsing", "truncated", "the document ends before it is complete"),
    ("trailing characters", "syntax", "something follows the document's one value"),
)


def read_json(raw: bytes, limits: Limits = _DEFAULT) -> object | Unreadable:
    """Return the value that `raw` spells, or why it is not read; the caller checks that it is an object.

    UTF-8 only; one byte order mark is passed over. A tree has `dict`, `list`, `str`, `bool`, `None` and numbers (see
    `NUMBER`). Beyond RFC 8259 it refuses duplicate names, halves of surrogate pairs, and what exceeds `limits`.
    """
    if len(raw) > limits.bytes:
        return _TOO_LARGE
    text = raw.removeprefix(_BOM)
    if text.startswith(_BOM):
        return _TWO_MARKS
    if text.startswith(_UTF_16) or b"\0" in text[:4]:
        return _NOT_UTF_8
    try:
        return _read(text, limits)
    except ValueError as error:
        return _EMPTY if not text.strip(_SPACE) else _reason(str(error))


def inspect_tree(tree: object, limits: Limits = _DEFAULT) -> Unreadable | None:
    """Return why a tree that a caller handed in is not one that `read_json` could have returned, None when it is.

    Only the exact types `dict` (with `str` names), `list`, `str`, `bool`, `int`, `None`, finite `Decimal` and `float`: a
    subclass or a tuple could show one thing here and another to the application. Cycles end at the depth limit, shared parts
    count as often as they are reached. Names that stood twice are lost before, and cannot be seen any more.
    """
    values: list[Any] = [tree]
    members = letters = depth = 0
    while values:
        depth += 1
        dicts = [value for value in values if type(value) is dict]
        lists = [value for value in values if type(value) is list]
        if (dicts or lists) and depth > limits.depth:
            return _TOO_DEEP
        members += sum(map(len, dicts)) + sum(map(len, lists))
        if members > limits.members:
            return _TOO_MANY
        strings = [value for value in chain(values, chain.from_iterable(dicts)) if type(value) is str]
        letters += sum(map(len, strings))
        if letters > limits.bytes:
            return _TOO_LARGE
        if fault := _foreign(values, dicts) or _unpaired(strings) or _numbers(values, limits):
            return fault
        values = list(chain(chain.from_iterable(map(dict.values, dicts)), chain.from_iterable(lists)))
    return None


def decimal_of(number: float | Decimal) -> Decimal:
    """Return the exact value of a number of a tree; of a `float`, the shortest decimal that names it."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def _read(text: bytes, limits: Limits) -> object | Unreadable:
    """Parse, and prove that no name stands twice; ValueError by jiter where the text is not JSON.

    The parse that catches duplicates costs half as much again as the one that keeps the last of them, so a large document
    gets the quick one, and then a proof by counting. Say that the text is valid JSON, which the quick parse shows, and that
    no white space stands before any colon. Then the closing quote of each of the K names written in it is followed at once
    by its colon, so the two bytes `":` stand in it K + e times, e >= 0 being those within strings. Each name that repeats
    another is lost from the tree with all that is below it, so the tree has K - d names, and d = 0 exactly if none repeats.
    Where both counts agree, e + d = 0, so d = 0. Where they do not, nothing is shown, and the other parse is the judge.
    """
    proves = len(text) >= _PROOF_PAYS and all(find(text, needle) < 0 for needle in _SPACED_COLONS)
    tree = _parse(text, catch_duplicates=not proves)
    names = _measure(tree, limits)
    if isinstance(names, Unreadable):
        return names
    if proves and names != count(text, b'":'):
        tree = _parse(text, catch_duplicates=True)
    if _has_long_digits(text, limits) and any(_is_long(number, limits) for number in _integers(tree)):
        return _TOO_LONG
    return tree


def _parse(text: bytes, *, catch_duplicates: bool) -> object:
    return jiter.from_json(
        text, allow_inf_nan=False, cache_mode="keys", float_mode="decimal", catch_duplicate_keys=catch_duplicates
    )


def _measure(tree: object, limits: Limits) -> int | Unreadable:
    """Return how many names the tree has, in one pass by levels that also holds depth, members and fractions to `limits`."""
    level: list[Any] = [tree] if type(tree) not in _PLAIN else []
    names = elements = depth = 0
    while level:
        dicts = [value for value in level if type(value) is dict]
        lists = [value for value in level if type(value) is list]
        if len(dicts) + len(lists) < len(level) and _has_oversized(level, limits):
            return _TOO_LONG
        depth += bool(dicts or lists)
        if depth > limits.depth:
            return _TOO_DEEP
        names += sum(map(len, dicts))
        elements += sum(map(len, lists))
        if names + elements > limits.members:
            return _TOO_MANY
        below = chain(chain.from_iterable(map(dict.values, dicts)), chain.from_iterable(lists))
        level = [value for value in below if type(value) not in _PLAIN]
    return names


def _has_oversized(values: Iterable[object], limits: Limits) -> bool:
    return any(_is_oversized(value, limits) for value in values if type(value) is Decimal)


def _is_oversized(number: Decimal, limits: Limits) -> bool:
    """Whether a number exceeds `limits`; not finite is what the caller's decimal context may make of an endless exponent."""
    if not number.is_finite() or abs(number.adjusted()) > limits.exponent:
        return True
    return len(number.as_tuple().digits) > limits.number_length


def _has_long_digits(text: bytes, limits: Limits) -> bool:
    """Whether so many digits stand in a row that an integer may be longer than `limits` allow; in a string they may."""
    return b"1" * limits.number_length in translate(text, _DIGITS)


def _integers(tree: object) -> Iterable[int]:
    """Yield the integers of a tree whose depth is known to be within the limit."""
    values: list[Any] = [tree]
    while values:
        yield from (value for value in values if type(value) is int)
        dicts = (value.values() for value in values if type(value) is dict)
        lists = (value for value in values if type(value) is list)
        values = list(chain(chain.from_iterable(dicts), chain.from_iterable(lists)))


def _is_long(number: int, limits: Limits) -> bool:
    """Whether an integer has more digits than `limits` allow; compared as numbers, for Python may refuse to write it."""
    bound: int = 10**limits.number_length
    return abs(number) >= bound


def _foreign(values: Sequence[object], dicts: Sequence[dict[object, object]]) -> Unreadable | None:
    """Say that something in a caller's tree is not of JSON's types."""
    kinds = {type(value) for value in values} - _PLAIN - {dict, list, float, Decimal}
    if kinds or any(type(name) is not str for name in chain.from_iterable(dicts)):
        return _FOREIGN
    if not all(number.is_finite() for number in _decimals(values)):
        return _NOT_FINITE
    return None


def _decimals(values: Sequence[object]) -> Iterable[Decimal]:
    return (decimal_of(value) for value in values if type(value) is float or type(value) is Decimal)


def _unpaired(strings: Iterable[str]) -> Unreadable | None:
    """Say that a string of a caller's tree has a lone surrogate, which UTF-8 cannot spell."""
    try:
        "".join(strings).encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE
    return None


def _numbers(values: Sequence[object], limits: Limits) -> Unreadable | None:
    """Say that a number of a caller's tree exceeds `limits`."""
    if any(_is_long(value, limits) for value in values if type(value) is int):
        return _TOO_LONG
    if _has_oversized(_decimals(values), limits):
        return _TOO_LONG
    return None


def _reason(message: str) -> Unreadable:
    """Turn an error of jiter into a reason; of its own words only the line and the column are kept."""
    place = _PLACE.search(message)
    where = f" (line {place[1]}, column {place[2]})" if place else ""
    for start, code, sentence in _REASONS:
        if message.startswith(start):
            return Unreadable(code, sentence + where)
    return Unreadable("syntax", "the document is not JSON" + where)
