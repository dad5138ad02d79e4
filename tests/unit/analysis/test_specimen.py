"""A specimen carries its modifier at the place asked for and nowhere else, with the value asked for."""

from __future__ import annotations

from datetime import date

import pytest

from caveat import Guard
from caveat.analysis.specimen import Planted, homeless, specimens
from caveat.packs.cases import run_tests
from caveat.packs.policies import load_policy_text
from caveat.spec.release import Release
from caveat.spec.shape import tables

URL = "https://x.example/m"
ABSTRACT = {"BackboneElement", "BackboneType", "CanonicalResource", "DomainResource", "MetadataResource"}
TODAY = date(2026, 11, 24)


def carrying(release: Release) -> list[str]:
    """Return every type and element of `release` that can carry a modifier, by its defining path."""
    known = tables(release)
    return [name for name in known.names() if known.required(name).carries and name not in ABSTRACT]


def found_at(path: str, release: Release) -> frozenset[str]:
    """Return the names of the one place where a Guard finds the modifier planted at `path`."""
    (resource,) = specimens((Planted(URL, path),), release)
    (decision,) = Guard.default().check(resource, release=release.value).decisions
    assert decision.ground == "unknown", path
    assert decision.occurrence is not None
    assert decision.occurrence.url == URL
    return decision.occurrence.carrier.names


@pytest.mark.parametrize("release", Release)
def test_every_place(release: Release) -> None:
    """For each element and type that can carry, in each release, a Guard finds the specimen there, or it has no home."""
    places = [(Planted(URL, path),) for path in carrying(release)]
    lost = [planted[0].path for planted in places if homeless(planted, release)]
    assert lost == (["Population"] if release is Release.R4B else [])  # R4B has the type, and no element of it
    wrong = [each.path for (each,) in places if each.path not in lost and each.path not in found_at(each.path, release)]
    assert wrong == []


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("Questionnaire.item.item", "Questionnaire.item[0].item[0]"),
        ("Parameters.parameter.part", "Parameters.parameter[0].part[0]"),
        ("Patient.extension.value[x]", "Patient.extension[0].valueTiming"),
        ("Patient.name.given.extension.value[x]", "Patient.name[0]._given[0].extension[0].valueTiming"),
        ("Patient.birthDate.extension.value[x]", "Patient._birthDate.extension[0].valueTiming"),
        ("Basic.extension.value[x].repeat.extension.value[x]", "Basic.extension[0].valueTiming.repeat.extension[0].valueTiming"),
        ("MedicationRequest.dosageInstruction.timing", "MedicationRequest.dosageInstruction[0].timing"),
    ],
)
def test_places_within_data_types(path: str, location: str) -> None:
    """A place is reached through recursion, primitives, data types and the values of extensions."""
    (resource,) = specimens((Planted(URL, path),), Release.R4)
    (decision,) = Guard.default().check(resource, release="R4").decisions
    assert decision.ground == "unknown"
    assert decision.occurrence is not None
    assert decision.occurrence.carrier.location == location


def test_implicit_rules() -> None:
    """The url planted on implicitRules is their value."""
    (resource,) = specimens((Planted(URL, "Patient.implicitRules"),), Release.R5)
    (decision,) = Guard.default().check(resource, release="R5").decisions
    assert decision.occurrence is not None
    assert (decision.occurrence.slot, decision.occurrence.url) == ("implicitRules", URL)


@pytest.mark.parametrize("release", Release)
def test_enough_remains(release: Release) -> None:
    """Where a list must not be empty, it has enough elements beside the one that carries."""
    known = tables(release)
    lists = [path for path in carrying(release) if (place := known.resolve(path)) and place.minimum and place.maximum is None]
    assert lists
    for path in lists:
        (resource,) = specimens((Planted(URL, path),), release)
        (decision,) = Guard.default().check(resource, release=release.value).decisions
        assert decision.occurrence is not None
        carrier = decision.occurrence.carrier
        assert carrier.count - 1 >= carrier.minimum > 0, path


def test_many_modifiers() -> None:
    """Modifiers of one type of resource share one resource, and of one element that element; each other type has its own."""
    planted = tuple(Planted(URL, path) for path in ("Patient", "Patient.contact", "Patient.contact", "Group"))
    patient, group = specimens(planted, Release.R4)
    assert [patient["resourceType"], group["resourceType"]] == ["Patient", "Group"]
    assert [len(contact["modifierExtension"]) for contact in patient["contact"]] == [2]


@pytest.mark.parametrize(
    "path", ["ArtifactAssessment", "MedicinalProductDefinition", "Patient.nothing", "Patient.name", "Nothing"]
)
def test_no_home(path: str) -> None:
    """A path of another release, of no element, or of one that cannot carry, has no place in R4."""
    assert homeless((Planted(URL, "Patient"), Planted(URL, path)), Release.R4) == (path,)


@pytest.mark.parametrize("kind", ["Group", "Timing", "Bundle.entry"])
def test_a_narrative_where_there_can_be_one(kind: str) -> None:
    """A resource that may have a narrative has one that may be shown, so that `narrative` rules can decide."""
    (resource,) = specimens((Planted(URL, kind),), Release.R4)
    assert ("text" in resource) == (resource["resourceType"] != "Bundle")
    if "text" in resource:
        assert resource["text"]["status"] == "generated"


@pytest.mark.parametrize(
    ("value", "types", "condition"),
    [
        ("", "boolean", "value = true"),
        ("= false", "boolean", "value = false"),
        ("= true as string", "string", 'value = "true"'),
        ("= 3", "integer", "value = 3"),
        ("= 0.5", "decimal", "value = 0.5"),
        ("= 3 as positiveInt", "positiveInt", "value > 2"),
        ("= 3 as string", "string", 'value = "3"'),
        ("= 3 as Quantity", "Quantity", "value.value = 3"),
        ("= 2026-01-01", "date", "value = 2026-01-01"),
        ("= 2026-01-01 as dateTime", "dateTime", "value = 2026-01-01"),
        ("= 2026-01-01 as instant", "instant", "value = 2026-01-01"),
        ("= 2026-01-01 as Period", "Period", "value.start = 2026-01-01"),
        ('= "x"', "string", 'value = "x"'),
        ('= "x" as code', "code", 'value = "x"'),
        ('= "x" as Reference', "Reference", 'value.reference = "x"'),
        ('= "x" as Identifier', "Identifier", 'value.value = "x"'),
        ('= "x" as CodeableConcept', "CodeableConcept", 'value.text = "x"'),
        ("= S#c", "CodeableConcept", "value = S#c"),
        ("= S#c as Coding", "Coding", "value = S#c"),
        ("= S#c as code", "code", 'value = "c"'),
        ('= "x" as complex', "complex", 'part("value") = "x"'),
    ],
)
def test_values(value: str, types: str, condition: str) -> None:
    """A literal becomes a value of which a rule's condition on that literal is true."""
    text = (
        'caveat 1; codesystem S = "https://x.example/s";'
        f'review r: "{URL}" on Patient as {types} when {condition} because "b" owner "o";'
        f'test "t" {{ modifier "{URL}" on Patient {value}; expect review by r; }}'
    )
    loaded = load_policy_text(text)
    (outcome,) = run_tests(loaded, TODAY)
    assert (outcome.passed, outcome.got) == (True, 'review (review rule by r at "Patient.modifierExtension[0]")')
