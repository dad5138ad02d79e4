"""Whether what a context of use allows includes the places that a rule speaks of.

Rule 1: a rule on one element must have that element allowed. A rule on many (`.**`, `*`, a data type) speaks of wherever its
modifier may stand there, so one allowed place among them is enough.
Rule 2: what slices, profiles and FHIRPath allow cannot be told from a path: None.
"""

from __future__ import annotations

from caveat.policy.selectors import PathSelector
from caveat.spec.context import ANYWHERE, Kleene, counts, element_allows, names_of, path_of, spot_of
from caveat.spec.definition import Context, ContextKind
from caveat.spec.shape import Tables

_ROOTS = frozenset({"Resource", "DomainResource", "CanonicalResource", "MetadataResource"})
_BELOW = frozenset({"BackboneElement", "BackboneType", "DataType"})


def covers(context: Context, path: PathSelector, tables: Tables) -> Kleene:
    """Return whether a context allows what a rule's path names, in one release."""
    if context.kind is ContextKind.EXTENSION or not counts(context, tables.release):
        return False
    if context.kind is ContextKind.FHIRPATH:
        return None
    place = tables.resolve(path.name)
    if place is not None:
        allowed = element_allows(context.expression, spot_of(tables, place, names_of(place)), tables)
        if allowed is not False:
            return allowed
    meets = _meets(path_of(context.expression), path, tables)
    return meets and (True if path_of(context.expression) == context.expression else None)


def _meets(allowed: str | None, path: PathSelector, tables: Tables) -> bool:
    """Return whether the element or type `allowed` is among the many that a path names; None is one of an unseen profile."""
    place = tables.resolve(allowed) if allowed is not None else None
    if allowed is None or not (path.deep or path.name == "*" or _is_type(path.name, tables)):
        return False
    if allowed in ANYWHERE or (allowed in _ROOTS and path.name == "*") or (allowed in _BELOW and path.deep):
        return True
    if place is None:
        return False
    if path.name == "*":
        return path.deep or place.is_root
    if path.deep and (f"{allowed}.".startswith(f"{path.name}.") or _is_type(allowed, tables)):
        return True
    return any(shape.name == path.name for shape in place.shapes)


def _is_type(name: str, tables: Tables) -> bool:
    """Return whether `name` is a data type, found anywhere."""
    shape = tables.shape(name)
    return shape is not None and shape.kind == "datatype"
