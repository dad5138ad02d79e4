"""The terms that statements are made of: words, literals, references, conditions and clauses, each with its span.

Rule 1: equality ignores spans. Rule 2: a term holds what the author wrote, not what it means.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from caveat.domain.diagnostic import Span


@dataclass(frozen=True, slots=True)
class Word:
    """A name, path, verb, release or other bare word, as written."""

    text: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A string literal, decoded."""

    value: str
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as written: `3` stays apart from `3.0` in print, equal in value."""

    value: Decimal
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Day:
    """A date as written; `value` is None when there is no such day (CV109)."""

    text: str
    value: date | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    """`true` or `false`."""

    value: bool
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Code:
    """`DCM#113001 "Rejected"`: the code system's name, the code, and a display text that means nothing."""

    system: str
    code: str
    display: str | None
    span: Span = field(compare=False)


Literal = Text | Number | Day | Truth | Code


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a name: `retake`, or `org.retake` through an import."""

    namespace: str | None
    name: str
    span: Span = field(compare=False)

    @property
    def text(self) -> str:
        """The reference as written."""
        return self.name if self.namespace is None else f"{self.namespace}.{self.name}"


@dataclass(frozen=True, slots=True)
class Anything:
    """The word `anything` where a url may stand."""

    span: Span = field(compare=False)


Url = Ref | Text | Anything


@dataclass(frozen=True, slots=True)
class Urls:
    """The urls of a rule, and those after `except`."""

    include: tuple[Url, ...]
    exclude: tuple[Url, ...]
    span: Span = field(compare=False)


# conditions


@dataclass(frozen=True, slots=True)
class Operand:
    """`value.code` (part None) or `part("reason").code`: where to look, then which fields down."""

    part: str | None
    fields: tuple[str, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Compare:
    """`operand = literal`; `operator` is one of = != <= >= < >."""

    operand: Operand
    operator: str
    literal: Literal
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class In:
    """`operand in [literal, ...]`."""

    operand: Operand
    literals: tuple[Literal, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Present:
    """`operand present`."""

    operand: Operand
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """`not condition`."""

    condition: Condition
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class And:
    """`a and b and c`, two or more."""

    conditions: tuple[Condition, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    """`a or b or c`, two or more."""

    conditions: tuple[Condition, ...]
    span: Span = field(compare=False)


Condition = Compare | In | Present | Not | And | Or


# clauses: what follows the urls and paths of a rule or waiver, in the order written, repeats included (CV107)


@dataclass(frozen=True, slots=True)
class AsTypes:
    """`as CodeableConcept | Coding`."""

    types: tuple[Word, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class When:
    """`when condition`."""

    condition: Condition
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class TextClause:
    """A clause that takes a string; `keyword` is `because`, `owner`, `implemented by`, `see`, `ticket` or `approved by`."""

    keyword: str
    text: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class DayClause:
    """A clause that takes a date; `keyword` is `assessed`, `from` or `until`."""

    keyword: str
    day: Day
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class WordClause:
    """A clause that takes a word of a fixed list; `keyword` is `kind` or `severity`."""

    keyword: str
    word: Word
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class RecordValue:
    """`record value`."""

    span: Span = field(compare=False)


Clause = AsTypes | When | TextClause | DayClause | WordClause | RecordValue
