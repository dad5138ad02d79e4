"""The smallest resource that carries a given modifier at a given place: what a rule's test is run on.

Rule 1: everything that a rule may depend on holds: there is a narrative, and enough elements remain when one is left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from caveat.domain.decision import MODIFIERS, RULES
from caveat.policy.conditions import CodeLiteral, Scalar
from caveat.spec.definition import Content
from caveat.spec.release import Release
from caveat.spec.shape import Child, Shape, Tables, tables

_NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A specimen.</div>'}
_NUMBERS = frozenset({"integer", "positiveInt", "unsignedInt", "decimal"})
_TEXT_FIELD = {"CodeableConcept": "text", "Coding": "code", "Reference": "reference", "Identifier": "value", "Annotation": "text"}


@dataclass(frozen=True, slots=True)
class Planted:
    """A modifier to plant: its url, the path of its carrier, its value (None for a plain `true`) and the value's type.

    `content` is what its definition allows, None when that is not known: one with parts has the value in a part declared there.
    """

    url: str
    path: str
    value: Scalar | None = None
    type: str | None = None
    content: Content | None = None


def specimens(planted: tuple[Planted, ...], release: Release) -> list[dict[str, Any]]:
    """Return one resource for each type of resource among the paths, each with the modifiers that belong to it.

    A path that begins with a data type is planted in the first resource that has an element of it. No path may be `homeless`.
    """
    made: dict[str, dict[str, Any]] = {}
    for each in planted:
        path = _hosted(each.path, tables(release)) or each.path
        kind = path.partition(".")[0]
        resource = made.setdefault(kind, _resource(kind, tables(release)))
        _plant(resource, path, each, tables(release))
    return list(made.values())


def homeless(planted: tuple[Planted, ...], release: Release) -> tuple[str, ...]:
    """Return the paths that lead to no place for a modifier in `release`: a type may be of another release only."""
    return tuple(each.path for each in planted if not _has_home(_hosted(each.path, tables(release)), tables(release)))


def _has_home(path: str | None, known: Tables) -> bool:
    """Return whether `path` leads to an element that can carry, or to the implicit rules of a resource."""
    place = known.resolve(path) if path else None
    return place is not None and (place.carries or place.path.endswith(".implicitRules"))


def _resource(kind: str, known: Tables) -> dict[str, Any]:
    """Return an empty resource with a narrative that may be shown, where its type has one."""
    text = {"text": dict(_NARRATIVE)} if "text" in known.required(kind).children else {}
    return {"resourceType": kind, **text}


def _plant(resource: dict[str, Any], path: str, planted: Planted, known: Tables) -> None:
    """Put the modifier at `path`, making the elements on the way."""
    kind, *segments = path.split(".")
    if segments == [RULES]:
        resource[RULES] = planted.url
        return
    at, shape = resource, known.required(kind)
    for segment, following in zip_longest(segments, segments[1:]):
        name, child = _property(shape, segment, following, known)
        at = _step(at, name, child)
        shape = _below(child, known)
    at.setdefault(MODIFIERS, []).append(extension(planted, known))


def _property(shape: Shape, segment: str, following: str | None, known: Tables) -> tuple[str, Child]:
    """Return the JSON property for a step of a path; of a choice the first that leads on, or that can carry."""
    named = [(name, child) for name, child in shape.children.items() if child.segment == segment]
    return next(each for each in named if _leads_on(_below(each[1], known), following))


def _leads_on(shape: Shape, following: str | None) -> bool:
    """Return whether the path can go on to `following` from `shape`, or at its end whether `shape` can carry."""
    return shape.carries if following is None else any(child.segment == following for child in shape.children.values())


def _below(child: Child, known: Tables) -> Shape:
    """Return the shape of what stands under a property; a primitive's companion is an Element."""
    return known.required("Element") if child.primitive or child.shape is None else child.shape


def _step(at: dict[str, Any], name: str, child: Child) -> dict[str, Any]:
    """Return the object under `name`, made when it is not there, with as many beside it as must remain without it."""
    name = f"_{name}" if child.primitive else name
    made: dict[str, Any] = {"url": "urn:caveat:specimen"} if child.segment == "extension" else {}
    if child.maximum == 1:
        found: dict[str, Any] = at.setdefault(name, made)
        return found
    group: list[dict[str, Any]] = at.setdefault(name, [made, *({"id": f"other-{n}"} for n in range(child.minimum))])
    return group[0]


def _hosted(path: str, known: Tables) -> str | None:
    """Return `path`, or for one that begins with a data type, that path in a resource; None where no resource has such."""
    head, _, rest = path.partition(".")
    if head in known.resource_types:
        return path
    host = next(_hosts(head, known), None)
    return f"{host}.{rest}" if host and rest else host


def _hosts(kind: str, known: Tables) -> Iterator[str]:
    """Give the paths of the elements in resources that have the data type `kind`, those near a root first."""
    for name in sorted(known.names(), key=lambda each: (each.count("."), each)):
        if name.partition(".")[0] in known.resource_types:
            children = known.required(name).children.values()
            yield from (f"{name}.{c.segment}" for c in children if c.shape is not None and c.shape.name == kind)


# values


def extension(planted: Planted, known: Tables) -> dict[str, Any]:
    """Return the Extension with the planted url and value."""
    value: Scalar = True if planted.value is None else planted.value
    kind = planted.type or usual_type(value)
    if kind == "complex":
        parts = list(_parts(planted.content, value)) or [Planted("value", "", value)]
        return {"url": planted.url, "extension": [extension(part, known) for part in parts]}
    name = f"value{kind[0].upper()}{kind[1:]}"
    child = known.required("Extension").children.get(name)
    primitive = child is not None and child.primitive
    return {"url": planted.url, name: _primitive(value, kind) if primitive else _structure(value, kind)}


def _parts(content: Content | None, value: Scalar) -> Iterator[Planted]:
    """Give the parts that a definition demands, or the first that it declares, each of a type that it may have."""
    declared = content.parts if content is not None else {}
    needed = [url for url, part in declared.items() if part.minimum]
    for url in needed or sorted(declared)[:1]:
        part = declared[url]
        kinds = sorted(part.types, key=lambda kind: (kind != usual_type(value), kind)) or ["complex"]
        yield Planted(url, "", value, kinds[0], part)


def usual_type(value: Scalar) -> str:
    """Return the value type that a literal has when none is named."""
    match value:
        case bool():
            return "boolean"
        case Decimal():
            return "integer" if value == value.to_integral_value() else "decimal"
        case date():
            return "date"
        case CodeLiteral():
            return "CodeableConcept"
        case _:
            return "string"


def _primitive(value: Scalar, kind: str) -> Any:
    """Return a literal as the JSON value of a primitive type."""
    match value:
        case bool():
            return value if kind == "boolean" else str(value).lower()
        case Decimal():
            number = int(value) if value == value.to_integral_value() else float(value)
            return number if kind in _NUMBERS else str(value)
        case date() if kind in {"dateTime", "instant"}:
            return f"{value.isoformat()}T00:00:00Z"
        case CodeLiteral():
            return value.code
        case _:
            return str(value)


def _structure(value: Scalar, kind: str) -> Mapping[str, Any]:
    """Return a literal as the value of a structured data type, in the field where such a type says it."""
    match value:
        case CodeLiteral(system, code):
            coding = {"system": system, "code": code}
            return {"coding": [coding]} if kind == "CodeableConcept" else coding
        case Decimal():
            return {"value": _primitive(value, "decimal")}
        case date():
            return {"start": value.isoformat()}
        case _:
            return {_TEXT_FIELD.get(kind, "id"): str(value)}
