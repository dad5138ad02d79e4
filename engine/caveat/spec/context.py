"""Whether a context of use allows a place: yes, no, or it cannot be told (fhir-rules MX-77 to MX-82).

Rule 1: three answers; what cannot be told is never taken for a yes.
Rule 2: only what FHIR itself says of types and elements decides, never a profile: nobody has read that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from caveat.spec.definition import Context, ContextKind
from caveat.spec.release import Release
from caveat.spec.shape import Place, Shape, Tables

Kleene = bool | None
"""Yes, no, or None: it cannot be told."""

ANYWHERE = frozenset({"Element", "Any", "Base"})
"""Contexts that every element meets, resources too: the Java validator reads `Element` so, and definitions rely on it (MX-78)."""

_ABSTRACT = frozenset({"Resource", "DomainResource", "CanonicalResource", "MetadataResource", "DataType"})
_CANONICAL = frozenset({"url", "status", "publisher", "contact", "useContext"})
_METADATA = frozenset({"approvalDate", "lastReviewDate"})
_CORE = "http://hl7.org/fhir/StructureDefinition/"
_NUMBERS = {Release.R4: (4, 0), Release.R4B: (4, 3), Release.R5: (5, 0)}
_VERSION = re.compile(r"(\d{1,3})(?:\.(\d{1,3}))?(?![\d])")


@dataclass(frozen=True, slots=True)
class Spot:
    """What a context of use asks of a place.

    `names` are its own: its paths, those of the definition that its content refers to, and its data type. `kinds` are the
    types that it is, directly, by inheritance, or because it has the elements of an interface.
    """

    names: AbstractSet[str]
    kinds: frozenset[str]

    def is_called(self, name: str) -> bool:
        """Return whether the place is the element or type `name`, or one of that kind."""
        return name in ANYWHERE or name in self.kinds or (name != "*" and name in self.names)


def spot_of(tables: Tables, place: Place | None, names: AbstractSet[str]) -> Spot:
    """Return what contexts ask of `place`, whose own names are `names`; of several possible types those that `names` has."""
    shapes = [shape for shape in (place.shapes if place is not None else ()) if shape.kind != "datatype" or shape.name in names]
    return Spot(names, frozenset(kind for shape in shapes for kind in _kinds(tables, shape)))


def names_of(place: Place) -> frozenset[str]:
    """Return the names of a place that no document stands behind: its paths, and its data types that carry modifiers."""
    types = {shape.name for shape in place.shapes if shape.kind == "datatype" and shape.carries}
    return frozenset({place.path, place.short_path} | types)


def _kinds(tables: Tables, shape: Shape) -> Iterable[str]:
    """Give what a shape is. R4 has no interfaces, so a resource is of one where it has the elements that make it one."""
    yield from tables.kinds_of(shape.name)
    if shape.kind == "resource" and shape.children.keys() >= _CANONICAL:
        yield "CanonicalResource"
        if shape.children.keys() >= _METADATA:
            yield "MetadataResource"


def counts(context: Context, release: Release) -> bool:
    """Return whether a context is for `release`, by its version-specific use; bounds of no known form do not limit it (MX-82)."""
    here = _NUMBERS[release]
    earliest, latest = _version(context.earliest, 0), _version(context.latest, 999)
    return (earliest is None or earliest <= here) and (latest is None or here <= latest)


def _version(text: str | None, open_end: int) -> tuple[int, int] | None:
    """Return major and minor number of a FHIR version, the minor `open_end` where there is none."""
    found = _VERSION.match(text) if text else None
    return None if found is None else (int(found[1]), open_end if found[2] is None else int(found[2]))


def element_allows(expression: str, spot: Spot, tables: Tables) -> Kleene:
    """Return whether an element context allows `spot`: an ElementDefinition.id, a type, or `[url]#[id]`.

    A slice, and what a profile makes of an element, cannot be told from a document: None where all else fits.
    """
    url, hashed, identity = expression.partition("#")
    if not hashed and "://" not in expression:
        return _plain(expression, spot)
    core = url.partition("|")[0].removeprefix(_CORE)
    if tables.shape(core) is not None:
        return _plain(identity or core, spot)
    if not identity:
        return None
    return False if _plain(identity, spot) is False else None


def _plain(identity: str, spot: Spot) -> Kleene:
    """Return whether an element of FHIR's own is the spot, None for a slice of it."""
    path = ".".join(segment.partition(":")[0] for segment in identity.split("."))
    if not spot.is_called(path):
        return False
    return True if path == identity else None


def any_of(answers: Iterable[Kleene]) -> Kleene:
    """Return yes when one of the answers is, else None when one cannot be told, else no."""
    told = set(answers)
    return True if True in told else None if None in told else False


def path_of(expression: str) -> str | None:
    """Return the element path or type that an element context speaks of, without slices and url; None for a profile alone."""
    url, _, identity = expression.partition("#")
    if not identity and "://" not in expression:
        identity = expression
    elif not identity and url.startswith(_CORE):
        identity = url.removeprefix(_CORE).partition("|")[0]
    return ".".join(segment.partition(":")[0] for segment in identity.split(".")) or None


def can_carry(context: Context, tables: Tables) -> Kleene:
    """Return whether anything that a context allows can carry a modifierExtension there (MX-110); None: nobody can tell."""
    if context.kind is ContextKind.EXTENSION or not counts(context, tables.release):
        return False
    path = path_of(context.expression) if context.kind is ContextKind.ELEMENT else None
    if path is None:
        return None
    if path in ANYWHERE or path in _ABSTRACT:
        return True
    place = tables.resolve(path)
    return place is not None and place.carries
