"""An OperationOutcome held against R4 itself, of which fhir.resources has no classes: its StructureDefinitions and value sets.

The reader of the definitions here is written from them alone, and knows nothing of Caveat.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from caveat.domain.decision import Decision, Ground, Intent, Verdict
from caveat.domain.report import PolicyName, Report
from caveat.formats.outcome import outcome
from caveat.guard import Guard
from strategies.outcomes import CASES, TODAY, outcome_of

# hl7.org/fhir/R4/valueset-issue-severity.html and valueset-issue-type.html, 4.0.1, both bound as required.
SEVERITIES = {"fatal", "error", "warning", "information"}
TYPES = {
    "invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired", "forbidden",
    "suppressed", "processing", "not-supported", "duplicate", "multiple-matches", "not-found", "deleted", "too-long",
    "code-invalid", "extension", "too-costly", "business-rule", "conflict", "transient", "lock-error", "no-store", "exception",
    "timeout", "incomplete", "throttled", "informational",
}  # fmt: skip
PRIMITIVES = {"string", "code", "uri", "boolean", "id"}
ISSUE = {"severity": "error", "code": "invalid"}
SYSTEM_STRING = "http://hl7.org/fhirpath/System.String"


@cache
def elements(folder: Path, kind: str) -> Mapping[str, Mapping[str, Any]]:
    """Return the snapshot of a type in R4 by path."""
    with tarfile.open(folder / "definitions" / "r4" / "base-structuredefinitions.tgz") as archive:
        found = archive.extractfile(f"{kind.lower()}.json")
        assert found is not None
        told = json.load(found)
    told = told.get("resource", told)
    assert (told["type"], told["fhirVersion"]) == (kind, "4.0.1")
    return {each["path"]: each for each in told["snapshot"]["element"]}


def faults(folder: Path, kind: str, tree: Mapping[str, Any], at: str | None = None) -> Iterator[str]:
    """Give what is not as the snapshot of a type wants it, below the element `at`."""
    known, at = elements(folder, kind), at or kind
    children = {path.rpartition(".")[2]: each for path, each in known.items() if path.rpartition(".")[0] == at}
    yield from (f"{at}.{key} is not known" for key in tree if key not in children and (at, key) != (kind, "resourceType"))
    for key, element in children.items():
        values = tree.get(key, [])
        if key in tree and (element["max"] == "*") != isinstance(values, list):
            yield f"{at}.{key} is no list, or one"
        values = values if isinstance(values, list) else [values]
        if len(values) < element["min"] or (key in tree and not values):
            yield f"{at}.{key} is missing"
        for value in values:
            yield from _value_faults(folder, (kind, f"{at}.{key}"), element["type"][0]["code"], value)


def _value_faults(folder: Path, place: tuple[str, str], kind: str, value: Any) -> Iterator[str]:
    if kind in PRIMITIVES or kind == SYSTEM_STRING:
        if not isinstance(value, str) or not value.strip():
            yield f"{place[1]} is no {kind}"
    elif kind == "BackboneElement":
        yield from faults(folder, place[0], value, place[1])
    else:
        yield from faults(folder, kind, value)


def check(folder: Path, told: Mapping[str, Any]) -> None:
    """Assert that an outcome is one of R4."""
    assert told["resourceType"] == "OperationOutcome"
    assert list(faults(folder, "OperationOutcome", told)) == []
    assert {each["severity"] for each in told["issue"]} <= SEVERITIES
    assert {each["code"] for each in told["issue"]} <= TYPES


@pytest.mark.parametrize("case", CASES)
def test_an_outcome_is_one_of_r4(case: str, shared: Path) -> None:
    """Each kind of answer has the elements, the cardinalities and the codes that R4 has, and no others."""
    check(shared, outcome_of(CASES[case][0]))


def test_an_outcome_without_anything_to_say_is_one_of_r4(shared: Path) -> None:
    """R4 wants one issue at least."""
    check(shared, Guard.default().check(b'{"resourceType":"Patient"}').to_outcome())


@pytest.mark.parametrize("ground", Ground)
@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("told", [Verdict.CLEAR, Verdict.REJECT], ids=["milder", "as strict"])
def test_every_decision_has_codes_of_r4(verdict: Verdict, ground: Ground, told: Verdict, shared: Path) -> None:
    """Whatever is decided, on whatever ground, the issue has a severity and a type that R4 knows."""
    policy = PolicyName("p", "1", "sha256:" + "0" * 64)
    report = Report(told, (Decision(verdict, ground),), "Patient", None, "R4", "document", Intent.READ, TODAY, policy)
    check(shared, outcome(report))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"colour": "red"}, "OperationOutcome.colour is not known"),
        ({"issue": []}, "OperationOutcome.issue is missing"),
        ({"issue": ISSUE}, "OperationOutcome.issue is no list, or one"),
        ({"issue": [{"severity": "error"}]}, "OperationOutcome.issue.code is missing"),
        ({"issue": [{"severity": "error", "code": "invalid", "details": {"coding": [{"code": 1}]}}]}, "Coding.code is no code"),
    ],
)
def test_the_reader_of_the_definitions_finds_what_is_wrong(change: dict[str, Any], said: str, shared: Path) -> None:
    """What R4 does not allow is found, so that finding nothing says something."""
    assert list(faults(shared, "OperationOutcome", {"resourceType": "OperationOutcome", "issue": [ISSUE], **change})) == [said]
