"""Whether tests mean something: which mutants of a policy pass all of its tests.

Rule 1: a mutant survives when every test passes on it; that is asked of the tests themselves, never guessed.
Rule 2: a test is left out only where the mutant cannot touch it: no url that judging it asks for is of the rule that was changed.
Rule 3: a mutant that no test could tell from the policy is no survivor; `telling` looks for the test that can.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from caveat.domain.decision import Ground
from caveat.judge.check import Question
from caveat.lang.resolved import ResolvedTest
from caveat.packs.cases import Outcome, first_release, run_test
from caveat.packs.mutants import Change, DefaultChange, Mutant, RuleChange, WaiverChange, changed, mutants_of
from caveat.packs.policies import LoadedPolicy
from caveat.packs.telling import search
from caveat.packs.witness import Witness
from caveat.policy.policy import Policy, Rule
from caveat.policy.selectors import UrlTerms
from caveat.spec.release import Release


class _Asked(dict[str, tuple[Rule, ...]]):
    """The rules of a policy by literal url, which keeps every url that it is asked for."""

    def __init__(self, by_url: Mapping[str, tuple[Rule, ...]]) -> None:
        super().__init__(by_url)
        self.urls: set[str] = set()

    def __contains__(self, url: object) -> bool:
        self.urls.add(str(url))
        return super().__contains__(url)

    def get(self, url: str, default: tuple[Rule, ...] = ()) -> tuple[Rule, ...]:  # type: ignore[override]
        """Return the rules of a url, which is kept."""
        self.urls.add(url)
        return super().get(url, default)


@dataclass(frozen=True, slots=True)
class _Ran:
    """A test that ran on the policy as it is: its outcome, the urls that were asked for, and the rules that speak of them."""

    test: ResolvedTest
    outcome: Outcome
    urls: frozenset[str]
    part: Policy


@dataclass(frozen=True, slots=True)
class Bench:
    """The tests of a policy, run once and ready to be run on its mutants."""

    question: Question
    folder: Path | None
    ran: tuple[_Ran, ...]
    by_url: Mapping[str, tuple[_Ran, ...]] = field(repr=False)

    @property
    def failed(self) -> bool:
        """Whether a test fails on the policy as it is, so that nothing can be said of its mutants."""
        return any(not each.outcome.passed for each in self.ran)

    def kills(self, change: Change) -> Outcome | None:
        """Return the outcome of a test that fails where `change` is made; None when all of them pass."""
        for each in self.touched(change):
            outcome = run_test(each.test, replace(self.question, policy=changed(each.part, change)), self.folder)
            if not outcome.passed:
                return outcome
        return None

    def touched(self, change: Change) -> Iterable[_Ran]:
        """Return the tests that a change may touch, those first in which what is changed decided."""
        if isinstance(change, DefaultChange):
            return [r for r in self.ran if any(d.ground is Ground.UNKNOWN for d in r.outcome.decisions)]
        found = {id(each): each for each in self._of_urls(change)}.values()
        return sorted(found, key=lambda each: all(d.rule != change.name for d in each.outcome.decisions))

    def _of_urls(self, change: RuleChange | WaiverChange) -> Iterator[_Ran]:
        """Give the tests that ask for a url of which the old or the new form of a rule or waiver may speak."""
        terms = list(_terms(self.question.policy, change))
        if any(each is None or each.anything for each in terms):
            yield from self.ran
            return
        for each in terms:
            for url in each.literals if each is not None else ():
                yield from self.by_url.get(url, ())
            for pattern in each.patterns if each is not None else ():
                yield from (ran for url, held in self.by_url.items() if pattern.matches(url) for ran in held)


def bench_of(loaded: LoadedPolicy, today: date, release: Release | None = None) -> Bench:
    """Run the tests of `loaded`, whose policy must have loaded, and keep what it takes to run them on mutants."""
    policy = loaded.policy
    assert policy is not None  # noqa: S101  the caller shows the diagnostics of a policy that did not load
    question = Question(policy, release or first_release(policy), today)
    heard, asked = _listening(question)
    ran = tuple(_ran(test, heard, asked, loaded.folder) for test in loaded.resolved.tests)
    by_url: defaultdict[str, list[_Ran]] = defaultdict(list)
    for each in ran:
        for url in each.urls:
            by_url[url].append(each)
    return Bench(question, loaded.folder, ran, {url: tuple(held) for url, held in by_url.items()})


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant on which every test passes; `witness` is a test that would fail, None where nothing was found or proven."""

    mutant: Mutant
    witness: Witness | None


@dataclass(frozen=True, slots=True)
class Strength:
    """How many mutants a policy has, how many of them are the same policy in other words, and which survive its tests.

    `systems` has the names of code systems by url, as its rules call them.
    """

    mutants: int
    equal: int
    survivors: tuple[Survivor, ...]
    systems: Mapping[str, str] = field(default_factory=dict)


def strength(bench: Bench, loaded: LoadedPolicy) -> Strength:
    """Return which mutants of the policy of `loaded` no test of `bench` notices, though a test could."""
    found = mutants_of(bench.question.policy, loaded.resolved)
    alive = [mutant for mutant in found if bench.kills(mutant.change) is None]
    told = [(mutant, search(bench.question, mutant)) for mutant in alive]
    survivors = tuple(Survivor(mutant, s.witness) for mutant, s in told if s.witness is not None or not s.exhausted)
    systems = {url: name for rule in loaded.resolved.rules for name, url in rule.codesystems.items()}
    return Strength(len(found), len(alive) - len(survivors), survivors, systems)


def _ran(test: ResolvedTest, question: Question, asked: _Asked, folder: Path | None) -> _Ran:
    """Run one test on the policy as it is, and see which urls are asked for; `asked` is what listens in `question`."""
    asked.urls = set()
    outcome = run_test(test, question, folder)
    found = {d.occurrence.url for d in outcome.decisions if d.occurrence is not None and d.occurrence.url is not None}
    urls = frozenset(asked.urls | found)
    return _Ran(test, outcome, urls, part_of(question.policy, urls))


def _listening(question: Question) -> tuple[Question, _Asked]:
    """Return the question with a policy that keeps the urls that it is asked for."""
    listening, asked = replace(question.policy), _Asked(question.policy.by_url)
    object.__setattr__(listening, "by_url", asked)
    return replace(question, policy=listening), asked


def part_of(policy: Policy, urls: frozenset[str]) -> Policy:
    """Return `policy` with no more rules than may speak of `urls`: on a document that asks for no others it decides the same.

    A mutant changes one rule of this part, which is small, so that thousands of mutants of a large policy cost little.
    """
    rules = {rule.name: rule for url in urls for rule in policy.rules_for(url)}
    waivers = tuple(each for each in policy.waivers if each.urls is None or any(map(each.urls.matches, urls)))
    return replace(policy, rules=tuple(sorted(rules.values(), key=lambda rule: rule.name)), waivers=waivers)


def _terms(policy: Policy, change: RuleChange | WaiverChange) -> Iterator[UrlTerms | None]:
    """Give the urls of what is changed, before and after, those after `except` among them; None stands for any url."""
    if isinstance(change, RuleChange):
        old = next(rule for rule in policy.rules if rule.name == change.name)
        yield from (rule.urls.include for rule in (old, change.rule) if rule is not None)
        return
    waiver = next(each for each in policy.waivers if each.name == change.name)
    yield from (None if each.urls is None else each.urls.include for each in (waiver, change.waiver) if each is not None)
