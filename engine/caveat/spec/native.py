"""Which values of FHIR's own modifier elements change what the data says (MX-120 to MX-126).

Rule 1: which elements are modifiers is said by the tables (`Child.is_modifier`), never by a list of elements here.
Rule 2: what is listed is the ordinary value, by the element's last name; every other value is told, so that a code which nobody
has listed is told too. An element that is neither a boolean nor a code is told when it is there.
Rule 3: `implicitRules` and `modifierExtension` are none of them: they are occurrences, and decided.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from caveat.domain.decision import MODIFIERS, RULES
from caveat.spec.shape import Child, Shape

Spellings = tuple[tuple[bytes, re.Pattern[bytes]], ...]
"""How JSON spells what is sought: a name in quotes, and what finds it with a telling value."""
_DECIDED: Final = frozenset({RULES, MODIFIERS})

_TRUTHS: Final[Mapping[str, bool]] = {
    "active": True,
    "deceased[x]": False,
    "deleted": False,
    "display": True,  # Device.name: the name to be shown
    "doNotPerform": False,
    "experimental": False,
    "instance": True,  # Substance: this one, and not a kind
    "isSubpotent": False,
}
"""What a boolean says when nothing out of the ordinary is said."""

_CODES: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(codes.split())
    for name, codes in {
        "actuality": "actual",
        "clinicalStatus": "active recurrence relapse",
        "countType": "snapshot",
        "dataUpdateType": "snapshot",
        "decision": "permit",
        "equivalence": "equal equivalent",
        "forecastStatus": "due overdue",
        "improvementNotation": "increase",
        "intent": "order original-order reflex-order filler-order instance-order",
        "lifecycleStatus": "accepted active completed",
        "mode": "snapshot working",
        "participantStatus": "accepted",
        "relationship": "equivalent",
        "status": "active arrived available booked complete completed current final finished fulfilled issued",
        "type": "event-notification permit",  # SubscriptionStatus, Permission.rule
        "use": "billing home mobile nickname official secondary usual work",
        "verificationStatus": "confirmed",
    }.items()
}
"""The codes that leave the rest of the data to be read as it stands."""


@cache
def native_modifiers(shape: Shape) -> Mapping[str, Child]:
    """Return the native modifier elements of `shape` by JSON property, a choice under each of its names."""
    return {name: child for name, child in shape.children.items() if child.is_modifier and child.segment not in _DECIDED}


@cache
def ordinary_codes(shape: Shape) -> tuple[tuple[str, Child, frozenset[str]], ...]:
    """Return each native modifier of `shape`: its property, what it is, and the codes that change nothing; none but of a code."""
    return tuple((name, child, _codes_of(child)) for name, child in native_modifiers(shape).items())


def _codes_of(child: Child) -> frozenset[str]:
    is_code = child.shape is not None and child.shape.name == "code"
    return _CODES.get(child.segment, frozenset()) if is_code else frozenset()


def changes_meaning(child: Child, value: object) -> bool:
    """Return whether the native modifier `child` has another value than the ordinary ones; what cannot be read has."""
    kind = child.shape.name if child.shape is not None else ""
    if kind == "boolean":
        return value is not _TRUTHS.get(child.segment)
    if kind == "CodeableConcept":
        return not _is_ordinary_concept(value, _CODES.get(child.segment, frozenset()))
    return kind != "code" or not isinstance(value, str) or value not in _CODES.get(child.segment, ())


def _is_ordinary_concept(concept: object, codes: frozenset[str]) -> bool:
    """Return whether a CodeableConcept has codings, and each of them one of the ordinary codes."""
    codings = concept.get("coding") if isinstance(concept, dict) else None
    if not isinstance(codings, list) or not codings:
        return False
    return all(isinstance(each, dict) and isinstance(each.get("code"), str) and each["code"] in codes for each in codings)


@cache
def spellings_below(shape: Shape) -> Spellings:
    r"""Return how JSON without `\u` escapes spells a native modifier below the root of a resource that may be told.

    Each is a property's name in quotes, and what finds that name with anything but an ordinary boolean or code after it; a
    companion's name is found as it is. What stands in extensions or in other resources is not sought.
    """
    found: set[tuple[bytes, bytes]] = set()
    for name, child in _below(shape):
        quoted = f'"{name}"'
        found |= {(quoted.encode(), _spelling(quoted, child).encode()), (f'"_{name}"'.encode(), f'"_{name}"'.encode())}
    return tuple((name, re.compile(spelling)) for name, spelling in sorted(found))


def _below(root: Shape) -> Iterator[tuple[str, Child]]:
    """Give the native modifiers of every shape below `root`, extensions and other resources left out."""
    met: set[Shape] = {root}
    pending = [root]
    while pending:
        for child in pending.pop().children.values():
            shape = child.shape
            if shape is not None and shape not in met and shape.name != "Extension":
                met.add(shape)
                pending.append(shape)
                yield from native_modifiers(shape).items()


def _spelling(quoted: str, child: Child) -> str:
    """Return the expression for one property with a value that may be told."""
    kind = child.shape.name if child.shape is not None else ""
    ordinary: list[bool | str] = []
    if kind == "boolean":
        ordinary = [_TRUTHS[child.segment]] if child.segment in _TRUTHS else []
    elif kind == "code":
        ordinary = sorted(_CODES.get(child.segment, ()))
    values = "|".join(re.escape(json.dumps(value)) for value in ordinary) or "(?!)"
    return rf"{quoted}(?![ \t\r\n]*:[ \t\r\n]*(?:{values})[ \t\r\n]*[,}}])"
