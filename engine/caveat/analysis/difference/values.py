"""The values that the rules of two policies may tell apart at one place, told by type where a type's values are all alike.

Rule 1: types that no rule names, and of which no condition can say anything, are one: `OTHER`, or `ANY` where no type matters.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from caveat.analysis.sites import value_types
from caveat.analysis.values import COMPLEX, Value, values
from caveat.policy.conditions import Condition
from caveat.policy.policy import Rule
from caveat.spec.release import Release

ANY, OTHER = "", "*"
"""What stands for every type, and for every type that no rule names."""

_USUAL = ("boolean", "string", "code", "CodeableConcept", "integer", COMPLEX)
_LEAST: Mapping[str, Any] = {"valueBoolean": True}


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """One value: how its type is told, the value itself, and the releases that have its type."""

    label: str
    value: Value
    releases: tuple[Release, ...]


class Values:
    """Draws values, each set of conditions once."""

    def __init__(self, releases: Sequence[Release]) -> None:
        """Look at the value types of `releases`."""
        self._releases = tuple(releases)
        known = {kind for release in releases for kind in value_types(release)} | {COMPLEX}
        self._kinds = tuple(sorted(known, key=lambda kind: (_USUAL.index(kind) if kind in _USUAL else len(_USUAL), kind)))
        self._of: dict[tuple[tuple[Condition, ...], str], list[Value]] = {}

    def of(
        self, rules: Iterable[Rule], allowed: frozenset[str] | None = None, base: Mapping[str, Any] | None = None
    ) -> list[Drawn]:
        """Return values on which `rules` answer in every way that they can, of the types `allowed` only."""
        spoken = [rule for rule in rules if rule.types or rule.when is not None]
        if allowed is None and not spoken:
            return [Drawn(ANY, Value("boolean", _LEAST, contradicted=False, told=()), self._releases)]
        return list(self._drawn(spoken, allowed, base))

    def _drawn(self, rules: list[Rule], allowed: frozenset[str] | None, base: Mapping[str, Any] | None) -> Iterator[Drawn]:
        named = {kind for rule in rules for kind in rule.types}
        every = any(rule.when is not None and not rule.types for rule in rules)
        others = False
        for kind in self._kinds:
            if allowed is not None and kind not in allowed:
                continue
            if not (every or allowed is not None or kind in named):
                if others:
                    continue
                others = True
            mine = [rule.when for rule in rules if rule.when is not None and (not rule.types or kind in rule.types)]
            label = OTHER if not (every or allowed is not None or kind in named) else kind
            having = self._having(kind)
            for value in self._values(tuple(dict.fromkeys(mine)), kind, having[0], base if kind == COMPLEX else None):
                yield Drawn(label, value, having)

    def _having(self, kind: str) -> tuple[Release, ...]:
        """Return the releases that have a value type."""
        return tuple(release for release in self._releases if kind == COMPLEX or kind in value_types(release))

    def _values(
        self, conditions: tuple[Condition, ...], kind: str, release: Release, base: Mapping[str, Any] | None
    ) -> list[Value]:
        if base is not None:
            return values(conditions, kind, release, base)
        key = (conditions, kind)
        if key not in self._of:
            self._of[key] = values(conditions, kind, release)
        return self._of[key]
