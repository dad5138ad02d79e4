"""What lines came to that were alike, so that the next one need not be read.

Rule 1: only what `intake.alike` proves to be read and found alike is answered for; whatever else is asked is judged.
Rule 2: nothing is kept whose decision may depend on more than what was found: conditions of rules and definitions look at all.
Rule 3: what is kept is bounded, and only what was met often is kept, for to keep it costs as much as to judge many lines.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from caveat.domain.decision import MODIFIERS, Decision
from caveat.domain.report import Report
from caveat.intake.alike import Likeness, Pattern, longest, outline, pattern_of
from caveat.intake.root import Wire
from caveat.judge.allowed import definitions_of
from caveat.judge.check import Question
from caveat.spec.definition import ExtensionDefinition
from caveat.spec.shape import tables

_OFTEN: Final = 24  # lines of one outline, after which it pays to make a pattern
_MOST_PATTERNS: Final = 4  # of one outline, those that were sought and not found too
_MOST: Final = 32 * 1024 * 1024  # bytes, about, that all of it may take
_OUTLINE, _FINDING = 500, 2_000  # bytes, about, of an outline beside its own, and of one thing found on a line
_PATTERN = 40  # bytes of a pattern, about, for each byte of the line that it is of


@dataclass(slots=True)
class _Form:
    """A pattern, and the report on a line of it by the telling values."""

    pattern: Pattern
    answers: dict[tuple[bytes, ...], Report] = field(default_factory=dict)


@dataclass(slots=True)
class _Outline:
    """The lines of one outline: how many were judged since a pattern was last sought, how often one was, and the patterns."""

    judged: int = 0
    sought: int = 0
    forms: list[_Form] = field(default_factory=list)


class Match(NamedTuple):
    """What is remembered of a line: its outline, its pattern if there is one, and the report on a line that says the same."""

    outline: _Outline
    form: _Form | None = None
    likeness: Likeness | None = None
    answer: Report | None = None

    def identity(self) -> str | None:
        """Return the id of the line that was looked for."""
        spelt = self.likeness.id if self.likeness is not None else None
        if spelt is None:
            return None
        return json.loads(spelt) if b"\\" in spelt else spelt[1:-1].decode()


class Memory:
    """What lines came to under one question."""

    def __init__(self, question: Question) -> None:
        """Remember nothing yet."""
        self._question = question
        is_used = question.wire is Wire.FHIR and question.at is None and not question.inherited
        self._longest = longest(question.limits) if is_used else 0
        self._definition_of: Callable[[str], ExtensionDefinition | None] = definitions_of(question.policy, question.release)
        self._outlines: dict[bytes, _Outline] = {}
        self._size = 0
        self._expressions = 0

    def __reduce__(self) -> tuple[type[Memory], tuple[Question]]:
        """Remember nothing in another process."""
        return Memory, (self._question,)

    def find(self, raw: bytes) -> Match | None:
        """Return what is remembered of lines alike, None when such a line is never remembered."""
        if len(raw) > self._longest:
            return None
        known = self._outlines.get(outline(raw)) or self._outline(raw)
        for form in known.forms:
            likeness = form.pattern.likeness(raw)
            if likeness is not None:
                return Match(known, form, likeness, form.answers.get(likeness.telling))
        return Match(known)

    def keep(self, match: Match, raw: bytes, report: Report) -> None:
        """Remember the report on a line of which nothing was found, or nothing that answers for it."""
        if not self._is_settled(report):
            return
        form, likeness, known = match.form, match.likeness, match.outline
        if form is None or likeness is None:
            known.judged += 1
            if known.judged < _OFTEN or known.sought >= _MOST_PATTERNS:
                return
            known.judged, known.sought = 0, known.sought + 1
            self._count_expressions(len(raw))
            pattern = pattern_of(raw, tables(self._question.release), self._question.limits)
            likeness = pattern.likeness(raw) if pattern is not None else None
            if pattern is None or likeness is None:
                return
            self._make_room(_PATTERN * len(raw))
            form = _Form(pattern)
            known.forms.append(form)
        found = 1 + len(report.decisions) + len(report.native) + len(report.problems)
        self._make_room(_FINDING * found + sum(map(len, likeness.telling)))
        form.answers[likeness.telling] = replace(report, received=None)

    def _outline(self, raw: bytes) -> _Outline:
        """Begin to count the lines of another outline."""
        shape = outline(raw)
        self._make_room(_OUTLINE + len(shape))
        known = self._outlines[shape] = _Outline()
        return known

    def _make_room(self, size: int) -> None:
        """Forget everything where `size` more bytes would be too many."""
        self._size += size
        if self._size > _MOST:
            self._outlines.clear()
            self._size = size

    def _count_expressions(self, size: int) -> None:
        """Have `re` forget the expressions that it keeps for itself, where those for `size` more bytes would be too many."""
        self._expressions += _PATTERN * size
        if self._expressions > _MOST:
            re.purge()
            self._expressions = _PATTERN * size

    def _is_settled(self, report: Report) -> bool:
        """Return whether nothing but what was found decided."""
        return report.evidence == "document" and not report.entries and all(map(self._is_by_url, report.decisions))

    def _is_by_url(self, decision: Decision) -> bool:
        """Return whether a decision is on a modifier extension, and neither a condition nor a definition was asked."""
        found = decision.occurrence
        if found is None or found.slot != MODIFIERS or found.url is None:
            return False
        return self._definition_of(found.url) is None and all(
            rule.when is None for rule in self._question.policy.rules_for(found.url)
        )
