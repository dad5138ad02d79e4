"""Tests of caveat.intake.carrier: by what names a rule may call an element, and what is known of it."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from caveat.domain.decision import Carrier
from caveat.intake import carrier as carrier_module
from caveat.intake.json_reader import Unreadable
from caveat.spec import Release, tables
from caveat.spec.element_name import place_of
from strategies.walking import walk

GOOD = {"url": "http://example.org/fhir/StructureDefinition/x", "valueBoolean": True}
HERE: dict[str, Any] = {"modifierExtension": [GOOD]}


def carrier(tree: dict[str, Any], at: str | None = None, release: Release = Release.R4) -> Carrier:
    """Return the carrier of the one modifier in `tree`."""
    result = walk(tree, tables(release), lambda url: None, at=place_of(at, release) if at else None)  # noqa: ARG005  none is known
    assert not isinstance(result, Unreadable)
    (only,) = result
    return only.carrier


def study(**properties: Any) -> dict[str, Any]:
    return {"resourceType": "ImagingStudy", **properties}


def medication(**properties: Any) -> dict[str, Any]:
    return {"resourceType": "MedicationRequest", **properties}


def questionnaire(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = HERE
    for _ in range(depth):
        inner = {"item": [inner]}
    return {"resourceType": "Questionnaire", **inner}


def test_the_root_is_called_by_its_type_and_by_the_star() -> None:
    """`*` is any resource's root, and only the root's."""
    root = carrier(study(**HERE))
    assert root.names == {"ImagingStudy", "*"}
    assert root.within == {"ImagingStudy", "*"}
    assert root.names | {"x"} == {"ImagingStudy", "*", "x"}
    assert 5 not in root.names  # type: ignore[comparison-overlap]
    assert (len(root.names), hash(root.names)) == (2, hash(root.names))
    assert (root.location, root.path, root.short_path, root.scope_path) == ("ImagingStudy",) * 4
    assert root.is_root


def test_an_element_is_called_by_its_path_and_stands_within_those_above() -> None:
    """`ImagingStudy.**` and `*.**` reach it, `ImagingStudy` and `*` do not."""
    instance = carrier(study(series=[{"instance": [{}, HERE]}]))
    assert instance.location == "ImagingStudy.series[0].instance[1]"
    assert instance.names == {"ImagingStudy.series.instance"}
    assert instance.within == {"*", "ImagingStudy", "ImagingStudy.series", "ImagingStudy.series.instance"}
    assert instance.resource_type == "ImagingStudy"
    assert not instance.is_root


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
def test_an_element_that_refers_to_one_above_has_the_short_path_at_every_depth(depth: int) -> None:
    """Questionnaire.item.item is a Questionnaire.item, whatever the depth; the long path says where it stands."""
    item = carrier(questionnaire(depth))
    long = "Questionnaire" + ".item" * depth
    assert (item.path, item.short_path, item.scope_path) == (long, "Questionnaire.item", "Questionnaire.item")
    assert item.names == {long, "Questionnaire.item"}
    assert item.location == "Questionnaire" + ".item[0]" * depth


def test_recursion_of_another_element_folds_to_where_it_began() -> None:
    """Below the recursion the short path goes on."""
    tree = {"resourceType": "Parameters", "parameter": [{"part": [{"part": [HERE]}]}]}
    assert carrier(tree).short_path == "Parameters.parameter"
    group = {"resourceType": "QuestionnaireResponse", "item": [{"answer": [{"item": [{"answer": [HERE]}]}]}]}
    assert carrier(group).short_path == "QuestionnaireResponse.item.answer"
    assert carrier(group).path == "QuestionnaireResponse.item.answer.item.answer"


def test_a_reference_to_an_element_elsewhere_keeps_its_own_path() -> None:
    """ValueSet.compose.exclude has the content of include, and is called exclude."""
    tree = {"resourceType": "ValueSet", "compose": {"exclude": [{"concept": [HERE]}]}}
    assert carrier(tree).short_path == "ValueSet.compose.exclude.concept"


def test_what_stands_in_a_data_type_is_called_by_that_type_too() -> None:
    """A rule on Dosage or on Dosage.timing holds in every resource; one on Timing too."""
    dosage = carrier(medication(dosageInstruction=[HERE]))
    assert dosage.names == {"MedicationRequest.dosageInstruction", "Dosage"}
    timing = carrier(medication(dosageInstruction=[{"timing": HERE}]))
    assert timing.names == {"MedicationRequest.dosageInstruction.timing", "Dosage.timing", "Timing"}
    assert {"Dosage", "MedicationRequest.**"[:-3], "*"} < timing.within


def test_a_choice_is_called_by_its_choice() -> None:
    """`value[x]` in the path, the property's own name in the location."""
    tree = {"resourceType": "ServiceRequest", "occurrenceTiming": HERE}
    assert carrier(tree).path == "ServiceRequest.occurrence[x]"
    assert carrier(tree).location == "ServiceRequest.occurrenceTiming"


IN_VALUE = {"extension": [{"url": "http://a.b", "valueTiming": HERE}]}


@pytest.mark.parametrize(
    ("tree", "location", "path", "scope"),
    [
        (study(**IN_VALUE), "ImagingStudy.extension[0].valueTiming", "ImagingStudy.extension.value[x]", "ImagingStudy"),
        (
            study(series=[IN_VALUE]),
            "ImagingStudy.series[0].extension[0].valueTiming",
            "ImagingStudy.series.extension.value[x]",
            "ImagingStudy.series",
        ),
        (
            study(_description=IN_VALUE),
            "ImagingStudy._description.extension[0].valueTiming",
            "ImagingStudy.description.extension.value[x]",
            "ImagingStudy.description",
        ),
        (
            study(_modality=None, extension=[{"url": "http://a.b", "extension": [{"url": "c", "valueTiming": HERE}]}]),
            "ImagingStudy.extension[0].extension[0].valueTiming",
            "ImagingStudy.extension.extension.value[x]",
            "ImagingStudy",
        ),
        (
            study(series=[[IN_VALUE]]),
            "ImagingStudy.series[0][0].extension[0].valueTiming",
            "ImagingStudy.series.extension.value[x]",
            "ImagingStudy.series",
        ),
        (
            study(series=[{"extension": [IN_VALUE["extension"]]}]),
            "ImagingStudy.series[0].extension[0][0].valueTiming",
            "ImagingStudy.series.extension.value[x]",
            "ImagingStudy.series",
        ),
    ],
    ids=["root", "backbone", "primitive", "child", "array in array above", "array in array of the slot"],
)
def test_what_stands_in_a_value_has_the_scope_of_the_element_that_holds_it(
    tree: dict[str, Any], location: str, path: str, scope: str
) -> None:
    """And is marked, since it cannot be left out."""
    value = carrier(tree)
    assert (value.location, value.path, value.scope_path) == (location, path, scope)
    assert value.in_extension_value
    assert {"Timing", "Extension.value[x]"} < value.names


def test_the_value_of_a_modifier_is_an_extensions_value_too() -> None:
    """Its path goes through the slot that it stands in."""
    result = walk(
        study(modifierExtension=[{"url": "http://a.b", "valueTiming": HERE}]),
        tables(Release.R4),
        lambda url: None,  # noqa: ARG005  none is known
    )
    assert isinstance(result, list)
    assert [(each.carrier.path, each.carrier.in_extension_value) for each in result] == [
        ("ImagingStudy", False),
        ("ImagingStudy.modifierExtension.value[x]", True),
    ]


def test_a_contained_resource_is_called_by_its_own_type() -> None:
    """Its paths begin at its own root, its location at the document's."""
    inner = carrier(study(contained=[{"resourceType": "Patient", "contact": [HERE]}]))
    assert inner.location == "ImagingStudy.contained[0].contact[0]"
    assert (inner.path, inner.resource_type) == ("Patient.contact", "Patient")
    assert inner.within == {"Patient", "Patient.contact", "*"}
    root = carrier(study(contained=[{"resourceType": "Patient", **HERE}]))
    assert root.is_root


@pytest.mark.parametrize(
    ("tree", "siblings", "count", "minimum"),
    [
        (study(series=[HERE, {}, {}]), "ImagingStudy.series", 3, 0),
        (study(series=[{}, {"instance": [{}, HERE]}]), "ImagingStudy.series[1].instance", 2, 0),
        (medication(dosageInstruction=[HERE]), "MedicationRequest.dosageInstruction", 1, 0),
        ({"resourceType": "Consent", "provision": HERE}, "Consent.provision", 1, 0),
        ({"resourceType": "Linkage", "item": [HERE, {}]}, "Linkage.item", 2, 1),
        ({"resourceType": "ValueSet", "compose": {"include": [HERE]}}, "ValueSet.compose.include", 1, 1),
        (study(**HERE), "ImagingStudy", 1, 0),
        (study(foo=[HERE, {}]), "ImagingStudy.foo[0]", 1, 0),
    ],
    ids=["list", "inner list", "one", "no list", "minimum of a list", "minimum of one", "root", "unknown"],
)
def test_what_stands_beside_it_is_counted(tree: dict[str, Any], siblings: str, count: int, minimum: int) -> None:
    """Where fewer than the minimum would remain, none can be left out."""
    it = carrier(tree)
    assert (it.siblings, it.count, it.minimum) == (siblings, count, minimum)


def test_an_element_alone_has_nothing_beside_it() -> None:
    """Nobody has seen its list."""
    it = carrier(HERE, at="ValueSet.compose.include")
    assert (it.siblings, it.count, it.minimum) == ("ValueSet.compose.include", 1, 0)
    assert it.is_root
    assert it.within == {"*", "ValueSet", "ValueSet.compose", "ValueSet.compose.include"}
    assert not it.has_narrative


def test_an_element_alone_below_a_recursion_keeps_both_paths() -> None:
    """The long path is the one it was asked for."""
    it = carrier({"item": [HERE]}, at="Questionnaire.item.item")
    assert it.location == "Questionnaire.item.item.item[0]"
    assert (it.path, it.short_path) == ("Questionnaire.item.item.item", "Questionnaire.item")


SHOWN = {"text": {"status": "generated", "div": "x"}}
NARRATIVES: dict[str, tuple[dict[str, Any], bool]] = {
    "generated": (study(**SHOWN, **HERE), True),
    "extensions": (study(text={"status": "extensions"}, **HERE), True),
    "additional": (study(text={"status": "additional"}, **HERE), False),
    "empty": (study(text={"status": "empty"}, **HERE), False),
    "no status": (study(text={}, **HERE), False),
    "status no string": (study(text={"status": ["generated"]}, **HERE), False),
    "text no object": (study(text="generated", **HERE), False),
    "none": (study(**HERE), False),
    "element": (study(**SHOWN, series=[HERE]), True),
    "contained": (study(**SHOWN, contained=[{"resourceType": "Patient", **HERE}]), True),
    "contained with its own only": (study(contained=[{"resourceType": "Patient", **SHOWN, **HERE}]), False),
    "entry's resource": ({"resourceType": "Bundle", "entry": [{"resource": study(**SHOWN, **HERE)}]}, True),
    "resource without, in a Bundle": ({"resourceType": "Bundle", **SHOWN, "entry": [{"resource": study(**HERE)}]}, False),
    "entry": ({"resourceType": "Bundle", **SHOWN, "entry": [HERE]}, False),
    "parameter": ({"resourceType": "Parameters", **SHOWN, "parameter": [HERE]}, False),
}


@pytest.mark.parametrize("case", NARRATIVES)
def test_a_narrative_may_be_shown_when_its_status_says_so(case: str) -> None:
    """A contained resource has its container's; a Bundle's entry and Parameters have none (MX-36, MX-37)."""
    tree, expected = NARRATIVES[case]
    assert carrier(tree).has_narrative is expected


# what is alike


def carriers(tree: dict[str, Any]) -> list[Carrier]:
    """Return the carrier of each modifier in `tree`."""
    result = walk(tree, tables(Release.R4), lambda url: None)  # noqa: ARG005  none is known
    assert not isinstance(result, Unreadable)
    return [each.carrier for each in result]


def test_those_of_one_kind_are_alike() -> None:
    """In whatever list they stand; across documents they compare equal, within one they are the same."""
    tree = study(series=[{"instance": [HERE, HERE], **HERE}, {"instance": [HERE]}])
    series, first, second, other = carriers(tree)
    assert first.alike is second.alike is other.alike
    assert series.alike != first.alike == carriers(tree)[1].alike


NAMED: dict[str, Any] = {"text": {"status": "generated"}}


def extended(kind: str) -> dict[str, Any]:
    """Return an extension whose value of that type has a modifier."""
    return {"extension": [{"url": "a", kind: HERE}]}


APART: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another type": (study(**HERE), medication(**HERE)),
    "another path": (study(series=[HERE]), study(series=[{"instance": [HERE]}])),
    "another type of a choice": (medication(**extended("valueTiming")), medication(**extended("valueDosage"))),
    "what FHIR does not know": (study(foo=HERE), study(bar=HERE)),
    "an extension there": (study(foo=extended("valueTiming")), study(foo=extended("valueDosage"))),
    "a narrative": (study(**HERE), study(**NAMED, **HERE)),
    "that of the container": (study(contained=[medication(**HERE)]), study(**NAMED, contained=[medication(**HERE)])),
}


@pytest.mark.parametrize(("one", "other"), APART.values(), ids=APART)
def test_what_decisions_depend_on_is_not_alike(one: dict[str, Any], other: dict[str, Any]) -> None:
    """Path, type, narrative: none of them is passed over."""
    ((first,), (second,)) = carriers(one), carriers(other)
    assert first.alike is not None
    assert first.alike != second.alike


def test_what_is_made_of_a_carrier_is_like_nothing() -> None:
    """Whoever changes a part of one need not know that."""
    (made,) = carriers(study(**HERE))
    changed = replace(made, has_narrative=True)
    assert (changed.alike, changed.names) == (None, made.names)
    assert pickle.loads(pickle.dumps(made)).alike is not None  # noqa: S301  our own


def test_what_fhir_does_not_know_is_forgotten_with_the_document() -> None:
    """A name that somebody made up is kept nowhere."""
    before = carrier_module._kind_below.cache_info().currsize
    assert [each.path for each in carriers(study(foo={"bar": [HERE], "extension": [{"url": "a", "valueTiming": HERE}]}))] == [
        "ImagingStudy.foo.bar", "ImagingStudy.foo.extension.value[x]",
    ]  # fmt: skip
    assert carrier_module._kind_below.cache_info().currsize == before
