"""The resolved form of a policy: names replaced by what they stand for, clauses read out, imports brought in.

Rule 1: nothing here needs FHIR or a clock; paths and conditions stay as written.
Rule 2: what could not be resolved is left out, and a diagnostic says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang import syntax

WaiverKind = Literal["unknown", "wrong-slot", "rule", "empty", "incomplete"]


@dataclass(frozen=True, slots=True)
class UrlTerm:
    """One url of a statement: `text` is the literal url, the pattern as written (ending in `/*` or `/**`), "" for `anything`."""

    kind: Literal["literal", "pattern", "anything"]
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class UrlSet:
    """The urls of a statement, and those after `except`."""

    include: tuple[UrlTerm, ...]
    exclude: tuple[UrlTerm, ...]


@dataclass(frozen=True, slots=True)
class ResolvedRule:
    """A rule in force: `name` is qualified (`rule`, `org.rule`, `org.sub.rule`), `codesystems` are those of its own file.

    `owner` is the rule's own, else that of its file's policy header, else that of the main policy.
    """

    name: str
    rule: syntax.Rule
    urls: UrlSet
    codesystems: Mapping[str, str]
    file: str
    because: str | None
    owner: str | None
    kind: str | None
    severity: str | None
    implemented_by: str | None
    see: str | None
    record_value: bool
    assessed: date | None
    since: date | None
    until: date | None
    types: tuple[str, ...]
    when: syntax.Condition | None

    @property
    def verb(self) -> str:
        """The rule's verb as written."""
        return self.rule.verb.text


@dataclass(frozen=True, slots=True)
class ResolvedWaiver:
    """A waiver of the main file: `rule` is the qualified target, `until` is already cut to `waivers at most`.

    `holds` is False when a mandatory clause lacks or a date does not exist: such a waiver never applies.
    """

    name: str
    waiver: syntax.Waiver
    kind: WaiverKind
    rule: str | None
    urls: UrlSet | None
    verdict: str
    since: date | None
    until: date | None
    owner: str | None
    because: str | None
    ticket: str | None
    approved_by: str | None
    holds: bool


@dataclass(frozen=True, slots=True)
class ResolvedDeprecation:
    """A deprecated extension by url, what replaces it, and from which days it is deprecated and removed."""

    url: str
    replacement: str | None
    since: date | None
    removed: date | None
    because: str
    span: Span


@dataclass(frozen=True, slots=True)
class ResolvedTest:
    """A test with its names resolved: each given modifier with its url, each expectation with its rule's or waiver's name.

    A name is None where none was given, or where it could not be resolved.
    """

    test: syntax.Test
    file: str
    modifiers: tuple[tuple[syntax.GivenModifier, str | None], ...]
    expects: tuple[tuple[syntax.Expect, str | None], ...]
    codesystems: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """A policy with every name resolved: what the compiler and the checker start from.

    `rules` are the main file's, then those of its imports in order. `extensions` maps every alias, qualified, to its url.
    `broken` names the files with statements that could not be read, so that what is missing may only seem to be.
    `invariant_urls` are those of `invariants`. `files` are in reading order; `sources` holds the syntax of main, imports and
    test files for the checker.
    `diagnostics` are sorted, and hold everything but what `lint` finds.
    """

    main: str
    name: str
    version: str
    owner: str | None
    application: tuple[str, str] | None
    releases: tuple[str, ...]
    defaults: tuple[syntax.DefaultSetting, ...]
    waivers_at_most: int | None
    reassess: int | None
    reads: tuple[syntax.Reads, ...]
    rules: tuple[ResolvedRule, ...]
    waivers: tuple[ResolvedWaiver, ...]
    deprecations: tuple[ResolvedDeprecation, ...]
    governs: tuple[syntax.Govern, ...]
    invariants: tuple[syntax.Invariant, ...]
    invariant_urls: tuple[UrlSet, ...]
    uses: tuple[syntax.Use, ...]
    tests: tuple[ResolvedTest, ...]
    extensions: Mapping[str, str]
    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    sources: Mapping[str, syntax.File]
    broken: frozenset[str]
