"""Finds what speaks of a url among many, without asking each of them.

Rule 1: it answers as if each were asked (`UrlTerms.matches`); the cost is that of the answer, and of the lengths of prefixes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from caveat.policy.selectors import UrlPattern, UrlTerms

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class UrlIndex(Generic[T]):
    """Things with the urls that they speak of: by literal url, by the prefix of a pattern, and those that speak of any."""

    items: tuple[T, ...]
    literals: Mapping[str, tuple[int, ...]]
    prefixes: Mapping[str, tuple[tuple[int, UrlPattern], ...]]
    lengths: tuple[int, ...]
    anything: frozenset[int]

    @classmethod
    def of(cls, entries: Iterable[tuple[T, UrlTerms]]) -> UrlIndex[T]:
        """Return the index of things with their terms."""
        listed = tuple(entries)
        literals: defaultdict[str, list[int]] = defaultdict(list)
        prefixes: defaultdict[str, list[tuple[int, UrlPattern]]] = defaultdict(list)
        for number, (_, terms) in enumerate(listed):
            for url in terms.literals:
                literals[url].append(number)
            for pattern in terms.patterns:
                prefixes[pattern.prefix].append((number, pattern))
        return cls(
            tuple(item for item, _ in listed),
            {url: tuple(numbers) for url, numbers in literals.items()},
            {prefix: tuple(found) for prefix, found in prefixes.items()},
            tuple(sorted({len(prefix) for prefix in prefixes})),
            frozenset(number for number, (_, terms) in enumerate(listed) if terms.anything),
        )

    def speaking_of(self, url: str) -> tuple[T, ...]:
        """Return what speaks of `url`, each once: what names it first, then the rest, in the order given."""
        named = self.literals.get(url, ())
        found = set(self.anything)
        for length in self.lengths:
            if length > len(url):
                break
            found |= {number for number, pattern in self.prefixes.get(url[:length], ()) if pattern.matches(url)}
        return tuple(self.items[number] for number in (*named, *sorted(found.difference(named))))
