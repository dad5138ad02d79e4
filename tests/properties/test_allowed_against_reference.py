"""The engine holds occurrences against definitions as a second, naive reading of the rules does.

Definitions and documents are random; contexts are drawn from what exists in the documents and from what does not.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from caveat.domain.decision import Ground
from caveat.judge.allowed import hold_to_definitions
from caveat.judge.check import known_kind
from caveat.spec.definition import Content, Context, ContextKind, ExtensionDefinition
from caveat.spec.release import Release
from caveat.spec.shape import tables
from reference.definitions import verdict
from strategies.defining import locked
from strategies.walking import walk

URL = "https://x.example/fhir/m"
OTHER = "https://x.example/fhir/other"
Json = dict[str, Any]

VALUES: dict[str, Any] = {
    "valueBoolean": True,
    "valueCode": "a",
    "valueString": "a",
    "valueCodeableConcept": {"text": "a"},
    "valueInteger": 1,
    "_valueBoolean": {"extension": [{"url": OTHER, "valueCode": "unknown"}]},
}
TYPES = ["boolean", "code", "string", "CodeableConcept", "integer"]
NAMES = ["a", "b", "https://x.example/fhir/own"]
PLACES = [
    "Patient", "Patient.contact", "Patient.link", "Questionnaire", "Questionnaire.item", "Questionnaire.item.item", "Dosage",
    "Timing", "Dosage.timing", "MedicationRequest", "MedicationRequest.dosageInstruction",
    "MedicationRequest.dosageInstruction.timing", "Element", "Any", "Resource", "Bundle.entry", "DomainResource",
    "BackboneElement", "Patient.contact:x", "Patient:x", "Questionnaire.item:x", "Timing:x", "Observation.component",
    "Patient.extension.value[x]", "Coding", "BackboneType", "DataType",
]  # fmt: skip
URLS = ["http://hl7.org/fhir/StructureDefinition/Patient#", "https://x.example/StructureDefinition/p#"]


def contents(depth: int) -> st.SearchStrategy[Json]:
    """Return what an extension, or a part of one, may hold."""
    parts = st.dictionaries(st.sampled_from(NAMES[:2]), contents(depth - 1), max_size=2) if depth else st.just({})
    return st.fixed_dictionaries({
        "types": st.lists(st.sampled_from(TYPES), unique=True, max_size=5),
        "value_needed": st.booleans(),
        "parts_allowed": st.sampled_from([True, True, False]),
        "parts": parts,
        "min": st.sampled_from([0, 0, 1]),
        "max": st.sampled_from(["*", "1", "2", "0"]) if depth < 2 else st.sampled_from(["*", "1", "2"]),
    })  # fmt: skip


def extensions(depth: int, url: st.SearchStrategy[str]) -> st.SearchStrategy[Json]:
    """Return a lawful Extension."""
    value = st.sampled_from(sorted(VALUES)).map(lambda key: {key: VALUES[key]})
    inside = st.lists(extensions(depth - 1, st.sampled_from(NAMES)), min_size=1, max_size=3) if depth else st.nothing()
    content = st.one_of(value, value, inside.map(lambda parts: {"extension": parts})) if depth else value
    return st.builds(lambda name, held: {"url": name, **held}, url, content)


modified = st.lists(extensions(2, st.sampled_from([URL, URL, OTHER])), min_size=1, max_size=3)
contexts = st.builds(
    lambda kind, url, place, bounds: {"type": kind, "expression": url + place if kind == "element" else OTHER, **bounds},
    st.sampled_from(["element", "element", "element", "extension"]),
    st.sampled_from(["", "", "", *URLS]),
    st.sampled_from(PLACES),
    st.sampled_from([{}, {}, {"from": 4.3}, {"until": 4.0}, {"from": 4.0, "until": 4.3}, {"from": 5.0}]),
)
LAX: Json = {"types": TYPES, "value_needed": False, "parts_allowed": True, "parts": {"a": {}, "b": {}}, "min": 0, "max": "*"}
LAX["parts"] = {name: {**LAX, "parts": {"a": {**LAX, "parts": {}}, "b": {**LAX, "parts": {}}}} for name in "ab"}
definitions = st.fixed_dictionaries({
    "contexts": st.lists(contexts, max_size=3),
    "content": st.one_of(contents(2), st.just(LAX)),  # where all is allowed inside, the place alone decides
})  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> tuple[Json, list[list[str | int]]]:
    """Return a document, and the places in it that carry modifiers."""
    shape = draw(st.sampled_from(sorted(SHAPES)))
    document, places = SHAPES[shape]()
    for place in places:
        at: Any = document
        for step in place:
            at = at[step]
        at["modifierExtension"] = draw(modified)
    return document, places


def _patient() -> Json:
    return {"resourceType": "Patient", "contact": [{}, {}], "link": [{}], "extension": [{"url": OTHER, "valueTiming": {}}]}


SHAPES = {
    "patient": lambda: (_patient(), [[], ["contact", 1], ["link", 0], ["extension", 0, "valueTiming"]]),
    "questionnaire": lambda: (
        {"resourceType": "Questionnaire", "item": [{"item": [{"item": [{}]}]}]},
        [[], ["item", 0], ["item", 0, "item", 0], ["item", 0, "item", 0, "item", 0]],
    ),
    "request": lambda: (
        {"resourceType": "MedicationRequest", "dosageInstruction": [{"timing": {}}], "contained": [_patient()]},
        [[], ["dosageInstruction", 0], ["dosageInstruction", 0, "timing"], ["contained", 0], ["contained", 0, "contact", 0]],
    ),
    "bundle": lambda: (
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": _patient()}]},
        [["entry", 0], ["entry", 0, "resource"], ["entry", 0, "resource", "link", 0]],
    ),
}


def content_of(plain: Json) -> Content:
    """Return the engine's form of a content."""
    return Content(
        types=frozenset(plain["types"]),
        needs_value=plain["value_needed"],
        may_have_parts=plain["parts_allowed"],
        parts={name: content_of(part) for name, part in plain["parts"].items()},
        minimum=plain["min"],
        maximum=None if plain["max"] == "*" else int(plain["max"]),
    )


def definition_of(plain: Json) -> ExtensionDefinition:
    """Return the engine's form of a definition."""
    placed = tuple(
        Context(ContextKind(c["type"]), c["expression"], *(str(c[bound]) if bound in c else None for bound in ("from", "until")))
        for c in plain["contexts"]
    )
    return ExtensionDefinition(URL, True, contexts=placed, content=content_of(plain["content"]))


@given(definitions, documents(), st.sampled_from(Release))
def test_engine_and_reference_agree(plain: Json, made: tuple[Json, list[list[str | int]]], release: Release) -> None:
    """Each entry with the url is allowed, not allowed or open alike in both; the others are left alone."""
    document, places = made
    policy = locked([definition_of(plain)])
    found = walk(document, tables(release), known_kind(policy, release))
    assert isinstance(found, list)
    held = hold_to_definitions(found, document, policy, release)
    answers = {each.location: "yes" if each.fault is None else ANSWERS[each.fault.ground] for each in held}
    expected = {}
    for place in places:
        at: Any = document
        location = document["resourceType"]
        for step in place:
            at = at[step]
            location += f"[{step}]" if isinstance(step, int) else f".{step}"
        for number, entry in enumerate(at["modifierExtension"]):
            told = verdict(plain, document, place, number, release.value) if entry["url"] == URL else "yes"
            expected[f"{location}.modifierExtension[{number}]"] = told
    assert answers == expected


ANSWERS = {Ground.MALFORMED: "no", Ground.UNDETERMINED: "open"}
