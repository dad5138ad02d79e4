"""Where a rule drafted from a definition speaks, and of which value types: from contexts of use to paths of rule files.

Rule 1: only paths that exist in a release and can carry a modifierExtension there; a rule on another would not load.
Rule 2: what a context leaves open (FHIRPath, names of another release, none at all) is every place: such a rule says `review`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from caveat.formats.draft import Unnamed
from caveat.spec.context import ANYWHERE, counts, path_of
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition
from caveat.spec.definition_reader import ANY_VALUE
from caveat.spec.release import Release
from caveat.spec.shape import Tables, tables

EVERYWHERE = "*.**"
ANY_ROOT = "*"

_ROOTS = frozenset({"Resource", "DomainResource", "CanonicalResource", "MetadataResource"})
_BACKBONES = frozenset({"BackboneElement", "BackboneType", "DataType"})


def unnamed_of(definitions: Sequence[ExtensionDefinition], releases: Iterable[Release]) -> Unnamed:
    """Return what a rule can call the modifier that `definitions` are of: one for each release in which it has one."""
    first, asked = definitions[0], tuple(releases)
    return Unnamed(first.url, tuple(_paths(definitions, asked)), tuple(_types(definitions, asked)), first)


def _paths(definitions: Sequence[ExtensionDefinition], releases: Sequence[Release]) -> list[str]:
    """Return the paths of the contexts; where one means every place or any root, what it covers is left out."""
    found = {path for each in definitions for release in releases for path in _places(each, tables(release))}
    is_open = any(each.is_cross_version or not each.is_whole or not each.contexts for each in definitions)
    if EVERYWHERE in found or (not found and is_open):
        return [EVERYWHERE]
    covered = {name for release in releases for name in tables(release).resource_types} if ANY_ROOT in found else frozenset()
    return sorted(found - covered)


def _places(definition: ExtensionDefinition, known: Tables) -> Iterator[str]:
    for context in definition.contexts:
        if counts(context, known.release):
            yield from _place(context, known)


def _place(context: Context, known: Tables) -> Iterator[str]:
    """Give the path of one context: none for a part of another extension, which never stands in `modifierExtension` (MX-79)."""
    if context.kind is ContextKind.EXTENSION:
        return
    is_element = context.kind is ContextKind.ELEMENT
    path = path_of(context.expression) if is_element else context.expression
    place = known.resolve(path) if path is not None else None
    if path is None or path in ANYWHERE or path in _BACKBONES:
        yield EVERYWHERE
    elif path in _ROOTS:
        yield ANY_ROOT
    elif place is not None and place.carries:
        yield place.short_path
    elif place is None and not is_element:  # FHIRPath that says more than a path does
        yield EVERYWHERE


def _types(definitions: Sequence[ExtensionDefinition], releases: Sequence[Release]) -> list[str]:
    """Return the value types, as far as the releases have them; none where any is allowed."""
    lawful = {name for release in releases for name in _value_types(tables(release))}
    found = {name for each in definitions for name in _held(each.content)}
    return [] if found >= lawful else sorted(found & (lawful | {"complex"}))


def _value_types(known: Tables) -> Iterator[str]:
    children = known.required("Extension").children.items()
    yield from (child.shape.name for name, child in children if name.startswith("value") and child.shape is not None)


def _held(content: Content) -> Iterator[str]:
    yield from content.types
    if content.parts or content.types >= ANY_VALUE:
        yield "complex"
