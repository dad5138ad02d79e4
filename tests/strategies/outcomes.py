"""Documents for each kind of issue that an OperationOutcome can have, and what it is to say of them."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from caveat.formats.outcome import outcome
from caveat.guard import Guard

TODAY = date(2026, 11, 23)
CANARY = "CANARY-4711"
RULES = """caveat 1;
policy "imaging" version "1.0.0" {
    owner "pacs-team"; fhir R4B;
    default review on ImagingStudy.series.performer; default exclude on ImagingStudy.series.instance;
}
extension refused = "https://example.org/refused";
reject refused-flag: refused on ImagingStudy because "never";
exclude left-out: refused on ImagingStudy.series.instance because "not shown" assessed 2026-01-01;
review looked-at: "https://example.org/review" on ImagingStudy because "a person decides";
narrative shown: "https://example.org/narrative" on ImagingStudy because "show only";
warn told: "https://example.org/warn" on ImagingStudy because "tell" assessed 2026-01-01;
understand known: "https://example.org/known" on ImagingStudy because "known" assessed 2026-01-01;
forbid stop: refused on ImagingStudy.series because "never";
"""


def flagged(*urls: str, slot: str = "modifierExtension") -> dict[str, Any]:
    """Return an element with a string under each of `urls`."""
    return {slot: [{"url": f"https://example.org/{url}" if url else "relative", "valueString": CANARY} for url in urls]}


def study(
    root: dict[str, Any] | None = None, instance: dict[str, Any] | None = None, series: dict[str, Any] | None = None
) -> bytes:
    """Return a study whose narrative may be shown."""
    made = {"uid": "1", "instance": [{"uid": "1.1", **(instance or {})}, {"uid": "1.2"}], **(series or {})}
    text = {"status": "generated", "div": f"<div>{CANARY}</div>"}
    return json.dumps({"resourceType": "ImagingStudy", "text": text, **(root or {}), "series": [made]}).encode()


SUBSETTED = {"meta": {"tag": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}]}}
CASES = {
    "unknown": (study(flagged("u")), "error", "extension", "unknown"),
    "refused": (study(flagged("refused")), "error", "business-rule", "rule"),
    "malformed": (study(flagged("")), "error", "invalid", "malformed"),
    "misplaced": (study({"text": {"status": "generated", **flagged("u")}}), "error", "structure", "misplaced"),
    "wrong-slot": (study(flagged("refused", slot="extension")), "error", "structure", "wrong-slot"),
    "incomplete": (study(SUBSETTED), "error", "incomplete", "incomplete"),
    "unreadable": (b"{", "error", "invalid", "unreadable"),
    "review": (study(flagged("review")), "warning", "extension", "rule"),
    "unknown to review": (study(series={"performer": [flagged("u")]}), "warning", "extension", "unknown"),
    "narrative": (study(flagged("narrative")), "warning", "extension", "rule"),
    "warn": (study(flagged("warn")), "warning", "informational", "rule"),
    "excluded by rule": (study(instance=flagged("refused")), "warning", "business-rule", "rule"),
    "excluded by default": (study(instance=flagged("u")), "warning", "extension", "unknown"),
}


def outcome_of(raw: bytes) -> dict[str, Any]:
    """Return the outcome on `raw`."""
    return outcome(Guard.from_text(RULES).check(raw, today=TODAY))
