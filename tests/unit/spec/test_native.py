"""Which native modifiers there are is the tables' to say; which of their values are told, the rules of this module."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.spec import Child, Release, tables
from caveat.spec.native import _CODES, _TRUTHS, changes_meaning, native_modifiers, spellings_below


def child(path: str, release: Release = Release.R4) -> Child:
    owner, _, name = path.rpartition(".")
    return native_modifiers(tables(release).required(owner))[name]


def concept(*codes: Any, **rest: Any) -> dict[str, Any]:
    return {"coding": [{"code": code} for code in codes], **rest}


TOLD: dict[str, tuple[str, Release, Any, bool]] = {
    "status in error": ("Observation.status", Release.R4, "entered-in-error", True),
    "status cancelled": ("ImagingStudy.status", Release.R4, "cancelled", True),
    "status not done": ("Procedure.status", Release.R4, "not-done", True),
    "status nobody listed": ("Observation.status", Release.R4, "surprise", True),
    "status in capitals": ("Observation.status", Release.R4, "FINAL", True),
    "status no string": ("Observation.status", Release.R4, ["final"], True),
    "status final": ("Observation.status", Release.R4, "final", False),
    "status available": ("ImagingStudy.status", Release.R4, "available", False),
    "status as a concept": ("MedicinalProductDefinition.status", Release.R5, concept("active"), False),
    "status as a concept in error": ("MedicinalProductDefinition.status", Release.R5, concept("entered-in-error"), True),
    "active": ("Patient.active", Release.R4, True, False),
    "not active": ("Patient.active", Release.R4, False, True),
    "active as a string": ("Patient.active", Release.R4, "true", True),
    "active as a number": ("Patient.active", Release.R4, 1, True),
    "group not active": ("Group.active", Release.R5, False, True),
    "do not perform": ("MedicationRequest.doNotPerform", Release.R4, True, True),
    "do perform": ("MedicationRequest.doNotPerform", Release.R4, False, False),
    "dead": ("Patient.deceasedBoolean", Release.R4, True, True),
    "alive": ("Patient.deceasedBoolean", Release.R4, False, False),
    "day of death": ("Patient.deceasedDateTime", Release.R4, "2020", True),
    "refuted": ("Condition.verificationStatus", Release.R4, concept("refuted"), True),
    "confirmed": ("Condition.verificationStatus", Release.R4, concept("confirmed"), False),
    "confirmed and refuted": ("Condition.verificationStatus", Release.R4, concept("confirmed", "refuted"), True),
    "a code that is none": ("Condition.verificationStatus", Release.R4, concept(["confirmed"]), True),
    "in words only": ("Condition.verificationStatus", Release.R4, {"text": "confirmed"}, True),
    "no codings": ("Condition.verificationStatus", Release.R4, {"coding": []}, True),
    "a coding that is none": ("Condition.verificationStatus", Release.R4, {"coding": ["confirmed"]}, True),
    "a concept that is none": ("Condition.verificationStatus", Release.R4, "confirmed", True),
    "resolved": ("Condition.clinicalStatus", Release.R4, concept("resolved"), True),
    "proposal": ("ServiceRequest.intent", Release.R4, "proposal", True),
    "order": ("ServiceRequest.intent", Release.R4, "order", False),
    "old name": ("HumanName.use", Release.R4, "old", True),
    "official name": ("HumanName.use", Release.R4, "official", False),
    "temporary address": ("Address.use", Release.R4, "temp", True),
    "comparator": ("Quantity.comparator", Release.R4, "<", True),
    "comparator of an age": ("Age.comparator", Release.R4, "<", True),
    "link": ("Patient.link", Release.R4, {"type": "replaces"}, True),
    "an empty link": ("Patient.link", Release.R4, {}, True),
    "enableWhen": ("Questionnaire.item.enableWhen", Release.R4, {}, True),
    "changes": ("List.mode", Release.R4, "changes", True),
    "working": ("List.mode", Release.R4, "working", False),
    "deleted": ("List.entry.deleted", Release.R4, True, True),
    "potential": ("AdverseEvent.actuality", Release.R4, "potential", True),
    "subpotent": ("Immunization.isSubpotent", Release.R4, True, True),
    "denied": ("Consent.decision", Release.R5, "deny", True),
    "permitted": ("Consent.decision", Release.R5, "permit", False),
    "a kind of substance": ("Substance.instance", Release.R5, False, True),
    "not related": ("ConceptMap.group.element.target.relationship", Release.R5, "not-related-to", True),
    "incremental": ("MeasureReport.dataUpdateType", Release.R5, "incremental", True),
    "any scoring": ("MeasureReport.scoring", Release.R5, concept("proportion"), True),
    "any kind of Basic": ("Basic.code", Release.R4, concept("referral"), True),
}


@pytest.mark.parametrize(("path", "release", "value", "told"), TOLD.values(), ids=TOLD)
def test_which_values_are_told(path: str, release: Release, value: Any, told: bool) -> None:  # noqa: FBT001
    """Ordinary values are not; every other one is, whatever it is (MX-120 to MX-126)."""
    assert changes_meaning(child(path, release), value) is told


@pytest.mark.parametrize("release", Release)
def test_the_native_modifiers_are_those_that_hl7_flags(shared: Path, release: Release) -> None:
    """Counted by another hand from the definitions: the same elements, but for the two that are occurrences (MX-123)."""
    with (shared / "definitions" / "derived" / f"{release.lower()}-isModifier-elements.csv").open(newline="") as file:
        listed = {row["path"] for row in csv.DictReader(file) if not row["path"].startswith("MetadataResource.")}  # a profile
    mine = set()
    for name in tables(release).names():
        shape = tables(release).required(name)
        if shape.kind != "primitive" and name != "MetadataResource":
            mine |= {f"{name}.{each.segment}" for each in native_modifiers(shape).values()}
    listed = {path for path in listed if path.rpartition(".")[2] not in {"implicitRules", "modifierExtension"}}
    assert listed <= mine
    inherited = {path for path in mine - listed if path.rpartition(".")[2] != "comparator"}
    assert inherited == set()


@pytest.mark.parametrize("release", Release)
def test_rules_and_modifier_extensions_are_none(release: Release) -> None:
    """They are occurrences, and decided."""
    assert {"implicitRules", "modifierExtension"}.isdisjoint(native_modifiers(tables(release).required("Patient")))


def test_every_name_that_has_ordinary_values_is_a_native_modifier() -> None:
    """Nothing is listed that no release has."""
    names = {each.segment for release in Release for name in tables(release).names() for each in _of(release, name)}
    assert set(_TRUTHS) | set(_CODES) <= names


def _of(release: Release, name: str) -> list[Child]:
    shape = tables(release).required(name)
    return [] if shape.kind == "primitive" else list(native_modifiers(shape).values())


def test_a_study_has_but_one_name_below_its_root() -> None:
    """So that a plain study needs no walk: only an identifier's `use` can be told there."""
    assert [name for name, _ in spellings_below(tables(Release.R4).required("ImagingStudy"))] == [b'"_use"', b'"use"']


def test_a_type_without_native_modifiers_below_has_none() -> None:
    """An OperationOutcome has nothing below that could be told."""
    assert spellings_below(tables(Release.R4).required("OperationOutcome")) == ()


VALUES = st.sampled_from(["official", "usual", "old", "", "use", 'of"ficial', "home", None, True, False, 1, {}, [], ["official"]])


@given(VALUES, st.sampled_from(["", " ", "\n\t"]), st.sampled_from(["", " "]), st.booleans())
def test_a_value_that_is_told_is_spelt(value: Any, space: str, after: str, last: bool) -> None:  # noqa: FBT001
    """What finds a name finds it wherever its value is told."""
    raw = f'{{"use"{space}:{space}{json.dumps(value)}{after}' + ("}" if last else ',"system":"a"}')
    spelling = dict(spellings_below(tables(Release.R4).required("ImagingStudy")))[b'"use"']
    told = value is not None and changes_meaning(child("Identifier.use"), value)
    assert not told or spelling.search(raw.encode()) is not None
    if value in ("official", "usual", "home"):
        assert spelling.search(raw.encode()) is None


def test_booleans_and_structures_are_spelt_too() -> None:
    """`deleted` true is found, false is not; a structure is found whatever it holds."""
    spellings = dict(spellings_below(tables(Release.R4).required("List")))
    assert spellings[b'"deleted"'].search(b'{"deleted" : true}')
    assert not spellings[b'"deleted"'].search(b'{"deleted" : false}')
    questionnaire = dict(spellings_below(tables(Release.R4).required("Questionnaire")))
    assert questionnaire[b'"enableWhen"'].search(b'{"enableWhen":[]}')
    assert questionnaire[b'"_enableWhen"'].search(b'{"_enableWhen":[]}')
