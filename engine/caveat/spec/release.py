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
        """Return the release that `text` names, by its name or its number; UsageError, naming those that are read, when none."""
        try:
            return cls(_NUMBERS.get(str(text), text))
        except ValueError:
            earlier = _EARLIER.get(str(text).upper())
            what = f"FHIR {earlier} is not read" if earlier else f"no release {text!r} is read"
            raise UsageError(f"{what}; write one of {', '.join(cls)}") from None


_NUMBERS = {"4.0.1": "R4", "4.3.0": "R4B", "5.0.0": "R5"}
_EARLIER = {
    **dict.fromkeys(("STU3", "R3", "3.0", "3.0.0", "3.0.1", "3.0.2"), "STU3"),
    **dict.fromkeys(("DSTU2", "STU2", "R2", "1.0", "1.0.0", "1.0.1", "1.0.2"), "DSTU2"),
}
