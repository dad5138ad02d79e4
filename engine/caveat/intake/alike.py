r"""Tells that a JSON text has the names and the structure of another one, so that what was found in that is found in this.

What is claimed: let `s` be a text that is read strictly, `p` its pattern, and let `t` match `p` with the same `telling` values
as `s`. Then `t` is read strictly too, and a walk in the tables that the pattern was made with finds in it what it finds in `s`:
the same occurrences at the same places, and the same native modifiers. Only the id of the root may differ of what is told.

Why it is sound.
1. A pattern is made of the tokens of `s` one by one. Punctuation, names and the type of a resource stand in it as they
   are; of strings, numbers and booleans any of the same kind is matched, whole and in the plainest spelling. The
   outline (see below) keeps control characters and backslashes: where `s` has none, `t` has none, and a quote ends a string;
   where it has some, strings are matched with their escapes of two characters. So `t` has the tokens of `s`, one for one: it is
   JSON, as deep and with as many members, and no name stands twice in one of its objects. Bytes beyond ASCII are decoded.
2. Numbers have few digits and no exponent; size and memory are bounded by `longest`. No other limit depends on values.
3. What a walk makes of a tree depends on names and structure, and on these values, all of which are telling: all of
   `modifierExtension` and of `meta.tag`, urls of extensions, native modifiers, and the status of a narrative. A text with
   anything else that a value decides of has no pattern: `implicitRules`, `contentType`, the parameters of a patch, entries of a
   Bundle, null, and properties that the tables do not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from caveat.domain.decision import MODIFIERS, RULES
from caveat.intake.json_reader import read_json, unbounded
from caveat.intake.limits import Limits
from caveat.intake.repeats import DIGITS, NUMBER
from caveat.spec.native import native_modifiers
from caveat.spec.shape import Shape, Tables

LONGEST: Final = 64 * 1024
"""Bytes of a text that may have a pattern: longer ones are seldom alike."""
_TYPE: Final = "resourceType"
_TELLING: Final = frozenset({("Meta", "tag"), ("Narrative", "status"), ("Extension", "url")})
_NEVER: Final = frozenset({RULES, "_" + RULES, "contentType", "parameter", "entry"})
_KEPT: Final = frozenset(b"{}[]\\") | frozenset(range(32))
_LEFT_OUT: Final = bytes(byte for byte in range(256) if byte not in _KEPT)
_PLAIN_STRING: Final = rb'"[^"]*+"'
_STRING: Final = rb'"[^"\\]*+(?:\\["\\/bfnrt][^"\\]*+)*+"'
_BOOLEAN: Final = rb"(?:true|false)"


class Likeness(NamedTuple):
    """What a text says of its own beside its pattern: the telling values, and the id of the root as spelt, None without one."""

    telling: tuple[bytes, ...]
    id: bytes | None


class Pattern(NamedTuple):
    """All texts with the names and the structure of one. `id` is the place of the root's id among what is caught, if any."""

    expression: re.Pattern[bytes]
    id: int | None

    def likeness(self, raw: bytes) -> Likeness | None:
        """Return what `raw`, which has the outline of the text that the pattern is of, says of its own; None for another."""
        match = self.expression.fullmatch(raw)
        if match is None or not (raw.isascii() or _is_utf_8(raw)):
            return None
        caught, at = match.groups(), self.id
        return Likeness(caught, None) if at is None else Likeness(caught[:at] + caught[at + 1 :], caught[at])


class _Unlike(Exception):
    """A text that has no pattern."""


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


def pattern_of(raw: bytes, tables: Tables, limits: Limits) -> Pattern | None:
    """Return the pattern of `raw`, None when it has none, or is not read strictly; it matches `raw` itself."""
    if len(raw) > longest(limits) or not isinstance(read_json(raw, limits), dict):
        return None
    try:
        tree = json.loads(raw, object_pairs_hook=tuple)
        return _pattern(raw, tree, tables)
    except (_Unlike, ValueError, RecursionError, OverflowError, re.error):
        return None


def _pattern(raw: bytes, tree: tuple[tuple[str, Any], ...], tables: Tables) -> Pattern | None:
    """Return the pattern in one of the two ways in which JSON is commonly set, None when it is set otherwise."""
    string = _STRING if b"\\" in raw else _PLAIN_STRING
    for comma, colon in ((b",", b":"), (b", ", b": ")):
        expression = re.compile(_resource(_Making(tables, string, comma, colon), tree, is_root=True))
        at = expression.groupindex.get("id")
        found = Pattern(expression, None if at is None else at - 1)
        if found.likeness(raw) is not None:
            return found
    return None


def _resource(how: _Making, pairs: tuple[tuple[str, Any], ...], *, is_root: bool = False) -> bytes:
    """Return the expression for a resource."""
    kind = dict(pairs).get(_TYPE)
    if not isinstance(kind, str) or kind not in how.tables.resource_types:
        raise _Unlike
    return _object(how, pairs, how.tables.required(kind), is_root=is_root)


def _object(how: _Making, pairs: tuple[tuple[str, Any], ...], shape: Shape, *, is_root: bool = False) -> bytes:
    """Return the expression for an object of that shape."""
    natives = native_modifiers(shape)
    members = [_member(how, name, value, shape, natives, is_root=is_root) for name, value in pairs]
    return rb"\{%b\}" % how.comma.join(members)


def _member(how: _Making, name: str, value: Any, shape: Shape, natives: Mapping[str, object], *, is_root: bool) -> bytes:
    """Return the expression for one property."""
    head = re.escape(json.dumps(name, ensure_ascii=False).encode()) + how.colon
    if name == _TYPE:
        return head + re.escape(json.dumps(value).encode())
    if name == "id" and is_root and isinstance(value, str):
        return head + b"(?P<id>%b)" % how.string
    if name in _NEVER:
        raise _Unlike
    if name == MODIFIERS or name in natives or (shape.name, name) in _TELLING:
        return head + _value(how, value, None, is_telling=True)
    return head + _below(how, name, value, shape)


def _below(how: _Making, name: str, value: Any, shape: Shape) -> bytes:
    """Return the expression for the value of a property that the tables know."""
    child = shape.children.get(name)
    if child is not None:
        return _value(how, value, child.shape)
    primitive = shape.children.get(name[1:]) if name.startswith("_") else None
    if primitive is None or not primitive.primitive:
        raise _Unlike
    return _value(how, value, how.tables.required("Element"))


def _value(how: _Making, value: Any, shape: Shape | None, *, is_telling: bool = False) -> bytes:
    """Return the expression for a value, without a shape for a resource; where it `is_telling`, all that it says is caught."""
    if isinstance(value, list):
        items = (_value(how, item, shape, is_telling=is_telling) for item in value)
        return rb"\[%b\]" % how.comma.join(items)
    if isinstance(value, tuple):
        return _told(how, value) if is_telling else _resource(how, value) if shape is None else _object(how, value, shape)
    if value is None:
        raise _Unlike
    kind = _BOOLEAN if isinstance(value, bool) else how.string if isinstance(value, str) else NUMBER
    return b"(%b)" % kind if is_telling else kind


def _told(how: _Making, pairs: tuple[tuple[str, Any], ...]) -> bytes:
    """Return the expression for an object of which all values are telling."""
    heads = (re.escape(json.dumps(name, ensure_ascii=False).encode()) + how.colon for name, _ in pairs)
    values = (_value(how, value, None, is_telling=True) for _, value in pairs)
    return rb"\{%b\}" % how.comma.join(map(b"".join, zip(heads, values, strict=True)))


def _is_utf_8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
