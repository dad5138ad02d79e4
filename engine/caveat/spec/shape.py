"""What FHIR says of the shape of an object: its elements, their types and cardinalities, and whether it may be modified.

Rule 1: every answer comes from the snapshots of HL7's StructureDefinitions, by way of the generated tables.
Rule 2: shapes are compared by identity; one release has one shape of a name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from caveat.domain.errors import CaveatError
from caveat.spec.release import Release
from caveat.spec.tables import load

_CARDINALITIES: dict[str, tuple[int, int | None]] = {"?": (0, 1), "1": (1, 1), "*": (0, None), "+": (1, None)}


@dataclass(frozen=True, slots=True)
class Child:
    """A JSON property of an object of some shape.

    `segment` is the element's name in a path: `value[x]` for the property `valueTiming`. `shape` is that of the value, None
    for any resource (look at its `resourceType`). `maximum` None is unbounded. A `primitive` is a JSON scalar whose
    companion property is `_` and the name. `ancestor` is the path of the element above, or the same, that the content refers
    to (`Questionnaire.item` for `Questionnaire.item.item`), else None.
    """

    segment: str
    shape: Shape | None
    minimum: int
    maximum: int | None
    primitive: bool
    ancestor: str | None
    is_modifier: bool


class Shape:
    """A resource type, a data type, or the anonymous type of a nested element.

    `kind` is `resource`, `datatype`, `primitive`, `backbone` or `element`; `carries` says whether it may hold
    modifierExtension. Made by `Tables` alone, and compared by identity.
    """

    def __init__(self, tables: Tables, name: str, kind: str, *, carries: bool) -> None:
        """Name the shape; its children are read from `tables` when first asked for."""
        self._tables = tables
        self.name = name
        self.kind = kind
        self.carries = carries

    @cached_property
    def children(self) -> Mapping[str, Child]:
        """The children by JSON property name, a choice under each of its names; a plain dict, built once."""
        return self._tables.children_of(self.name)

    def __repr__(self) -> str:
        """Name the shape as a person would look it up."""
        return f"<Shape {self.name}>"


@dataclass(frozen=True, slots=True)
class Place:
    """What a path of element names leads to.

    `short_path` folds recursion (`Questionnaire.item` for `Questionnaire.item.item`). `shapes` has one shape for each
    possible type and is empty for any resource. `minimum` and `maximum` are of the last step, 0 and None for a type's root.
    `is_root` says that it is a resource itself; `in_extension_value` that a step before or at the end is an Extension's value.
    """

    path: str
    short_path: str
    shapes: tuple[Shape, ...]
    minimum: int
    maximum: int | None
    is_root: bool
    in_extension_value: bool

    @property
    def carries(self) -> bool:
        """Whether a modifierExtension may stand there, for at least one of the possible types."""
        return any(shape.carries for shape in self.shapes)


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where a walk along a path stands: the short path, and the shapes there."""

    short_path: str
    shapes: tuple[Shape, ...]


class Tables:
    """The shapes of one release; `tables` gives the one instance of each."""

    def __init__(self, release: Release, table: Mapping[str, Any]) -> None:
        """Hold the decoded `table` (see `tables/build.py` for its form); nothing is built before it is asked for."""
        self.release = release
        self.resource_types: frozenset[str] = frozenset(table["resources"].split())
        self._table: Mapping[str, list[Any]] = table["shapes"]
        self._shapes: dict[str, Shape] = {}
        self.published: Mapping[str, Mapping[str, str]] = {"modifiers": table["modifiers"], "plain": table["plain"]}

    def shape(self, name: str) -> Shape | None:
        """Return the shape of a type name or of a backbone's defining path; None when there is none."""
        shape = self._shapes.get(name)
        if shape is None and name in self._table:
            kind, _, carries, _ = self._table[name]
            shape = self._shapes.setdefault(name, Shape(self, name, kind, carries=bool(carries)))
        return shape

    def names(self) -> Iterator[str]:
        """Name every shape of the release: types, abstract ones too, and the defining paths of nested elements."""
        return iter(self._table)

    def kinds_of(self, name: str) -> Iterator[str]:
        """Name the type or element `name`, then the types that it is by inheritance, nearest first (`BackboneElement`)."""
        while name in self._table:
            yield name
            name = self._table[name][1]

    def children_of(self, name: str) -> dict[str, Child]:
        """Build the children of the shape `name` by JSON property, those of its base first; ask `Shape.children` instead."""
        _, base, _, elements = self._table[name]
        children = dict(self.required(base).children) if base else {}
        for element in elements.split(";") if elements else ():
            children.update(self._properties(name, element))
        return children

    def _properties(self, owner: str, element: str) -> Iterator[tuple[str, Child]]:
        """Decode one element into its JSON property, or one for each type of a choice."""
        segment, cardinality, types = element.lstrip("!").split(" ")
        minimum, maximum = _bounds(cardinality)
        path = f"{owner}.{segment}"
        target = types[1:] if types.startswith("#") else None
        ancestor = target if target and f"{path}.".startswith(f"{target}.") else None
        for code in types.split("|"):
            shape = self._shape_of(path, code)
            primitive = shape is not None and shape.kind == "primitive"
            yield _property(segment, code), Child(segment, shape, minimum, maximum, primitive, ancestor, element[0] == "!")

    def _shape_of(self, path: str, code: str) -> Shape | None:
        """Return the shape that a type code of the element at `path` stands for; None for any resource."""
        if code == "Resource":
            return None
        return self.required(path if code == "." else code.removeprefix("#"))

    def required(self, name: str) -> Shape:
        """Return the shape `name`, which the caller knows to exist; CaveatError when it does not."""
        shape = self.shape(name)
        if shape is None:
            raise CaveatError(f"the table of {self.release} has no shape {name}; ask `shape` where that may be")
        return shape

    def resolve(self, path: str) -> Place | None:
        """Return the place that `path` leads to, through data types too; None when no such element exists.

        A choice is written `value[x]`. A path ends at any-resource elements (`contained`, `Bundle.entry.resource`).
        """
        head, *segments = path.split(".")
        root = self.shape(head)
        if root is None:
            return None
        trail = [_Stop(head, (root,))]
        minimum, maximum, in_value = 0, None, False
        for segment in segments:
            steps = [child for shape in trail[-1].shapes for child in _named(shape, segment)]
            if not steps:
                return None
            in_value = in_value or _is_extension_value(trail[-1], segment)
            trail.append(_step(trail, segment, steps))
            minimum, maximum = _widest(steps)
        is_root = not segments and root.kind == "resource"
        return Place(path, trail[-1].short_path, trail[-1].shapes, minimum, maximum, is_root, in_value)


def _bounds(cardinality: str) -> tuple[int, int | None]:
    """Decode a cardinality of the table."""
    if cardinality in _CARDINALITIES:
        return _CARDINALITIES[cardinality]
    minimum, _, maximum = cardinality.partition("..")
    return int(minimum), None if maximum == "*" else int(maximum)


def _property(segment: str, code: str) -> str:
    """Return the JSON property of an element when its value has the type `code`."""
    return segment[:-3] + code[0].upper() + code[1:] if segment.endswith("[x]") else segment


def _named(shape: Shape, segment: str) -> list[Child]:
    """Return the children of `shape` that `segment` names: one for each type of a choice, at most one otherwise."""
    if segment.endswith("[x]"):
        return [child for child in shape.children.values() if child.segment == segment]
    child = shape.children.get(segment)
    return [child] if child is not None and child.segment == segment else []


def _is_extension_value(stop: _Stop, segment: str) -> bool:
    return segment == "value[x]" and any(shape.name == "Extension" for shape in stop.shapes)


def _step(trail: list[_Stop], segment: str, steps: list[Child]) -> _Stop:
    """Go one step on; a step back into an element of the trail takes the short path that led there."""
    shapes = tuple(dict.fromkeys(child.shape for child in steps if child.shape is not None))
    above = reversed(trail) if steps[0].ancestor is not None else ()
    folded = (stop.short_path for stop in above if steps[0].shape in stop.shapes)
    return _Stop(next(folded, f"{trail[-1].short_path}.{segment}"), shapes)


def _widest(steps: list[Child]) -> tuple[int, int | None]:
    """Return the cardinality that holds whichever of `steps` is taken."""
    maxima = [child.maximum for child in steps]
    highest = None if None in maxima else max(bound for bound in maxima if bound is not None)
    return min(child.minimum for child in steps), highest


@cache
def tables(release: Release) -> Tables:
    """Return the tables of `release`, loaded once."""
    return Tables(release, load(release))


def _opaque() -> Shape:
    """Return the shape of an object that FHIR does not know: no children, carries nothing."""
    nothing = Tables(Release.R5, {"resources": "", "shapes": {"": ["element", "", 0, ""]}, "modifiers": {}, "plain": {}})
    return nothing.required("")


OPAQUE = _opaque()
"""The shape of every object that stands where FHIR has no element, in any release."""
