"""The reduced form: language page, point 7."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from caveat.judge.fold import excluded
from caveat.judge.reduce import reduced
from strategies.judging import Wire, X, carrying, judged, policy_of, rule, waiver

OUT = policy_of(rule("exclude", "x", "@out on *.**") + waiver("w", "incomplete on *.** as warn"))
TAG = {"system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "code": "SUBSETTED"}
META = {"tag": [TAG]}
GONE = carrying("out")


def reduce(tree: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Return the reduced form of what the policy would leave out of `tree`, having looked that `tree` stays as it was."""
    before = copy.deepcopy(tree)
    report = judged(OUT, tree, **rest).report
    assert report.verdict.word == "exclude"
    result = reduced(tree, excluded(report.decisions), report.resource_type or "", whole="at" not in rest)
    assert tree == before
    return result


def study(*series: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"resourceType": "ImagingStudy", "status": "available", "series": list(series), **rest}


KEPT = {"uid": "1"}
FORMS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "one of a list": (study(KEPT, GONE), study(KEPT, meta=META)),
    "the first of a list": (study(GONE, KEPT), study(KEPT, meta=META)),
    "several in one list": (study(GONE, KEPT, GONE, KEPT, GONE), study(KEPT, KEPT, meta=META)),
    "all of a list": (study(GONE, GONE), {"resourceType": "ImagingStudy", "status": "available", "meta": META}),
    "in two lists": (
        study({"instance": [GONE, KEPT]}, {"instance": [KEPT, GONE]}),
        study({"instance": [KEPT]}, {"instance": [KEPT]}, meta=META),
    ),
    "nested": (study(KEPT, carrying("out", instance=[GONE])), study(KEPT, meta=META)),
    "below and beside": (study(GONE, {"instance": [GONE, KEPT]}), study({"instance": [KEPT]}, meta=META)),
    "the last of an inner list": (study({"uid": "1", "instance": [GONE]}), study({"uid": "1"}, meta=META)),
    "a single element": (
        {"resourceType": "MedicationRequest", "dispenseRequest": GONE, "status": "active"},
        {"resourceType": "MedicationRequest", "status": "active", "meta": META},
    ),
    "in a single element": (
        {"resourceType": "MedicationRequest", "dispenseRequest": {"initialFill": GONE, "id": "a"}},
        {"resourceType": "MedicationRequest", "dispenseRequest": {"id": "a"}, "meta": META},
    ),
    "narrative and counts": (
        study(
            {"numberOfInstances": 2, "_numberOfInstances": {"id": "a"}, "instance": [GONE, KEPT]},
            {"numberOfInstances": 7},
            numberOfInstances=9,
            numberOfSeries=2,
            text={"status": "generated"},
        ),
        study({"instance": [KEPT]}, {"numberOfInstances": 7}, meta=META),
    ),
    "a contained resource": (
        study(
            contained=[{"resourceType": "Patient", "text": {"status": "empty"}, "contact": [GONE, KEPT]}],
            text={"status": "generated"},
        ),
        study(contained=[{"resourceType": "Patient", "contact": [KEPT], "meta": META}], meta=META),
    ),
    "a contained resource that lost nothing": (
        study(GONE, KEPT, contained=[{"resourceType": "Patient", "text": {"status": "empty"}}]),
        study(KEPT, contained=[{"resourceType": "Patient", "text": {"status": "empty"}}], meta=META),
    ),
    "a Bundle's entry": (
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": 2,
            "entry": [GONE, {"resource": study(KEPT, text={"status": "empty"})}],
        },
        {
            "resourceType": "Bundle",
            "type": "searchset",
            "entry": [{"resource": study(KEPT, text={"status": "empty"})}],
            "meta": META,
        },
    ),
    "in a Bundle's entry": (
        {
            "resourceType": "Bundle",
            "type": "document",
            "total": 1,
            "_total": {"id": "a"},
            "signature": {"data": "AA=="},
            "entry": [{"resource": study(GONE, KEPT)}, {"resource": study(KEPT)}],
        },
        {
            "resourceType": "Bundle",
            "type": "document",
            "meta": META,
            "entry": [{"resource": study(KEPT, meta=META)}, {"resource": study(KEPT)}],
        },
    ),
    "totals of other resources are elements": (
        {"resourceType": "ExplanationOfBenefit", "total": [GONE, KEPT, GONE], "item": [KEPT]},
        {"resourceType": "ExplanationOfBenefit", "total": [KEPT], "item": [KEPT], "meta": META},
    ),
    "a resource that has tags": (
        study(GONE, KEPT, meta={"id": "a", "tag": [{"code": "x"}]}),
        study(KEPT, meta={"id": "a", "tag": [{"code": "x"}, TAG]}),
    ),
    "a resource that is tagged": (study(GONE, KEPT, meta={"tag": [TAG]}), study(KEPT, meta=META)),
    "a resource that is tagged with a text": (
        study(GONE, KEPT, meta={"tag": [{**TAG, "display": "subsetted"}]}),
        study(KEPT, meta={"tag": [{**TAG, "display": "subsetted"}]}),
    ),
    "meta that is no object": (study(GONE, KEPT, meta=None), study(KEPT, meta=META)),
    "tags that are no array": (study(GONE, KEPT, meta={"tag": {"code": "x"}}), study(KEPT, meta=META)),
    "a tag that is no object": (study(GONE, KEPT, meta={"tag": ["x"]}), study(KEPT, meta={"tag": ["x", TAG]})),
    "recursion": (
        {"resourceType": "Questionnaire", "item": [{"item": [{"linkId": "1"}, carrying("out", linkId="2")], "linkId": "0"}]},
        {"resourceType": "Questionnaire", "item": [{"item": [{"linkId": "1"}], "linkId": "0"}], "meta": META},
    ),
    "a data type": (
        {"resourceType": "MedicationRequest", "dosageInstruction": [{"text": "a", "timing": GONE}, GONE]},
        {"resourceType": "MedicationRequest", "dosageInstruction": [{"text": "a"}], "meta": META},
    ),
}


@pytest.mark.parametrize(("tree", "result"), FORMS.values(), ids=FORMS)
def test_reduced(tree: dict[str, Any], result: dict[str, Any]) -> None:
    """Excluded elements are gone, and with them what no longer holds; every resource that lost something says so, once."""
    assert reduce(tree) == result


def test_an_element_alone() -> None:
    """An element that stands alone is reduced, and has no meta to be tagged in."""
    series = {"uid": "1", "numberOfInstances": 2, "instance": [GONE, KEPT]}
    assert reduce(series, at="ImagingStudy.series") == {"uid": "1", "instance": [KEPT]}


def test_a_graphql_answer_that_names_its_type() -> None:
    """In a GraphQL answer the type may stand in `__typename`, and one of a list by itself."""
    tree = {
        "__typename": "ImagingStudy",
        "modifierExtension": None,
        "series": {"modifierExtension": GONE["modifierExtension"], "uid": "1"},
    }
    assert reduce(tree, wire=Wire.GRAPHQL) == {"__typename": "ImagingStudy", "modifierExtension": None, "meta": META}


def test_a_resource_within_may_name_its_type_so_too() -> None:
    """A resource within a GraphQL answer that has its type in `__typename` is reduced like any other."""
    inner = {"__typename": "ImagingStudy", "modifierExtension": None, "text": {}, "numberOfSeries": 2, "series": [GONE]}
    tree = {"__typename": "Bundle", "type": "collection", "entry": [{"modifierExtension": None, "resource": inner}]}
    told = reduce(tree, wire=Wire.GRAPHQL)["entry"][0]["resource"]
    assert told == {"__typename": "ImagingStudy", "modifierExtension": None, "meta": META}


def test_what_is_left_empty_goes_too() -> None:
    """FHIR knows no empty object and no empty list (MX-67), and nothing else is lost with them."""
    result = reduce(study({"instance": [GONE, GONE]}, {"uid": "1", "instance": [GONE, KEPT]}))
    assert result["series"] == [{"uid": "1", "instance": [KEPT]}]
    assert "series" not in reduce(study({"instance": [GONE]}, {"instance": [GONE, GONE]}))


def test_many_excluded_elements_cost_no_more_than_their_number() -> None:
    """Half of 20,000 instances are left out at once."""
    made = [{"uid": f"{n}", **(carrying("out") if n % 2 else {})} for n in range(20_000)]
    result = reduce(study({"uid": "1", "instance": made}))
    assert [each["uid"] for each in result["series"][0]["instance"]] == [f"{n}" for n in range(0, 20_000, 2)]


def test_nothing_to_leave_out() -> None:
    """A reduced form says that it is one, even where nothing had to be left out."""
    assert reduced(study(KEPT), (), "ImagingStudy") == study(KEPT, meta=META)


def test_the_original_shares_nothing_with_the_reduced_form() -> None:
    """What is done to the reduced form never reaches the original."""
    tree = study(GONE, {"uid": "1", "extension": [{"url": X + "p", "valueCode": "a"}]})
    result = reduce(tree)
    result["series"][0]["extension"][0]["valueCode"] = "b"
    result["meta"]["tag"][0]["code"] = "b"
    assert tree["series"][1]["extension"][0]["valueCode"] == "a"
    assert reduce(tree)["meta"] == META
