"""The compiled set of rules in force: immutable, picklable, and named by the digest of its canonical JSON.

Rule 1: the digest covers everything that decides or is said of a decision, and nothing else: no layout, order or comment.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from caveat.domain.decision import Verdict
from caveat.domain.report import PolicyName
from caveat.policy.conditions import Condition, Operand
from caveat.policy.selectors import PathSelector, UrlPattern, UrlSelector, UrlTerms
from caveat.policy.url_index import UrlIndex
from caveat.spec.definition import Library


@dataclass(frozen=True, slots=True)
class Period:
    """From a day until a day, both inclusive (UTC), None for open ends. The one place where expiry is decided."""

    since: date | None = None
    until: date | None = None

    def holds(self, today: date) -> bool:
        """Return whether `today` lies in the period."""
        return (self.since is None or self.since <= today) and (self.until is None or today <= self.until)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule in force. `final`: a `forbid`. Empty `types`: any value type. The rest is what reports say of it."""

    name: str
    verb: str
    verdict: Verdict
    urls: UrlSelector
    paths: tuple[PathSelector, ...]
    types: frozenset[str] = frozenset()
    when: Condition | None = None
    period: Period = Period()
    because: str | None = None
    owner: str | None = None
    kind: str | None = None
    severity: str | None = None
    assessed: date | None = None
    implemented_by: str | None = None
    see: str | None = None
    record_value: bool = False

    @property
    def final(self) -> bool:
        """Whether nothing removes its decision."""
        return self.verb == "forbid"


@dataclass(frozen=True, slots=True)
class Waiver:
    """A dated, owned exception: `kind` is unknown, wrong-slot, rule, empty or incomplete; `rule` the one it is from."""

    name: str
    kind: str
    rule: str | None
    urls: UrlSelector | None
    paths: tuple[PathSelector, ...]
    verdict: Verdict
    period: Period
    owner: str | None = None
    because: str | None = None
    ticket: str | None = None
    approved_by: str | None = None


@dataclass(frozen=True, slots=True)
class PathDefault:
    """What an unnamed modifier gets on certain paths."""

    verdict: Verdict
    paths: tuple[PathSelector, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the application reads of one type: `elements` are short paths from the type, None for all of it."""

    type: str
    elements: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules in force. `releases` is empty when the rule file names none, and then it holds for all.

    `library` has the definitions of the packages that it uses; the digest covers them by what the lock pins. `named` is the
    policy as reports name it.
    """

    name: str
    version: str
    releases: tuple[str, ...] = ()
    default: Verdict = Verdict.REJECT
    path_defaults: tuple[PathDefault, ...] = ()
    reads: tuple[Reading, ...] = ()
    rules: tuple[Rule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    library: Library = Library()
    digest: str = field(init=False, compare=False)
    by_url: Mapping[str, tuple[Rule, ...]] = field(init=False, compare=False, repr=False)
    similar: Mapping[str, tuple[str, ...]] = field(init=False, compare=False, repr=False)
    wide: tuple[Rule, ...] = field(init=False, compare=False, repr=False)
    reading: Mapping[str, Reading] = field(init=False, compare=False, repr=False)
    named: PolicyName = field(init=False, compare=False, repr=False)
    _rules: UrlIndex[Rule] = field(init=False, compare=False, repr=False)
    _waivers: Mapping[tuple[str, str | None], UrlIndex[Waiver]] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Index rules and waivers by url, and compute the digest."""
        by_url: defaultdict[str, list[Rule]] = defaultdict(list)
        for rule in self.rules:
            for url in rule.urls.include.literals:
                by_url[url].append(rule)
        similar: defaultdict[str, list[str]] = defaultdict(list)
        for url in by_url:
            similar[_likeness(url)].append(url)
        wide = tuple(rule for rule in self.rules if rule.urls.include.patterns or rule.urls.include.anything)
        object.__setattr__(self, "by_url", {url: tuple(rules) for url, rules in by_url.items()})
        object.__setattr__(self, "similar", {likeness: tuple(urls) for likeness, urls in similar.items()})
        object.__setattr__(self, "wide", wide)
        object.__setattr__(self, "_rules", UrlIndex.of((rule, rule.urls.include) for rule in self.rules))
        object.__setattr__(self, "_waivers", _by_kind(self.waivers))
        object.__setattr__(self, "reading", {reading.type: reading for reading in self.reads})
        object.__setattr__(self, "digest", "sha256:" + hashlib.sha256(self.canonical_json().encode()).hexdigest())
        object.__setattr__(self, "named", PolicyName(self.name, self.version, self.digest))

    def rules_for(self, url: str) -> tuple[Rule, ...]:
        """Return every rule whose `urls` may speak of `url`, each once, `except` not yet considered."""
        return self._rules.speaking_of(url)

    def waivers_for(self, kind: str, rule: str | None, url: str) -> tuple[Waiver, ...]:
        """Return every waiver of `kind`, of `rule` if that is the kind, that may speak of `url`, `except` not yet considered."""
        waivers = self._waivers.get((kind, rule))
        return waivers.speaking_of(url) if waivers is not None else ()

    def rules_of_similar(self, url: str) -> tuple[Rule, ...]:
        """Return the rules with a literal url that is not `url` but would be taken for it: case, scheme, slash, version."""
        return tuple(rule for literal in self.similar.get(_likeness(url), ()) if literal != url for rule in self.by_url[literal])

    def canonical_json(self) -> str:
        """Return the policy as canonical JSON: keys sorted, rules and waivers by name, no white space."""
        shown = {
            "format": 1,
            "name": self.name,
            "version": self.version,
            "releases": sorted(self.releases),
            "default": self.default.word,
            "path_defaults": sorted((_plain(each) for each in self.path_defaults), key=_text),
            "reads": sorted((_plain(each) for each in self.reads), key=_text),
            "rules": sorted((_plain(each) for each in self.rules), key=_text),
            "waivers": sorted((_plain(each) for each in self.waivers), key=_text),
        }
        if self.library.packages:
            shown["packages"] = sorted((_plain(each) for each in self.library.packages), key=_text)
        return _text(shown)


def _by_kind(waivers: tuple[Waiver, ...]) -> Mapping[tuple[str, str | None], UrlIndex[Waiver]]:
    """Index waivers by what they waive, then by url; one without urls speaks of any."""
    groups: defaultdict[tuple[str, str | None], list[tuple[Waiver, UrlTerms]]] = defaultdict(list)
    for waiver in waivers:
        terms = UrlTerms(anything=True) if waiver.urls is None else waiver.urls.include
        groups[waiver.kind, waiver.rule if waiver.kind == "rule" else None].append((waiver, terms))
    return {group: UrlIndex.of(entries) for group, entries in groups.items()}


def _likeness(url: str) -> str:
    """Return what urls have in common that people take for one another; for hints only, never to match."""
    return url.strip().casefold().partition("|")[0].partition("://")[2].rstrip("/")


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: Any) -> Any:
    """Return a part of a policy as plain JSON values; sets become sorted lists, kinds of node keep their name.

    But for the fields of an operand, no order in a policy means anything, so all tuples are sorted.
    """
    match value:
        case Verdict():
            return value.word
        case UrlTerms():
            return value.listed()
        case PathSelector() | UrlPattern():
            return value.text
        case date() | Decimal():
            return {type(value).__name__: str(value)}
        case frozenset():
            return sorted(value)
        case Operand():
            return {"is": "Operand", "part": value.part, "fields": ".".join(value.fields)}
        case tuple():
            return sorted((_plain(item) for item in value), key=_text)
        case _ if is_dataclass(value):
            names = value.__dataclass_fields__
            return {"is": type(value).__name__, **{name: _plain(getattr(value, name)) for name in names}}
        case _:
            return value
