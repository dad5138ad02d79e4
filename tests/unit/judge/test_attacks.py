"""Documents made to slip through: each of these once did, or cost more than it may."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from fhir.resources.R4B.patient import Patient

from caveat import Guard, Report
from caveat.domain.decision import Verdict

EXCLUDED, UNKNOWN = "http://example.org/excluded", "http://example.org/unknown"
GUARD = Guard.from_text(f"""caveat 1;
policy "p" version "1" {{ owner "o"; }}
exclude x: "{EXCLUDED}" on ImagingStudy.series because "x" assessed 2026-01-01;
""")


def modifier(url: str) -> list[dict[str, Any]]:
    return [{"url": url, "valueBoolean": True}]


def graphql(tree: dict[str, Any], **told: Any) -> Report:
    return GUARD.check(tree, wire="graphql", **told)


def test_a_property_name_cannot_pass_for_the_place_of_an_excluded_element() -> None:
    """`series[0]` as a name is another place than the first of `series`."""
    decoy = {"__typename": "Patient", "modifierExtension": modifier(UNKNOWN)}
    series = [{"modifierExtension": modifier(EXCLUDED)}, {"modifierExtension": []}]
    tree = {"__typename": "ImagingStudy", "modifierExtension": [], "series": series, "series[0]": decoy}
    assert graphql(tree).verdict is Verdict.REJECT


def test_parts_of_a_graphql_answer_have_what_was_asked_for_and_nothing_else() -> None:
    """What a query asked for and did not get is no second value of a part, and what is there is still looked at."""
    part = {"__typename": "Extension", "url": "p", "valueCode": "a", "valueString": None, "extension": []}
    for parts, ground in (([part], "unknown"), ([part, {**part, "valueString": "b"}], "malformed"), ([part, "x"], "malformed")):
        tree = {"__typename": "Patient", "modifierExtension": [{"url": UNKNOWN, "valueCode": None, "extension": parts}]}
        assert [str(decision.ground) for decision in graphql(tree).decisions] == [ground]


@pytest.mark.parametrize("at", ["ImagingStudy", "Bundle"])
def test_what_calls_itself_another_resource_is_unreadable(at: str) -> None:
    """A GraphQL answer that names itself after another resource than was asked for has no type to be read by."""
    tree = {"__typename": "Patient", "modifierExtension": [], "series": [], "tudy": {}}
    assert graphql(tree, at=at).problems[0].code == "resource-type"
    assert graphql({"resourceType": "Binary", "__typename": "Patient"}).problems[0].code == "resource-type"
    inner = {"__typename": "Patient", "resourceType": "Basic", "modifierExtension": []}
    tree = {"__typename": "Bundle", "entry": [{"modifierExtension": [], "resource": inner}]}
    assert graphql(tree).problems[0].code == "resource-type"


@pytest.mark.parametrize(
    "tree",
    [
        {
            "resourceType": "Bundle",
            "type": "collection",
            "contained": [{"resourceType": "Patient", "implicitRules": "http://e.x/r"}],
        },
        {"resourceType": "Basic", "foo": {"resourceType": "Patient", "implicitRules": "http://e.x/r"}},
        {"resourceType": "Basic", "subject": {"implicitRules": "http://e.x/r"}},
        {"resourceType": "Patient", "contact": [{"implicitRules": "http://e.x/r"}]},
        {"resourceType": "Patient", "contact": [{"_implicitRules": {"id": "1"}}]},
    ],
    ids=["where nothing is contained", "unknown property", "data type", "backbone", "companion"],
)
def test_implicit_rules_are_found_where_fhir_allows_none(tree: dict[str, Any]) -> None:
    """They are misplaced, and refused."""
    report = GUARD.check(tree)
    assert [(d.verdict.word, str(d.ground)) for d in report.decisions] == [("reject", "misplaced")]


@pytest.mark.parametrize("name", ["ImplicitRules", "implicitrules", "_ImplicitRules", "IMPLICITRULES"])
@pytest.mark.parametrize("around", ['{"resourceType":"Patient",%s}', '{"resourceType":"Patient","contact":[{%s}]}'])
def test_implicit_rules_in_another_case_are_malformed(name: str, around: str) -> None:
    """Property names differ in case for FHIR; a reader that does not care would read rules."""
    report = GUARD.check((around % f'"{name}":"http://e.x/r"').encode())
    assert [(d.verdict.word, str(d.ground)) for d in report.decisions] == [("reject", "malformed")]


def test_a_long_row_of_combining_marks_costs_no_more_than_its_length() -> None:
    """Names are folded character by character, for normalising sorts marks, and slowly."""
    raw = json.dumps({"resourceType": "Patient", "\u0301" * 100_000 + "\u0316" * 100_000: 1}, ensure_ascii=False).encode()
    start = time.process_time()
    assert GUARD.check(raw).may_process
    assert time.process_time() - start < 2


def test_faults_at_places_that_fhir_does_not_know_count_for_every_part() -> None:
    """What stands under a misspelt name may be an ancestor of the part; nobody can tell."""
    study = {"resourceType": "ImagingStudy", "Series": [{"modifierExtension": modifier(UNKNOWN)}]}
    whole = GUARD.check(study)
    report = GUARD.check({"uid": "1"}, at="ImagingStudy.series.instance", within=whole)
    assert report.verdict is Verdict.REJECT


def nested(depth: int, bottom: str, around: str) -> bytes:
    return ('{"resourceType":"Patient","identifier":[' + around * depth + bottom + "}}" * depth + "]}").encode()


DOWN, SLOT = '{"assigner":{"identifier":', '{"modifierExtension":0}'
HOSTILE = {
    "many slots far down": lambda n: nested(58, '{"extension":[' + ",".join([SLOT] * n) + "]}", DOWN),
    "many names far down": lambda n: nested(58, "{" + ",".join(f'"k{i}":{SLOT}' for i in range(n)) + "}", DOWN),
    "a long name": lambda n: f'{{"resourceType":"Patient","{"x" * 50 * n}":[{",".join([SLOT] * n)}]}}'.encode(),
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE)
def test_the_cost_of_an_occurrence_does_not_grow_with_depth_or_names(make: Any) -> None:
    """Twice as many occurrences cost about twice as much, however deep they stand and whatever they are called."""
    took = []
    for number in (1_000, 4_000):
        raw = make(number)
        assert json.loads(raw)
        start = time.process_time()
        report = GUARD.check(raw)
        took.append(time.process_time() - start)
        assert report.verdict is Verdict.REJECT
        assert len(report.decisions) >= number
        assert max(len(each.occurrence.location) for each in report.decisions if each.occurrence) < 2_000
    assert took[1] < 10 * took[0]


ITEM = {"linkId": "1", "type": "group", "modifierExtension": modifier(UNKNOWN), "item": [{"linkId": "1.1", "type": "string"}]}


@pytest.mark.parametrize(
    ("tree", "at"),
    [
        ({"resourceType": "Questionnaire", "status": "active", "item": [ITEM]}, "Questionnaire.item"),
        ({"resourceType": "Questionnaire", "status": "active", "item": [{"item": [ITEM]}]}, "Questionnaire.item.answerOption"),
        (
            {"resourceType": "Consent", "provision": {"provision": [{"modifierExtension": modifier(UNKNOWN)}]}},
            "Consent.provision.provision",
        ),
        (
            {"resourceType": "Observation", "component": [{"modifierExtension": modifier(UNKNOWN)}]},
            "Observation.referenceRange",
        ),
    ],
    ids=["an item in an item", "an option in an item below", "a provision in a provision", "a range of a component"],
)
def test_what_recurs_may_stand_below_itself(tree: dict[str, Any], at: str) -> None:
    """An element alone does not say at which depth it stood, nor in which of the elements that share its type (MX-38)."""
    whole = GUARD.check(tree)
    assert whole.verdict is Verdict.REJECT
    assert GUARD.check({"id": "1"}, at=at, within=whole).verdict is Verdict.REJECT
    assert GUARD.check({"id": "1"}, at=f"{tree['resourceType']}.identifier", within=whole).verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    "flattened",
    [{"uid": ["1.2", "1.3"]}, {"birthDate": "1970-01-01"}, {"number": [1]}, {"flags": []}],
    ids=["of series", "of the subject", "numbers", "of nothing"],
)
def test_what_a_query_lifted_out_of_its_element_is_incomplete(flattened: dict[str, Any]) -> None:
    """`@flatten` and aliases give the values of an element without the element, and so without its modifiers."""
    answer = {"resourceType": "ImagingStudy", "modifierExtension": [], "id": "1", "_id": None, **flattened}
    assert [str(d.ground) for d in graphql(answer).decisions] == ["incomplete"]


@pytest.mark.parametrize(
    "meta", [{"tag": [{"code": "SUBSETTED"}]}, [{"tag": [{"code": "SUBSETTED"}]}], ["x", {"tag": {"code": "SUBSETTED"}}]]
)
def test_subsetted_is_seen_in_whatever_arrays_it_stands(meta: object) -> None:
    """A tag that says that elements were left out counts where its `meta` is an array by mistake (MX-44)."""
    assert [str(d.ground) for d in GUARD.check({"resourceType": "ImagingStudy", "meta": meta}).decisions] == ["incomplete"]


def test_a_tree_that_its_owner_changes_is_reduced_as_it_was_checked() -> None:
    """What was left out stays left out, wherever it has moved since."""
    tree = {"resourceType": "ImagingStudy", "series": [{"uid": "1", "modifierExtension": modifier(EXCLUDED)}, {"uid": "2"}]}
    report = GUARD.check(tree)
    tree["series"].insert(0, {"uid": "0"})  # type: ignore[attr-defined]
    assert report.reduced()["series"] == [{"uid": "2"}]


def test_a_class_that_hides_what_it_holds_is_not_asked() -> None:
    """A class derived from one of fhir.resources may write itself otherwise than it is."""

    class Hiding(Patient):
        def model_dump_json(self, **_: Any) -> str:
            return '{"resourceType": "Patient"}'

    assert GUARD.check(Hiding(modifierExtension=modifier(UNKNOWN))).verdict is Verdict.REJECT
