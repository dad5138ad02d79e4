"""Where a modifier can stand in whole resources of one release: every element that carries, and `implicitRules`.

Rule 1: a site is what the walk would find: its carrier is made by `intake.carrier`, never written down here.
Rule 2: elements that recur are followed once more than they first stand there, and as deep as a rule names them.
Rule 3: an element checked alone, and a document embedded in another, are no sites: nothing can be left out there, and no path
says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cache

from caveat.domain.decision import EXTENSIONS, MODIFIERS, RULES, SLOTS, Carrier
from caveat.intake.carrier import Frame, Memo, carrier_of
from caveat.spec.release import Release
from caveat.spec.shape import Child, Shape, Tables, tables

NARRATIVE = {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">A specimen.</div>'}
_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Step:
    """One step down: the JSON property, and what FHIR says of it."""

    name: str
    child: Child


@dataclass(frozen=True, slots=True, eq=False)
class Site:
    """One place for an occurrence: the way to it from the root of a resource, and its carrier there.

    `names` and `within` are the rule-file paths that name it, and it or what is above it; `slot` is `modifierExtension` or
    `implicitRules`. The carrier has a narrative where its type can have one.
    """

    release: Release
    steps: tuple[Step, ...]
    slot: str
    carrier: Carrier
    names: frozenset[str]
    within: frozenset[str]

    @property
    def way(self) -> tuple[str, ...]:
        """The type of the resource and the properties that lead here: that of what is above is the beginning of it."""
        return (self.carrier.resource_type, *(step.name for step in self.steps))

    @property
    def path(self) -> str:
        """The long path, that of `implicitRules` with its name."""
        return self.carrier.path

    @property
    def child(self) -> Child | None:
        """What FHIR says of the element, None for a resource."""
        return self.steps[-1].child if self.steps else None


@cache
def sites_of(release: Release, kind: str) -> tuple[Site, ...]:
    """Return the sites in resources of the type `kind`: its `implicitRules`, itself, what carries below, and in extensions there.

    In an extension's value one data type stands for all: `sites_at` has the others.
    """
    root = tables(release).required(kind)
    found = [*_rules(release, kind), *_below(release, kind, (), root, (root,))]
    holders = {site.steps: None for site in found if site.slot == MODIFIERS} | {(): None}
    values = [site for steps in holders for site in values_of(release, kind, steps, ("Timing",))]
    return (*found, *values)


def sites_at(release: Release, kind: str, segments: Iterable[str], types: tuple[str, ...] = ("Timing",)) -> tuple[Site, ...]:
    """Return the sites at a path below `kind`, below it, and in the values of extensions there, of the data types `types`."""
    found: dict[tuple[Step, ...], Site] = {}
    for steps in _followed(tables(release).required(kind), tuple(segments), tables(release).required("Element")):
        shape = steps[-1].child.shape if steps else tables(release).required(kind)
        if shape is None:
            continue
        for site in _below(release, kind, steps, shape, (shape,)):
            found[site.steps] = site
        if not any(step.child.segment in SLOTS for step in steps):
            for site in values_of(release, kind, steps, types):
                found[site.steps] = site
    return tuple(found.values())


def elements_at(release: Release, kind: str, segments: Iterable[str]) -> tuple[Site, ...]:
    """Return the elements at a path below `kind` whether they can carry or not: on any, a plain extension can stand.

    Not on `implicitRules`: where that has an extension, what it says is refused, whatever is decided of the extension.
    """
    named = tuple(segments)
    if RULES in named:
        return ()
    followed = _followed(tables(release).required(kind), named, tables(release).required("Element"))
    return tuple(_site(release, kind, steps) for steps in followed)


def values_of(release: Release, kind: str, steps: tuple[Step, ...], types: tuple[str, ...]) -> Iterator[Site]:
    """Give the sites in the value of an extension on the element that `steps` lead to, one for each of the data types."""
    read = tables(release)
    shape = steps[-1].child.shape if steps else read.required(kind)
    slot = shape.children.get(EXTENSIONS) if shape is not None else None
    if slot is None or slot.shape is None:
        return
    for name, child in slot.shape.children.items():
        if child.segment == "value[x]" and child.shape is not None and child.shape.name in types and child.shape.carries:
            way = (*steps, Step(EXTENSIONS, slot), Step(name, child))
            yield from _below(release, kind, way, child.shape, (child.shape,))


@cache
def value_types(release: Release) -> dict[str, tuple[str, Child]]:
    """Return the types that an extension's value may have: each with its property and what FHIR says of it."""
    children = tables(release).required("Extension").children
    return {c.shape.name: (n, c) for n, c in children.items() if c.segment == "value[x]" and c.shape is not None}


@cache
def hosts_of(release: Release, data_type: str) -> tuple[str, ...]:
    """Return the types of resources that have an element of a data type, somewhere below."""
    read = tables(release)
    wanted = read.shape(data_type)
    return tuple(kind for kind in sorted(read.resource_types) if wanted in _reached(read.required(kind)))


@cache
def way_to(release: Release, kind: str, data_type: str) -> str | None:
    """Return the path of an element below `kind` that has a data type, one of those nearest to the root."""
    read = tables(release)
    pending, met = [(kind, read.required(kind))], set()
    for path, shape in pending:
        for child in shape.children.values():
            if child.shape is None or child.segment in SLOTS or child.primitive:
                continue
            if child.shape.name == data_type:
                return f"{path}.{child.segment}"
            if child.shape not in met:
                met.add(child.shape)
                pending.append((f"{path}.{child.segment}", child.shape))
    return None


@cache
def _reached(shape: Shape) -> frozenset[Shape]:
    """Return every shape below `shape`, extensions and other resources left out."""
    met, pending = {shape}, [shape]
    while pending:
        for child in pending.pop().children.values():
            if child.shape is not None and child.segment not in SLOTS and child.shape not in met:
                met.add(child.shape)
                pending.append(child.shape)
    return frozenset(met - {shape}) | ({shape} if _recurs(shape) else frozenset())


def _recurs(shape: Shape) -> bool:
    return any(child.shape is shape for child in shape.children.values())


@cache
def _leads(shape: Shape) -> bool:
    """Return whether a modifier can stand on `shape` or below it."""
    return shape.carries or any(each.carries for each in _reached(shape))


def _below(release: Release, kind: str, steps: tuple[Step, ...], shape: Shape, trail: tuple[Shape, ...]) -> Iterator[Site]:
    """Give the sites at `steps` and below, extensions left out; a shape that is met again is given, and not gone into."""
    if shape.carries and not (steps and steps[-1].child.primitive):
        yield _site(release, kind, steps)
    if trail.count(shape) > 1 or len(steps) > _DEEPEST:
        return
    for name, child in shape.children.items():
        if child.segment in SLOTS or child.shape is None or child.primitive or not _leads(child.shape):
            continue
        yield from _below(release, kind, (*steps, Step(name, child)), child.shape, (*trail, child.shape))


def _followed(
    shape: Shape | None, segments: tuple[str, ...], element: Shape, steps: tuple[Step, ...] = ()
) -> Iterator[tuple[Step, ...]]:
    """Give each way that the names of a path lead, several where a choice is on it."""
    if not segments:
        yield steps
        return
    for name, child in shape.children.items() if shape is not None else ():
        if child.segment == segments[0]:
            step = _companion(name, child, element) if child.primitive else Step(name, child)
            yield from _followed(step.child.shape, segments[1:], element, (*steps, step))


def _companion(name: str, child: Child, element: Shape) -> Step:
    """Return the step to the Element beside a primitive, which is all of it that can hold extensions."""
    return Step(f"_{name}", replace(child, shape=element, primitive=False))


def _site(release: Release, kind: str, steps: tuple[Step, ...]) -> Site:
    """Return the site that `steps` lead to, its carrier made as a walk makes it."""
    read = tables(release)
    frame = Frame(_root(kind, read), read.required(kind))
    for step in steps:
        index = None if step.child.maximum == 1 else 0
        frame = Frame({}, step.child.shape or read.required("Element"), frame, step.name, index, step.child)
    carrier = carrier_of(frame, Memo())
    return Site(release, steps, MODIFIERS, carrier, frozenset(carrier.names), frozenset(carrier.within))


def _rules(release: Release, kind: str) -> Iterator[Site]:
    """Give the site of `implicitRules`, as the walk finds it."""
    if RULES in tables(release).required(kind).children:
        root = _site(release, kind, ()).carrier
        names, path = frozenset({f"{kind}.{RULES}", f"*.{RULES}"}), f"{kind}.{RULES}"
        carrier = replace(root, path=path, short_path=path, names=names, within=frozenset())
        yield Site(release, (), RULES, carrier, names, frozenset())


def _root(kind: str, read: Tables) -> dict[str, object]:
    narrative = {"text": NARRATIVE} if "text" in read.required(kind).children else {}
    return {"resourceType": kind, **narrative}
