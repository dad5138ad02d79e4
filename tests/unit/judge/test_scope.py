"""What is in scope: language page, point 6."""

from __future__ import annotations

from typing import Any

import pytest

from strategies.judging import X, carrying, report, study

READS = "reads ImagingStudy { status, series.uid, series.instance.uid }"
AT: dict[str, tuple[str, dict[str, Any], bool]] = {
    "the root is above": (READS, study("m"), True),
    "an element above": (READS, study(series=[carrying("m")]), True),
    "one above, deeper": (READS, study(series=[{"instance": [carrying("m")]}]), True),
    "one beside": (READS, study(series=[{"performer": [carrying("m")]}]), False),
    "the element itself": ("reads ImagingStudy { series.performer }", study(series=[{"performer": [carrying("m")]}]), True),
    "one below": ("reads ImagingStudy { series }", study(series=[{"instance": [carrying("m")]}]), True),
    "a name that begins alike": ("reads ImagingStudy { series.instance }", study(series=[{"performer": [carrying("m")]}]), False),
    "a name that begins alike, beside": (
        "reads Encounter { status }",
        {"resourceType": "Encounter", "statusHistory": [carrying("m")]},
        False,
    ),
    "nothing of the type": ("reads ImagingStudy {}", study("m"), False),
    "all of the type": ("reads all of ImagingStudy;", study(series=[{"performer": [carrying("m")]}]), True),
    "another type": ("reads Patient {}", study("m"), True),
    "implicitRules stand on the resource": (READS, study(implicitRules=X + "m"), True),
    "implicitRules of what is not read": ("reads ImagingStudy {}", study(implicitRules=X + "m"), False),
    "in an extension of the root": (READS, study(extension=[{"url": X + "p", "valueTiming": carrying("m")}]), True),
    "in an extension of what is not read": (
        READS,
        study(series=[{"performer": [{"extension": [{"url": X + "p", "valueTiming": carrying("m")}]}]}]),
        False,
    ),
    "in an extension of what is read": (
        READS,
        study(series=[{"uid": "1", "_uid": {"extension": [{"url": X + "p", "valueTiming": carrying("m")}]}}]),
        True,
    ),
    "contained, by its own type": (
        READS + "reads Patient { name }",
        study(contained=[{"resourceType": "Patient", "contact": [carrying("m")]}]),
        False,
    ),
    "contained, of a type that is not spoken of": (
        READS,
        study(contained=[{"resourceType": "Patient", "contact": [carrying("m")]}]),
        True,
    ),
    "recursion by its short path": (
        "reads Questionnaire { item.text }",
        {"resourceType": "Questionnaire", "item": [{"item": [carrying("m")]}]},
        True,
    ),
    "beside it in the recursion": (
        "reads Questionnaire { item.text }",
        {"resourceType": "Questionnaire", "item": [{"item": [{"enableWhen": [carrying("m")]}]}]},
        False,
    ),
    "a choice": (
        "reads ServiceRequest { occurrence[x] }",
        {"resourceType": "ServiceRequest", "occurrenceTiming": carrying("m")},
        True,
    ),
}


@pytest.mark.parametrize(("reads", "tree", "read"), AT.values(), ids=AT)
def test_scope(reads: str, tree: dict[str, Any], *, read: bool) -> None:
    """An occurrence is in scope on what is read, above it and below it; a type without `reads` wholly."""
    (decision,) = report(reads, tree).decisions
    assert decision.ground == ("unknown" if read else "out-of-scope")
    assert decision.verdict.word == ("reject" if read else "clear")


def test_an_element_alone_has_its_scope() -> None:
    """An element that stands alone is in scope as it is in its resource."""
    (read,) = report(READS, carrying("m"), at="ImagingStudy.series.instance").decisions
    (unread,) = report(READS, carrying("m"), at="ImagingStudy.series.performer").decisions
    assert [read.ground, unread.ground] == ["unknown", "out-of-scope"]
