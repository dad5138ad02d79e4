"""The least resource in which given occurrences stand: what a witness is shown with, and run on.

Rule 1: everything that a rule may depend on holds: a narrative or none, and enough elements remain when one is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from caveat.analysis.sites import NARRATIVE, Site, Step
from caveat.domain.decision import EXTENSIONS, MODIFIERS, RULES, Ground, Occurrence
from caveat.spec.shape import tables

Json = dict[str, Any]
SUBSETTED = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
"""The tag of a resource whose source left elements out."""


def document_of(site: Site, occurrences: Sequence[Occurrence], below: Sequence[tuple[Site, Occurrence]] = ()) -> Json:
    """Return a resource with `occurrences` at `site`, and those of `below` at their own sites in the same resource.

    An occurrence that is contradicted stands beside another of its url with another value.
    """
    kind = site.carrier.resource_type
    resource: Json = {"resourceType": kind}
    has_narrative = all(each.carrier.has_narrative for each in occurrences)
    can_have = "text" in tables(site.release).required(kind).children
    if has_narrative and can_have:
        resource["text"] = dict(NARRATIVE)
    for at, occurrence in (*((site, each) for each in occurrences), *below):
        _put(resource, at, occurrence)
    if has_narrative and not can_have:
        return {"resourceType": "Basic", "text": dict(NARRATIVE), "contained": [resource]}
    return resource


def _put(resource: Json, site: Site, occurrence: Occurrence) -> None:
    """Put one occurrence at its site, making the elements on the way."""
    if site.slot == RULES:
        resource[RULES] = occurrence.url
        return
    at = resource
    for step in site.steps:
        at = _down(at, step)
    if occurrence.fault is not None and occurrence.fault.ground is Ground.INCOMPLETE:
        resource["meta"] = {"tag": [dict(SUBSETTED)]}
        return
    if occurrence.url is None:
        at[MODIFIERS] = []
        return
    planted = [dict(occurrence.extension or {})]
    if occurrence.contradicted:
        planted.append({"url": occurrence.url, "valueString": "another value"})
    at.setdefault(occurrence.slot, []).extend(planted)


def _down(at: Json, step: Step) -> Json:
    """Return the object at one step, made when it is not there, with as many beside it as must remain without it."""
    made: Json = {"url": "urn:caveat:specimen"} if step.child.segment in {EXTENSIONS, MODIFIERS} else {}
    if step.child.segment == MODIFIERS:
        made["url"] = "https://caveat.invalid/holder"
    if step.child.maximum == 1:
        found: Json = at.setdefault(step.name, made)
        return found
    group: list[Json] = at.setdefault(step.name, [made, *({"id": f"other-{n}"} for n in range(step.child.minimum))])
    return group[0]
