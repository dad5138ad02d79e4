"""The statements of rule files: frozen nodes, each with its span; `terms` has what they are made of.

Rule 1: equality ignores spans and comments, so that `parse(print(x)) == x`.
Rule 2: nodes hold what the author wrote, not what it means: names are unresolved, urls are not checked.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from caveat.domain.diagnostic import Span
from caveat.lang.terms import (
    And,
    Anything,
    AsTypes,
    Clause,
    Code,
    Compare,
    Condition,
    Day,
    DayClause,
    In,
    Literal,
    Not,
    Number,
    Operand,
    Or,
    Present,
    RecordValue,
    Ref,
    Text,
    TextClause,
    Truth,
    Url,
    Urls,
    When,
    Word,
    WordClause,
)

__all__ = [
    "And",
    "Anything",
    "ApplicationSetting",
    "AsTypes",
    "Clause",
    "Code",
    "CodeSystemName",
    "Comment",
    "Compare",
    "Condition",
    "Day",
    "DayClause",
    "DefaultSetting",
    "Deprecation",
    "Expect",
    "ExtensionName",
    "FhirSetting",
    "File",
    "GivenIntent",
    "GivenModifier",
    "GivenRelease",
    "GivenResource",
    "GivenToday",
    "Govern",
    "Header",
    "Import",
    "In",
    "Invariant",
    "Item",
    "Literal",
    "Not",
    "Number",
    "Operand",
    "Or",
    "OwnerSetting",
    "Present",
    "Reads",
    "ReassessSetting",
    "RecordValue",
    "Ref",
    "Requirement",
    "Rule",
    "Setting",
    "Test",
    "TestStatement",
    "Text",
    "TextClause",
    "Truth",
    "Url",
    "Urls",
    "Use",
    "Waived",
    "Waiver",
    "WaiversSetting",
    "When",
    "Word",
    "WordClause",
]


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
    """What a waiver waives: `kind` is unknown, wrong-slot, rule, empty or incomplete; some take a `rule`, some `urls`."""

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
    """One `require ...;` or `severity ...;` of a `govern`.

    `kind` is modifier, status, context, publisher, package, unchanged or severity. `arguments` are the words or strings it
    was given; `with_reason` belongs to `modifier`.
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


Item = Use | Import | ExtensionName | CodeSystemName | Reads | Rule | Waiver | Deprecation | Govern | Invariant | Test


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
