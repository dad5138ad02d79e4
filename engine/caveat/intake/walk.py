"""From the tree of a document to every occurrence in it.

Rule 1: it never stops at what it does not know, and never recurses in Python.
Rule 2: a `modifierExtension` property is found wherever it stands, lawful or not; so are its misspellings, `implicitRules`, and
known modifiers in plain `extension`.
Rule 3: it finds and names; it never decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from caveat.domain.decision import EXTENSIONS, MODIFIERS, RULES, SLOTS, Fault, Ground, Occurrence
from caveat.intake.beside import add_natives, add_patch
from caveat.intake.carrier import EMBEDDED, EMBEDDED_LINE, Frame, carrier_of, standing_of, step_name
from caveat.intake.columns import Steps
from caveat.intake.embedded import documents_in, is_fhir, media_type, not_inspected
from caveat.intake.extension import malformed, rules_fault
from caveat.intake.found import Found, Walk, add_fault, note, shapes_of
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.near_miss import is_near_miss
from caveat.intake.root import Wire, agrees, root_frame, root_type, type_of, unknown_type
from caveat.intake.slots import add_extensions, add_modifiers, add_slot_fault
from caveat.intake.subsetted import is_subsetted
from caveat.spec.known import Known
from caveat.spec.native import native_modifiers
from caveat.spec.shape import OPAQUE, Child, Place, Shape, Tables

_SAYS_TYPE = frozenset({*SLOTS, "resourceType", "__typename", "resource"})
_RULES = frozenset({"implicitrules", "_implicitrules"})
_TOO_MANY = "occurrence-limit"
_MOST_EMBEDDED = 10_000  # each costs a reader of its own
_PARAMETER = "Parameters.parameter"
_EMBEDDING = frozenset({"Binary", "Attachment", OPAQUE.name})
_LOOKED_AT = _EMBEDDING | {_PARAMETER}


def survey(
    tree: Mapping[str, Any],
    tables: Tables,
    known: Known,
    *,
    at: Place | None = None,
    wire: Wire = Wire.FHIR,
    limits: Limits = Limits(),
) -> Found | Unreadable:
    """Return what is in `tree`: of each object its own slots first, then what stands below in the order written.

    `at` is the place of an element that stands alone, or the resource type expected; without it `tree` is any resource. A
    resource of no known type, wherever it stands, makes the document unreadable, and so do more occurrences than the limit;
    in an embedded document only the former, and that is an occurrence.
    """
    root = root_frame(tree, tables, at, wire)
    if isinstance(root, Unreadable):
        return root
    told = Found()
    return _run(Walk(tables, known, wire, shapes_of(tables), limits, [root], told, told.occurrences)) or told


def survey_on(ways: Mapping[int, Steps], root: Frame, tables: Tables, known: Known, limits: Limits) -> Found | Unreadable:
    """Return what `survey` returns of the resource `root`, where it is proven that an occurrence is nothing but an entry there.

    `ways` leads to every object with a `modifierExtension` (see `columns.ways_to`); what is not on one of them is passed by.
    """
    told = Found()
    state = Walk(tables, known, Wire.FHIR, shapes_of(tables), limits, [root], told, told.occurrences, ways=ways)
    return _run(state) or told


def _run(state: Walk) -> Unreadable | None:
    """Look at every object until none is left."""
    while state.stack:
        frame = state.stack.pop()
        steps = state.ways.get(id(frame.node)) if state.ways is not None else None
        fault = _visit(state, frame) if steps is None else _visit_on_the_way(state, frame, steps)
        if fault is None and not _is_plain(frame.shape):
            fault = _beside(state, frame)
        if fault is not None:
            return fault
        if state.is_over:
            return Unreadable(
                _TOO_MANY, f"more than {state.limits.occurrences} modifier extensions, or fewer that stand too deep"
            )
    return None


# one object


def _visit(state: Walk, frame: Frame) -> Unreadable | None:
    """Look at one object: its own slots, then put what stands below on the stack."""
    node, shape = frame.node, frame.shape
    if frame.is_resource:
        _rules_and_tags(state, frame)
    if MODIFIERS in node:
        add_modifiers(state, frame)
    if state.wire is Wire.GRAPHQL:
        _not_as_asked(state, frame)
    if EXTENSIONS in node:
        add_extensions(state, frame)
    children = shape.children
    below: list[Frame] = []
    for key, value in node.items():
        child = children.get(key)
        if child is None:
            child = _unlisted(state, frame, key)
        if value.__class__ is dict or value.__class__ is list:
            fault = _below(state, frame, key, child, below)
            if fault is not None:
                return fault
        elif len(state.found) > state.limits.occurrences:
            return None  # one too many: the walk ends here
    state.stack.extend(reversed(below))
    return None


@cache
def _companion(primitive: Child, element: Shape) -> Child:
    """Return what stands beside a primitive for all but its value."""
    return replace(primitive, shape=element, primitive=False)


def _visit_on_the_way(state: Walk, frame: Frame, steps: Steps) -> Unreadable | None:
    """Look at one object of which it is known where to look on: at its modifier extensions and all that is in them, and there."""
    below: list[Frame] = []
    if MODIFIERS in frame.node:
        add_modifiers(state, frame)
    for key in frame.node:
        fault = None
        if key == MODIFIERS:
            fault = _below(state, frame, key, _unlisted(state, frame, key), below)
        elif key in steps:
            fault = _onward(state, frame, key, steps, below)
        if fault is not None:
            return fault
    state.stack.extend(reversed(below))
    return None


def _onward(state: Walk, frame: Frame, key: str, steps: Steps, below: list[Frame]) -> Unreadable | None:
    """Put the objects under one property that `steps` lead to into `below`."""
    child = frame.shape.children.get(key) or _unlisted(state, frame, key)
    name = key if child is not None else step_name(key)
    for index, item in steps[key]:
        shape = (child.shape if child is not None else None) or _shape_of(state, item, child)
        if shape is None:
            return _untold(state, frame, name, index)
        below.append(Frame(item, shape, frame, name, index, child))
    return None


def _is_lifted(key: str, value: Any, children: Mapping[str, Child]) -> bool:
    """Return whether FHIR has no such property here: an alias, or what `@flatten` took out of an element with modifiers."""
    if key in children or key in _SAYS_TYPE or key.removeprefix("_") in children or isinstance(value, dict):
        return False
    return not isinstance(value, list) or not any(isinstance(item, dict) for item in value)


def _unlisted(state: Walk, frame: Frame, key: str) -> Child | None:
    """Return what a property that the shape does not list may be: an extension slot, a primitive's companion, or nothing."""
    if key in SLOTS:
        return state.shapes.slots[key]
    if is_near_miss(key):
        fault = malformed("near-miss", "a property whose name only looks like modifierExtension")
        add_slot_fault(state, frame, key, fault)
        return None
    if key.lower() in _RULES and (key.removeprefix("_") != RULES or RULES not in frame.shape.children):
        _stray_rules(state, frame, key)
        return None
    primitive = frame.shape.children.get(key[1:]) if key.startswith("_") else None
    if primitive is None or not primitive.primitive:
        return None
    return _companion(primitive, state.shapes.element)


def _below(state: Walk, frame: Frame, key: str, child: Child | None, below: list[Frame]) -> Unreadable | None:
    """Put the objects that stand under one property into `below`, whatever arrays they stand in.

    One that is empty says nothing, and is passed by; but a resource must say its type, and a GraphQL answer what was asked for.
    So is one that has only values of properties that its shape lists, where nothing is looked at but slots.
    """
    shape = child.shape if child is not None else None
    passes_empty = (child is None or shape is not None) and state.wire is Wire.FHIR
    passed = shape if passes_empty and shape is not None and shape.kind != "resource" and _is_plain(shape) else None
    pending: list[tuple[str, Any]] = [(key if child is not None else step_name(key), frame.node[key])]
    while pending:
        name, group = pending.pop()
        items = enumerate(group) if group.__class__ is list else ((None, group),)
        for index, item in items:
            if item.__class__ is dict:
                if (not item and passes_empty) or (passed is not None and _has_values_only(item, passed)):
                    continue
                found = shape or _shape_of(state, item, child)
                if found is None:
                    return _untold(state, frame, name, index)
                below.append(Frame(item, found, frame, name, index, child))
            elif item.__class__ is list:
                pending.append((f"{name}[{index}]", item))
            elif item is None and index is not None:
                _null_entry(state, frame, key, child, f"{name}[{index}]")
    return None


def _untold(state: Walk, frame: Frame, name: str, index: int | None) -> Unreadable:
    """Say that what stands there below `frame` is no resource of a type that is known."""
    where = name if index is None else f"{name}[{index}]"
    return unknown_type(state.tables, f"what stands at {standing_of(frame, state.memo).location}.{where}")


def _has_values_only(node: Mapping[str, Any], shape: Shape) -> bool:
    """Return whether an object has nothing but values, of properties that its shape lists, and none of them is a slot."""
    children = shape.children
    for key, value in node.items():
        if value.__class__ is dict or value.__class__ is list or key not in children or key == MODIFIERS:
            return False
    return True


def _null_entry(state: Walk, frame: Frame, key: str, child: Child | None, place: str) -> None:
    """Add the occurrence of a null in an array of objects, of which readers make what they like; primitives may have it."""
    is_lawful_there = child is None or child.primitive or key.startswith("_") or state.wire is Wire.GRAPHQL
    if is_lawful_there or key == MODIFIERS or len(state.found) > state.limits.occurrences:
        return
    add_fault(state, frame, place, malformed("null-entry", "null in an array of objects"))


def _shape_of(state: Walk, node: Mapping[str, Any], child: Child | None) -> Shape | None:
    """Return the shape of an object that stands for `child`, which names none; None when it is a resource of no known type."""
    name = type_of(node, state.wire)
    is_type = name in state.tables.resource_types
    if child is None and state.wire is Wire.FHIR and (is_type or name is None):
        return OPAQUE
    if child is None and state.wire is Wire.GRAPHQL and not is_type and "resourceType" not in node:
        return OPAQUE
    if name is None or not is_type or not agrees(node, name, state.tables, state.wire):
        return None
    return state.tables.required(name)


# what stands beside the slots


@cache
def _is_plain(shape: Shape) -> bool:
    """Return whether of objects of a shape only the slots are looked at."""
    return not native_modifiers(shape) and shape.name not in _LOOKED_AT


def _beside(state: Walk, frame: Frame) -> Unreadable | None:
    """Look at what an object says in other words: native modifiers, patches, and documents that it carries."""
    name, node = frame.shape.name, frame.node
    if native_modifiers(frame.shape):
        add_natives(state, frame)
    if name == _PARAMETER:
        add_patch(state, frame)
    return _embedded(state, frame) if name in _EMBEDDING and "contentType" in node else None


def _embedded(state: Walk, frame: Frame) -> Unreadable | None:
    """Look into the documents that a Binary or an Attachment carries."""
    media, here = media_type(frame.node), standing_of(frame, state.memo)
    left = not_inspected(frame.node, media, is_embedded=here.is_embedded)
    if left is not None:
        state.told.unseen[left] = None
        note(state, "not-inspected", left, here.location)
    data = frame.node.get("data")
    if left is not None or data is None or not is_fhir(media):
        return None
    for index, tree in documents_in(media, data, state.tables, state.limits):
        state.told.embedded += 1
        if state.told.embedded > _MOST_EMBEDDED:
            return Unreadable("embedded-limit", f"more than {_MOST_EMBEDDED} embedded documents")
        fault = _document(state, frame, index, tree)
        if fault is None:
            continue
        if fault.code == _TOO_MANY:
            return fault
        place = "data" if index is None else f"data[{index}]"
        add_fault(state, frame, place, malformed("embedded-unreadable", "embedded FHIR content that cannot be read"))
        break  # lines after a bad one are not read: the document is refused, and a million bad lines would cost too much
    return None


def _document(state: Walk, frame: Frame, index: int | None, tree: object) -> Unreadable | None:
    """Walk one embedded document as FHIR's own form, or return why it cannot be read; nothing found in it counts then.

    INVARIANT: it is one level deep, since an embedded document's own are not looked into.
    """
    name = root_type(tree, state.tables, None, Wire.FHIR) if isinstance(tree, dict) else None
    told = state.told
    before = len(told.occurrences), len(told.native), len(told.notes), told.native_omitted
    fault: Unreadable | None = unknown_type(state.tables, "an embedded document")
    if name is not None:
        step = EMBEDDED if index is None else EMBEDDED_LINE
        root = Frame(tree, state.tables.required(name), frame, "data", index, step)
        fault = _run(replace(state, wire=Wire.FHIR, stack=[root]))
    if fault is None or fault.code == _TOO_MANY:
        return fault
    del told.occurrences[before[0] :], told.native[before[1] :], told.notes[before[2] :]
    told.native_omitted = before[3]
    return fault


# what a resource says of itself


def _rules_and_tags(state: Walk, frame: Frame) -> None:
    """Add the occurrence of `implicitRules`, and that of a resource which says that it is incomplete."""
    node = frame.node
    if RULES in node and not (state.wire is Wire.GRAPHQL and node[RULES] is None):
        _implicit_rules(state, frame, node[RULES])
    elif "_" + RULES in node:
        _implicit_rules(state, frame, None)
    if is_subsetted(node.get("meta")):
        message = "from a source that left elements out (tagged SUBSETTED)"
        _add_incomplete(state, frame, message)


def _implicit_rules(state: Walk, frame: Frame, value: Any) -> None:
    """Add `implicitRules` as an occurrence: its url is its value, and only a path that names it matches."""
    root = carrier_of(frame, state.memo)
    names = frozenset({f"{root.path}.{RULES}", f"*.{RULES}"})
    path = f"{root.path}.{RULES}"
    carrier = replace(root, path=path, short_path=path, names=names, within=frozenset())
    url = value if isinstance(value, str) else None
    said = {"url": RULES, "valueUri": value}
    location = f"{root.location}.{RULES}"
    state.found.append(Occurrence(url, location, RULES, carrier, "uri", said, fault=rules_fault(value)))


def _stray_rules(state: Walk, frame: Frame, key: str) -> None:
    """Add `implicitRules` that stand on no resource, on one where FHIR allows none, or under a name in another case."""
    carrier = carrier_of(frame, state.memo)
    value = frame.node[key]
    fault = Fault(Ground.MISPLACED, "misplaced", "implicitRules where FHIR allows none")
    if key.removeprefix("_") != RULES:
        fault = malformed("near-miss", "a property whose name only looks like implicitRules")
    location = f"{carrier.location}.{key}"
    state.found.append(Occurrence(value if isinstance(value, str) else None, location, RULES, carrier, "uri", fault=fault))


def _not_as_asked(state: Walk, frame: Frame) -> None:
    """Add the occurrence of an object in a GraphQL answer not asked for its modifiers, or that holds what it cannot have."""
    node, shape = frame.node, frame.shape
    if MODIFIERS not in node and (shape.carries or shape is OPAQUE):
        _add_incomplete(state, frame, "from a query that did not ask for modifierExtension")
    elif shape is not OPAQUE and any(_is_lifted(key, value, shape.children) for key, value in node.items()):
        _add_incomplete(state, frame, "from a query that renamed an element, or lifted it out of what holds it")


def _add_incomplete(state: Walk, frame: Frame, message: str) -> None:
    add_fault(state, frame, MODIFIERS, Fault(Ground.INCOMPLETE, "incomplete", message))
