"""What the whole input is: a resource of a known type, or an element alone below frames that nobody has seen.

Rule 1: a resource says its type itself; what says none that is known, or two that differ, is not read.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from caveat.intake.carrier import Frame
from caveat.intake.json_reader import Unreadable
from caveat.spec.shape import Place, Tables


class Wire(StrEnum):
    """How the document was asked for: FHIR's own JSON, or a GraphQL answer."""

    FHIR = "fhir"
    GRAPHQL = "graphql"


def root_frame(tree: Mapping[str, Any], tables: Tables, at: Place | None, wire: Wire) -> Frame | Unreadable:
    """Return the frame of the whole input, or why there is none."""
    if at is not None and not at.is_root:
        name = type_of(tree, wire)
        says_so = "resourceType" in tree and not any("resourceType" in shape.children for shape in at.shapes)
        if says_so or (wire is Wire.GRAPHQL and name in tables.resource_types):
            return Unreadable("resource-type", f"a whole resource, and not the {at.path} that was asked for")
        return _element_frame(tree, tables, at)
    name = root_type(tree, tables, at, wire)
    if name is None:
        return unknown_type(tables, "the document")
    if at is not None and at.path != name:
        return Unreadable("resource-type", f"not the {at.path} that was asked for")
    return Frame(tree, tables.required(name))


def root_type(tree: Mapping[str, Any], tables: Tables, at: Place | None, wire: Wire) -> str | None:
    """Return the type of the resource that `tree` is, None when it says none that is known, or two that differ.

    In a GraphQL answer what was asked for (`at`) says it where `resourceType` does not; a schema may call its types as it likes,
    but not by the name of another resource.
    """
    asked = at.path if at is not None and wire is Wire.GRAPHQL and "resourceType" not in tree else None
    name = asked or type_of(tree, wire)
    return name if name in tables.resource_types and agrees(tree, name, tables, wire) else None


def agrees(node: Mapping[str, Any], name: str | None, tables: Tables, wire: Wire) -> bool:
    """Return whether a GraphQL answer does not name an object after another resource than it is."""
    said = node.get("__typename") if wire is Wire.GRAPHQL else None
    return not isinstance(said, str) or said not in tables.resource_types or said == name


def type_of(node: Mapping[str, Any], wire: Wire) -> str | None:
    """Return the resource type that `node` says it has."""
    name = node.get("resourceType")
    if name is None and wire is Wire.GRAPHQL:
        name = node.get("__typename")
    return name if isinstance(name, str) else None


def unknown_type(tables: Tables, where: str) -> Unreadable:
    """Say that what stands at `where` is no resource that the release knows."""
    return Unreadable("resource-type", f"{where} is no resource of a type that FHIR {tables.release.value} knows")


def _element_frame(tree: Mapping[str, Any], tables: Tables, at: Place) -> Frame:
    """Return the frame of an element alone, its ancestors' frames above it."""
    first, *segments = at.path.split(".")
    frame = Frame(None, tables.required(first))
    for segment in segments:
        child = frame.shape.children[segment]
        assert child.shape is not None  # noqa: S101  a place checked alone is an element, never a resource in another
        frame = Frame(None, child.shape, frame, segment, None, child)
    return frame._replace(node=tree)
