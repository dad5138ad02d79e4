"""Whether mutants survive, asked of all tests and many places; and whether suggested tests do what they are for."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from caveat.judge.check import Question
from caveat.lang.parser import parse
from caveat.lang.printer import print_file
from caveat.packs.cases import first_release, run_tests
from caveat.packs.mutants import Mutant, changed, mutants_of
from caveat.packs.policies import LoadedPolicy, load_policy_text
from caveat.packs.strength import Strength, bench_of, strength
from caveat.packs.suggestions import notices, suggestions, written
from caveat.packs.witness import Modifier, Witness, run
from strategies.tested_policies import TODAY, a_policy

HEAVY = settings(  # each case is a policy with dozens of mutants, and a seed cannot be made simpler
    max_examples=max(5, settings.default.max_examples // 20), phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
SEEDS = st.integers(0, 10**9)
TRIED_VALUES = [
    (True, "boolean"), (False, "boolean"), ("x", "string"), ("z", "code"), ("x", "CodeableConcept"), (True, "complex"),
]  # fmt: skip
TRIED_URLS = [
    "https://x.example/a",
    "https://x.example/p/b",
    "https://x.example/p/z",
    "https://x.example/p/q/z",
    "https://y.example/z",
]
TRIED_PATHS = [
    *("ImagingStudy", "ImagingStudy.series", "ImagingStudy.series.instance", "ImagingStudy.series.performer"),
    *("Patient", "Patient.contact", "Basic", "MedicationRequest.dosageInstruction"),
]
TRIED = list(itertools.product(TRIED_URLS, TRIED_PATHS, TRIED_VALUES))


def case(seed: int) -> LoadedPolicy:
    """Return a policy with tests that pass."""
    loaded = a_policy(seed)
    assume(loaded is not None)
    assert loaded is not None
    return loaded


def on_mutant(loaded: LoadedPolicy, mutant: Mutant) -> bool:
    """Run every test on the whole of the changed policy; return whether all pass."""
    assert loaded.policy is not None
    other = replace(loaded, policy=changed(loaded.policy, mutant.change))
    return all(outcome.passed for outcome in run_tests(other, TODAY))


@HEAVY
@given(SEEDS)
def test_survival_is_what_all_tests_say(seed: int) -> None:
    """A mutant survives the few tests that are run on it exactly when it survives every test of the whole policy."""
    loaded = case(seed)
    assert loaded.policy is not None
    bench = bench_of(loaded, TODAY)
    for mutant in mutants_of(loaded.policy, loaded.resolved):
        assert (bench.kills(mutant.change) is None) == on_mutant(loaded, mutant), mutant.message


def weighed(loaded: LoadedPolicy) -> Strength:
    return strength(bench_of(loaded, TODAY), loaded)


@HEAVY
@given(SEEDS)
def test_suggested_tests_kill_what_they_are_for(seed: int) -> None:
    """In the policy every suggested test passes, each fails on each mutant that it is for, and none of these survives."""
    loaded = case(seed)
    assert loaded.policy is not None
    question = Question(loaded.policy, first_release(loaded.policy), TODAY)
    before = weighed(loaded)
    found = [each for each in suggestions(question, before) if each.witness.resource is None]
    for each in found:
        assert run(question, each.witness).passed
        for mutant in each.mutants:
            assert notices(question, each.witness, mutant), mutant.message
            other = replace(question, policy=changed(loaded.policy, mutant.change))
            assert not run(other, each.witness).passed, mutant.message
    text = written(found, loaded.resolved).text
    assert print_file(parse(text, "t").file) == text
    source = next(iter(loaded.texts.values()))
    more = text.removeprefix("caveat 1;\n").replace('codesystem S = "https://x.example/s";\n', "")
    again = load_policy_text(source + more)
    assert again.policy is not None, [d.message for d in again.diagnostics]
    assert all(outcome.passed for outcome in run_tests(again, TODAY))
    killed = {mutant.message for each in found for mutant in each.mutants}
    assert killed.isdisjoint(each.mutant.message for each in weighed(again).survivors)


@HEAVY
@given(SEEDS)
def test_what_is_called_equal_is_equal(seed: int) -> None:
    """No modifier of the usual kinds and places is decided otherwise by a mutant that is said to mean the same."""
    loaded = case(seed)
    assert loaded.policy is not None
    policy, release = loaded.policy, first_release(loaded.policy)
    bench = bench_of(loaded, TODAY)
    alive = [m for m in mutants_of(policy, loaded.resolved) if bench.kills(m.change) is None]
    survivors = {(each.mutant.message, each.mutant.span) for each in strength(bench, loaded).survivors}
    question = Question(policy, release, TODAY)
    for mutant in [m for m in alive if (m.message, m.span) not in survivors][:4]:
        other = replace(question, policy=changed(policy, mutant.change))
        for url, path, (literal, kind) in TRIED:
            witness = Witness((Modifier(url, path, literal, kind),))
            old, new = run(question, witness), run(other, witness)
            assert (old.verdict, told(old)) == (new.verdict, told(new)), (mutant.message, url, path, literal, kind)


def told(outcome: object) -> list[object]:
    return sorted((d.verdict, str(d.ground), d.rule or "") for d in outcome.decisions)  # type: ignore[attr-defined]


@cache
def lawful() -> int:
    """Return how many of twenty seeds give a policy."""
    return sum(a_policy(seed) is not None for seed in range(20))


def test_the_policies_are_worth_trying() -> None:
    """Chance makes a lawful policy often enough, and among them there are survivors, equal mutants and killed ones."""
    assert lawful() > 6
    some = [weighed(loaded) for seed in range(8) if (loaded := a_policy(seed)) is not None]
    assert sum(len(each.survivors) for each in some) > 10
    assert sum(each.equal for each in some) > 0
    assert sum(each.mutants - each.equal - len(each.survivors) for each in some) > 5
