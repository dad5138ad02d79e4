"""FHIRPath Patch: which operations touch modifier extensions, and what is known of what they add."""

from __future__ import annotations

from typing import Any

import pytest

from caveat.intake.json_reader import Unreadable
from caveat.intake.patch import Patch, patch_in
from caveat.spec import Release, tables
from strategies.walking import walk

URL = "http://example.org/fhir/StructureDefinition/do-not-use"
CHILDREN = tables(Release.R4).required("Extension").children


def part(name: str, *parts: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"name": name, **values, **({"part": list(parts)} if parts else {})}


def operation(*parts: dict[str, Any]) -> dict[str, Any]:
    return part("operation", *parts)


NAME = part("name", valueString="modifierExtension")
PATH = part("path", valueString="Patient")
IN_PARTS = part("value", part("url", valueUri=URL), part("value", valueBoolean=True))
WHOLE = part("value", valueExtension={"url": URL, "valueBoolean": True})
SPELT = {"url": URL, "valueBoolean": True}
KNOWN = {URL: True, URL + "-not": False}

LAWFUL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "in parts": (operation(part("type", valueCode="add"), PATH, NAME, IN_PARTS), SPELT),
    "as a whole": (operation(PATH, NAME, WHOLE), SPELT),
    "url as url": (operation(NAME, part("value", part("url", valueUrl=URL))), {"url": URL}),
    "url as string": (operation(NAME, part("value", part("url", valueString=URL))), {"url": URL}),
    "two values": (
        operation(NAME, part("value", part("url", valueUri=URL), part("value", valueBoolean=True, valueCode="a"))),
        {"url": URL},
    ),
    "children": (
        operation(NAME, part("value", part("url", valueUri=URL), part("extension", part("url", valueUri="a")))),
        {"url": URL},
    ),
    "value and children": (
        operation(NAME, part("value", part("url", valueUri=URL), part("value", valueBoolean=True), part("extension"))),
        {"url": URL},
    ),
    "inserted by its path": (operation(part("path", valueString="Patient.modifierExtension"), IN_PARTS), SPELT),
    "in the parts of what is added": (
        operation(
            part("name", valueString="contact"),
            part("value", part("modifierExtension", part("url", valueUri=URL), part("value", valueBoolean=True))),
        ),
        SPELT,
    ),
    "as a whole in the parts": (
        operation(
            part("name", valueString="contact"),
            part("value", part("modifierExtension", valueExtension={"url": URL, "valueBoolean": True})),
        ),
        SPELT,
    ),
}

UNCLEAR: dict[str, dict[str, Any]] = {
    "no value": operation(PATH, NAME),
    "two values": operation(PATH, NAME, IN_PARTS, IN_PARTS),
    "no url": operation(NAME, part("value", part("value", valueBoolean=True))),
    "two urls": operation(NAME, part("value", part("url", valueUri=URL), part("url", valueUri=URL + "2"))),
    "a relative url": operation(NAME, part("value", part("url", valueUri="do-not-use"))),
    "a url that is none": operation(NAME, part("value", part("url", valueUri=5))),
    "a url of another kind": operation(NAME, part("value", part("url", valueCode=URL))),
    "a malformed extension": operation(NAME, part("value", valueExtension={"url": URL})),
    "an extension without url": operation(NAME, part("value", valueExtension={"valueBoolean": True})),
    "as a whole and in parts": operation(NAME, {**WHOLE, **IN_PARTS}),
    "a name that looks like it": operation(part("name", valueString="ModifierExtension"), IN_PARTS),
    "a name and a look-alike": operation(NAME, part("name", valueCode="modifier_extension"), IN_PARTS),
    "nested under a look-alike": operation(part("value", part("ModifierExtension", part("url", valueUri=URL)))),
    "two in the parts": operation(
        part("value", part("modifierExtension", part("url", valueUri=URL)), part("modifierExtension", part("url", valueUri=URL)))
    ),
    "deleted": operation(part("type", valueCode="delete"), part("path", valueString="Patient.modifierExtension[0]")),
    "replaced": operation(part("path", valueString="Patient.modifierExtension[0].value"), part("value", valueBoolean=False)),
    "moved from": operation(part("source", valueString="Patient.modifierExtension[0]")),
    "moved to": operation(part("destination", valueString="modifierExtension")),
    "by another case": operation(part("path", valueString="Patient.MODIFIEREXTENSION")),
    "by an escape": operation(part("path", valueString=r"Patient.`modifier\u0045xtension`")),
    "by an escape that is none": operation(part("path", valueString=r"Patient.`modifier\Extension`")),
    "deleted, with a decoy": operation(
        part("type", valueCode="delete"), part("path", valueString="Patient.modifierExtension[0]"), WHOLE
    ),
    "replaced as a whole": operation(part("type", valueCode="replace"), PATH, NAME, WHOLE),
    "reached as a child": operation(part("path", valueString="Patient.children().where(url='x')"), WHOLE),
    "reached below": operation(part("path", valueString="Patient.descendants( ).first()")),
    "reached past a comment": operation(part("path", valueString="Patient.children/* x */()"), WHOLE),
    "reached past a line": operation(part("path", valueString="Patient.children// x\n()"), WHOLE),
    "reached by its type": operation(part("source", valueString="Patient.children().ofType(Extension)")),
    "implicit rules": operation(PATH, part("name", valueString="implicitRules"), part("value", valueUri=URL)),
    "implicit rules by their path": operation(part("path", valueString="Patient.ImplicitRules")),
    "a path too long to be read": operation(part("path", valueString="Patient" + ".name" * 3000)),
    "a part that stands alone": {"name": "operation", "part": part("name", valueString="modifierExtension")},
}

NOTHING: dict[str, dict[str, Any]] = {
    "no operation": part("other", NAME, IN_PARTS),
    "no name": {"part": [NAME]},
    "no parts": operation(),
    "parts that are none": {"name": "operation", "part": ["name", None, 5]},
    "another element": operation(PATH, part("name", valueString="birthDate"), part("value", valueDate="2020")),
    "an extension that nobody knows": operation(
        PATH, part("name", valueString="extension"), part("value", valueExtension={"url": URL + "s", "valueBoolean": True})
    ),
    "a plain extension": operation(
        PATH, part("name", valueString="extension"), part("value", valueExtension={"url": URL + "-not", "valueBoolean": True})
    ),
    "an extension that is none": operation(PATH, part("name", valueString="extension"), part("value", valueBoolean=True)),
    "a url in a path": operation(part("path", valueString="Patient.extension.where(url='http://x.example/a')")),
    "the extensions of an element": operation(part("path", valueString="Patient.extension('x')")),
    "a name that is no string": operation(part("name", valueInteger=5)),
    "the name as a value": operation(part("name", valueString="title"), part("value", valueString="modifierExtension")),
    "another operation within, which is looked at by itself": operation(PATH, operation(PATH, NAME, IN_PARTS)),
    "a name that is no name": operation({"name": ["name"], "valueString": "modifierExtension"}, {"name": 5}),
}


@pytest.mark.parametrize(("parameter", "extension"), LAWFUL.values(), ids=LAWFUL)
def test_one_extension_with_a_lawful_url_can_be_judged(parameter: dict[str, Any], extension: dict[str, Any]) -> None:
    """It is what the operation makes; where parts say more than a url and one value, the value is left open."""
    assert patch_in(parameter, CHILDREN, KNOWN.get) == Patch(extension)


@pytest.mark.parametrize("parameter", UNCLEAR.values(), ids=UNCLEAR)
def test_anything_else_on_modifiers_is_malformed(parameter: dict[str, Any]) -> None:
    """What is removed, moved, repeated or without a url cannot be judged by a rule."""
    patch = patch_in(parameter, CHILDREN, KNOWN.get)
    assert patch is not None
    assert patch.extension == {}
    assert patch.fault is not None
    assert (patch.fault.ground, patch.fault.code) == ("malformed", "patch")


@pytest.mark.parametrize("parameter", NOTHING.values(), ids=NOTHING)
def test_what_touches_no_modifier_is_none(parameter: dict[str, Any]) -> None:
    """An ordinary operation, or no operation at all."""
    assert patch_in(parameter, CHILDREN, KNOWN.get) is None


def test_a_faulty_slot_of_the_operation_itself_hides_nothing() -> None:
    """Both stand at one place, and both are found: what softens the one says nothing of the other."""
    tree = {"resourceType": "Parameters", "parameter": [operation(PATH, NAME, IN_PARTS) | {"modifierExtension": []}]}
    found = walk(tree, tables(Release.R4), lambda url: None)  # noqa: ARG005  none is known
    assert not isinstance(found, Unreadable)
    at = "Parameters.parameter[0].modifierExtension"
    assert [(each.location, each.url, each.fault and each.fault.code) for each in found] == [(at, None, "empty"), (at, URL, None)]


def test_it_is_an_occurrence_on_its_parameter() -> None:
    """One for each operation, located at the parameter, at whatever depth; other Parameters have none."""
    add = operation(PATH, NAME, IN_PARTS)
    tree = {"resourceType": "Parameters", "parameter": [add, part("other", add), operation(PATH)]}
    found = walk(tree, tables(Release.R4), lambda url: None)  # noqa: ARG005  none is known
    assert not isinstance(found, Unreadable)
    assert [(each.url, each.location, each.slot, each.carrier.path, each.value_type, each.fault) for each in found] == [
        (URL, f"Parameters.{place}.modifierExtension", "modifierExtension", path, "boolean", None)
        for place, path in (
            ("parameter[0]", "Parameters.parameter"),
            ("parameter[1].part[0]", "Parameters.parameter.part"),
        )
    ]


@pytest.mark.parametrize("value", [WHOLE, IN_PARTS], ids=["whole", "in parts"])
def test_a_known_modifier_added_as_a_plain_extension_is_in_the_wrong_slot(value: dict[str, Any]) -> None:
    """As in a document that has it there (MX-74)."""
    patch = patch_in(operation(PATH, part("name", valueString="extension"), value), CHILDREN, KNOWN.get)
    assert patch is not None
    assert patch.fault is not None
    assert (patch.extension["url"], patch.fault.ground) == (URL, "wrong-slot")
