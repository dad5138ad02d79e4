"""The FHIR releases that Caveat reads."""

from __future__ import annotations

from enum import StrEnum

from caveat.domain.errors import UsageError


class Release(StrEnum):
    """A FHIR release: R4 is 4.0.1, R4B is 4.3.0, R5 is 5.0.0."""

    R4 = "R4"
    R4B = "R4B"
    R5 = "R5"

    @classmethod
    def of(cls, text: str) -> Release:
        """Return the release that `text` names exactly; UsageError, naming those that are read, when there is none."""
        try:
            return cls(text)
        except ValueError:
            raise UsageError(f"no release {text!r} is read; write one of {', '.join(cls)}") from None
