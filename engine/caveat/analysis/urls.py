"""The urls that the terms of policies tell apart: every literal, and one fresh url for each cell that patterns cut.

Rule 1: two urls of one cell are matched by the same terms, so what is decided on one is decided on the other.
Rule 2: the fresh ones come first: they are what an author forgets.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from caveat.policy.selectors import UrlPattern, UrlSelector, UrlTerms

_HOST = "https://caveat.invalid/"


@dataclass(frozen=True, slots=True)
class Urls:
    """All terms of the policies at hand; `word` is a path segment that no literal among them has."""

    literals: tuple[str, ...]
    patterns: tuple[UrlPattern, ...]
    word: str

    @classmethod
    def of(cls, selectors: Iterable[UrlSelector], more: Iterable[str] = ()) -> Urls:
        """Gather the terms of `selectors`, those after `except` too, and `more` literal urls."""
        literals, patterns = set(more), set()
        for each in selectors:
            for terms in (each.include, each.exclude):
                literals |= terms.literals
                patterns |= set(terms.patterns)
        word = "unnamed"
        while any(word in text for text in (*literals, *(pattern.prefix for pattern in patterns))):
            word += "-url"
        return cls(tuple(sorted(literals)), tuple(sorted(patterns)), word)

    @property
    def fresh(self) -> str:
        """A url that nothing names and no pattern matches."""
        host = _HOST
        while any(pattern.matches(host + self.word) for pattern in self.patterns):
            host = host.replace(".invalid", "-1.invalid")
        return host + self.word

    def cells(self, selector: UrlSelector) -> Iterator[str]:
        """Give one url of each cell that `selector` matches, the fresh ones first."""
        for url in self._cells(selector.include):
            if selector.matches(url):
                yield url

    def _cells(self, terms: UrlTerms) -> Iterator[str]:
        """Give one url of each cell of some terms, once."""
        if terms.anything:
            yield self.fresh
            yield from (url for pattern in self.patterns for url in self._fresh_in(pattern))
            yield from self.literals
            return
        found: dict[str, None] = {}
        for pattern in terms.patterns:
            below = [each for each in self._patterns_below(pattern.prefix) if each != pattern]
            found |= dict.fromkeys(u for each in (pattern, *below) for u in self._fresh_in(each) if pattern.matches(u))
        found |= dict.fromkeys(sorted(terms.literals))
        for pattern in terms.patterns:
            found |= dict.fromkeys(u for u in self._literals_below(pattern.prefix) if pattern.matches(u))
        yield from found

    def _fresh_in(self, pattern: UrlPattern) -> Iterator[str]:
        """Give a url one segment below the prefix of a pattern, and for a deep one another two segments below."""
        yield pattern.prefix + self.word
        if pattern.deep:
            yield f"{pattern.prefix}{self.word}/{self.word}"

    def _patterns_below(self, prefix: str) -> Iterator[UrlPattern]:
        start = bisect_left(self.patterns, UrlPattern(prefix, deep=False))
        for pattern in self.patterns[start:]:
            if not pattern.prefix.startswith(prefix):
                return
            yield pattern

    def _literals_below(self, prefix: str) -> Iterator[str]:
        for literal in self.literals[bisect_left(self.literals, prefix) :]:
            if not literal.startswith(prefix):
                return
            yield literal
