"""A report as an OperationOutcome: what fhir.resources of both generations accepts, with the codes that were promised."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from fhir.resources.operationoutcome import OperationOutcome as OperationOutcomeR5
from fhir.resources.R4B.operationoutcome import OperationOutcome as OperationOutcomeR4B

from caveat.formats.outcome import MOST_ISSUES, SYSTEM, outcome
from caveat.guard import Guard
from strategies.defining import defined, locked
from strategies.judging import carrying, report

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


@pytest.mark.parametrize("case", CASES)
def test_severity_code_and_ground(case: str) -> None:
    """Each kind of decision has the severity and the issue type that were promised, and names its ground."""
    raw, severity, code, ground = CASES[case]
    (issue,) = outcome_of(raw)["issue"]
    assert (issue["severity"], issue["code"]) == (severity, code)
    assert issue["details"]["coding"] == [{"system": SYSTEM, "code": ground}]


@pytest.mark.parametrize("model", [OperationOutcomeR4B, OperationOutcomeR5], ids=["R4B", "R5"])
@pytest.mark.parametrize("case", CASES)
def test_fhir_resources_accepts_it(case: str, model: Any) -> None:
    """What is handed out is a valid OperationOutcome, and loses nothing in the model."""
    made = outcome_of(CASES[case][0])
    assert json.loads(model.model_validate(made).model_dump_json()) == made


@pytest.mark.parametrize("case", CASES)
def test_no_value_is_in_it(case: str) -> None:
    """An outcome goes to whoever sent the data, and may be logged on the way."""
    assert CANARY not in json.dumps(outcome_of(CASES[case][0]))


def test_an_issue_says_where_what_why_and_what_to_do() -> None:
    """The expression is the location; the diagnostics name the url, the reason and the remedy."""
    (issue,) = outcome_of(study(flagged("refused")))["issue"]
    assert issue["expression"] == ["ImagingStudy.modifierExtension[0]"]
    assert issue["diagnostics"] == (
        "https://example.org/refused: decided by the rule `refused-flag`: never. "
        "To do: send data without this modifier, or decide otherwise in the rule."
    )


@pytest.mark.parametrize("raw", [study(), study(flagged("known"))], ids=["clear", "accept"])
def test_with_nothing_to_say_it_says_that_all_is_well(raw: bytes) -> None:
    """FHIR wants one issue at least."""
    assert outcome_of(raw)["issue"] == [{"severity": "information", "code": "informational", "details": {"text": "All OK"}}]


def test_an_outcome_is_bounded() -> None:
    """A document with very many modifiers does not make an answer grow without bound; the rest is counted."""
    issues = outcome_of(study(flagged(*(f"u{n}" for n in range(MOST_ISSUES + 5)))))["issue"]
    assert len(issues) == MOST_ISSUES + 1
    assert issues[-1]["details"]["text"].startswith("5 more")


def test_what_does_not_count_is_information() -> None:
    """A refused modifier inside an element that is left out refuses nothing."""
    inside = {**flagged("refused"), "sopClass": {"code": "x"}, "extension": [{"url": "https://example.org/plain"}]}
    rules = RULES + 'reject deep: "https://example.org/deep" on ImagingStudy.series.instance.** because "x";'
    inside["modifierExtension"] = [*flagged("refused")["modifierExtension"], *flagged("deep")["modifierExtension"]]
    del inside["extension"]
    made = outcome(Guard.from_text(rules).check(study(instance=inside), today=TODAY))
    assert [issue["severity"] for issue in made["issue"]] == ["warning", "information"]
    assert "does not count" in made["issue"][1]["diagnostics"]


def test_what_cannot_be_told_has_its_own_remedy() -> None:
    """A place that no definition plainly allows is no matter of a rule's condition: the issue says what to do about it."""
    policy = locked([defined("Patient.contact:x")])
    tree = {"resourceType": "Patient", "contact": [carrying("m")]}
    (issue,) = outcome(report(policy, tree))["issue"]
    assert issue["severity"] == "error"
    assert issue["details"]["coding"][0]["code"] == "undetermined"
    assert "cannot be told. To do: send it where its definition plainly allows it" in issue["diagnostics"]
