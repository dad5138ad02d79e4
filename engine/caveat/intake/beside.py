"""What an object says beside its slots: native modifiers, a patch of modifiers, and whether a narrative goes with them."""

from __future__ import annotations

from caveat.domain.decision import MODIFIERS, Carrier, Occurrence
from caveat.intake.carrier import Frame, carrier_of, standing_of
from caveat.intake.extension import value_type
from caveat.intake.found import Walk, keep_natives, note
from caveat.intake.native import is_ordinary, natives_at
from caveat.intake.patch import patch_in
from caveat.intake.root import Wire


def add_natives(state: Walk, frame: Frame) -> None:
    """Add the native modifiers of an object."""
    if not is_ordinary(frame.node, frame.shape):
        keep_natives(state.told, natives_at(frame, state.memo), state.limits)


def add_patch(state: Walk, frame: Frame) -> None:
    """Add the occurrence of a patch operation that makes, moves or removes modifier extensions."""
    children = state.shapes.extension
    patch = patch_in(frame.node, children, state.known)
    if patch is None:
        return
    carrier = carrier_of(frame, state.memo)
    kind = value_type(patch.extension, children)
    location = f"{carrier.location}.{MODIFIERS}"
    url = patch.extension.get("url")
    state.found.append(Occurrence(url, location, MODIFIERS, carrier, kind, patch.extension, fault=patch.fault))


def note_narrative(state: Walk, frame: Frame, carrier: Carrier) -> None:
    """Note once of a resource that it has modifier extensions, and no narrative that says so to a person (MX-36, 37).

    A GraphQL answer may not have been asked for it.
    """
    if carrier.has_narrative or state.wire is Wire.GRAPHQL:
        return
    at: Frame | None = frame
    while at is not None and not at.is_resource:
        at = at.parent
    if at is None or at.node is None or "text" not in at.shape.children or id(at) in state.narrated:
        return
    state.narrated.add(id(at))
    note(state, "no-narrative", "it has modifier extensions, and no narrative to show them", standing_of(at, state.memo).location)
