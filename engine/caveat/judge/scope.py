"""What of a resource the application reads, and so which modifiers concern it (FHIR R4 2.5.0.2, MX-24).

Rule 1: a modifier changes the element that holds it and what is below; so an element is in scope when it is read, is above
something read, or is below it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caveat.domain.decision import Carrier
    from caveat.policy.policy import Policy


def in_scope(policy: Policy, carrier: Carrier) -> bool:
    """Return whether the application reads `carrier`, something in it, or what it is part of."""
    reading = policy.reading.get(carrier.resource_type)
    if reading is None or reading.elements is None:
        return True
    return any(_touches(carrier.scope_path, element) for element in reading.elements)


def _touches(one: str, other: str) -> bool:
    """Return whether one of two paths is the other, or above it."""
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")
