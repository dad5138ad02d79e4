"""What lines came to that were alike, so that the next one need not be read.

Rule 1: only what `intake.alike` proves to be read and found alike is answered for; whatever else is asked is judged.
Rule 2: nothing is kept whose decision may depend on more than what was found: conditions of rules and definitions look at all.
Rule 3: what is kept is bounded, and only what was met often is kept, for to keep it costs as much as to judge many lines.

A line is looked for by its outline. Patterns that answered often are joined too, one expression for many: a line in plain
letters is matched with that where it stands, and neither copied nor outlined.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from caveat.domain.decision import MODIFIERS, Decision, Verdict
from caveat.domain.report import Report, of_line
from caveat.intake.alike import Joined, Leaf, Pattern, is_plain, join, longest, matched, outline, pattern_of
from caveat.intake.byte_search import Buffer
from caveat.intake.root import Wire
from caveat.judge.allowed import definitions_of
from caveat.judge.check import Question
from caveat.spec.definition import ExtensionDefinition
from caveat.spec.shape import tables

_OFTEN: Final = 16  # lines of one outline, after which it pays to make a pattern: it takes as long as to read so many
_MOST_PATTERNS: Final = 4  # of one outline, those that were sought and not found too
_MOST: Final = 32 * 1024 * 1024  # bytes, about, that all of it may take
# bytes, about: of an outline beside its own, of one thing found on a line, and of each value that it says beside its own
_OUTLINE, _FINDING, _SAID = 500, 2_000, 600
_FREE: Final = 64 * 1024  # bytes of lines of which patterns are made at first
_EARNED: Final = 64  # bytes more for each line that is answered for: to make a pattern of them costs about as much as to judge it
_PATTERN = 40  # bytes of a pattern, about, for each byte of the line that it is of
_HOT: Final = 64  # lines that a pattern answered for, after which it pays to join it to others
_WARM: Final = 16  # such lines, after which it is joined along with another: to join two at once costs less than one by one
_MOST_JOINED: Final = 16  # patterns
_LONGEST_JOINED: Final = 8 * 1024  # bytes of a line whose pattern is joined
_SIGN: Final = 19  # which byte of a line says by which patterns it is tried: where JSON is set plainly, the third of its type

_MANY: Final = 64  # lines, from which on it pays to ask whether all are plain at once
_RETURN: Final = ord("\r")  # behind a line of a file with CRLF: white space, and not plain
_QUIET: Final = Verdict.ACCEPT


class Answer(NamedTuple):
    """What lines that say the same came to: the verdict, and the report on one of them."""

    verdict: Verdict
    report: Report


@dataclass(slots=True)
class _Form:
    """A pattern, how long the line was that it is of, and what that said; what lines came to by what they say, and how many."""

    pattern: Pattern
    alone: Joined
    length: int
    said: tuple[bytes, ...]
    answered: int = 0
    answers: dict[tuple[bytes, ...], Answer] = field(default_factory=dict)


@dataclass(slots=True)
class _Outline:
    """The lines of one outline: how many were judged since a pattern was last sought, how often one was, and the patterns."""

    judged: int = 0
    sought: int = 0
    forms: list[_Form] = field(default_factory=list)


_Fullmatch = Callable[..., re.Match[bytes] | None]
_End = tuple[dict[tuple[bytes, ...], Answer], tuple[int, ...], Leaf]
"""The end of one of the patterns that are joined: its answers, the groups that they are by, and the rest of it."""


class _Hot(NamedTuple):
    """Patterns that answered often, joined: what matches with them, and the end of each by its last group."""

    forms: list[_Form]
    fullmatch: _Fullmatch
    ends: dict[int | None, _End]

    @classmethod
    def of(cls, forms: list[_Form]) -> _Hot:
        """Return the patterns of `forms` joined."""
        joined = join([form.pattern for form in forms])
        ends: dict[int | None, _End] = {}
        for last, leaf in joined.leaves.items():
            ends[last] = (forms[leaf.number].answers, leaf.telling, leaf)
        return cls(forms, joined.expression.fullmatch, ends)


Known = tuple[Answer, Leaf, re.Match[bytes]]
"""The answer for a line, and what was matched of it."""


class Unknown(NamedTuple):
    """A line that nothing answers for: its outline, and its pattern with what it says if there is one."""

    outline: _Outline
    form: _Form | None = None
    said: tuple[bytes, ...] = ()


class Memory:
    """What lines came to under one question."""

    def __init__(self, question: Question) -> None:
        """Remember nothing yet."""
        self._question = question
        is_used = question.wire is Wire.FHIR and question.at is None and not question.inherited
        self._longest = longest(question.limits) if is_used else 0
        self._definition_of: Callable[[str], ExtensionDefinition | None] = definitions_of(question.policy, question.release)
        self._outlines: dict[bytes, _Outline] = {}
        self._hot: dict[int, _Hot] = {}
        self._warm: dict[int, list[_Form]] = {}
        self._size = 0
        self._expressions = 0
        self._made = 0  # bytes of lines of which patterns were made
        self._answered = 0  # lines

    def __reduce__(self) -> tuple[type[Memory], tuple[Question]]:
        """Remember nothing in another process."""
        return Memory, (self._question,)

    def recall(
        self, view: Buffer, lines: Sequence[tuple[int, int]], quiet: Counter[Verdict] | None
    ) -> list[tuple[int, Known | None]]:
        """Return which of `lines`, in order, are to be told or judged, with what is remembered by patterns that answered often.

        Lines of `view` that may be processed without a word are counted in `quiet`, where that is given, and not returned.
        """
        tried_by = {sign: (hot.fullmatch, hot.ends) for sign, hot in self._hot.items()}.get
        longest_ = self._longest
        are_plain = len(lines) >= _MANY and bool(self._hot) and is_plain(view, lines[0][0], lines[-1][1])
        left: list[tuple[int, Known | None]] = []
        unknown = 0
        for number, (start, end) in enumerate(lines):
            tried = tried_by(view[start + _SIGN]) if _SIGN < end - start <= longest_ else None
            if tried is not None:
                fullmatch, ends = tried
                match = fullmatch(view, start, end) if are_plain else _matched_where_plain(fullmatch, view, start, end)
                if match is not None:
                    answers, telling, leaf = ends[match.lastindex]
                    answer = answers.get(match.group(*telling))
                    if answer is not None:
                        verdict = answer[0]
                        if quiet is not None and verdict <= _QUIET:
                            quiet[verdict] += 1
                        else:
                            left.append((number, (answer, leaf, match)))
                        continue
            unknown += 1
            left.append((number, None))
        self._answered += len(lines) - unknown
        return left

    def find(self, raw: bytes) -> Known | Unknown | None:
        """Return what is remembered of lines alike, None when such a line is never remembered."""
        if len(raw) > self._longest:
            return None
        text = raw.removesuffix(b"\r")
        shape = outline(text)
        known = self._outlines.get(shape) or self._outline(shape)
        for form in known.forms:
            match = matched(form.alone, text)
            if match is not None:
                (leaf,) = form.alone.leaves.values()
                said = leaf.said(match)
                answer = form.answers.get(said)
                if answer is None:
                    return Unknown(known, form, said)
                self._answered += 1
                self._heat(form, text)
                return answer, leaf, match
        return Unknown(known)

    def keep(self, unknown: Unknown, raw: bytes, report: Report) -> None:
        """Remember the report on a line of which nothing was found, or nothing that answers for it."""
        if not self._is_settled(report):
            return
        form, said = unknown.form, unknown.said
        if form is None:
            form = self._form(unknown.outline, raw.removesuffix(b"\r"))
            if form is None:
                return
            said = form.said
        found = 1 + len(report.decisions) + len(report.native) + len(report.problems)
        self._make_room(_FINDING * found + sum(map(_weight, said)))
        form.answers[said] = Answer(report.verdict, of_line(report, None, None, None, None))

    def _form(self, known: _Outline, text: bytes) -> _Form | None:
        """Return the pattern of a text whose outline was met often, None where it pays not yet, or there is none."""
        known.judged += 1
        if known.judged < _OFTEN or known.sought >= _MOST_PATTERNS:
            return None
        if self._made + len(text) > _FREE + _EARNED * self._answered:
            return None
        self._made += len(text)
        known.judged, known.sought = 0, known.sought + 1
        self._count_expressions(len(text))
        pattern = pattern_of(text, tables(self._question.release), self._question.limits)
        if pattern is None:
            return None
        alone = join([pattern])
        match = matched(alone, text)
        if match is None:
            return None
        self._make_room(_PATTERN * len(text))
        (leaf,) = alone.leaves.values()
        form = _Form(pattern, alone, len(text), leaf.said(match))
        known.forms.append(form)
        return form

    def _heat(self, form: _Form, text: bytes) -> None:
        """Count a line that a pattern answered for; the pattern is warm once it has often, and then joined to others."""
        form.answered += 1
        if form.answered % _WARM or not form.pattern.is_plain or not _SIGN < len(text) <= _LONGEST_JOINED:
            return
        sign = text[_SIGN]
        joined, warm = self._hot[sign].forms if sign in self._hot else [], self._warm.setdefault(sign, [])
        there = [*joined, *warm]
        if len(there) < _MOST_JOINED and not any(form is each for each in there):
            warm.append(form)
        if warm and form.answered % _HOT == 0 and form.answered >= _HOT * (len(joined) + 1):
            self._join(sign, [*joined, *warm])

    def _join(self, sign: int, forms: list[_Form]) -> None:
        """Join the patterns of a sign."""
        size = sum(each.length for each in forms)
        self._count_expressions(size)
        if self._make_room(_PATTERN * size):
            self._hot[sign] = _Hot.of(forms)
            self._warm[sign].clear()

    def _outline(self, shape: bytes) -> _Outline:
        """Begin to count the lines of another outline."""
        self._make_room(_OUTLINE + len(shape))
        known = self._outlines[shape] = _Outline()
        return known

    def _make_room(self, size: int) -> bool:
        """Forget everything where `size` more bytes would be too many; return whether all is still remembered."""
        self._size += size
        if self._size <= _MOST:
            return True
        self._outlines.clear()
        self._hot.clear()
        self._warm.clear()
        self._size = size
        return False

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


def _matched_where_plain(fullmatch: _Fullmatch, view: Buffer, start: int, end: int) -> re.Match[bytes] | None:
    """Return the match of a line, None too where it is not plain."""
    stop = end - 1 if view[end - 1] == _RETURN else end
    return fullmatch(view, start, stop) if is_plain(view, start, stop) else None


def _weight(said: bytes) -> int:
    """Return how many bytes a telling text takes, about, with what is kept of its values; each follows a colon or a comma."""
    return len(said) + _SAID * (said.count(b":") + said.count(b",") + 1)
