"""Which urls and patterns a statement may name: lawful, and no wider than its verb allows (CV108).

Rule 1: a url is compared code point by code point, so one that no lawful modifier can carry is a mistake of the author.
What is lawful is said in `caveat.domain.url`, for rules and documents alike; rule files only keep `*` for patterns.
Rule 2: the laxer the verb, the narrower the urls: what lets data through names urls, what stops it may use patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.domain.url import has_white_space, is_absolute_uri, is_absolute_url
from caveat.lang.diagnose import diagnose, quoted
from caveat.lang.resolved import UrlSet, UrlTerm

_WEB = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:@]*)[^/?#]*(?P<path>.*)", re.DOTALL)
_NOT_IN_PATTERNS = "?#%\\"
_VERSION = "carries a version"
_NO_PATTERN = "this is no pattern"

_WHY_EXACT = "urls are compared code point by code point, and FHIR wants an absolute url on every modifier extension"
_WHY_VERSION = "FHIR allows a version on a canonical reference, never on the url of an extension"
_WHY_STAR = "a pattern is a literal url ending in `/*` or `/**`; no literal url of a rule file holds a `*`"
_WHY_CHARACTERS = "a pattern matches no url with `?`, `#`, `%` or a backslash, so it holds none"
_WHY_CODE = "a code's system is compared exactly, and FHIR keeps its version in a field of its own"
_WHY_CODE_STAR = "a code's system is compared exactly: no wildcard stands for a part of it"
_WHY_UNNAMED = "nothing unnamed is understood: what lets data through must name what it lets through"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a url: what it `says` after the url, `why` that matters, and the `label` under the place."""

    says: str
    why: str
    label: str


@dataclass(frozen=True, slots=True)
class Breadth:
    """How wide the urls of one kind of statement may be; `verb` is the word that messages use."""

    verb: str
    patterns: Literal["none", "segment", "host"]
    anything: bool


BREADTHS = {
    "understand": Breadth("understand", "none", False),
    "warn": Breadth("warn", "segment", False),
    "exclude": Breadth("exclude", "segment", False),
    "narrative": Breadth("narrative", "host", True),
    "review": Breadth("review", "host", True),
    "reject": Breadth("reject", "host", True),
    "forbid": Breadth("forbid", "host", True),
}
"""How wide the urls of a rule may be, by its verb."""

WAIVER_OF_RULE = Breadth("waive", "segment", True)
WAIVER = Breadth("waive", "segment", False)
CHECK = Breadth("", "host", True)
"""Invariants and `govern` only ever ask for more, so they may be as wide as `reject`."""


def is_pattern(text: str) -> bool:
    """Return whether a string that stands for a url is a pattern."""
    return text.endswith(("/*", "/**"))


def literal_problem(text: str, *, whole: bool = False) -> Problem | None:
    """Return what is wrong with a literal url, None when a document may carry it and a rule file may name it.

    `whole` is for `implicitRules`, whose value may be a URN or carry a version.
    """
    if not (is_absolute_uri(text) if whole else is_absolute_url(text)):
        says = _why_unlawful(text)
        return Problem(says, _WHY_VERSION if says == _VERSION else _WHY_EXACT, "this matches no modifier extension")
    return Problem("holds a `*` where no wildcard can stand", _WHY_STAR, "not a literal url") if "*" in text else None


def _why_unlawful(text: str) -> str:
    """Return what keeps a text from being an absolute url, or an absolute uri where that is asked for."""
    if not text:
        return "is empty"
    if has_white_space(text):
        return "holds white space or an invisible character"
    if not is_absolute_uri(text):
        return "has nothing after its scheme" if is_absolute_uri(text + "x") else "is a relative url"
    if "|" in text:
        return _VERSION
    return "is a URN" if text.lower().startswith("urn:") else "is no url with a host"


def codesystem_problem(text: str) -> Problem | None:
    """Return what is wrong with the url of a code system: URNs are lawful there, versions are not."""
    if not is_absolute_uri(text) or "|" in text:
        return Problem(_why_unlawful(text), _WHY_CODE, "no lawful code has this system")
    return Problem("holds a `*`", _WHY_CODE_STAR, "not a literal url") if "*" in text else None


def pattern_problem(text: str) -> Problem | None:
    """Return what is wrong with a pattern, whoever uses it."""
    base = text.rstrip("*").removesuffix("/")
    if any(c in base for c in _NOT_IN_PATTERNS):
        return Problem("holds a character that no pattern may hold", _WHY_CHARACTERS, _NO_PATTERN)
    found = literal_problem(base)
    return found and replace(found, label=_NO_PATTERN)


def _has_segment(pattern: str) -> bool:
    """Return whether a well-formed pattern has a host, and a literal path segment before its wildcard."""
    web = _WEB.fullmatch(pattern.rstrip("*"))
    return web is not None and web["host"] != "" and any(part not in ("", ".", "..") for part in web["path"].split("/"))


def term_faults(terms: UrlSet, breadth: Breadth, *, whole: bool) -> Iterator[Diagnostic]:
    """Yield a CV108 for each term that is malformed, or wider than the statement may be.

    Literals that came through a name are judged where the name is given, but for URNs and versions, which only
    statements on `implicitRules` alone (`whole`) may use.
    """
    for term in terms.include:
        found = _shape(term, whole=whole) or _width(term, breadth)
        if found is not None:
            yield found
    for term in terms.exclude:
        found = _shape(term, whole=whole)
        if term.kind == "anything":
            why = "what stands after `except` is taken away, and `anything` would take everything"
            found = diagnose("CV108", "`except anything` leaves nothing", term.span, notes=(why,))
        if found is not None:
            yield found


def _shape(term: UrlTerm, *, whole: bool) -> Diagnostic | None:
    """Return the CV108 of a malformed literal or pattern."""
    if term.kind == "anything":
        return None
    problem = pattern_problem(term.text) if term.kind == "pattern" else literal_problem(term.text, whole=whole)
    return None if problem is None else malformed(term.text, problem, term.span)


def malformed(text: str, problem: Problem, span: Span) -> Diagnostic:
    """Return the CV108 of a url that no modifier, or no code, can have, or that no rule file may name."""
    return diagnose("CV108", f"{quoted(text)} {problem.says}", span, label=problem.label, notes=(problem.why,))


def _width(term: UrlTerm, breadth: Breadth) -> Diagnostic | None:
    """Return the CV108 of a term that is wider than its statement may be."""
    if term.kind == "anything" and not breadth.anything:
        wider = "a waiver of a named rule" if breadth.verb == "waive" else "`narrative`, `review`, `reject` and `forbid`"
        return _too_wide(term, breadth, "`anything`", f"`anything` goes only with {wider}")
    if term.kind == "pattern" and breadth.patterns == "none":
        return _too_wide(term, breadth, "a pattern", "name each url, or use `warn` for a pattern")
    if term.kind == "pattern" and breadth.patterns == "segment" and not _has_segment(term.text):
        host = f"the pattern {quoted(term.text)}"
        return _too_wide(term, breadth, host, "give the pattern a host and a path, as in `https://vendor.example/fhir/**`")
    return None


def _too_wide(term: UrlTerm, breadth: Breadth, what: str, remedy: str) -> Diagnostic:
    """Return the CV108 of a statement that takes in too much."""
    message = f"`{breadth.verb}` cannot take {what}"
    return diagnose("CV108", message, term.span, label="too wide", notes=(_WHY_UNNAMED,), remedy=remedy)
