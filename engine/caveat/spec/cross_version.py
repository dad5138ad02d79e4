"""What a cross-version url stands for: an element of another release (fhir-rules MX-130 to MX-136).

Rule 1: such an extension is a modifier when the element that it stands for is one (MX-131).
Rule 2: what is computed here was published nowhere, so its contexts are a proposal and its definition is not whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition
from caveat.spec.release import Release
from caveat.spec.shape import Child, tables

_SOURCES = {"4.0": Release.R4, "4.3": Release.R4B, "5.0": Release.R5}
_CROSS_VERSION = re.compile(r"http://hl7\.org/fhir/(\d\.\d)/StructureDefinition/extension-([A-Za-z0-9.]+(?:\[x\])?)")
_VALUES = frozenset({"datatype", "primitive"})


@dataclass(frozen=True, slots=True)
class _Source:
    """The element that a url stands for: its release, its parent's path, its name, and its types."""

    release: Release
    parent: str
    segment: str
    children: tuple[Child, ...]


def is_cross_version(url: str) -> bool:
    """Return whether `url` has the form of a cross-version extension, whatever it stands for."""
    return _CROSS_VERSION.fullmatch(_spelt(url)) is not None


def cross_version_kind(url: str) -> bool | None:
    """Return whether the element that a cross-version url stands for is a modifier; None when there is no such element."""
    source = _source(url)
    return source.children[0].is_modifier if source else None


def cross_version_definition(url: str) -> ExtensionDefinition | None:
    """Return what the element that a cross-version url stands for says of it; None when there is no such element."""
    source = _source(url)
    if source is None:
        return None
    first = source.children[0]
    path = f"{source.parent}.{source.segment}"
    return ExtensionDefinition(
        url=url,
        is_modifier=first.is_modifier,
        title=f"{path} of {source.release}",
        contexts=(Context(ContextKind.ELEMENT, source.parent),),
        content=Content(types=_types(source.children), minimum=0, maximum=first.maximum),
        is_whole=False,
        is_cross_version=True,
    )


def _source(url: str) -> _Source | None:
    """Return the element that a cross-version url stands for, in the releases whose tables there are."""
    match = _CROSS_VERSION.fullmatch(_spelt(url))
    release = _SOURCES.get(match[1]) if match else None
    if match is None or release is None:
        return None
    parent, _, segment = match[2].rpartition(".")
    shape = tables(release).shape(parent)
    children = tuple(child for child in shape.children.values() if child.segment == segment) if shape else ()
    return _Source(release, parent, segment, children) if children else None


def _spelt(url: str) -> str:
    """Return a url with the brackets of a choice as they are, which may be percent-encoded (MX-130)."""
    return url.replace("%5Bx%5D", "[x]")


def _types(children: tuple[Child, ...]) -> frozenset[str]:
    """Return the value types of an element; none for one with children of its own, which become parts."""
    return frozenset(child.shape.name for child in children if child.shape is not None and child.shape.kind in _VALUES)
