"""Tests of caveat.spec.known."""

from __future__ import annotations

import pytest

from caveat.spec import Release, published_extensions, published_kind, published_modifiers

HL7 = "http://hl7.org/fhir/StructureDefinition/"
XVER = "http://hl7.org/fhir/{}/StructureDefinition/extension-{}"
PACK_MODIFIERS = [
    "request-doNotPerform",
    "capabilitystatement-prohibited",
    "artifact-status",
    "consent-provision-limit",
    "perform-condition",
    "contactpoint-multiple-use",
]
ON_THEIR_TYPE = """AdverseEvent.status CommunicationRequest.intent ConceptMap.group.unmapped.relationship Consent.decision
    DeviceRequest.doNotPerform MeasureReport.dataUpdateType MeasureReport.scoring MedicinalProductDefinition.status"""
ON_BASIC = """ActorDefinition.status AdministrableProductDefinition.status Citation.status DeviceDispense.status
    EvidenceReport.status FormularyItem.status GenomicStudy.status ImagingSelection.status Ingredient.status
    InventoryReport.status ManufacturedItemDefinition.status NutritionIntake.status NutritionProduct.status
    PackagedProductDefinition.status Requirements.status TestPlan.status Transport.status InventoryReport.countType
    Permission.combining Permission.rule SubscriptionStatus.type"""
CROSS_VERSION_MODIFIERS = [*ON_THEIR_TYPE.split(), *ON_BASIC.split()]


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("name", PACK_MODIFIERS)
def test_the_six_modifiers_of_the_extensions_pack_are_known(name: str, release: Release) -> None:
    """The pack applies to every release, contactpoint-multiple-use included though nothing can carry it (MX-110)."""
    assert published_kind(HL7 + name, release) is True


@pytest.mark.parametrize("release", Release)
def test_the_twenty_nine_cross_version_modifiers_are_known(release: Release) -> None:
    """Every modifier that hl7.fhir.uv.xver-r5.r4 publishes is known as one (MX-132)."""
    assert len(CROSS_VERSION_MODIFIERS) == 29
    unknown = [p for p in CROSS_VERSION_MODIFIERS if published_kind(XVER.format("5.0", p), release) is not True]
    assert unknown == []


@pytest.mark.parametrize("release", Release)
def test_a_plain_published_extension_is_known_as_plain(release: Release) -> None:
    """data-absent-reason is listed, and not as a modifier."""
    assert published_kind(HL7 + "data-absent-reason", release) is False
    assert HL7 + "data-absent-reason" in published_extensions(release)
    assert HL7 + "data-absent-reason" not in published_modifiers(release)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://example.org/fhir/StructureDefinition/not-published",
        HL7 + "Data-absent-reason",
        HL7 + "data-absent-reason ",
        HL7 + "data-absent-reason|4.0.1",
        HL7 + "request-donotperform",
        HL7.replace("http:", "https:") + "request-doNotPerform",
        HL7,
    ],
)
def test_another_url_is_not_known(url: str) -> None:
    """Urls are compared exactly: case, scheme, space and version count."""
    assert published_kind(url, Release.R4) is None


@pytest.mark.parametrize(
    ("version", "path", "kind"),
    [
        ("4.0", "ImagingStudy.status", True),
        ("4.0", "ImagingStudy.series.uid", False),
        ("4.0", "Patient.deceased[x]", True),
        ("4.0", "Patient.deceased%5Bx%5D", True),
        ("4.0", "Observation.value[x]", False),
        ("4.0", "Patient.multipleBirth%5Bx%5D", False),
        ("4.0", "Questionnaire.item.enableWhen", True),
        ("4.0", "Patient.implicitRules", True),
        ("4.3", "Consent.scope", True),
        ("5.0", "Consent.scope", None),
        ("5.0", "Quantity.comparator", True),
        ("5.0", "ImagingSelection.status", True),
        ("4.0", "ImagingSelection.status", None),
        ("4.0", "Patient.deceasedBoolean", None),
        ("4.0", "Patient.deceased", None),
        ("4.0", "Patient.deceased%5bx%5d", None),
        ("4.0", "Patient", None),
        ("4.0", "Nothing.status", None),
        ("4.0", "Patient.nothing", None),
        ("3.5", "Patient.active", None),
        ("4.0", "", None),
        ("4.0", "Patient.active\n", None),
    ],
)
def test_a_cross_version_url_is_what_its_element_is(version: str, path: str, *, kind: bool | None) -> None:
    """A modifier element makes a modifier extension, another element a plain one, no element none (MX-130 to MX-133)."""
    assert published_kind(XVER.format(version, path), Release.R5) is kind


def test_listed_cross_version_urls_reach_back_beyond_the_releases_read() -> None:
    """Modifiers of DSTU2 and STU3 are known because they are listed; their plain elements are not known."""
    assert published_kind(XVER.format("3.0", "Immunization.notGiven"), Release.R4) is True
    assert published_kind(XVER.format("3.0", "Patient.birthDate"), Release.R4) is None


@pytest.mark.parametrize("release", Release)
@pytest.mark.parametrize("name", ["questionnaire-optionExclusive", "questionnaire-usageMode"])
def test_what_the_release_publishes_counts_before_older_releases(name: str, release: Release) -> None:
    """These two were modifiers in STU3 and are published as plain since."""
    assert published_kind(HL7 + name, release) is False


@pytest.mark.parametrize(("release", "extensions"), [(Release.R4, 868), (Release.R4B, 869), (Release.R5, 860)])
def test_the_listed_extensions_are_counted(release: Release, extensions: int) -> None:
    """A change of the definitions shows here; every modifier is an extension."""
    assert len(published_extensions(release)) == extensions
    assert published_modifiers(release) < published_extensions(release)
