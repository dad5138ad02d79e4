"""Every shipped pack loads, is clean and canonical, passes its tests, and shows of each rule where it decides and where not."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from caveat import AuditLog, Guard
from caveat.domain.decision import Verdict
from caveat.formats.diagnostic import render
from caveat.intake.json_reader import read_json
from caveat.intake.limits import Limits
from caveat.lang import syntax
from caveat.lang.lint import lint
from caveat.lang.parser import parse
from caveat.lang.printer import print_file
from caveat.packs.cases import Outcome, run_tests
from caveat.packs.coverage import coverage
from caveat.packs.policies import LoadedPolicy, load_policy, shipped_packs
from caveat.spec.known import published_kind
from caveat.spec.release import Release
from caveat.spec.shape import tables

ROOT = Path(__file__).resolve().parents[3]
RULES = ROOT / "rules"
PACKS = ("hl7", "imaging", "omop-etl")
TODAY = date(2026, 11, 24)
YEAR = [TODAY + timedelta(days=days) for days in range(0, 366, 5)]
CATEGORIES = {
    "negation",
    "do-not-use",
    "repurposing",
    "participant-exclusion",
    "reliability",
    "conditional-status",
    "privacy",
}
GUIDE = {  # the registry of HL7's FHIR-to-OMOP guide: url, disposition
    "http://example.org/fhir/StructureDefinition/anti-prescription": "EXCLUDE",
    "http://example.org/fhir/StructureDefinition/condition-family-history": "RECLASSIFY",
    "http://hl7.org/fhir/StructureDefinition/patient-doNotContact": "PARTIAL_EXCLUDE",
    "http://example.org/fhir/StructureDefinition/unreliable-measurement": "QUARANTINE_ELEMENT",
    "http://example.org/fhir/StructureDefinition/performer-not-involved": "EXCLUDE_ELEMENT",
    "http://smarthealth.cards/fhir/StructureDefinition/condition-negated": "EXCLUDE",
}
VERDICTS = {
    "EXCLUDE": Verdict.REJECT,
    "RECLASSIFY": Verdict.REVIEW,
    "PARTIAL_EXCLUDE": Verdict.EXCLUDE,
    "EXCLUDE_ELEMENT": Verdict.EXCLUDE,
    "QUARANTINE_ELEMENT": Verdict.EXCLUDE,
    "QUARANTINE_RESOURCE": Verdict.REVIEW,
}


def failures(outcomes: list[Outcome]) -> list[str]:
    """Return what went wrong, a line each."""
    return [f"{each.file}:{each.line} {each.name}: {each.expected}, got {each.got}" for each in outcomes if not each.passed]


def opened(pack: str) -> tuple[LoadedPolicy, list[Outcome]]:
    """Return a pack with the outcomes of its tests."""
    loaded = load_policy(RULES / pack)
    return loaded, run_tests(loaded, TODAY)


def test_packs() -> None:
    """The packs here are the packs there are."""
    assert tuple(sorted(shipped_packs())) == PACKS


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_is_clean(pack: str) -> None:
    """A pack loads without a finding, and the checker has none in the coming year."""
    loaded = load_policy(RULES / pack)
    assert loaded.policy is not None
    assert loaded.policy.name == pack
    assert loaded.policy.releases == ("R4", "R4B", "R5")
    found = {finding for day in YEAR for finding in (*loaded.diagnostics, *lint(loaded.resolved, day))}
    assert [render(finding, loaded.texts) for finding in found] == []


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_is_written_as_the_formatter_writes(pack: str) -> None:
    """Every rule and test file is in canonical form."""
    for path in sorted((RULES / pack).rglob("*.caveat")):
        text = path.read_text(encoding="utf-8")
        assert print_file(parse(text, path.name).file) == text, path.name


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_passes_its_tests(pack: str) -> None:
    """Every test of a pack passes, today and in a year."""
    loaded, outcomes = opened(pack)
    assert outcomes
    assert failures(outcomes) == []
    assert failures(run_tests(loaded, YEAR[-1])) == []


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("pack", ["imaging", "omop-etl"])
def test_a_pack_means_the_same_in_each_release(pack: str, release: Release) -> None:
    """The tests of what exists in all releases pass in each."""
    assert failures(run_tests(load_policy(RULES / pack), TODAY, release)) == []


@pytest.mark.parametrize("pack", PACKS)
def test_every_rule_decides_and_nearly_does(pack: str) -> None:
    """Of each rule a test shows that it decides, and another where one part alone keeps it from deciding."""
    loaded, outcomes = opened(pack)
    assert loaded.policy is not None
    counts = coverage(loaded.policy, outcomes)
    assert counts
    assert [each for each in counts if each.decided == 0 or each.nearly == 0] == []


@pytest.mark.parametrize("pack", PACKS)
def test_every_rule_is_expected_by_name(pack: str) -> None:
    """Each rule, imported ones too, stands in an expectation that is met."""
    loaded, _ = opened(pack)
    assert loaded.policy is not None
    expected = {rule for test in loaded.resolved.tests for _, rule in test.expects}
    assert {rule.name for rule in loaded.policy.rules} - expected == set()


@pytest.mark.parametrize("pack", PACKS)
def test_fixtures_are_used_and_strict(pack: str) -> None:
    """Every fixture is strict JSON and belongs to a test."""
    loaded, _ = opened(pack)
    statements = [statement for test in loaded.resolved.tests for statement in test.test.statements]
    used = {statement.path.value for statement in statements if isinstance(statement, syntax.GivenResource)}
    there = {path.relative_to(RULES / pack).as_posix(): path for path in (RULES / pack / "fixtures").iterdir()}
    assert set(there) == used
    assert all(isinstance(read_json(path.read_bytes(), Limits()), dict) for path in there.values())


@pytest.mark.parametrize("pack", PACKS)
def test_no_dates_that_run_out(pack: str) -> None:
    """No rule ends, nothing is waived, and no assessment lapses: a shipped pack does not spoil on the shelf."""
    loaded, _ = opened(pack)
    assert loaded.policy is not None
    assert (loaded.resolved.reassess, loaded.policy.waivers, loaded.resolved.deprecations) == (None, (), ())
    assert [rule.name for rule in loaded.policy.rules if rule.period.since or rule.period.until] == []
    assert [rule.name for rule in loaded.policy.rules if rule.assessed and rule.assessed > TODAY] == []


# what each pack promises


def test_imaging_is_parametrised_by_one_file(tmp_path: Path) -> None:
    """Who replaces the urls of site.caveat, there and nowhere else, has a pack whose planted tests pass for them."""
    for path in (RULES / "imaging").glob("*.caveat"):
        text = path.read_text(encoding="utf-8")
        if path.name == "site.caveat":
            text = text.replace("fhir.example.org/StructureDefinition", "pacs.example.com/fhir")
        (tmp_path / path.name).write_text(text, encoding="utf-8")
    loaded = load_policy(tmp_path / "imaging.caveat")
    planted = [each for each in run_tests(loaded, TODAY) if "fixture" not in each.got]
    assert len(planted) > 30
    assert failures(planted) == []
    assert loaded.policy is not None
    assert all(url.startswith("https://pacs.example.com/fhir/") for url in loaded.policy.by_url)


def test_imaging_reads_are_the_sites_business() -> None:
    """The pack declares nothing read, so that every modifier in a study is in scope until a site says otherwise."""
    loaded, _ = opened("imaging")
    assert loaded.resolved.reads == ()
    assert loaded.policy is not None
    assert (loaded.policy.default, loaded.policy.path_defaults) == (Verdict.REJECT, ())


def test_imaging_leaves_out_what_is_rejected() -> None:
    """The reduced form of the fixture keeps the one instance that nobody rejected."""
    guard = Guard.from_files(RULES / "imaging")
    report = guard.check(RULES / "imaging" / "fixtures" / "rejected-instances.json", release="R4", today=TODAY)
    assert (report.may_process, report.may_process_reduced) == (False, True)
    kept = report.reduced()
    assert [[instance["uid"] for instance in series["instance"]] for series in kept["series"]] == [["2.25.11"]]


def test_omop_covers_the_guide() -> None:
    """Each url of the guide's registry has a rule whose reason opens with the guide's disposition, and its verdict (MX-41)."""
    loaded, _ = opened("omop-etl")
    assert loaded.policy is not None
    for url, disposition in GUIDE.items():
        rules = [rule for rule in loaded.policy.by_url[url] if (rule.because or "").startswith(f"{disposition}:")]
        assert [rule.verdict for rule in rules] == [VERDICTS[disposition]], url
    for rule in loaded.policy.rules:
        disposition, _, _ = (rule.because or "").partition(":")
        assert VERDICTS[disposition] is rule.verdict, rule.name
    assert {rule.kind for rule in loaded.policy.rules} == CATEGORIES
    assert loaded.policy.default is VERDICTS["QUARANTINE_RESOURCE"]


@pytest.mark.parametrize(
    ("fixture", "verdict"),
    [
        ("anti-prescription", Verdict.REJECT),
        ("family-history", Verdict.REVIEW),
        ("do-not-contact", Verdict.EXCLUDE),
        ("unreliable-component", Verdict.EXCLUDE),
        ("performer-not-involved", Verdict.EXCLUDE),
        ("nlp-negated-condition", Verdict.REJECT),
    ],
)
def test_the_worked_cases_of_the_guide(fixture: str, verdict: Verdict) -> None:
    """Each of the guide's six cases comes out as the guide says, with no unknown modifier left."""
    report = Guard.from_files(RULES / "omop-etl").check(
        RULES / "omop-etl" / "fixtures" / f"{fixture}.json", release="R4", today=TODAY
    )
    assert report.verdict is verdict
    assert {decision.ground for decision in report.decisions} == {"rule"}


def test_the_unknown_costs_the_resource_or_the_element(tmp_path: Path) -> None:
    """On the root it holds the resource, on a component that component; both wait for a person, the rest may be used (MX-40)."""
    unknown = {"modifierExtension": [{"url": "https://example.org/unheard-of", "valueBoolean": True}]}
    parts = [{"code": {"text": "a"}, "valueString": "b"}, {"code": {"text": "c"}, "valueString": "d", **unknown}]
    plain = {"resourceType": "Observation", "status": "final", "code": {"text": "e"}}
    with AuditLog(tmp_path / "audit.db") as log:
        guard = Guard(Guard.from_files(RULES / "omop-etl").policy, audit=log)
        root = guard.check(json.dumps({**plain, **unknown}).encode(), release="R4", today=TODAY)
        element = guard.check(json.dumps({**plain, "component": parts}).encode(), release="R4", today=TODAY)
        waiting = [(each.record.verdict, each.status, [row.modifier_extension_url for row in each.rows()]) for each in log.held()]
    assert (root.verdict, root.may_process_reduced) == (Verdict.REVIEW, False)
    assert (element.verdict, element.reduced()["component"]) == (Verdict.EXCLUDE, parts[:1])
    assert waiting == [(word, "pending", ["https://example.org/unheard-of"]) for word in ("review", "exclude")]


def test_hl7_names_are_modifiers_in_order() -> None:
    """Every name stands for a url that the tables know as a modifier in each release, in alphabetical order within its group."""
    text = (RULES / "hl7" / "names.caveat").read_text(encoding="utf-8")
    file = parse(text, "names.caveat").file
    assert all(isinstance(item, syntax.ExtensionName) for item in file.items)
    named = [(item.name.text, item.url.value) for item in file.items if isinstance(item, syntax.ExtensionName)]
    assert len(named) == 6 + 29
    assert [url for _, url in named if not all(published_kind(url, release) for release in Release)] == []
    for group in (named[:6], named[6:14], named[14:]):
        assert [name for name, _ in group] == sorted(name for name, _ in group)


def test_hl7_rules_speak_of_every_name() -> None:
    """Every name but the one that may stand nowhere has a rule in the pack's own policy."""
    loaded, _ = opened("hl7")
    assert loaded.policy is not None
    names = {url for name, url in loaded.resolved.extensions.items() if name.startswith("names.")}
    assert names - set(loaded.policy.by_url) == {"http://hl7.org/fhir/StructureDefinition/contactpoint-multiple-use"}


def test_hl7_names_can_be_imported(tmp_path: Path) -> None:
    """Names bring no rules: who imports them alone decides alone, and without a finding about what is not used."""
    (tmp_path / "names.caveat").write_bytes((RULES / "hl7" / "names.caveat").read_bytes())
    (tmp_path / "own.caveat").write_text(
        'caveat 1; policy "own" version "1" { owner "o"; } import "names.caveat" as hl7;'
        'reject r: hl7.request-do-not-perform on NutritionOrder as boolean when value = true because "b";'
        'test "t" { modifier hl7.request-do-not-perform on NutritionOrder = true; expect reject by r; }',
        encoding="utf-8",
    )
    loaded = load_policy(tmp_path / "own.caveat")
    assert loaded.policy is not None
    assert [rule.name for rule in loaded.policy.rules] == ["r"]
    assert (*loaded.diagnostics, *lint(loaded.resolved, TODAY)) == ()
    assert failures(run_tests(loaded, TODAY)) == []


def test_fixtures_name_resources() -> None:
    """Every fixture is a resource of a type that R4 has."""
    kinds = {json.loads(path.read_bytes())["resourceType"] for path in RULES.rglob("*.json")}
    assert kinds <= tables(Release.R4).resource_types
