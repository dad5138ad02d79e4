"""The syntax of rule files: frozen nodes, each with its span.

Rule 1: equality ignores spans and comments, so that `parse(print(x)) == x`.
Rule 2: nodes hold what the author wrote, not what it means: names are unresolved, urls are not checked.
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


# settings of the policy header


@dataclass(frozen=True, slots=True)
class OwnerSetting:
    """`owner "...";`."""

    owner: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ApplicationSetting:
    """`application "..." version "...";`."""

    name: Text
    version: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class FhirSetting:
    """`fhir R4, R4B;`."""

    releases: tuple[Word, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class DefaultSetting:
    """`default exclude on PATH, ...;`; no paths: the general default."""

    verdict: Word
    paths: tuple[Word, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class WaiversSetting:
    """`waivers at most N days;`."""

    days: Number
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ReassessSetting:
    """`reassess every N days;`."""

    days: Number
    span: Span = field(compare=False)


Setting = OwnerSetting | ApplicationSetting | FhirSetting | DefaultSetting | WaiversSetting | ReassessSetting


@dataclass(frozen=True, slots=True)
class Header:
    """`policy "name" version "1.0.0" { ... }`."""

    name: Text
    version: Text
    settings: tuple[Setting, ...]
    span: Span = field(compare=False)


# items: the statements of a file


@dataclass(frozen=True, slots=True)
class Use:
    """`use "package#version";`."""

    package: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Import:
    """`import "file" as ns;`."""

    path: Text
    namespace: Word
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class ExtensionName:
    """`extension name = "url";`."""

    name: Word
    url: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class CodeSystemName:
    """`codesystem NAME = "url";`."""

    name: Word
    url: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Reads:
    """`reads Type { element, ... }`, or `reads all of Type;` (elements None)."""

    path: Word
    elements: tuple[Word, ...] | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Rule:
    """`verb name: urls on paths clause...;` where `verb` is understand, warn, exclude, narrative, review, reject or forbid."""

    verb: Word
    name: Word
    urls: Urls
    paths: tuple[Word, ...]
    clauses: tuple[Clause, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Waived:
    """What a waiver waives: `kind` is unknown, wrong-slot, rule, empty or incomplete; `rule` and `urls` where the kind takes them."""

    kind: str
    rule: Ref | None
    urls: Urls | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Waiver:
    """`waive name: waived on paths as verdict clause...;`."""

    name: Word
    waived: Waived
    paths: tuple[Word, ...]
    verdict: Word
    clauses: tuple[Clause, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Deprecation:
    """`deprecate old use new from DAY removed DAY because "...";`."""

    extension: Ref
    replacement: Ref | None
    since: Day
    removed: Day | None
    because: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Requirement:
    """One `require ...;` or `severity ...;` of a `govern`: `kind` is modifier, status, context, publisher, package, unchanged or severity.

    `arguments` are the words or strings it was given; `with_reason` belongs to `modifier`.
    """

    kind: str
    arguments: tuple[Word | Text, ...]
    span: Span = field(compare=False)
    with_reason: bool = False


@dataclass(frozen=True, slots=True)
class Govern:
    """`govern name: definitions of urls { require ...; }`."""

    name: Word
    urls: Urls
    requirements: tuple[Requirement, ...]
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Invariant:
    """`invariant name: never verdict, ... for urls on paths because "...";`."""

    name: Word
    verdicts: tuple[Word, ...]
    urls: Urls
    paths: tuple[Word, ...]
    because: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class GivenModifier:
    """`modifier url on PATH = literal as Type;` of a test."""

    url: Url
    path: Word
    literal: Literal | None
    type: Word | None
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class GivenResource:
    """`resource "file";` of a test."""

    path: Text
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class GivenToday:
    """`today DAY;` of a test."""

    day: Day
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class GivenRelease:
    """`fhir R4;` of a test."""

    release: Word
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class GivenIntent:
    """`intent modify;` of a test."""

    intent: Word
    span: Span = field(compare=False)


@dataclass(frozen=True, slots=True)
class Expect:
    """`expect verdict ground by rule at "location";` of a test."""

    verdict: Word
    ground: Word | None
    rule: Ref | None
    location: Text | None
    span: Span = field(compare=False)


TestStatement = GivenModifier | GivenResource | GivenToday | GivenRelease | GivenIntent | Expect


@dataclass(frozen=True, slots=True)
class Test:
    """`test "name" { ... }`."""

    name: Text
    statements: tuple[TestStatement, ...]
    span: Span = field(compare=False)


Item = (
    Use | Import | ExtensionName | CodeSystemName | Reads | Rule | Waiver | Deprecation | Govern | Invariant | Test
)


@dataclass(frozen=True, slots=True)
class Comment:
    """A `//` comment: its text with the slashes, where it stands, and whether code stands before it on its line."""

    text: str
    trailing: bool
    span: Span


@dataclass(frozen=True, slots=True)
class File:
    """One rule file: header (at most one), items in the order written, comments, and the text they came from.

    `name` is the name the text was read under.
    """

    name: str = field(compare=False)
    edition: int | None
    header: Header | None
    items: tuple[Item, ...]
    comments: tuple[Comment, ...] = field(compare=False, default=())
    text: str = field(compare=False, default="", repr=False)
