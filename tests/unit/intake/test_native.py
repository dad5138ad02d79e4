"""Native modifiers in a document: where they stand, by which path, and how many are kept."""

from __future__ import annotations

from typing import Any

import pytest

from caveat.domain.report import NativeModifier
from caveat.intake.carrier import Frame, Memo
from caveat.intake.json_reader import Unreadable
from caveat.intake.limits import Limits
from caveat.intake.native import is_ordinary, natives_at
from caveat.intake.root import Wire
from caveat.intake.walk import Found, survey
from caveat.spec import Release, tables
from caveat.spec.element_name import place_of
from caveat.spec.native import native_modifiers


def surveyed(tree: dict[str, Any], **options: Any) -> Found:
    found = survey(tree, tables(Release.R4), lambda url: None, **options)  # noqa: ARG005  none is known
    assert not isinstance(found, Unreadable)
    return found


def told(tree: dict[str, Any], **options: Any) -> list[tuple[str, str]]:
    return [(each.location, each.path) for each in surveyed(tree, **options).native]


PLACES: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "nothing": ({"resourceType": "Patient", "active": True}, []),
    "on a root": ({"resourceType": "Patient", "active": False}, [("Patient.active", "Patient.active")]),
    "one of two": (
        {"resourceType": "Patient", "active": True, "gender": "male", "deceasedBoolean": True},
        [
            ("Patient.deceasedBoolean", "Patient.deceased[x]"),
        ],
    ),
    "a choice": (
        {"resourceType": "Patient", "deceasedDateTime": "2020"},
        [("Patient.deceasedDateTime", "Patient.deceased[x]")],
    ),
    "in a data type": (
        {"resourceType": "Patient", "contact": [{"name": {"use": "official"}}, {"name": {"use": "old"}}]},
        [("Patient.contact[1].name.use", "Patient.contact.name.use")],
    ),
    "each of a list": (
        {"resourceType": "Patient", "link": [{"type": "seealso"}, None, {"type": "replaces"}]},
        [("Patient.link[0]", "Patient.link"), ("Patient.link[2]", "Patient.link")],
    ),
    "in a wrong list": ({"resourceType": "Patient", "active": [True, False]}, [("Patient.active[1]", "Patient.active")]),
    "in an extension": (
        {"resourceType": "Patient", "extension": [{"url": "a", "valueQuantity": {"comparator": "<"}}]},
        [("Patient.extension[0].valueQuantity.comparator", "Patient.extension.value[x].comparator")],
    ),
    "contained": (
        {"resourceType": "Patient", "contained": [{"resourceType": "Condition", "clinicalStatus": {"text": "gone"}}]},
        [("Patient.contained[0].clinicalStatus", "Condition.clinicalStatus")],
    ),
    "in a Bundle": (
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "ImagingStudy", "status": "cancelled"}}]},
        [("Bundle.entry[0].resource.status", "ImagingStudy.status")],
    ),
    "without a value": (
        {"resourceType": "Patient", "_active": {"extension": [{"url": "a", "valueCode": "b"}]}},
        [("Patient._active", "Patient.active")],
    ),
    "with a null value": (
        {"resourceType": "Patient", "active": None, "_active": {"id": "a"}},
        [("Patient._active", "Patient.active")],
    ),
    "with an ordinary value": ({"resourceType": "Patient", "active": True, "_active": {"id": "a"}}, []),
    "null": ({"resourceType": "Patient", "active": None, "_active": None}, []),
    "implicitRules": ({"resourceType": "Patient", "implicitRules": "http://a/b"}, []),
    "of no type": ({"resourceType": "Patient", "foo": {"status": "cancelled", "use": "old"}}, []),
}


@pytest.mark.parametrize(("tree", "expected"), PLACES.values(), ids=PLACES)
def test_where_native_modifiers_are(tree: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    """Each is located by its property with indexes, and named by its element's path."""
    assert told(tree) == expected


def test_in_an_element_alone() -> None:
    """The root of an element alone is written as its path."""
    assert told({"use": "old"}, at=place_of("HumanName", Release.R4)) == [("HumanName.use", "HumanName.use")]


def test_null_in_a_graphql_answer_is_none() -> None:
    """What was asked for and is not there is told by nobody."""
    tree = {"resourceType": "Patient", "modifierExtension": None, "active": None, "deceasedBoolean": True}
    assert told(tree, wire=Wire.GRAPHQL) == [("Patient.deceasedBoolean", "Patient.deceased[x]")]


def test_no_more_are_kept_than_occurrences_may_be() -> None:
    """A document cannot make a report grow without bound; the others are counted."""
    names = [{"use": "old"}, {"use": "official"}, {"use": "old"}, {"use": "temp"}]
    found = surveyed({"resourceType": "Patient", "name": names}, limits=Limits(occurrences=2))
    assert found.native == [NativeModifier(f"Patient.name[{n}].use", "Patient.name.use") for n in (0, 2)]
    assert found.native_omitted == 1


VALUES = [
    "active",
    "final",
    "order",
    "official",
    "old",
    "",
    True,
    False,
    None,
    1,
    {},
    [],
    ["active"],
    {"coding": [{"code": "active"}]},
]


@pytest.mark.parametrize("release", Release)
def test_what_is_ordinary_is_not_told(release: Release) -> None:
    """Of every shape, each native modifier with each value: to ask costs less than to tell, and never hides what is told."""
    ordinary = 0
    for shape in map(tables(release).required, tables(release).names()):
        for name in native_modifiers(shape) if shape.kind != "primitive" else ():
            for node in [{name: value} for value in VALUES] + [{"_" + name: {"id": "a"}}]:
                told_of = any(natives_at(Frame(node, shape), Memo()))
                assert not (is_ordinary(node, shape) and told_of), (shape, node)
                ordinary += is_ordinary(node, shape)
    assert ordinary > 100
