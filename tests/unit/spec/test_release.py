"""Tests of caveat.spec.release."""

from __future__ import annotations

import pytest

from caveat.domain.errors import UsageError
from caveat.spec import Release


@pytest.mark.parametrize("text", ["R4", "R4B", "R5"])
def test_each_release_is_read_by_its_name(text: str) -> None:
    """A release is named exactly as FHIR names it."""
    assert Release.of(text) == text


@pytest.mark.parametrize("text", ["STU3", "3.0.2", "DSTU2", "1.0.2", "r4", "4.0.0", "R6", ""])
def test_another_release_is_misuse_and_the_message_names_those_read(text: str) -> None:
    """An unknown release raises UsageError, which says what could have been written."""
    with pytest.raises(UsageError, match="R4, R4B, R5"):
        Release.of(text)


@pytest.mark.parametrize(("number", "name"), [("4.0.1", "R4"), ("4.3.0", "R4B"), ("5.0.0", "R5")])
def test_each_release_is_read_by_its_number(number: str, name: str) -> None:
    """The number that stands in `fhirVersion` names the release too."""
    assert Release.of(number) is Release(name)


@pytest.mark.parametrize(("text", "name"), [("STU3", "STU3"), ("3.0.2", "STU3"), ("DSTU2", "DSTU2"), ("1.0.2", "DSTU2")])
def test_earlier_releases_are_refused_by_their_names(text: str, name: str) -> None:
    """Whoever asks for STU3 or DSTU2 is told that it is not read, not that it does not exist."""
    with pytest.raises(UsageError, match=f"FHIR {name} is not read; write one of R4, R4B, R5"):
        Release.of(text)
