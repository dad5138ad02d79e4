"""Which urls and patterns a statement may name: well formed, and no wider than its verb allows (CV108).

Rule 1: a url is compared code point by code point, so one that no lawful modifier can carry is a mistake of the author.
Rule 2: the laxer the verb, the narrower the urls: what lets data through names urls, what stops it may use patterns.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang.diagnose import diagnose, quoted
from caveat.lang.resolved import UrlSet, UrlTerm

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_WEB = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:@]*)[^/?#]*(?P<path>.*)", re.DOTALL)
_NOT_IN_PATTERNS = "?#%\\"

_WHY_EXACT = "urls are compared code point by code point, and FHIR wants an absolute url on every modifier extension"
_WHY_VERSION = "FHIR allows a version on a canonical reference, never on the url of an extension"
_WHY_STAR = "a pattern is a literal url ending in `/*` or `/**`; there is no other wildcard"
_WHY_CHARACTERS = "a pattern matches no url with `?`, `#`, `%` or a backslash"
_WHY_UNNAMED = "nothing unnamed is understood: what lets data through must name what it lets through"


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


def _unseen(text: str) -> bool:
    """Return whether `text` holds white space, a control or an invisible format character."""
    return any(c.isspace() or unicodedata.category(c) in ("Cc", "Cf", "Zs", "Zl", "Zp") for c in text)


def literal_problem(text: str, *, whole: bool = False) -> tuple[str, str] | None:
    """Return what is wrong with a literal url, and why it matters.

    `whole` is for `implicitRules`, whose value may be a URN or carry a version.
    """
    if not text:
        return "is empty", _WHY_EXACT
    if _unseen(text):
        return "holds white space or an invisible character", _WHY_EXACT
    if "*" in text:
        return "holds a `*` where no wildcard can stand", _WHY_STAR
    if not _SCHEME.match(text):
        return "is a relative url", _WHY_EXACT
    if whole:
        return None
    if "|" in text:
        return "carries a version", _WHY_VERSION
    return _host_problem(text)


def _host_problem(text: str) -> tuple[str, str] | None:
    """Return what is wrong when an absolute uri is no url with a host."""
    web = _WEB.fullmatch(text)
    if web is None:
        return "is a URN" if text.lower().startswith("urn:") else "is no url with a host", _WHY_EXACT
    return None if web["host"] else ("has no host", _WHY_EXACT)


def codesystem_problem(text: str) -> tuple[str, str] | None:
    """Return what is wrong with the url of a code system: URNs are lawful there, versions are not."""
    why = "a code's system is compared exactly, and FHIR keeps its version in a field of its own"
    if text and "|" in text and not _unseen(text):
        return "carries a version", why
    found = literal_problem(text, whole=True)
    return found and (found[0], why)


def pattern_problem(text: str) -> tuple[str, str] | None:
    """Return what is wrong with a pattern, whoever uses it."""
    base = text.rstrip("*").removesuffix("/")
    if any(c in base for c in _NOT_IN_PATTERNS):
        return "can match nothing", _WHY_CHARACTERS
    return literal_problem(base)


def _has_segment(pattern: str) -> bool:
    """Return whether a well-formed pattern has a literal path segment before its wildcard."""
    web = _WEB.fullmatch(pattern.rstrip("*"))
    return web is not None and any(part not in ("", ".", "..") for part in web["path"].split("/"))


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
    return problem and malformed(term.text, problem, term.span)


def malformed(text: str, problem: tuple[str, str], span: Span, what: str = "modifier") -> Diagnostic:
    """Return the CV108 of a url that no modifier, or no code, can have."""
    return diagnose("CV108", f"{quoted(text)} {problem[0]}", span, label=f"this matches no {what}", notes=(problem[1],))


def _width(term: UrlTerm, breadth: Breadth) -> Diagnostic | None:
    """Return the CV108 of a term that is wider than its statement may be."""
    if term.kind == "anything" and not breadth.anything:
        wider = "a waiver of a named rule" if breadth.verb == "waive" else "`narrative`, `review`, `reject` and `forbid`"
        return _too_wide(term, breadth, "`anything`", f"`anything` goes only with {wider}")
    if term.kind == "pattern" and breadth.patterns == "none":
        return _too_wide(term, breadth, "a pattern", "name each url, or use `warn` for a pattern")
    if term.kind == "pattern" and breadth.patterns == "segment" and not _has_segment(term.text):
        host = f"the pattern {quoted(term.text)}"
        return _too_wide(term, breadth, host, "give the pattern a path, as in `https://vendor.example/fhir/**`")
    return None


def _too_wide(term: UrlTerm, breadth: Breadth, what: str, remedy: str) -> Diagnostic:
    """Return the CV108 of a statement that takes in too much."""
    message = f"`{breadth.verb}` cannot take {what}"
    return diagnose("CV108", message, term.span, label="too wide", notes=(_WHY_UNNAMED,), remedy=remedy)
