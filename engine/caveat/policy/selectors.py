"""What a rule speaks of: which urls, and which places.

Rule 1: urls are compared exactly, code point by code point: no case folding, no trailing slash, no prefix trust.
Rule 2: a pattern matches whole path segments below a literal url, and never one that could be read in two ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caveat.domain.decision import Carrier

_AMBIGUOUS = frozenset("?#%\\")
_DOTS = frozenset({"", ".", ".."})


@dataclass(frozen=True, slots=True, order=True)
class UrlPattern:
    """A literal url ending in `/`, and what may follow: one more segment (`/*`), or any number (`deep`, `/**`)."""

    prefix: str
    deep: bool

    @classmethod
    def parse(cls, text: str) -> UrlPattern:
        """Return the pattern that `text`, ending in `/*` or `/**`, spells."""
        bare = text.rstrip("*")
        return cls(bare, deep=text.endswith("/**"))

    def matches(self, url: str) -> bool:
        """Return whether `url` lies below the prefix, unambiguously so."""
        if not url.startswith(self.prefix):
            return False
        tail = url[len(self.prefix) :]
        segments = tail.split("/")
        return (self.deep or len(segments) == 1) and _DOTS.isdisjoint(segments) and _AMBIGUOUS.isdisjoint(tail)

    @property
    def text(self) -> str:
        """The pattern as rule files write it."""
        return self.prefix + ("**" if self.deep else "*")


@dataclass(frozen=True, slots=True)
class UrlTerms:
    """Literal urls and patterns, or `anything`."""

    literals: frozenset[str] = frozenset()
    patterns: tuple[UrlPattern, ...] = ()
    anything: bool = False

    def matches(self, url: str) -> bool:
        """Return whether one of the terms matches `url`."""
        return self.anything or url in self.literals or any(pattern.matches(url) for pattern in self.patterns)

    def listed(self) -> list[str]:
        """Return the terms as rule files write them, sorted."""
        terms = sorted(self.literals | {pattern.text for pattern in self.patterns})
        return [*terms, "anything"] if self.anything else terms


@dataclass(frozen=True, slots=True)
class UrlSelector:
    """The urls of a rule minus those after its `except`."""

    include: UrlTerms
    exclude: UrlTerms = UrlTerms()

    def matches(self, url: str) -> bool:
        """Return whether the rule speaks of `url`."""
        return self.include.matches(url) and not self.exclude.matches(url)


@dataclass(frozen=True, slots=True, order=True)
class PathSelector:
    """A path of a rule: an element, a data type, `*` for any resource's root; `deep` for what ends in `.**`."""

    name: str
    deep: bool = False

    @classmethod
    def parse(cls, text: str) -> PathSelector:
        """Return the selector that the rule-file path `text` spells."""
        return cls(text.removesuffix(".**"), deep=text.endswith(".**"))

    def matches(self, carrier: Carrier) -> bool:
        """Return whether `carrier` is named, or lies below what is named."""
        return self.name in (carrier.within if self.deep else carrier.names)

    @property
    def text(self) -> str:
        """The path as rule files write it."""
        return self.name + (".**" if self.deep else "")
