"""What one walk knows and has found so far; how a fault and a note are added to it.

Rule 1: what decides nothing is bounded: no document makes a report grow without end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from caveat.domain.decision import EXTENSIONS, MODIFIERS, SLOTS, Fault, Occurrence
from caveat.domain.report import NativeModifier, Problem
from caveat.intake.carrier import Frame, Memo, carrier_of
from caveat.intake.columns import Steps
from caveat.intake.limits import Limits
from caveat.intake.root import Wire
from caveat.spec.known import Known
from caveat.spec.shape import Child, Shape, Tables

_LETTERS = 512  # of the places of what is found, for each one that may be found
_FEW = 100  # places of any depth, whatever the limit
MOST_NOTES = 100
"""How many notes of one kind are kept on one document."""


@dataclass(slots=True)
class Found:
    """What a walk found: every occurrence, and what decides nothing.

    `native` are native modifiers that change meaning, `native_omitted` counts those beyond the limit of occurrences. `notes` say
    where a narrative is missing and what was not inspected; `unseen` has each kind of the latter once. `embedded` counts the
    documents that were looked into. `has_defined`, which `judge.check` sets: one of the urls may be a modifier's that has a
    definition, and is to be held against it.
    """

    occurrences: list[Occurrence] = field(default_factory=list)
    native: list[NativeModifier] = field(default_factory=list)
    native_omitted: int = 0
    notes: list[Problem] = field(default_factory=list)
    unseen: dict[str, None] = field(default_factory=dict)
    embedded: int = 0
    has_defined: bool = False


@dataclass(frozen=True, slots=True)
class Shapes:
    """What a release says of objects wherever they stand.

    `slots` are those for extensions, by name, `extension` is what an Extension may have, and `element` the shape of what stands
    beside a primitive.
    """

    slots: Mapping[str, Child]
    extension: Mapping[str, Child]
    element: Shape


@cache
def shapes_of(tables: Tables) -> Shapes:
    """Return what the release of `tables` says of objects wherever they stand."""
    element = tables.required("Element")
    slots = {name: replace(element.children[EXTENSIONS], segment=name) for name in SLOTS}
    return Shapes(slots, tables.required("Extension").children, element)


@dataclass(slots=True)
class Walk:
    """One walk: what it was given, what is still to be looked at, and what was found.

    `narrated` are the resources whose narrative was looked for, `ways` what leads to the modifier extensions, None where each
    object is to be looked at. `urls` has what was found out of each url (see `slots`).
    """

    tables: Tables
    known: Known
    wire: Wire
    shapes: Shapes
    limits: Limits
    stack: list[Frame]
    told: Found
    found: list[Occurrence]
    memo: Memo = field(default_factory=Memo)
    narrated: set[int] = field(default_factory=set)
    ways: Mapping[int, Steps] | None = None
    urls: dict[str, tuple[str, Fault | None, Fault | None]] = field(default_factory=dict)

    @property
    def is_over(self) -> bool:
        """Whether more was found than the limit allows, or places that are longer together than they may be."""
        limit, letters = self.limits.occurrences, self.memo.letters
        return len(self.found) > limit or (letters > _LETTERS * _FEW and letters > _LETTERS * limit)


def keep_natives(told: Found, natives: Iterable[NativeModifier], limits: Limits) -> None:
    """Keep native modifiers, as many as there may be occurrences, and count the others."""
    for native in natives:
        if len(told.native) < limits.occurrences:
            told.native.append(native)
        else:
            told.native_omitted += 1


def add_fault(state: Walk, frame: Frame, place: str, fault: Fault) -> None:
    """Add an occurrence that is nothing but a fault, at a place below `frame`."""
    carrier = carrier_of(frame, state.memo)
    state.found.append(Occurrence(None, f"{carrier.location}.{place}", MODIFIERS, carrier, fault=fault))


def note(state: Walk, code: str, message: str, location: str) -> None:
    """Keep a note, unless there are many of its kind."""
    notes = state.told.notes
    if len(notes) < MOST_NOTES or sum(note.code == code for note in notes) < MOST_NOTES:
        notes.append(Problem(code, message, location))
