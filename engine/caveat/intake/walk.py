"""From the tree of a document to every occurrence in it.

Rule 1: it never stops at what it does not know, and never recurses in Python.
Rule 2: a `modifierExtension` property is found wherever it stands, lawful or not; so are its misspellings, `implicitRules`, and
known modifiers in plain `extension`.
Rule 3: it finds and names; it never decides.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from caveat.domain.decision import EXTENSIONS, MODIFIERS, RULES, SLOTS, Carrier, Fault, Ground, Occurrence
from caveat.intake.beside import add_natives, add_patch, note_narrative
from caveat.intake.carrier import EMBEDDED, EMBEDDED_LINE, Frame, carrier_of, is_lawful, standing_of, step_name
from caveat.intake.embedded import documents_in, is_fhir, media_type, not_inspected
from caveat.intake.extension import asked, content_fault, contradicting, malformed, rules_fault, spread, url_fault, value_type
from caveat.intake.found import Found, Walk, add_fault, note
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.near_miss import is_near_miss
from caveat.intake.root import Wire, agrees, root_frame, root_type, type_of, unknown_type
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
    ways: frozenset[int] | None = None,
) -> Found | Unreadable:
    """Return what is in `tree`: of each object its own slots first, then what stands below in the order written.

    `at` is the place of an element that stands alone, or the resource type expected; without it `tree` is any resource. A
    resource of no known type, wherever it stands, makes the document unreadable, and so do more occurrences than the limit;
    in an embedded document only the former, and that is an occurrence. `ways` are the identities of the objects with a
    `modifierExtension` and of all above them, where it is proven that nothing is to be found elsewhere; the rest is passed by.
    """
    root = root_frame(tree, tables, at, wire)
    if isinstance(root, Unreadable):
        return root
    element, told = tables.required("Element"), Found()
    state = Walk(tables, known, wire, element.children[EXTENSIONS], element, limits, [root], told, told.occurrences, ways=ways)
    return _run(state) or told


def _run(state: Walk) -> Unreadable | None:
    """Look at every object until none is left."""
    while state.stack:
        frame = state.stack.pop()
        fault = _visit(state, frame)
        if fault is None and frame.shape not in state.plain:
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
        _modifiers(state, frame)
    if state.wire is Wire.GRAPHQL:
        _not_as_asked(state, frame)
    if EXTENSIONS in node:
        _extensions(state, frame)
    children = shape.children
    below: list[Frame] = []
    ways = state.ways if state.ways is not None and id(node) in state.ways else None
    for key, value in node.items():
        child = children.get(key)
        if child is None:
            child = _unlisted(state, frame, key)
        if value.__class__ is dict or value.__class__ is list:
            fault = _below(state, frame, key, child, below, ways=ways if key != MODIFIERS else None)
            if fault is not None:
                return fault
        elif len(state.found) > state.limits.occurrences:
            return None  # one too many: the walk ends here
    state.stack.extend(reversed(below))
    return None


def _is_lifted(key: str, value: Any, children: Mapping[str, Child]) -> bool:
    """Return whether FHIR has no such property here: an alias, or what `@flatten` took out of an element with modifiers."""
    if key in children or key in _SAYS_TYPE or key.removeprefix("_") in children or isinstance(value, dict):
        return False
    return not isinstance(value, list) or not any(isinstance(item, dict) for item in value)


def _unlisted(state: Walk, frame: Frame, key: str) -> Child | None:
    """Return what a property that the shape does not list may be: an extension slot, a primitive's companion, or nothing."""
    if key in SLOTS:
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


def _below(
    state: Walk, frame: Frame, key: str, child: Child | None, below: list[Frame], *, ways: frozenset[int] | None
) -> Unreadable | None:
    """Put the objects that stand under one property into `below`, whatever arrays they stand in; only those in `ways`, if any.

    One that is empty says nothing, and is passed by; but a resource must say its type, and a GraphQL answer what was asked for.
    So is one that has only values of properties that its shape lists, where nothing is looked at but slots.
    """
    shape = child.shape if child is not None else None
    passes_empty = (child is None or shape is not None) and state.wire is Wire.FHIR
    passed = shape if passes_empty and shape in state.plain and shape.kind != "resource" else None
    pending: list[tuple[str, Any]] = [(key if child is not None else step_name(key), frame.node[key])]
    while pending:
        name, group = pending.pop()
        items = enumerate(group) if group.__class__ is list else ((None, group),)
        for index, item in items:
            if item.__class__ is dict:
                if (not item and passes_empty) or (ways is not None and id(item) not in ways):
                    continue
                if passed is not None and _has_values_only(item, passed):
                    continue
                found = shape or _shape_of(state, item, child)
                if found is None:
                    where = name if index is None else f"{name}[{index}]"
                    return unknown_type(state.tables, f"what stands at {standing_of(frame, state.memo).location}.{where}")
                below.append(Frame(item, found, frame, name, index, child))
            elif item.__class__ is list:
                pending.append((f"{name}[{index}]", item))
            elif item is None and index is not None:
                _null_entry(state, frame, key, child, f"{name}[{index}]")
    return None


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


# slots


def _modifiers(state: Walk, frame: Frame) -> None:
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
    note_narrative(state, frame, carrier)
    misplaced = _misplaced(state, frame)
    counted = enumerate(entries[: state.limits.occurrences + 1])  # one too many is enough to refuse the document
    found = [_entry(state, carrier, index, entry, misplaced) for index, entry in counted]
    state.found.extend(contradicting(found))


def _misplaced(state: Walk, frame: Frame) -> Fault | None:
    """Return the fault of a `modifierExtension` where FHIR allows none (MX-02, MX-08 to MX-10, MX-88)."""
    if is_lawful(frame, state.memo, lists_matter=state.wire is Wire.FHIR):  # a GraphQL answer may give one of a list by itself
        return None
    return Fault(Ground.MISPLACED, "misplaced", "where FHIR allows no modifier extension")


def _add_slot_fault(state: Walk, frame: Frame, key: str, fault: Fault) -> None:
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


def _entry(state: Walk, carrier: Carrier, index: int, entry: Any, misplaced: Fault | None) -> Occurrence:
    """Return the occurrence that one entry of `modifierExtension` is."""
    location = f"{carrier.location}.{MODIFIERS}[{index}]"
    if not isinstance(entry, dict):
        no_object = malformed("not-object", "an entry that is no object")
        return Occurrence(None, location, MODIFIERS, carrier, fault=misplaced or no_object)
    extension = asked(entry) if state.wire is Wire.GRAPHQL else entry
    url = extension.get("url")
    children = state.slot.shape.children if state.slot.shape is not None else {}
    fault = misplaced or url_fault(url) or content_fault(extension, children)
    if fault is None and isinstance(url, str) and state.known(url) is False:
        fault = Fault(Ground.WRONG_SLOT, "plain-in-modifier", "a plain extension in modifierExtension")
    kind = value_type(extension, children)
    return Occurrence(url if isinstance(url, str) else None, location, MODIFIERS, carrier, kind, extension, fault=fault)


def _extensions(state: Walk, frame: Frame) -> None:
    """Add an occurrence for each known modifier in plain `extension` (MX-74, MX-76); parts of a modifier are its own."""
    for place, entry in spread(EXTENSIONS, frame.node[EXTENSIONS]):
        url = entry.get("url")
        if not isinstance(url, str) or state.known(url) is not True:
            continue
        if _is_part_of_modifier(frame) or len(state.found) > state.limits.occurrences:
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


# what stands beside the slots


def _beside(state: Walk, frame: Frame) -> Unreadable | None:
    """Look at what an object says in other words: native modifiers, patches, and documents that it carries."""
    name, node = frame.shape.name, frame.node
    has_natives = bool(native_modifiers(frame.shape))
    if has_natives:
        add_natives(state, frame)
    elif name not in _LOOKED_AT:
        state.plain.add(frame.shape)
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
