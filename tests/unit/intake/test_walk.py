"""Tests of caveat.intake.walk: what is found, what is wrong with it, and what makes a document unreadable."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from caveat.domain.decision import MODIFIERS, Ground, Occurrence
from caveat.intake.carrier import Frame
from caveat.intake.columns import ways_to
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.root import Wire
from caveat.intake.walk import survey, survey_on
from caveat.spec import Release, published_kind, tables
from caveat.spec.element_name import place_of
from strategies.walking import walk

URL = "http://example.org/fhir/StructureDefinition/x"
LITERAL = "http://example.org/fhir/StructureDefinition/named-by-a-rule"
NOT_DONE = "http://hl7.org/fhir/StructureDefinition/request-doNotPerform"
BIRTH_PLACE = "http://hl7.org/fhir/StructureDefinition/patient-birthPlace"
CROSS_MODIFIER = "http://hl7.org/fhir/5.0/StructureDefinition/extension-ServiceRequest.doNotPerform"
CROSS_PLAIN = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Patient.birthDate"
GOOD = {"url": URL, "valueBoolean": True}
OBSERVATION_VALUE = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"


def known(url: str) -> bool | None:
    """Answer as the guard does for a policy with one literal url."""
    published = published_kind(url, Release.R4)
    return True if published is None and url == LITERAL else published


def found(tree: dict[str, Any], release: Release = Release.R4, **options: Any) -> list[Occurrence]:
    result = walk(tree, tables(release), known, **options)
    assert not isinstance(result, Unreadable), result
    return result


def told(tree: dict[str, Any], **options: Any) -> list[tuple[str, str | None]]:
    """Return the location of each occurrence, with the code of its fault."""
    return [(each.location, each.fault.code if each.fault else None) for each in found(tree, **options)]


def patient(**properties: Any) -> dict[str, Any]:
    return {"resourceType": "Patient", **properties}


def modified(*entries: Any) -> dict[str, Any]:
    return patient(modifierExtension=list(entries))


AT = "Patient.modifierExtension"

SLOTS: dict[str, tuple[Any, list[tuple[str, str | None]]]] = {
    "one": ([GOOD], [(AT + "[0]", None)]),
    "two": ([GOOD, GOOD], [(AT + "[0]", None), (AT + "[1]", None)]),
    "empty array": ([], [(AT, "empty")]),
    "null": (None, [(AT, "empty")]),
    "object": (GOOD, [(AT, "not-array")]),
    "empty object": ({}, [(AT, "not-array")]),
    "string": ("x", [(AT, "not-array")]),
    "empty string": ("", [(AT, "not-array")]),
    "number": (0, [(AT, "not-array")]),
    "false": (False, [(AT, "not-array")]),
    "null in array": ([None], [(AT + "[0]", "not-object")]),
    "string in array": ([URL], [(AT + "[0]", "not-object")]),
    "array in array": ([[GOOD]], [(AT + "[0]", "not-object")]),
    "empty object in array": ([{}], [(AT + "[0]", "url-missing")]),
    "one bad among good": ([GOOD, None, GOOD], [(AT + "[0]", None), (AT + "[1]", "not-object"), (AT + "[2]", None)]),
    "no url": ([{"valueBoolean": True}], [(AT + "[0]", "url-missing")]),
    "relative url": ([{"url": "x", "valueBoolean": True}], [(AT + "[0]", "url-not-absolute")]),
    "version": ([{"url": URL + "|1", "valueBoolean": True}], [(AT + "[0]", "url-version")]),
    "white space": ([{"url": URL + " ", "valueBoolean": True}], [(AT + "[0]", "url-white-space")]),
    "no value": ([{"url": URL}], [(AT + "[0]", "no-value")]),
    "two values": ([{"url": URL, "valueBoolean": True, "valueCode": "a"}], [(AT + "[0]", "two-values")]),
    "both": ([{**GOOD, "extension": [{"url": "a"}]}], [(AT + "[0]", "value-and-children")]),
    "children": ([{"url": URL, "extension": [{"url": "a", "valueCode": "b"}]}], [(AT + "[0]", None)]),
    "empty children": ([{"url": URL, "extension": []}], [(AT + "[0]", "children-not-array")]),
    "value of no type": ([{"url": URL, "valueFoo": True}], [(AT + "[0]", "value-type")]),
    "value of another kind": ([{"url": URL, "valueBoolean": "true"}], [(AT + "[0]", "value-kind")]),
    "known plain": ([{"url": BIRTH_PLACE, "valueAddress": {"city": "a"}}], [(AT + "[0]", "plain-in-modifier")]),
    "known modifier": ([{"url": NOT_DONE, "valueBoolean": True}], [(AT + "[0]", None)]),
    "cross-version modifier": ([{"url": CROSS_MODIFIER, "valueBoolean": True}], [(AT + "[0]", None)]),
    "cross-version plain": ([{"url": CROSS_PLAIN, "valueDate": "2026"}], [(AT + "[0]", "plain-in-modifier")]),
    "modifier on it": (
        [{**GOOD, "modifierExtension": [GOOD]}],
        [(AT + "[0]", None), (AT + "[0].modifierExtension[0]", "misplaced")],
    ),
}


@pytest.mark.parametrize("case", SLOTS)
def test_each_entry_of_the_slot_is_an_occurrence(case: str) -> None:
    """Entries have their index, a fault of the slot itself has none, and each fault has its code."""
    slot, expected = SLOTS[case]
    assert told(patient(modifierExtension=slot)) == expected


@pytest.mark.parametrize(
    ("slot", "empty"), [([], True), (None, True), ({}, False), ("", False), (0, False)], ids=["[]", "null", "{}", "string", "0"]
)
def test_only_an_array_or_null_that_holds_nothing_is_called_empty(slot: object, *, empty: bool) -> None:
    """`waive empty` may soften these two, which hide nothing."""
    (occurrence,) = found(patient(modifierExtension=slot))
    assert occurrence.fault is not None
    assert occurrence.fault.empty is empty


@pytest.mark.parametrize(
    ("entries", "urls"),
    [
        ([{"url": "x"}], ["x"]),
        ([{"url": 5}], [None]),
        ([{}], [None]),
        ({"url": "x"}, ["x"]),
        ({"url": 5}, [None]),
    ],
)
def test_a_malformed_url_is_given_as_found_when_it_is_a_string(entries: Any, urls: list[str | None]) -> None:
    """It helps whoever has to find it; what is no string is not repeated."""
    assert [each.url for each in found(patient(modifierExtension=entries))] == urls


def test_misplaced_comes_before_malformed() -> None:
    """Where none may stand it does not matter what is wrong with it."""
    slots: list[Any] = [[], None, {}, [None], [{}], [GOOD], [{"url": BIRTH_PLACE, "valueString": "a"}]]
    for slot in slots:
        (occurrence,) = found(patient(name=[{"modifierExtension": slot}]))
        assert occurrence.fault is not None
        assert occurrence.fault.ground is Ground.MISPLACED


@pytest.mark.parametrize("key", ["ModifierExtension", "modifier_extension", "_modifierExtension", "modifierExtension\u200b"])
@pytest.mark.parametrize("value", [[GOOD], [], None, {"url": URL}, "x"], ids=["array", "empty", "null", "object", "string"])
def test_a_name_that_looks_like_the_slots_is_malformed(key: str, value: Any) -> None:
    """Whatever it holds, and it says as what it was written."""
    assert told(patient(**{key: value})) == [(f"Patient.{key}", "near-miss")]


def test_what_stands_below_a_name_that_looks_like_the_slots_is_looked_at() -> None:
    """A modifier does not get away there."""
    tree = patient(ModifierExtension=[{"url": URL, "modifierExtension": [GOOD]}])
    assert told(tree) == [
        ("Patient.ModifierExtension", "near-miss"),
        ("Patient.ModifierExtension[0].modifierExtension[0]", "misplaced"),
    ]


def e(url: str, *children: dict[str, Any]) -> dict[str, Any]:
    return {"url": url, "extension": list(children)} if children else {"url": url, "valueBoolean": True}


WRONG: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "known modifier": (patient(extension=[e(NOT_DONE)]), [("Patient.extension[0]", "modifier-in-plain")]),
    "literal url of a rule": (patient(extension=[e(LITERAL)]), [("Patient.extension[0]", "modifier-in-plain")]),
    "cross-version": (patient(extension=[e(CROSS_MODIFIER)]), [("Patient.extension[0]", "modifier-in-plain")]),
    "cross-version plain": (patient(extension=[e(CROSS_PLAIN)]), []),
    "unknown": (patient(extension=[e(URL)]), []),
    "known plain": (patient(extension=[e(BIRTH_PLACE)]), []),
    "second": (patient(extension=[e(URL), e(NOT_DONE)]), [("Patient.extension[1]", "modifier-in-plain")]),
    "no array": (patient(extension=e(NOT_DONE)), [("Patient.extension", "modifier-in-plain")]),
    "array in an array": (patient(extension=[[e(NOT_DONE)]]), [("Patient.extension[0][0]", "modifier-in-plain")]),
    "arrays in arrays": (
        patient(extension=[[e(NOT_DONE)], [[e(URL), e(LITERAL)]]]),
        [("Patient.extension[0][0]", "modifier-in-plain"), ("Patient.extension[1][0][1]", "modifier-in-plain")],
    ),
    "no object": (patient(extension=[NOT_DONE, None, 5]), [("Patient.extension[1]", "null-entry")]),
    "null": (patient(extension=None), []),
    "url no string": (patient(extension=[{"url": [NOT_DONE]}]), []),
    "url with a space": (patient(extension=[e(NOT_DONE + " ")]), []),
    "on a data type": (patient(name=[{"extension": [e(NOT_DONE)]}]), [("Patient.name[0].extension[0]", "modifier-in-plain")]),
    "on a primitive": (
        patient(_birthDate={"extension": [e(NOT_DONE)]}),
        [("Patient._birthDate.extension[0]", "modifier-in-plain")],
    ),
    "below unknown": (patient(foo={"extension": [e(NOT_DONE)]}), [("Patient.foo.extension[0]", "modifier-in-plain")]),
    "child of a plain one": (
        patient(extension=[e(URL, e(NOT_DONE))]),
        [("Patient.extension[0].extension[0]", "modifier-in-plain")],
    ),
    "grandchild of a plain one": (
        patient(extension=[e(URL, e("a", e(NOT_DONE)))]),
        [("Patient.extension[0].extension[0].extension[0]", "modifier-in-plain")],
    ),
    "part of a modifier": (modified(e(URL, e(NOT_DONE))), [(AT + "[0]", None)]),
    "part of a part": (modified(e(URL, e("a", e(NOT_DONE)))), [(AT + "[0]", None)]),
    "child of one in the wrong slot": (
        patient(extension=[e(NOT_DONE, e(LITERAL))]),
        [("Patient.extension[0]", "modifier-in-plain"), ("Patient.extension[0].extension[0]", "modifier-in-plain")],
    ),
    "part in arrays in arrays": (modified([e(URL, e(NOT_DONE))]), [(AT + "[0]", "not-object")]),
    "in the value of a modifier": (
        modified({"url": URL, "valueAddress": {"extension": [e(NOT_DONE)]}}),
        [(AT + "[0]", None), (AT + "[0].valueAddress.extension[0]", "modifier-in-plain")],
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_known_modifier_in_plain_extension_is_in_the_wrong_slot(case: str) -> None:
    """Children of plain extensions are looked at, parts of a modifier are its own (MX-12, MX-74, MX-76)."""
    tree, expected = WRONG[case]
    assert told(tree) == expected
    assert all(each.slot == "extension" for each in found(tree) if each.fault and each.fault.ground is Ground.WRONG_SLOT)


RULES: dict[str, tuple[dict[str, Any], str | None, str | None]] = {
    "url": ({"implicitRules": "http://example.org/rules"}, "http://example.org/rules", None),
    "urn": ({"implicitRules": "urn:oid:1.2.3"}, "urn:oid:1.2.3", None),
    "version": ({"implicitRules": "http://example.org/rules|2"}, "http://example.org/rules|2", None),
    "relative": ({"implicitRules": "rules"}, "rules", "uri-not-absolute"),
    "empty": ({"implicitRules": ""}, "", "uri-not-absolute"),
    "null": ({"implicitRules": None}, None, "uri-not-absolute"),
    "object": ({"implicitRules": {}}, None, "uri-not-absolute"),
    "companion alone": ({"_implicitRules": {"id": "1"}}, None, "uri-not-absolute"),
    "companion beside": ({"implicitRules": "urn:a", "_implicitRules": {"id": "1"}}, "urn:a", None),
}


@pytest.mark.parametrize("case", RULES)
@pytest.mark.parametrize("kind", ["Patient", "Bundle", "Binary", "Parameters"])
def test_implicit_rules_are_an_occurrence_of_every_resource(kind: str, case: str) -> None:
    """The url is the value; it is named by its own path only, and has the value type uri."""
    properties, url, code = RULES[case]
    (occurrence,) = found({"resourceType": kind, **properties})
    assert occurrence.url == url
    assert (occurrence.fault.code if occurrence.fault else None) == code
    assert (occurrence.location, occurrence.slot, occurrence.value_type) == (f"{kind}.implicitRules", "implicitRules", "uri")
    assert occurrence.carrier.names == {f"{kind}.implicitRules", "*.implicitRules"}
    assert occurrence.carrier.within == frozenset()
    assert occurrence.carrier.path == f"{kind}.implicitRules"
    assert occurrence.carrier.is_root
    assert occurrence.carrier.location == kind


def test_implicit_rules_of_resources_in_resources_are_located_there() -> None:
    """Each resource has its own; on what is no resource they are misplaced."""
    tree = patient(contained=[patient(implicitRules="urn:a")], name=[{"implicitRules": "urn:b"}], foo={"implicitRules": "urn:c"})
    assert sorted(told(tree)) == [
        ("Patient.contained[0].implicitRules", None),
        ("Patient.foo.implicitRules", "misplaced"),
        ("Patient.name[0].implicitRules", "misplaced"),
    ]


TAGS: dict[str, tuple[Any, bool]] = {
    "current system": ([{"system": OBSERVATION_VALUE, "code": "SUBSETTED"}], True),
    "older system": ([{"system": "http://hl7.org/fhir/v3/ObservationValue", "code": "SUBSETTED"}], True),
    "no system": ([{"code": "SUBSETTED"}], True),
    "null system": ([{"system": None, "code": "SUBSETTED"}], True),
    "empty system": ([{"system": "", "code": "SUBSETTED"}], True),
    "system no string": ([{"system": [], "code": "SUBSETTED"}], True),
    "other system": ([{"system": "http://example.org", "code": "SUBSETTED"}], False),
    "other code": ([{"system": OBSERVATION_VALUE, "code": "subsetted"}], False),
    "second": ([{"code": "a"}, {"code": "SUBSETTED"}], True),
    "no array": ({"code": "SUBSETTED"}, True),
    "no object": (["SUBSETTED"], False),
    "null": (None, False),
}


@pytest.mark.parametrize("case", TAGS)
def test_a_resource_tagged_subsetted_is_incomplete(case: str) -> None:
    """A source that left elements out cannot show that there are no modifiers (MX-44)."""
    tag, incomplete = TAGS[case]
    occurrences = found(patient(meta={"tag": tag}))
    assert [(each.location, each.fault.ground if each.fault else None) for each in occurrences] == (
        [(AT, Ground.INCOMPLETE)] if incomplete else []
    )
    assert told(patient(meta="x")) == []


def graphql(tree: dict[str, Any], **options: Any) -> list[tuple[str, str | None]]:
    return told(tree, wire=Wire.GRAPHQL, **options)


NONE: dict[str, Any] = {"modifierExtension": []}
GRAPHQL: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "asked, empty": (patient(modifierExtension=[]), []),
    "asked, null": (patient(modifierExtension=None), []),
    "by typename": ({"__typename": "Patient", **NONE}, []),
    "object": (patient(modifierExtension={}), [(AT, "not-array")]),
    "string": (patient(modifierExtension=""), [(AT, "not-array")]),
    "not asked at the root": (patient(), [(AT, "incomplete")]),
    "not asked on a backbone": (patient(**NONE, contact=[{}]), [("Patient.contact[0].modifierExtension", "incomplete")]),
    "asked on a backbone": (patient(**NONE, contact=[NONE]), []),
    "one of a list by itself": (
        patient(**NONE, contact={"modifierExtension": [GOOD]}),
        [("Patient.contact.modifierExtension[0]", None)],
    ),
    "not asked on a data type that carries": (
        {"resourceType": "MedicationRequest", **NONE, "dosageInstruction": [{"modifierExtension": None, "timing": {}}]},
        [("MedicationRequest.dosageInstruction[0].timing.modifierExtension", "incomplete")],
    ),
    "data type that carries none": (patient(**NONE, name=[{"family": "a"}]), []),
    "alias": (patient(**NONE, first={"family": "a"}), [("Patient.first.modifierExtension", "incomplete")]),
    "alias of an element": (
        patient(**NONE, first={"__typename": "PatientContact"}),
        [("Patient.first.modifierExtension", "incomplete")],
    ),
    "alias of a resource": (patient(**NONE, friend={"__typename": "Patient", **NONE}), []),
    "modifier on a resource by an alias": (
        patient(**NONE, friend={"resourceType": "Patient", "modifierExtension": [GOOD]}),
        [("Patient.friend.modifierExtension[0]", None)],
    ),
    "entry with everything asked": (
        modified(
            {"__typename": "Extension", "url": URL, "valueBoolean": True, "valueCode": None, "extension": [], "valueCoding": None}
        ),
        [(AT + "[0]", None)],
    ),
    "entry without an answer": (modified({"url": URL, "valueBoolean": None}), [(AT + "[0]", "no-value")]),
    "implicitRules null": (patient(**NONE, implicitRules=None), []),
    "implicitRules": (patient(**NONE, implicitRules="urn:a"), [("Patient.implicitRules", None)]),
    "subsetted": (patient(**NONE, meta={"tag": [{"code": "SUBSETTED"}]}), [(AT, "incomplete")]),
}


@pytest.mark.parametrize("case", GRAPHQL)
def test_in_an_answer_of_graphql_what_was_not_asked_for_is_incomplete(case: str) -> None:
    """Null, [] and __typename are ordinary there and mean none; a key that is missing was not asked for."""
    tree, expected = GRAPHQL[case]
    assert graphql(tree) == expected


def test_an_answer_of_graphql_need_not_say_its_type_when_it_was_asked_for() -> None:
    """The place expected is the type then."""
    at = place_of("Patient", Release.R4)
    assert graphql({"modifierExtension": [GOOD]}, at=at) == [(AT + "[0]", None)]
    assert graphql({"__typename": "PatientType", "modifierExtension": [GOOD]}, at=at) == [(AT + "[0]", None)]


UNKNOWN: dict[str, dict[str, Any]] = {
    "root": {"resourceType": "Zzz"},
    "root without a type": {"modifierExtension": [GOOD]},
    "root of null": {"resourceType": None},
    "root of a list": {"resourceType": ["Patient"]},
    "abstract": {"resourceType": "DomainResource"},
    "data type": {"resourceType": "HumanName"},
    "other spelling": {"resource_type": "Patient"},
    "lower case": {"resourceType": "patient"},
    "typename": {"__typename": "Patient"},
    "of another release": {"resourceType": "ActorDefinition"},
    "contained": patient(contained=[{"resourceType": "Zzz"}]),
    "contained without a type": patient(contained=[{}]),
    "contained in arrays": patient(contained=[[{"resourceType": "Zzz"}]]),
    "entry": {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Zzz"}}]},
    "outcome": {"resourceType": "Bundle", "entry": [{"response": {"outcome": {}}}]},
    "parameter": {"resourceType": "Parameters", "parameter": [{"part": [{"resource": {"resourceType": 5}}]}]},
    "unknown property": patient(foo={"resourceType": "Zzz"}),
    "below unknown": patient(foo=[{"bar": [{"resourceType": "Zzz"}]}]),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_a_resource_of_no_known_type_makes_the_document_unreadable(case: str) -> None:
    """Wherever it stands: nobody knows what in it could be modified."""
    result = walk(UNKNOWN[case], tables(Release.R4), known)
    assert isinstance(result, Unreadable)
    assert result.code == "resource-type"
    assert "Zzz" not in result.message


def test_a_resource_of_another_type_than_asked_for_is_unreadable() -> None:
    """Whoever asks for a Patient does not get an Observation through."""
    result = walk(patient(), tables(Release.R4), known, at=place_of("Observation", Release.R4))
    assert isinstance(result, Unreadable)
    assert result.message == "not the Observation that was asked for"


def test_an_element_with_a_property_called_resource_type_is_no_resource() -> None:
    """ExampleScenario.instance has such an element."""
    tree = {"resourceType": "ExampleScenario", "instance": [{"resourceType": "Zzz", "modifierExtension": [GOOD]}]}
    assert told(tree) == [("ExampleScenario.instance[0].modifierExtension[0]", None)]


def test_more_occurrences_than_the_limit_make_the_document_unreadable() -> None:
    """At the limit it is read, one beyond it is not, be they on one element or on many."""
    assert len(found(modified(GOOD, GOOD, GOOD), limit=3)) == 3
    many = [modified(*[GOOD] * 4), patient(contact=[{"modifierExtension": [GOOD]}] * 4), patient(extension=[e(NOT_DONE)] * 4)]
    for tree in many:
        result = walk(tree, tables(Release.R4), known, limit=3)
        assert isinstance(result, Unreadable)
        assert result.code == "occurrence-limit"


def test_the_cost_of_many_modifiers_on_one_element_does_not_grow_with_their_square() -> None:
    """Thirty thousand equal modifiers on one element are found in seconds, not in hours."""
    started = time.perf_counter()
    assert len(found(modified(*[GOOD] * 30_000))) == 30_000
    assert time.perf_counter() - started < 20


def contradicted(*entries: dict[str, Any]) -> list[bool]:
    return [each.contradicted for each in found(modified(*entries))]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([e(URL)], [False]),
        ([e(URL), e(URL)], [False, False]),
        ([{"id": "1", **e(URL)}, {"id": "2", **e(URL)}], [False, False]),
        ([e(URL), {"url": URL, "valueBoolean": False}], [True, True]),
        ([e(URL), e(URL), {"url": URL, "valueInteger": 1}], [True, True, True]),
        ([e(URL), {"url": LITERAL, "valueBoolean": False}], [False, False]),
        ([e(URL), {"url": LITERAL, "valueBoolean": False}, {"url": URL, "valueCode": "a"}], [True, False, True]),
    ],
    ids=["one", "same twice", "ids apart", "true and false", "one differs", "two urls", "two urls, one contradicting"],
)
def test_two_values_of_one_url_on_one_element_contradict_each_other(entries: list[dict[str, Any]], expected: list[bool]) -> None:
    """All of that url are marked, those of others are not (MX-84)."""
    assert contradicted(*entries) == expected


def test_values_on_two_elements_do_not_contradict_each_other() -> None:
    """Each modifies its own element."""
    tree = patient(contact=[{"modifierExtension": [e(URL)]}, {"modifierExtension": [{"url": URL, "valueBoolean": False}]}])
    assert [each.contradicted for each in found(tree)] == [False, False]


def test_occurrences_come_in_the_order_written() -> None:
    """Of each object its own slots first, then what stands below in the order of the properties."""
    tree = {
        "resourceType": "ImagingStudy",
        "series": [{"instance": [{"modifierExtension": [GOOD]}], "modifierExtension": [GOOD]}, {"modifierExtension": [GOOD]}],
        "contained": [patient(modifierExtension=[GOOD])],
        "modifierExtension": [GOOD],
    }
    assert [location for location, _ in told(tree)] == [
        "ImagingStudy.modifierExtension[0]",
        "ImagingStudy.series[0].modifierExtension[0]",
        "ImagingStudy.series[0].instance[0].modifierExtension[0]",
        "ImagingStudy.series[1].modifierExtension[0]",
        "ImagingStudy.contained[0].modifierExtension[0]",
    ]


def alone(name: str) -> Callable[[dict[str, Any]], list[Occurrence]]:
    return lambda tree: found(tree, at=place_of(name, Release.R4))


@pytest.mark.parametrize("name", ["ImagingStudy.series.instance", "ImagingStudySeriesInstance", "ImagingStudyInstance"])
def test_an_element_alone_is_located_by_its_full_path(name: str) -> None:
    """All its names lead to one place."""
    (own, below) = alone(name)({"modifierExtension": [GOOD], "sopClass": {"modifierExtension": [GOOD]}})
    assert own.location == "ImagingStudy.series.instance.modifierExtension[0]"
    assert own.carrier.path == "ImagingStudy.series.instance"
    assert own.carrier.resource_type == "ImagingStudy"
    assert own.carrier.is_root
    assert own.fault is None
    assert below.location == "ImagingStudy.series.instance.sopClass.modifierExtension[0]"
    assert below.fault is not None
    assert below.fault.ground is Ground.MISPLACED


def test_what_stands_in_an_element_alone_is_found_as_in_its_resource() -> None:
    """Its extensions, its parts, and what is beneath them."""
    (only,) = alone("ImagingStudy.series")({"extension": [e(URL, e(NOT_DONE))], "instance": [{"extension": [e(URL)]}]})
    assert only.location == "ImagingStudy.series.extension[0].extension[0]"


def test_a_data_type_alone_is_located_by_its_name() -> None:
    """It stands nowhere in particular."""
    (only,) = alone("Dosage")({"timing": {"modifierExtension": [GOOD]}})
    assert (only.location, only.carrier.path) == ("Dosage.timing.modifierExtension[0]", "Dosage.timing")
    assert "Timing" in only.carrier.names


LISTS: dict[str, tuple[dict[str, Any], bool]] = {
    "in its array": ({"resourceType": "ImagingStudy", "series": [{"modifierExtension": [GOOD]}]}, True),
    "no array": ({"resourceType": "ImagingStudy", "series": {"modifierExtension": [GOOD]}}, False),
    "below no array": ({"resourceType": "ImagingStudy", "series": {"instance": [{"modifierExtension": [GOOD]}]}}, False),
    "array in an array": ({"resourceType": "ImagingStudy", "series": [[{"modifierExtension": [GOOD]}]]}, False),
    "one by itself": ({"resourceType": "Consent", "provision": {"modifierExtension": [GOOD]}}, True),
    "array of one": ({"resourceType": "Consent", "provision": [{"modifierExtension": [GOOD]}]}, False),
    "contained, no array": (patient(contained=patient(modifierExtension=[GOOD])), False),
    "contained in contained": (patient(contained=[patient(contained=[patient(modifierExtension=[GOOD])])]), False),
    "resource in an unknown property": (patient(foo=patient(modifierExtension=[GOOD])), False),
}


@pytest.mark.parametrize("case", LISTS)
def test_a_modifier_is_misplaced_where_its_element_is_not_written_as_fhir_writes_it(case: str) -> None:
    """An array where there is none, none where there is one, in arrays, or in a resource that may not stand there."""
    tree, lawful = LISTS[case]
    (occurrence,) = found(tree)
    assert (occurrence.fault is None) is lawful
    assert lawful or (occurrence.fault is not None and occurrence.fault.ground is Ground.MISPLACED)


# null among objects

NULLS: dict[str, tuple[dict[str, Any], list[tuple[str, str | None]]]] = {
    "first": (patient(contact=[None, {"gender": "other"}]), [("Patient.contact[0]", "null-entry")]),
    "alone": (patient(contact=[None]), [("Patient.contact[0]", "null-entry")]),
    "two": (patient(contact=[None, None]), [("Patient.contact[0]", "null-entry"), ("Patient.contact[1]", "null-entry")]),
    "in an array of arrays": (patient(contact=[[{}, None]]), [("Patient.contact[0][1]", "null-entry")]),
    "contained": (patient(contained=[None]), [("Patient.contained[0]", "null-entry")]),
    "data type": (patient(name=[None]), [("Patient.name[0]", "null-entry")]),
    "where one must be": (patient(maritalStatus=[None]), [("Patient.maritalStatus[0]", "null-entry")]),
    "among extensions": (patient(extension=[None]), [("Patient.extension[0]", "null-entry")]),
    "among modifiers": (modified(None), [(AT + "[0]", "not-object")]),
    "beside a carrier's own": (
        patient(contact=[{"modifierExtension": [GOOD]}, None]),
        [("Patient.contact[1]", "null-entry"), ("Patient.contact[0].modifierExtension[0]", None)],
    ),
    "null in place of the array": (patient(contact=None), []),
    "primitives": (patient(name=[{"given": [None, "A"], "_given": [{"id": "a"}, None]}]), []),
    "where FHIR has no element": (patient(foo=[None]), []),
}


@pytest.mark.parametrize("case", NULLS)
def test_null_among_objects_is_malformed(case: str) -> None:
    """FHIR has it in arrays of primitives only, and readers differ on what they make of it."""
    tree, expected = NULLS[case]
    assert told(tree) == expected


def test_null_in_a_list_of_a_graphql_answer_is_ordinary() -> None:
    """A server may answer so for what it cannot resolve."""
    tree = patient(modifierExtension=[], contact=[None])
    assert told(tree, wire=Wire.GRAPHQL) == []


def test_no_end_of_nulls_makes_no_end_of_occurrences() -> None:
    """One more than the limit is enough to refuse the document."""
    result = survey(patient(contact=[None] * 50), tables(Release.R4), known, limits=Limits(occurrences=7))
    assert isinstance(result, Unreadable)
    assert result.code == "occurrence-limit"


# the narrative

NARRATIVE = {"status": "generated", "div": "<div/>"}
NARRATIVES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "none": (modified(GOOD), ["Patient"]),
    "none, two modifiers": (patient(modifierExtension=[GOOD, GOOD], contact=[{"modifierExtension": [GOOD]}]), ["Patient"]),
    "below": (patient(contact=[{"modifierExtension": [GOOD]}]), ["Patient"]),
    "generated": (modified(GOOD) | {"text": NARRATIVE}, []),
    "extensions": (modified(GOOD) | {"text": {"status": "extensions"}}, []),
    "additional": (modified(GOOD) | {"text": {"status": "additional"}}, ["Patient"]),
    "empty": (modified(GOOD) | {"text": {"status": "empty"}}, ["Patient"]),
    "no modifier": (patient(), []),
    "an empty slot": (patient(modifierExtension=[]), []),
    "implicitRules": (patient(implicitRules="http://a/b"), []),
    "contained": (patient(contained=[modified(GOOD)]), ["Patient.contained[0]"]),
    "contained, and its container": (modified(GOOD) | {"contained": [modified(GOOD)]}, ["Patient", "Patient.contained[0]"]),
    "contained in what has one": (patient(contained=[modified(GOOD)], text=NARRATIVE), []),
    "in a Bundle": (
        {"resourceType": "Bundle", "entry": [{"resource": modified(GOOD)}, {"resource": modified(GOOD) | {"text": NARRATIVE}}]},
        ["Bundle.entry[0].resource"],
    ),
    "on the entry of a Bundle": ({"resourceType": "Bundle", "entry": [{"modifierExtension": [GOOD]}]}, []),
}


@pytest.mark.parametrize("case", NARRATIVES)
def test_modifiers_without_a_narrative_are_noted(case: str) -> None:
    """Once for each resource that could have one (MX-36, MX-37); a contained one is told by its container's."""
    tree, places = NARRATIVES[case]
    result = survey(tree, tables(Release.R4), known)
    assert not isinstance(result, Unreadable)
    assert [(note.code, note.location) for note in result.notes] == [("no-narrative", place) for place in places]


@pytest.mark.parametrize(
    "options", [{"at": place_of("Patient.contact", Release.R4)}, {"at": place_of("Timing", Release.R4)}, {"wire": Wire.GRAPHQL}]
)
def test_where_the_narrative_cannot_be_known_nothing_is_noted(options: dict[str, Any]) -> None:
    """An element alone has none, and a GraphQL answer may not have been asked for it."""
    tree = {"modifierExtension": [GOOD]}
    result = survey(patient(**tree) if "wire" in options else tree, tables(Release.R4), known, **options)
    assert not isinstance(result, Unreadable)
    assert result.occurrences
    assert result.notes == []


@pytest.mark.parametrize("release", Release)
def test_subsetted_entries_are_incomplete_in_every_release(release: Release) -> None:
    """A root that `_summary` answered, alone or in a Bundle, may have lost its modifiers (MX-44)."""
    summary = patient(meta={"tag": [{"system": OBSERVATION_VALUE, "code": "SUBSETTED"}]})
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": patient()}, {"resource": summary}]}
    for tree, place in ((summary, "Patient"), (bundle, "Bundle.entry[1].resource")):
        (occurrence,) = found(tree, release)
        assert occurrence.location == f"{place}.modifierExtension"
        assert occurrence.fault is not None
        assert occurrence.fault.ground is Ground.INCOMPLETE


# on the ways that lead to modifiers


def on_ways(tree: dict[str, Any], number: int) -> list[tuple[str, str | None]]:
    """Return what `told` does, of what is found on the ways to so many modifiers."""
    ways, read = ways_to(MODIFIERS, tree, number), tables(Release.R4)
    assert ways is not None
    result = survey_on(ways, Frame(tree, read.required(tree["resourceType"])), read, known, Limits())
    assert not isinstance(result, Unreadable)
    return [(each.location, each.fault.code if each.fault else None) for each in result.occurrences]


ON_WAYS: dict[str, tuple[dict[str, Any], int]] = {
    "the root": (modified(GOOD), 1),
    "a backbone element": (patient(contact=[{}, {"modifierExtension": [GOOD, GOOD]}]), 1),
    "several": (patient(contact=[modified(GOOD), modified(GOOD)], link=[modified(GOOD)], **modified(GOOD)), 4),
    "in the order written": (patient(name=[modified([])], modifierExtension=[GOOD], contact=[modified(GOOD)]), 3),
    "where there is none": (patient(name=[{}, modified(GOOD)], maritalStatus={"coding": [modified(GOOD)]}), 2),
    "in a wrong list": (patient(contact=modified(GOOD)), 1),
    "below what FHIR does not know": (patient(foo={"b a r": [modified(GOOD)]}), 1),
    "on what stands beside a primitive": (patient(birthDate="2000", _birthDate=modified(GOOD)), 1),
    "an object": (patient(contact=[{"modifierExtension": GOOD}]), 1),
    "a string": (patient(contact=[{"modifierExtension": "a"}]), 1),
    "in arrays of its own": (patient(contact=[{"modifierExtension": [[GOOD]]}]), 1),
}


@pytest.mark.parametrize(("tree", "number"), ON_WAYS.values(), ids=ON_WAYS)
def test_on_the_ways_the_same_is_found(tree: dict[str, Any], number: int) -> None:
    """As by a walk of everything."""
    assert on_ways(tree, number) == told(tree) != []


def test_of_entries_on_the_ways_all_is_looked_at() -> None:
    """A native modifier may stand in the value of one."""
    tree = modified({"url": URL, "valueIdentifier": {"use": "old"}})
    read = tables(Release.R4)
    result = survey_on({id(tree): {}}, Frame(tree, read.required("Patient")), read, known, Limits())
    assert not isinstance(result, Unreadable)
    assert [each.location for each in result.native] == [AT + "[0].valueIdentifier.use"]


def test_a_resource_of_no_known_type_on_a_way() -> None:
    """It makes the document unreadable, as by a walk."""
    tree = patient(contained=[{**modified(GOOD), "resourceType": "Patien"}])
    ways, read = ways_to(MODIFIERS, tree, 1), tables(Release.R4)
    assert ways is not None
    found_there = survey_on(ways, Frame(tree, read.required("Patient")), read, known, Limits())
    assert found_there == survey(tree, read, known)
    assert isinstance(found_there, Unreadable)
