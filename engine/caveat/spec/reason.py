"""Whether the reason that a definition gives for being a modifier says anything (fhir-rules MX-105, MX-116, MX-117)."""

from __future__ import annotations

import re

# Words that stand where a reason should; the long one is what HL7's snapshot generator writes in place of a missing reason.
_EMPTY = frozenset(
    {
        "", "n/a", "na", "none", "no reason", "not known", "reason", "tbd", "tbc", "todo", "to be defined", "to be determined",
        "unknown", "is modifier", "ismodifier", "modifier", "see definition", "see description", "not applicable",
    }
)  # fmt: skip
_GENERATED = "modifier extensions are expected to modify the meaning or interpretation of the element that contains them"
_UNKNOWN = "not known why this is labelled a modifier"


def says_nothing(reason: str | None) -> bool:
    """Return whether a reason is missing, empty, a place holder, or the text that tools write when there is none."""
    words = re.sub(r"[\s.!?_-]+", " ", (reason or "").casefold()).strip()
    return words in _EMPTY or _UNKNOWN in words or words.startswith(_GENERATED)
