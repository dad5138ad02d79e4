"""Tests of caveat.judge.allowed: what its own definition does not allow is refused, whatever a rule says."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from caveat import Guard
from caveat.domain.decision import Ground, Verdict
from caveat.intake.found import Found
from caveat.judge import allowed, check
from caveat.judge.check import judge_bytes, judge_tree
from caveat.spec.definition import Content, ExtensionDefinition, Library
from caveat.spec.release import Release
from strategies.defining import ACCEPTS, BOOLEAN, decided, defined, locked, said_of
from strategies.judging import TODAY, Wire, X, carrying, modifier, only, policy_of, question, report, rule, study, told, waiver

PATIENT = {"resourceType": "Patient", **carrying("m")}
CONTACT = {"resourceType": "Patient", "contact": [carrying("m")]}
QUESTION = {"resourceType": "Questionnaire", "item": [{"item": [carrying("m")]}]}
CANONICAL = {"resourceType": "ActivityDefinition", **carrying("m")}
CODES = {"resourceType": "CodeSystem", **carrying("m")}
OBSERVED = {"resourceType": "Observation", "component": [{"referenceRange": [carrying("m")]}]}
DOSAGE = {"resourceType": "MedicationRequest", "dosageInstruction": [carrying("m")]}
TIMING = {"resourceType": "MedicationRequest", "dosageInstruction": [{"timing": carrying("m")}]}
VALUE = {"resourceType": "Patient", "extension": [{"url": X + "plain", "valueTiming": carrying("m")}]}
CONTAINED = {"resourceType": "ServiceRequest", "contained": [PATIENT]}
ENTRY = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT, **carrying("m")}]}
ANYWHERE = rule("understand", "r", "@m on *.**") + rule("understand", "c", "@m on ServiceRequest")
FAULT, OPEN = "malformed context", "undetermined context-open"

PLACES = {
    "its resource": (["ServiceRequest", "Patient"], PATIENT, "accept"),
    "another resource": (["ServiceRequest"], PATIENT, FAULT),
    "the resource of an element": (["Patient"], CONTACT, FAULT),
    "its element": (["Patient.contact"], CONTACT, "accept"),
    "an element of the resource": (["Patient.contact"], PATIENT, FAULT),
    "a recursive element": (["Questionnaire.item"], QUESTION, "accept"),
    "a recursive element in full": (["Questionnaire.item.item"], QUESTION, "accept"),
    "the element that its content is of": (["Observation.referenceRange"], OBSERVED, "accept"),
    "its own element": (["Observation.component.referenceRange"], OBSERVED, "accept"),
    "its data type": (["Dosage"], DOSAGE, "accept"),
    "the element of a data type": (["MedicationRequest.dosageInstruction"], DOSAGE, "accept"),
    "a part of its data type": (["Dosage.timing"], TIMING, "accept"),
    "the type of a part": (["Timing"], TIMING, "accept"),
    "another data type": (["Dosage"], TIMING, FAULT),
    "the type of an extension's value": (["Timing"], VALUE, "accept"),
    "another type than the value's": (["Dosage"], VALUE, FAULT),
    "anything": (["Any"], PATIENT, "accept"),
    "any element, a resource too": (["Element"], PATIENT, "accept"),
    "any resource": (["Resource"], PATIENT, "accept"),
    "no resource": (["Resource"], CONTACT, FAULT),
    "any domain resource": (["DomainResource"], PATIENT, "accept"),
    "any backbone": (["BackboneElement"], CONTACT, "accept"),
    "a backbone type by inheritance": (["BackboneElement"], DOSAGE, "accept"),
    "no backbone": (["BackboneElement"], PATIENT, FAULT),
    "a canonical resource": (["CanonicalResource"], CANONICAL, "accept"),
    "no canonical resource": (["CanonicalResource"], PATIENT, FAULT),
    "a metadata resource": (["MetadataResource"], CANONICAL, "accept"),
    "canonical, but no metadata resource": (["MetadataResource"], CODES, FAULT),
    "the wildcard of rules is no context": (["*"], PATIENT, FAULT),
    "a slice": (["Patient.contact:x"], CONTACT, OPEN),
    "a slice elsewhere": (["Patient.contact:x"], PATIENT, FAULT),
    "a slice, and the element itself": (["Patient.contact:x", "Patient.contact"], CONTACT, "accept"),
    "a profile's element": ([X + "StructureDefinition/p#Patient.contact"], CONTACT, OPEN),
    "a profile's other element": ([X + "StructureDefinition/p#Patient.contact"], PATIENT, FAULT),
    "a whole profile": ([X + "StructureDefinition/p"], PATIENT, OPEN),
    "a core type by its url": (["http://hl7.org/fhir/StructureDefinition/Patient"], PATIENT, "accept"),
    "a core type by url and version": (["http://hl7.org/fhir/StructureDefinition/Patient|4.0.1"], PATIENT, "accept"),
    "a core element by its url": (["http://hl7.org/fhir/StructureDefinition/Patient#Patient.contact"], CONTACT, "accept"),
    "another core element by its url": (["http://hl7.org/fhir/StructureDefinition/Patient#Patient.link"], CONTACT, FAULT),
    "part of an extension only": (["extension:" + X + "whole"], PATIENT, FAULT),
    "none at all": ([], PATIENT, "accept"),
    "from R5": (["Patient>5.0"], PATIENT, FAULT),
    "from R4": (["Patient>4.0.1"], PATIENT, "accept"),
    "until before R4": (["Patient<3.0"], PATIENT, FAULT),
    "until R4": (["Patient<4"], PATIENT, "accept"),
    "until R5 by its number": (["Patient<5"], PATIENT, "accept"),
    "from a version of no known form": (["Patient>next"], PATIENT, "accept"),
    "for R5 here, for R4 elsewhere": (["Patient>5.0", "ServiceRequest"], PATIENT, FAULT),
    "a contained resource": (["Patient"], CONTAINED, "accept"),
    "the container of a contained resource": (["ServiceRequest"], CONTAINED, FAULT),
    "in a Bundle": (["Patient", "Bundle.entry"], ENTRY, "accept, accept"),
    "in a Bundle, on the entry only": (["Bundle.entry"], ENTRY, f"accept, {FAULT}"),
}


@pytest.mark.parametrize(("places", "tree", "expected"), PLACES.values(), ids=PLACES)
def test_place(places: list[str], tree: dict[str, Any], expected: str) -> None:
    """An extension stands where a context says; a place that cannot be told is refused as undetermined (MX-77, 78, 79)."""
    everywhere = rule("understand", "r", "@m on " + ", ".join(_everywhere(tree)))
    assert said_of(decided(defined(*places), tree, everywhere)) == expected


def _everywhere(tree: dict[str, Any]) -> list[str]:
    return ["*.**", f"{tree['resourceType']}.**", "Patient.**", "Timing", "Dosage"]


RELEASES = {
    "from R4B": (["Patient>4.3"], "reject accept accept"),
    "from 4.1": (["Patient>4.1"], "reject accept accept"),
    "until R4B": (["Patient<4.3"], "accept accept reject"),
    "until a ballot of R5": (["Patient<5.0.0-ballot"], "accept accept accept"),
}


@pytest.mark.parametrize(("places", "verdicts"), RELEASES.values(), ids=RELEASES)
def test_version_specific_use(places: list[str], verdicts: str) -> None:
    """A context counts in the releases that it is for."""
    reports = [report(locked([defined(*places)]), PATIENT, release=release) for release in Release]
    assert " ".join(each.verdict.word for each in reports) == verdicts


SENTENCES = {
    "on": (defined("Task", "Patient.contact"), "misused: its definition allows it on Task, Patient.contact only"),
    "many": (
        defined(*(f"T{n}" for n in range(9))),
        "misused: its definition allows it on T0, T1, T2, T3, T4, T5 and 3 more only",
    ),
    "inside": (defined("extension:http://x/e"), "misused: its definition allows it only inside the extension http://x/e"),
    "no longer": (defined("Patient<3.0"), "misused: its definition allows it nowhere in FHIR R4"),
    "a terminal's control": (defined("Ta\x1bsk"), "misused: its definition allows it on Ta?sk only"),
    "a long word": (defined("T" * 200), f"misused: its definition allows it on {'T' * 120}... only"),
    "a slice": (
        defined("Patient:x"),
        "not verifiable: whether it stands where its definition allows it (Patient:x) cannot be told",
    ),
    "once": (defined("Patient", content=replace(BOOLEAN, maximum=0)), "misused: its definition allows it never on an element"),
}


@pytest.mark.parametrize(("definition", "sentence"), SENTENCES.values(), ids=SENTENCES)
def test_the_sentence_says_what_is_allowed(definition: ExtensionDefinition, sentence: str) -> None:
    """Whoever reads the report learns where the extension may stand, in words that no terminal obeys."""
    (decision,) = decided(definition, PATIENT)
    assert decision.detail == sentence


# how often


def patient(*values: bool) -> dict[str, Any]:
    return {"resourceType": "Patient", "modifierExtension": [modifier("m", valueBoolean=value) for value in values]}


def test_once_on_a_carrier() -> None:
    """Where the definition allows one, two of one url on one carrier are malformed, alike or not; not on two carriers (MX-83)."""
    once = defined("Patient", "Patient.contact")
    assert said_of(decided(once, patient(True, True))) == "malformed cardinality, malformed cardinality"
    assert said_of(decided(once, patient(True, False))) == "malformed cardinality, malformed cardinality"
    assert said_of(decided(once, patient(True) | {"contact": [carrying("m")]})) == "accept, accept"


def test_a_malformed_one_counts_too() -> None:
    """The number is that of all entries with the url, lawful or not."""
    tree = patient(True)
    tree["modifierExtension"].append({"url": X + "m"})
    assert said_of(decided(defined("Patient"), tree)) == "malformed cardinality, malformed no-value"


MAXIMA = {None: "accept, reject", 2: "accept, reject", 1: "malformed cardinality, malformed cardinality"}


@pytest.mark.parametrize(("maximum", "expected"), MAXIMA.items())
def test_contradiction(maximum: int | None, expected: str) -> None:
    """Two values contradict one another unless the definition allows many: then a condition is decided for each by itself."""
    many = defined("Patient", content=replace(BOOLEAN, maximum=maximum))
    body = rule("understand", "r", "@m on Patient when value = true")
    assert said_of(decided(many, patient(True, False), body)) == expected


def test_contradiction_without_a_whole_definition() -> None:
    """What is known by name alone allows nothing: two values leave the condition open."""
    named = defined("Patient", content=Content(), is_whole=False)
    body = rule("understand", "r", "@m on Patient when value = true")
    assert {d.ground for d in decided(named, patient(True, False), body)} == {Ground.UNDETERMINED}


# what is not held


def test_what_is_known_by_name_alone_is_not_held() -> None:
    """Of a definition that is not whole nothing but its kind is known."""
    assert said_of(decided(defined("Task", is_whole=False), PATIENT)) == "accept"


def test_the_context_of_a_cross_version_definition_is_no_fault() -> None:
    """Its contexts may have other names here (MX-134); what it may hold is held all the same."""
    crossing = defined("Task", is_cross_version=True)
    assert said_of(decided(crossing, PATIENT)) == "accept"
    integer = replace(crossing, content=replace(BOOLEAN, types=frozenset({"integer"})))
    assert said_of(decided(integer, PATIENT)) == "malformed value-type"


def test_the_status_is_no_fault() -> None:
    """A draft or retired definition is one (MX-85)."""
    assert said_of(decided(defined("Patient", status="retired"), PATIENT)) == "accept"


def test_implicit_rules_and_faults_are_left_alone() -> None:
    """`implicitRules` has no definition, and what the walk found wrong stays as it was."""
    body = f'understand i: "{X}m" on Patient.implicitRules because "b" assessed 2026-01-01;'
    tree = {"resourceType": "Patient", "implicitRules": X + "m", "modifierExtension": []}
    assert said_of(decided(defined("Task"), tree, body)) == "accept, malformed empty"


def test_nothing_is_loaded_for_what_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The definition of a url is asked for once, and only where the tables list the url; nothing where there is no occurrence."""
    asked: list[str] = []
    monkeypatch.setattr(allowed, "published_definition", lambda url, _: asked.append(url))
    known = {"url": "http://hl7.org/fhir/StructureDefinition/request-doNotPerform", "valueBoolean": True}
    report(locked([defined("Patient")]), study("a", "b", "m"))
    assert asked == []
    report(policy_of(""), study(series=[{"modifierExtension": [known]}] * 3))
    assert asked == [known["url"]]
    monkeypatch.setattr("caveat.judge.check.hold_to_definitions", None)
    assert judge_bytes(question(policy_of("")), json.dumps(study()).encode()).report.verdict is Verdict.CLEAR


# with rules, waivers, scope


def test_no_rule_overrides_the_definition() -> None:
    """What the definition does not allow is malformed under every verb, and in what the application does not read."""
    for body in (ACCEPTS, rule("forbid", "f", "@m on *.**, Patient"), ACCEPTS + "reads Patient { name }", "reads Patient {}"):
        (decision,) = decided(defined("Task"), PATIENT, body)
        assert (decision.verdict, decision.ground, decision.rule, decision.final) == (
            Verdict.REJECT,
            Ground.MALFORMED,
            None,
            False,
        )


def test_no_waiver_softens_what_cannot_be_told() -> None:
    """A waiver of the unknown, of the rule, or of any other kind does not speak of an open fault; nor does scope."""
    waivers = "".join(
        waiver(name, f"{kind} on *.**, Patient as warn")
        for name, kind in {
            "u": "unknown for @m",
            "w": "wrong-slot for @m",
            "r2": "r for @m",
            "e": "empty",
            "i": "incomplete",
        }.items()
    )
    for body in (ACCEPTS + waivers, ACCEPTS + "reads Patient {}"):
        assert said_of(decided(defined("Patient:x"), PATIENT, body)) == OPEN


@pytest.mark.parametrize("places", [["Task"], ["Patient.contact:x"]], ids=["told", "open"])
def test_an_exclusion_does_not_swallow_it(places: list[str]) -> None:
    """A fault counts below an element that is left out, and so does one that cannot be told."""
    body = ACCEPTS + rule("exclude", "x", "@out on Patient.contact")
    result = report(locked([defined(*places)], body), {"resourceType": "Patient", "contact": [carrying("out", "m")]})
    assert result.verdict is Verdict.REJECT
    assert Verdict.EXCLUDE in {decision.verdict for decision in result.decisions}


def test_an_undetermined_condition_is_swallowed_as_before() -> None:
    """Only a fault stands: what a rule's condition leaves open on an excluded element no longer counts."""
    body = rule("understand", "r", "@m on Patient.contact when value = true") + rule("exclude", "x", "@out on Patient.contact")
    tree = {
        "resourceType": "Patient",
        "contact": [{**carrying("out"), "modifierExtension": [modifier("out"), modifier("m", valueString="s")]}],
    }
    assert report(policy_of(body), tree).verdict is Verdict.EXCLUDE


# the wrong slot, by the lock


def test_the_lock_says_what_is_a_modifier() -> None:
    """A plain extension of the lock is wrong in modifierExtension, a modifier of it in extension, whatever rules say."""
    body = rule("understand", "r", "@m, @p on Patient") + rule("warn", "w", f'"{X}fhir/**" on Patient')
    plain = replace(defined("Patient", url=X + "p"), is_modifier=False)
    policy = locked([defined("Patient"), plain], body)
    tree = {"resourceType": "Patient", "extension": [modifier("m"), modifier("p")], **carrying("m", "p")}
    assert told(report(policy, tree)) == {
        "Patient.modifierExtension[0]": "accept rule",
        "Patient.modifierExtension[1]": "reject wrong-slot",
        "Patient.extension[0]": "reject wrong-slot",
    }


def test_a_modifier_of_the_lock_alone_is_found_in_plain_extension() -> None:
    """Nothing but the lock names it: no rule, no table, and a pattern makes none."""
    policy = locked([defined("Patient")], rule("review", "w", f'"{X}**" on Patient'))
    tree = {"resourceType": "Patient", "extension": [modifier("m")]}
    assert judge_bytes(question(policy), json.dumps(tree).encode()).report.verdict is Verdict.REJECT
    assert judge_bytes(question(replace(policy, library=Library())), json.dumps(tree).encode()).report.verdict is Verdict.CLEAR


# invariants and FHIRPath, as far as this module is concerned

INVARIANTS = {
    "holds": ("%resource.active.empty()", "accept"),
    "fails": ("%resource.active.exists()", "malformed invariant"),
    "is no boolean": ("%resource.name", "undetermined invariant-open"),
    "is not FHIRPath": ("((", "undetermined invariant-open"),
}


@pytest.mark.parametrize(("expression", "expected"), INVARIANTS.values(), ids=INVARIANTS)
def test_invariant(expression: str, expected: str) -> None:
    """A context invariant must be true: where it is false the extension is misused, without an answer nobody can tell (MX-81)."""
    assert said_of(decided(defined("Patient", invariants=(expression,)), PATIENT)) == expected


def test_what_is_wrong_comes_before_what_is_open() -> None:
    """Of several faults the one that is certain is told."""
    both = defined("Patient:x", invariants=("false",))
    assert said_of(decided(both, PATIENT)) == "malformed invariant"
    later = defined("Patient:x", invariants=("((", "true"))
    assert said_of(decided(later, PATIENT)) == OPEN


FHIRPATHS = {
    "selects it": (["fhirpath:Patient.contact"], CONTACT, "accept"),
    "selects something else": (["fhirpath:Patient.link"], CONTACT, FAULT),
    "has no answer": (["fhirpath:Patient.repeat(contact)"], CONTACT, OPEN),
    "selects it, an element does not": (["Patient", "fhirpath:Patient.contact"], CONTACT, "accept"),
    "is not asked where an element decides": (["fhirpath:((", "Patient.contact"], CONTACT, "accept"),
    "has no answer, an element neither": (["Patient.contact:x", "fhirpath:Patient.link"], CONTACT, OPEN),
    "in a Bundle": (
        ["fhirpath:Patient"],
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}]},
        "accept",
    ),
    "in a data type": (["fhirpath:MedicationRequest.dosageInstruction.timing"], TIMING, "accept"),
    "in an extension's value": (["fhirpath:Patient.extension.value"], VALUE, "accept"),
    "in a contained resource": (["fhirpath:Patient"], CONTAINED, "accept"),
}


@pytest.mark.parametrize(("places", "tree", "expected"), FHIRPATHS.values(), ids=FHIRPATHS)
def test_fhirpath_context(places: list[str], tree: dict[str, Any], expected: str) -> None:
    """The carrier must be among what the expression selects from the root of its own resource (MX-80)."""
    body = rule("understand", "r", "@m on " + ", ".join(_everywhere(tree)))
    assert said_of(decided(defined(*places), tree, body)) == expected


def test_an_element_alone_shows_no_resource() -> None:
    """What asks for the resource has no answer for an element alone, or in a GraphQL answer; what asks for its path has."""
    alone = {"at": "Patient.contact", "body": ACCEPTS}
    asked = defined("fhirpath:Patient.contact")
    assert said_of(decided(asked, carrying("m"), **alone)) == OPEN
    assert said_of(decided(defined("Patient.contact"), carrying("m"), **alone)) == "accept"
    assert said_of(decided(defined("Patient"), carrying("m"), **alone)) == FAULT
    graphql = {"resourceType": "Patient", "contact": [carrying("m")], "modifierExtension": []}
    assert said_of(decided(asked, graphql, wire=Wire.GRAPHQL)) == OPEN
    assert said_of(decided(defined("Patient.contact"), graphql, wire=Wire.GRAPHQL)) == "accept"
    assert said_of(decided(asked, CONTACT, at="Patient")) == "accept"


# HL7's own

BASE = "http://hl7.org/fhir/StructureDefinition/"
PUBLISHED = {
    "request-doNotPerform on its resource": ("request-doNotPerform", {"valueBoolean": True}, "NutritionOrder", "unknown"),
    "request-doNotPerform elsewhere": ("request-doNotPerform", {"valueBoolean": True}, "ServiceRequest", "malformed"),
    "request-doNotPerform as text": ("request-doNotPerform", {"valueString": "true"}, "NutritionOrder", "malformed"),
    "artifact-status": ("artifact-status", {"valueCode": "draft"}, "Group", "unknown"),
    "artifact-status from R4B": ("artifact-status", {"valueCode": "draft"}, "SubscriptionTopic", "malformed"),
    "perform-condition": ("perform-condition", {"valueExpression": {"language": "x"}}, "ServiceRequest", "unknown"),
    "contactpoint-multiple-use": ("contactpoint-multiple-use", {"valueCode": "x"}, "Patient", "malformed"),
}


@pytest.mark.parametrize(("name", "value", "kind", "ground"), PUBLISHED.values(), ids=PUBLISHED)
def test_what_hl7_publishes(name: str, value: dict[str, Any], kind: str, ground: str) -> None:
    """The built-in definitions are held against without any lock; what they allow is decided by the rules as before."""
    tree = {"resourceType": kind, "modifierExtension": [{"url": BASE + name, **value}]}
    if kind == "SubscriptionTopic":
        assert only(policy_of(""), tree, release=Release.R4B).ground == "unknown"
        tree["resourceType"] = "ResearchStudy"
        assert only(policy_of(""), tree, release=Release.R5).ground == ground
        return
    assert only(policy_of(""), tree).ground == ground
    assert only(policy_of(""), tree, today=TODAY).verdict is Verdict.REJECT


def test_do_not_perform_forbids_a_condition_to_perform() -> None:
    """The published invariant of perform-condition is evaluated: it is for what is to be done."""
    wanted = {
        "resourceType": "ServiceRequest",
        "modifierExtension": [{"url": BASE + "perform-condition", "valueExpression": {"language": "x"}}],
    }
    assert only(policy_of(""), wanted | {"doNotPerform": False}).ground == "unknown"
    assert only(policy_of(""), wanted | {"doNotPerform": True}).ground == "malformed"


def test_an_error_inside_is_undetermined(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of Caveat's own in holding an extension to its definition refuses it."""

    def broken(*_: object) -> None:
        raise KeyError("x")

    monkeypatch.setattr(allowed, "content_faults", broken)
    assert said_of(decided(defined("Patient"), PATIENT)) == "undetermined definition-open"


def test_what_a_patch_spells_is_not_held_to_a_place() -> None:
    """It says of an operation's own element nothing: where the extension will stand, its definition allows it."""
    url = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
    value = {"name": "value", "valueExtension": {"url": url, "valueBoolean": True}}
    parts = [{"name": "path", "valueString": "NutritionOrder"}, {"name": "name", "valueString": "modifierExtension"}, value]
    tree = {"resourceType": "Parameters", "parameter": [{"name": "operation", "part": parts}]}
    assert [str(each.ground) for each in Guard.default().check(tree).decisions] == ["unknown"]
    tree["parameter"].append({"name": "p", "modifierExtension": [value["valueExtension"]]})
    assert [each.detail is None for each in Guard.default().check(tree).decisions] == [True, False]  # the other one is held


def test_what_no_definition_is_looked_for_would_be_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Documents are held to definitions only where the walk met a modifier that has one: the report is that of all being held."""
    asked: list[bool] = []
    found_in = check._found

    def always(*args: Any) -> Any:
        found = found_in(*args)
        if isinstance(found, Found) and found is not check._NOTHING:
            asked.append(found.has_defined)
            found.has_defined = True
        return found

    url = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
    birth_place = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
    for body in (ACCEPTS, ACCEPTS + rule("understand", "o", f'"{url}" on *.**')):
        policy = locked([defined("Task")], body)
        for tree in (
            PATIENT,
            study("n", implicitRules=url),
            {"resourceType": "Patient", "modifierExtension": {"url": url}, "extension": [{"url": url, "valueBoolean": True}]},
            {"resourceType": "Patient", "modifierExtension": [{"url": birth_place, "valueAddress": {"text": "x"}}, {"url": url}]},
            {"resourceType": "Patient", "name": [{"family": "a", "modifierExtension": [{"url": url, "valueBoolean": True}]}]},
            {"resourceType": "ServiceRequest", "contained": [study("n", series=[carrying("o", "m")])]},
            {"resourceType": "Parameters", "parameter": [{"name": "p", "resource": CONTACT}]},
            study(series=[carrying("n", "n", "o")]),
        ):
            raw = json.dumps(tree).encode()
            asking = question(policy)
            alone = judge_bytes(asking, raw).report, judge_tree(asking, tree).report
            with monkeypatch.context() as patch:
                patch.setattr(check, "_found", always)
                assert (judge_bytes(asking, raw).report, judge_tree(asking, tree).report) == alone
    assert {*asked} == {True, False}
