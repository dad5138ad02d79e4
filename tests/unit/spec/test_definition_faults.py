"""Tests of caveat.spec.definition_faults: what is wrong with a StructureDefinition, by requirement and code."""
# ruff: noqa: E501  a table reads best with one case a line

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caveat.spec.definition_faults import definition_findings, is_definition, is_modifier
from caveat.spec.definition_reader import definition_of

URL = "https://fhir.example.org/StructureDefinition/retake"
Tree = dict[str, Any]


def definition() -> Tree:
    """Return the definition of a modifier that has nothing wrong with it."""
    return {
        "resourceType": "StructureDefinition", "url": URL, "name": "Retake", "status": "active", "kind": "complex-type",
        "abstract": False, "type": "Extension", "publisher": "Example Hospital", "derivation": "constraint",
        "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Extension", "description": "Absent means: not retaken",
        "context": [{"type": "element", "expression": "ImagingStudy.series"}],
        "differential": {"element": [
            {"id": "Extension", "path": "Extension", "min": 0, "max": "1", "isModifier": True, "isModifierReason": "Not to be read"},
            {"id": "Extension.extension", "path": "Extension.extension", "max": "0"},
            {"id": "Extension.url", "path": "Extension.url", "fixedUri": URL},
            {"id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{"code": "boolean"}]},
        ]},
    }  # fmt: skip


def profile(slot: str, *urls: str, **rest: Any) -> Tree:
    element = {"path": f"Patient.{slot}", "sliceName": "x", "type": [{"code": "Extension", "profile": list(urls)}], **rest}
    tree = definition()
    del tree["context"]
    return tree | {"type": "Patient", "kind": "resource", "differential": {"element": [{"path": "Patient"}, element]}}


def changed(path: str, value: Any = None) -> Tree:
    """Return the definition with `value` at `path`, or without what stands there."""
    tree = copy.deepcopy(definition())
    *above, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    at: Any = tree
    for step in above:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return tree


ROOT, URLS, VALUE = (f"differential.element.{n}" for n in (0, 2, 3))
SNAPSHOT = {"element": [{"path": "Extension", "isModifier": True, "isModifierReason": "Of the snapshot"}]}
COMPLEX = [
    definition()["differential"]["element"][0],
    definition()["differential"]["element"][2],
    {"id": "Extension.extension:a", "path": "Extension.extension"},
]

FINDINGS: dict[str, tuple[Tree, str]] = {
    "nothing": (definition(), ""),
    "no url": (changed("url"), "MX-106 no-url, MX-107 url-mismatch"),
    "no name": (changed("name"), "MX-106 no-name"),
    "a name that is none": (changed("name", 1), "MX-106 no-name"),
    "no status": (changed("status"), "MX-106 no-status"),
    "no kind": (changed("kind"), "MX-106 no-kind"),
    "no abstract": (changed("abstract"), "MX-106 no-abstract"),
    "no publisher": (changed("publisher"), "MX-106 no-publisher"),
    "no base": (changed("baseDefinition"), "MX-103 sdf-4"),
    "no derivation": (changed("derivation"), "MX-103 sdf-27"),
    "no elements": (changed("differential"), "MX-103 sdf-6"),
    "elements that are none": (changed("differential", {"element": [1]}), "MX-103 sdf-6"),
    "a differential that is none": (changed("differential", [1]), "MX-103 sdf-6"),
    "no context": (changed("context"), "MX-101 sdf-5"),
    "a specialization needs none": (changed("context") | {"derivation": "specialization"}, ""),
    "context everywhere": (changed("context.0.expression", "Element"), "MX-109 context-everywhere"),
    "context on the base of all": (changed("context.0.expression", "Base"), "MX-109 context-everywhere"),
    "context nowhere": (changed("context.0.expression", "ImagingStudy.sries"), "MX-109 context-nowhere, MX-110 no-carrier"),
    "context of no type": (changed("context.0.type", "place"), "MX-109 context-unknown"),
    "context whose type is no word": (changed("context.0.type", ["element"]), "MX-109 context-unknown"),
    "context without expression": (changed("context.0.expression"), "MX-109 context-unknown"),
    "context of a profile": (changed("context.0.expression", "http://x.example/p"), ""),
    "context of an interface": (changed("context.0.expression", "CanonicalResource"), ""),
    "an element by FHIRPath": (changed("context.0", {"type": "fhirpath", "expression": "ImagingStudy.series"}), "MX-109 context-fhirpath"),
    "FHIRPath": (changed("context.0", {"type": "fhirpath", "expression": "ImagingStudy.series.where(uid = 'a')"}), ""),
    "a data type that carries none": (changed("context.0.expression", "ContactPoint"), "MX-110 no-carrier"),
    "a slice of what carries none": (changed("context.0.expression", "Patient.telecom:home"), "MX-110 no-carrier"),
    "inside an extension": (changed("context.0.type", "extension"), "MX-110 no-carrier"),
    "a plain one may stand on it": (changed(f"{ROOT}.isModifier", False) | {"context": [{"type": "element", "expression": "ContactPoint"}]}, ""),
    "no reason": (changed(f"{ROOT}.isModifierReason"), "MX-100 eld-18"),
    "an empty reason": (changed(f"{ROOT}.isModifierReason", "Not known why this is labelled a modifier."), "MX-117 reason-empty"),
    "a place holder": (changed(f"{ROOT}.isModifierReason", " N/A "), "MX-117 reason-empty"),
    "a reason of the generator": (changed(f"{ROOT}.isModifierReason") | {"snapshot": SNAPSHOT}, "MX-116 reason-generated"),
    "absence not told": (changed("description", "A retake"), "MX-105 absence"),
    "never absent": (changed("description", "A retake") | {"differential": changed(f"{ROOT}.min", 1)["differential"]}, ""),
    "no fixed url": (changed(f"{URLS}.fixedUri"), "MX-107 url-not-fixed"),
    "no url element": (changed(URLS), "MX-107 url-not-fixed"),
    "another fixed url": (changed(f"{URLS}.fixedUri", URL + "s"), "MX-107 url-mismatch"),
    "a flag on the value": (changed(f"{VALUE}.isModifier", True), "MX-104 flag-not-on-root"),
    "a constraint on the value": (changed(f"{VALUE}.constraint", [{}]), "MX-108 constraint-not-on-root"),
    "a mapping on the url": (changed(f"{URLS}.mapping", [{}]), "MX-108 mapping-not-on-root"),
    "a value that is not needed": (changed(f"{VALUE}.min", 0), "MX-108 simple-value"),
    "parts beside a value": (changed("differential.element.1.max", "*"), "MX-108 simple-parts"),
    "parts not told of": (changed("differential.element.1"), "MX-108 simple-parts"),
    "parts, value open": (definition() | {"differential": {"element": COMPLEX}}, "MX-108 complex-value"),
    "parts, value open by its element": (
        definition() | {"differential": {"element": [*COMPLEX, {"path": "Extension.value[x]", "max": "1"}]}}, "MX-108 complex-value",
    ),
    "parts": (definition() | {"differential": {"element": [*COMPLEX, {"path": "Extension.value[x]", "max": "0"}]}}, ""),
    "context of a profile's own": (profile("extension") | {"context": [{"type": "element"}]}, "MX-102 context-of-no-extension"),
    "an invariant of a profile": (profile("extension") | {"contextInvariant": ["true"]}, "MX-102 sdf-18"),
    "a modifier in extension": (profile("extension", "http://x.example/modifier|1.0"), "MX-111 wrong-slot"),
    "a plain one in modifierExtension": (profile("modifierExtension", "http://x.example/plain"), "MX-111 wrong-slot"),
    "each in its own": (profile("modifierExtension", "http://x.example/modifier", "http://x.example/other"), ""),
    "types that are none": (profile("modifierExtension", type=[1, {"profile": "http://x.example/plain"}]), ""),
    "no modifiers allowed": ({**profile("extension"), "differential": {"element": [{"path": "Patient.modifierExtension", "max": "0"}]}}, "MX-45 no-modifiers"),
    "no modifier of one slice": (profile("modifierExtension", max="0"), ""),
}  # fmt: skip


def kind(url: str) -> bool | None:
    return {"http://x.example/modifier": True, "http://x.example/plain": False}.get(url)


@pytest.mark.parametrize(("tree", "expected"), FINDINGS.values(), ids=FINDINGS)
def test_findings(tree: Tree, expected: str) -> None:
    """A definition has the findings of its faults, in the order of its elements, and no others (MX-100 to 103, MX-108)."""
    found = definition_findings(tree, kind)
    assert ", ".join(f"{each.requirement} {each.code}" for each in found) == expected
    assert all(
        each.location.startswith("StructureDefinition") and each.severity in {"error", "warning", "information"} for each in found
    )


MODIFIERS: dict[str, tuple[Tree, bool | None]] = {
    "by its differential": (definition(), True),
    "by its snapshot": (changed(f"{ROOT}.isModifier") | {"snapshot": SNAPSHOT}, True),
    "by its differential alone": (definition() | {"snapshot": {"element": [{"path": "Extension", "isModifier": False}]}}, True),
    "by neither": (
        changed(f"{ROOT}.isModifier", False) | {"snapshot": {"element": [{"path": "Extension", "isModifier": False}]}},
        False,
    ),
    "not the value": (changed(ROOT, {"path": "Extension.value[x]", "isModifier": True}), False),
    "a flag that is no boolean": (changed(f"{ROOT}.isModifier", "true"), False),
    "a profile": (profile("extension"), None),
}


@pytest.mark.parametrize(("tree", "expected"), MODIFIERS.values(), ids=MODIFIERS)
def test_is_modifier(tree: Tree, expected: bool | None) -> None:  # noqa: FBT001  a table of answers
    """The root of either view decides, as it does where a policy takes the definition (MX-75, MX-104)."""
    assert is_modifier(tree) is expected
    assert expected is None or getattr(definition_of(tree), "is_modifier", None) is expected


def test_what_is_a_definition() -> None:
    """Only a StructureDefinition is one."""
    assert [is_definition(each) for each in (definition(), {"resourceType": "Patient"}, [], None)] == [True, False, False, False]


json_values = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["path", "id", "min", "max", "type", "profile", "element", "expression", "isModifier", "isModifierReason", "fixedUri"]), inner, max_size=4
), max_leaves=8)  # fmt: skip


@given(st.dictionaries(st.sampled_from([*definition(), "snapshot", "contextInvariant"]), json_values), st.booleans())
def test_nothing_raises(parts: Tree, extension: bool) -> None:  # noqa: FBT001  hypothesis gives it
    """Whatever stands where, there are findings or none, and no exception."""
    tree = {**definition(), **parts, "type": "Extension" if extension else "Patient"}
    assert isinstance(definition_findings(tree, kind), list)
    assert is_modifier(tree) in {True, False, None}


def test_the_official_counter_example(shared: Path) -> None:
    """Whatever HL7 and others published as a modifier can be judged, and `request-doNotPerform` has no error."""
    paths = sorted((shared / "definitions" / "modifier-extensions").glob("*.json"))
    trees = {path.name: json.loads(path.read_text(encoding="utf-8")) for path in paths}
    found = {name: definition_findings(tree, kind) for name, tree in trees.items() if is_definition(tree)}
    assert len(found) > 100
    ours = [findings for name, findings in found.items() if name.startswith("robertoAraneda") and "request-doNotPerform" in name]
    assert ours
    assert all(each.severity != "error" for findings in ours for each in findings)
