"""What two policies decide differently, in the words of a person: which modifiers, where, with which value, and when.

Rule 1: a change is looser or stricter, never neither: the same verdict for another reason is no change.
Rule 2: every change has a witness, the smallest document that shows it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from caveat.domain.decision import Ground, Intent, Verdict


@dataclass(frozen=True, slots=True)
class Answer:
    """What one policy decides, on which ground and by which rule or waiver; ground None: it sees no modifier there."""

    verdict: Verdict
    ground: Ground | None = None
    rule: str | None = None


class What(StrEnum):
    """What kind of thing is decided: a modifier in its slot, one elsewhere, or a place without one."""

    MODIFIER = "modifier"
    PLAIN = "plain-in-modifier"
    MISPUT = "modifier-in-plain"
    RULES = "implicit-rules"
    EMPTY = "empty"
    INCOMPLETE = "incomplete"


class Where(StrEnum):
    """What is so of the place, where a change is seen only there."""

    NO_NARRATIVE = "no-narrative"
    NOTHING_LEFT_OUT = "nothing-can-be-left-out"
    NEITHER = "no-narrative-and-nothing-can-be-left-out"


class Among(StrEnum):
    """Which of the places that a path leads to are meant, where it is not all."""

    ELEMENTS = "elements"
    VALUES = "values-of-extensions"


class Naming(StrEnum):
    """How the urls of a change are told."""

    LITERAL = "literal"
    PATTERN = "pattern"
    ANYTHING = "anything"
    NONE = "none"


@dataclass(frozen=True, slots=True, order=True)
class Urls:
    """One url, or all those that the `text`, a pattern or `anything`, matches and no narrower url of either policy.

    `known` says what HL7 or a lock calls urls that are told by no text of the policies: `modifier` or `plain`.
    """

    naming: Naming
    text: str
    known: str | None = None


@dataclass(frozen=True, slots=True)
class Valued:
    """A value of one type: as JSON, and as a rule file would say it; `type` None when the type cannot be told.

    `json` is the FHIR value, of a modifier with parts its parts. `contradicted`: another of the same url beside it has another
    value.
    """

    type: str | None
    text: str
    json: Any = field(default=None, compare=False)
    contradicted: bool = False


@dataclass(frozen=True, slots=True, order=True)
class Days:
    """From a day until a day, both inclusive, None for open ends."""

    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Witness:
    """A document that shows a change, the release and the day to check it for, and the intent.

    `at` is the type that it is an answer for in GraphQL's form, None where it is FHIR's own.
    """

    document: Mapping[str, Any] = field(repr=False)
    release: str
    day: date
    intent: Intent
    at: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change: all that has the same answers before and after, for the same reasons.

    It holds for each of `urls` at each of `paths` but those of `unless`, with each of `values` on each of `days`; `types` are
    those whose values all change alike (`*`: every type that no rule there names), and with neither every value does. `places`
    are the paths of the elements meant. `where` None: however the place is; `among` None: all that the paths lead to. Intent
    `modify`: only under that intent.
    """

    old: Answer
    new: Answer
    what: What
    urls: tuple[Urls, ...]
    paths: tuple[str, ...]
    unless: tuple[str, ...]
    places: frozenset[str] = field(repr=False)
    types: tuple[str, ...]
    values: tuple[Valued, ...]
    days: tuple[Days, ...]
    intent: Intent
    where: Where | None
    among: Among | None
    releases: tuple[str, ...]
    witness: Witness = field(compare=False)

    @property
    def cause(self) -> tuple[object, ...]:
        """What changes that are told together have in common: the answers before and after, when, and for what."""
        return self.old, self.new, self.days, self.intent

    @property
    def is_looser(self) -> bool:
        """Whether the new verdict is less strict than the old one."""
        return self.new.verdict < self.old.verdict
