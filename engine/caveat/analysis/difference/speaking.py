"""What two policies have to say at one place on one class of urls: the rules and waivers of each, its default, who reads it.

Rule 1: policies that have the same to say decide alike, whatever their rules are called and whichever paths lead to them.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass

from caveat.analysis.difference.spots import SpotClass, Terrain
from caveat.analysis.difference.urls import UrlClass
from caveat.domain.decision import Verdict
from caveat.policy.policy import Period, Policy, Rule, Waiver

UNNAMED = ("unknown", "rule")


@dataclass(frozen=True, slots=True)
class Voice:
    """What one policy has to say: its rules and waivers that match by url and path, and the verdicts of its defaults there."""

    rules: tuple[Rule, ...]
    waivers: tuple[Waiver, ...]
    defaults: frozenset[Verdict]
    is_read: bool

    @property
    def names(self) -> Hashable:
        """What tells it from another voice of the same policy."""
        return tuple(r.name for r in self.rules), tuple(w.name for w in self.waivers), self.defaults, self.is_read

    @property
    def content(self) -> Hashable:
        """What it decides by, without names and paths."""
        return (
            self.waived("unknown"),
            self.waived("wrong-slot"),
            self.defaults,
            self.is_read,
            frozenset(map(self._content, self.rules)),
        )

    def waived(self, kind: str, rule: str | None = None) -> frozenset[Hashable]:
        """Return what its waivers of one kind decide, and when."""
        return frozenset((w.verdict, w.period) for w in self.waivers if w.kind == kind and (rule is None or w.rule == rule))

    def _content(self, rule: Rule) -> Hashable:
        return rule.verdict, rule.final, rule.types, rule.when, rule.period, self.waived("rule", rule.name)

    def verdicts(self) -> Iterator[Verdict]:
        """Give every verdict that it may decide."""
        yield from self.defaults
        yield from (rule.verdict for rule in self.rules)
        yield from (waiver.verdict for waiver in self.waivers)

    def periods(self) -> Iterator[Period]:
        """Give the periods in which its rules and waivers are in force."""
        yield from (rule.period for rule in self.rules)
        yield from (waiver.period for waiver in self.waivers)


Voices = tuple[Voice, Voice]


class Listener:
    """Finds what each of two policies has to say."""

    def __init__(self, policies: tuple[Policy, Policy], terrain: Terrain) -> None:
        """Hear two policies on the places of `terrain`."""
        self._policies, self._terrain = policies, terrain
        self._masks = {id(each): terrain.mask(each.paths) for p in policies for each in _spoken(p)}
        self._defaults: dict[tuple[int, int], frozenset[Verdict]] = {}

    def voices(self, urls: UrlClass, place: SpotClass, kinds: Iterable[str]) -> Voices:
        """Return what both policies have to say of `urls` at `place`, their waivers of some `kinds` only."""
        return self._voice(0, urls, place, kinds), self._voice(1, urls, place, kinds)

    def _voice(self, which: int, urls: UrlClass, place: SpotClass, kinds: Iterable[str]) -> Voice:
        rules = tuple(rule for rule in urls.rules[which] if self._masks[id(rule)] & place.selected)
        waivers = tuple(w for w in urls.waivers[which] if w.kind in kinds and self._masks[id(w)] & place.selected)
        return Voice(rules, waivers, self._default(which, place), place.scopes[which])

    def _default(self, which: int, place: SpotClass) -> frozenset[Verdict]:
        """Return the verdicts that unnamed modifiers get at a place."""
        key = which, place.selected
        if key not in self._defaults:
            policy = self._policies[which]
            placed = frozenset(d.verdict for d in policy.path_defaults if self._terrain.mask(d.paths) & place.selected)
            self._defaults[key] = placed or frozenset((policy.default,))
        return self._defaults[key]


def _spoken(policy: Policy) -> Iterator[Rule | Waiver]:
    yield from policy.rules
    yield from policy.waivers
