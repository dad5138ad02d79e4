"""Caveat and HL7's Java validator agree on what stands in the wrong slot, and the page says why where they differ."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.validator_page import PAGE, WHY_NOT, cases, page

KNOWN_DIFFERENCES = {"patient-xver"}
"""Cases where the validator knows a modifier by definitions of DSTU2, which Caveat does not have."""


@pytest.mark.usefixtures("shared")
def test_the_page_is_as_it_would_be_made_now() -> None:
    """The page says what Caveat decides today; run tests/conformance/validator_page.py to write it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.usefixtures("shared")
def test_what_the_validator_finds_in_the_wrong_slot_is_refused() -> None:
    """Each modifier in `extension`, and each plain extension in `modifierExtension`, is refused at the same place."""
    slots = [(case, finding) for case in cases() for finding in case.findings if finding.kind == "slot"]
    assert len(slots) > 1
    assert {case.name for case, finding in slots if case.answer(finding) is None} <= KNOWN_DIFFERENCES


@pytest.mark.usefixtures("shared")
def test_whatever_stands_in_a_modifier_slot_is_decided() -> None:
    """What the validator finds on an entry of modifierExtension, whatever it is, Caveat decides too."""
    missed = [
        (case.name, finding.location)
        for case in cases()
        if case.report is not None
        for finding in case.findings
        if "modifierExtension[" in finding.location and case.answer(finding) is None
    ]
    assert missed == []


def test_every_kind_of_finding_has_a_reason() -> None:
    """No difference is left without words."""
    assert all(reason.endswith(".") for reason in WHY_NOT.values())
    assert Path(PAGE).is_file()
