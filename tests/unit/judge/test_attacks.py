"""Documents made to slip through: each of these once did, or cost more than it may."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

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
