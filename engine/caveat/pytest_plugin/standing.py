"""Where the objects of a resource stand: their paths, as `reads` are compared with them.

Rule 1: paths are those of the engine: folded where an element recurs, with `[x]` for a choice, from the nearest resource.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from caveat.domain.decision import SLOTS
from caveat.spec.shape import Shape, Tables


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an object stands: its path, folded where it recurs, and its shape in `read`."""

    path: str
    shape: Shape
    read: Tables


def resource_at(node: object, read: Tables) -> Spot | None:
    """Return where a mapping stands that says by `resourceType` what it is; None when it does not."""
    found = dict(node) if isinstance(node, Mapping) else {}  # a copy, which asks a traced object for no name
    kind = found.get("resourceType")
    shape = read.shape(kind) if isinstance(kind, str) and kind in read.resource_types else None
    return Spot(shape.name, shape, read) if shape is not None else None


def path_below(spot: Spot, name: str) -> str | None:
    """Return the path of the element called `name` in JSON, that of a primitive's companion too; None when there is none."""
    child = spot.shape.children.get(name) or spot.shape.children.get(name.removeprefix("_"))
    place = spot.read.resolve(f"{spot.path}.{child.segment}") if child is not None else None
    return place.short_path if place is not None else None


def spot_below(spot: Spot, name: str, node: object) -> Spot | None:
    """Return where the object under `name` stands; None for what is not traced: extensions, and what FHIR does not know."""
    child = spot.shape.children.get(name)
    if child is None or child.segment in SLOTS or child.primitive:
        return None
    if child.shape is None:
        return resource_at(node, spot.read)
    path = path_below(spot, name)
    return Spot(path, child.shape, spot.read) if path is not None else None
