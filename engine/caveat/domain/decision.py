"""The words of a judgement: verdicts in their order, grounds, occurrences, decisions.

Rule 1: verdicts are ordered by strictness, and the strictest wins.
Rule 2: an occurrence is decided exactly once; a decision always names its ground.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

MODIFIERS, EXTENSIONS, RULES = "modifierExtension", "extension", "implicitRules"
"""The names of the properties in which an occurrence stands, as `Occurrence.slot` has them."""
SLOTS = frozenset({MODIFIERS, EXTENSIONS})
"""Those of them that hold Extensions."""


class Verdict(IntEnum):
    """What may be done with what was judged, least to most strict (FHIR R4 2.5.0.2 names the five lawful answers)."""

    CLEAR = 0
    ACCEPT = 1
    WARN = 2
    EXCLUDE = 3
    NARRATIVE = 4
    REVIEW = 5
    REJECT = 6

    @property
    def word(self) -> str:
        """The verdict as rule files and reports write it."""
        return _WORDS[self]

    @classmethod
    def of(cls, word: str) -> Verdict:
        """Return the verdict that `word` names; KeyError when there is none."""
        return cls[word.upper()]


_WORDS = tuple(verdict.name.lower() for verdict in Verdict)


def strictest(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the strictest of `verdicts`, `clear` when there is none."""
    return max(verdicts, default=Verdict.CLEAR)


class Ground(StrEnum):
    """Why a decision fell as it did."""

    RULE = "rule"
    WAIVER = "waiver"
    UNKNOWN = "unknown"
    UNDETERMINED = "undetermined"
    OUT_OF_SCOPE = "out-of-scope"
    MALFORMED = "malformed"
    MISPLACED = "misplaced"
    WRONG_SLOT = "wrong-slot"
    UNREADABLE = "unreadable"
    INCOMPLETE = "incomplete"
    RELEASED = "released"

    @property
    def is_structural(self) -> bool:
        """Whether it is a fault of the document, which neither scope nor exclusion removes."""
        return self in _STRUCTURAL


_STRUCTURAL = frozenset({Ground.MALFORMED, Ground.MISPLACED, Ground.WRONG_SLOT, Ground.UNREADABLE, Ground.INCOMPLETE})


class Intent(StrEnum):
    """What the application will do: only read, or change and write back (FHIR R4 2.5.0.3)."""

    READ = "read"
    MODIFY = "modify"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is structurally wrong with an occurrence: its ground, a stable reason code, and one sentence without values.

    `empty` says that the slot holds nothing at all (`[]` or null), which `waive empty` may soften; `by_definition` that it is a
    lawful Extension, which its own definition does not allow as it is.
    """

    ground: Ground
    code: str
    message: str
    empty: bool = False
    by_definition: bool = False


class Alike(NamedTuple):
    """What carriers share that differ in no more than `location`, `siblings`, `count` and `minimum`.

    `kind` stands for all that follows from the way to them, `lasts` says that those of other documents may share it.
    """

    kind: object
    is_root: bool
    is_embedded: bool
    has_narrative: bool
    lasts: bool


@dataclass(frozen=True, slots=True)
class Carrier:
    """The element or resource that holds an occurrence.

    `location` has indexes, `path` has none (`Questionnaire.item.item`), `short_path` folds recursion (`Questionnaire.item`).
    `names` are the rule-file paths that name it exactly; `within` those of it and of every element above it in the same
    resource, for paths that end in `.**`. `scope_path` is the short path that `reads` is compared with.
    `in_extension_value` says that it is in the value of an extension, or in an embedded document: nothing can be left out there.
    `siblings` is the location of the list it stands in, with `count` elements there of which at least `minimum` must remain.
    `alike` is one object for all in one document that are alike; None where nobody says so, as of one made from another.
    """

    location: str
    path: str
    short_path: str
    resource_type: str
    names: AbstractSet[str]
    within: AbstractSet[str]
    scope_path: str
    is_root: bool = False
    in_extension_value: bool = False
    has_narrative: bool = False
    siblings: str = ""
    count: int = 1
    minimum: int = 0
    alike: Alike | None = field(default=None, init=False, repr=False, compare=False)


class CarrierDraft(Carrier):
    """A carrier that is being put together: its fields are set one by one, and then its class, in a third of the time."""

    __slots__ = ()
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One modifier extension found at one place (or `implicitRules`, or a place where modifiers may have been left out).

    `extension` is the Extension as read, `value_type` the FHIR type of its value (`boolean`; `complex` for children; None
    when unknown). `contradicted` says that another of the same url on the same carrier has another
    value. `fault` is set when it is structurally wrong, or (ground `undetermined`) when nobody can tell that it is not, and
    then it is never judged by rules.
    """

    url: str | None
    location: str
    slot: str
    carrier: Carrier
    value_type: str | None = None
    extension: Mapping[str, Any] | None = field(default=None, repr=False)  # it holds values, which no log may show
    contradicted: bool = False
    fault: Fault | None = None


class OccurrenceDraft(Occurrence):
    """An occurrence that is being put together, as a carrier is."""

    __slots__ = ()
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__


@dataclass(frozen=True, slots=True)
class Near:
    """A rule that almost decided, and the one part that did not match: `url`, `except`, `path`, `type`, `condition`, `date`."""

    rule: str
    missed: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided on one occurrence, on which ground, by which rule or waiver.

    `occurrence` is None only for a document that could not be read. `because` is the reason the rule's author gave.
    `detail` says in one sentence, without values, what is structurally wrong.
    """

    verdict: Verdict
    ground: Ground
    occurrence: Occurrence | None = None
    rule: str | None = None
    because: str | None = None
    final: bool = False
    near: tuple[Near, ...] = ()
    detail: str | None = None

    @property
    def is_open_fault(self) -> bool:
        """Whether it is undetermined because nobody can tell that the occurrence is lawful, not by a condition of a rule."""
        return self.ground is Ground.UNDETERMINED and self.occurrence is not None and self.occurrence.fault is not None

    @property
    def stands(self) -> bool:
        """Whether it counts even below an element that is left out: final ones and structural faults do, told or open."""
        return self.final or self.ground.is_structural or self.is_open_fault


class DecisionDraft(Decision):
    """A decision that is being put together: its fields are set one by one, and then its class, in a fifth of the time."""

    __slots__ = ()
    __init__ = object.__init__  # it begins with nothing
    __setattr__ = object.__setattr__
    __delattr__ = object.__delattr__
