"""Tests of caveat.policy.covering: whether a context includes what a rule's path names."""

from __future__ import annotations

import pytest

from caveat.policy.covering import covers
from caveat.policy.selectors import PathSelector
from caveat.spec.context import Kleene
from caveat.spec.release import Release
from caveat.spec.shape import tables
from strategies.defining import context

CASES: list[tuple[str, str, Kleene]] = [
    ("Patient", "Patient", True),
    ("Patient", "Patient.contact", False),
    ("Patient.contact", "Patient", False),
    ("Element", "Patient", True),
    ("DomainResource", "Patient", True),
    ("BackboneElement", "Patient.contact", True),
    ("Dosage", "MedicationRequest.dosageInstruction", True),
    ("Questionnaire.item", "Questionnaire.item.item", True),
    ("Patient.contact:x", "Patient.contact", None),
    ("https://x.example/p#Patient", "Patient", None),
    ("https://x.example/p", "Patient", None),
    ("fhirpath:Patient", "Patient", None),
    ("extension:http://x.example/e", "Patient", False),
    ("Patient>5.0", "Patient", False),
    ("Patient", "Nowhere", False),
    # a rule on many places
    ("Patient", "Patient.**", True),
    ("Patient.contact", "Patient.**", True),
    ("Patient.contact:x", "Patient.**", None),
    ("Patient", "Patient.contact.**", False),
    ("ServiceRequest", "Patient.**", False),
    ("Element", "Patient.**", True),
    ("BackboneElement", "Patient.**", True),
    ("Timing", "Patient.**", True),
    ("Nowhere", "Patient.**", False),
    ("https://x.example/p", "*.**", False),
    ("Patient", "*", True),
    ("Patient.contact", "*", False),
    ("Patient.contact", "*.**", True),
    ("Resource", "*", True),
    ("Resource", "*.**", True),
    ("Element", "*", True),
    ("MedicationRequest.dosageInstruction", "Dosage", True),
    ("MedicationRequest.dosageInstruction", "Dosage.**", True),
    ("MedicationRequest", "Dosage", False),
    ("Timing", "Dosage", False),
]


@pytest.mark.parametrize(("place", "path", "expected"), CASES)
def test_covers(place: str, path: str, expected: Kleene) -> None:
    """One element must be allowed itself; of many one is enough; slices, profiles and FHIRPath cannot be told."""
    assert covers(context(place), PathSelector.parse(path), tables(Release.R4)) is expected
