"""A policy as its analyses see it: what it means, what its author wrote, and the space of its cases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from caveat.analysis.space import Point, Space
from caveat.domain.decision import Decision, Intent
from caveat.domain.diagnostic import Diagnostic, Span
from caveat.lang import syntax
from caveat.lang.resolved import Resolved, ResolvedRule, UrlTerm
from caveat.policy.compiler import urls_of
from caveat.policy.policy import Policy, Rule
from caveat.policy.selectors import PathSelector, UrlSelector
from caveat.spec.release import Release

BOTH = (Intent.READ, Intent.MODIFY)


@dataclass(frozen=True, slots=True)
class Stated:
    """An `invariant` with its urls and paths as they are run."""

    statement: syntax.Invariant
    urls: UrlSelector
    paths: tuple[PathSelector, ...]


@dataclass(eq=False)
class Subject:
    """One policy that is looked into, and what has been found of it.

    `settled` names the rules of which enough has been said: nothing that follows from it is said as well. `decides` has a case
    for each rule that decides one, `governed` what was said of definitions before, `unproven` why nothing is claimed of a rule,
    `held` the invariants that cannot be broken.
    """

    policy: Policy
    resolved: Resolved
    space: Space
    invariants: tuple[Stated, ...]
    governed: str = ""
    settled: set[str] = field(default_factory=set)
    decides: dict[str, Point] = field(default_factory=dict)
    unproven: dict[str, str] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    duels: dict[tuple[str, ...], Policy] = field(default_factory=dict)

    @classmethod
    def of(cls, policy: Policy, resolved: Resolved, releases: tuple[Release, ...], told: Iterable[Diagnostic] = ()) -> Subject:
        """Return what is to be looked into; `releases` are those that the policy is for when it names none.

        Of what `told` says of definitions (CV170 to CV179) nothing is said again.
        """
        stated = tuple(
            Stated(each, urls_of(urls), tuple(PathSelector.parse(path.text) for path in each.paths))
            for each, urls in zip(resolved.invariants, resolved.invariant_urls, strict=True)
        )
        space = Space.of(policy, releases=releases, also=[(each.urls, each.paths) for each in stated])
        governed = "\n".join(found.message for found in told if found.code.startswith("CV17"))
        return cls(policy, resolved, space, stated, governed)

    @cached_property
    def unscoped(self) -> Policy:
        """The policy without its `reads`: what it decides in every scope."""
        return replace(self.policy, reads=())

    @cached_property
    def written(self) -> Mapping[str, ResolvedRule]:
        """The rules as written, by name."""
        return {rule.name: rule for rule in reversed(self.resolved.rules)}

    @cached_property
    def by_name(self) -> Mapping[str, Rule]:
        """The rules as they run, by name."""
        return {rule.name: rule for rule in self.policy.rules}

    @property
    def rules(self) -> Iterator[tuple[Rule, ResolvedRule]]:
        """Each rule as it runs, with what was written; in the order written."""
        return ((self.by_name[written.name], written) for written in self.written_in_order if written.name not in self.settled)

    @cached_property
    def written_in_order(self) -> tuple[ResolvedRule, ...]:
        """The rules in the order written, each once."""
        return tuple(self.written[name] for name in dict.fromkeys(rule.name for rule in self.resolved.rules))

    @cached_property
    def waived(self) -> Mapping[str, str]:
        """The rule that each waiver of a rule is from, by the waiver's name."""
        return {waiver.name: waiver.rule for waiver in self.policy.waivers if waiver.rule is not None}

    @cached_property
    def waived_rules(self) -> frozenset[str]:
        """The rules of which there is a waiver."""
        return frozenset(self.waived.values())

    def is_by(self, decision: Decision, rule: Rule) -> bool:
        """Return whether `rule` made a decision, its condition being true, or a waiver of it did."""
        if decision.ground == "rule":
            return decision.rule == rule.name
        return decision.ground == "waiver" and self.waived.get(decision.rule or "") == rule.name

    def unscoped_decision(self, point: Point) -> Decision:
        """Return what is decided in a case in every scope, to read."""
        return self.space.decision(self.unscoped, point)

    def text(self, span: Span) -> str:
        """Return what the author wrote at a place."""
        for file in self.resolved.sources.values():
            if file.name == span.file:
                return file.text[span.start : span.end]
        return ""

    def spelt(self, term: UrlTerm, file: str, its_file: str) -> str:
        """Return a url as it may be written in `file`: by the name that `its_file` gives it, or in quotes."""
        own = self.text(term.span)
        if own and file == its_file:
            return own
        return "anything" if term.kind == "anything" else f'"{term.text}"'
