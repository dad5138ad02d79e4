"""What is wrong with a StructureDefinition as the definition of an extension, or as a profile (fhir-rules MX-100 to 117).

Rule 1: pure, and on the tree as read: a definition that no reader understands has findings all the same.
Rule 2: what is said is of the definition, which is public: its urls, elements and types; locations have indexes.
Rule 3: an error is what FHIR forbids, a warning what it advises against, information what is only to be known.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from caveat.spec.context import ANYWHERE, any_of, can_carry, path_of
from caveat.spec.definition import Context, ContextKind
from caveat.spec.known import Known
from caveat.spec.reason import says_nothing
from caveat.spec.release import Release
from caveat.spec.shape import tables

_SLOTS = (".extension", ".modifierExtension")
_MISFILED = {True: "a plain extension, into modifierExtension", False: "a modifier extension, into extension"}
ERROR, WARNING, INFORMATION = "error", "warning", "information"

Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong with a definition: the requirement (`MX-100`), a stable code, how much it weighs, what, and where."""

    requirement: str
    code: str
    severity: str
    message: str
    location: str


def is_definition(tree: object) -> bool:
    """Return whether a document is a StructureDefinition."""
    return isinstance(tree, Mapping) and tree.get("resourceType") == "StructureDefinition"


def is_modifier(tree: Tree) -> bool | None:
    """Return whether a root is flagged, in either view, as `definition_of` reads it; None for what defines no extension."""
    if tree.get("type") != "Extension":
        return None
    roots = [_root(elements) for elements in (_elements(tree, "snapshot"), _elements(tree, "differential"))]
    return any(root is not None and root[1].get("isModifier") is True for root in roots)


def definition_findings(tree: Tree, known: Known) -> list[Finding]:
    """Return what is wrong with a StructureDefinition; `known` says which extensions are known as modifiers."""
    found = list(_header(tree))
    if tree.get("type") == "Extension":
        found += _contexts(tree)
        found += _root_findings(tree)
        found += _content(tree)
    else:
        found += _no_context(tree)
        found += _slices(tree, known)
    return found


# the tree, whatever is in it


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _objects(value: object) -> list[Tree]:
    """Return the objects of a list, nothing where there is none."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def _elements(tree: Tree, view: str) -> list[tuple[str, Tree]]:
    """Return the elements of a view, each with its location."""
    held = tree.get(view)
    listed = _objects(held.get("element")) if isinstance(held, Mapping) else []
    return [(f"StructureDefinition.{view}.element[{index}]", each) for index, each in enumerate(listed)]


def _all_elements(tree: Tree) -> list[tuple[str, Tree]]:
    """Return the elements as the author wrote them: of the differential, else of the snapshot."""
    return _elements(tree, "differential") or _elements(tree, "snapshot")


def _root(elements: list[tuple[str, Tree]]) -> tuple[str, Tree] | None:
    return next((each for each in elements if "." not in str(each[1].get("path", "."))), None)


def _at(elements: list[tuple[str, Tree]], *ids: str) -> tuple[str, Tree] | None:
    """Return the element of one of these ids, or with one of these as its path where it has no id."""
    return next((each for each in elements if (each[1].get("id") or each[1].get("path")) in ids), None)


# what every definition needs


def _header(tree: Tree) -> Iterator[Finding]:
    """Give what is missing at the top (MX-103, MX-106)."""
    top = "StructureDefinition"
    for name in ("url", "name", "status", "kind", "type"):
        if _text(tree.get(name)) is None:
            yield Finding("MX-106", f"no-{name}", ERROR, f"it has no {name}", top)
    if not isinstance(tree.get("abstract"), bool):
        yield Finding("MX-106", "no-abstract", ERROR, "it does not say whether it is abstract", top)
    if _text(tree.get("publisher")) is None:
        yield Finding("MX-106", "no-publisher", WARNING, "it names no publisher", top)
    if tree.get("abstract") is False and _text(tree.get("baseDefinition")) is None:
        yield Finding("MX-103", "sdf-4", ERROR, "it is not abstract, and has no baseDefinition (sdf-4)", top)
    if not _elements(tree, "differential") and not _elements(tree, "snapshot"):
        yield Finding("MX-103", "sdf-6", ERROR, "it has neither a differential nor a snapshot with elements (sdf-6)", top)
    if _text(tree.get("baseDefinition")) is not None and _text(tree.get("derivation")) is None:
        yield Finding("MX-103", "sdf-27", ERROR, "it has a baseDefinition, and does not say how it derives from it (sdf-27)", top)


def _no_context(tree: Tree) -> Iterator[Finding]:
    """Give the contexts of what is no extension (MX-102)."""
    for name, code in (("context", "context-of-no-extension"), ("contextInvariant", "sdf-18")):
        if tree.get(name):
            says = "which only the definition of an extension has" + (" (sdf-18)" if code == "sdf-18" else "")
            yield Finding("MX-102", code, ERROR, f"it has a {name}, {says}", f"StructureDefinition.{name}")


# where an extension may stand


def _contexts(tree: Tree) -> Iterator[Finding]:
    """Give what is wrong with the contexts of use (MX-101, MX-109, MX-110)."""
    listed = _objects(tree.get("context"))
    if not listed and tree.get("derivation") != "specialization":
        yield Finding("MX-101", "sdf-5", ERROR, "it is an extension without a context of use (sdf-5)", "StructureDefinition")
    for index, each in enumerate(listed):
        yield from _context(each, f"StructureDefinition.context[{index}]")
    told = [context for context in map(_read, listed) if context is not None]
    if is_modifier(tree) and told and any_of(can_carry(c, tables(r)) for c in told for r in Release) is False:
        yield Finding(
            "MX-110", "no-carrier", ERROR,
            "it is a modifier, and none of its contexts can carry one in FHIR R4, R4B or R5", "StructureDefinition.context",
        )  # fmt: skip


def _context(context: Tree, location: str) -> Iterator[Finding]:
    """Give what is wrong with one context."""
    read = _read(context)
    if read is None:
        yield Finding("MX-109", "context-unknown", ERROR, "it has a context of no known type, or without expression", location)
    elif read.kind is ContextKind.ELEMENT:
        yield from _element_context(read.expression, location)
    elif read.kind is ContextKind.FHIRPATH and any(tables(r).resolve(read.expression) for r in Release):
        yield Finding(
            "MX-109", "context-fhirpath", WARNING, "it names an element by FHIRPath; type `element` says the same", location
        )


def _element_context(expression: str, location: str) -> Iterator[Finding]:
    """Give what is wrong with an element context: it is everywhere, or nowhere."""
    if expression in ANYWHERE | {"*"}:
        yield Finding("MX-109", "context-everywhere", WARNING, f"its context {expression} is every element", location)
        return
    path = path_of(expression)
    known = path in {"Resource", "DomainResource", "CanonicalResource", "MetadataResource", "DataType", "BackboneType"}
    if path is not None and not known and all(tables(release).resolve(path) is None for release in Release):
        yield Finding("MX-109", "context-nowhere", ERROR, f"its context {path} is no element of FHIR R4, R4B or R5", location)


def _read(context: Tree) -> Context | None:
    """Return a context as one, None when it cannot be read."""
    kind, expression = context.get("type"), _text(context.get("expression"))
    known = kind in ("element", "extension", "fhirpath") and expression is not None
    return Context(ContextKind(str(kind)), expression) if known and expression is not None else None


# the root: modifier and reason


def _root_findings(tree: Tree) -> Iterator[Finding]:
    """Give what is wrong with the flag, its reason and the cardinality (MX-100, MX-105, MX-116, MX-117)."""
    authored, snapshot = _root(_elements(tree, "differential")), _root(_elements(tree, "snapshot"))
    flagged = authored if authored is not None and "isModifier" in authored[1] else snapshot
    if not is_modifier(tree) or flagged is None:
        return
    reasons = [_text(root[1].get("isModifierReason")) for root in (authored, snapshot) if root is not None]
    location = f"{flagged[0]}.isModifierReason"
    if not any(reasons):
        yield Finding("MX-100", "eld-18", ERROR, "it is a modifier, and gives no isModifierReason (eld-18)", location)
    elif authored is not None and reasons[0] is None and "isModifier" in authored[1]:
        yield Finding(
            "MX-116", "reason-generated", WARNING, "its reason stands in the snapshot only: no author gave it", location
        )
    elif says_nothing(reasons[0] or reasons[-1]):
        yield Finding("MX-117", "reason-empty", WARNING, "its isModifierReason does not say why it is a modifier", location)
    root = snapshot or flagged
    if root[1].get("min") in (0, None) and not _says_absence(tree):
        yield Finding(
            "MX-105", "absence", INFORMATION,
            "it is a modifier that may be absent; its description should say what absence means", root[0],
        )  # fmt: skip


def _says_absence(tree: Tree) -> bool:
    """Return whether some text of the definition speaks of absence: a hint for people, not a proof."""
    root = _root(_all_elements(tree))
    texts = [tree.get("description"), *((root[1].get("definition"), root[1].get("comment")) if root is not None else ())]
    return any(word in str(text).casefold() for text in texts for word in ("absent", "absence", "missing", "not present"))


# what an extension holds


def _content(tree: Tree) -> Iterator[Finding]:
    """Give what is wrong with url, value and parts (MX-107, MX-108)."""
    elements = _all_elements(tree)
    if not elements:
        return
    yield from _fixed_url(tree, elements)
    yield from _misplaced_properties(elements)
    whole = _elements(tree, "snapshot") or elements  # cardinalities that the author did not touch stand in the snapshot only
    value, parts = _at(whole, "Extension.value[x]"), _at(whole, "Extension.extension")
    slices = [each for each in elements if str(each[1].get("id", "")).startswith("Extension.extension:")]
    if slices and (value is None or value[1].get("max") != "0"):
        where = value[0] if value is not None else "StructureDefinition"
        yield Finding(
            "MX-108", "complex-value", WARNING, "it declares parts, and does not rule a value out (value[x] 0..0)", where
        )
    if not slices and value is not None and value[1].get("max") != "0":
        if value[1].get("min") != 1:
            yield Finding("MX-108", "simple-value", WARNING, "it has a value, and does not demand one (value[x] 1..1)", value[0])
        if parts is None or parts[1].get("max") != "0":
            where = parts[0] if parts is not None else "StructureDefinition"
            yield Finding(
                "MX-108", "simple-parts", WARNING, "it has a value, and does not rule parts out (extension 0..0)", where
            )


def _fixed_url(tree: Tree, elements: list[tuple[str, Tree]]) -> Iterator[Finding]:
    """Give a fixed url that is not the definition's own, or is missing (MX-107)."""
    found = _at(elements, "Extension.url")
    fixed = found[1].get("fixedUri") if found is not None else None
    if found is None or fixed is None:
        yield Finding(
            "MX-107",
            "url-not-fixed",
            ERROR,
            "it does not fix Extension.url to its own url",
            found[0] if found else "StructureDefinition",
        )
    elif fixed != tree.get("url"):
        yield Finding(
            "MX-107", "url-mismatch", ERROR, "it fixes Extension.url to another url than its own", f"{found[0]}.fixedUri"
        )


def _misplaced_properties(elements: list[tuple[str, Tree]]) -> Iterator[Finding]:
    """Give flags, constraints and mappings that stand where they say nothing (MX-104, MX-108)."""
    for location, element in elements:
        path = str(element.get("path"))
        if path not in {"Extension.url", "Extension.value[x]"}:
            continue
        if element.get("isModifier") is True:
            yield Finding(
                "MX-104", "flag-not-on-root", ERROR, f"it flags {path} as modifier; the root element is what counts", location
            )
        if location.startswith("StructureDefinition.differential"):
            for name in ("constraint", "mapping"):
                if element.get(name):
                    yield Finding(
                        "MX-108", f"{name}-not-on-root", WARNING, f"it has a {name} on {path}; it belongs on the root", location
                    )


# profiles


def _slices(tree: Tree, known: Known) -> Iterator[Finding]:
    """Give the slices of a profile that put an extension into the wrong slot, and where it allows no modifier (MX-45, MX-111)."""
    for location, element in _all_elements(tree):
        path = str(element.get("path"))
        slot = next((each for each in _SLOTS if path.endswith(each)), None)
        if slot is None:
            continue
        if slot == ".modifierExtension" and element.get("max") == "0" and "sliceName" not in element:
            yield Finding("MX-45", "no-modifiers", INFORMATION, f"it allows no modifier extension ({path} 0..0)", location)
        yield from _wrong_slot(element, location, slot, known)


def _wrong_slot(element: Tree, location: str, slot: str, known: Known) -> Iterator[Finding]:
    """Give the extensions that an element names and that do not belong in its slot."""
    wants = slot == ".modifierExtension"
    for type_ in _objects(element.get("type")):
        profiles = type_.get("profile")
        for profile in profiles if isinstance(profiles, list) else ():
            url = str(profile).partition("|")[0]
            if known(url) not in {None, wants}:
                yield Finding(
                    "MX-111",
                    "wrong-slot",
                    ERROR,
                    f"it puts {url}, {_MISFILED[wants]}",
                    location,
                )
