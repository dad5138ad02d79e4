"""The occurrences in a tree, where a test asks of nothing else that a walk tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from caveat.domain.decision import Occurrence
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.walk import survey
from caveat.spec.known import Known
from caveat.spec.shape import Tables


def walk(
    tree: Mapping[str, Any], tables: Tables, known: Known, *, limit: int = 100_000, **rest: Any
) -> list[Occurrence] | Unreadable:
    """Return every occurrence in `tree`, as `survey` finds them, or why it is not read."""
    told = survey(tree, tables, known, limits=Limits(occurrences=limit), **rest)
    return told if isinstance(told, Unreadable) else told.occurrences
