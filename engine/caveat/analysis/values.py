"""Extensions whose values, between them, give the conditions of rules every combination of answers that they can have together.

Rule 1: each is a lawful extension, and the engine's own `evaluate` says what the conditions answer on it.
Rule 2: values are told apart by what conditions compare them with: each literal, what lies between, what is missing, what is
repeated, and what is only partly known.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from caveat.analysis.literals import numbers, texts, times
from caveat.analysis.sites import value_types
from caveat.policy.conditions import (
    CodeLiteral,
    Comparison,
    Condition,
    Kleene,
    Membership,
    Presence,
    Scalar,
    answers,
    evaluate,
    parts_of,
)
from caveat.spec.release import Release
from caveat.spec.shape import Child, Shape

COMPLEX = "complex"
MOST = 20_000
"""How many combinations of parts and fields are tried; beyond it nothing is claimed."""

_LEAST = ("text", "display", "unit", "value", "start", "end", "url", "name", "reference", "system", "version")

_PART = "https://caveat.invalid/part"
"""The url of a part that no condition names: absolute, so that no definition has to declare it."""

Json = dict[str, Any]
Atom = Comparison | Membership | Presence


class TooMany(Exception):
    """The conditions at hand can be combined in too many ways: nothing is claimed of them."""


@dataclass(frozen=True, slots=True)
class Value:
    """One extension without its url: its value type, its content, whether another contradicts it, and what conditions answer."""

    type: str
    content: Mapping[str, Any] = field(hash=False)
    contradicted: bool
    told: tuple[Kleene, ...]

    def extension(self, url: str) -> Json:
        """Return the extension with its url."""
        return {"url": url, **self.content}


def values(
    conditions: Sequence[Condition],
    kind: str,
    release: Release,
    base: Mapping[str, Any] | None = None,
    beside: Sequence[bool] = (False, True),
) -> list[Value]:
    """Return extensions of the value type `kind` on which `conditions` take every combination of answers that they can take.

    `base` is a content to start from, with the parts that a definition demands. `beside` says whether each may stand alone, or
    beside one that contradicts it, or both. TooMany where there are too many to try.
    """
    found: dict[tuple[Kleene, ...], Value] = {}
    contents = list(_contents(conditions, kind, release, base))
    for contradicted, content in product(beside, contents):  # what needs no contradiction is shown without
        told = tuple(evaluate(each, {"url": "", **content}, contradicted=contradicted) for each in conditions)
        found.setdefault(told, Value(kind, content, contradicted, told))
    return list(found.values())


def fields_of(conditions: Iterable[Condition], part: str | None) -> tuple[Atom, ...]:
    """Return what conditions ask of a part, or of the value itself."""
    return tuple(atom for each in conditions for atom in parts_of(each) if atom.operand.part == part)


def literals_of(atom: Atom) -> tuple[Scalar, ...]:
    """Return what an operand is compared with."""
    match atom:
        case Comparison(_, _, literal):
            return (literal,)
        case Membership(_, literals):
            return literals
        case _:
            return ()


# contents


def _contents(conditions: Sequence[Condition], kind: str, release: Release, base: Mapping[str, Any] | None) -> Iterator[Json]:
    """Give the contents to be tried."""
    if kind == COMPLEX:
        yield from _complex(conditions, release, base)
        return
    name, child = value_types(release)[kind]
    tree = _Tree.of(fields_of(conditions, None))
    if child.primitive:
        yield from ({name: value} for value in _scalars(child.shape, tree.literals))
        yield {f"_{name}": {"id": "unknown"}}
        return
    for value in _distinct(list(_objects(child.shape, tree)), name, conditions):
        yield {name: value}


def _complex(conditions: Sequence[Condition], release: Release, base: Mapping[str, Any] | None) -> Iterator[Json]:
    """Give extensions with parts: of each part that conditions name every kind, and one that none names."""
    named = sorted({atom.operand.part for each in conditions for atom in parts_of(each) if atom.operand.part is not None})
    given = [part for part in (base or {}).get("extension", ()) if part.get("url") not in named]
    others = given or [{"url": _PART, "valueBoolean": True}]
    choices = [_parts(part, conditions, release) for part in named]
    total = 1
    for each in choices:
        total *= len(each)
    if total > MOST:
        raise TooMany
    for chosen in product(*choices):
        yield {"extension": [*(part for parts in chosen for part in parts), *others]}


def _parts(part: str, conditions: Sequence[Condition], release: Release) -> list[list[Json]]:
    """Return what may stand for one part: nothing, a value of each kind, parts of its own, and two of them."""
    atoms = fields_of(conditions, part)
    tree = _Tree.of(atoms)
    found: list[list[Json]] = [[]]
    for kind in _kinds(tree, release):
        name, child = value_types(release)[kind]
        drawn = _scalars(child.shape, tree.literals) if child.primitive else _objects(child.shape, tree)
        found += [[{"url": part, name: value}] for value in drawn]
    found.append([{"url": part, "_valueBoolean": {"id": "unknown"}}])
    found.append([{"url": part, "extension": [{"url": "inner", "valueBoolean": True}]}])
    found.append([*found[1], *found[2]])
    told: dict[tuple[Kleene, ...], list[Json]] = {}
    for parts in found:
        key = _answered(conditions, {"url": "", "extension": parts}, part)
        told.setdefault(key, parts)
    return list(told.values())


def _answered(conditions: Sequence[Condition], extension: Json, part: str | None) -> tuple[Kleene, ...]:
    """Return what every question about one part answers, contradicted and not."""
    return tuple(
        told
        for each in conditions
        for contradicted in (False, True)
        for atom, told in zip(parts_of(each), answers(each, extension, contradicted=contradicted), strict=True)
        if atom.operand.part == part
    )


def _distinct(drawn: list[Json], name: str, conditions: Sequence[Condition]) -> list[Json]:
    """Keep one of each kind of value that the questions about the value itself tell apart."""
    told: dict[tuple[Kleene, ...], Json] = {}
    for value in drawn:
        told.setdefault(_answered(conditions, {"url": "", name: value}, None), value)
    return list(told.values())


def _kinds(tree: _Tree, release: Release) -> list[str]:
    """Return the value types that are worth trying for a part: those that its literals and fields speak of."""
    if tree.fields:
        known = value_types(release)
        first = next(iter(tree.fields))
        kinds = [kind for kind, (_, child) in known.items() if child.shape is not None and first in child.shape.children]
        kinds = [kind for kind in kinds if not known[kind][1].primitive] or kinds
    else:
        kinds = []
    kinds += [kind for literal in tree.literals for kind in kinds_for(literal)]
    return list(dict.fromkeys(kinds)) or ["boolean"]


def kinds_for(literal: Scalar) -> tuple[str, ...]:
    """Return the value types that a literal is meant for, those of one JSON kind once."""
    if isinstance(literal, bool):
        return ("boolean",)
    if isinstance(literal, str):
        return ("string", "code")
    if isinstance(literal, CodeLiteral):
        return ("CodeableConcept", "Coding")
    return ("integer", "decimal") if hasattr(literal, "as_tuple") else ("date", "dateTime")


# values


@dataclass(slots=True)
class _Tree:
    """What conditions ask of a value and of its fields: the literals here, and what is asked further down."""

    literals: list[Scalar] = field(default_factory=list)
    lists: list[frozenset[CodeLiteral]] = field(default_factory=list)
    fields: dict[str, _Tree] = field(default_factory=dict)

    @classmethod
    def of(cls, atoms: Iterable[Atom]) -> _Tree:
        """Arrange what is asked by the fields that it is asked of."""
        root = cls()
        for atom in atoms:
            at = root
            for name in atom.operand.fields:
                at = at.fields.setdefault(name, cls())
            given = literals_of(atom)
            at.literals += [each for each in given if each not in at.literals]
            codes = frozenset(each for each in given if isinstance(each, CodeLiteral))
            if codes:
                at.lists.append(codes)
        return root


def _scalars(shape: Shape | None, literals: Sequence[Scalar]) -> list[Any]:
    """Return JSON values of a primitive type, one on each side of every literal."""
    kind = shape.name if shape is not None else ""
    if kind == "boolean":
        return [True, False]
    if kind in {"integer", "positiveInt", "unsignedInt", "decimal"}:
        return numbers(literals, whole=kind != "decimal")
    if kind in {"date", "dateTime", "instant"}:
        return times(literals, kind)
    return texts(literals, kind)


def _objects(shape: Shape | None, tree: _Tree) -> Iterator[Json]:
    """Give values of a data type: every combination of what is asked of its fields."""
    if shape is None:
        yield {"id": "unnamed"}
        return
    if shape.name == "CodeableConcept":
        yield from _concepts(shape, tree)
        return
    pairs: list[Json] = [{}]
    asked = dict(tree.fields)
    if shape.name == "Coding":
        pairs = _codings(tree)
        asked.pop("system", None)
        asked.pop("code", None)
    unused = {*asked, *(("system", "code") if shape.name == "Coding" else ())}
    choices: list[list[tuple[str, Any]]]
    choices = [[(name, value) for value in _field(shape, name, below)] for name, below in asked.items()]
    if asked and "comparator" in shape.children and "comparator" not in asked:
        choices.append([("comparator", None), ("comparator", "<")])
    if _size(choices) * len(pairs) > MOST:
        raise TooMany
    for pair in pairs:
        for chosen in product(*choices):
            made = {**pair, **{name: value for name, value in chosen if value is not None}}
            yield made or _something(shape, unused)


def _size(choices: Sequence[Sequence[object]]) -> int:
    total = 1
    for each in choices:
        total *= len(each)
    return total


def _something(shape: Shape, asked: Iterable[str]) -> Json:
    """Return the least that a value of a type can be without the fields that are asked for: one text of it, else an id."""
    for name in _LEAST:
        child = shape.children.get(name) if name not in asked else None
        if child is not None and child.primitive and child.maximum == 1:
            return {name: _scalars(child.shape, ())[0]}
    return {"id": "unnamed"}


def _field(shape: Shape, name: str, tree: _Tree) -> list[Any]:
    """Return what may stand in a field: nothing (None), each kind of value, and two of them where it may repeat."""
    child = shape.children.get(name)
    if child is None:
        return [None]
    drawn: list[Any] = _scalars(child.shape, tree.literals) if child.primitive else list(_objects(child.shape, tree))
    if child.maximum == 1:
        return [None, *drawn]
    return [None, *([each] for each in drawn), *([drawn[:2]] if len(drawn) > 1 else [[drawn[0], drawn[0]]])]


# codes


def _codings(tree: _Tree) -> list[Json]:
    """Return Codings: each that is named, another of its system, one of another, each also without code or system, or both."""
    codes = list(dict.fromkeys(code for each in tree.lists for code in sorted(each)))
    systems = [code.system for code in codes] + _strings(tree, "system")
    texts_ = [code.code for code in codes] + _strings(tree, "code")
    other = "unnamed"
    while other in texts_:
        other += "-code"
    pairs: list[Json] = [{"system": code.system, "code": code.code} for code in codes]
    for system in dict.fromkeys(systems):
        pairs += [{"system": system, "code": code} for code in (other, *_strings(tree, "code"))] + [{"system": system}]
    unnamed = "https://caveat.invalid/CodeSystem/unnamed"
    pairs += [{"system": unnamed, "code": code} for code in (other, *texts_)] + [{"system": unnamed}]
    pairs += [{"code": code} for code in (other, *texts_)] + [{}]
    return list({tuple(sorted(pair.items())): pair for pair in pairs}.values())


def _strings(tree: _Tree, name: str) -> list[str]:
    below = tree.fields.get(name)
    return [each for each in below.literals if isinstance(each, str)] if below is not None else []


def _concepts(shape: Shape, tree: _Tree) -> Iterator[Json]:
    """Give CodeableConcepts: text only, one coding of each kind, and codings together in every way that can be told apart."""
    coding: Child = shape.children["coding"]
    inner = tree.fields.get("coding", _Tree())
    inner = _Tree(inner.literals, [*tree.lists, *inner.lists], inner.fields)
    singles = list(_objects(coding.shape, inner))
    lists: list[list[Json]] = [[each] for each in singles]
    lists += _together(inner.lists, singles, list(inner.fields)) if "coding" in tree.fields else _together(tree.lists)
    others = {name: below for name, below in tree.fields.items() if name != "coding"}
    choices = [[(name, value) for value in _field(shape, name, below)] for name, below in others.items()]
    if _size(choices) * (len(lists) + 1) > MOST:
        raise TooMany
    for codings in ([], *lists):
        for chosen in product(*choices):
            made = {name: value for name, value in chosen if value is not None}
            yield {**made, **({"coding": codings} if codings else {})} or _something(shape, tree.fields)


def _together(
    lists: Sequence[frozenset[CodeLiteral]], singles: Sequence[Json] = (), fields: Sequence[str] = ()
) -> list[list[Json]]:
    """Return lists of codings for every way in which the lists of conditions can hold some, all or none of the codings there.

    Where conditions ask for fields of the codings, `singles` are told apart by these too: whether none, one or more have a
    field, and what it is. One coding after another is added, each twice where two alike are not one; what conditions cannot tell
    apart is kept once, so there are as many as there are answers.
    """
    every = [*singles, *singles] or _named(lists)
    kept: dict[tuple[object, ...], list[Json]] = {_state([], lists, fields): []}
    for coding in every:
        for chosen in list(kept.values()):
            more = [*chosen, coding]
            state = _state(more, lists, fields)
            kept.setdefault((*state, min(len(more), 2)) if singles else state, more)
            if len(kept) > MOST:
                raise TooMany
    return [chosen for chosen in kept.values() if len(chosen) > 1]


def _named(lists: Sequence[frozenset[CodeLiteral]]) -> list[Json]:
    """Return a coding for each code that conditions name, and another of each of their systems."""
    codes = list(dict.fromkeys(code for each in lists for code in sorted(each)))
    every = [*codes, *(CodeLiteral(system, "unnamed") for system in dict.fromkeys(code.system for code in codes))]
    return [{"system": code.system, "code": code.code} for code in every]


def _state(chosen: Sequence[Json], lists: Sequence[frozenset[CodeLiteral]], fields: Sequence[str]) -> tuple[object, ...]:
    """Return all by which conditions tell codings apart, and by which what they become with one more follows."""
    return (*(_held(chosen, each) for each in lists), *(_alone(chosen, name) for name in fields))


def _alone(chosen: Sequence[Json], name: str) -> str | None:
    """Return what the only coding with a field has there: nothing where none has it, None where several have."""
    found = [repr(coding[name]) for coding in chosen if name in coding]
    return "" if not found else found[0] if len(found) == 1 else None


def _held(chosen: Sequence[Json], codes: frozenset[CodeLiteral]) -> Kleene | str:
    """Return whether `codes` hold all of the codings of their systems, none, or some (None; so where a code is missing)."""
    systems = {code.system for code in codes}
    mine = [coding for coding in chosen if coding.get("system") in systems]
    if not mine:
        return ""
    held = [CodeLiteral(coding["system"], coding["code"]) in codes for coding in mine if "code" in coding]
    return None if len(held) < len(mine) else True if all(held) else None if any(held) else False
