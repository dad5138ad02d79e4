"""What each of two policies sees at a place, as an occurrence with one of the values drawn: what is decided is not said here.

Rule 1: a fault is there only where the policy's own knowledge makes it one: its lock, its rules' literal urls, HL7's tables.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caveat.analysis.difference.spots import SpotClass
from caveat.analysis.difference.values import Drawn
from caveat.analysis.document import document_of
from caveat.domain.decision import EXTENSIONS, MODIFIERS, RULES, Carrier, Fault, Ground, Occurrence
from caveat.judge.allowed import hold_to_definitions
from caveat.policy.policy import Policy
from caveat.spec.release import Release

Sight = Callable[[int, Carrier, int], Occurrence | None]
"""Return what the policy of that number (0 old, 1 new) sees on a carrier with the value of that number; None: no modifier."""

PLAIN = Fault(Ground.WRONG_SLOT, "plain-in-modifier", "a plain extension in modifierExtension")
MISPUT = Fault(Ground.WRONG_SLOT, "modifier-in-plain", "a modifier extension in plain extension")
EMPTY = Fault(Ground.MALFORMED, "empty", "an empty modifierExtension", empty=True)
INCOMPLETE = Fault(Ground.INCOMPLETE, "incomplete", "from a source that left elements out (tagged SUBSETTED)")


def modifier(url: str, drawn: Sequence[Drawn], is_plain: tuple[bool, bool]) -> Sight:
    """Return the sight of a modifier extension; `is_plain` says which policy knows its url as that of a plain extension."""

    def sight(policy: int, carrier: Carrier, number: int) -> Occurrence:
        """Return the entry of a `modifierExtension` there, with that value."""
        value = drawn[number].value
        location, fault = f"{carrier.location}.{MODIFIERS}[0]", PLAIN if is_plain[policy] else None
        extension = value.extension(url)
        return Occurrence(url, location, MODIFIERS, carrier, value.type, extension, value.contradicted, fault)

    return sight


def held(sight: Sight, policies: tuple[Policy, Policy], place: SpotClass, release: Release) -> Sight:
    """Return `sight` with what it sees held against the definition that each policy has of it, in a real document."""
    site = next(spot for spot in place.members if release in spot.releases).at(release)

    def held_sight(policy: int, carrier: Carrier, number: int) -> Occurrence | None:
        """Return what the other sees, with the fault that its definition finds in it."""
        found = sight(policy, carrier, number)
        if found is None or found.fault is not None:
            return found
        return hold_to_definitions([found], document_of(site, [found]), policies[policy], release)[0]

    return held_sight


def in_plain(url: str, drawn: Sequence[Drawn], is_known: tuple[bool, bool]) -> Sight:
    """Return the sight of an extension in plain `extension`; `is_known` says which policy knows its url as a modifier's."""

    def sight(policy: int, carrier: Carrier, number: int) -> Occurrence | None:
        """Return the entry of an `extension` there, None where the policy knows nothing of it."""
        if not is_known[policy]:
            return None
        value = drawn[number].value
        location = f"{carrier.location}.{EXTENSIONS}[0]"
        return Occurrence(url, location, EXTENSIONS, carrier, value.type, value.extension(url), fault=MISPUT)

    return sight


def implicit_rules(url: str) -> Sight:
    """Return the sight of `implicitRules`, whose url is their value."""

    def sight(_: int, carrier: Carrier, number: int) -> Occurrence | None:
        """Return the `implicitRules` of the resource, whatever the value."""
        del number
        location = f"{carrier.location.removesuffix('.' + RULES)}.{RULES}"
        return Occurrence(url, location, RULES, carrier, "uri", {"url": RULES, "valueUri": url})

    return sight


def nothing(fault: Fault) -> Sight:
    """Return the sight of a place without a modifier to speak of."""

    def sight(_: int, carrier: Carrier, number: int) -> Occurrence | None:
        del number
        return Occurrence(None, f"{carrier.location}.{MODIFIERS}", MODIFIERS, carrier, fault=fault)

    return sight
