r"""Tells that a JSON text has the names and the structure of another one, so that what was found in that is found in this.

What is claimed: let `s` be a text that is read strictly, `p` its pattern, and let `t` match `p` with the same `telling` values
as `s`. Then `t` is read strictly too, and a walk in the tables that the pattern was made with finds in it what it finds in `s`:
the same occurrences at the same places, and the same native modifiers. Only the id of the root may differ of what is told.

Why it is sound.
1. A pattern is made of the tokens of `s` one by one. Punctuation, names and the type of a resource stand in it as they
   are; of strings, numbers and booleans any of the same kind is matched, whole and in the plainest spelling. `t` has no control
   character, and where `s` has no backslash, `t` has none: one outline (see below) has the same of both, and what
   `is_plain` has neither, being one line. So a quote ends a string; where `s` has a backslash,
   strings are matched with their escapes of two characters. So `t` has the tokens of `s`, one for one: it is JSON, as deep and
   with as many members, and no name stands twice in one of its objects. Bytes beyond ASCII are decoded.
2. Numbers have few digits and no exponent; size and memory are bounded by `longest`. No other limit depends on values.
3. What a walk makes of a tree depends on names and structure, and on these values, all of which are telling: all of
   `modifierExtension` and of `meta.tag`, urls of extensions, native modifiers, and the status of a narrative. Of each the whole
   text is caught, however much is in it: where that is the same, byte for byte, so is every value in it. A text with
   anything else that a value decides of has no pattern: `implicitRules`, `contentType`, the parameters of a patch, entries of a
   Bundle, null, and properties that the tables do not know.
4. Patterns are joined by what they begin with alike, and branch where they differ; the last group tells whose end was reached.
   The way there has each part of that pattern once and in order, and no part of another, so it is matched as if it stood alone.
   No group is within a part, so those on the way are its telling texts, in order, the id, and the end.
5. A carriage return at the end is white space, and left away before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, NamedTuple

from caveat.domain.decision import MODIFIERS, RULES
from caveat.intake.byte_search import Buffer, find_any
from caveat.intake.json_reader import read_json, unbounded
from caveat.intake.limits import Limits
from caveat.intake.repeats import DIGITS, NUMBER
from caveat.spec.native import native_modifiers
from caveat.spec.shape import Shape, Tables

LONGEST: Final = 16 * 1024
"""Bytes of a text that may have a pattern: to match a longer one costs as much as to read it."""
_TYPE: Final = "resourceType"
_TELLING: Final = frozenset({("Meta", "tag"), ("Narrative", "status"), ("Extension", "url")})
_NEVER: Final = frozenset({RULES, "_" + RULES, "contentType", "parameter", "entry"})
_KEPT: Final = frozenset(b"{}[]\\") | frozenset(range(32))
_LEFT_OUT: Final = bytes(byte for byte in range(256) if byte not in _KEPT)
_NOT_PLAIN: Final = bytes(byte for byte in (*range(32), ord("\\"), *range(128, 256)) if byte != ord("\n"))
_PLAIN_STRING: Final = rb'"[^"]*+"'
_STRING: Final = rb'"[^"\\]*+(?:\\["\\/bfnrt][^"\\]*+)*+"'
_BOOLEAN: Final = rb"(?:true|false)"
_ID: Final = b"(?P<id>"


class Pattern(NamedTuple):
    """All texts with the names and the structure of one, token by token; `is_plain` says that these have no backslash."""

    parts: tuple[bytes, ...]
    is_plain: bool


class Leaf(NamedTuple):
    """The end of one of several patterns that are joined: which it is, and the groups that its telling values and its id are."""

    number: int
    telling: tuple[int, ...]
    id: int | None

    def said(self, match: re.Match[bytes]) -> tuple[bytes, ...]:
        """Return what a text that matched says of its own beside its pattern: the telling values, as spelt."""
        said: tuple[bytes, ...] = match.group(*self.telling)
        return said

    def identity(self, match: re.Match[bytes]) -> str | None:
        """Return the id of the root of a text that matched, None where there is none."""
        if self.id is None:
            return None
        spelt = match[self.id]
        return json.loads(spelt) if b"\\" in spelt else spelt[1:-1].decode()


class Joined(NamedTuple):
    """Patterns as one expression; `leaves` has the end of each by the last group of a match."""

    expression: re.Pattern[bytes]
    leaves: Mapping[int, Leaf]


class _Unlike(Exception):
    """A text that has no pattern."""


_Pairs = tuple[tuple[str, Any], ...]
_OfObject = Callable[[_Pairs], Iterator[bytes]]


class _Making(NamedTuple):
    """How a pattern is made: by which tables, how strings are matched, what stands after a comma and a colon."""

    tables: Tables
    string: bytes
    comma: bytes
    colon: bytes


def longest(limits: Limits) -> int:
    """Return how many bytes a text may have so that no limit is reached by what a pattern leaves open; 0 where one may be."""
    return 0 if min(limits.number_length, limits.exponent) < 2 * DIGITS else min(LONGEST, unbounded(limits))


def outline(raw: bytes) -> bytes:
    """Return what is left of a text without its words: texts of one pattern have one outline."""
    return raw.translate(None, _LEFT_OUT)


def is_plain(view: Buffer, start: int, end: int) -> bool:
    """Return whether lines are of ASCII, without backslashes, and without control characters but line feeds between them."""
    return find_any(view, _NOT_PLAIN, start, end) < 0


def pattern_of(raw: bytes, tables: Tables, limits: Limits) -> Pattern | None:
    """Return the pattern of `raw`, None when it has none, or is not read strictly; it matches `raw` itself."""
    if len(raw) > longest(limits) or not isinstance(read_json(raw, limits), dict):
        return None
    try:
        tree = json.loads(raw, object_pairs_hook=tuple)
        return _pattern(raw, tree, tables)
    except (_Unlike, ValueError, RecursionError, OverflowError, re.error):
        return None


def matched(joined: Joined, raw: bytes) -> re.Match[bytes] | None:
    """Return the match of `raw`, which has the outline of a text that one of the patterns is of; None for another."""
    match = joined.expression.fullmatch(raw)
    return match if match is not None and (raw.isascii() or _is_utf_8(raw)) else None


# several as one


def join(patterns: Sequence[Pattern]) -> Joined:
    """Return patterns, each another, as one expression."""
    joining = _Joining()
    joining.write({number: pattern.parts for number, pattern in enumerate(patterns)}, 0, _Leading())
    return Joined(re.compile(b"".join(joining.text)), joining.leaves)


class _Leading(NamedTuple):
    """The groups that lead to a place in an expression: of telling values, and of the id."""

    telling: tuple[int, ...] = ()
    id: int | None = None


@dataclass(slots=True)
class _Joining:
    """What is written of an expression."""

    text: list[bytes] = field(default_factory=list)
    groups: int = 0
    leaves: dict[int, Leaf] = field(default_factory=dict)

    def write(self, patterns: Mapping[int, tuple[bytes, ...]], at: int, leading: _Leading) -> None:
        """Write what patterns have from the part `at` on: what they share, then a branch for each that differs."""
        branches: dict[bytes | None, dict[int, tuple[bytes, ...]]] = {}
        while len(branches) < 2:  # noqa: PLR2004  where there is one, all go on alike
            branches = {}
            for number, parts in patterns.items():
                branches.setdefault(parts[at] if at < len(parts) else None, {})[number] = parts
            if None in branches:
                self._end(next(iter(patterns)), leading)
                return
            if len(branches) == 1:
                leading, at = self._part(next(iter(patterns.values()))[at], leading), at + 1
        for number, branch in enumerate(branches.values()):
            self.text.append(b"|" if number else b"(?:")
            self.write(branch, at, leading)
        self.text.append(b")")

    def _part(self, part: bytes, leading: _Leading) -> _Leading:
        """Write one part, and return what leads behind it."""
        is_id, is_telling = part.startswith(_ID), part.startswith(b"(") and not part.startswith(b"(?")
        self.text.append(b"(" + part[len(_ID) :] if is_id else part)
        self.groups += is_id or is_telling
        if is_id:
            return leading._replace(id=self.groups)
        return leading._replace(telling=(*leading.telling, self.groups)) if is_telling else leading

    def _end(self, number: int, leading: _Leading) -> None:
        """Write the end of a pattern: a group that holds nothing, which fills up what is said to two: one alone is no tuple."""
        self.text.append(b"()")
        self.groups += 1
        telling = (*leading.telling, self.groups, self.groups)[: max(2, len(leading.telling))]
        self.leaves[self.groups] = Leaf(number, telling, leading.id)


# what a pattern is made of


def _pattern(raw: bytes, tree: _Pairs, tables: Tables) -> Pattern | None:
    """Return the pattern in one of the two ways in which JSON is commonly set, None when it is set otherwise."""
    is_plain_ = b"\\" not in raw
    first = json.dumps(tree[0][0], ensure_ascii=False).encode() if tree else b""
    blank = b" " if raw.startswith(b"{%b: " % first) else b""
    how = _Making(tables, _PLAIN_STRING if is_plain_ else _STRING, b"," + blank, b":" + blank)
    found = Pattern(tuple(_resource(how, tree, is_root=True)), is_plain_)
    return found if matched(join([found]), raw) is not None else None


def _resource(how: _Making, pairs: _Pairs, *, is_root: bool = False) -> Iterator[bytes]:
    """Give the parts of a resource."""
    kind = dict(pairs).get(_TYPE)
    if not isinstance(kind, str) or kind not in how.tables.resource_types:
        raise _Unlike
    return _object(how, how.tables.required(kind), pairs, is_root=is_root)


def _object(how: _Making, shape: Shape, pairs: _Pairs, *, is_root: bool = False) -> Iterator[bytes]:
    """Give the parts of an object of that shape."""
    natives = native_modifiers(shape)
    yield rb"\{"
    for number, (name, value) in enumerate(pairs):
        yield _head(how, name, number)
        yield from _member(how, name, value, shape, natives, is_root=is_root)
    yield rb"\}"


def _head(how: _Making, name: str, number: int) -> bytes:
    """Return what stands before the value of the property of that number."""
    return (how.comma if number else b"") + re.escape(json.dumps(name, ensure_ascii=False).encode()) + how.colon


def _member(
    how: _Making, name: str, value: Any, shape: Shape, natives: Mapping[str, object], *, is_root: bool
) -> Iterator[bytes]:
    """Give the parts of the value of one property; of one that is telling the whole text is caught."""
    if name == _TYPE:
        return iter([re.escape(json.dumps(value).encode())])
    if name == "id" and is_root and isinstance(value, str):
        return iter([b"%b%b)" % (_ID, how.string)])
    if name in _NEVER:
        raise _Unlike
    if name == MODIFIERS or name in natives or (shape.name, name) in _TELLING:
        return iter([b"(%b)" % b"".join(_value(how, value, partial(_anything, how)))])
    return _value(how, value, _below(how, name, shape))


def _below(how: _Making, name: str, shape: Shape) -> _OfObject:
    """Return what gives the parts of an object that is the value, or in the value, of a property that the tables know."""
    child = shape.children.get(name)
    if child is not None:
        return partial(_resource, how) if child.shape is None else partial(_object, how, child.shape)
    primitive = shape.children.get(name[1:]) if name.startswith("_") else None
    if primitive is None or not primitive.primitive:
        raise _Unlike
    return partial(_object, how, how.tables.required("Element"))


def _value(how: _Making, value: Any, of_object: _OfObject) -> Iterator[bytes]:
    """Give the parts of a value."""
    if isinstance(value, list):
        yield rb"\["
        for number, item in enumerate(value):
            if number:
                yield how.comma
            yield from _value(how, item, of_object)
        yield rb"\]"
    elif isinstance(value, tuple):
        yield from of_object(value)
    elif value is None:
        raise _Unlike
    else:
        yield _BOOLEAN if isinstance(value, bool) else how.string if isinstance(value, str) else NUMBER


def _anything(how: _Making, pairs: _Pairs) -> Iterator[bytes]:
    """Give the parts of an object of which all is telling."""
    yield rb"\{"
    for number, (name, value) in enumerate(pairs):
        yield _head(how, name, number)
        yield from _value(how, value, partial(_anything, how))
    yield rb"\}"


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
