"""Tests of what is built in of published definitions, by `published_definition`."""

from __future__ import annotations

import subprocess
import sys

import pytest

from caveat.domain.errors import CaveatError
from caveat.spec import Release, published, published_definition, published_extensions, published_kind, published_modifiers
from caveat.spec.cross_version import cross_version_definition, is_cross_version
from caveat.spec.definition import Content, Context, ContextKind

HL7 = "http://hl7.org/fhir/StructureDefinition/"
XVER = "http://hl7.org/fhir/{}/StructureDefinition/extension-{}"
SIX = {
    "request-doNotPerform": ({"NutritionOrder", "Task"}, {"boolean"}, "active", 1),
    "capabilitystatement-prohibited": (
        {
            "CapabilityStatement.rest.resource.interaction",
            "CapabilityStatement.rest.resource.searchParam",
            "CapabilityStatement.rest.searchParam",
            "CapabilityStatement.rest.operation",
            "CapabilityStatement.document",
            "CapabilityStatement.rest.interaction",
        },
        {"boolean"},
        "active",
        1,
    ),
    "artifact-status": (
        set(
            "ArtifactAssessment ClinicalUseDefinition Composition ConditionDefinition DeviceDefinition Group Medication "  # noqa: SIM905  a list of fourteen names
            "MedicationKnowledge ObservationDefinition ResearchStudy SpecimenDefinition Substance SubstanceDefinition "
            "SubscriptionTopic".split()
        ),
        {"code"},
        "active",
        1,
    ),
    "consent-provision-limit": ({"Consent.provision"}, set[str](), "active", None),
    "perform-condition": ({"ServiceRequest"}, {"Expression"}, "draft", 1),
    "contactpoint-multiple-use": ({"ContactPoint"}, {"code"}, "active", None),
}
"""The table of fhir-rules H1: contexts, value types, status, maximum."""

ON_BASIC = """ActorDefinition.status AdministrableProductDefinition.status Citation.status DeviceDispense.status
    EvidenceReport.status FormularyItem.status GenomicStudy.status ImagingSelection.status Ingredient.status
    InventoryReport.status ManufacturedItemDefinition.status NutritionIntake.status NutritionProduct.status
    PackagedProductDefinition.status Requirements.status TestPlan.status Transport.status InventoryReport.countType
    Permission.combining Permission.rule SubscriptionStatus.type"""
ON_OTHERS = """AdverseEvent.status CommunicationRequest.intent ConceptMap.group.unmapped.relationship Consent.decision
    DeviceRequest.doNotPerform MeasureReport.dataUpdateType MeasureReport.scoring MedicinalProductDefinition.status"""


@pytest.mark.parametrize("release", Release)
def test_a_definition_says_what_the_tables_say(release: Release) -> None:
    """Every listed extension has one, and it modifies exactly when `published_kind` says so."""
    kinds = {url: published_definition(url, release) for url in published_extensions(release)}
    assert len(kinds) == {Release.R4: 868, Release.R4B: 869, Release.R5: 860}[release]
    assert [url for url, known in kinds.items() if known is None or known.url != url] == []
    assert [url for url, known in kinds.items() if known and known.is_modifier is not published_kind(url, release)] == []
    assert {url for url, known in kinds.items() if known and known.is_modifier} == published_modifiers(release)


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("name", SIX)
def test_the_six_of_the_pack(name: str, release: Release) -> None:
    """The modifiers of core and pack are known in full, as the catalogue lists them (H1)."""
    contexts, types, status, maximum = SIX[name]
    known = published_definition(HL7 + name, release)
    assert known is not None
    assert {context.expression for context in known.contexts} == contexts
    assert (known.content.types, known.status, known.content.maximum) == (types, status, maximum)
    assert (known.is_modifier, known.is_whole, known.reason is not None) == (True, True, True)


def test_parts_invariants_and_versions_of_the_six() -> None:
    """What the six have beyond the table is there too."""
    limit, condition, status = (
        published_definition(HL7 + name, Release.R4)
        for name in ("consent-provision-limit", "perform-condition", "artifact-status")
    )
    assert limit is not None
    assert condition is not None
    assert status is not None
    assert limit.content.parts.keys() == {"control", "tag", "element", "path"}
    assert limit.content.parts["path"] == Content(frozenset({"string"}), may_have_parts=False)
    assert condition.invariants == (
        "(%resource is ServiceRequest) implies (%resource.doNotPerform.empty() or %resource.doNotPerform = false)",
    )
    assert Context(ContextKind.ELEMENT, "ResearchStudy", None, "4.3") in status.contexts
    assert Context(ContextKind.ELEMENT, "SubscriptionTopic", "4.3") in status.contexts


@pytest.mark.parametrize("release", Release)
def test_the_twenty_nine(release: Release) -> None:
    """What hl7.fhir.uv.xver-r5.r4 publishes is known in full, 21 of them on Basic (H2)."""
    paths = [*ON_BASIC.split(), *ON_OTHERS.split()]
    known = {path: published_definition(XVER.format("5.0", path), release) for path in paths}
    assert len(known) == 29
    assert all(each and each.is_modifier and each.is_whole and each.is_cross_version for each in known.values())
    on_basic = {path for path, each in known.items() if each and [c.expression for c in each.contexts] == ["Basic"]}
    assert on_basic == set(ON_BASIC.split())
    rule = known["Permission.rule"]
    assert rule is not None
    assert rule.content.parts["data"].parts["resource"].parts["meaning"].needs_value


@pytest.mark.parametrize("release", Release)
def test_only_what_hl7_publishes_is_whole(release: Release) -> None:
    """Beside the 6 and the 29, modifiers are known by their words; so are all plain ones."""
    known = [published_definition(url, release) for url in published_extensions(release)]
    assert sum(each.is_whole for each in known if each) == 35


def test_a_plain_extension_in_brief() -> None:
    """It has title, status, publisher, contexts and value types."""
    known = published_definition(HL7 + "patient-birthPlace", Release.R4)
    assert known is not None
    assert (known.is_modifier, known.is_whole, known.status, known.title) == (False, False, "active", "Patient Birth Place")
    assert known.publisher == "HL7 International / Patient Administration"
    assert [context.expression for context in known.contexts] == ["Patient"]
    assert known.content.types == {"Address"}


def test_a_cross_version_url_that_is_not_listed() -> None:
    """It is computed from its element: types, flag, maximum, and the parent as its place; spelt as it was asked for."""
    url = XVER.format("4.0", "Patient.deceased%5Bx%5D")
    known = published_definition(url, Release.R5)
    assert known is not None
    assert (known.url, known.is_modifier, known.is_whole, known.is_cross_version) == (url, True, False, True)
    assert known.content == Content(frozenset({"boolean", "dateTime"}), maximum=1)
    assert known.contexts == (Context(ContextKind.ELEMENT, "Patient"),)


@pytest.mark.parametrize("path", ["Questionnaire.item", "Questionnaire.item.item", "Patient.contained"])
def test_a_cross_version_url_of_an_element_with_children(path: str) -> None:
    """A nested element, a reference to one, and a resource have no value: they become parts."""
    known = published_definition(XVER.format("4.0", path), Release.R5)
    assert known is not None
    assert (known.content.types, known.content.may_have_parts, known.content.maximum) == (frozenset(), True, None)


def test_the_older_releases_are_known_as_far_as_listed() -> None:
    """Modifiers of STU3 and DSTU2 have a definition, their plain elements have none."""
    known = published_definition(XVER.format("3.0", "Immunization.notGiven"), Release.R4)
    assert known is not None
    assert (known.is_modifier, known.content.types) == (True, {"boolean"})
    assert published_definition(XVER.format("3.0", "Patient.birthDate"), Release.R4) is None


@pytest.mark.parametrize("url", ["", HL7, HL7 + "request-doNotPerform|5.0.0", "https://example.org/x", XVER.format("4.0", "A.b")])
def test_an_unknown_url(url: str) -> None:
    """Nothing is known of a url that is not exactly a published one."""
    assert published_definition(url, Release.R4) is None


def test_no_element_gives_no_definition() -> None:
    """A url of that form that stands for nothing is asked for in vain."""
    assert cross_version_definition(XVER.format("4.0", "Patient.nothing")) is None


def test_a_url_of_another_form_is_no_cross_version_one() -> None:
    """The form alone decides, whatever there is behind it."""
    assert is_cross_version(XVER.format("9.9", "Nothing.here"))
    assert not is_cross_version(HL7 + "extension-Patient.active")


def test_the_files_are_not_read_before_they_are_needed() -> None:
    """Neither the library nor a check of a document with an unknown modifier decodes a definition."""
    program = """
import sys
from caveat import Guard
Guard.default().check(b'{"resourceType":"Patient","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/patient-birthPlace",'
                      b'"valueString":"x"}],"modifierExtension":[{"url":"https://x.example/a","valueBoolean":true}]}')
print("caveat.spec.published" in sys.modules)
"""
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert said.stdout.split() == ["False"]


def test_an_installation_without_the_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where they cannot be read, that is said; nobody is told that nothing is known."""
    published._file.cache_clear()
    monkeypatch.setattr("pkgutil.get_data", lambda *_: None)
    with pytest.raises(CaveatError, match="definitions cannot be read"):
        published_definition(HL7 + "request-doNotPerform", Release.R4)
    published._file.cache_clear()
