"""Which texts can stand for a url in a rule file, and what is wrong with the others.

Rule 1: a url is compared code point by code point, so one that no lawful modifier can carry is a mistake of the author.
What is lawful is said in `caveat.domain.url`, for rules and documents alike; rule files only keep `*` for patterns.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from caveat.domain.url import has_white_space, is_absolute_uri, is_absolute_url

_NOT_IN_PATTERNS = "?#%\\"
_VERSION = "carries a version"
_NO_PATTERN = "this is no pattern"
_WHY_EXACT = "urls are compared code point by code point, and FHIR wants an absolute url on every modifier extension"
_WHY_VERSION = "FHIR allows a version on a canonical reference, never on the url of an extension"
_WHY_STAR = "a pattern is a literal url ending in `/*` or `/**`; no literal url of a rule file holds a `*`"
_WHY_CHARACTERS = "a pattern matches no url with `?`, `#`, `%` or a backslash, so it holds none"
_WHY_CODE = "a code's system is compared exactly, and FHIR keeps its version in a field of its own"
_WHY_CODE_STAR = "a code's system is compared exactly: no wildcard stands for a part of it"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a url: what it `says` after the url, `why` that matters, and the `label` under the place."""

    says: str
    why: str
    label: str


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
