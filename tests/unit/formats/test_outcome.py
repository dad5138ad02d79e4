"""A report as an OperationOutcome: what fhir.resources of both generations accepts, with the codes that were promised."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from fhir.resources.operationoutcome import OperationOutcome as OperationOutcomeR5
from fhir.resources.R4B.operationoutcome import OperationOutcome as OperationOutcomeR4B

from caveat.domain.decision import Decision, Ground, Intent, Verdict
from caveat.domain.report import PolicyName, Report
from caveat.formats.outcome import MOST_ISSUES, SYSTEM, outcome
from caveat.guard import Guard
from strategies.defining import defined, locked
from strategies.judging import carrying, report
from strategies.outcomes import CANARY, CASES, RULES, TODAY, flagged, outcome_of, study


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


@pytest.mark.parametrize("model", [OperationOutcomeR4B, OperationOutcomeR5], ids=["R4B", "R5"])
def test_fhir_resources_accepts_every_decision(model: Any) -> None:
    """Whatever is decided, on whatever ground, in a report as strict or milder, the outcome loads and loses nothing."""
    policy = PolicyName("p", "1", "sha256:" + "0" * 64)
    for verdict, ground, told in product(Verdict, Ground, (Verdict.CLEAR, Verdict.REJECT)):
        made = outcome(Report(told, (Decision(verdict, ground),), "Patient", None, "R4", "document", Intent.READ, TODAY, policy))
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
