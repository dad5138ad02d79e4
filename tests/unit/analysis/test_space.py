"""Every case of the space is real: the resource that shows it is judged exactly as the case is."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest

from caveat.analysis.findings import analyse
from caveat.analysis.invariants import broken_by
from caveat.analysis.space import Ask, Point, Space
from caveat.analysis.subject import BOTH, Subject
from caveat.analysis.swallowing import Search
from caveat.domain.decision import Decision, Verdict
from caveat.domain.report import Report
from caveat.judge.fold import counting
from caveat.packs.policies import LoadedPolicy, load_policy, load_policy_text, shipped_packs
from caveat.policy.policy import Period, Policy
from caveat.spec.release import Release
from strategies.judging import HEAD, policy_of, report, rule, waiver

RULES = [
    rule("understand", "a", "@x on Patient, Patient.contact as boolean when value = true"),
    rule("narrative", "b", "@x on Patient.**, *.implicitRules"),
    rule("exclude", "c", '@y on ImagingStudy.series, Dosage as complex when part("p") = true'),
    rule("review", "d", "anything except @x on *.** as code | CodeableConcept when value present"),
    rule("forbid", "e", '"https://x.example/fhir/**" on Questionnaire.item.item, Timing from 2026-03-01 until 2026-09-30'),
    rule("warn", "f", "@y on MedicationRequest.dosageInstruction.timing as Quantity when value.value > 5"),
    rule("reject", "g", '"urn:oid:1.2.3", "https://x.example/profile|2" on Patient.implicitRules'),
]  # fmt: skip
POLICY = "".join(RULES) + waiver("w", "unknown for @x, @y on *.** as warn")


def judged(policy: Policy, point: Point) -> Report:
    """Return the report on the resource that shows a case."""
    return report(policy, point.document(), release=point.release, today=point.today, intent=point.intent)


def decision_on(told: Report, point: Point) -> Decision:
    """Return the decision on the occurrence that a case is about, the first of two that contradict each other."""
    path, slot = point.site.path, point.site.slot
    return next(
        each
        for each in told.decisions
        if each.occurrence is not None and (each.occurrence.carrier.path, each.occurrence.slot) == (path, slot)
    )


@pytest.mark.parametrize("name", sorted("abcdefg"))
def test_every_case_is_what_the_walk_finds(name: str) -> None:
    """In the least resource of a case the walk finds it, on the same carrier, and it is decided alike."""
    policy = policy_of(POLICY, "default exclude on Patient.contact;")
    space = Space.of(policy)
    chosen = next(each for each in policy.rules if each.name == name)
    points = list(space.points(space.matching(chosen), BOTH))
    assert points
    for point in points:
        told, expected = decision_on(judged(policy, point), point), point.decision(policy)
        found = told.occurrence
        assert found is not None
        wanted, carrier = point.occurrence, found.carrier
        assert (told.verdict, told.ground, told.rule, told.final) == (
            expected.verdict, expected.ground, expected.rule, expected.final,
        )  # fmt: skip
        assert (found.url, found.value_type, found.contradicted) == (wanted.url, wanted.value_type, wanted.contradicted)
        assert set(carrier.names) == point.site.names
        assert set(carrier.within) == point.site.within
        assert (carrier.scope_path, carrier.is_root, carrier.in_extension_value, carrier.has_narrative) == (
            wanted.carrier.scope_path, wanted.carrier.is_root, wanted.carrier.in_extension_value, wanted.carrier.has_narrative,
        )  # fmt: skip


def test_a_narrowed_policy_decides_as_the_whole() -> None:
    """The rules of other urls make no difference to what is decided on one."""
    policy = policy_of(POLICY)
    space = Space.of(policy)
    for point in space.points(Ask()):
        whole, narrow = point.decision(policy), space.decision(policy, point)
        assert (whole.verdict, whole.rule, whole.ground) == (narrow.verdict, narrow.rule, narrow.ground)


def test_days_are_the_last_before_and_the_first_after() -> None:
    """A rule with two ends has cases on its first and last day, and others on the days beside them."""
    policy = policy_of(rule("review", "a", "@x on Patient from 2026-03-01 until 2026-03-31"))
    space = Space.of(policy)
    urls, places = policy.rules[0].urls, space.classes_on(policy.rules[0].paths)
    days = {point.today for point in space.points(Ask(urls, places))}
    assert days >= {date(2026, 3, 1)}
    assert any(day < date(2026, 3, 1) or day > date(2026, 3, 31) for day in days)
    within = {point.today for point in space.points(Ask(urls, places, Period(date(2026, 3, 31))))}
    assert within == {date(2026, 3, 31), date(2026, 4, 1)}


def subject_of(text: str) -> Subject:
    """Return what a rule file is to its analyses."""
    loaded = load_policy_text(HEAD.replace("SETTINGS", "") + text)
    assert loaded.policy is not None, loaded.diagnostics
    return Subject.of(loaded.policy, loaded.resolved, tuple(Release))


@pytest.mark.parametrize(
    "reject",
    [
        "@b on ImagingStudy.series",
        "@a on ImagingStudy.series as string",
        "@a on ImagingStudy.series.instance",
        "anything on *.**",
    ],
)
def test_what_is_said_to_be_swallowed_is(reject: str) -> None:
    """The resource of a meeting is processed in its reduced form, though a rule rejects something in it; `forbid` stops it."""
    text = rule("exclude", "x", "@a on ImagingStudy.series as boolean") + rule("reject", "j", reject)
    text = text.replace("anything on", "anything except @a on").replace("@a", '"https://x.example/fhir/a"')
    subject = subject_of(text)
    search = Search(subject)
    ((_, meeting),) = search.meetings([subject.by_name["x"]], subject.by_name["j"])
    told = report(subject.policy, meeting.document(), release=meeting.rejected.release, today=meeting.rejected.today)
    assert any(each.rule == "j" and each.verdict is Verdict.REJECT for each in told.decisions)
    assert not any(each.rule == "j" for each in counting(told.decisions))
    assert told.verdict is Verdict.EXCLUDE
    stopped = subject_of(text.replace("reject j", "forbid j")).policy
    assert report(stopped, meeting.document(), today=meeting.rejected.today).verdict is Verdict.REJECT


@pytest.mark.parametrize(
    "text",
    [
        rule("warn", "v", '"https://x.example/fhir/*" on Patient.**'),
        rule("reject", "v", "@x on Patient.**") + waiver("w", "v for @x on Patient as warn"),
        waiver("w", "unknown for @x on Patient.contact as warn"),
        rule("forbid", "v", "@x on Patient") + waiver("w", "wrong-slot for @x on Patient.name as warn"),
        waiver("w", "empty on Patient.contact as warn"),
        waiver("w", "incomplete on Patient as warn"),
    ],
    ids=["rule", "waiver of a rule", "waiver of the unknown", "waiver of the slot", "waiver of nothing", "waiver of what lacks"],
)
def test_what_is_said_to_break_an_invariant_does(text: str) -> None:
    """The resource of a witness is judged as the witness says, on its day and under its intent."""
    subject = subject_of(text + 'invariant i: never warn for anything on Patient.** because "z";\n')
    broken = broken_by(subject, subject.invariants[0])
    assert broken is not None
    told = judged(subject.policy, broken.point)
    assert broken.decision.verdict is Verdict.WARN
    assert any((each.verdict, each.rule) == (broken.decision.verdict, broken.decision.rule) for each in told.decisions)


def packs() -> dict[str, LoadedPolicy]:
    """Return the shipped packs."""
    return {name: load_policy(folder) for name, folder in shipped_packs().items()}


@pytest.mark.parametrize("name", sorted(shipped_packs()))
def test_shipped_packs_decide_as_proven(name: str) -> None:
    """Nothing is found in a shipped pack, and each example of a rule that decides really is decided by it."""
    loaded = packs()[name]
    assert loaded.policy is not None
    analysis = analyse(loaded.policy, loaded.resolved, told=loaded.diagnostics, prove=True)
    assert analysis.findings == ()
    assert sum("decides, for example" in sentence for sentence in analysis.proofs) == len(loaded.policy.rules)
    space = Space.of(loaded.policy)
    for each in loaded.policy.rules:
        point = next(iter(space.points(space.matching(each))))
        assert decision_on(judged(loaded.policy, point), point).rule == each.name


def many(count: int) -> str:
    """Return a policy of many rules that overlap: urls, patterns, places, conditions and days."""
    verbs = ["understand", "warn", "exclude", "narrative", "review", "reject", "forbid"]
    places = ["Patient.contact", "ImagingStudy.series", "*.**", "Observation.component", "MedicationRequest.dosageInstruction"]
    asked = ["", "as boolean when value = true", 'as code when value in ["a", "b"]', "from 2026-01-01 until 2026-12-31"]
    lines = []
    for number in range(count):
        url = f'"https://x.example/fhir/{number % (count // 2)}' + ('/**"' if number % 7 and number % 3 == 0 else '"')
        lines.append(rule(verbs[number % 7], f"r{number}", f"{url} on {places[number % 5]} {asked[number % 4]}"))
    return "".join(lines)


def test_a_thousand_rules_need_few_cases() -> None:
    """Cases are drawn for one rule at a time: twice the rules, about twice the cases, and never the whole product."""
    tried = {}
    for count in (250, 500, 1000):
        subject = subject_of(many(count))
        analysed = analyse(subject.policy, subject.resolved, prove=True)
        tried[count] = int(analysed.proofs[-1].partition(" ")[0].replace(",", ""))
    assert tried[1000] < 60 * 1000
    assert tried[1000] < 3 * tried[500] < 9 * tried[250]


def test_kinds_of_places_stand_for_all() -> None:
    """A policy that names one element tells apart its element, its resource, the others, and what stands in extensions."""
    space = Space.of(policy_of(rule("review", "a", "@x on Patient.contact")))
    kinds = Counter((each.site.slot, each.site.carrier.is_root, each.site.carrier.in_extension_value) for each in space.classes)
    assert kinds["modifierExtension", True, False] >= 1
    assert kinds["modifierExtension", False, True] >= 1
    assert kinds["implicitRules", True, False] >= 1
    assert len(space.classes) < 12
