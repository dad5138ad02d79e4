"""Tests of caveat.spec.context, beside those of the judge: what can carry, and what paths an expression speaks of."""
# ruff: noqa: E501  a table reads best when it is short

from __future__ import annotations

import pytest

from caveat.spec.context import Kleene, any_of, can_carry, path_of
from caveat.spec.reason import says_nothing
from caveat.spec.release import Release
from caveat.spec.shape import tables
from strategies.defining import context

CORE = "http://hl7.org/fhir/StructureDefinition/"
CARRY: dict[str, Kleene] = {
    "Patient": True, "Patient.contact": True, "Dosage": True, "Dosage.timing": True, "Element": True, "DomainResource": True,
    "MedicationRequest.dosageInstruction": True, "Patient.contact:x": True, CORE + "Patient": True, CORE + "Patient#Patient.contact": True,
    "https://x.example/p#Patient.contact": True, "ContactPoint": False, "Patient.telecom": False, "Bundle": False, "Patient.birthDate": False,
    "Timing.repeat": False, "Nowhere": False, "Patient>5.0": False, "extension:http://x.example/e": False, "fhirpath:Patient": None,
    "https://x.example/p": None, "http://hl7.org/fhir/StructureDefinition/Quantity#Quantity": False,
}  # fmt: skip


@pytest.mark.parametrize(("place", "expected"), CARRY.items())
def test_can_carry(place: str, expected: Kleene) -> None:
    """A context is good for a modifier where FHIR allows modifierExtension on what it names (MX-110)."""
    assert can_carry(context(place), tables(Release.R4)) is expected


PATHS = {
    "Patient": "Patient",
    "Patient.contact:x.name": "Patient.contact.name",
    CORE + "Patient": "Patient",
    CORE + "Patient|4.0.1": "Patient",
    CORE + "Patient#Patient.contact": "Patient.contact",
    "https://x.example/p#Patient.link:y": "Patient.link",
    "https://x.example/p": None,
}


@pytest.mark.parametrize(("expression", "path"), PATHS.items())
def test_path_of(expression: str, path: str | None) -> None:
    """Slices and the url that binds an id are left out."""
    assert path_of(expression) == path


def test_any_of() -> None:
    """Yes wins, else doubt, else no; nothing is no."""
    assert [any_of(each) for each in ([False, None, True], [False, None], [False], [])] == [True, None, False, False]


SAYS_NOTHING = [
    None,
    "",
    "  ",
    "N/A",
    "TBD",
    "to be determined",
    "Not known why this is labelled a modifier",
    "unknown.",
    "Is-Modifier",
]
GENERATED = "Modifier extensions are expected to modify the meaning or interpretation of the element that contains them"


def test_reasons() -> None:
    """Place holders say nothing, nor does what the snapshot generator writes; a sentence does."""
    assert [text for text in [*SAYS_NOTHING, GENERATED] if not says_nothing(text)] == []
    assert not says_nothing("If true, the request is not to be carried out")
    assert not says_nothing("The reason is unknown to most, but it negates")
