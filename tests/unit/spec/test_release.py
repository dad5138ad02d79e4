"""Tests of caveat.spec.release."""

from __future__ import annotations

import pytest

from caveat.domain.errors import UsageError
from caveat.spec import Release


@pytest.mark.parametrize("text", ["R4", "R4B", "R5"])
def test_each_release_is_read_by_its_name(text: str) -> None:
    """A release is named exactly as FHIR names it."""
    assert Release.of(text) == text


@pytest.mark.parametrize("text", ["STU3", "r4", "4.0.1", "R6", ""])
def test_another_release_is_misuse_and_the_message_names_those_read(text: str) -> None:
    """An unknown release raises UsageError, which says what could have been written."""
    with pytest.raises(UsageError, match="R4, R4B, R5"):
        Release.of(text)
