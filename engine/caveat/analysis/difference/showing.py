"""The witness of a difference: the least document that shows it, what to check it for, and whether it does.

Rule 1: a witness is judged whole, as any document is; it shows a change when both verdicts are the ones stated.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from caveat.analysis.difference.cells import Found
from caveat.analysis.document import SUBSETTED, document_of
from caveat.analysis.sites import Site
from caveat.domain.change import Days, What, Where, Witness
from caveat.domain.decision import EXTENSIONS, MODIFIERS, Occurrence, Verdict
from caveat.intake.root import Wire
from caveat.judge.check import Question, judge_bytes
from caveat.policy.policy import Policy
from caveat.spec.release import Release
from caveat.spec.shape import tables

Json = dict[str, Any]
_BARE = frozenset({Where.NO_NARRATIVE, Where.NEITHER})
_FIXED = frozenset({Where.NOTHING_LEFT_OUT, Where.NEITHER})


def witness(what: What, site: Site, occurrence: Occurrence, found: Found, today: date) -> Witness:
    """Return the witness of `found`, with `occurrence` at `site`: on `today`, or the day that is nearest to it."""
    carrier = occurrence.carrier
    stands = replace(carrier, has_narrative=carrier.has_narrative and found.where not in _BARE)
    document, at = _document(what, site, replace(occurrence, carrier=stands))
    if found.where in _FIXED:
        document = _embedded(document)
    return Witness(document, site.release.value, day_in(found.days[0], today), found.intent, at)


def day_in(days: Days, today: date) -> date:
    """Return `today` where it is one of `days`, else the nearest of them."""
    if days.since is not None and today < days.since:
        return days.since
    return days.until if days.until is not None and days.until < today else today


def verdict_of(policy: Policy, seen: Witness) -> Verdict:
    """Return the verdict of `policy` on a witness."""
    release = Release.of(seen.release)
    question = Question(policy, release, seen.day, seen.intent)
    if seen.at is not None:
        question = replace(question, at=tables(release).resolve(seen.at), wire=Wire.GRAPHQL)
    return judge_bytes(question, written(seen.document)).report.verdict


def written(document: Mapping[str, Any]) -> bytes:
    """Return a document as it is saved."""
    return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"


# documents


def _document(what: What, site: Site, occurrence: Occurrence) -> tuple[Json, str | None]:
    """Return the document, and the type that it answers for in GraphQL's form."""
    slot = occurrence.slot if what is What.RULES else MODIFIERS
    alone = replace(occurrence, slot=slot, url=occurrence.url or "", contradicted=False, fault=None)
    together = [alone, replace(alone, extension=_twin(alone.extension or {}))] if occurrence.contradicted else [alone]
    document = document_of(site, together)
    holder = _holder(document, site)
    match what:
        case What.MISPUT:
            holder[EXTENSIONS] = [*holder.get(EXTENSIONS, []), *holder.pop(MODIFIERS)]
        case What.EMPTY:
            holder[MODIFIERS] = []
        case What.INCOMPLETE if not site.steps:
            del holder[MODIFIERS]
            holder["meta"] = {"tag": [dict(SUBSETTED)]}
        case What.INCOMPLETE:
            del holder[MODIFIERS]
            return _answered(document, site), site.carrier.resource_type
        case _:
            pass
    return document, None


def _holder(document: Json, site: Site) -> Json:
    """Return the object that the modifier stands on."""
    return _objects(document, site)[-1]


def _objects(document: Json, site: Site) -> list[Json]:
    """Return the objects from the resource of `site` down to it; the resource may be contained in another."""
    at = document if document["resourceType"] == site.carrier.resource_type else document["contained"][0]
    found: list[Json] = [at]
    for step in site.steps:
        below = found[-1][step.name]
        found.append(below[0] if isinstance(below, list) else below)
    return found


def _answered(document: Json, site: Site) -> Json:
    """Return the document as GraphQL would answer it, asked for the modifiers of everything but the element at `site`."""
    shapes = [tables(site.release).required(site.carrier.resource_type), *(step.child.shape for step in site.steps)]
    for node, shape in list(zip(_objects(document, site), shapes, strict=True))[:-1]:
        if shape is not None and shape.carries:
            node[MODIFIERS] = None
    for node in _objects(document, site):
        _complete_siblings(node)
    return document


def _complete_siblings(node: Json) -> None:
    """Say of the elements beside those on the way that they have no modifiers."""
    for group in node.values():
        for other in group[1:] if isinstance(group, list) else ():
            other[MODIFIERS] = None


def _embedded(document: Json) -> Json:
    """Return a Binary that carries the document: nothing can be left out of it."""
    data = base64.b64encode(json.dumps(document).encode()).decode()
    return {"resourceType": "Binary", "contentType": "application/fhir+json", "data": data}


def _twin(extension: Mapping[str, Any]) -> Json:
    """Return an extension of the same url and type that says the same, and is not the same."""
    other: Json = dict(extension)
    for name, value in extension.items():
        if name == EXTENSIONS:
            other[name] = [*value, {"url": "beside", "valueBoolean": True}]
        elif name.startswith("_value") or isinstance(value, Mapping):
            other[name] = {**value, "id": "other"}
        elif name.startswith("value"):
            other[f"_{name}"] = {"id": "other"}
    return other
