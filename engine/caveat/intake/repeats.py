r"""Leaves out of a long JSON text the objects that repeat the one before them in all but their values, so that less is read.

What is claimed: where `shortened(text)` is a JSON text without duplicate names, so is `text`. The tree of `text` is that of the
shortened one, `expanded`, but for the values of what was left out: there each object has the names of the one before it in the
same order, the same structure, and values of the same kinds. That those may be passed over is for the caller to prove.

Why it is sound. A run is a row of objects with commas between, each matched whole by one expression: all have the names of the
first, spelt as they are, and where it has a string, a number or a boolean they have one, written in the plainest way: strings
of ASCII without backslash or control characters, numbers of few digits without exponent. Names are words of letters and digits.
1. So each of them is by itself JSON, as deep as the first, and a name stands twice in it only if one does in the first, which
   stays.
2. The text before the first is the same in both texts, so a reader is in the same state there: not within a string, for the quote
   after `{` would end that, and no letter can follow it; past a comma, then, where only an array takes an object.
3. After the first, and so after each of the run, a reader is in one state: past an element of this array. What follows the run is
   the same in both texts.
4. The string that stands for what was left out begins with a NUL. A text that may spell one by itself is not shortened.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple

from caveat.domain.decision import EXTENSIONS, MODIFIERS, RULES
from caveat.intake.byte_search import count, find

LEAST: Final = 64 * 1024
"""Bytes, from which on it pays to look for repeats."""
DIGITS: Final = 15
"""How many digits a number that is left out has at most, on either side of its point."""
_BETWEEN: Final = b'},{"'
_MARK: Final = "\0"
_NUL: Final = rb"\u0000"
_LONGEST: Final = 2_048  # bytes of an object that may repeat
_FEWEST: Final = 16  # objects in a row that are worth leaving out
_TRIES: Final = 8  # places that are looked at for nothing, and one more for each so many bytes left out
_TRY: Final = 16 * 1024
_NEVER: Final = frozenset({MODIFIERS, EXTENSIONS, RULES, "resourceType", "contained"})  # names of what is never left out
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*\Z")
_STRING: Final = rb'"[ !#-\[\]-~]*+"'
NUMBER: Final = rb"-?+(?:0|[1-9][0-9]{0,%d}+)(?:\.[0-9]{1,%d}+)?+" % (DIGITS - 1, DIGITS)
"""The expression for such a number: plainly written, and without an exponent."""
_NEITHER: Final = b"(?!)"
_HOLDERS: Final[frozenset[type]] = frozenset({dict, list})
_SCANNER: Final = json.JSONDecoder(object_pairs_hook=tuple)


@dataclass(frozen=True, slots=True)
class Shortened:
    """A text without its repeats; `members` counts the properties and array elements in what was left out."""

    text: bytes
    members: int


class _Run(NamedTuple):
    """A row of objects: where the first begins and ends, where the last ends, and how many members the others have."""

    first: int
    behind: int
    end: int
    number: int
    members: int


def shortened(text: bytes) -> Shortened | None:
    """Return `text` without its repeats, None where less than half would be left out, or one might not be told from the text."""
    if find(text, _NUL) >= 0:
        return None
    kept: list[bytes] = []
    start = left_out = members = 0
    tries = _TRIES
    at = find(text, _BETWEEN)
    while at >= 0 and tries + left_out // _TRY > 0:
        run = _run_at(text, at + 2)
        if run is None:
            tries, at = tries - 1, text.find(_BETWEEN, at + 2)
            continue
        kept += [text[start : run.behind], b',"%s%d"' % (_NUL, run.number)]
        start, left_out, members = run.end, left_out + run.end - run.behind, members + run.members
        at = text.find(_BETWEEN, run.end - 1)
    kept.append(text[start:])
    return Shortened(b"".join(kept), members) if 2 * left_out > len(text) else None


def expanded(tree: Any) -> Any:
    """Return `tree`, read from a shortened text, with each object that was followed by others repeated for these; None is none.

    None also where something was left out within a modifier extension, which must be seen as it is. The tree is changed.
    """
    pending = [tree]
    while pending:
        value = pending.pop()
        if value.__class__ is list:
            pending += [item for item in value if item.__class__ in _HOLDERS]
            if any(_is_mark(item) for item in value):
                value[:] = _filled(value)
        else:
            if MODIFIERS in value and _has_mark(value[MODIFIERS]):
                return None
            pending += [value[key] for key in value if key != MODIFIERS and value[key].__class__ in _HOLDERS]
    return tree


def _is_mark(value: Any) -> bool:
    return value.__class__ is str and value.startswith(_MARK)


def _has_mark(value: Any) -> bool:
    """Return whether something was left out anywhere in a value."""
    pending: list[Any] = [value]
    while pending:
        at = pending.pop()
        if _is_mark(at):
            return True
        if isinstance(at, dict):
            pending += at.values()
        elif isinstance(at, list):
            pending += at
    return False


def _filled(group: list[Any]) -> list[Any]:
    """Return an array with the object before each mark in its place, as often as the mark says."""
    filled: list[Any] = []
    for item in group:
        filled += [filled[-1]] * int(item[1:]) if _is_mark(item) else [item]
    return filled


def _run_at(text: bytes, first: int) -> _Run | None:
    """Return the row of objects alike that begins at `first`; None where it is too short to be worth it."""
    sample = text[first : first + _LONGEST]
    try:
        found, size = _SCANNER.raw_decode(sample.decode("ascii"))
    except (ValueError, RecursionError):  # beyond ASCII, or longer than what was looked at
        return None
    if not text.startswith(b"," + sample[:4], first + size):
        return None
    row = _row(_pattern(found))
    if row.fullmatch(b"," + sample[:size]) is None:
        return None
    match = row.match(text, first + size)
    end = match.end() if match else first + size  # it always matches, if nothing
    name = b'"%s":' % found[0][0].encode()
    number = count(text, name, first + size, end) // count(sample, name, 0, size)
    return _Run(first, first + size, end, number, number * _members(found)) if number >= _FEWEST else None


@lru_cache(maxsize=64)
def _row(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"(?:,%s)*+" % pattern)


def _pattern(value: Any) -> bytes:
    """Return the expression for all values like this one; one that matches nothing where it holds what may not be left out.

    An object is a tuple of pairs here, so that a name that stands twice is seen twice.
    """
    if isinstance(value, str):
        return _STRING
    if isinstance(value, bool):
        return b"(?:true|false)"
    if isinstance(value, int | float):
        return NUMBER
    if isinstance(value, list):
        return rb"\[%s\]" % b",".join(map(_pattern, value))
    if not isinstance(value, tuple) or not all(_WORD.match(name) and name not in _NEVER for name, _ in value):
        return _NEITHER
    return rb"\{%s\}" % b",".join(b'"%s":%s' % (name.encode(), _pattern(item)) for name, item in value)


def _members(value: Any) -> int:
    """Return how many properties and array elements a value has, itself counted as one."""
    if isinstance(value, tuple):
        return 1 + sum(_members(item) for _, item in value)
    return 1 + sum(map(_members, value)) if isinstance(value, list) else 1
