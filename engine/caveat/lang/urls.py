"""Which urls and patterns a statement may name: lawful, and no wider than its verb allows (CV108).

Rule 1: the laxer the verb, the narrower the urls: what lets data through names urls, what stops it may use patterns.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang.diagnose import diagnose, quoted
from caveat.lang.literals import Problem, literal_problem, pattern_problem
from caveat.lang.resolved import UrlSet, UrlTerm

_WEB = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://(?:[^/?#@]*@)?(?P<host>\[[^\]/?#]*\]|[^/?#:@]*)[^/?#]*(?P<path>.*)", re.DOTALL)

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
