"""Every occurrence that the two slots of one object are: the entries of `modifierExtension`, known modifiers in `extension`.

Rule 1: each entry is one occurrence, lawful or not; a slot that holds no readable entries is one by itself.
"""

from __future__ import annotations

from typing import Any, cast

from caveat.domain.decision import EXTENSIONS, MODIFIERS, Carrier, Fault, Ground, Occurrence, OccurrenceDraft
from caveat.intake.beside import note_narrative
from caveat.intake.carrier import Frame, carrier_of, is_lawful
from caveat.intake.extension import asked, content_of, contradicting, malformed, spread, url_fault, value_type
from caveat.intake.found import Walk
from caveat.intake.root import Wire

_PLAIN = Fault(Ground.WRONG_SLOT, "plain-in-modifier", "a plain extension in modifierExtension")
_MOST = 2_048  # urls that are remembered


def add_modifiers(state: Walk, frame: Frame) -> None:
    """Add an occurrence for each entry of `modifierExtension`, or one for the slot when it is no array of entries."""
    entries = frame.node[MODIFIERS]
    if state.wire is Wire.GRAPHQL and not entries and isinstance(entries, list | None):
        return
    if not isinstance(entries, list) or not entries:
        empty = entries is None or entries == []
        nothing, other = ("empty", "an empty modifierExtension"), ("not-array", "a modifierExtension that is no array")
        add_slot_fault(state, frame, MODIFIERS, malformed(*(nothing if empty else other), empty=empty))
        return
    carrier = carrier_of(frame, state.memo)
    note_narrative(state, frame, carrier)
    misplaced = _misplaced(state, frame)
    counted = enumerate(entries[: state.limits.occurrences + 1])  # one too many is enough to refuse the document
    found = [_entry(state, carrier, index, entry, misplaced) for index, entry in counted]
    state.found.extend(contradicting(found))


def _misplaced(state: Walk, frame: Frame) -> Fault | None:
    """Return the fault of a `modifierExtension` where FHIR allows none (MX-02, MX-08 to MX-10, MX-88)."""
    if is_lawful(frame, state.memo, lists_matter=state.wire is Wire.FHIR):  # a GraphQL answer may give one of a list by itself
        return None
    return Fault(Ground.MISPLACED, "misplaced", "where FHIR allows no modifier extension")


def add_slot_fault(state: Walk, frame: Frame, key: str, fault: Fault) -> None:
    """Add the one occurrence of a slot that holds no readable entries; it has no index."""
    carrier = carrier_of(frame, state.memo)
    value = frame.node[key]
    url = value.get("url") if isinstance(value, dict) else None
    misplaced = _misplaced(state, frame) if key == MODIFIERS else None
    state.found.append(
        Occurrence(
            url if isinstance(url, str) else None, f"{carrier.location}.{key}", MODIFIERS, carrier, fault=misplaced or fault
        )
    )


def _entry(state: Walk, carrier: Carrier, index: int, entry: Any, misplaced: Fault | None) -> Occurrence:
    """Return the occurrence that one entry of `modifierExtension` is."""
    location = f"{carrier.location}.{MODIFIERS}[{index}]"
    if not isinstance(entry, dict):
        no_object = malformed("not-object", "an entry that is no object")
        return Occurrence(None, location, MODIFIERS, carrier, fault=misplaced or no_object)
    extension = asked(entry) if state.wire is Wire.GRAPHQL else entry
    said = extension.get("url")
    url, no_url, plain = _url(state, said) if isinstance(said, str) else (None, url_fault(said), None)
    fault, kind = content_of(extension, state.shapes.extension)
    fault = misplaced or no_url or fault or plain
    made: Any = OccurrenceDraft.__new__(OccurrenceDraft)
    made.url, made.location, made.slot, made.carrier = url, location, MODIFIERS, carrier
    made.value_type, made.extension, made.contradicted, made.fault = kind, extension, False, fault
    made.__class__ = Occurrence
    return cast("Occurrence", made)


def _url(state: Walk, url: str) -> tuple[str, Fault | None, Fault | None]:
    """Return a url, the same string for all entries that have it, what is wrong with it, and with it here if it is lawful."""
    found = state.urls.get(url)
    if found is None:
        fault = url_fault(url)
        plain = _PLAIN if fault is None and state.known(url) is False else None
        if len(state.urls) >= _MOST:
            state.urls.clear()
        found = state.urls[url] = (url, fault, plain)
    return found


def add_extensions(state: Walk, frame: Frame) -> None:
    """Add an occurrence for each known modifier in plain `extension` (MX-74, MX-76); parts of a modifier are its own."""
    for place, entry in spread(EXTENSIONS, frame.node[EXTENSIONS]):
        url = entry.get("url")
        if not isinstance(url, str) or state.known(url) is not True:
            continue
        if _is_part_of_modifier(frame) or len(state.found) > state.limits.occurrences:
            return  # one too many is enough to refuse the document
        carrier = carrier_of(frame, state.memo)
        fault = Fault(Ground.WRONG_SLOT, "modifier-in-plain", "a modifier extension in plain extension")
        kind = value_type(entry, state.shapes.extension)
        state.found.append(Occurrence(url, f"{carrier.location}.{place}", EXTENSIONS, carrier, kind, entry, fault=fault))


def _is_part_of_modifier(frame: Frame) -> bool:
    """Return whether `frame` is an entry of `modifierExtension`, or a part of one."""
    at: Frame | None = frame
    while at is not None and at.is_extension:
        if at.key.partition("[")[0] == MODIFIERS:
            return True
        at = at.parent
    return False
