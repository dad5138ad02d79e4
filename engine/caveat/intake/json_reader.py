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
from functools import cache
from itertools import chain
from typing import Any, Final

from jiter import from_json

from caveat.intake.byte_search import count, find, translate
from caveat.intake.limits import DEEPEST, Limits
from caveat.intake.repeats import DIGITS, LEAST, expanded, shortened

NUMBER: Final = (int, Decimal, float)
"""The types of a number in a tree, for `isinstance`. One written without fraction and exponent is read as `int`, every other as
`Decimal`, which keeps its digits; `float` stands only in trees that a caller handed in. `bool` is no number, although Python
calls it an `int`: ask for it first."""

_DEFAULT: Final = Limits()
BOM: Final = b"\xef\xbb\xbf"
UTF_16: Final = (b"\xff\xfe", b"\xfe\xff")
SPACE: Final = b" \t\r\n"
_SMALL: Final = 16 * 1024  # bytes, of which the brackets are soon counted
_PLAIN: Final = frozenset({str, int, bool, type(None)})
_NUMERIC: Final = bytes(
    ord("1" if chr(byte) in "0123456789+-." else "e" if chr(byte) in "eE" else ":" if chr(byte) in ":,[]} \t\r\n" else " ")
    for byte in range(256)
)
"""What numbers are written with, the letter before an exponent, and what may stand before or behind one, each as one byte."""
_EXPONENT: Final = re.compile(rb"e111++(?=:|\Z)")
"""An exponent of three characters or more; in strings there are many that look so."""
_BEHIND: Final = re.compile(rb"[ \t\r\n]*+(?:[,\]}]|\Z)")
"""What stands behind a number."""
_FEW: Final = 64  # exponents that are looked at one by one
_MARK: Final = (
    120  # bytes of memory for what stands after a comma or in a bracket or brace; `[{},{}]` needs 116 for each of its marks
)
_COPIES: Final = 3  # the document, the document put into arrays or letters put into classes, and one to spare
_WIDEST: Final = 7  # and up to four bytes for a letter, in a string with one beyond the first plane
_BEYOND_FIRST_PLANE: Final = tuple(bytes([lead]) for lead in range(0xF0, 0xF5))
_SIGNS: Final = 64  # beside its digits a number is written with less: sign, point, zeros before it, exponent
_PLACE: Final = re.compile(r" at line ([0-9]+) column ([0-9]+)\Z")


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why there is no tree: a stable reason code in kebab-case, and one sentence that repeats nothing of the document.

    Codes: `empty`, `size`, `memory-limit`, `member-limit`, `encoding`, `duplicate-key`, `depth`, `number-limit`, `truncated`,
    `syntax`, and for trees that a caller handed in `not-json`. Other readers have their own: `xml_reader` names those of XML.
    """

    code: str
    message: str


# The reasons that other readers give too.
TOO_DEEP: Final = Unreadable("depth", "objects and arrays are nested more deeply than the limit allows")
TOO_LONG: Final = Unreadable("number-limit", "a number has more digits or a larger exponent than the limit allows")
TOO_MANY: Final = Unreadable("member-limit", "there are more properties and array elements than the limit allows")
_TOO_DENSE: Final = Unreadable("memory-limit", "the document would take more memory than the limit allows")
TOO_LARGE: Final = Unreadable("size", "the document has more bytes than the limit allows")
EMPTY: Final = Unreadable("empty", "there is no document: it has no bytes, or only white space")
NOT_UTF_8: Final = Unreadable("encoding", "the document is not UTF-8: it begins as UTF-16 or UTF-32 does")
TWO_MARKS: Final = Unreadable("encoding", "the document begins with more than one byte order mark")
_FOREIGN: Final = Unreadable(
    "not-json", "the tree holds something other than dict with str names, list, str, numbers, bool and None"
)
_NOT_FINITE: Final = Unreadable("not-json", "the tree holds a number that is infinite or no number")
_SURROGATE: Final = Unreadable("encoding", "a string has half of a surrogate pair, which is no character")

# What jiter's messages begin with, and what is said instead: they may quote names of the document, these never do.
_REASONS: Final[tuple[tuple[str, str, str], ...]] = (
    ("Detected duplicate key", "duplicate-key", "a name stands twice in one object"),
    ("recursion limit exceeded", "depth", TOO_DEEP.message),
    ("number out of range", "number-limit", TOO_LONG.message),
    ('Internal error: "InvalidOperation', "number-limit", TOO_LONG.message),
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
    text = _text(raw, limits)
    if isinstance(text, Unreadable):
        return text
    try:
        return _read(text, limits)
    except ValueError as error:
        return EMPTY if not text.strip(SPACE) else _reason(str(error))


def read_in_short(raw: bytes, limits: Limits = _DEFAULT) -> object | Unreadable:
    """Return what `read_json` returns, but for the values of objects that repeat others before them (see `intake.repeats`).

    It refuses what `read_json` refuses, and gives the same reason. Of long rows of objects it reads the first, which stands for
    the rest; that nothing is to be seen in those, the caller knows. Nothing is left out within a modifier extension.
    """
    tree = _in_short(raw, limits) if len(raw) > LEAST else None
    return read_json(raw, limits) if tree is None else tree


def _in_short(raw: bytes, limits: Limits) -> object | None:
    """Return the tree as far as it is to be read, None where all of it is."""
    text = _text(raw, limits)
    if isinstance(text, Unreadable) or min(limits.number_length, limits.exponent) < 2 * DIGITS:
        return None
    short = shortened(text)
    if short is None or short.members + _marks(short.text) > limits.members:
        return None
    try:
        tree = _read(short.text, limits)
    except ValueError:
        return None  # all of it is read, for the reason
    return None if isinstance(tree, Unreadable) else expanded(tree)


def _text(raw: bytes, limits: Limits) -> bytes | Unreadable:
    """Return what is to be parsed of `raw`, or why it is not; nothing is known yet of whether it is JSON."""
    if len(raw) > limits.bytes:
        return TOO_LARGE
    if len(raw) * (_MARK + _WIDEST) > limits.memory and _memory(raw) > limits.memory:
        return _TOO_DENSE
    if raw.startswith(b"{"):  # most documents: as few steps as possible
        return raw if 0 not in raw[:4] else NOT_UTF_8
    text = raw.removeprefix(BOM)
    if text.startswith(BOM):
        return TWO_MARKS
    if text.startswith(UTF_16) or text.find(b"\0", 0, 4) >= 0:
        return NOT_UTF_8
    return text


def unbounded(limits: Limits) -> int:
    """Return how many bytes a text may have that exceeds the limits neither of bytes nor of memory, whatever is in it."""
    return min(limits.bytes, limits.memory // (_MARK + _WIDEST))


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
        if depth > limits.depth and (any(dicts) or any(lists)):
            return TOO_DEEP
        members += sum(map(len, dicts)) + sum(map(len, lists))
        if members > limits.members:
            return TOO_MANY
        strings = [value for value in chain(values, chain.from_iterable(dicts)) if type(value) is str]
        letters += sum(map(len, strings))
        if letters > limits.bytes:
            return TOO_LARGE
        if fault := _foreign(values, dicts) or _unpaired(strings) or _numbers(values, limits):
            return fault
        values = list(chain(chain.from_iterable(map(dict.values, dicts)), chain.from_iterable(lists)))
    return None


def decimal_of(number: float | Decimal) -> Decimal:
    """Return the exact value of a number of a tree; of a `float`, the shortest decimal that names it."""
    return Decimal(repr(number)) if isinstance(number, float) else Decimal(number)


def _read(text: bytes, limits: Limits) -> object | Unreadable:
    """Parse, holding depth to `limits` at no cost: jiter itself stops at 200 objects and arrays that are not empty.

    The text is put into so many arrays that jiter's limit is ours. What comes back must be those arrays with one element
    each: a text that closes some of them and opens others leaves two elements in one, and is no JSON by itself. Whatever
    goes wrong, the text alone is parsed again for the reason.
    """
    if len(text) <= _SMALL and count(text, b"{") + count(text, b"[") <= limits.depth:
        tree = _parse(text)  # so few brackets are not deep
        return _bounded(tree, limits) if _may_exceed(text, limits) else tree
    wraps = DEEPEST - limits.depth
    try:
        tree = _unwrapped(_parse(b"".join((b"[" * wraps, text, b"]" * wraps))), wraps)
    except ValueError:
        _parse(text)
        return TOO_DEEP
    return _bounded(tree, limits) if _may_exceed(text, limits) else tree


def _bounded(tree: object, limits: Limits) -> object | Unreadable:
    """Return `tree`, or what it has too much of."""
    return _exceeds(tree, limits) or tree


def _memory(raw: bytes) -> int:
    """Return how many bytes of memory reading `raw` may take at most, from its bytes alone.

    Every property and element stands after a comma, a bracket or a brace, so that there are no more of them than of those.
    """
    width = 1 if raw.isascii() else 4 if any(find(raw, lead) >= 0 for lead in _BEYOND_FIRST_PLANE) else 2
    return len(raw) * (_COPIES + width) + _MARK * _marks(raw)


def _marks(raw: bytes) -> int:
    return count(raw, b",") + count(raw, b"[") + count(raw, b"{")


def _parse(text: bytes) -> object:
    return from_json(text, allow_inf_nan=False, cache_mode="keys", float_mode="decimal", catch_duplicate_keys=True)


def _unwrapped(value: Any, wraps: int) -> object:
    """Return what stands within so many arrays of one element; ValueError when there are others."""
    for _ in range(wraps):
        (value,) = value
    return value


def _may_exceed(text: bytes, limits: Limits) -> bool:
    """Whether a look at the tree is needed: a number may be too long or too large, or there may be too many members.

    More digits than `number_length` are more than half of that on one side of the point, and the whole of a number follows
    a colon, comma, bracket or space. An exponent of two digits, after that many digits, stays below the default limit. In
    strings such runs may stand too; they cost only the look.
    """
    if len(text) > 2 * limits.members and _marks(text) > limits.members:  # each takes two bytes at the least
        return True
    if limits.exponent < limits.number_length + 99:
        return True
    shapes, (many, alone) = translate(text, _NUMERIC), _many(limits.number_length)
    if find(shapes, many) >= 0 or shapes.startswith(alone):
        return True
    return find(shapes, b"e111") >= 0 and _may_have_exponent(text, shapes, len(many))


def _may_have_exponent(text: bytes, shapes: bytes, longest: int) -> bool:
    """Whether a number with less than `longest` characters before its exponent may have one of three characters or more.

    `text` was parsed, so that what stands before and behind a number is known.
    """
    for number, found in enumerate(_EXPONENT.finditer(shapes)):
        at = found.start()
        if number == _FEW:
            return True
        if _BEHIND.match(text, found.end()) and not shapes[max(at - longest, 0) : at].rpartition(b":")[2].strip(b"1"):
            return True
    return False


@cache
def _many(number_length: int) -> tuple[bytes, bytes]:
    """Return how a number that may be too long begins, with what stands before it, and without where it is all there is."""
    alone = b"1" * (number_length // 2 + 1)
    return b":" + alone, alone


def _exceeds(tree: object, limits: Limits) -> Unreadable | None:
    """Look at all of a tree, whose depth is known to be within the limit, for what `limits` do not allow."""
    values: list[Any] = [tree]
    members = 0
    while values:
        dicts = [value for value in values if type(value) is dict]
        lists = [value for value in values if type(value) is list]
        members += sum(map(len, dicts)) + sum(map(len, lists))
        if members > limits.members:
            return TOO_MANY
        if fault := _numbers(values, limits):
            return fault
        values = list(chain(chain.from_iterable(map(dict.values, dicts)), chain.from_iterable(lists)))
    return None


def _has_oversized(values: Iterable[object], limits: Limits) -> bool:
    return any(is_oversized(value, limits) for value in values if type(value) is Decimal)


def is_oversized(number: Decimal, limits: Limits) -> bool:
    """Whether a number exceeds `limits`; not finite is what the caller's decimal context may make of an endless exponent."""
    if not number.is_finite() or abs(number.adjusted()) > limits.exponent:
        return True
    if len(str(number)) > limits.number_length + _SIGNS:
        return True  # the digits of a very long one are not spread out
    return len(number.as_tuple().digits) > limits.number_length


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
        return TOO_LONG
    if _has_oversized(_decimals(values), limits):
        return TOO_LONG
    return None


def _reason(message: str) -> Unreadable:
    """Turn an error of jiter into a reason; of its own words only the line and the column are kept."""
    place = _PLACE.search(message)
    where = f" (line {place[1]}, column {place[2]})" if place else ""
    for start, code, sentence in _REASONS:
        if message.startswith(start):
            return Unreadable(code, sentence + where)
    return Unreadable("syntax", "the document is not JSON" + where)
