"""Which changes of a policy there are, which of them tests notice, and which tests are suggested for the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from caveat.domain.errors import UsageError
from caveat.judge.check import Question
from caveat.packs.cases import run_tests
from caveat.packs.mutants import Mutant, changed, mutants_of
from caveat.packs.policies import LoadedPolicy, load_policy, load_policy_text, shipped_packs
from caveat.packs.strength import bench_of, strength
from caveat.packs.suggestions import existing_tests, suggestions, written
from caveat.spec.release import Release

TODAY = date(2026, 11, 24)
HEAD = """caveat 1;
policy "p" version "1" { owner "o"; fhir R4; default reject; default exclude on Patient.contact; }
extension a = "https://x.example/p/a";
"""


def loaded(text: str) -> LoadedPolicy:
    """Return the policy of a text that loads."""
    found = load_policy_text(HEAD + text)
    assert found.policy is not None, [each.message for each in found.diagnostics]
    return found


def made(text: str) -> list[Mutant]:
    policy = loaded(text)
    assert policy.policy is not None
    return mutants_of(policy.policy, policy.resolved)


# mutants

RULE = """narrative r: "https://x.example/p/*" except a on Patient, Group.member.**, *.implicitRules
    as boolean when value = true because "x" from 2026-01-01 until 2026-12-31;
"""
WAIVER = 'waive w: unknown for a on Patient.link as warn from 2026-01-01 until 2026-12-31 owner "o" because "x";\n'


def test_every_clause_of_a_rule_is_changed() -> None:
    """Each clause of a rule, a waiver and the defaults has its mutants, told at the clause."""
    text = HEAD + RULE + WAIVER
    told = {(each.kind, each.message, text[each.span.start : each.span.end]) for each in made(RULE + WAIVER)}
    assert told == {
        ("looser", "`default reject` softened to `review`", "default reject;"),
        ("looser", "`default exclude on Patient.contact` softened to `warn`", "default exclude on Patient.contact;"),
        ("removed", "`default exclude on Patient.contact` removed", "default exclude on Patient.contact;"),
        ("looser", "`narrative r` made `exclude`", "narrative"),
        ("stricter", "`narrative r` made `review`", "narrative"),
        ("removed", "`r` removed", "r"),
        ("pattern", "`https://x.example/p/*` of `r` widened to `https://x.example/p/**`", '"https://x.example/p/*"'),
        ("except", "`except https://x.example/p/a` dropped from `r`", "a"),
        ("path", "`Patient` of `r` widened to `Patient.**`", "Patient"),
        ("path", "`Group.member.**` of `r` widened to `Group.**`", "Group.member.**"),
        ("types", "`as` dropped from `r`", "as boolean"),
        ("negated", "the condition of `r` negated", "when value = true"),
        ("unconditional", "the condition of `r` dropped", "when value = true"),
        ("dates", "`from` dropped from `r`", "from 2026-01-01"),
        ("dates", "`until` dropped from `r`", "until 2026-12-31"),
        ("removed", "`w` removed", "w"),
        ("looser", "`as warn` of `w` made `as accept`", "warn"),
        ("stricter", "`as warn` of `w` made `as exclude`", "warn"),
        ("path", "`Patient.link` of `w` widened to `Patient.**`", "Patient.link"),
        ("dates", "`from` dropped from `w`", "from 2026-01-01"),
        ("dates", "`until` dropped from `w`", "until 2026-12-31"),
    }


@pytest.mark.parametrize(
    ("path", "wider"),
    [
        ("Patient", "Patient.**"),
        ("Patient.contact", "Patient.**"),
        ("ImagingStudy.series.instance", "ImagingStudy.series.**"),
        ("ImagingStudy.series.**", "ImagingStudy.**"),
        ("Patient.**", "*.**"),
        ("*", "*.**"),
        ("Dosage", "Dosage.**"),
        ("Patient.implicitRules", "*.implicitRules"),
        ("*.**", None),
        ("*.implicitRules", None),
    ],
)
def test_paths_widen_by_one_step(path: str, wider: str | None) -> None:
    """A path widens to what is above it and all below that; what is widest stays."""
    told = [each.message for each in made(f'reject r: a on {path} because "x";') if each.kind == "path"]
    assert told == ([f"`{path}` of `r` widened to `{wider}`"] if wider else [])


@pytest.mark.parametrize(
    ("pattern", "wider"),
    [("https://h.example/a/b/*", "https://h.example/a/b/**"), ("https://h.example/a/b/**", "https://h.example/a/**")],
)
def test_patterns_widen_by_one_step(pattern: str, wider: str) -> None:
    """A pattern widens to any depth, then by one segment."""
    (told,) = (each.message for each in made(f'reject r: "{pattern}" on Patient because "x";') if each.kind == "pattern")
    assert told == f"`{pattern}` of `r` widened to `{wider}`"


def test_verbs_at_the_ends_have_one_neighbour() -> None:
    """Nothing is looser than `understand`, and nothing stricter than `forbid`."""
    ends = made('understand u: a on Patient because "x" assessed 2026-01-01;\nforbid f: a on Group because "x";\n')
    assert [(each.kind, each.message) for each in ends if each.rule and "made" in each.message] == [
        ("stricter", "`understand u` made `warn`"),
        ("looser", "`forbid f` made `reject`"),
    ]


def test_a_change_changes_one_thing() -> None:
    """Every mutant is another policy, and the rest of it is as it was."""
    policy = loaded(RULE + WAIVER).policy
    assert policy is not None
    others = [changed(policy, each.change) for each in made(RULE + WAIVER)]
    assert len({other.digest for other in (*others, policy)}) == len(others) + 1


# survivors


def weighed(text: str) -> tuple[list[str], int]:
    """Return the survivors' messages, and how many mutants mean the same."""
    policy = loaded(text)
    found = strength(bench_of(policy, TODAY), policy)
    return [each.mutant.message for each in found.survivors], found.equal


def test_without_tests_everything_survives() -> None:
    """No test notices anything, and every change that means something is told."""
    survivors, equal = weighed('reject r: a on Patient because "x";\n')
    assert {"`r` removed", "`reject r` made `review`", "`Patient` of `r` widened to `Patient.**`"} <= set(survivors)
    assert equal == 1  # nothing is left out above a patient, so that to be final makes no difference


TWO = """reject r: a on Patient as boolean because "x";
forbid f: "https://x.example/p/**" on Patient.** because "y";
"""


def test_what_means_the_same_is_no_survivor() -> None:
    """What a stricter rule covers can be changed as one likes: no test can notice it, and none is asked for."""
    tests = """test "f" { modifier a on Patient; expect reject by f; }
    test "g" { modifier "https://x.example/p/q/z" on Patient; expect reject by f; }
    """
    survivors, equal = weighed(TWO + tests)
    assert [message for message in survivors if "`r`" in message] == ["`r` removed"]  # it makes the url known, as below
    assert equal > 0


def test_a_rule_that_never_decides_still_makes_its_url_known() -> None:
    """A literal url is a known modifier by any rule that names it: so it is seen where it stands in the wrong slot."""
    only = loaded('reject r: a on Patient because "x";\nforbid f: anything on *.** because "y";\n')
    found = strength(bench_of(only, TODAY), only)
    (removed,) = (each for each in found.survivors if each.mutant.message == "`r` removed")
    assert removed.witness is not None
    assert removed.witness.resource is not None
    assert removed.witness.expect is not None
    assert removed.witness.expect.ground is not None
    assert removed.witness.expect.ground.text == "wrong-slot"


FINAL = """exclude e: "https://x.example/e" on Patient.contact because "x" assessed 2026-01-01;
forbid f: a on Patient.contact because "y";
test "f" { modifier a on Patient.contact; expect reject by f; }
test "e" { modifier "https://x.example/e" on Patient.contact; expect exclude by e; }
"""


def test_that_a_forbid_is_final_wants_a_test() -> None:
    """A `forbid` and a `reject` differ below what is left out, and the test that shows it plants both."""
    policy = loaded(FINAL)
    found = strength(bench_of(policy, TODAY), policy)
    (survivor,) = (each for each in found.survivors if each.mutant.message == "`forbid f` made `reject`")
    assert survivor.witness is not None
    assert len(survivor.witness.modifiers) == 2
    shown = 'test "both" { modifier a on Patient.contact; modifier "https://x.example/e" on Patient.contact; expect reject; }\n'
    assert "`forbid f` made `reject`" not in weighed(FINAL + shown)[0]


PARTS = """reject r: a on Patient as complex when part("reason").code = "x" because "x";
test "r" { modifier a on Patient = true; expect reject unknown; }
"""


def test_a_value_that_no_statement_can_write_gets_a_fixture() -> None:
    """Where a test cannot plant the value, its resource is a fixture."""
    policy = loaded(PARTS)
    assert policy.policy is not None
    question = Question(policy.policy, Release.R4, TODAY)
    found = suggestions(question, strength(bench_of(policy, TODAY), policy))
    text = written(found, policy.resolved)
    assert text.fixtures
    assert all(f'resource "{name}";' in text.text for name in text.fixtures)


def test_a_policy_whose_tests_fail_is_not_weighed() -> None:
    """Where a test fails, a mutant that fails it shows nothing: whoever asks is told so."""
    policy = loaded('reject r: a on Patient because "x";\ntest "t" { modifier a on Patient; expect accept; }\n')
    assert bench_of(policy, TODAY).failed


# suggestions


def test_a_suggestion_is_written_once() -> None:
    """Survivors that one test notices share it."""
    policy = loaded('reject r: a on Patient because "x";\n')
    assert policy.policy is not None
    found = suggestions(Question(policy.policy, Release.R4, TODAY), strength(bench_of(policy, TODAY), policy))
    assert max(len(each.mutants) for each in found) > 1


def test_what_stands_in_a_file_stays(tmp_path: Path) -> None:
    """Suggestions go after what stands there, with its comments; with them the tests pass, and nothing survives."""
    rules = tmp_path / "p.caveat"
    rules.write_text(
        HEAD + PARTS.partition("test")[0] + 'reject s: a on Group when value = S#c because "x";\n'.replace("S#c", "true")
    )
    tests = tmp_path / "p_test.caveat"
    tests.write_text('caveat 1;\n\n// mine\ntest "mine" {\n    modifier a on Group = true;\n    expect reject by s;\n}\n')
    policy = load_policy(rules)
    assert policy.policy is not None
    found = suggestions(Question(policy.policy, Release.R4, TODAY), strength(bench_of(policy, TODAY), policy))
    text = written(found, policy.resolved, existing_tests(tests, rules))
    assert text.text.startswith(tests.read_text())
    (tmp_path / "fixtures").mkdir()
    for name, content in text.fixtures.items():
        (tmp_path / name).write_bytes(content)
    tests.write_text(text.text)
    again = load_policy(rules)
    assert all(outcome.passed for outcome in run_tests(again, TODAY))
    assert strength(bench_of(again, TODAY), again).survivors == ()


def test_the_file_must_be_one_of_the_policy(tmp_path: Path) -> None:
    """Tests are written beside the rules, into a file that goes with them and can be read."""
    rules, other = tmp_path / "p.caveat", tmp_path / "q.caveat"
    rules.write_text(HEAD)
    other.write_text(HEAD)
    for path in (tmp_path / "p.txt", tmp_path / "sub" / "p_test.caveat", tmp_path / "q_test.caveat"):
        with pytest.raises(UsageError):
            existing_tests(path, rules)
    broken = tmp_path / "p_test.caveat"
    broken.write_text('caveat 1;\ntest "x" {')
    with pytest.raises(UsageError, match="cannot be read as it is"):
        existing_tests(broken, rules)
    assert existing_tests(tmp_path / "more_test.caveat", rules) == ""


# size


def test_many_rules() -> None:
    """Each mutant of a rule is asked of the two tests that can notice it, however many others there are."""
    rules = "".join(
        f'reject r{n}: "https://x.example/{n}" on Patient as boolean because "x";\n'
        f'test "t{n}" {{ modifier "https://x.example/{n}" on Patient; expect reject by r{n}; }}\n'
        f'test "u{n}" {{ modifier "https://x.example/{n}" on Patient = 5; expect reject unknown; }}\n'
        for n in range(60)
    )
    policy = loaded(rules)
    bench = bench_of(policy, TODAY)
    assert policy.policy is not None
    asked = [sum(1 for _ in bench.touched(each.change)) for each in mutants_of(policy.policy, policy.resolved) if each.rule]
    assert set(asked) == {2}


# what is shipped


@pytest.mark.parametrize("pack", shipped_packs())
def test_shipped_packs_have_no_survivor_and_no_gap(pack: str) -> None:
    """Of the shipped packs every rule is covered in every part, and every change of a rule fails a test."""
    from caveat.packs.coverage import gaps  # noqa: PLC0415  only here

    policy = load_policy(pack)
    assert policy.policy is not None
    bench = bench_of(policy, TODAY)
    assert not bench.failed
    assert [each.mutant.message for each in strength(bench, policy).survivors] == []
    assert [gap.message for gap in gaps(policy.policy, policy.resolved, [each.outcome for each in bench.ran])] == []


def test_the_policy_is_not_changed() -> None:
    """Weighing leaves the policy as it is."""
    policy = loaded(TWO)
    assert policy.policy is not None
    before = replace(policy.policy)
    strength(bench_of(policy, TODAY), policy)
    assert policy.policy == before
    assert policy.policy.digest == before.digest
