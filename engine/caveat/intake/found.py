"""What one walk knows and has found so far; how a fault and a note are added to it.

Rule 1: what decides nothing is bounded: no document makes a report grow without end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from caveat.domain.decision import MODIFIERS, Fault, Occurrence
from caveat.domain.report import NativeModifier, Problem
from caveat.intake.carrier import Frame, Memo, carrier_of
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
    documents that were looked into.
    """

    occurrences: list[Occurrence] = field(default_factory=list)
    native: list[NativeModifier] = field(default_factory=list)
    native_omitted: int = 0
    notes: list[Problem] = field(default_factory=list)
    unseen: dict[str, None] = field(default_factory=dict)
    embedded: int = 0


@dataclass(slots=True)
class Walk:
    """One walk: what it was given, what is still to be looked at, and what was found.

    `plain` are the shapes met of which only slots are to be looked at, `narrated` the resources whose narrative was looked for,
    `ways` the objects that lead to a modifier extension, None where each object is to be looked at.
    """

    tables: Tables
    known: Known
    wire: Wire
    slot: Child
    element: Shape
    limits: Limits
    stack: list[Frame]
    told: Found
    found: list[Occurrence]
    memo: Memo = field(default_factory=Memo)
    plain: set[Shape] = field(default_factory=set)
    narrated: set[int] = field(default_factory=set)
    ways: frozenset[int] | None = None

    @property
    def is_over(self) -> bool:
        """Whether more was found than the limit allows, or places that are longer together than they may be."""
        limit = self.limits.occurrences
        return len(self.found) > limit or self.memo.letters > _LETTERS * max(limit, _FEW)


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
    if sum(note.code == code for note in state.told.notes) < MOST_NOTES:
        state.told.notes.append(Problem(code, message, location))
