"""From the tree of a document to every occurrence in it.

Rule 1: it never stops at what it does not know, and never recurses in Python.
Rule 2: a `modifierExtension` property is found wherever it stands, lawful or not; so are its misspellings, `implicitRules`, and
known modifiers in plain `extension`.
Rule 3: it finds and names; it never decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from caveat.domain.decision import Carrier, Fault, Ground, Occurrence
from caveat.intake.carrier import Frame, Memo, carrier_of, is_lawful, standing_of, step_name
from caveat.intake.extension import content_fault, malformed, rules_fault, spread, url_fault, value_type
from caveat.intake.json_reader import Unreadable
from caveat.intake.near_miss import is_near_miss
from caveat.spec.shape import OPAQUE, Child, Place, Shape, Tables

MODIFIERS = "modifierExtension"
EXTENSIONS = "extension"
RULES = "implicitRules"
_SLOTS = frozenset({MODIFIERS, EXTENSIONS})
_SAYS_TYPE = frozenset({MODIFIERS, EXTENSIONS, "resourceType", "__typename", "resource"})
_RULES = frozenset({"implicitrules", "_implicitrules"})
_LETTERS = 512  # of the places of what is found, for each one that may be found
_FEW = 100  # places of any depth, whatever the limit
_OBSERVATION_VALUE = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
        "http://hl7.org/fhir/v3/ObservationValue",
    }
)

Known = Callable[[str], bool | None]
"""Whether a url is a known modifier (True), a known plain extension (False), or not known (None)."""


class Wire(StrEnum):
    """How the document was asked for: FHIR's own JSON, or a GraphQL answer."""

    FHIR = "fhir"
    GRAPHQL = "graphql"


@dataclass(slots=True)
class _Walk:
    """One walk: what it was given, what is still to be looked at, and what was found."""

    tables: Tables
    known: Known
    wire: Wire
    slot: Child
    element: Shape
    limit: int
    stack: list[Frame] = field(default_factory=list)
    found: list[Occurrence] = field(default_factory=list)
    memo: Memo = field(default_factory=Memo)

    @property
    def is_over(self) -> bool:
        """Whether more was found than the limit allows, or places that are longer together than they may be."""
        return len(self.found) > self.limit or self.memo.letters > _LETTERS * max(self.limit, _FEW)


def walk(
    tree: Mapping[str, Any],
    tables: Tables,
    known: Known,
    *,
    at: Place | None = None,
    wire: Wire = Wire.FHIR,
    limit: int = 100_000,
) -> list[Occurrence] | Unreadable:
    """Return every occurrence in `tree`: of each object its own slots first, then what stands below in the order written.

    `at` is the place of an element that stands alone, or the resource type expected; without it `tree` is any resource. A
    resource of no known type, wherever it stands, makes the document unreadable, and so do more than `limit` occurrences.
    """
    root = _root_frame(tree, tables, at, wire)
    if isinstance(root, Unreadable):
        return root
    element = tables.required("Element")
    state = _Walk(tables, known, wire, element.children[EXTENSIONS], element, limit, [root])
    while state.stack:
        fault = _visit(state, state.stack.pop())
        if fault is not None:
            return fault
        if state.is_over:
            return Unreadable("occurrence-limit", f"more than {limit} modifier extensions, or fewer that stand too deep")
    return state.found


# the root


def _root_frame(tree: Mapping[str, Any], tables: Tables, at: Place | None, wire: Wire) -> Frame | Unreadable:
    """Return the frame of the whole input: a resource, or an element alone below frames that nobody has seen."""
    if at is not None and not at.is_root:
        name = _type_of(tree, wire)
        says_so = "resourceType" in tree and not any("resourceType" in shape.children for shape in at.shapes)
        if says_so or (wire is Wire.GRAPHQL and name in tables.resource_types):
            return Unreadable("resource-type", f"a whole resource, and not the {at.path} that was asked for")
        return _element_frame(tree, tables, at)
    name = root_type(tree, tables, at, wire)
    if name is None:
        return _unknown_type(tables, "the document")
    if at is not None and at.path != name:
        return Unreadable("resource-type", f"not the {at.path} that was asked for")
    return Frame(tree, tables.required(name))


def root_type(tree: Mapping[str, Any], tables: Tables, at: Place | None, wire: Wire) -> str | None:
    """Return the type of the resource that `tree` is, None when it says none that is known, or two that differ.

    In a GraphQL answer what was asked for (`at`) says it where `resourceType` does not; a schema may call its types as it likes,
    but not by the name of another resource.
    """
    asked = at.path if at is not None and wire is Wire.GRAPHQL and "resourceType" not in tree else None
    name = asked or _type_of(tree, wire)
    return name if name in tables.resource_types and _agrees(tree, name, tables, wire) else None


def _agrees(node: Mapping[str, Any], name: str | None, tables: Tables, wire: Wire) -> bool:
    """Return whether a GraphQL answer does not name an object after another resource than it is."""
    said = node.get("__typename") if wire is Wire.GRAPHQL else None
    return not isinstance(said, str) or said not in tables.resource_types or said == name


def _element_frame(tree: Mapping[str, Any], tables: Tables, at: Place) -> Frame:
    """Return the frame of an element alone, its ancestors' frames above it."""
    first, *segments = at.path.split(".")
    frame = Frame(None, tables.required(first))
    for segment in segments:
        child = frame.shape.children[segment]
        assert child.shape is not None  # noqa: S101  a place checked alone is an element, never a resource in another
        frame = Frame(None, child.shape, frame, segment, None, child)
    return frame._replace(node=tree)


def _type_of(node: Mapping[str, Any], wire: Wire) -> str | None:
    """Return the resource type that `node` says it has."""
    name = node.get("resourceType")
    if name is None and wire is Wire.GRAPHQL:
        name = node.get("__typename")
    return name if isinstance(name, str) else None


def _unknown_type(tables: Tables, where: str) -> Unreadable:
    return Unreadable("resource-type", f"{where} is no resource of a type that FHIR {tables.release.value} knows")


# one object


def _visit(state: _Walk, frame: Frame) -> Unreadable | None:
    """Look at one object: its own slots, then put what stands below on the stack."""
    node, shape = frame.node, frame.shape
    if frame.is_resource:
        _rules_and_tags(state, frame)
    if MODIFIERS in node:
        _modifiers(state, frame)
    elif state.wire is Wire.GRAPHQL and (shape.carries or shape is OPAQUE):
        _not_asked_for(state, frame)
    if EXTENSIONS in node:
        _extensions(state, frame)
    children = shape.children
    if state.wire is Wire.GRAPHQL and shape is not OPAQUE and any(_is_lifted(k, v, children) for k, v in node.items()):
        _add_incomplete(state, frame, "from a query that renamed an element, or lifted it out of what holds it")
    below: list[Frame] = []
    for key, value in node.items():
        child = children.get(key)
        if child is None:
            child = _unlisted(state, frame, key)
        if value.__class__ is dict or value.__class__ is list:
            fault = _below(state, frame, key, child, below)
            if fault is not None:
                return fault
        elif len(state.found) > state.limit:
            return None  # one too many: the walk ends here
    state.stack.extend(reversed(below))
    return None


def _is_lifted(key: str, value: Any, children: Mapping[str, Child]) -> bool:
    """Return whether FHIR has no such property here: an alias, or what `@flatten` took out of an element with modifiers."""
    if key in children or key in _SAYS_TYPE or key.removeprefix("_") in children or isinstance(value, dict):
        return False
    return not isinstance(value, list) or not any(isinstance(item, dict) for item in value)


def _unlisted(state: _Walk, frame: Frame, key: str) -> Child | None:
    """Return what a property that the shape does not list may be: an extension slot, a primitive's companion, or nothing."""
    if key in _SLOTS:
        return replace(state.slot, segment=key)
    if is_near_miss(key):
        fault = malformed("near-miss", "a property whose name only looks like modifierExtension")
        _add_slot_fault(state, frame, key, fault)
        return None
    if key.lower() in _RULES and (key.removeprefix("_") != RULES or RULES not in frame.shape.children):
        _stray_rules(state, frame, key)
        return None
    primitive = frame.shape.children.get(key[1:]) if key.startswith("_") else None
    if primitive is None or not primitive.primitive:
        return None
    return replace(primitive, shape=state.element, primitive=False)


def _below(state: _Walk, frame: Frame, key: str, child: Child | None, below: list[Frame]) -> Unreadable | None:
    """Put the objects that stand under one property into `below`, whatever arrays they stand in."""
    pending: list[tuple[str, Any]] = [(step_name(key), frame.node[key])]
    while pending:
        name, group = pending.pop()
        items = enumerate(group) if group.__class__ is list else ((None, group),)
        for index, item in items:
            if item.__class__ is dict:
                shape = _shape_of(state, item, child)
                if shape is None:
                    where = name if index is None else f"{name}[{index}]"
                    return _unknown_type(state.tables, f"what stands at {standing_of(frame, state.memo).location}.{where}")
                below.append(Frame(item, shape, frame, name, index, child))
            elif item.__class__ is list:
                pending.append((f"{name}[{index}]", item))
    return None


def _shape_of(state: _Walk, node: Mapping[str, Any], child: Child | None) -> Shape | None:
    """Return the shape of an object that stands for `child`, None when it is a resource of no known type."""
    if child is not None and child.shape is not None:
        return child.shape
    name = _type_of(node, state.wire)
    is_type = name in state.tables.resource_types
    if child is None and state.wire is Wire.FHIR and (is_type or name is None):
        return OPAQUE
    if child is None and state.wire is Wire.GRAPHQL and not is_type and "resourceType" not in node:
        return OPAQUE
    agrees = is_type and name is not None and _agrees(node, name, state.tables, state.wire)
    return state.tables.required(name) if agrees and name is not None else None


# slots


def _modifiers(state: _Walk, frame: Frame) -> None:
    """Add an occurrence for each entry of `modifierExtension`, or one for the slot when it is no array of entries."""
    entries = frame.node[MODIFIERS]
    if state.wire is Wire.GRAPHQL and not entries and isinstance(entries, list | None):
        return
    if not isinstance(entries, list) or not entries:
        empty = entries is None or entries == []
        nothing, other = ("empty", "an empty modifierExtension"), ("not-array", "a modifierExtension that is no array")
        _add_slot_fault(state, frame, MODIFIERS, malformed(*(nothing if empty else other), empty=empty))
        return
    carrier = carrier_of(frame, state.memo)
    misplaced = _misplaced(state, frame)
    counted = enumerate(entries[: state.limit + 1])  # one too many is enough to refuse the document
    found = [_entry(state, carrier, index, entry, misplaced) for index, entry in counted]
    state.found.extend(_contradicting(found))


def _misplaced(state: _Walk, frame: Frame) -> Fault | None:
    """Return the fault of a `modifierExtension` where FHIR allows none (MX-02, MX-08 to MX-10, MX-88)."""
    if is_lawful(frame, state.memo, lists_matter=state.wire is Wire.FHIR):  # a GraphQL answer may give one of a list by itself
        return None
    return Fault(Ground.MISPLACED, "misplaced", "where FHIR allows no modifier extension")


def _add_slot_fault(state: _Walk, frame: Frame, key: str, fault: Fault) -> None:
    """Add the one occurrence of a slot that holds no readable entries; it has no index."""
    carrier = carrier_of(frame, state.memo)
    value = frame.node[key]
    url = value.get("url") if isinstance(value, dict) else None
    misplaced = _misplaced(state, frame) if key == MODIFIERS else None
    state.found.append(
        Occurrence(
            url if isinstance(url, str) else None, f"{carrier.location}.{key}", MODIFIERS, carrier, fault=misplaced or fault
        )
    )


def _entry(state: _Walk, carrier: Carrier, index: int, entry: Any, misplaced: Fault | None) -> Occurrence:
    """Return the occurrence that one entry of `modifierExtension` is."""
    location = f"{carrier.location}.{MODIFIERS}[{index}]"
    if not isinstance(entry, dict):
        no_object = malformed("not-object", "an entry that is no object")
        return Occurrence(None, location, MODIFIERS, carrier, fault=misplaced or no_object)
    extension = _asked(entry) if state.wire is Wire.GRAPHQL else entry
    url = extension.get("url")
    children = state.slot.shape.children if state.slot.shape is not None else {}
    fault = misplaced or url_fault(url) or content_fault(extension, children)
    if fault is None and isinstance(url, str) and state.known(url) is False:
        fault = Fault(Ground.WRONG_SLOT, "plain-in-modifier", "a plain extension in modifierExtension")
    kind = value_type(extension, children)
    return Occurrence(url if isinstance(url, str) else None, location, MODIFIERS, carrier, kind, extension, fault=fault)


def _asked(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an Extension of a GraphQL answer without what was asked for and is not there."""
    told = {key: value for key, value in entry.items() if value is not None and value != [] and key != "__typename"}
    if isinstance(told.get(EXTENSIONS), list):
        told[EXTENSIONS] = [_asked(part) if isinstance(part, dict) else part for part in told[EXTENSIONS]]
    return told


def _contradicting(found: list[Occurrence]) -> Iterator[Occurrence]:
    """Mark the occurrences that share a url, on one carrier, with one of another value.

    Where one differs from the first, each differs from some other; so one comparison for each is enough.
    """
    first: dict[str | None, Any] = {}
    differing = {each.url for each in found if first.setdefault(each.url, _content(each)) != _content(each)}
    for occurrence in found:
        yield replace(occurrence, contradicted=True) if occurrence.url in differing else occurrence


def _content(occurrence: Occurrence) -> Any:
    """Return what an extension says, apart from its id."""
    return {key: value for key, value in (occurrence.extension or {}).items() if key != "id"}


def _extensions(state: _Walk, frame: Frame) -> None:
    """Add an occurrence for each known modifier in plain `extension` (MX-74, MX-76); parts of a modifier are its own."""
    for place, entry in spread(EXTENSIONS, frame.node[EXTENSIONS]):
        url = entry.get("url")
        if not isinstance(url, str) or state.known(url) is not True:
            continue
        if _is_part_of_modifier(frame) or len(state.found) > state.limit:
            return  # one too many is enough to refuse the document
        carrier = carrier_of(frame, state.memo)
        fault = Fault(Ground.WRONG_SLOT, "modifier-in-plain", "a modifier extension in plain extension")
        kind = value_type(entry, state.slot.shape.children) if state.slot.shape is not None else None
        state.found.append(Occurrence(url, f"{carrier.location}.{place}", EXTENSIONS, carrier, kind, entry, fault=fault))


def _is_part_of_modifier(frame: Frame) -> bool:
    """Return whether `frame` is an entry of `modifierExtension`, or a part of one."""
    at: Frame | None = frame
    while at is not None and at.is_extension:
        if at.key.partition("[")[0] == MODIFIERS:
            return True
        at = at.parent
    return False


# what a resource says of itself


def _rules_and_tags(state: _Walk, frame: Frame) -> None:
    """Add the occurrence of `implicitRules`, and that of a resource which says that it is incomplete."""
    node = frame.node
    if RULES in node and not (state.wire is Wire.GRAPHQL and node[RULES] is None):
        _implicit_rules(state, frame, node[RULES])
    elif "_" + RULES in node:
        _implicit_rules(state, frame, None)
    if _is_subsetted(node.get("meta")):
        message = "from a source that left elements out (tagged SUBSETTED)"
        _add_incomplete(state, frame, message)


def _implicit_rules(state: _Walk, frame: Frame, value: Any) -> None:
    """Add `implicitRules` as an occurrence: its url is its value, and only a path that names it matches."""
    root = carrier_of(frame, state.memo)
    names = frozenset({f"{root.path}.{RULES}", f"*.{RULES}"})
    path = f"{root.path}.{RULES}"
    carrier = replace(root, path=path, short_path=path, names=names, within=frozenset())
    url = value if isinstance(value, str) else None
    said = {"url": RULES, "valueUri": value}
    location = f"{root.location}.{RULES}"
    state.found.append(Occurrence(url, location, RULES, carrier, "uri", said, fault=rules_fault(value)))


def _stray_rules(state: _Walk, frame: Frame, key: str) -> None:
    """Add `implicitRules` that stand on no resource, on one where FHIR allows none, or under a name in another case."""
    carrier = carrier_of(frame, state.memo)
    value = frame.node[key]
    fault = Fault(Ground.MISPLACED, "misplaced", "implicitRules where FHIR allows none")
    if key.removeprefix("_") != RULES:
        fault = malformed("near-miss", "a property whose name only looks like implicitRules")
    location = f"{carrier.location}.{key}"
    state.found.append(Occurrence(value if isinstance(value, str) else None, location, RULES, carrier, "uri", fault=fault))


def _is_subsetted(meta: Any) -> bool:
    """Return whether a resource's `meta` says that elements were left out (MX-44)."""
    said = [each.get("tag") for each in (meta if isinstance(meta, list) else [meta]) if isinstance(each, dict)]
    return any(_is_subsetted_tag(tag) for tags in said for tag in (tags if isinstance(tags, list) else [tags]))


def _is_subsetted_tag(tag: Any) -> bool:
    if not isinstance(tag, dict) or tag.get("code") != "SUBSETTED":
        return False
    system = tag.get("system")
    return not system or not isinstance(system, str) or system in _OBSERVATION_VALUE


def _not_asked_for(state: _Walk, frame: Frame) -> None:
    """Add the occurrence of an object in a GraphQL answer that could carry modifiers and was not asked for them."""
    _add_incomplete(state, frame, "from a query that did not ask for modifierExtension")


def _add_incomplete(state: _Walk, frame: Frame, message: str) -> None:
    carrier = carrier_of(frame, state.memo)
    fault = Fault(Ground.INCOMPLETE, "incomplete", message)
    state.found.append(Occurrence(None, f"{carrier.location}.{MODIFIERS}", MODIFIERS, carrier, fault=fault))
